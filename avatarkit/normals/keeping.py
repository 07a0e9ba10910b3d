"""Hands, face and feet as the body has them, where what was drawn there is bare: models draw them badly."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatarkit.sitter import FACE, FEET, HANDS, Sitter

UNLIKE = 0.64
"""The cosine between a drawn normal and the body's, below which something covers the body: 50 degrees."""
SOFT = 9
"""Pixels of 512 over which the one becomes the other."""


def bodily(sitter: Sitter, found: Tensor) -> tuple[Tensor, Tensor]:
    """Drawn maps (2,4,S,S) with the body's own hands, face and feet where they are bare; and where those are (2,S,S).

    Bare is what lies within the drawn silhouette and looks, on the whole, where the body does.
    """
    own = sitter.maps
    shares = torch.stack([_skin(sitter, False), _skin(sitter, True)])
    alike = (own[:, :3] * found[:, :3]).sum(dim=1)
    wide = 2 * round(SOFT * sitter.size / 1024) + 1
    agreeing = avg_pool2d((alike > UNLIKE).float()[:, None], wide, 1, wide // 2)[:, 0]
    skin = (shares * own[:, 3] * (agreeing > 0.5)).clamp(0, 1)
    soft = avg_pool2d(skin[:, None], wide, 1, wide // 2, count_include_pad=False)
    soft = torch.minimum(soft, own[:, 3:]) * (found[:, 3:] > 0)
    normals = soft * own[:, :3] + (1 - soft) * found[:, :3]
    length = normals.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return torch.cat([normals / length * (found[:, 3:] > 0), found[:, 3:]], dim=1), skin


def _skin(sitter: Sitter, back: bool) -> Tensor:
    """(S,S): how much of each pixel shows hands, face (in front) or feet."""
    names = (*HANDS, *FEET) if back else (*HANDS, *FACE, *FEET)
    return sitter.shares(*names, farthest=back).sum(dim=-1).clamp(max=1)
