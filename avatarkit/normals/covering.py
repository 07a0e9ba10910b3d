"""Maps put together: one silhouette for front and back, sides made elsewhere in their place."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatarkit.maps import Maps


def joined(maps: Maps, front: Tensor | None, back: Tensor | None) -> Maps:
    """The maps with `front` and `back` (4,S,S) for those of the tailor, all within the front's silhouette."""
    if front is None:
        return maps
    cover = front[3]
    sides = [front, covering(torch.from_numpy(maps.normals[1]).movedim(-1, 0), cover) if back is None else back]
    normals = torch.stack([torch.cat([side[:3] * (cover > 0), cover[None]]) for side in sides]).movedim(1, -1)
    shown = (cover > 0).numpy()[None, ..., None]
    labels = None if maps.labels is None else maps.labels * shown
    for k, given in enumerate((front, back)):
        if labels is not None and given is not None:
            labels[k, ..., 1] = shown[0, ..., 0]  # trusted as they were given, whatever the tailor knew
    albedo = None if maps.albedo is None else maps.albedo * shown
    return Maps(maps.views, normals.numpy().astype(np.float32), albedo, labels)


def covering(side: Tensor, cover: Tensor) -> Tensor:
    """A side's normals (4,S,S) wherever `cover` (S,S) is: what it lacks is spread from its rim, and turned outwards."""
    normals, known = side[:3] * (side[3] > 0.5), (side[3] > 0.5).float()
    while bool(((cover > 0) & (known == 0)).any()) and bool(known.any()):
        total = avg_pool2d(torch.cat([normals * known, known[None]])[None], 5, 1, 2)[0]
        new = (known == 0) & (total[3] > 0)
        normals = torch.where(new, total[:3] / total[3].clamp(min=1e-6), normals)
        known = torch.where(new, 1.0, known)
    length = normals.norm(dim=0).clamp(min=1e-6)
    return torch.cat([normals / length * (cover > 0), cover[None]])
