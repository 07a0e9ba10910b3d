r"""A mesh parted along the borders of fields: triangles that a border passes are cut in pieces, the surface stays.

      a             a            a
     / \           /|\          / \        A border passes two edges (left), branches in the middle (right),
    p---q         / | \        p-m-q       or ends at a corner whose panel is sewn to those on both sides.
   /  \  \       /  |  \      /  |  \
  b-----c       b---p---c    b---r---c
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, connected, edges
from avatarkit.shapes import sizes

NEAREST = 0.15
"""The share of an edge that a border keeps from its ends."""


@dataclass(frozen=True, eq=False)
class Parted:
    """A mesh whose faces are of one panel each, and what they were cut from."""

    mesh: Mesh
    panel: Tensor
    """(F) int64"""
    parent: Tensor
    """(F) int64: the face that each was, or is a piece of"""
    barycentric: Tensor
    """(F,3,3): where the face's corners lie in that"""


def labels_of(faces: Tensor, scores: Tensor) -> Tensor:
    """(V) int64: the column of the greatest of `scores` (V,P), each label one connected patch of the mesh.

    Smaller patches go to what surrounds them.
    """
    V, P = sizes("V P", scores)
    labels = scores.argmax(dim=1)
    a, b = edges(faces).vertices.unbind(1)
    same = labels[a] == labels[b]
    patch = connected(torch.stack([a[same], b[same]], dim=1), V)
    count = torch.bincount(patch)
    largest = torch.zeros(P, dtype=count.dtype).scatter_reduce(0, labels, count[patch], "amax")
    labels = torch.where(count[patch] < largest[labels], -1, labels)
    while True:
        known = torch.stack([torch.cat([a, b]), torch.cat([b, a])])
        known = known[:, (labels[known[0]] < 0) & (labels[known[1]] >= 0)]
        if known.shape[1] == 0:
            return labels.clamp(min=0)
        votes = torch.zeros(V, P).index_put((known[0], labels[known[1]]), torch.ones(()), accumulate=True)
        rim = torch.unique(known[0])
        labels[rim] = votes[rim].argmax(dim=1)


def parted(mesh: Mesh, scores: Tensor, sewn: Tensor) -> Parted:
    """The mesh cut where the greatest of `scores` (V,P) changes between panels that are not `sewn` (P,P) together.

    New vertices lie on the old faces; their attributes are mixed where these are numbers of float, else those of the
    nearer end. Faces across a border within a chart are of the first of its panels.
    """
    labels, joined = labels_of(mesh.faces, scores), edges(mesh.faces)
    a, b = joined.vertices.unbind(1)
    crossed = ~sewn[labels[a], labels[b]]
    cut = Cut(a[crossed], b[crossed], _crossings(scores, labels, a[crossed], b[crossed]))
    V, E = len(mesh.vertices), len(cut.a)
    middle = torch.full((len(a),), -1)
    middle[crossed] = V + torch.arange(E)
    middle, own = middle[joined.of_faces], labels[mesh.faces]
    count = (middle >= 0).sum(dim=1)
    whole, one, two, three = ((count == n).nonzero()[:, 0] for n in range(4))
    pieces = [
        (mesh.faces[whole], whole, own[whole].amin(dim=1)),
        *_in_one(mesh.faces, own, middle, one),
        *_in_two(mesh.faces, own, middle, two),
        *_in_three(mesh.faces, own, middle, three, V + E + torch.arange(len(three))),
    ]
    faces, parent, panel = (torch.cat(column) for column in zip(*pieces, strict=True))
    attributes = {name: _carried(v, cut, mesh.faces[three]) for name, v in mesh.attributes.items()}
    vertices = _carried(mesh.vertices, cut, mesh.faces[three])
    return Parted(
        Mesh(vertices, faces, attributes, None, mesh.images), panel, parent, _weights(mesh, faces, parent, cut)
    )


class Cut(NamedTuple):
    """Edges from `a` to `b` (E) with a new vertex at a `share` (E) of the way."""

    a: Tensor
    b: Tensor
    share: Tensor


