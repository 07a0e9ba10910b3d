"""Words become a photo, painted by a text-to-image model of the user's own [ZeroAvatar's text to avatar]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from avatarkit import diffusion
from avatarkit.body import BodyModel
from avatarkit.errors import UsageError
from avatarkit.person import Person
from avatarkit.picture import Image
from avatarkit.sitter import Sitter, seated

PROMPT = "full body photo of {}, head to feet, facing the camera, plain light grey background, even light"
AVOIDED = "cropped, close-up, out of frame, several people, text, watermark, blurry, extra limbs"
"""The negative prompt, for models that take one. What is cut off cannot be fitted."""
ROOM = "take a smaller --size, or a smaller model"


def required(model: str | None) -> str:
    """The model that was named. UsageError for none: avatarkit brings no image model."""
    if not model:
        raise UsageError(
            "--model: nothing paints without it: give a text-to-image pipeline's folder that save_pretrained wrote, "
            "or name/model@revision of the hub; a ControlNet's of depth or normals paints a body"
        )
    return model


def posed(model: BodyModel, person: Person, *, size: int) -> Sitter:
    """The body that is to be painted, whole and from the front, whatever photo it was of."""
    return seated(model, replace(person, crop=None), size=size)


def imagined(
    pipeline: Any,
    words: str,
    body: Sitter | None = None,
    *,
    size: int = 512,
    steps: int = 30,
    guidance: float | None = None,
    seed: int = 0,
) -> Image:
    """(size,size,3) uint8 sRGB: a full-body photo of the person that the words describe, in the pose of the `body`.

    Only a ControlNet's pipeline sees the body. Raises BadData for a pipeline that paints no pictures from words, and
    for a ControlNet's without a body; OutOfMemory.
    """
    guides = None if body is None else (body.maps[0], body.depth)
    with diffusion.told_of_memory(ROOM):
        found = diffusion.pictured(
            pipeline,
            PROMPT.format(words),
            (size, size),
            guides,
            avoided=AVOIDED,
            generator=torch.Generator().manual_seed(seed),
            guidance_scale=guidance,
            num_inference_steps=steps,
        )
    return np.rint(255 * found.movedim(0, -1).numpy()).astype(np.uint8)
