"""How well a garment lies: what is inside the body, which layers cross, how far cloth is stretched."""

import numpy as np

from avatarkit.tailor.draping.contacts import measure, tuck
from avatarkit.tailor.draping.nearest import NOWHERE, sum_normals
from avatarkit.tailor.draping.sheets import Obstacle, lengths_of, woven


def clearances(points: np.ndarray, obstacle: Obstacle, *, reach: float = 0.06) -> np.ndarray:
    """(P) metres of points (P,3) in front of the obstacle's nearest face, negative behind it; inf beyond `reach`, or
    where its rim is nearest."""
    ahead = np.empty(len(points))
    measure(obstacle.grid, obstacle.shell, np.ascontiguousarray(points, np.float64), reach, ahead)
    return np.where(ahead >= NOWHERE, np.inf, ahead)


def penetration(points: np.ndarray, obstacle: Obstacle) -> float:
    """The share of points (P,3) that lie behind the obstacle's surface."""
    return float((clearances(points, obstacle) < 0).mean())


def stretches(vertices: np.ndarray, rest: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(E): the length of each edge over that at rest."""
    edges = woven(faces).edges
    return lengths_of(vertices, edges) / np.maximum(lengths_of(rest, edges), 1e-9)


def settled(
    vertices: np.ndarray, faces: np.ndarray, outer: Obstacle, skin: Obstacle, *, gap: float = 0.001
) -> np.ndarray:
    """(V,3): a lower layer whose points that poke through the `outer` one lie `gap` m beneath it, but not in the skin.

    For what is hidden: beside the rims of the outer layer nothing moves.
    """
    points, normals = np.array(vertices, np.float64), np.empty((len(vertices), 3))
    sum_normals(points, np.ascontiguousarray(faces, np.int64), normals)
    tuck(outer.grid, outer.shell, skin.grid, skin.shell, points, normals, gap)
    return points
