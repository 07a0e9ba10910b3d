"""Photos as the world makes them: other light and colours, shadows, blur, noise, JPEG, poor masks, things held before
the body, edges of the picture that cut people off."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

from avatarkit import picture
from avatarkit.flats import in_parts
from avatarkit.maps import PARTS
from avatarkit.training.views import unit

MIRRORED = 0.5
LARGER, TURNED, MOVED = 0.3, 8.0, 0.1
"""Of views: the greatest logarithm of how much larger or smaller they are seen, the standard deviation of how far they
are turned in the picture [degrees], and the greatest share of half the picture by which they are moved."""
VECTORS = {"body", "normals", "seen"}
"""Of what a view holds, what begins with normals."""
DYED = 0.5
"""The share of photos in which each part has another colour."""


def spoilt(given: dict[str, Tensor], generator: np.random.Generator) -> dict[str, Tensor]:
    """Views (named as `unpacked` names them) seen otherwise, and `shown` (B,4,H,W): their photos and masks, spoilt."""
    given = seen_otherwise(given, generator)
    return {**given, "shown": spoilt_photos(given, generator)}


def spoilt_photos(given: dict[str, Tensor], generator: np.random.Generator) -> Tensor:
    """(B,4,H,W): the photos and masks of views, half of them dyed, as the world makes them."""
    shown = []
    for photo, mask, labels in zip(given["photo"], given["mask"], given["labels"], strict=True):
        seen = dyed(photo, labels[0], dyes(generator)) if _by_chance(generator, DYED) else photo
        shown.append(photographed(seen, mask, generator))
    return torch.stack(shown)


def seen_otherwise(given: dict[str, Tensor], generator: np.random.Generator) -> dict[str, Tensor]:
    """Views nearer or farther, turned and moved, in a mirror half of the time."""
    return moved(mirrored(given) if _by_chance(generator, MIRRORED) else given, generator)


def photographed(photo: Tensor, mask: Tensor, generator: np.random.Generator) -> Tensor:
    """(4,H,W): a photo (3,H,W) sRGB 0 … 1 and its mask (1,H,W) spoilt in the ways above; black outside the mask."""
    photo = _recoloured(photo, generator)
    if _by_chance(generator, 0.4):
        photo = photo * _clouds(mask, generator, 0.45, 1.15)  # shadows and spots of light
    if _by_chance(generator, 0.3):
        photo, mask = _hidden(photo, mask, generator)
    if _by_chance(generator, 0.4):
        photo = _blurred(photo, generator)
    photo = photo.clamp(0, 1)
    if _by_chance(generator, 0.5):
        photo = photo + float(abs(generator.normal(0, 0.03))) * torch.from_numpy(
            generator.standard_normal(photo.shape, np.float32)
        )
    if _by_chance(generator, 0.25):
        photo = _compressed(photo.clamp(0, 1), int(generator.integers(25, 90)))
    if _by_chance(generator, 0.6):
        mask = _frayed(mask, generator)
    if _by_chance(generator, 0.15):
        mask = mask * _inside(mask, generator)
    return torch.cat([photo.clamp(0, 1) * mask, mask])


def mirrored(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Views (named as `unpacked` names them) seen in a mirror."""
    turned = {name: value.flip(-1) for name, value in given.items()}
    for name in VECTORS & turned.keys():
        turned[name][:, :, 0] *= -1
    return turned


def moved(given: dict[str, Tensor], generator: np.random.Generator) -> dict[str, Tensor]:
    """Views (named as `unpacked` names them) nearer or farther, turned in the picture and moved, each its own way, so
    that few people teach as more would."""
    H, W = given["cover"].shape[-2:]
    B, wide = len(given["cover"]), H / W
    size = np.exp(-generator.uniform(-LARGER, LARGER, B))
    turn = np.radians(generator.normal(0, TURNED, B))
    c, s, shift = np.cos(turn), np.sin(turn), generator.uniform(-MOVED, MOVED, (2, B))
    rows = [[size * c, -size * s * wide, shift[0]], [size * s / wide, size * c, shift[1]]]
    theta = torch.from_numpy(np.array(rows)).movedim(-1, 0).float()
    grid = affine_grid(theta, [B, 1, H, W], align_corners=False)
    names = [name for name in given if name != "labels"]
    flat = [given[name].reshape(B, -1, H, W) for name in names]
    found = grid_sample(torch.cat(flat, dim=1), grid, align_corners=False).split([part.shape[1] for part in flat], 1)
    seen = {name: part.reshape(given[name].shape) for name, part in zip(names, found, strict=True)}
    c, s = (torch.from_numpy(v).float()[:, None, None, None] for v in (c, s))
    for name in VECTORS & seen.keys():
        x, y, z = seen[name][:, :, :3].unbind(dim=2)
        turned = unit(torch.stack([c * x - s * y, s * x + c * y, z], dim=2))
        seen[name] = torch.cat([turned, seen[name][:, :, 3:]], dim=2)
    labels = grid_sample(given["labels"].float(), grid, mode="nearest", align_corners=False).long()
    return {**seen, "labels": labels * (seen["cover"] > 0)[:, None]}


