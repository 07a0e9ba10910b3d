"""The picture of a fit: the photo, the body over it, the body alone, and its side, where a lean would show."""

from __future__ import annotations

import numpy as np

from avatarkit import drawing, picture
from avatarkit.body import BodyModel
from avatarkit.camera import framing, resized
from avatarkit.person import Person

HEIGHT = 640


def overlaid(photo: picture.Image, model: BodyModel, person: Person, *, height: int = HEIGHT) -> picture.Image:
    """The sheet (H,W,3) uint8."""
    H, W = photo.shape[:2]
    size = (max(1, round(W * height / H)), height)
    plain = picture.resized(picture.on_background(photo, (225, 225, 225)), size)
    mesh = person.mesh(model)
    body = drawing.draw(mesh, resized(person.camera, size)).astype(np.float32)
    alpha = body[..., 3:] / 255 * 0.72
    over = np.rint(plain * (1 - alpha) + body[..., :3] * alpha).astype(np.uint8)
    side_size = (round(height * 0.6), height)
    sides = [drawing.draw(mesh, framing(mesh.vertices, side_size, yaw=yaw)) for yaw in (0, 90)]
    words = [f"{key.replace('_', ' ')} {value:.3f}" for key, value in person.residuals.items()]
    return picture.grid([[plain, over, *sides]], labels=[["photo", ", ".join(words), "front", "side (from the left)"]])
