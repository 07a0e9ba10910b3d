"""En3D's geometric sculpting on a grid of tetrahedra [DMTet, Shen et al. 2021], on our renderer: its worth beside
`refine --sculpt`.

The coarse mesh's signed distances on a grid around it, and an offset of each grid point of less than half a cell, are
moved by Adam for 100 steps down the mean square of the normals' errors in all views (and of the coverage's, which En3D
has no need of: its views have no background). The surface is found anew each step by marching tetrahedra.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import torch
from torch import Tensor

from avatarkit import render
from avatarkit.evidence import Target, targets_of
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh
from avatarkit.remesh import large_parts
from avatarkit.render import Topology
from avatarkit.surface import Surface

STEPS, RATE = 100, 5e-4
BAND = 0.03
"""Metres around the coarse mesh that the grid fills."""


def sculpted_by_tetrahedra(mesh: Mesh, maps: Maps, *, cell: float = 0.008, steps: int = STEPS) -> Mesh:
    """The closed mesh carved by maps of nearest surfaces, on cubes of `cell` metres in six tetrahedra each."""
    targets = targets_of(maps)
    points, tetrahedra = grid_around(mesh, cell)
    distance = Surface(mesh.vertices, mesh.faces).signed_distance(points).requires_grad_()
    moved = torch.zeros_like(points, requires_grad=True)
    optimiser = torch.optim.Adam([{"params": [distance], "lr": RATE}, {"params": [moved], "lr": 0.01}])
    for _ in range(steps):
        found = marched(points + 0.5 * cell * torch.tanh(moved), distance, tetrahedra)
        loss = normal_error(found, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return large_parts(marched(points + 0.5 * cell * torch.tanh(moved), distance, tetrahedra))


def grid_around(mesh: Mesh, cell: float) -> tuple[Tensor, Tensor]:
    """Points (P,3) and tetrahedra (T,4), all turned alike, of the cubes within BAND of the mesh."""
    low, high = mesh.vertices.amin(dim=0) - 2 * BAND, mesh.vertices.amax(dim=0) + 2 * BAND
    size = ((high - low) / cell).ceil().long()
    cubes = torch.cartesian_prod(*[torch.arange(int(n)) for n in size])
    near = Surface(mesh.vertices, mesh.faces).closest(low + (cubes + 0.5) * cell).distance < BAND
    corners = []
    for order in permutations(range(3)):
        steps = torch.eye(3, dtype=torch.int64)[list(order)]
        walk = torch.cat([torch.zeros(1, 3, dtype=torch.int64), steps.cumsum(dim=0)])
        even = torch.linalg.det(steps.double()) > 0
        corners.append(cubes[near][:, None] + (walk if even else walk[[0, 2, 1, 3]]))
    rows = torch.cat(corners)
    strides = torch.tensor([int((size[1] + 1) * (size[2] + 1)), int(size[2] + 1), 1])
    keys, which = torch.unique((rows * strides).sum(dim=-1), return_inverse=True)
    places = torch.stack([keys // strides[0], keys % strides[0] // strides[1], keys % strides[1]], dim=1)
    return low + places * cell, which


def marched(points: Tensor, distance: Tensor, tetrahedra: Tensor) -> Mesh:
    """The surface where `distance` (P) is 0, seen from where it is above; differentiable in points and distances."""
    inside = distance.detach()[tetrahedra] < 0
    count = inside.sum(dim=1)
    mixed = tetrahedra[(count > 0) & (count < 4)]
    # sorted by distance, corners inside come first
    mixed = mixed.gather(1, distance.detach()[mixed].argsort(dim=1))
    held = (distance.detach()[mixed] < 0).sum(dim=1)
    a, b, c, d = mixed.unbind(dim=1)
    one, two, three = held == 1, held == 2, held == 3
    cuts = [
        torch.stack([torch.stack([a, b]), torch.stack([a, c]), torch.stack([a, d])])[:, :, one],
        torch.stack([torch.stack([a, c]), torch.stack([a, d]), torch.stack([b, d])])[:, :, two],
        torch.stack([torch.stack([a, c]), torch.stack([b, d]), torch.stack([b, c])])[:, :, two],
        torch.stack([torch.stack([a, d]), torch.stack([b, d]), torch.stack([c, d])])[:, :, three],
    ]
    ends = torch.cat(cuts, dim=2).permute(2, 0, 1)  # (F,3,2)
    owners = torch.cat([mixed[one], mixed[two], mixed[two], mixed[three]])
    low, high = ends.amin(dim=-1), ends.amax(dim=-1)
    keys, faces = torch.unique(low * len(points) + high, return_inverse=True)
    i, j = keys // len(points), keys % len(points)
    si, sj = distance[i], distance[j]
    vertices = (points[i] * sj[:, None] - points[j] * si[:, None]) / (sj - si)[:, None]
    with torch.no_grad():
        corners = vertices[faces]
        across = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        outwards = points[owners[:, 3]] - points[owners[:, 0]]
        turned = (across * outwards).sum(dim=1) < 0
    faces = torch.where(turned[:, None], faces.flip(1), faces)
    return Mesh(vertices, faces)


def normal_error(mesh: Mesh, targets: Sequence[Target]) -> Tensor:
    topology = Topology.of(mesh.faces, len(mesh.vertices))
    normals = render.vertex_normals(mesh.vertices, topology)
    image, cover = render.render(
        mesh.vertices, mesh.faces, [target.camera for target in targets], normals, topology=topology
    )
    wanted = torch.stack([target.normals[0] for target in targets])
    masks = torch.stack([target.masks[0] for target in targets])
    both = (cover.detach() > 0.5) & (masks > 0.5)
    return (image - wanted)[both].square().mean() + (cover - masks).square().mean()
