"""A texture's last touch: what a renderer shows on either side of a cut is made one colour.

A renderer mixes four texels, near a cut also such that no chart shows: so both sides differ, though the surface's
colour is one. What it shows is linear in the texels [Liu et al. 2017, Seamless: Seam erasure]; those c of

    sum over texels of  firmness (c - c0)^2  +  BOND sum over places on cuts of  (shown(one side) - shown(other))^2

are found by conjugate gradients: texels that no chart shows give way first.
"""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.atlas import Atlas, Texels, seams
from avatarkit.shapes import sizes
from avatarkit.springs import conjugate_gradients

APART = 0.5
"""Texels between places on a cut, at most."""
BOND = 8.0
"""How much a place on a cut counts beside a texel that a chart shows."""
LOOSE = 0.02
"""The firmness of a texel that no chart shows."""
ROUNDS, EXACT = 80, 1e-3


def joined(image: Tensor, atlas: Atlas, shown: Texels) -> Tensor:
    """The padded image (S,S,C) of 0 … 1 with the texels about cuts changed so that both sides of them look alike."""
    (S, C) = sizes("S S C", image)
    texel, share = _footprints(atlas, S)
    if len(texel) == 0:
        return image
    used, local = texel.unique(return_inverse=True)
    firm = torch.where((shown.face.reshape(-1)[used] >= 0), 1.0, LOOSE)[:, None]
    start = image.reshape(-1, C)[used]

    def difference(x: Tensor) -> Tensor:
        return sum((x[local[:, k]] * share[:, k, None] for k in range(1, 8)), x[local[:, 0]] * share[:, 0, None])

    def gathered(y: Tensor) -> Tensor:
        found = torch.zeros_like(start)
        for k in range(8):
            found.index_add_(0, local[:, k], y * share[:, k, None])
        return found

    diagonal = torch.zeros(len(used)).index_add(0, local.reshape(-1), share.square().reshape(-1))
    diagonal = firm + BOND * diagonal[:, None]
    change = conjugate_gradients(
        lambda x: firm * x + BOND * gathered(difference(x)),
        -BOND * gathered(difference(start)),
        torch.zeros_like(start),
        diagonal,
        rounds=ROUNDS,
        exact=EXACT,
    )
    found = image.reshape(-1, C).clone()
    found[used] = (start + change).clamp(0, 1)
    return found.reshape(image.shape)


def _footprints(atlas: Atlas, S: int) -> tuple[Tensor, Tensor]:
    """(M,8) texels of the two sides of M places on cuts, and their shares: of the second side they are negative."""
    one, other = seams(atlas).unbind(dim=1)
    ends = []
    for (face, k), turned in ((one.unbind(1), False), (other.unbind(1), True)):
        a, b = atlas.uvs[face, k], atlas.uvs[face, (k + 1) % 3]
        ends.append((b, a) if turned else (a, b))
    longest = torch.stack([(b - a).norm(dim=1) for a, b in ends]).amax(dim=0) * S
    count = (longest / APART).ceil().long().clamp(min=1)
    edge = torch.arange(len(count)).repeat_interleave(count)
    place = torch.arange(len(edge)) - (count.cumsum(0) - count)[edge]
    along = ((place + 0.5) / count[edge])[:, None]
    texels, shares = [], []
    for sign, (a, b) in zip((1.0, -1.0), ends, strict=True):
        at = torch.lerp(a[edge], b[edge], along) * S - 0.5
        corner = at.floor()
        x, y = (at - corner).unbind(1)
        for right, down, share in ((0, 0, (1 - x) * (1 - y)), (1, 0, x * (1 - y)), (0, 1, (1 - x) * y), (1, 1, x * y)):
            column, row = ((corner + corner.new_tensor([right, down])).long().clamp(0, S - 1)).unbind(1)
            texels.append(row * S + column)
            shares.append(sign * share)
    return torch.stack(texels, dim=1), torch.stack(shares, dim=1)
