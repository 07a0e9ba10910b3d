"""A dressed mesh drawn in the image plane until its outline is a mask's: all of it moves, smoothly, so that normals
stay those of one surface, and front and back keep one silhouette.

    outline of the mesh ──► nearest outline of the mask of like normal: steps at outline points
    steps, blurred over the image, wide at first and then narrow: a field that every vertex follows
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.camera import Camera
from avatarkit.evidence import sampled
from avatarkit.outline import outline_of
from avatarkit.shapes import sizes

SIDE = 256
"""Pixels of the view in which outlines are compared."""
GRID = 64
"""Cells of the field of steps, which is smooth."""
ROUNDS = (20.0, 14.0, 10.0, 8.0, 6.0, 5.0, 4.0, 4.0)
"""Pixels over which the steps of a round are blurred."""
LONGEST = 14.0
"""Pixels of one step, no more."""
ALIKE = 16.0
"""Pixels that two unlike normals (cosine 1 between them) count as apart."""
QUIET = 0.4
"""The weight of no outline: what is far from every one hardly moves."""


def followed(vertices: Tensor, faces: Tensor, camera: Camera, mask: Tensor, held: Tensor) -> Tensor:
    """`vertices` (V,3) moved so that the mesh covers `mask` (S,S) in `camera`; those of `held` (V) 1 stay."""
    (V,) = sizes("V 3, V", vertices, held)
    small = cameras.resized(camera, (SIDE, SIDE))
    wanted = functional.interpolate(mask[None, None], (SIDE, SIDE), mode="area")[0, 0]
    target, outwards = outline_of(wanted)
    if len(target) == 0:
        return vertices
    for blur in ROUNDS:
        _, cover = render.render(vertices, faces, [small], vertices.new_zeros(V, 1))
        own, normals = outline_of(cover[0])
        if len(own) == 0:
            return vertices
        steps = _steps(own, normals, target, outwards)
        field = _blurred(own, steps, blur)
        pixels, depth = cameras.project(small, vertices)
        moved = pixels + (1 - held)[:, None] * sampled(field, pixels * GRID / SIDE)
        vertices = cameras.unproject(small, moved, depth)
    return vertices


def _steps(own: Tensor, normals: Tensor, target: Tensor, outwards: Tensor) -> Tensor:
    """(P,2) pixels from each point of the own outline to its counterpart: the mean of the target's point nearest to it
    and of those that it is nearest to."""
    apart = torch.cdist(torch.cat([own, ALIKE * normals], 1), torch.cat([target, ALIKE * outwards], 1))
    nearest, of_target = apart.argmin(dim=1), apart.argmin(dim=0)
    counts = 1 + torch.bincount(of_target, minlength=len(own))
    steps = (target[nearest].index_add(0, of_target, target)) / counts[:, None] - own
    length = steps.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return steps * (LONGEST / length).clamp(max=1)


def _blurred(places: Tensor, steps: Tensor, blur: float) -> Tensor:
    """(2,GRID,GRID): the steps at `places` (P,2), averaged with Gaussian weights of so many pixels."""
    x, y = (places * GRID / SIDE).long().clamp(0, GRID - 1).unbind(1)
    splat = torch.zeros(3, GRID * GRID).index_add_(1, y * GRID + x, torch.cat([steps.T, torch.ones(1, len(steps))]))
    cells = torch.arange(GRID)
    weights = torch.exp(-0.5 * ((cells[:, None] - cells) * (SIDE / GRID / blur)) ** 2)
    image = weights @ splat.reshape(3, GRID, GRID) @ weights
    return image[:2] / (image[2] + QUIET * blur)
