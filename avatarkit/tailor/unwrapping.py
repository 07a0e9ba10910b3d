"""Texture coordinates of a garment: each panel of each part unrolled around trunk, arm or leg, the charts packed."""

from __future__ import annotations

import numpy as np

from avatarkit.tailor.measures import Measures
from avatarkit.tailor.piece import PANEL

SLEEVES = (PANEL["left sleeve"], PANEL["right sleeve"])
LEGS = (PANEL["left leg"], PANEL["right leg"])
MARGIN = 0.006
"""Metres between charts."""


def unwrapped(measures: Measures, parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """(F,3,2) in 0 … 1 of parts (vertices, faces, panel), in order: one scale for all, charts do not overlap."""
    uvs = [np.zeros((len(faces), 3, 2)) for _, faces, _ in parts]
    charts = []
    for k, (vertices, faces, panel) in enumerate(parts):
        for kind in np.unique(panel):
            chosen = np.flatnonzero(panel == kind)
            uvs[k][chosen] = _unrolled(measures, vertices[faces[chosen]], int(kind))
            low, high = uvs[k][chosen].min((0, 1)), uvs[k][chosen].max((0, 1))
            charts.append((k, chosen, low, high - low + MARGIN))
    total = sum(float(size.prod()) for *_, size in charts)
    width = max(max(float(size[0]) for *_, size in charts), 1.15 * np.sqrt(total))
    x = y = shelf = 0.0
    for k, chosen, low, size in sorted(charts, key=lambda chart: -chart[3][1]):
        if x + size[0] > width + 1e-9:
            x, y, shelf = 0.0, y + shelf, 0.0
        uvs[k][chosen] += (x, y) - low + 0.5 * MARGIN
        x, shelf = x + size[0], max(shelf, float(size[1]))
    return np.concatenate(uvs) / max(width, y + shelf)


def _unrolled(measures: Measures, corners: np.ndarray, panel: int) -> np.ndarray:
    """(F,3,2) metres of corners (F,3,3): length around the limb by length along it."""
    axis = 0 if panel in SLEEVES else 1
    if panel in SLEEVES:
        name = "left" if panel == SLEEVES[0] else "right"
        middle = measures.joint(f"{name}_elbow")[[1, 2]]
    elif panel in LEGS:
        name = "left" if panel == LEGS[0] else "right"
        middle = measures.joint(f"{name}_knee")[[0, 2]]
    else:
        middle = np.array([0.0, measures.joint("spine2")[2]])
    offset = corners[..., [1 - axis, 2]] - middle
    angle = np.arctan2(offset[..., 0], offset[..., 1])
    first = angle[:, :1]
    angle = first + np.mod(angle - first + np.pi, 2 * np.pi) - np.pi
    radius = np.median(np.hypot(offset[..., 0], offset[..., 1]))
    return np.stack([angle * radius, corners[..., axis]], axis=-1)
