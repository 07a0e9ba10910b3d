"""A photo's colours without its light: low-frequency shading, fitted to the normals and taken away."""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.shapes import sizes

ROUNDS = 8
DARKEST, BRIGHTEST = 0.35, 2.0
"""Of the light that is taken away, where 1 is its mean."""
MOST = 100_000
"""Places that the fit looks at."""
RIDGE = 1e-3


def delit(colours: Tensor, weights: Tensor, normals: Tensor, labels: Tensor) -> Tensor:
    """Colours (P,3) sRGB 0 … 1 as they would be in even light, of as much light as there was on average.

    Linear luminance is taken to be a_l s(n): of each label (P) its own albedo, and for all of them one shading of
    second-order spherical harmonics of the normals (P,3) [Ramamoorthi and Hanrahan 2001], fitted by turns where
    `weights` (P) say that something is seen. Cast shadows stay.
    """
    sizes("P 3, P, P 3, P", colours, weights, normals, labels)
    linear = _linear(colours)
    chosen = (weights > 0.5).nonzero()[:, 0]
    if len(chosen) < 100:
        return colours
    chosen = chosen[:: max(1, len(chosen) // MOST)]
    basis, light, label = harmonics(normals[chosen]), linear[chosen].mean(dim=1).clamp(min=1e-4), labels[chosen]
    K = int(labels.max()) + 1
    count = torch.zeros(K).index_add(0, label, torch.ones(len(label))).clamp(min=1)
    albedo, shading = torch.ones(K), torch.ones(len(label))
    for _ in range(ROUNDS):
        logs = torch.zeros(K).index_add(0, label, (light / shading).log())
        albedo = (logs / count).exp()
        wanted = light / albedo[label]
        # what is far off is a pattern or a cast shadow
        trust = 1 / (1 + ((wanted - shading) / 0.25).square())
        normal = (basis * trust[:, None]).T @ basis + RIDGE * len(label) * torch.eye(9)
        fitted = torch.linalg.solve(normal, (basis * trust[:, None]).T @ wanted)
        shading = (basis @ fitted).clamp(DARKEST, BRIGHTEST)
        shading = shading / shading.mean()
    mean = (basis @ fitted).clamp(DARKEST, BRIGHTEST).mean()
    everywhere = (harmonics(normals) @ fitted / mean).clamp(DARKEST, BRIGHTEST)
    return _encoded(linear / everywhere[:, None])


def harmonics(normals: Tensor) -> Tensor:
    """(P,9): the real spherical harmonics up to order two, without their constants, at unit normals (P,3)."""
    x, y, z = normals.unbind(dim=1)
    return torch.stack([torch.ones_like(x), x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], dim=1)


def _linear(colours: Tensor) -> Tensor:
    return torch.where(colours <= 0.04045, colours / 12.92, ((colours.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def _encoded(light: Tensor) -> Tensor:
    x = light.clamp(0, 1)
    return torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clamp(min=1e-9) ** (1 / 2.4) - 0.055)
