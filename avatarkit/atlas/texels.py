"""Which point of the surface each texel shows, and colours grown beyond the charts."""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit import render
from avatarkit.atlas.atlas import Atlas
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Texels:
    """The surface at the centre of each of `size`² texels."""

    size: int
    face: Tensor
    """(S,S) int64, -1 where no chart is"""
    barycentric: Tensor
    """(S,S,3) float32: weights of the face's corners, 0 where no chart is"""


def texels(atlas: Atlas, size: int) -> Texels:
    """What the texels of a square texture show; a centre on an edge belongs to one of its faces."""
    raster = render.rasterize(*flat(atlas.uvs), (size, size))[0]
    face = raster[..., 3].long() - 1
    first, second = raster[..., 0], raster[..., 1]
    barycentric = torch.stack([first, second, 1 - first - second], dim=-1).clamp(0, 1)
    return Texels(size, face, torch.where((face >= 0)[..., None], barycentric, 0))


def flat(uvs: Tensor) -> tuple[Tensor, Tensor]:
    """Clip space (1,3F,4) and faces (F,3) of the charts, for the renderer, each face at a depth of its own."""
    (F,) = sizes("F 3 2", uvs)
    depth = torch.linspace(-0.5, 0.5, max(F, 1))[:F].repeat_interleave(3)
    clip = torch.cat([uvs.reshape(-1, 2).float() * 2 - 1, depth[:, None], torch.ones(3 * F, 1)], dim=1)
    return clip[None], torch.arange(3 * F).reshape(-1, 3)


AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def padded(image: Tensor, shown: Texels, width: int = 8) -> Tensor:
    """The image (S,S,C) with the colour of the nearest chart's texel grown into what is up to `width` texels beyond it.

    So filters that reach over a chart's rim find its own colours. Farther texels stay as they are.
    """
    (S, _) = sizes("S S C", image)
    known = (shown.face >= 0).reshape(-1)
    source = torch.where(known, torch.arange(S * S), -1)
    front = known.nonzero()[:, 0]
    for _ in range(width):
        front = _grown(source, front, S)
    filled = image.reshape(S * S, -1).clone()
    grown = (source >= 0) & ~known
    filled[grown] = filled[source[grown]]
    return filled.reshape(image.shape)


def _grown(source: Tensor, front: Tensor, S: int) -> Tensor:
    """One ring: unknown neighbours of the `front` get the nearest `source` among those offered; returns the ring."""
    row, column = front // S, front % S
    found, offered = [], []
    for down, right in AROUND:
        inside = (row + down >= 0) & (row + down < S) & (column + right >= 0) & (column + right < S)
        there = (front + down * S + right)[inside]
        free = source[there] < 0
        found.append(there[free])
        offered.append(source[front[inside][free]])
    ring, by = torch.cat(found), torch.cat(offered)
    distance = (ring // S - by // S).square() + (ring % S - by % S).square()
    # nearest first, then the first source: results depend on no order
    order = torch.argsort(distance * S * S + by)
    order = order[torch.argsort(ring[order], stable=True)]
    ring, by = ring[order], by[order]
    first = torch.ones(len(ring), dtype=torch.bool)
    first[1:] = ring[1:] != ring[:-1]
    source[ring[first]] = by[first]
    return ring[first]
