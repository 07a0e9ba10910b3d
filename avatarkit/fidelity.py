"""How alike two pictures of a person are: PSNR and SSIM inside of a mask (DESIGN §7), differentiable."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from avatarkit.shapes import sizes

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
"""Of Wang et al. 2004, for values of 0 … 1."""


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