def _crossings(scores: Tensor, labels: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """(E): where along the edges from a to b the fields of the ends' labels are equal."""
    one, other = labels[a], labels[b]
    here = scores[a, one] - scores[a, other]
    there = scores[b, one] - scores[b, other]
    apart = here - there
    share = torch.where(apart > 1e-9, here / torch.where(apart > 1e-9, apart, 1), 0.5)
    return share.clamp(NEAREST, 1 - NEAREST)


def _in_one(faces: Tensor, labels: Tensor, middle: Tensor, among: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Pieces (faces, parents, labels) of those of which one edge is cut: a border ends there."""
    k = (middle[among] >= 0).long().argmax(dim=1)  # the edge from corner k on
    b, c, a = (faces[among, (k + n) % 3] for n in range(3))
    p = middle[among, k]
    return [
        (torch.stack([a, b, p], dim=1), among, labels[among, k]),
        (torch.stack([a, p, c], dim=1), among, labels[among, (k + 1) % 3]),
    ]


def _in_two(faces: Tensor, labels: Tensor, middle: Tensor, among: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Pieces of those of which two edges are cut: the border passes."""
    # the corner after the edge that is whole is the far end of it, the one after that is alone
    n = (middle[among] < 0).long().argmax(dim=1)
    m, k = (n + 1) % 3, (n + 2) % 3
    a, b, c = (faces[among, corner] for corner in (k, n, m))
    p, q = middle[among, k], middle[among, m]  # on (a b) and (c a)
    theirs = labels[among].gather(1, torch.stack([n, m], dim=1)).amin(dim=1)
    return [
        (torch.stack([a, p, q], dim=1), among, labels[among, k]),
        (torch.stack([p, b, c], dim=1), among, theirs),
        (torch.stack([p, c, q], dim=1), among, theirs),
    ]


def _in_three(
    faces: Tensor, labels: Tensor, middle: Tensor, among: Tensor, centres: Tensor
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Pieces of those with three labels, about their `centres`."""
    found = []
    for k in range(3):
        a, p, q = faces[among, k], middle[among, k], middle[among, (k + 2) % 3]
        found.append((torch.stack([a, p, centres], dim=1), among, labels[among, k]))
        found.append((torch.stack([a, centres, q], dim=1), among, labels[among, k]))
    return found


def _carried(values: Tensor, cut: Cut, centred: Tensor) -> Tensor:
    """`values` (V, ...), and those of the cut's vertices and of the middles of faces `centred` (C,3)."""
    share = cut.share.reshape(-1, *[1] * (values.dim() - 1))
    if not values.is_floating_point():
        return torch.cat([values, torch.where(share < 0.5, values[cut.a], values[cut.b]), values[centred[:, 0]]])
    return torch.cat(
        [values, torch.lerp(values[cut.a], values[cut.b], share.to(values.dtype)), values[centred].mean(dim=1)]
    )


def _weights(mesh: Mesh, faces: Tensor, parent: Tensor, cut: Cut) -> Tensor:
    """(F,3,3): the weights of the parents' corners at the pieces'."""
    V, E = len(mesh.vertices), len(cut.a)
    corners = mesh.faces[parent]
    found = (faces[:, :, None] == corners[:, None]).float()
    face, place = ((faces >= V) & (faces < V + E)).nonzero(as_tuple=True)
    at = faces[face, place] - V
    at_a, at_b = (corners[face] == end[at][:, None] for end in (cut.a, cut.b))
    found[face, place] = at_a * (1 - cut.share[at])[:, None] + at_b * cut.share[at][:, None]
    found[faces >= V + E] = 1 / 3
    return found


def split(before: Parted, pairs: Tensor) -> Parted:
    """The mesh with some of the edges `pairs` (P,2,2) of `sides` cut in their middle: no two of one face at a time."""
    F, number = len(before.panel), torch.arange(len(pairs))
    first = torch.full((F,), len(pairs)).scatter_reduce(
        0, pairs[:, :, 0].reshape(-1), number.repeat_interleave(2), "amin"
    )
    pairs = pairs[(first[pairs[:, :, 0]] == number[:, None]).all(dim=1)]
    mesh, (face, k) = before.mesh, pairs.reshape(-1, 2).unbind(1)
    a, b = (mesh.faces[pairs[:, 0, 0], (pairs[:, 0, 1] + n) % 3] for n in (0, 1))
    middle = (len(mesh.vertices) + torch.arange(len(pairs))).repeat_interleave(2)
    cut, none = Cut(a, b, torch.full((len(a),), 0.5)), mesh.faces[:0]
    attributes = {name: _carried(v, cut, none) for name, v in mesh.attributes.items()}
    vertices = _carried(mesh.vertices, cut, none)
    faces, weights = mesh.faces.clone(), before.barycentric.clone()
    more, more_weights = mesh.faces[face], before.barycentric[face]
    at, far = torch.arange(len(face)), (k + 1) % 3
    centre = (weights[face, k] + weights[face, far]) / 2
    faces[face, far], weights[face, far] = middle, centre  # a m c stays, m b c is new
    more[at, k], more_weights[at, k] = middle, centre
    return Parted(
        Mesh(vertices, torch.cat([faces, more]), attributes, None, mesh.images),
        torch.cat([before.panel, before.panel[face]]),
        torch.cat([before.parent, before.parent[face]]),
        torch.cat([weights, more_weights]),
    )
