"""What is learnt of one synthetic person: photos from all around, whole and cropped, each with a body that a fit may
have found, and the true normals and parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit import appearance
from avatarkit import camera as cameras
from avatarkit.appearance.mapping import labels_of, viewed
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.camera import Camera
from avatarkit.maps import View
from avatarkit.mesh import vertex_normals
from avatarkit.people import Synthetic
from avatarkit.person import Person
from avatarkit.sitter import seen
from avatarkit.strip import NARROW
from avatarkit.training.feeding import Samples

CHANNELS = {"photo": 3, "mask": 1, "body": 8, "normals": 6, "cover": 1, "labels": 2}
"""Of a view, in this order; body: normals and coverage, front then back; normals, labels: front then back."""
VIEWS = 2
"""Of a person: more are cheaper each, and teach less, since people are what there are too few of."""
ALL_AROUND = 0.4
"""The share of photos from anywhere around the person; the others are from about the front."""
CROPPED = 0.25
"""The share that shows head or upper body alone."""
CROPS = {"": (0.0, 0.0), "upper body": (1.9, 2.6), "head": (1.0, 1.4)}
"""What a view may show alone, and between what its sides lie, of the length from pelvis to head."""
TRUE_BODIES = 0.35
WRONG = 0.08
"""Radians: the standard deviation, over photos, of how wrong a pose is; limbs bend by so much, the trunk by a third.
The mean is that of fit-smpl, 15 to 25 mm after alignment; bad fits are three times as far off."""
TRUNK = (3, 6, 9, 12, 13, 14, 15)
SHAPE, DEPTH = 0.3, 0.02
"""Standard deviations of betas, and of metres to or from the camera, beside it."""


def views(
    model: BodyModel, found: Synthetic, generator: np.random.Generator, *, side: int, coloured: bool = False
) -> Samples:
    """`views` (VIEWS,C,side,side/NARROW) uint8, channels as in CHANNELS, normals n as 127.5 + 127.5 n; what of the
    person they show, `crop` (VIEWS) of CROPS; if they are to be `coloured`, `albedo` (VIEWS,6,…): front, back."""
    taken = [_camera(model, found, generator, side) for _ in range(VIEWS)]
    made = [_view(model, found, camera, generator, coloured) for camera, _ in taken]
    crops = torch.tensor([list(CROPS).index(crop) for _, crop in taken])
    packed = {"views": torch.stack([view for view, _ in made]), "crop": crops}
    return packed | ({"albedo": torch.stack([albedo for _, albedo in made])} if coloured else {})


def unpacked(batch: Tensor) -> dict[str, Tensor]:
    """Of views (B,C,H,W) uint8: photo (B,3,H,W), mask (B,1,H,W), body (B,2,4,H,W), normals (B,2,3,H,W), cover (B,H,W),
    all float32, and labels (B,2,H,W) int64."""
    split = dict(zip(CHANNELS, batch.split(list(CHANNELS.values()), dim=1), strict=True))
    cover = split["cover"][:, 0].float() / 255
    normals = unit(split["normals"].unflatten(1, (2, 3)).float() / 127.5 - 1)
    return {
        "photo": split["photo"].float() / 255,
        "mask": split["mask"].float() / 255,
        "body": unpacked_pair(split["body"]),
        "normals": normals * (cover > 0)[:, None, None],
        "cover": cover,
        "labels": split["labels"].long(),
    }


def packed_pair(maps: Tensor) -> Tensor:
    """(…,8,H,W) uint8: maps (…,2,4,H,W) of normals and coverage, front then back."""
    normals, cover = maps.split([3, 1], dim=-3)
    return _bytes(torch.cat([normals * (cover > 0), 2 * cover - 1], dim=-3)).flatten(-4, -3)


def unpacked_pair(packed: Tensor) -> Tensor:
    """(B,2,4,H,W) of (B,8,H,W)."""
    pair = packed.unflatten(1, (2, 4)).float() / 127.5
    cover = pair[:, :, 3:] / 2
    return torch.cat([unit(pair[:, :, :3] - 1) * (cover > 0), cover], dim=2)


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


def _camera(model: BodyModel, found: Synthetic, generator: np.random.Generator, pixels: int) -> tuple[Camera, str]:
    around = generator.uniform() < ALL_AROUND
    vertices = found.looks.mesh.vertices
    camera = viewpoint(vertices, generator, pixels, yaw=float(generator.uniform(0, 360)) if around else None)
    if generator.uniform() >= CROPPED:
        return _narrowed(camera, vertices, generator), ""
    places, _ = cameras.project(camera, _joints(model, found.person))
    head, hip = places[JOINT_INDEX["head"]], places[JOINT_INDEX["pelvis"]]
    long = max(float((head - hip).norm()), 1.0)
    crop = "head" if generator.uniform() < 0.5 else "upper body"
    side = max(32, int(long * generator.uniform(*CROPS[crop])))
    left, top = (
        int(float(head[k]) - side * share) for k, share in enumerate(generator.uniform((0.4, 0.25), (0.6, 0.4)))
    )
    camera = cameras.resized(cameras.cropped(camera, (left, top, side, side)), (pixels, pixels))
    return _narrowed(camera, vertices, generator), crop


def _narrowed(camera: Camera, vertices: Tensor, generator: np.random.Generator) -> Camera:
    """The upright strip of a square view that shows the person, or some of who is wider."""
    W, H = camera.size
    width = W // NARROW
    across = cameras.project(camera, vertices)[0][:, 0].clamp(0, W)
    slack = float(across.max() - across.min()) - width
    left = float(across.min()) + slack * generator.uniform()  # inside the person, or around
    return cameras.cropped(camera, (int(min(max(left, 0), W - width)), 0, width, H))


def _view(
    model: BodyModel, found: Synthetic, camera: Camera, generator: np.random.Generator, coloured: bool
) -> tuple[Tensor, Tensor]:
    person = replace(found.person, camera=camera)
    if generator.uniform() > TRUE_BODIES:
        person = misfitted(model, person, generator)
    taken = appearance.photograph(found.looks, camera, generator, backdrop="plain")  # cut away by the mask
    smooth, parts = vertex_normals(found.looks.mesh.vertices, found.looks.mesh.faces).numpy(), labels_of(found.dressed)
    sides = [viewed(found.looks, view, smooth, parts, coloured) for view in (View(camera), View(camera, "farthest"))]
    normals = torch.from_numpy(np.stack([side for side, _, _ in sides])).movedim(-1, 1)
    labels = torch.from_numpy(np.stack([side for _, _, side in sides])).movedim(-1, 1)
    faces = model.faces if model.outer_faces is None else model.outer_faces
    body = seen(person.mesh(model).vertices, faces, camera)
    packed = [
        torch.from_numpy(taken.image).movedim(-1, 0),
        torch.from_numpy(taken.mask)[None],
        packed_pair(body),
        _bytes(normals[:, :3].flatten(0, 1)),
        (255 * normals[0, 3:]).round().to(torch.uint8),
        labels[:, 0].to(torch.uint8),
    ]
    albedo = [torch.from_numpy(side[..., :3]).movedim(-1, 0) for _, side, _ in sides if side is not None]
    return torch.cat(packed), (255 * torch.cat(albedo or [torch.zeros(0)])).round().to(torch.uint8)


def _bytes(values: Tensor) -> Tensor:
    return (127.5 + 127.5 * values).round().clamp(0, 255).to(torch.uint8)


def unit(vectors: Tensor) -> Tensor:
    """(B,2,3,H,W); written out, as torch's norm over a middle dimension takes four times as long."""
    x, y, z = vectors.unbind(dim=2)
    return vectors * (x * x + y * y + z * z).clamp(min=1e-12).rsqrt()[:, :, None]


def shown_of(given: dict[str, Tensor]) -> Tensor:
    """(B,4,H,W): of views as `unpacked` gives them, photo and mask as they are, black outside."""
    return torch.cat([given["photo"] * given["mask"], given["mask"]], dim=1)


def degrees(a: Tensor, b: Tensor) -> Tensor:
    """(S,S): the angle between (3,S,S) and (3,S,S)."""
    return torch.rad2deg(torch.arccos((a * b).sum(dim=0).clamp(-1, 1)))


def drawn(normals: Tensor, cover: Tensor) -> Tensor:
    """(3,S,S): normals (3,S,S) as a picture, where they cover (S,S)."""
    return masked(0.5 + 0.5 * normals, cover)


def masked(image: Tensor, cover: Tensor) -> Tensor:
    """(3,S,S): an image on light grey."""
    return image * cover + 0.93 * (1 - cover)
