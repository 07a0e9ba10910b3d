"""How alike two pictures of a person are: PSNR and SSIM inside of a mask (DESIGN §7), differentiable; and the pictures,
of a mesh's colours without light."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.camera import Camera
from avatarkit.mesh import Mesh
from avatarkit.shapes import sizes

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
"""Of Wang et al. 2004, for values of 0 … 1."""


def is_coloured(mesh: Mesh) -> bool:
    """Has it a picture with UVs, or colours of its vertices?"""
    return (mesh.uvs is not None and "base_colour" in mesh.images) or "colours" in mesh.attributes


def unlit(mesh: Mesh, camera: Camera, *, fine: int = 2) -> Tensor:
    """(H,W,3) sRGB 0 … 1: the base colour as the camera sees it, without light, black where nothing is; `fine`² samples
    a pixel. `colours` of vertices, where there is no picture, are linear, as glTF has them."""
    W, H = camera.size
    large = cameras.resized(camera, (fine * W, fine * H))
    depth = cameras.project(large, mesh.vertices)[1]
    clip_from_world = cameras.clip_from_world(large, float(depth.min()) - 0.1, float(depth.max()) + 0.1)
    clip = (mesh.vertices @ clip_from_world[:, :3].T + clip_from_world[:, 3])[None]
    raster = render.rasterize(clip, mesh.faces, large.size)
    where = raster[..., 3].nonzero(as_tuple=True)
    colours = _colours_at(mesh, raster[where])
    image = torch.zeros(1, H * fine, W * fine, 4).index_put(where, torch.cat([colours, torch.ones(len(colours), 1)], 1))
    mean = torch.nn.functional.avg_pool2d(image.movedim(-1, 1), fine)[0].movedim(0, -1)
    return mean[..., :3] / mean[..., 3:].clamp(min=1e-6)


def _colours_at(mesh: Mesh, at: Tensor) -> Tensor:
    """(P,3) of what a raster says of pixels (P,4)."""
    face = at[:, 3].long() - 1
    shares = torch.stack([at[:, 0], at[:, 1], 1 - at[:, 0] - at[:, 1]], dim=1)[..., None]
    if mesh.uvs is not None and "base_colour" in mesh.images:
        uv = (mesh.uvs[face] * shares).sum(dim=1)
        return render.texture(mesh.images["base_colour"][..., :3].float() / 255, uv[None, None])[0, 0]
    linear = (mesh.attributes["colours"][mesh.faces[face], :3] * shares).sum(dim=1).clamp(0, 1)
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=1e-6) ** (1 / 2.4) - 0.055)


def psnr(image: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """() decibels between pictures (H,W,C) of 0 … 1 where `mask` (H,W) bool is; infinite where they are the same."""
    sizes("H W C, H W C, H W", image, truth, mask)
    return -10 * (image - truth)[mask].square().mean().log10()


def ssim(image: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """() the structural similarity (Wang et al. 2004, Gaussian windows) of pictures (H,W,C) of 0 … 1: its mean over
    `mask` (H,W) bool, with windows that see nothing but the mask."""
    sizes("H W C, H W C, H W", image, truth, mask)
    x, y, weight = image.movedim(-1, 0)[:, None], truth.movedim(-1, 0)[:, None], mask[None, None].to(image)
    share = _blurred(weight).clamp(min=1e-6)
    mean_x, mean_y = _blurred(x * weight) / share, _blurred(y * weight) / share
    xx, yy, xy = (_blurred(a * b * weight) / share for a, b in ((x, x), (y, y), (x, y)))
    apart = (2 * mean_x * mean_y + C1) * (2 * (xy - mean_x * mean_y) + C2)
    total = (mean_x.square() + mean_y.square() + C1) * (xx - mean_x.square() + yy - mean_y.square() + C2)
    return (apart / total)[:, 0].movedim(0, -1)[mask].mean()


def eroded(mask: Tensor, pixels: int) -> Tensor:
    """The mask (H,W) bool without what is within `pixels` of its outline, or of the picture's."""
    outside = torch.nn.functional.pad((~mask)[None, None].float(), (pixels,) * 4, value=1.0)
    return max_pool2d(outside, 2 * pixels + 1, stride=1)[0, 0] < 0.5


def _blurred(images: Tensor) -> Tensor:
    """(N,1,H,W) images under a Gaussian window."""
    steps = torch.arange(WINDOW, dtype=images.dtype, device=images.device) - WINDOW // 2
    window = torch.exp(-steps.square() / (2 * SIGMA**2))
    window = window / window.sum()
    across = conv2d(images, window.reshape(1, 1, 1, -1), padding=(0, WINDOW // 2))
    return conv2d(across, window.reshape(1, 1, -1, 1), padding=(WINDOW // 2, 0))
