"""Colours painted into a picture of a person by a pipeline of Stable Diffusion's kind, which sees what is there; and
into front and back together by a dual one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatarkit.diffusion.dual import DualAlbedoPipeline
from avatarkit.diffusion.picturing import sees_depth
from avatarkit.diffusion.squares import asked
from avatarkit.errors import BadData
from avatarkit.shapes import sizes

STEPS = 4
"""In which a dual pipeline draws colours."""


def recoloured(
    pipeline: Any,
    picture: Tensor,
    mask: Tensor,
    normals: Tensor,
    depth: Tensor,
    prompt: str,
    *,
    strength: float = 1.0,
    generator: torch.Generator | None = None,
    guidance_scale: float = 7.5,
    num_inference_steps: int = 20,
) -> Tensor:
    """(3,H,W) sRGB 0 … 1: the picture (3,H,W) painted anew where `mask` (H,W) 0 … 1 says, and as it was elsewhere.

    The pipeline sees, as far as its kind can, the picture, the mask, the body's normals (3,H,W) in view axes, and its
    depth (H,W): 1 at its nearest point, 0 behind it. A ControlNet's (of normals, or of depth by its name), for text,
    image to image or inpainting; depth-to-image, InstructPix2Pix, inpainting, image to image. BadData for another.
    """
    H, W = sizes("3 H W, H W, 3 H W, H W", picture, mask, normals, depth)
    width, height = (max(64, side // 8 * 8) for side in (W, H))

    def seen(image: Tensor) -> Tensor:
        return interpolate(image.reshape(1, -1, H, W), (height, width), mode="bilinear").clamp(0, 1)

    kind, image = type(pipeline).__name__, seen(picture)
    asked: dict[str, Any] = {"prompt": prompt, "output_type": "pt", "guidance_scale": guidance_scale}
    asked |= {"num_inference_steps": num_inference_steps, "generator": generator}
    if "ControlNet" in kind:
        control = seen(depth.expand(3, -1, -1) if sees_depth(pipeline) else (normals + 1) / 2 * (depth > 0))
        if "Inpaint" in kind or "Img2Img" in kind:
            asked |= {"image": image, "control_image": control, "strength": strength}
        else:
            asked |= {"image": control, "height": height, "width": width}
    elif "Depth2Img" in kind:
        asked |= {"image": image, "depth_map": seen(depth)[0], "strength": strength}
    elif "InstructPix2Pix" in kind:
        asked |= {"image": image}
    elif "Inpaint" in kind or "Img2Img" in kind:
        asked |= {"image": image, "strength": strength}
    else:
        expected = "a ControlNet, depth-to-image, inpainting or image-to-image model"
        raise BadData(f"{kind}: sees no picture, expected {expected}")
    if "Inpaint" in kind:
        asked |= {"mask_image": seen(mask), "height": height, "width": width}
    found = interpolate(pipeline(**asked).images.float().cpu(), (H, W), mode="bilinear")[0].clamp(0, 1)
    return picture + mask * (found - picture)


def dual_coloured(
    dual: DualAlbedoPipeline,
    normals: Tensor,
    colours: Tensor,
    words: str | None = None,
    *,
    strength: float = 1.0,
    guidance: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """(2,3,S,S) sRGB 0 … 1: front and back drawn anew, for `normals` (2,4,S,S) and `colours` (2,3,S,S), which it begins
    with; with a `strength` below 1 they are also what is noised [SDEdit]. Drawn in the model's own resolution; what is
    known stays as sharp as it is."""
    cover = normals[:, 3:]
    known = torch.cat([(2 * colours - 1) * cover, cover], dim=1)[None]
    drawn = asked(
        dual, normals[None], [words] if words else None, known, num_inference_steps=STEPS, guidance_scale=guidance,
        start=known if strength < 1 else None, strength=strength, generator=generator,
    )[0]  # fmt: skip
    return (0.5 + 0.5 * drawn[:, :3] / cover.clamp(min=1e-3)).clamp(0, 1) * (cover > 0)
