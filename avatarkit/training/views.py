"""What is learnt of one synthetic person: photos from all around, whole and cropped, each with a body that a fit may
have found, and the true normals and parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit import appearance
from avatarkit import camera as cameras
from avatarkit.appearance.mapping import mapped
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.camera import Camera
from avatarkit.maps import View
from avatarkit.people import Synthetic
from avatarkit.person import Person
from avatarkit.sitter import seen

CHANNELS = {"photo": 3, "mask": 1, "body": 8, "normals": 6, "cover": 1, "labels": 2}
"""Of a view, in this order; body: normals and coverage, front then back; normals, labels: front then back."""
VIEWS = 4
ALL_AROUND = 0.4
"""The share of photos from anywhere around the person; the others are from about the front."""
CROPS = 0.25
"""The share that shows head or upper body alone."""
PORTRAIT, UPPER_BODY = (1.0, 1.4), (1.9, 2.6)
"""Sides of crops, of the length from pelvis to head."""
TRUE_BODIES = 0.35
WRONG = 0.08
"""Radians: the standard deviation, over photos, of how wrong a pose is; limbs bend by so much, the trunk by a third.
The mean is that of fit-smpl, 15 to 25 mm after alignment; bad fits are three times as far off."""
TRUNK = (3, 6, 9, 12, 13, 14, 15)
SHAPE, DEPTH = 0.3, 0.02
"""Standard deviations of betas, and of metres to or from the camera, beside it."""


def views(model: BodyModel, found: Synthetic, generator: np.random.Generator, *, side: int) -> Tensor:
    """(VIEWS,C,side,side) uint8, channels as in CHANNELS; normals n as 127.5 + 127.5 n."""
    return torch.stack([_view(model, found, _camera(model, found, generator, side), generator) for _ in range(VIEWS)])


def unpacked(batch: Tensor) -> dict[str, Tensor]:
    """Of views (B,C,S,S) uint8: photo (B,3,S,S), mask (B,1,S,S), body (B,2,4,S,S), normals (B,2,3,S,S), cover (B,S,S),
    all float32, and labels (B,2,S,S) int64."""
    split = dict(zip(CHANNELS, batch.split(list(CHANNELS.values()), dim=1), strict=True))
    body = split["body"].unflatten(1, (2, 4)).float() / 127.5
    behind = body[:, :, 3:] / 2
    cover = split["cover"][:, 0].float() / 255
    normals = _unit(split["normals"].unflatten(1, (2, 3)).float() / 127.5 - 1)
    return {
        "photo": split["photo"].float() / 255,
        "mask": split["mask"].float() / 255,
        "body": torch.cat([_unit(body[:, :, :3] - 1) * (behind > 0), behind], dim=2),
        "normals": normals * (cover > 0)[:, None, None],
        "cover": cover,
        "labels": split["labels"].long(),
    }


def misfitted(model: BodyModel, person: Person, generator: np.random.Generator) -> Person:
    """The person as a fit may have found them: joints bent wrongly, where the picture shows them on the mean."""
    amount = abs(generator.normal()) * WRONG
    shares = np.where(np.isin(np.arange(1, 22), TRUNK), 0.35, 1.0)
    turns = torch.from_numpy(np.repeat(amount * shares, 3) * generator.normal(size=63)).to(person.pose.body_pose)
    shape = torch.from_numpy(min(amount / WRONG, 1) * SHAPE * generator.normal(size=len(person.betas)))
    pose = replace(person.pose, body_pose=person.pose.body_pose + turns)
    wrong = replace(person, pose=pose, betas=person.betas + shape.to(person.betas))
    off = (_joints(model, person) - _joints(model, wrong)).mean(dim=0)
    deep = person.camera.cam_from_world[2, :3].to(off) * generator.normal() * DEPTH
    return replace(wrong, pose=replace(pose, transl=pose.transl + (off + deep).to(pose.transl)))


def _joints(model: BodyModel, person: Person) -> Tensor:
    found: Tensor = model.shaped(person.betas, person.expression).posed(person.pose).joints[:22]
    return found


def _camera(model: BodyModel, found: Synthetic, generator: np.random.Generator, pixels: int) -> Camera:
    around = generator.uniform() < ALL_AROUND
    vertices = found.looks.mesh.vertices
    camera = viewpoint(vertices, generator, pixels, yaw=float(generator.uniform(0, 360)) if around else None)
    if generator.uniform() >= CROPS:
        return camera
    places, _ = cameras.project(camera, _joints(model, found.person))
    head, hip = places[JOINT_INDEX["head"]], places[JOINT_INDEX["pelvis"]]
    long = max(float((head - hip).norm()), 1.0)
    side = max(32, int(long * generator.uniform(*(PORTRAIT if generator.uniform() < 0.5 else UPPER_BODY))))
    left, top = (
        int(float(head[k]) - side * share) for k, share in enumerate(generator.uniform((0.4, 0.25), (0.6, 0.4)))
    )
    return cameras.resized(cameras.cropped(camera, (left, top, side, side)), (pixels, pixels))


def _view(model: BodyModel, found: Synthetic, camera: Camera, generator: np.random.Generator) -> Tensor:
    person = replace(found.person, camera=camera)
    if generator.uniform() > TRUE_BODIES:
        person = misfitted(model, person, generator)
    taken = appearance.photograph(found.looks, camera, generator)
    maps = mapped(found.looks, found.dressed, [View(camera), View(camera, "farthest")], coloured=False)
    assert maps.labels is not None
    normals = torch.from_numpy(maps.normals).movedim(-1, 1)
    faces = model.faces if model.outer_faces is None else model.outer_faces
    body = seen(person.mesh(model).vertices, faces, camera)
    body = torch.cat([body[:, :3] * (body[:, 3:] > 0), 2 * body[:, 3:] - 1], dim=1).flatten(0, 1)
    packed = [
        torch.from_numpy(taken.image).movedim(-1, 0),
        torch.from_numpy(taken.mask)[None],
        _bytes(body),
        _bytes(normals[:, :3].flatten(0, 1)),
        (255 * normals[0, 3:]).round().to(torch.uint8),
        torch.from_numpy(maps.labels[..., 0]).to(torch.uint8),
    ]
    return torch.cat(packed)


def _bytes(values: Tensor) -> Tensor:
    return (127.5 + 127.5 * values).round().clamp(0, 255).to(torch.uint8)


def _unit(vectors: Tensor) -> Tensor:
    """(B,2,3,S,S); written out, as torch's norm over a middle dimension takes four times as long."""
    x, y, z = vectors.unbind(dim=2)
    return vectors * (x * x + y * y + z * z).clamp(min=1e-12).rsqrt()[:, :, None]
