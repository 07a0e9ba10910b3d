"""Photos as the world makes them: other light and colours, shadows, blur, noise, JPEG, poor masks, things held before
the body, edges of the picture that cut people off."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from avatarkit import picture

MIRRORED = 0.5


def photographed(photo: Tensor, mask: Tensor, generator: np.random.Generator) -> Tensor:
    """(4,S,S): a photo (3,S,S) sRGB 0 … 1 and its mask (1,S,S) spoilt in the ways above; black outside the mask."""
    S = photo.shape[-1]
    photo = _recoloured(photo, generator)
    if _by_chance(generator, 0.4):
        photo = photo * _clouds(S, generator, 0.45, 1.15)  # shadows and spots of light
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
        mask = mask * _inside(S, generator)
    return torch.cat([photo.clamp(0, 1) * mask, mask])


def mirrored(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Views (named as `unpacked` names them) seen in a mirror."""
    turned = {name: value.flip(-1) for name, value in given.items()}
    for name in ("body", "normals"):
        turned[name][:, :, 0] *= -1
    return turned


def _by_chance(generator: np.random.Generator, share: float) -> bool:
    return bool(generator.uniform() < share)


def _recoloured(photo: Tensor, generator: np.random.Generator) -> Tensor:
    """Gain, tint, gamma, saturation; now and then with its channels exchanged, for dyes nobody wears."""
    grey = photo.mean(dim=0, keepdim=True)
    photo = grey + float(generator.uniform(0.2, 1.5)) * (photo - grey)
    gain = torch.from_numpy(np.exp(generator.normal(0, 0.25) + generator.normal(0, 0.08, 3))).float()
    photo = (photo.clamp(0, 1) ** float(np.exp(generator.normal(0, 0.25)))) * gain[:, None, None]
    return photo[torch.from_numpy(generator.permutation(3))] if _by_chance(generator, 0.15) else photo


def _clouds(S: int, generator: np.random.Generator, low: float, high: float) -> Tensor:
    """(1,S,S): a field between two values, soft or with edges."""
    cells = int(generator.integers(2, 8))
    field = interpolate(torch.from_numpy(generator.uniform(size=(1, 1, cells, cells))).float(), (S, S), mode="bicubic")[
        0
    ]
    sharp = float(generator.uniform(1, 20))
    return low + (high - low) * torch.sigmoid(sharp * (field - 0.5))


def _hidden(photo: Tensor, mask: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A bar or a blob of some colours before the person; the mask takes it for the person, or leaves it out."""
    S = photo.shape[-1]
    y, x = torch.meshgrid(torch.linspace(-1, 1, S), torch.linspace(-1, 1, S), indexing="ij")
    (cx, cy), turn = generator.uniform(-0.5, 0.5, 2), generator.uniform(0, np.pi)
    u, v = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn), (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
    long, wide = generator.uniform(0.05, 0.4), generator.uniform(0.02, 0.15)
    shape = ((u.abs() / long) ** 4 + (v.abs() / wide) ** 4 < 1).float()[None]
    colours = torch.from_numpy(generator.uniform(size=(2, 3))).float()[:, :, None, None]
    thing = colours[0] + (colours[1] - colours[0]) * _clouds(S, generator, 0.0, 1.0)
    photo = photo * (1 - shape) + thing * shape
    return photo, torch.maximum(mask, shape * (avg_pool2d(mask, 9, 1, 4) > 0)) if _by_chance(
        generator, 0.7
    ) else mask * (1 - shape)


def _blurred(photo: Tensor, generator: np.random.Generator) -> Tensor:
    S = photo.shape[-1]
    small = int(S * generator.uniform(0.2, 0.8))
    less = interpolate(photo[None], (small, small), mode="bilinear", antialias=True)
    return interpolate(less, (S, S), mode="bilinear")[0]


def _compressed(photo: Tensor, quality: int) -> Tensor:
    again = picture.compressed((255 * photo).byte().movedim(0, -1).numpy(), quality)
    return torch.from_numpy(again).movedim(-1, 0).float() / 255


def _frayed(mask: Tensor, generator: np.random.Generator) -> Tensor:
    """Its edge off by some pixels here and there, softer or harder."""
    S = mask.shape[-1]
    wide = 2 * int(generator.integers(1, max(2, S // 64))) + 1
    soft = avg_pool2d(mask[None], wide, 1, wide // 2)[0]
    level = _clouds(S, generator, float(generator.uniform(0.15, 0.5)), float(generator.uniform(0.5, 0.85)))
    return ((soft - level) * float(generator.uniform(2, 2 * wide)) + 0.5).clamp(0, 1)


def _inside(S: int, generator: np.random.Generator) -> Tensor:
    """(1,S,S): 0 beyond an edge of the picture that cuts the person off."""
    kept = torch.ones(1, S, S)
    cut = int(S * generator.uniform(0.05, 0.4))
    side = int(generator.choice(4, p=[0.1, 0.6, 0.15, 0.15]))
    rows = kept if side < 2 else kept.transpose(1, 2)
    rows[:, slice(0, cut) if side % 2 == 0 else slice(S - cut, S)] = 0
    return kept
