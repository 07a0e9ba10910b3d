"""A draped sheet finished into a garment: with edges that have thickness, collars, pockets, buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from avatarkit.tailor import rims, sewing
from avatarkit.tailor.collars import collars
from avatarkit.tailor.covering import beneath
from avatarkit.tailor.cutting import RestGarment
from avatarkit.tailor.details import details
from avatarkit.tailor.draping import Obstacle
from avatarkit.tailor.parts import Fine, Part
from avatarkit.tailor.unwrapping import unwrapped

DETAIL = 0.009
"""Metres that details stand out of the cloth at most."""


class DrapedSheet(Protocol):
    """What finishing needs of a draped sheet; `draping.Draped` is one."""

    @property
    def vertices(self) -> np.ndarray: ...
    @property
    def rest(self) -> np.ndarray: ...
    @property
    def faces(self) -> np.ndarray: ...
    @property
    def face_of(self) -> np.ndarray: ...

    def carried(self, values: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Undraped:
    """A sheet as it was cut, in the place of a draped one."""

    vertices: np.ndarray
    rest: np.ndarray
    faces: np.ndarray
    face_of: np.ndarray
    carried: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Finished:
    """A whole garment, metres."""

    vertices: np.ndarray
    """(V,3) where it is worn"""
    rest: np.ndarray
    """(V,3) on the T-posed body"""
    faces: np.ndarray
    lbs_weights: np.ndarray
    """(V,55)"""
    panel: np.ndarray
    """(F) uint8 index into PANELS"""
    uvs: np.ndarray
    """(F,3,2) 0 … 1, one chart a part and panel, of one scale"""


def undraped(rest: RestGarment, *, refined: bool = True) -> Undraped:
    """The sheet on the T-pose itself, subdivided once as draping does: for previews and tests."""
    from avatarkit.tailor.measures import _Loop

    if not refined:
        F = len(rest.faces)
        return Undraped(rest.vertices, rest.vertices, rest.faces, np.arange(F), lambda values: values)
    loop = _Loop.of(rest.faces)

    def carried(values: np.ndarray) -> np.ndarray:
        flat = loop.applied(values.reshape(len(values), -1).astype(float))
        return flat.reshape(-1, *values.shape[1:])

    vertices = carried(rest.vertices)
    return Undraped(vertices, vertices, loop.faces, np.arange(len(loop.faces)) // 4, carried)


def finished(
    rest: RestGarment, draped: DrapedSheet, world_from_rest: Any = None, *, outer: Sequence[Obstacle] = ()
) -> Finished:
    """The garment with its details, on the draped sheet; without those that lie under the layers `outer`.

    `world_from_rest` (55,4,4): the pose that it was draped on; None on the T-pose.
    """
    fine = _fine(rest, draped)
    parts = [_sheet(fine), *details(rest, fine), *collars(rest, fine)]
    transforms = None if world_from_rest is None else np.asarray(world_from_rest, dtype=np.float64)
    normals = sewing.normals_of(draped.vertices, draped.faces)
    lying = [part.rest(fine) for part in parts]
    placed = [part.placed(fine, draped.vertices, normals, transforms) for part in parts]
    if outer:
        parts[1:] = [_seen(part, at, normals, outer) for part, at in zip(parts[1:], placed[1:], strict=True)]
    starts = np.cumsum([0] + [len(points) for points in lying[:-1]])
    return Finished(
        np.concatenate(placed),
        np.concatenate(lying),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.weights(fine) for part in parts]),
        np.concatenate([part.panel for part in parts]),
        unwrapped(rest.measures, [(points, part.faces, part.panel) for points, part in zip(lying, parts, strict=True)]),
    )


def _fine(rest: RestGarment, draped: DrapedSheet) -> Fine:
    names = list(rest.marks)
    marks = draped.carried(np.stack([rest.marks[name] for name in names], axis=1))
    weights = np.maximum(draped.carried(rest.lbs_weights), 0)
    named = {name: marks[:, k] for k, name in enumerate(names)}
    edges = rims.named_rims(draped.faces, named)
    named.update({name: rims.distances(draped.rest, edge, named[name]) for name, edge in edges.items()})
    return Fine(
        draped.rest,
        sewing.normals_of(draped.rest, draped.faces),
        draped.faces,
        rest.panel[draped.face_of],
        weights / weights.sum(1, keepdims=True),
        named,
        edges,
    )


def _seen(part: Part, placed: np.ndarray, normals: np.ndarray, outer: Sequence[Obstacle]) -> Part:
    """The part without faces that a layer covers."""
    if part.lbs_weights is None:
        facing = part.normals(normals)
    else:
        facing = sewing.normals_of(placed, part.faces)
    hidden = np.any([beneath(placed, facing, each, above=DETAIL) for each in outer], axis=0)
    kept = ~hidden[part.faces].all(1)
    return replace(part, faces=part.faces[kept], panel=part.panel[kept])


def _sheet(fine: Fine) -> Part:
    V = len(fine.rest)
    return Part(np.arange(V)[:, None], np.ones((V, 1)), np.zeros((V, 3)), fine.faces, fine.panel)
