"""The lines along which cloth is cut: fields on the close surface in metres, positive where there is cloth."""

from __future__ import annotations

import numpy as np

from avatarkit.outfit import Garment
from avatarkit.tailor.measures import Measures
from avatarkit.tailor.sewing import eased

FAR = 0.5
"""The value of a field where its line is nowhere near."""


def neckline(measures: Measures, garment: Garment) -> np.ndarray:
    """(V) metres from the edge at the neck; strapless and straps: from the upper edge across the chest."""
    V, scale = measures.vertices, measures.scale
    if "bib" in garment.details:
        return _bib(measures)
    if garment.neckline in ("strapless", "straps"):
        return _bust_line(measures)
    neck = measures.neck
    half, z = np.abs(neck[:, 0]).max(), neck[:, 2].mean()
    side_y = neck[np.abs(neck[:, 0]) > 0.8 * half, 1].mean()
    front_y = neck[neck[:, 2] > z + 0.5 * (neck[:, 2].max() - z), 1].min()
    drop = max(side_y - front_y, 0.0)
    width, front, back, power = half + 0.010 * scale, drop + 0.021 * scale, 0.015 * scale, 2.0
    if garment.neckline == "v":
        deep = _opening_depth(measures, garment, side_y)
        width, front, power = half + 0.028 * scale, deep, 1.15
    elif garment.neckline == "lapels":
        width, front, power = half + 0.012 * scale, _opening_depth(measures, garment, side_y), 1.05
    elif garment.neckline == "scoop":
        width, front, back = half + 0.042 * scale, drop + 0.115 * scale, 0.065 * scale
    elif garment.neckline == "boat":
        width, front, back = half + 0.055 * scale, drop + 0.012 * scale, 0.02 * scale
    elif garment.neckline == "crew":
        width, front, back = half + 0.020 * scale, drop + 0.034 * scale, 0.020 * scale
    at_front = eased(z - 0.03 * scale, z + 0.035 * scale, V[:, 2])
    depth, powers = back + (front - back) * at_front, 2 + (power - 2) * at_front
    x, y = np.abs(V[:, 0]) / width, np.maximum(side_y - V[:, 1], 0) / depth
    norm = (np.maximum(x, 1e-9) ** powers + np.maximum(y, 1e-9) ** powers) ** (1 / powers)
    field = (norm - 1) * np.minimum(width, 2 * depth)
    return np.where(measures.sheet.arm > 0.5, FAR, np.clip(field, -FAR, FAR))


def _opening_depth(measures: Measures, garment: Garment, side_y: float) -> float:
    """How far below the neck's side a V ends: a jacket's at its button, a blouse's on the chest."""
    outer = garment.opening != "closed"
    bottom = measures.y(-0.42 if outer else -0.95)
    if garment.neckline == "lapels":
        bottom = measures.y(-0.30)
    return max(side_y - bottom, 0.06 * measures.scale)


def _bust_line(measures: Measures) -> np.ndarray:
    """Above the breasts in front, under the shoulder blades behind; no arms."""
    V, scale = measures.vertices, measures.scale
    z = measures.joint("spine3")[2]
    front = eased(z - 0.02 * scale, z + 0.06 * scale, V[:, 2])
    dip = 0.012 * scale * np.exp(-((V[:, 0] / (0.035 * scale)) ** 2))
    line = measures.y(-0.93) + front * (0.030 * scale - dip)
    return np.where(measures.sheet.arm > 0.6, np.minimum(line - V[:, 1], -0.01), line - V[:, 1])


def _bib(measures: Measures) -> np.ndarray:
    """Dungarees: a bib on the chest, the waist behind, a slope between."""
    V = measures.vertices
    half = 0.58 * measures.joint("left_shoulder")[0]
    waist = measures.y(-0.12)
    z = measures.joint("spine3")[2]
    bib = np.minimum(measures.y(-0.88) - V[:, 1], half + 0.25 * np.maximum(waist + 0.06 - V[:, 1], 0) - np.abs(V[:, 0]))
    bib = np.where(V[:, 2] > z, bib, -FAR)
    return np.where(measures.sheet.arm > 0.5, -FAR, np.clip(np.maximum(bib, waist - V[:, 1]), -FAR, FAR))


def sleeves(measures: Measures, garment: Garment) -> np.ndarray:
    """(V) metres from the end of the sleeve; for sleeve 0 from the armhole."""
    V, scale = measures.vertices, measures.scale
    out = np.abs(V[:, 0])
    if garment.sleeve > 0.12:
        ends = np.where(measures.sheet.arm > 0.02, measures.arm_x(garment.sleeve) - out, FAR)
        return np.clip(ends, -FAR, FAR)
    shoulder = measures.joint("left_shoulder")
    inner = shoulder[0] - (0.012 if garment.neckline in ("crew", "v", "collar") else 0.03) * scale
    bottom = measures.y(-1.0) - 0.03 * scale
    middle = 0.5 * (bottom + shoulder[1] + 0.02 * scale)
    across = np.minimum(out - inner - 0.055 * scale, 0) / (0.055 * scale)
    upward = (V[:, 1] - middle) / (middle - bottom)
    upward = np.where(upward > 0, 0.45 * upward, upward)
    field = (np.sqrt(across**2 + upward**2) - 1) * 0.055 * scale
    return np.where(out < 0.4 * inner, FAR, np.clip(field, -FAR, FAR))


def gaps(measures: Measures, garment: Garment) -> tuple[float, float]:
    """Half the width of an open front at the collar and at the hem."""
    scale = measures.scale
    if garment.opening != "open":
        return 0.0, 0.0
    return (0.012 * scale, 0.05 * scale) if garment.neckline in ("lapels", "v") else (0.03 * scale, 0.055 * scale)


def front_edge(measures: Measures, garment: Garment, vertices: np.ndarray, hem: float) -> np.ndarray:
    """(V) metres from the edges of an open front, of vertices of the shaped cloth."""
    at_neck, at_hem = gaps(measures, garment)
    if not at_hem:
        return np.full(len(vertices), FAR)
    top = measures.neck[:, 1].mean()
    half = at_neck + (at_hem - at_neck) * np.clip((top - vertices[:, 1]) / (top - hem), 0, 1)
    z = measures.joint("spine3")[2]
    return np.where(vertices[:, 2] > z, np.abs(vertices[:, 0]) - half, FAR)
