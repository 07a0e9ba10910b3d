"""Photos of the kinds that people really take, and that detectors stumble over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from _photographed import SIDE, photographed
from PIL import Image, ImageDraw

from avatarkit.body import BodyModel
from avatarkit.camera import project

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"


def odd_photos(model: BodyModel, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """A name and a photo (H,W,3): mirrored, tilted, at the border, children, hats, bags, things in the hand, hair."""
    plain = photographed(model, seed, 7000, prompt="waving")
    moved = np.roll(plain.photo, -130, axis=1)
    yield "as it is", plain.photo
    yield "mirrored", np.ascontiguousarray(plain.photo[:, ::-1])
    fill = tuple(plain.photo[2, 2].tolist())
    yield "tilted by 20", np.asarray(Image.fromarray(plain.photo).rotate(20, fillcolor=fill))
    yield "at the border", np.ascontiguousarray(moved[:, : SIDE - 130])
    asked = {
        "child": "girl of 6 years, standing",
        "toddler": "boy of 3 years, standing",
        "skirt and hat": "woman in a long dress and a hat, walking",
        "bag": "man in a coat with a handbag, walking",
        "from behind": "man standing",
    }
    for row, (name, words) in enumerate(asked.items()):
        yield name, photographed(model, seed, 7001 + row, prompt=words, yaw=180 if name == "from behind" else 0).photo
    for name, words, joint in (
        ("held object", "woman, arms crossed", 20),
        ("hair over the face", "woman standing", 15),
    ):
        case = photographed(model, seed, 7010 + joint, prompt=words, level=True)
        joints = model.shaped(case.person.betas).posed(case.person.pose).joints
        x, y = project(case.person.camera, joints[joint : joint + 1])[0][0].tolist()
        yield name, _painted(case.photo, x, y, hair=name != "held object")


def _painted(photo: np.ndarray, x: float, y: float, *, hair: bool) -> np.ndarray:
    """A cardboard box in front of the hand, or strands of hair over the one half of the face."""
    image = Image.fromarray(photo)
    draw = ImageDraw.Draw(image)
    if not hair:
        draw.rectangle((x - 45, y - 40, x + 45, y + 35), fill=(150, 110, 70), outline=(90, 60, 30), width=3)
        draw.line((x, y - 40, x, y + 35), fill=(190, 160, 110), width=5)
    else:
        for k in range(24):
            left = x - 2 + 1.1 * k
            draw.line((left - 6, y - 34, left, y - 8, left + 3, y + 30), fill=(52 + k, 34 + k // 2, 22), width=2)
    return np.asarray(image)
