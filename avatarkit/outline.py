"""Outlines in pictures: where a mask crosses one half, and which points of two outlines are meant to be the same."""

import torch
from torch import Tensor
from torch.nn import functional

ALIKE = 20.0
"""Pixels that two unlike outlines (cosine 1 between their normals) count as apart."""


def outline_of(mask: Tensor) -> tuple[Tensor, Tensor]:
    """(P,2) pixels: where mask (H,W) crosses 1/2 between neighbouring pixels' centres; and unit normals outwards."""
    mask = functional.pad(mask, (1, 1, 1, 1))
    soft = functional.avg_pool2d(mask[None, None], 5, 1, 2, count_include_pad=False)[0, 0]
    slope = -torch.stack(torch.gradient(soft)[::-1], dim=-1)
    points, normals = [], []
    for axis in (0, 1):
        last, size = torch.roll(mask, -1, axis), mask.shape[axis]
        crossed = (mask > 0.5) != (last > 0.5)
        crossed.select(axis, size - 1).fill_(False)
        row, column = crossed.nonzero().unbind(1)
        share = (mask[row, column] - 0.5) / (mask[row, column] - last[row, column])
        step = torch.stack([column + share * axis, row + share * (1 - axis)], dim=1)
        points.append(step - 0.5)  # a pixel's centre is half a pixel in, and one pixel was added on each side
        normals.append(slope[row, column] + slope[row + 1 - axis, column + axis])
    found = torch.cat(normals)
    return torch.cat(points), found / found.norm(dim=1, keepdim=True).clamp(min=1e-9)


def apart(pixels: Tensor, normals: Tensor, others: Tensor, other_normals: Tensor) -> Tensor:
    """(P,Q) pixels between outline points, those with unlike normals farther."""
    return torch.cdist(torch.cat([pixels, ALIKE * normals], dim=1), torch.cat([others, ALIKE * other_normals], dim=1))


def matched(pixels: Tensor, normals: Tensor, outline: Tensor, outwards: Tensor) -> tuple[Tensor, Tensor]:
    """(P,2), (P,2): for contour points, the mean of the outline's point nearest to each and of those that it is nearest
    to; and its normal."""
    if len(pixels) == 0:
        return pixels, normals
    between = apart(pixels, normals, outline, outwards)
    nearest, of_outline = between.argmin(dim=1), between.argmin(dim=0)
    counts = 1 + torch.bincount(of_outline, minlength=len(pixels))
    wanted = outline[nearest].index_add(0, of_outline, outline) / counts[:, None]
    outwards = outwards[nearest].index_add(0, of_outline, outwards)
    return wanted, outwards / outwards.norm(dim=1, keepdim=True).clamp(min=1e-9)
