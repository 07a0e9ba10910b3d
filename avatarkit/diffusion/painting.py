"""A front normal map from words, painted over the body's by a pipeline of Stable Diffusion's kind [Chupa §3.4]."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

from avatarkit.diffusion.picturing import sees_depth
from avatarkit.errors import BadData
from avatarkit.mesh import unit
from avatarkit.shapes import sizes

REACH = 0.12
"""How far from the body, as a share of the picture, clothes and hair reach."""
UNIT = 0.35
"""How far from 1 the length of a painted normal may be."""
PROMPT = "normal map of {}, full body, front view, plain background"


def painted(
    pipeline: Any,
    body: Tensor,
    depth: Tensor,
    prompt: str,
    *,
    generator: torch.Generator | None = None,
    guidance_scale: float = 7.5,
    num_inference_steps: int = 20,
) -> Tensor:
    """(4,H,W): unit normals in view axes and coverage, for a body's front (4,H,W) and its depth (H,W), 1 at its nearest
    point, 0 behind it.

    The pipeline is a ControlNet's (of normals, or of depth by its name), InstructPix2Pix or depth-to-image. BadData
    for another, which would not see the body.
    """
    H, W = sizes("4 H W, H W", body, depth)
    kind = type(pipeline).__name__
    width, height = (max(64, side // 8 * 8) for side in (W, H))
    seen = interpolate(body[None], (height, width), mode="bilinear")[0]
    normals, near = (seen[:3] + 1) / 2 * seen[3:], interpolate(depth[None, None], (height, width))[0]
    asked: dict[str, Any] = {"prompt": PROMPT.format(prompt or "a clothed person"), "output_type": "pt"}
    asked |= {"guidance_scale": guidance_scale, "num_inference_steps": num_inference_steps, "generator": generator}
    if "ControlNet" in kind:
        control = near.expand(3, -1, -1) if sees_depth(pipeline) else normals
        asked |= {"image": control[None], "height": height, "width": width}
    elif "InstructPix2Pix" in kind:
        asked |= {"image": normals[None], "image_guidance_scale": 1.5}
    elif "Depth2Img" in kind:
        asked |= {"image": normals[None], "depth_map": near, "strength": 0.9}
    else:
        raise BadData(f"{kind}: does not see the body, expected a ControlNet, InstructPix2Pix or depth-to-image model")
    picture = pipeline(**asked).images.float().cpu()
    return _read(interpolate(picture, (H, W), mode="bilinear")[0], body)


def _read(picture: Tensor, body: Tensor) -> Tensor:
    """A painted picture (3,H,W) in 0 … 1 as normals; covered are the body, and what is near it and a normal at all."""
    vectors = 2 * picture - 1
    length = vectors.norm(dim=0)
    reach = 2 * round(REACH * body.shape[-1] / 2) + 1
    close = max_pool2d(body[None, 3:], reach, stride=1, padding=reach // 2)[0, 0] > 0.5
    is_normal = ((length - 1).abs() < UNIT) & (vectors[2] >= 0)
    cover = torch.maximum(body[3], (close & is_normal).float())
    ahead = torch.cat([vectors[:2], vectors[2:].clamp(min=0)])
    normals = unit(torch.where(is_normal, ahead, body[:3]).movedim(0, -1)).movedim(-1, 0)
    return torch.cat([normals * (cover > 0), cover[None]])
