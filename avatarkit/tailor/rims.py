"""The edges of a sheet by name (neck, cuff, front, hem, waist), and how far every vertex is from each."""

from __future__ import annotations

import numpy as np

from avatarkit.kernels import compiled
from avatarkit.tailor import sewing
from avatarkit.tailor.lines import FAR

EDGES = ("neck", "cuff", "front", "hem", "waist")
REACH = 0.16
"""Metres within which distances are measured."""


def named_rims(faces: np.ndarray, marks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rim edges (B,2) by the edge to which they are closest, in the direction of their faces."""
    rim = sewing.rims(faces)
    away = np.stack([np.abs(marks[name])[rim].mean(1) for name in EDGES], axis=1)
    kind = away.argmin(1)
    return {name: rim[kind == k] for k, name in enumerate(EDGES)}


def distances(vertices: np.ndarray, rim: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """(V) metres from the segments `rim` (B,2), where the `rough` distance (V) is small; FAR elsewhere."""
    away = np.full(len(vertices), FAR)
    near = np.flatnonzero(rough < REACH)
    if not len(rim) or not len(near):
        return away
    starts = np.ascontiguousarray(vertices[rim[:, 0]])
    _measure(np.ascontiguousarray(vertices), near, starts, vertices[rim[:, 1]] - starts, away)
    return away


@compiled
def _measure(vertices, near, starts, along, away):
    """`away` (V) of the vertices `near`: the distance to the nearest segment start + t · along."""
    for v in near:
        best = 1e9
        for k in range(len(starts)):
            square, dot = 1e-12, 0.0
            for c in range(3):
                square += along[k, c] * along[k, c]
                dot += (vertices[v, c] - starts[k, c]) * along[k, c]
            t, far = min(max(dot / square, 0.0), 1.0), 0.0
            for c in range(3):
                d = vertices[v, c] - starts[k, c] - t * along[k, c]
                far += d * d
            best = min(best, far)
        away[v] = np.sqrt(best)
