"""What is draped, and on what: a garment as cut, in place, and the surfaces that it keeps outside of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from avatarkit.shapes import sizes
from avatarkit.tailor.draping.nearest import Grid, Shell, fans_of, grid_over, sum_normals

CELL = 0.03
"""Metres: the edge of a grid's cubes, about that of a face."""


class Weave(NamedTuple):
    """How the faces of a mesh hang together."""

    edges: np.ndarray
    """(E,2) each once, smaller vertex first, in the order of `mesh.edges`"""
    rim: np.ndarray
    """(E) bool: without a second face"""
    hinges: np.ndarray
    """(H,2) the corners that face each inner edge"""


def woven(faces: np.ndarray) -> Weave:
    """The edges and hinges of faces (F,3)."""
    faces = np.asarray(faces, np.int64)
    tails, heads = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    facing = np.roll(faces, 1, axis=1).reshape(-1)
    V = int(faces.max()) + 1 if len(faces) else 1
    keys = np.minimum(tails, heads) * V + np.maximum(tails, heads)
    order = np.argsort(keys, kind="stable")
    keys, facing = keys[order], facing[order]
    same = keys[1:] == keys[:-1]
    leads = np.flatnonzero(np.concatenate([[True], ~same])[: len(keys)])
    followed = np.concatenate([same, [False]])[leads]
    return Weave(
        np.stack([keys[leads] // V, keys[leads] % V], axis=1),
        ~followed,
        np.stack([facing[:-1][same], facing[1:][same]], axis=1),
    )


def lengths_of(points: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(E) distances of pairs (E,2) of points (V,3)."""
    apart = points[pairs[:, 0]] - points[pairs[:, 1]]
    return np.sqrt(np.einsum("ij,ij->i", apart, apart))


@dataclass(frozen=True, eq=False)
class Obstacle:
    """What cloth keeps outside of: the posed skin, or a lower layer already draped."""

    rest: np.ndarray
    """(V,3) metres, on the T-posed body"""
    vertices: np.ndarray
    """(V,3) metres, posed"""
    faces: np.ndarray
    """(F,3) looking outwards; open or closed"""
    thickness: float = 0.0
    """metres kept from it beside the cloth's own offset"""

    def __post_init__(self) -> None:
        sizes("V 3, V 3, F 3", self.rest, self.vertices, self.faces)

    @cached_property
    def shell(self) -> Shell:
        V, faces = len(self.vertices), np.ascontiguousarray(self.faces, np.int64)
        vertices, normals = np.ascontiguousarray(self.vertices, np.float64), np.empty((V, 3))
        sum_normals(vertices, faces, normals)
        weave = woven(faces)
        rim = np.zeros(V, bool)
        rim[weave.edges[weave.rim]] = True
        if rim.any():
            # a garment lies in folds, over which the next layer goes straight
            normals = _smoothed(_smoothed(normals, weave.edges), weave.edges)
        return Shell(vertices, np.ascontiguousarray(self.rest, np.float64), normals, faces, *fans_of(faces, V), rim)

    @cached_property
    def grid(self) -> Grid:
        return grid_over(self.shell.vertices, np.diff(self.shell.first) > 0, CELL)

    @cached_property
    def rest_grid(self) -> Grid:
        return grid_over(self.shell.rest, np.diff(self.shell.first) > 0, CELL)


def _smoothed(normals: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(V,3): each the unit mean of its own and its neighbours'."""
    both = np.concatenate([edges, edges[:, ::-1]])
    found = normals + np.stack(
        [np.bincount(both[:, 0], normals[both[:, 1], axis], len(normals)) for axis in range(3)], axis=1
    )
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


@dataclass(frozen=True, eq=False)
class Cloth:
    """A garment as cut, and where skinning puts it."""

    rest: np.ndarray
    """(V,3) on the T-posed body, metres"""
    start: np.ndarray
    """(V,3) skinned to the pose"""
    faces: np.ndarray
    """(F,3) one sheet, looking outwards"""
    pinned: np.ndarray
    """(V) 0 … 1: pull towards `start`; 1 does not move"""
    offset: np.ndarray
    """(V) metres kept from every obstacle"""
    fabric: str = "cotton"
    """a name of `outfit.FABRICS`"""
    stiffness: np.ndarray | None = None
    """(V) factor on the fabric's stiffness against bending"""

    def __post_init__(self) -> None:
        sizes("V 3, V 3, F 3, V, V", self.rest, self.start, self.faces, self.pinned, self.offset)


@dataclass(frozen=True, eq=False)
class Draped:
    """A garment in place, subdivided: the old vertices first, then one for each edge."""

    vertices: np.ndarray
    """(V',3)"""
    rest: np.ndarray
    """(V',3)"""
    faces: np.ndarray
    """(F',3), four for each face"""
    operator: torch.Tensor
    """(V',V) sparse"""

    @property
    def face_of(self) -> np.ndarray:
        """(F') the face from which each came."""
        return np.arange(len(self.faces)) // 4

    def carried(self, values: np.ndarray) -> np.ndarray:
        """(V',...) float64: what the cloth's vertices have (V,...), through the same subdivision."""
        return carried(self.operator, values)


def carried(operator: torch.Tensor, values: np.ndarray) -> np.ndarray:
    """(V',...) float64: sparse `operator` (V',V) times values (V,...)."""
    rows = torch.from_numpy(np.asarray(values, np.float64).reshape(len(values), -1))
    return (operator @ rows).numpy().reshape(-1, *np.shape(values)[1:])
