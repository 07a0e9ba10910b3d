"""A deformed body brought not to cross itself: limbs drawn out of each other, folds smoothed.

Sleeves that were carved into a chest cross it along a line, but it is what lies inside that has to give way, and
nobody sees it: vertices that are inside of another limb are drawn home, each until it is out, and the outside stays.
What is tangled in itself (a hem, a braid) has no inside and no better home: it is smoothed where it lies.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.crossing import crossing_faces, least_crossing, widened
from avatarkit.mesh import uniform_laplacian, vertex_normals
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

UNTANGLING = 3
"""Rounds of smoothing that undo folds, before limbs are drawn apart."""
DRAWING, DRAWN, MORE, MOST_DRAWN = 20, 0.2, 0.1, 0.6
"""Rounds of drawing what is inside home, by which share of its offset, how much more of that each round, at most."""
RIM = 8
"""Rounds of that after which all vertices of faces that cross are drawn too."""
CLEAR = 0.001
"""Metres that a vertex has to be outside of other limbs."""
LAST, HOMEWARD, SUNK = 4, 0.4, 0.001
"""Last resorts, wider each; the share of its offset or the metres that a vertex gives way in a round of one."""


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What does not change of a mesh that is parted: its faces (F,3), its Laplacian, the vertices' home (V,3)."""

    faces: Tensor
    laplacian: Tensor
    home: Tensor

    def smoothed(self, vertices: Tensor, share: Tensor, times: int = 1) -> Tensor:
        for _ in range(times):
            vertices = vertices + share[:, None] * (self.laplacian @ vertices)
        return vertices

    def drawn(self, vertices: Tensor, share: Tensor) -> Tensor:
        return vertices - share[:, None] * (vertices - self.home)


def parted(vertices: Tensor, faces: Tensor, home: Tensor, still: Tensor) -> Tensor:
    """The vertices (V,3) of a closed mesh moved until no face crosses another one, if that can be had.

    They are drawn `home` (V,3), where few faces should cross, and smoothed. Those that are to lie `still` (V) bool,
    such as hands that keep their shape, move last.
    """
    V, _ = sizes("V 3, F 3, V 3, V", vertices, faces, home, still)
    sheet = _Sheet(faces, uniform_laplacian(faces, V, dtype=vertices.dtype), home)
    free = (~still).to(vertices)
    vertices = _untangled(sheet, vertices, free, rounds=UNTANGLING, rings=1, times=2)
    return _forced(sheet, _drawn_out(sheet, vertices, free))


def _untangled(sheet: _Sheet, vertices: Tensor, free: Tensor, *, rounds: int, rings: int, times: int) -> Tensor:
    """(V,3): smoothed where faces cross, wider each few rounds, so many times a round."""

    def change(step: int, moved: Tensor, crossing: Tensor) -> tuple[Tensor, Tensor]:
        near = widened(crossing, sheet.faces, rings + step // 4)
        return sheet.smoothed(moved, 0.5 * near * free, times + step // 5), near

    return least_crossing(vertices, sheet.faces, change, rounds=rounds, patience=8)


def _drawn_out(sheet: _Sheet, vertices: Tensor, free: Tensor) -> Tensor:
    """(V,3): what lies inside of another limb drawn home until it is out, and offsets smoothed around it."""
    inside = torch.ones_like(free)

    def change(step: int, moved: Tensor, crossing: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal inside
        asked = widened(torch.maximum(inside, crossing), sheet.faces, 1).nonzero()[:, 0]
        inside = torch.zeros_like(free).index_copy(0, asked, _inside(moved, sheet.faces, asked).to(free))
        given = inside if step < RIM else torch.maximum(inside, crossing)
        near = widened(torch.maximum(inside, crossing), sheet.faces, 1) * free
        moved = sheet.drawn(moved, min(MOST_DRAWN, DRAWN * (1 + MORE * step)) * given * free)
        return sheet.home + sheet.smoothed(moved - sheet.home, 0.25 * near), near

    return least_crossing(vertices, sheet.faces, change, rounds=DRAWING, patience=12)


def _inside(vertices: Tensor, faces: Tensor, asked: Tensor) -> Tensor:
    """(A) bool: is a point just outside of the surface at vertices `asked` (A) inside of what it bounds elsewhere?"""
    points = vertices + CLEAR * vertex_normals(vertices, faces)
    return Surface(vertices, faces).signed_distance(points[asked]) < 0


def _forced(sheet: _Sheet, vertices: Tensor) -> Tensor:
    """(V,3): what still crosses smoothed, and, where that is not enough, drawn home or sunk first, in wider rings."""
    everywhere, normals = torch.ones_like(vertices[:, 0]), vertex_normals(sheet.home, sheet.faces)
    best, fewest = vertices, len(sheet.faces) + 1
    for turn in range(LAST):
        rounds = 14 + 4 * turn
        vertices = _untangled(sheet, vertices, everywhere, rounds=rounds, rings=1 + turn, times=2 + 2 * turn)
        crossing = int(crossing_faces(vertices, sheet.faces).sum())
        if crossing < fewest:
            best, fewest = vertices, crossing
        if crossing == 0:
            break
        vertices = _given_way(sheet, vertices, None if turn % 2 == 0 else normals, rings=2 + 2 * turn)
    return best


def _given_way(sheet: _Sheet, vertices: Tensor, normals: Tensor | None, *, rings: int) -> Tensor:
    """(V,3): six rounds nearer to home where faces cross, or sunk against `normals` (V,3), better or not."""
    for step in range(6):
        crossing = sheet.faces[crossing_faces(vertices, sheet.faces)]
        near = torch.zeros_like(vertices[:, 0]).index_fill(0, crossing.reshape(-1), 1)
        if normals is None:
            near = widened(near, sheet.faces, rings + step // 8)
            vertices = sheet.home + sheet.smoothed(vertices - sheet.home, 0.5 * near)
            vertices = sheet.drawn(vertices, HOMEWARD * near)
        else:
            near = widened(near, sheet.faces, 2)
            vertices = sheet.smoothed(vertices, 0.5 * near, 2) - SUNK * near[:, None] * normals
    return vertices
