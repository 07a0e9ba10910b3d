"""Which triangles of a mesh cross others of the same mesh, and how they are brought not to.

Vertices are rounded to a grid of at most 1/131,000 of the longest edge (a tenth of a micrometre for a carved person, as
float32 itself), and all that follows is computed in integers, exactly: no tolerance, no answer that depends on which of
two triangles comes first. Pairs are found by a sweep along the longest axis.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from avatarkit.kernels import compiled, inlined
from avatarkit.mesh import uniform_laplacian, vertex_normals
from avatarkit.shapes import sizes

BITS = 20
"""Differences of coordinates between triangles that meet have no more bits, so that volumes fit in 63."""

SINK, SINKING = 0.0015, 30
"""Metres that the surface sinks in each round around faces that cross, after so many: a calf pressed into a thigh."""
GROWING = 8
"""Rounds after which a ring more of vertices around faces that cross is smoothed."""
REACH = 0.03
"""Metres around faces that cross in which others are asked again, before all are."""

Change = Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor]]
"""From a round's number, the vertices (V,3) and which of them are in faces that cross (V), 0 or 1: the vertices, and
which of them may have moved (V), above 0."""


def uncrossed(vertices: Tensor, faces: Tensor, *, rounds: int = 60) -> Tensor:
    """The vertices (V,3), smoothed around faces that cross until none does, or in the round in which fewest do."""
    V, _ = sizes("V 3, F 3", vertices, faces)
    laplacian = uniform_laplacian(faces, V, dtype=vertices.dtype)

    def change(step: int, moved: Tensor, crossing: Tensor) -> tuple[Tensor, Tensor]:
        near = widened(crossing, faces, 1 + step // GROWING)
        for _ in range(2):
            moved = moved + 0.5 * near[:, None] * (laplacian @ moved)
        if step >= SINKING:
            moved = moved - SINK * near[:, None] * vertex_normals(moved, faces)
        return moved, near

    return least_crossing(vertices, faces, change, rounds=rounds)


def least_crossing(vertices: Tensor, faces: Tensor, change: Change, *, rounds: int, patience: int = 60) -> Tensor:
    """The vertices (V,3) changed round by round until no face crosses another one; else those of the round in which the
    fewest did, once `patience` rounds in a row had no fewer."""
    V, _ = sizes("V 3, F 3", vertices, faces)
    asked, whole, fewest, best, waited = faces, True, len(faces) + 1, vertices, 0
    for step in range(rounds):
        crossing = asked[crossing_faces(vertices, asked)]
        waited += 1
        if len(crossing) < fewest:
            fewest, best, waited = len(crossing), vertices, 0
        if len(crossing) == 0:
            if whole:
                break
            asked, whole, fewest = faces, True, len(faces) + 1
            continue
        if waited > patience:
            break
        marked = torch.zeros(V, dtype=vertices.dtype, device=vertices.device).index_fill(0, crossing.reshape(-1), 1)
        vertices, moved = change(step, vertices, marked)
        asked, whole = faces[_close_by(vertices, moved > 0)[faces].any(dim=1)], False
    return best


def widened(marked: Tensor, faces: Tensor, rings: int) -> Tensor:
    """(V): 1 also where a vertex is within so many `rings` of faces of one that is `marked` (V), above 0."""
    for _ in range(rings):
        marked = marked.index_fill(0, faces[marked[faces].amax(dim=1) > 0].reshape(-1), 1)
    return marked


def _close_by(vertices: Tensor, some: Tensor) -> Tensor:
    """(V) bool: vertices in the same or a neighbouring cell, REACH wide, as one of `some` (V) bool."""
    cells = torch.floor((vertices - vertices.amin(dim=0)) / REACH).long() + 1
    strides = cells.new_tensor([1, int(cells.amax()) + 2, (int(cells.amax()) + 2) ** 2])
    keys = cells @ strides
    steps = torch.cartesian_prod(*[torch.arange(-1, 2)] * 3).to(cells) @ strides
    return torch.isin(keys, (torch.unique(keys[some])[:, None] + steps).reshape(-1))


def crossing_faces(vertices: Tensor, faces: Tensor) -> Tensor:
    """(F,) bool: does an edge of the face pass through the inside of another one, or one of another's through it?

    Touching is no crossing: a vertex in another face's plane counts as above it, what meets another's rim as outside.
    Of faces that share vertices, the edges count that have none of these.
    """
    _, F = sizes("V 3, F 3", vertices, faces)
    if F == 0:
        return torch.zeros(0, dtype=torch.bool, device=faces.device)
    points = vertices.detach().cpu().double().numpy()
    if not np.isfinite(points).all():
        raise ValueError("crossing_faces: the vertices are not all finite")
    used = faces.detach().cpu().long().numpy()
    corners = points[used]
    longest = float((corners.max(axis=1) - corners.min(axis=1)).max())
    if longest == 0:
        return torch.zeros(F, dtype=torch.bool, device=faces.device)
    grid = 2.0 ** (math.ceil(math.log2(longest)) + 1 - BITS)
    middle = np.round(corners.mean(axis=(0, 1)) / grid)
    rounded = (np.round(points / grid) - middle).clip(-(2.0**62), 2.0**62).astype(np.int64)
    found = np.zeros(F, np.bool_)
    boxes = np.concatenate([rounded[used].min(axis=1), rounded[used].max(axis=1)], axis=1)
    axis = int(np.argmax(boxes[:, 3:].max(axis=0) - boxes[:, :3].min(axis=0)))
    order = np.argsort(boxes[:, axis], kind="stable")
    turned = np.roll(boxes.reshape(F, 2, 3), -axis, axis=2).reshape(F, 6)  # the swept axis first
    _sweep(rounded, used, order, np.ascontiguousarray(turned[order]), found)
    return torch.from_numpy(found).to(faces.device)


@inlined
def _volume(points, a, b, c, d):  # type: ignore[no-untyped-def]
    """Six times the signed volume of a tetrahedron: positive with d on the side that a, b, c's normal points to."""
    x, y, z = points[a, 0], points[a, 1], points[a, 2]
    bx, by, bz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
    cx, cy, cz = points[c, 0] - x, points[c, 1] - y, points[c, 2] - z
    dx, dy, dz = points[d, 0] - x, points[d, 1] - y, points[d, 2] - z
    return dx * (by * cz - bz * cy) + dy * (bz * cx - bx * cz) + dz * (bx * cy - by * cx)


