"""How far from its rims and seams each vertex of a garment lies: where grooves, stitches and wear go."""

import numpy as np
from numpy.typing import NDArray

from avatarkit.kernels import compiled
from avatarkit.tailor.piece import PANEL

REACH = 0.03
"""Metres from an edge beyond which nobody asks."""
SLEEVES = tuple(PANEL[name] for name in ("left sleeve", "right sleeve"))
LIMBS = (*SLEEVES, *(PANEL[name] for name in ("left leg", "right leg", "skirt")))
SMOOTHING = 8


def rim_distances(
    points: NDArray[np.float64], faces: NDArray[np.int64], panel: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(V) metres along edges to the nearest rim of the mesh or change of panel, at most REACH.

    Where a sleeve leaves the body is a seam, not a rim: see `seam_distances`. Legs and skirts go on without one.
    """
    low, high, owners = _edges(faces, np.where(np.isin(panel, LIMBS), PANEL["body"], panel), len(points))
    paired = (low[1:] == low[:-1]) & (high[1:] == high[:-1])
    changes = np.concatenate([paired & (owners[1:] != owners[:-1]), [False]])
    alone = ~np.concatenate([paired, [False]]) & ~np.concatenate([[False], paired])
    border = changes | alone
    distance = np.full(len(points), REACH)
    distance[low[border]] = distance[high[border]] = 0
    spread(low, high, np.linalg.norm(points[low] - points[high], axis=1), distance, 12)
    return distance


def seam_distances(
    points: NDArray[np.float64], faces: NDArray[np.int64], panel: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(V) signed metres to where sleeves leave the body, positive beyond, within ± REACH.

    Panels change along edges of triangles, in a zigzag: the seam is the zero of a smoothed indicator.
    """
    V = len(points)
    beyond = np.repeat(np.where(np.isin(panel, SLEEVES), 1.0, -1.0), 3)
    side = np.bincount(faces.ravel(), beyond, minlength=V) / np.bincount(faces.ravel(), minlength=V).clip(min=1)
    if np.ptp(beyond) == 0:
        return np.full(V, REACH)
    ends = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    tails, heads = np.concatenate(ends), np.concatenate(ends[::-1])
    counts = np.bincount(tails, minlength=V).clip(min=1)
    for _ in range(SMOOTHING):
        side = 0.4 * side + 0.6 * np.bincount(tails, side[heads], minlength=V) / counts
    low, high, _ = _edges(faces, panel, V)
    lengths = np.linalg.norm(points[low] - points[high], axis=1)
    crossing = side[low] * side[high] <= 0
    a, b, length = low[crossing], high[crossing], lengths[crossing]
    share = np.abs(side[a]) / np.maximum(np.abs(side[a]) + np.abs(side[b]), 1e-12)
    distance = np.full(V, REACH)
    np.minimum.at(distance, a, share * length)
    np.minimum.at(distance, b, (1 - share) * length)
    spread(low, high, lengths, distance, 12)
    return np.where(side > 0, distance, -distance)


def _edges(
    faces: NDArray[np.int64], panel: NDArray[np.int64], V: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Lower and higher vertex and panel of all sides of faces; those of one edge lie together."""
    tails, heads = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    low, high, owners = np.minimum(tails, heads), np.maximum(tails, heads), np.repeat(panel, 3)
    order = np.argsort(low * V + high, kind="stable")
    return low[order], high[order], owners[order]


@compiled
def spread(low, high, lengths, distance, rounds):
    """Shortest ways along edges: each round in both directions, until none shortens."""
    for _ in range(rounds):
        shorter = False
        for e in range(len(low)):
            a, b, length = low[e], high[e], lengths[e]
            if distance[a] + length < distance[b]:
                distance[b] = distance[a] + length
                shorter = True
            elif distance[b] + length < distance[a]:
                distance[a] = distance[b] + length
                shorter = True
        if not shorter:
            return
