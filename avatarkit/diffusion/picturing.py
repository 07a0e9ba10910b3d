"""A picture from words, by any text-to-image pipeline of diffusers; a ControlNet's sees the body too."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatarkit.errors import BadData
from avatarkit.shapes import sizes

log = logging.getLogger("avatarkit")

MULTIPLE = 16
"""What sides in pixels must be divisible by: the 8 of a latent pixel, and the pairs of them that transformers read."""


def pictured(
    pipeline: Any,
    prompt: str,
    size: tuple[int, int],
    body: tuple[Tensor, Tensor] | None = None,
    *,
    avoided: str = "",
    generator: torch.Generator | None = None,
    guidance_scale: float | None = None,
    num_inference_steps: int = 30,
) -> Tensor:
    """(3,H,W) sRGB 0 … 1 of `size` (width, height), without what is `avoided` where the pipeline can be told.

    A ControlNet is shown the `body`: its front (4,S,S), normals in view axes and coverage, or by the network's name
    its depth (S,S), 1 at its nearest point, 0 behind it. Without a `guidance_scale` the pipeline's own holds. BadData
    for a pipeline that needs another picture, and for a ControlNet's without a body.
    """
    kind, takes = type(pipeline).__name__, inspect.signature(pipeline.__call__).parameters
    width, height = (max(64, side // MULTIPLE * MULTIPLE) for side in size)
    if any(word in kind for word in ("Img2Img", "Inpaint", "Pix2Pix", "Depth2Img", "DualNormal")):
        raise BadData(f"{kind}: paints over a picture, expected a text-to-image model")
    asked: dict[str, Any] = {"prompt": prompt, "negative_prompt": avoided or None, "width": width, "height": height}
    asked |= {"guidance_scale": guidance_scale, "num_inference_steps": num_inference_steps, "generator": generator}
    if "ControlNet" in kind:
        if body is None:
            raise BadData(f"{kind}: needs a body to paint: give --init, a body.npz of fit-smpl")
        asked["control_image" if "control_image" in takes else "image"] = _control(pipeline, *body, (height, width))
    elif body is not None:
        log.warning("%s sees no body: the pose is as the words say, expected a ControlNet of depth or normals", kind)
    given = {name: value for name, value in asked.items() if name in takes and value is not None}
    picture = pipeline(**given, output_type="pt").images.float().cpu()
    return interpolate(picture, (size[1], size[0]), mode="bilinear", antialias=True)[0].clamp(0, 1)


def _control(pipeline: Any, front: Tensor, depth: Tensor, size: tuple[int, int]) -> Tensor:
    """(1,3,H,W) what the ControlNet has learnt to see."""
    sizes("4 S S, S S", front, depth)
    control = depth.expand(3, -1, -1) if sees_depth(pipeline) else (front[:3] + 1) / 2 * front[3:]
    return interpolate(control[None], size, mode="bilinear", antialias=True)


def sees_depth(pipeline: Any) -> bool:
    """Is its ControlNet one of depth, by its name? Else it is taken to be of normals."""
    return "depth" in str(getattr(pipeline.controlnet.config, "_name_or_path", "")).lower()
