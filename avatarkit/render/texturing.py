"""Textures: bilinear samples, and trilinear ones between an image's halvings."""

from typing import Literal

import torch
from torch import Tensor

from avatarkit.render.sampling import Bilinear
from avatarkit.shapes import sizes


def texture(
    image: Tensor, uv: Tensor, *, level: Tensor | None = None, wrap: Literal["repeat", "clamp"] = "repeat"
) -> Tensor:
    """(N,H,W,C): `image` (h,w,C) or (N,h,w,C) at `uv` (N,H,W,2): u right, v down, (0, 0) the image's top left corner.

    Bilinear; with `level` (N,H,W) trilinear among the image's halvings: 0 is the image itself, 1 its half. Gradients
    reach image, uv, and level between whole ones.
    """
    N, H, W = sizes("N H W 2", uv)
    images = image[None] if image.dim() == 3 else image
    if len(images) not in (1, N):
        raise ValueError(f"texture: {len(images)} images for {N} views, expected one or as many")
    if level is None:
        return _bilinear(images, uv, wrap)
    sizes("N H W, N H W 2", level, uv)
    mips = [images]
    while min(mips[-1].shape[1:3]) > 1 and len(mips) <= float(level.detach().max()) + 1:
        halved = torch.nn.functional.avg_pool2d(mips[-1].permute(0, 3, 1, 2), 2, ceil_mode=True)
        mips.append(halved.permute(0, 2, 3, 1))
    level = level.clamp(0, len(mips) - 1)
    result = torch.zeros(N, H, W, image.shape[-1], dtype=image.dtype, device=image.device)
    for n, mip in enumerate(mips):
        share = (1 - (level - n).abs()).clamp(min=0)
        if bool((share > 0).any()):
            result = result + share[..., None].to(image.dtype) * _bilinear(mip, uv, wrap)
    return result


def _bilinear(images: Tensor, uv: Tensor, wrap: str) -> Tensor:
    places = uv.reshape(len(uv), -1, 2)
    found: Tensor = Bilinear.apply(images, places, wrap == "repeat")  # type: ignore[no-untyped-call]
    return found.reshape(*uv.shape[:3], images.shape[3])


def texture_level(uvs: Tensor, rast: Tensor, clip: Tensor, faces: Tensor, texture_size: tuple[int, int]) -> Tensor:
    """(N,H,W): log2 of the texels that a pixel spans, for `texture`; `uvs` (F,3,2), `texture_size` (width, height).

    The longer of the uv's steps to the next pixel right and down on the same triangle's plane; 0 where nothing is.
    """
    _, N, H, W, _ = sizes("F 3 2, N H W 4, N V 4, F 3", uvs, rast, clip, faces)
    where = rast[..., 3].nonzero(as_tuple=True)
    face = rast[where][:, 3].long() - 1
    corners = clip.detach()[where[0][:, None], faces[face]].double()
    centres = torch.stack([where[2], where[1]], dim=1).double() + 0.5
    here, right, down = (_uv_at(corners, uvs[face], centres + centres.new_tensor(d), (W, H)) for d in _STEPS)
    texels = torch.stack([right - here, down - here]) * uvs.new_tensor(texture_size)
    spans = texels.norm(dim=-1).amax(dim=0).clamp(min=1e-6)
    return uvs.new_zeros(N, H, W).index_put(where, spans.log2().to(uvs.dtype))


_STEPS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))


def _uv_at(corners: Tensor, uvs: Tensor, pixels: Tensor, size: tuple[int, int]) -> Tensor:
    ndc = pixels * 2 / pixels.new_tensor(size) - 1
    p, q = (corners[..., :2] - ndc[:, None] * corners[..., 3:]).unbind(dim=-1)
    areas = p.roll(-1, 1) * q.roll(-2, 1) - q.roll(-1, 1) * p.roll(-2, 1)
    total = areas.sum(dim=1, keepdim=True)
    weights = areas / torch.where(total.abs() < 1e-30, 1, total)
    return (weights.unsqueeze(-1) * uvs.double()).sum(dim=1)