def dyes(generator: np.random.Generator) -> Tensor:
    """(PARTS,3): by how much the colours of each part are multiplied, for other clothes and hair."""
    count = len(PARTS)
    gains = np.exp(generator.normal(0, 0.5, (count, 1)) + generator.normal(0, 0.25, (count, 3)))
    gains[[PARTS.index(name) for name in ("nothing", "skin", "eyes")]] = 1
    return torch.from_numpy(gains).float()


def dyed(colours: Tensor, labels: Tensor, gains: Tensor) -> Tensor:
    """(…,3,H,W): colours of parts, by the `labels` (…,H,W) of what they show, multiplied by `gains` (PARTS,3)."""
    return (colours * in_parts(gains, labels)).clamp(0, 1)


def _by_chance(generator: np.random.Generator, share: float) -> bool:
    return bool(generator.uniform() < share)


def _recoloured(photo: Tensor, generator: np.random.Generator) -> Tensor:
    """Gain, tint, gamma, saturation; now and then with its channels exchanged, for dyes nobody wears."""
    grey = photo.mean(dim=0, keepdim=True)
    photo = grey + float(generator.uniform(0.2, 1.5)) * (photo - grey)
    gain = torch.from_numpy(np.exp(generator.normal(0, 0.25) + generator.normal(0, 0.08, 3))).float()
    photo = (photo.clamp(0, 1) ** float(np.exp(generator.normal(0, 0.25)))) * gain[:, None, None]
    return photo[torch.from_numpy(generator.permutation(3))] if _by_chance(generator, 0.15) else photo


def _clouds(like: Tensor, generator: np.random.Generator, low: float, high: float) -> Tensor:
    """(1,H,W): a field between two values, soft or with edges."""
    cells = int(generator.integers(2, 8))
    field = torch.from_numpy(generator.uniform(size=(1, 1, cells, cells))).float()
    field = interpolate(field, like.shape[-2:], mode="bilinear")[0]
    sharp = float(generator.uniform(1, 20))
    return low + (high - low) * torch.sigmoid(sharp * (field - 0.5))


def _hidden(photo: Tensor, mask: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A bar or a blob of some colours before the person; the mask takes it for the person, or leaves it out."""
    H, W = photo.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, H), torch.linspace(-1, 1, W) * W / H, indexing="ij")
    (cx, cy), turn = generator.uniform(-0.5, 0.5, 2), generator.uniform(0, np.pi)
    u, v = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn), (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
    long, wide = generator.uniform(0.05, 0.4), generator.uniform(0.02, 0.15)
    shape = ((u.abs() / long) ** 4 + (v.abs() / wide) ** 4 < 1).float()[None]
    colours = torch.from_numpy(generator.uniform(size=(2, 3))).float()[:, :, None, None]
    thing = colours[0] + (colours[1] - colours[0]) * _clouds(mask, generator, 0.0, 1.0)
    photo = photo * (1 - shape) + thing * shape
    return photo, torch.maximum(mask, shape * (avg_pool2d(mask, 9, 1, 4) > 0)) if _by_chance(
        generator, 0.7
    ) else mask * (1 - shape)


def _blurred(photo: Tensor, generator: np.random.Generator) -> Tensor:
    small = [int(side * share) for share in (generator.uniform(0.2, 0.8),) for side in photo.shape[-2:]]
    less = interpolate(photo[None], small, mode="bilinear", antialias=True)
    return interpolate(less, photo.shape[-2:], mode="bilinear")[0]


def _compressed(photo: Tensor, quality: int) -> Tensor:
    again = picture.compressed((255 * photo).byte().movedim(0, -1).numpy(), quality)
    return torch.from_numpy(again).movedim(-1, 0).float() / 255


def _frayed(mask: Tensor, generator: np.random.Generator) -> Tensor:
    """Its edge off by some pixels here and there, softer or harder."""
    wide = 2 * int(generator.integers(1, max(2, mask.shape[-2] // 64))) + 1
    soft = avg_pool2d(mask[None], wide, 1, wide // 2)[0]
    level = _clouds(mask, generator, float(generator.uniform(0.15, 0.5)), float(generator.uniform(0.5, 0.85)))
    return ((soft - level) * float(generator.uniform(2, 2 * wide)) + 0.5).clamp(0, 1)


def _inside(mask: Tensor, generator: np.random.Generator) -> Tensor:
    """(1,H,W): 0 beyond an edge of the picture that cuts the person off."""
    kept, share = torch.ones_like(mask), generator.uniform(0.05, 0.4)
    side = int(generator.choice(4, p=[0.1, 0.6, 0.15, 0.15]))
    rows = kept if side < 2 else kept.transpose(1, 2)
    cut = int(rows.shape[1] * share)
    rows[:, slice(0, cut) if side % 2 == 0 else slice(rows.shape[1] - cut, None)] = 0
    return kept
