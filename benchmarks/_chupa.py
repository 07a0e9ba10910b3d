"""Chupa's carver [Kim 2023] with its published schedule and weights, on our renderer: what carve-mesh is compared with.

2000 steps, one of the two views a step, drawn at random; only what that view sees is moved; an Adam made anew each
step, so that each coordinate moves by the learning rate down its sign; three hard remeshes to half the edge length,
after which the Laplacian's and the normals' weights are quadrupled, rate and side loss quartered. Lengths are in units
of a cube in which the person is 450 / 256 high. Visibility is asked at twice the resolution, not at eight times: that
would cost the baseline most of its time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.body import BodyModel
from avatarkit.camera import Camera
from avatarkit.carving import skin
from avatarkit.evidence import Target, targets_of
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, edges, face_normals, uniform_laplacian
from avatarkit.person import Person
from avatarkit.remesh import isotropic
from avatarkit.render import Topology

STEPS, REMESHES = 2000, (500, 1000, 1500)
FACES, MOST_FACES = 3000, 250_000
MASK, SHADING = 2.0, 1.0
FINER = 2


@dataclass(frozen=True)
class Weights:
    """What a remesh changes."""

    rate: float = 1e-3
    laplacian: float = 40.0
    consistency: float = 0.1
    side: float = 0.1

    def after_remesh(self) -> Weights:
        return Weights(self.rate / 4, 4 * self.laplacian, 4 * self.consistency, self.side / 4)


@dataclass(frozen=True, eq=False)
class Connectivity:
    """What is made once a remesh."""

    topology: Topology
    laplacian: Tensor
    pairs: Tensor
    """(E,2) faces on each side of an edge"""

    @classmethod
    def of(cls, mesh: Mesh) -> Connectivity:
        V = len(mesh.vertices)
        sides = edges(mesh.faces).faces
        return cls(Topology.of(mesh.faces, V), uniform_laplacian(mesh.faces, V), sides[(sides >= 0).all(dim=1)])


def carved_as_chupa(model: BodyModel, person: Person, maps: Maps, *, steps: int = STEPS, seed: int = 0) -> Mesh:
    """The skin carved to a front and a back map; `steps` below STEPS shorten each part of the schedule alike."""
    (target,) = targets_of(maps)
    body = skin(model, person)
    unit_length = float(body.vertices[:, 1].max() - body.vertices[:, 1].min()) / (450 / 256)
    sides = [cameras.framing(body.vertices, target.camera.size, yaw=yaw) for yaw in (90.0, -90.0)]
    _, covers = render.render(body.vertices, body.faces, sides, body.vertices)
    generator = np.random.default_rng(seed)
    mesh, weights = decimated(body), Weights()
    known = Connectivity.of(mesh)
    for step in range(steps):
        if step in [remesh * steps // STEPS for remesh in REMESHES] and 4 * len(mesh.faces) <= MOST_FACES:
            mesh, weights = halved(mesh), weights.after_remesh()
            known = Connectivity.of(mesh)
        layer = int(generator.integers(2))
        vertices = mesh.vertices.clone().requires_grad_()
        loss = image_loss(vertices, mesh.faces, known, target, layer)
        loss = loss + weights.side * side_loss(vertices, mesh.faces, known, sides, covers)
        loss = loss + shape_loss(vertices, mesh.faces, known, weights, unit_length)
        (gradient,) = torch.autograd.grad(loss, vertices)
        # Adam's first step, for coordinates in units of the cube
        gradient = gradient * unit_length * visible(mesh, target.camera, layer)[:, None]
        mesh = replace(mesh, vertices=mesh.vertices - weights.rate * unit_length * gradient / (gradient.abs() + 1e-8))
    return mesh


def decimated(body: Mesh) -> Mesh:
    """The body at FACES faces, by quadric errors."""
    import open3d

    found = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(body.vertices.double().numpy()),
        open3d.utility.Vector3iVector(body.faces.numpy().astype(np.int32)),
    ).simplify_quadric_decimation(FACES)
    faces = torch.from_numpy(np.asarray(found.triangles)).long()
    return Mesh(torch.from_numpy(np.asarray(found.vertices)).float(), faces)


def halved(mesh: Mesh) -> Mesh:
    """Botsch and Kobbelt's remeshing to half of the mean edge."""
    a, b = mesh.vertices[edges(mesh.faces).vertices].unbind(dim=1)
    return isotropic(mesh, float((a - b).norm(dim=1).mean()) / 2)


def image_loss(vertices: Tensor, faces: Tensor, known: Connectivity, target: Target, layer: int) -> Tensor:
    """Coverage (mean square) and normals, both mapped to 0 … 1 (L1 inside both masks)."""
    normals = render.vertex_normals(vertices, known.topology)
    image, cover = render.render(
        vertices,
        faces,
        [target.camera],
        normals,
        topology=known.topology,
        surface="nearest" if layer == 0 else "farthest",
    )
    inside = (cover[0].detach() > 0) & (target.masks[layer] > 0)
    shading = (image[0] - target.normals[layer])[inside].abs().mean() / 2
    return MASK * (cover[0] - target.masks[layer]).square().mean() + SHADING * shading


def side_loss(vertices: Tensor, faces: Tensor, known: Connectivity, sides: list[Camera], covers: Tensor) -> Tensor:
    """Inside of the body's silhouettes at 90 degrees the mesh covers all."""
    _, cover = render.render(vertices, faces, sides, vertices.detach(), topology=known.topology)
    return (cover - 1)[covers > 0.5].square().mean()


def shape_loss(vertices: Tensor, faces: Tensor, known: Connectivity, weights: Weights, unit_length: float) -> Tensor:
    """Laplacian, and normals of neighbouring faces."""
    bent = (known.laplacian @ (vertices / unit_length)).square().sum(dim=1).mean()
    left, right = face_normals(vertices, faces)[known.pairs].unbind(dim=1)
    return weights.laplacian * bent + weights.consistency * (1 - (left * right).sum(dim=1)).square().mean()


def visible(mesh: Mesh, camera: Camera, layer: int) -> Tensor:
    """(V) 0 or 1: is the vertex of a face that the view sees?"""
    finer = cameras.resized(camera, (FINER * camera.size[0], FINER * camera.size[1]))
    _, along = cameras.project(finer, mesh.vertices)
    clip_from_world = cameras.clip_from_world(finer, float(along.min()) - 0.1, float(along.max()) + 0.1)
    homogeneous = torch.cat([mesh.vertices, torch.ones_like(mesh.vertices[:, :1])], dim=1)
    rast = render.rasterize(
        (homogeneous @ clip_from_world.T)[None],
        mesh.faces,
        finer.size,
        surface="nearest" if layer == 0 else "farthest",
    )
    hit = torch.unique(rast[..., 3]).long()
    found = torch.zeros(len(mesh.vertices))
    found[mesh.faces[hit[hit > 0] - 1].reshape(-1)] = 1.0
    return found
