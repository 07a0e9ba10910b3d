"""Bilinear samples of images and their gradients, as kernels: four texels a sample, one sample after another."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit.kernels import compiled, inlined
from avatarkit.render.engine import run


class Bilinear(torch.autograd.Function):
    """(N,P,C): `images` (M,h,w,C) at `uv` (N,P,2); gradients reach both, in one order on any number of threads."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, uv: Tensor, repeat: bool) -> Tensor:
        """M is 1 or N; `repeat`: beyond a side lies the other one, else the side itself."""
        ctx.save_for_backward(images, uv)
        ctx.repeat = repeat
        found = torch.empty(*uv.shape[:2], images.shape[3], dtype=images.dtype)
        run(sample, uv.shape[0], _array(images), _array(uv), repeat, found.numpy())
        return found.to(images.device)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        """The gradients to images and uv, of those to what was found."""
        images, uv = ctx.saved_tensors
        slope = _array(slopes[0].to(images.dtype))
        to_images = to_uv = None
        if ctx.needs_input_grad[0]:
            whole = torch.zeros(images.shape, dtype=images.dtype)
            # several views of one image add to the same texels: that is one task
            run(spread, len(images), _array(uv), slope, ctx.repeat, whole.numpy())
            to_images = whole.to(images.device)
        if ctx.needs_input_grad[1]:
            moved = torch.empty(uv.shape, dtype=uv.dtype)
            run(steepness, uv.shape[0], _array(images), _array(uv), slope, ctx.repeat, moved.numpy())
            to_uv = moved.to(uv.device)
        return to_images, to_uv, None


def _array(tensor: Tensor) -> np.ndarray:
    found: np.ndarray = tensor.detach().cpu().contiguous().numpy()
    return found


@inlined
def footprint(u, v, w, h, repeat):
    """Columns and rows of the four texels around a place, and how far it is from the first ones."""
    x, y = u * w - 0.5, v * h - 0.5
    left, top = np.floor(x), np.floor(y)
    column, row = int(left), int(top)
    if repeat:
        return column % w, (column + 1) % w, row % h, (row + 1) % h, x - left, y - top
    right, bottom = min(max(column + 1, 0), w - 1), min(max(row + 1, 0), h - 1)
    return min(max(column, 0), w - 1), right, min(max(row, 0), h - 1), bottom, x - left, y - top


@compiled
def sample(first, stride, tasks, images, uv, repeat, found):
    """`found` (N,P,C): the images at uv."""
    h, w, C = images.shape[1:]
    for n in range(first, tasks, stride):
        image = images[n % len(images)]
        for p in range(uv.shape[1]):
            i, k, j, m, x, y = footprint(uv[n, p, 0], uv[n, p, 1], w, h, repeat)
            for c in range(C):
                upper = image[j, i, c] + x * (image[j, k, c] - image[j, i, c])
                lower = image[m, i, c] + x * (image[m, k, c] - image[m, i, c])
                found[n, p, c] = upper + y * (lower - upper)


@compiled
def spread(first, stride, tasks, uv, slope, repeat, whole):
    """`whole` (M,h,w,C) plus what samples of `slope` (N,P,C) hang on each texel."""
    h, w, C = whole.shape[1:]
    for n in range(first, tasks, stride):
        image = whole[n]
        for view in range(n, len(uv), tasks):
            for p in range(uv.shape[1]):
                i, k, j, m, x, y = footprint(uv[view, p, 0], uv[view, p, 1], w, h, repeat)
                for c in range(C):
                    upper, lower = slope[view, p, c] * (1 - y), slope[view, p, c] * y
                    image[j, i, c] += upper * (1 - x)
                    image[j, k, c] += upper * x
                    image[m, i, c] += lower * (1 - x)
                    image[m, k, c] += lower * x


@compiled
def steepness(first, stride, tasks, images, uv, slope, repeat, moved):
    """`moved` (N,P,2): the gradient to uv."""
    h, w, C = images.shape[1:]
    for n in range(first, tasks, stride):
        image = images[n % len(images)]
        for p in range(uv.shape[1]):
            i, k, j, m, x, y = footprint(uv[n, p, 0], uv[n, p, 1], w, h, repeat)
            right, down = 0.0, 0.0
            for c in range(C):
                a, b, d, e = image[j, i, c], image[j, k, c], image[m, i, c], image[m, k, c]
                right += slope[n, p, c] * (b - a + y * (e - d - b + a))
                down += slope[n, p, c] * (d - a + x * (e - d - b + a))
            moved[n, p, 0], moved[n, p, 1] = right * w, down * h
