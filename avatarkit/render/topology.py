"""Who is whose neighbour: what silhouettes and normals need of a mesh's faces, built once."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Topology:
    """Adjacency of `faces` (F,3) over V vertices, int32.

    neighbours[f, k] is the face across the edge from corner k to corner k + 1, which it runs the other way; -1 at a
    boundary, at an edge of more than two faces, and where the two faces disagree about the orientation.
    corners[first[v] : first[v + 1]] are the places 3 f + k of vertex v, in increasing order.
    """

    faces: np.ndarray
    neighbours: np.ndarray
    first: np.ndarray
    corners: np.ndarray

    @property
    def V(self) -> int:
        """Number of vertices."""
        return len(self.first) - 1

    @classmethod
    def of(cls, faces: Tensor, V: int) -> "Topology":
        """The topology of `faces` (F,3) int; ValueError where they name a vertex outside 0 … V - 1."""
        (F,) = sizes("F 3", faces)
        corners = faces.detach().cpu().numpy().astype(np.int64, copy=False)
        if F and (corners.min() < 0 or corners.max() >= V):
            found = f"{corners.min()} to {corners.max()}"
            raise ValueError(f"topology: faces name the vertices {found}, expected 0 to {V - 1}")
        flat = corners.reshape(-1)
        order = np.argsort(flat, kind="stable").astype(np.int32)
        first = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=V))]).astype(np.int32)
        faces32 = np.ascontiguousarray(corners, np.int32)
        return cls(faces32, _neighbours(corners, V), first, order)


def _neighbours(faces: np.ndarray, V: int) -> np.ndarray:
    tails, heads = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    keys = np.minimum(tails, heads) * max(V, 1) + np.maximum(tails, heads)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    counts = np.diff(np.concatenate([starts, [len(keys)]]))
    a, b = order[starts[counts == 2]], order[starts[counts == 2] + 1]
    good = (tails[a] == heads[b]) & (a // 3 != b // 3) & (tails[a] != heads[a])
    a, b = a[good], b[good]
    neighbours = np.full(len(tails), -1, np.int32)
    neighbours[a], neighbours[b] = b // 3, a // 3
    return neighbours.reshape(-1, 3)
