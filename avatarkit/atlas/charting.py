"""Faces sewn together into charts: vertices split along cuts, rims, triangles that rims would flatten split."""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.atlas import panels
from avatarkit.atlas.atlas import sides
from avatarkit.atlas.panels import CHART_OF, CHARTS
from avatarkit.atlas.parting import Parted, parted, split
from avatarkit.mesh import Mesh, boundary_loops, connected, edges
from avatarkit.shapes import sizes

LIMBS = ("left_leg", "right_leg", "left_arm", "right_arm")
TUBE = 0.25
"""How long a limb's inner rim is for its outer one at least, to be its end and no hole."""
MOST_SPLITS = 20
"""How often faces that rims would flatten are split, at most."""


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
    found, splits = parted(mesh, scores, panels.sewn()), 0
    while True:
        pairs = sides(found.mesh.faces)
        one, other = found.panel[pairs[:, :, 0]].unbind(1)
        cut = ~panels.sewn()[one, other]
        charts = sewn(found.mesh.faces, cut, pairs)
        for ring, end in tubes(found, charts):
            cut |= slit(charts, pairs, ring, end)
        charts = sewn(found.mesh.faces, cut, pairs)
        across = chords(charts)
        if len(across) == 0 or splits == MOST_SPLITS:
            return found, charts
        found, splits = split(found, across), splits + 1


def tubes(found: Parted, charts: Sewn) -> list[tuple[Tensor, Tensor]]:
    """Of limbs whose seam ends before they do, so that they are tubes there: the outer rim and that of the end."""
    ends = []
    for ring, *inner in rims(charts, found.mesh.vertices).values():
        face = int((charts.faces == ring[0]).any(dim=1).nonzero()[0])
        if CHARTS[CHART_OF[found.panel[face]]] in LIMBS:
            longest = TUBE * length(found.mesh.vertices[charts.vertex[ring]])
            ends += [(ring, end) for end in inner if length(found.mesh.vertices[charts.vertex[end]]) > longest]
    return ends


def slit(charts: Sewn, pairs: Tensor, ring: Tensor, end: Tensor) -> Tensor:
    """(P) bool: the `pairs` (P,2,2) of `sides` along a shortest way, in edges, from one rim of a chart to another."""
    (face, k), (other, m) = (pairs[:, side].unbind(1) for side in (0, 1))
    a, b = charts.faces[face, k], charts.faces[face, (k + 1) % 3]
    joined = (a == charts.faces[other, (m + 1) % 3]) & (b == charts.faces[other, m])
    there, back = torch.cat([a[joined], b[joined]]), torch.cat([b[joined], a[joined]])
    far = torch.full((len(charts.vertex),), len(charts.vertex))
    far[end] = 0
    while True:
        nearer = far.scatter_reduce(0, there, far[back] + 1, "amin")
        if bool((nearer == far).all()):
            break
        far = nearer
    way = torch.zeros_like(joined)
    at = ring[far[ring].argmin()]
    while 0 < int(far[at]) < len(far):
        step = (joined & (((a == at) & (far[b] < far[at])) | ((b == at) & (far[a] < far[at])))).nonzero()[0, 0]
        way[step] = True
        at = b[step] if a[step] == at else a[step]
    return way


def of_vertices(values: Tensor, charts: Sewn) -> Tensor:
    """(N): what each of the charts' vertices has of its faces' values (F), the greatest; whoever is written last by
    several threads is another one each time."""
    found = values.new_full((len(charts.vertex),), -1)
    return found.scatter_reduce(0, charts.faces.reshape(-1), values.repeat_interleave(3), "amax")
