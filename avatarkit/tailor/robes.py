"""Skirts, and what of dresses and coats lies below the waist: rings of cloth around both legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.tailor import sewing
from avatarkit.tailor.measures import Measures
from avatarkit.tailor.sewing import eased
from avatarkit.tailor.tubes import Tube

FULL = np.linspace(0, 2 * np.pi, 181)


@dataclass(frozen=True, eq=False)
class Robe:
    """New vertices and the faces that join them to the vertices above: numbers below `joined` are the top's."""

    vertices: np.ndarray
    faces: np.ndarray
    lbs_weights: np.ndarray
    down: np.ndarray
    """(V) 0 at the top ring … 1 at the hem"""


@dataclass(frozen=True)
class Cut:
    """Where a robe ends and how it falls."""

    top: float  # metres, height of the ring that it hangs from
    hem: float
    standing: float  # metres off the tube of the trunk at its top, and further down
    ease: float
    flare: float
    edge: float  # length of edges wanted
    gap_top: float = 0.0  # half the width of an open front at the top and the hem
    gap_hem: float = 0.0
    pleats: int = 0
    gathered: bool = False  # a ribbed hem pulls it to the body


def robe(measures: Measures, trunk: Tube, bare: Tube, cut: Cut, ring: np.ndarray, ring_weights: np.ndarray) -> Robe:
    """Rings below a first one (n,3), which is sorted by its angle around the trunk."""
    opened = cut.gap_top > 0
    rows = max(round((cut.top - cut.hem) / (0.87 * cut.edge)), 1)
    angles, _, _ = trunk.polar(ring)
    start = 0.0 if opened else -np.pi
    angles = start + np.mod(angles - start, 2 * np.pi)
    joined = len(ring)
    above, t_above = np.arange(joined), _spread(angles, trunk, cut, cut.top, 0.0, opened)[1]
    vertices, faces, downs = [], [], []
    for k in range(1, rows + 1):
        down = k / rows
        y = cut.top + (cut.hem - cut.top) * down
        count, stagger = _count(trunk, cut, y, down, opened), 0.5 * (k % 2)
        t = np.linspace(0, 1, count) if opened else (np.arange(count) + (0 if cut.pleats else stagger)) / count
        angle = _spread(None, trunk, cut, y, down, opened, t)[0]
        radius = _radius(trunk, bare, cut, angle, y, down)
        if cut.pleats:
            radius = radius + (0.004 + 0.006 * down) * (1 - 2 * (np.arange(count) % 2))
        vertices.append(trunk.points(angle, radius, np.full(count, y)))
        below = joined + np.arange(count)
        faces.append(sewing.zipped(above, below, t_above, t, closed=not opened))
        downs.append(np.full(count, down))
        above, t_above, joined = below, t, joined + count
    placed = np.concatenate(vertices)
    weights = _weights(measures, placed, ring, ring_weights, trunk, cut)
    return Robe(placed, np.concatenate(faces), weights, np.concatenate(downs))


def _radius(trunk: Tube, bare: Tube, cut: Cut, angle: np.ndarray, y: float, down: float) -> np.ndarray:
    along = np.full(len(angle), y)
    radius = trunk.radius(angle, along) + _stands(cut, down)
    if cut.gathered:
        pulled = eased(cut.hem + 0.11, cut.hem + 0.03, along)
        radius = radius + 0.8 * pulled * (bare.radius(angle, along) + 0.5 * cut.ease - radius)
    return np.maximum(radius, bare.radius(angle, along) + min(0.0055, cut.standing + 0.1 * (cut.top - y)))


def _stands(cut: Cut, down: float) -> float:
    """Distance from the tube of the trunk: less over the hips than at the waist, then the flare."""
    return cut.standing + (0.6 * cut.ease - cut.standing) * float(eased(0, 0.35, np.array(down))) + cut.flare * down


def _gap(trunk: Tube, cut: Cut, y: float, down: float) -> float:
    half = cut.gap_top + (cut.gap_hem - cut.gap_top) * down
    front = float(trunk.radius(np.zeros(1), np.full(1, y))[0]) + _stands(cut, down)
    return float(np.arcsin(np.clip(half / front, 0, 0.9)))


def _spread(
    angles: np.ndarray | None, trunk: Tube, cut: Cut, y: float, down: float, opened: bool, t: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Angles and places 0 … 1 by length along a ring: either is worked out from the other."""
    gap = _gap(trunk, cut, y, down) if opened else 0.0
    start = gap if opened else -np.pi
    around = start + FULL * ((2 * np.pi - 2 * gap) / (2 * np.pi))
    radius = trunk.radius(around, np.full(len(around), y)) + _stands(cut, down)
    path = np.stack([radius * np.sin(around), radius * np.cos(around)], 1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    length /= length[-1]
    if t is None:
        assert angles is not None
        return angles, np.interp(angles, around, length)
    return np.interp(np.mod(t, 1) if not opened else t, length, around), t


def _count(trunk: Tube, cut: Cut, y: float, down: float, opened: bool) -> int:
    if cut.pleats:
        return 2 * cut.pleats
    radius = trunk.radius(FULL, np.full(len(FULL), y)).mean() + _stands(cut, down)
    return max(round(2 * np.pi * radius / cut.edge), 12) + opened


def _weights(
    measures: Measures, vertices: np.ndarray, ring: np.ndarray, ring_weights: np.ndarray, trunk: Tube, cut: Cut
) -> np.ndarray:
    """(V,55): pelvis, then thighs, shared by left and right across the middle, then partly the shins."""
    x, y = vertices[:, 0], vertices[:, 1]
    weights = np.zeros((len(vertices), ring_weights.shape[1]))
    hip, knee = measures.joint("left_hip"), measures.joint("left_knee")
    thigh = 0.94 * eased(hip[1] + 0.10 * measures.scale, hip[1] - 0.17 * measures.scale, y)
    width = 1.5 * hip[0]
    left = eased(-width, width, x)
    shin = 0.8 * eased(knee[1] + 0.12 * measures.scale, knee[1] - 0.22 * measures.scale, y)
    weights[:, JOINT_INDEX["pelvis"]] = 1 - thigh
    for name, share in (("left", left), ("right", 1 - left)):
        weights[:, JOINT_INDEX[f"{name}_hip"]] = thigh * share * (1 - shin)
        weights[:, JOINT_INDEX[f"{name}_knee"]] = thigh * share * shin
    angle, _, _ = trunk.polar(vertices)
    ring_angle, _, _ = trunk.polar(ring)
    turn = np.abs(np.mod(angle[:, None] - ring_angle + np.pi, 2 * np.pi) - np.pi)
    held = ring_weights[turn.argmin(1)]
    share = eased(cut.top - 0.12 * measures.scale, cut.top, y)[:, None]
    return share * held + (1 - share) * weights
