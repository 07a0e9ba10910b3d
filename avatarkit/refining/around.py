"""Pairs of views around a person: front and back of the mesh and of the body under it, whole and the head alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.camera import Camera
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.sitter import seen

HEAD = 1.15, (0.5, 0.33)
"""The side of a view of the head, of the length from pelvis to head; and where the head is in it, across and down."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One square camera's front and back (2,4,S,S) of the mesh and of the body: normals in view axes, and coverage.

    `crop` is what it shows alone: `head`, or nothing for all of the person. `place` (2,S,S,3) is where in the world
    each pixel sees the mesh, NaN beside it.
    """

    camera: Camera
    crop: str
    mesh: Tensor
    body: Tensor
    place: Tensor


def pairs_around(
    mesh: Mesh, model: BodyModel, person: Person, count: int, *, crop: str = "", size: int = 512
) -> list[Pair]:
    """`count` pairs of `size` pixels, evenly over half a turn, as a back is seen from each side too; the first from
    the front. A `crop` of the head looks at it alone."""
    faces = model.faces if model.outer_faces is None else model.outer_faces
    posed = model.shaped(person.betas, person.expression).posed(person.pose)
    found = []
    for yaw in (180.0 * k / count for k in range(count)):
        camera = cameras.framing(mesh.vertices, (size, size), yaw=yaw)
        if crop == "head":
            camera = _at_head(camera, posed.joints, size)
        own, body = seen(mesh.vertices, mesh.faces, camera), seen(posed.vertices, faces, camera)
        found.append(Pair(camera, crop, own, body, _places(mesh, camera)))
    return found


def _at_head(camera: Camera, joints: Tensor, size: int) -> Camera:
    places, _ = cameras.project(camera, joints)
    head, hip = places[JOINT_INDEX["head"]], places[JOINT_INDEX["pelvis"]]
    length, (across, down) = HEAD
    side = max(32, round(length * float((head - hip).norm())))
    corner = round(float(head[0]) - across * side), round(float(head[1]) - down * side)
    return cameras.resized(cameras.cropped(camera, (*corner, side, side)), (size, size))


def _places(mesh: Mesh, camera: Camera) -> Tensor:
    W, H = camera.size
    image, cover = render.render(mesh.vertices, mesh.faces, [camera], mesh.vertices, surface="both")
    image, cover = image.reshape(2, H, W, 3), cover.reshape(2, H, W, 1)
    return torch.where(cover > 0.5, image / cover.clamp(min=0.5), torch.nan)


def anchored(pairs: Sequence[Pair], channels: int, patch: int, generator: torch.Generator) -> Tensor:
    """(B,2 C,S/p,S/p): noise that belongs to places on the surface, so that two views of a place begin with the same;
    beside the person every patch has its own. `channels` C is a side's, a `patch` p pixels wide."""
    B, places = len(pairs), torch.stack([pair.place[:, patch // 2 :: patch, patch // 2 :: patch] for pair in pairs])
    _, _, h, w, _ = places.shape
    noise = torch.randn(B, 2, h, w, channels, generator=generator)
    cell = torch.stack([patch / pair.camera.K[0, 0] for pair in pairs])  # metres
    on = torch.isfinite(places[..., 0])
    keys = (torch.where(on[..., None], places, 0) / cell[:, None, None, None, None]).floor().long()
    crops = torch.tensor([1 if pair.crop else 0 for pair in pairs])[:, None, None, None]
    rows = torch.cat([crops.expand(B, 2, h, w)[..., None], keys], dim=-1)[on]  # crops have cells of their own size
    _, which = torch.unique(rows, dim=0, return_inverse=True)
    table = torch.randn(int(which.max()) + 1 if len(which) else 0, channels, generator=generator)
    noise[on] = table[which]
    return noise.movedim(-1, 2).flatten(1, 2)
