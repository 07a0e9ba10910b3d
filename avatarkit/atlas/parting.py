"""A mesh parted along the borders of fields: triangles that a border passes are cut in pieces, the surface stays.

      a            Two labels: the border passes two edges.      a      Three: it branches in the middle.
     / \\                                                        / \\
    p---q                                                       p   q
   /  \\  \\                                                     / \\ / \\
  b----\\--c                                                   /   m   \\
                                                              b---r---c
"""

from dataclasses import dataclass

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


def parted(mesh: Mesh, scores: Tensor) -> Parted:
    """The mesh cut where the greatest of `scores` (V,P) changes; new vertices lie on the old faces.

    Their attributes are mixed where these are numbers of float, else those of the nearer end.
    """
    labels = labels_of(mesh.faces, scores)
    joined = edges(mesh.faces)
    a, b = joined.vertices.unbind(1)
    crossed = labels[a] != labels[b]
    share = _crossings(scores, labels, a[crossed], b[crossed])
    V, E = len(mesh.vertices), int(crossed.sum())
    middle = torch.full((len(a),), -1)
    middle[crossed] = V + torch.arange(E)
    corner_labels = labels[mesh.faces]
    kinds = 1 + (corner_labels.sort(dim=1).values.diff(dim=1) != 0).sum(dim=1)
    whole, two, three = ((kinds == n).nonzero()[:, 0] for n in (1, 2, 3))
    centres = V + E + torch.arange(len(three))
    pieces = [
        (mesh.faces[whole], whole, corner_labels[whole, 0]),
        *_in_two(mesh.faces, corner_labels, middle[joined.of_faces], two),
        *_in_three(mesh.faces, corner_labels, middle[joined.of_faces], three, centres),
    ]
    faces, parent, panel = (torch.cat(column) for column in zip(*pieces, strict=True))
    mixes = [(a[crossed], b[crossed], share)]
    vertices = torch.cat(
        [mesh.vertices, torch.lerp(mesh.vertices[a[crossed]], mesh.vertices[b[crossed]], share[:, None]),
         mesh.vertices[mesh.faces[three]].mean(dim=1)]
    )  # fmt: skip
    attributes = {name: _carried(v, *mixes[0], mesh.faces[three]) for name, v in mesh.attributes.items()}
    weights = _weights(mesh, faces, parent, (V, E), (a[crossed], b[crossed], share))
    return Parted(Mesh(vertices, faces, attributes, None, mesh.images), panel, parent, weights)


def _crossings(scores: Tensor, labels: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """(E): where along the edges from a to b the fields of the ends' labels are equal."""
    one, other = labels[a], labels[b]
    here = scores[a, one] - scores[a, other]
    there = scores[b, one] - scores[b, other]
    apart = here - there
    share = torch.where(apart > 1e-9, here / torch.where(apart > 1e-9, apart, 1), 0.5)
    return share.clamp(NEAREST, 1 - NEAREST)


def _in_two(faces: Tensor, labels: Tensor, middle: Tensor, among: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Pieces (faces, parents, labels) of those with two labels."""
    own = labels[among]
    # the corner that is alone: the two others agree
    lone = (own.roll(-1, 1) == own.roll(-2, 1)).long().argmax(dim=1)
    k, n, m = lone, (lone + 1) % 3, (lone + 2) % 3
    a, b, c = (faces[among, corner] for corner in (k, n, m))
    p, q = middle[among, k], middle[among, m]  # on (a b) and (c a)
    mine, theirs = labels[among, k], labels[among, n]
    return [
        (torch.stack([a, p, q], dim=1), among, mine),
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


def _carried(values: Tensor, a: Tensor, b: Tensor, share: Tensor, corners: Tensor) -> Tensor:
    if not values.is_floating_point():
        return torch.cat([values, torch.where(_like(share < 0.5, values), values[a], values[b]), values[corners[:, 0]]])
    return torch.cat([values, torch.lerp(values[a], values[b], _like(share, values)), values[corners].mean(dim=1)])


def _like(share: Tensor, values: Tensor) -> Tensor:
    return share.reshape(-1, *[1] * (values.dim() - 1))


def _weights(
    mesh: Mesh, faces: Tensor, parent: Tensor, counts: tuple[int, int], cuts: tuple[Tensor, Tensor, Tensor]
) -> Tensor:
    """(F,3,3): the weights of the parents' corners at the pieces'."""
    (V, E), (a, b, share) = counts, cuts
    corners = mesh.faces[parent]
    found = (faces[:, :, None] == corners[:, None]).float()
    new = (faces >= V) & (faces < V + E)
    face, place = new.nonzero(as_tuple=True)
    cut = faces[face, place] - V
    at_a, at_b = (corners[face] == end[cut][:, None] for end in (a, b))
    found[face, place] = at_a * (1 - share[cut])[:, None] + at_b * share[cut][:, None]
    found[faces >= V + E] = 1 / 3
    return found


def split(before: Parted, pairs: Tensor) -> Parted:
    """The mesh with some of the edges `pairs` (P,2,2) of `sides` cut in their middle: no two of one face at a time."""
    F, number = len(before.panel), torch.arange(len(pairs))
    first = torch.full((F,), len(pairs)).scatter_reduce(0, pairs[:, :, 0].reshape(-1), number.repeat_interleave(2), "amin")
    pairs = pairs[(first[pairs[:, :, 0]] == number[:, None]).all(dim=1)]
    mesh, (face, k) = before.mesh, pairs.reshape(-1, 2).unbind(1)
    a, b = (mesh.faces[pairs[:, 0, 0], (pairs[:, 0, 1] + n) % 3] for n in (0, 1))
    middle = (len(mesh.vertices) + torch.arange(len(pairs))).repeat_interleave(2)
    halves, none = torch.full((len(a),), 0.5), torch.zeros(0, 3, dtype=torch.int64)
    attributes = {name: _carried(v, a, b, halves, none) for name, v in mesh.attributes.items()}
    vertices = torch.cat([mesh.vertices, (mesh.vertices[a] + mesh.vertices[b]) / 2])
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
