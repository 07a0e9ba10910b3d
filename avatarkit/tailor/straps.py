"""Straps: lines drawn tight around the body, flat bands along them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.kernels import compiled
from avatarkit.tailor.draping import Obstacle, clearances
from avatarkit.tailor.draping.contacts import seek
from avatarkit.tailor.fitted import Fitted, Part, sheet_faces, unit
from avatarkit.tailor.hair.hanging import kept_out

SECTION = np.array([(1.0, -0.4), (1.0, 0.4), (0.85, 1.0), (-0.85, 1.0), (-1.0, 0.4), (-1.0, -0.4)])

ARMS = [JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "wrist")]
GAP = 0.0015
"""Metres between a strap and what it lies on."""


def tightened(lines: np.ndarray, body: Obstacle, room: float, *, closed: bool = False, rounds: int = 70) -> np.ndarray:
    """(L,n,3) lines shortened until they lie on the body, `room` metres off; open ones keep their ends."""
    found = np.ascontiguousarray(lines, np.float64).copy()
    where = np.full(found.shape[:2], -1)
    _tighten(found, closed, room, body.grid, body.shell, where, rounds)
    return found


@compiled
def _tighten(lines, closed, room, grid, shell, where, rounds):
    L, N, _ = lines.shape
    for turn in range(rounds):
        for i in range(L):
            for k in range(N):
                if not closed and (k == 0 or k == N - 1):
                    continue
                a, b = (k - 1) % N, (k + 1) % N
                x = 0.5 * (lines[i, a, 0] + lines[i, b, 0])
                y = 0.5 * (lines[i, a, 1] + lines[i, b, 1])
                z = 0.5 * (lines[i, a, 2] + lines[i, b, 2])
                x, y, z, where[i, k] = kept_out(x, y, z, where[i, k], room, grid, shell, turn % 3 == 0)
                lines[i, k, 0], lines[i, k, 1], lines[i, k, 2] = x, y, z


def nearest_to(line: np.ndarray, body: Obstacle) -> np.ndarray:
    """(n) the body's vertices nearest to a line (n,3)."""
    where, clearance = np.empty(len(line), np.int64), np.empty(len(line))
    seek(body.grid, np.ascontiguousarray(line, np.float64), 0.6, where, clearance)
    return where


def outward_of(line: np.ndarray, body: Obstacle) -> np.ndarray:
    """(n,3) the body's normals nearest to a line (n,3), smooth."""
    normals = body.shell.normals[nearest_to(line, body)]
    for _ in range(3):
        normals = unit(
            np.concatenate([normals[:1], normals[:-1]]) + 2 * normals + np.concatenate([normals[1:], normals[-1:]])
        )
    return normals


def weights_along(line: np.ndarray, body: Obstacle, lbs_weights: np.ndarray) -> np.ndarray:
    """(n,55) the weights of the skin under a line, smooth; the chest's where the skin moves with an arm."""
    weights = lbs_weights[nearest_to(line, body)].copy()
    weights[:, JOINT_INDEX["spine3"]] += weights[:, ARMS].sum(1)
    weights[:, ARMS] = 0
    for _ in range(6):
        weights = (
            np.concatenate([weights[:1], weights[:-1]]) + 2 * weights + np.concatenate([weights[1:], weights[-1:]])
        ) / 4
    return weights


def band(
    line: np.ndarray, outward: np.ndarray, half: float | np.ndarray, thick: float, weights: np.ndarray, panel: str, *,
    closed: bool = False,
) -> Part:  # fmt: skip
    """A flat band along a line (n,3), `half` metres to either side; its ends are closed."""
    n, k = len(line), len(SECTION)
    rows = _sections(line, outward, np.broadcast_to(half, (n,)), thick, closed=closed)
    faces = sheet_faces(n, k)
    if closed:
        faces = np.mod(sheet_faces(n + 1, k), n * k)
    else:
        ring = np.arange(k)
        start = np.stack([ring[1:-1], ring[2:], np.zeros(k - 2, int)], 1)[:, ::-1]
        faces = np.concatenate([faces, start, start[:, ::-1] + (n - 1) * k])
    return Part(rows.reshape(-1, 3), faces, np.repeat(weights, k, 0), panel)


def _sections(
    line: np.ndarray, outward: np.ndarray, half: np.ndarray, thick: float, *, closed: bool = False
) -> np.ndarray:
    """(n,6,3)"""
    tangent = np.roll(line, -1, 0) - np.roll(line, 1, 0) if closed else np.gradient(line, axis=0)
    side = unit(np.cross(outward, unit(tangent)))
    up = np.cross(unit(tangent), side)
    return line[:, None] + half[:, None, None] * SECTION[:, :1] * side[:, None] + thick * SECTION[:, 1:] * up[:, None]


def worn(item: Fitted, start: np.ndarray, obstacles: Sequence[Obstacle]) -> np.ndarray:
    """(V,3): a bag skinned to the pose (V,3), its straps lifted out of what is worn: trunks of the posed skin and of
    garments, from inside out. Their ends stay at the bag."""
    vertices = np.array(start, np.float64)
    for mine in item.straps:
        rest = item.vertices[mine].reshape(-1, len(SECTION), 3)
        half = 0.5 * np.linalg.norm(rest[:, 0] - rest[:, -1], axis=1)
        thick = float(np.linalg.norm(rest[0, 1] - rest[0, 0])) / 0.8
        line = vertices[mine].reshape(rest.shape)[:, [0, 1, 4, 5]].mean(1)
        outward = outward_of(line, obstacles[-1])
        free = np.minimum(np.arange(len(line)), np.arange(len(line))[::-1]).clip(0, 3) / 3
        for _ in range(4):
            rows = _sections(line, outward, half, thick)
            ahead = np.min([clearances(rows.reshape(-1, 3), each) - each.thickness for each in obstacles], axis=0)
            lack = (GAP - ahead).clip(0, 0.03).reshape(rows.shape[:2]).max(1)
            line = line + (free * _spread(lack))[:, None] * outward
        vertices[mine] = _sections(line, outward, half, thick).reshape(-1, 3)
    return vertices


def _spread(lack: np.ndarray) -> np.ndarray:
    """(n) no less than `lack`, and smoother: straps are stiff."""
    padded = np.pad(lack, 2, mode="edge")
    widest = np.max([padded[k : k + len(lack)] for k in range(5)], axis=0)
    padded = np.pad(widest, 1, mode="edge")
    return (padded[:-2] + 2 * widest + padded[2:]) / 4
