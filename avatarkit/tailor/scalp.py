"""The head as a chart: directions from a point inside it ↔ points of the skin, for hair, beards, hats and glasses.

The chart is made once for a model: rays from the middle of the template's head know which triangle they meet. On any
body the same triangles hold, so that hairlines and fits follow the face they were drawn on. Ears are bridged.

A direction is (azimuth, elevation) in radians: 0 ahead, +π/2 to the person's left; +π/2 is straight up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.kernels import compiled
from avatarkit.tailor.fitted import unit

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

COLUMNS, ROWS = 96, 44
LOWEST = np.radians(-72.0)
SOFT = np.radians([[95.0, -18.0]])  # the ear: azimuth, elevation
EAR = np.radians([15.0, 25.0])


@dataclass(frozen=True, eq=False)
class Chart:
    """Of a model: which corners of which triangle lie in each direction of a grid (R,C)."""

    corners: np.ndarray
    bary: np.ndarray
    ear: np.ndarray
    """(n) cells of the ears; (n, m) `bridge` mixes them from `around` (m)"""
    around: np.ndarray
    bridge: np.ndarray
    columns: np.ndarray
    """(k) the joints that move the head"""
    lbs_weights: np.ndarray
    """(R,C,k)"""


@dataclass(frozen=True, eq=False)
class Head:
    """Of one body, T-posed."""

    chart: Chart
    points: np.ndarray
    """(R,C,3) the skin without ears"""
    normals: np.ndarray
    """(R,C,3)"""
    eared: np.ndarray
    """(R,C,3) with the ears, smooth"""
    joints: np.ndarray
    vertices: np.ndarray
    """(V,3) the body"""
    scale: float
    """1 for a grown head"""

    def at(self, direction: np.ndarray, *, ears: float | np.ndarray = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Points and normals (...,3) of the skin in these directions (...,2); `ears` 1 goes around them."""
        flat = direction.reshape(-1, 2)
        points = sampled(self.points, flat)
        if np.any(ears):
            share = np.broadcast_to(ears, direction.shape[:-1]).reshape(-1, 1)
            points += share * (sampled(self.eared, flat) - points)
        normals = unit(sampled(self.normals, flat))
        return points.reshape(*direction.shape[:-1], 3), normals.reshape(*direction.shape[:-1], 3)

    def lbs_weights(self, direction: np.ndarray) -> np.ndarray:
        """(P,55) of the skin in the directions (P,2)."""
        weights = np.zeros((len(direction), 55), np.float32)
        weights[:, self.chart.columns] = sampled(self.chart.lbs_weights, direction)
        return weights / weights.sum(1, keepdims=True)

    def joint(self, name: str) -> np.ndarray:
        return self.joints[JOINT_INDEX[name]]

    @property
    def centre(self) -> np.ndarray:
        """(3) about the middle of the skull."""
        return self.points[ROWS // 3 :].reshape(-1, 3).mean(0)


def head_of(model: BodyModel, betas: Any) -> Head:
    """The head of a person of betas (≤ B,)."""
    body = model.shaped(torch.as_tensor(np.asarray(betas), dtype=torch.float32))
    return head_on(model, body.vertices.double().numpy(), body.joints.double().numpy())


def head_on(model: BodyModel, vertices: np.ndarray, joints: np.ndarray) -> Head:
    """The head of T-posed vertices (V,3) and joints (55,3)."""
    chart = chart_of(model)
    eared = (vertices[chart.corners] * chart.bary[..., None]).sum(-2)
    points = eared.copy().reshape(-1, 3)
    points[chart.ear] = chart.bridge @ points[chart.around]
    points = points.reshape(ROWS, COLUMNS, 3)
    across = np.roll(points, -1, 1) - np.roll(points, 1, 1)
    upwards = np.gradient(points, axis=0)
    normals = unit(np.cross(across, upwards))
    normals[-1] = unit(normals[-2].mean(0))
    level = points[ROWS // 2]
    return Head(chart, points, normals, eared, joints, vertices, float(np.ptp(level[:, 2])) / 0.185)


@lru_cache(maxsize=4)
def chart_of(model: BodyModel) -> Chart:
    vertices = model.v_template.double().numpy()
    faces = (model.faces if model.outer_faces is None else model.outer_faces).numpy()
    eyes = model.joint_template[[JOINT_INDEX["left_eye"], JOINT_INDEX["right_eye"]]].double().numpy().mean(0)
    joint = model.joint_template[JOINT_INDEX["head"]].double().numpy()
    centre = np.array([0, eyes[1] + 0.13 * (eyes[2] - joint[2]), joint[2] + 0.065 * (eyes[2] - joint[2])])
    directions = to_vectors(np.stack(np.meshgrid(elevations(), azimuths(), indexing="ij")[::-1], -1))
    near = (np.linalg.norm(vertices[faces] - centre, axis=-1) < 0.3).all(1)
    faces = np.ascontiguousarray(faces[near])
    corners, bary = np.zeros((ROWS * COLUMNS, 3), np.int64), np.zeros((ROWS * COLUMNS, 3))
    cast(vertices, faces, centre, np.ascontiguousarray(directions.reshape(-1, 3)), corners, bary)
    weights = model.lbs_weights.double().numpy()[corners]
    weights = (weights * bary[..., None]).sum(1)
    columns = np.flatnonzero(weights.max(0) > 0.01)
    ear, around, bridge = _bridged()
    shape = (ROWS, COLUMNS, 3)
    weights = weights[:, columns].reshape(ROWS, COLUMNS, -1)
    return Chart(corners.reshape(shape), bary.reshape(shape), ear, around, bridge, columns, weights)


def azimuths() -> np.ndarray:
    return -np.pi + 2 * np.pi * np.arange(COLUMNS) / COLUMNS


def elevations() -> np.ndarray:
    return np.linspace(LOWEST, np.pi / 2, ROWS)


def to_vectors(direction: np.ndarray) -> np.ndarray:
    """Unit vectors (...,3) of directions (...,2)."""
    a, e = direction[..., 0], direction[..., 1]
    return np.stack([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], -1)


def to_directions(vectors: np.ndarray) -> np.ndarray:
    """Directions (...,2) of vectors (...,3) of any length."""
    found = np.empty((*vectors.shape[:-1], 2))
    _turn(np.ascontiguousarray(vectors.reshape(-1, 3), np.float64), found.reshape(-1, 2))
    return found


@compiled
def _turn(vectors, found):
    # the last bits of numpy's arctan2 depend on where its arrays lie (1.26, AVX-512): hair would differ from run to run
    for p in range(len(vectors)):
        x, y, z = vectors[p, 0], vectors[p, 1], vectors[p, 2]
        found[p, 0], found[p, 1] = math.atan2(x, z), math.atan2(y, math.sqrt(x * x + z * z))


def slerped(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Unit vectors on the great circles from a to b (...,3) at `share` (...)."""
    angle = np.arccos(np.clip((a * b).sum(-1), -1, 1))
    sine = np.maximum(np.sin(angle), 1e-6)
    return unit(
        (np.sin((1 - share) * angle) / sine)[..., None] * a + (np.sin(share * angle) / sine)[..., None] * b
        + (angle < 1e-4)[..., None] * a
    )  # fmt: skip


def sampled(table: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """(P,k) bilinear values of a grid (R,C,k) in directions (P,2)."""
    found = np.empty((len(direction), table.shape[2]))
    _sample(np.ascontiguousarray(table, np.float64), np.ascontiguousarray(direction, np.float64), LOWEST, found)
    return found


@compiled
def _sample(table, direction, lowest, found):
    R, C, K = table.shape
    for p in range(len(direction)):
        turn = (direction[p, 0] + np.pi) * (C / (2 * np.pi))
        row = (direction[p, 1] - lowest) / (np.pi / 2 - lowest) * (R - 1)
        row = min(max(row, 0.0), R - 1.0)
        i, j = min(int(row), R - 2), int(np.floor(turn))
        s, t = row - i, turn - j
        left, right = j % C, (j + 1) % C
        for k in range(K):
            low = (1 - t) * table[i, left, k] + t * table[i, right, k]
            high = (1 - t) * table[i + 1, left, k] + t * table[i + 1, right, k]
            found[p, k] = (1 - s) * low + s * high


@compiled
def cast(vertices, faces, origin, directions, corners, bary):
    """The nearest triangle that each ray (N,3) from `origin` leaves through [Möller and Trumbore 1997]."""
    for n in range(len(directions)):
        x, y, z = directions[n, 0], directions[n, 1], directions[n, 2]
        best = 1e30
        for f in range(len(faces)):
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            ux, uy, uz = (
                vertices[b, 0] - vertices[a, 0],
                vertices[b, 1] - vertices[a, 1],
                vertices[b, 2] - vertices[a, 2],
            )
            vx, vy, vz = (
                vertices[c, 0] - vertices[a, 0],
                vertices[c, 1] - vertices[a, 1],
                vertices[c, 2] - vertices[a, 2],
            )
            px, py, pz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
            det = ux * px + uy * py + uz * pz
            if abs(det) < 1e-14:
                continue
            wx, wy, wz = origin[0] - vertices[a, 0], origin[1] - vertices[a, 1], origin[2] - vertices[a, 2]
            s = (wx * px + wy * py + wz * pz) / det
            qx, qy, qz = wy * uz - wz * uy, wz * ux - wx * uz, wx * uy - wy * ux
            t = (x * qx + y * qy + z * qz) / det
            far = (vx * qx + vy * qy + vz * qz) / det
            if s >= -1e-9 and t >= -1e-9 and s + t <= 1 + 1e-9 and 1e-6 < far < best:
                best = far
                corners[n, 0], corners[n, 1], corners[n, 2] = a, b, c
                bary[n, 0], bary[n, 1], bary[n, 2] = 1 - s - t, s, t


def _bridged() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ear cells, the cells around them, and the membrane that bridges the hole."""
    e, a = np.meshgrid(elevations(), azimuths(), indexing="ij")
    offset = (np.stack([np.abs(a), e], -1) - SOFT) / EAR
    hole = ((offset**2).sum(-1) < 1).reshape(-1)
    number = np.full(ROWS * COLUMNS, -1)
    ear = np.flatnonzero(hole)
    number[ear] = np.arange(len(ear))
    sides = np.stack([ear - 1, ear + 1, ear - COLUMNS, ear + COLUMNS], 1)
    around = np.unique(sides[~hole[sides]])
    number[around] = np.arange(len(around))
    inner, outer = np.zeros((len(ear), len(ear))), np.zeros((len(ear), len(around)))
    for row, cells in enumerate(sides):
        inner[row, row] = 4
        for cell in cells:
            (inner if hole[cell] else outer)[row, number[cell]] += -1 if hole[cell] else 1
    return ear, around, np.linalg.solve(inner, outer)
