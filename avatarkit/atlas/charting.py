"""Faces sewn together into charts: vertices split along cuts, rims, triangles that rims would flatten split."""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.atlas import panels
from avatarkit.atlas.atlas import sides
from avatarkit.atlas.parting import Parted, parted, split
from avatarkit.mesh import Mesh, boundary_loops, connected, edges
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Sewn:
    """The faces of all charts, in vertices that no two charts share."""

    faces: Tensor
    """(F,3) int64 in the charts' own vertices"""
    vertex: Tensor
    """(N) int64: the mesh's vertex of each"""
    piece: Tensor
    """(F) int64: which faces hang together"""


def sewn(faces: Tensor, cut: Tensor, pairs: Tensor) -> Sewn:
    """Faces (F,3) sewn along those `pairs` (P,2,2) of `sides` that are not `cut` (P)."""
    F, _ = sizes("F 3, P 2 2", faces, pairs)
    (face, k), (other, m) = (pairs[~cut][:, side].unbind(1) for side in (0, 1))
    ends = torch.cat([
        torch.stack([3 * face + k, 3 * other + (m + 1) % 3], dim=1),
        torch.stack([3 * face + (k + 1) % 3, 3 * other + m], dim=1),
    ])  # fmt: skip
    corner = connected(ends, 3 * F)
    vertex = torch.zeros(int(corner.max()) + 1, dtype=torch.int64).scatter(0, corner, faces.reshape(-1))
    return Sewn(corner.reshape(F, 3), vertex, connected(torch.stack([face, other], dim=1), F))


def chords(found: Sewn) -> Tensor:
    """(C,2,2): the sides of inner edges from rim to rim: with both ends on a straight line, nothing lies between."""
    joined = edges(found.faces)
    rim = torch.zeros(len(found.vertex), dtype=torch.bool)
    rim[joined.vertices[joined.counts.sum(dim=1) == 1]] = True
    pairs = sides(found.faces)
    (face, k) = pairs[:, 0].unbind(1)
    return pairs[rim[found.faces[face, k]] & rim[found.faces[face, (k + 1) % 3]]]


def rims(found: Sewn, places: Tensor) -> dict[int, list[Tensor]]:
    """Each piece's rims as rings of charts' vertices, the longest (metres, `places` (V,3) of the mesh) first."""
    of_vertex = torch.zeros(len(found.vertex), dtype=torch.int64)
    of_vertex[found.faces.reshape(-1)] = found.piece.repeat_interleave(3)
    rings: dict[int, list[Tensor]] = {}
    for ring in boundary_loops(found.faces):
        rings.setdefault(int(of_vertex[ring[0]]), []).append(ring)
    for own in rings.values():
        own.sort(key=lambda ring: -length(places[found.vertex[ring]]))
    return rings


def length(ring: Tensor) -> float:
    """Metres around a ring of points (N,3)."""
    return float((ring - ring.roll(-1, 0)).norm(dim=1).sum())


def opened(mesh: Mesh, scores: Tensor) -> tuple[Parted, Sewn]:
    """The mesh parted into the panels of `scores` (V,P), and these sewn into charts that can be flattened."""
    found = parted(mesh, scores, panels.sewn())
    while True:
        pairs = sides(found.mesh.faces)
        one, other = found.panel[pairs[:, :, 0]].unbind(1)
        charts = sewn(found.mesh.faces, ~panels.sewn()[one, other], pairs)
        across = chords(charts)
        if len(across) == 0:
            return found, charts
        found = split(found, across)


def of_vertices(values: Tensor, charts: Sewn) -> Tensor:
    """(N): what each of the charts' vertices has of its faces' values (F), the greatest; whoever is written last by
    several threads is another one each time."""
    found = values.new_full((len(charts.vertex),), -1)
    return found.scatter_reduce(0, charts.faces.reshape(-1), values.repeat_interleave(3), "amax")