@inlined
def _pierces(points, a, b, above_a, above_b, p, q, r):  # type: ignore[no-untyped-def]
    """Does the edge a b, whose ends are above the face p q r or not, pass through its inside?"""
    if above_a == above_b or a == p or a == q or a == r or b == p or b == q or b == r:
        return False
    first, second = _volume(points, a, b, p, q), _volume(points, a, b, q, r)
    if (first <= 0 or second <= 0) and (first >= 0 or second >= 0):
        return False
    third = _volume(points, a, b, r, p)
    return third > 0 if first > 0 else third < 0


@inlined
def _passes(points, faces, i, j):  # type: ignore[no-untyped-def]
    """Does an edge of face i pass through face j?"""
    a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
    p, q, r = faces[j, 0], faces[j, 1], faces[j, 2]
    above_a, above_b = _volume(points, p, q, r, a) >= 0, _volume(points, p, q, r, b) >= 0
    above_c = _volume(points, p, q, r, c) >= 0
    if above_a == above_b and above_b == above_c:
        return False
    return (
        _pierces(points, a, b, above_a, above_b, p, q, r)
        or _pierces(points, b, c, above_b, above_c, p, q, r)
        or _pierces(points, c, a, above_c, above_a, p, q, r)
    )


@compiled
def _sweep(points, faces, order, boxes, found):  # type: ignore[no-untyped-def]
    """Marks in `found` the faces of each crossing pair; `boxes` (F,6) lowest and highest corners, in `order`."""
    for m in range(len(order)):
        i = order[m]
        for n in range(m + 1, len(order)):
            if boxes[n, 0] > boxes[m, 3]:
                break
            if boxes[n, 1] > boxes[m, 4] or boxes[n, 4] < boxes[m, 1]:
                continue
            if boxes[n, 2] > boxes[m, 5] or boxes[n, 5] < boxes[m, 2]:
                continue
            j = order[n]
            if found[i] and found[j]:
                continue
            if _passes(points, faces, i, j) or _passes(points, faces, j, i):
                found[i] = True
                found[j] = True
