"""Light is taken out of a photo, and colours stay."""

import torch

from avatarkit.mesh import unit
from avatarkit.texturing.delighting import delit, harmonics

GENERATOR = torch.Generator().manual_seed(0)


def encoded(light):
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clamp(min=1e-9) ** (1 / 2.4) - 0.055)


def test_light_of_harmonics_is_taken_away_and_albedo_stays():
    normals = unit(torch.randn(4000, 3, generator=GENERATOR))
    labels = (torch.rand(4000, generator=GENERATOR) > 0.5).long()
    albedo = torch.tensor([[0.5, 0.1, 0.1], [0.1, 0.2, 0.4]])[labels]
    shading = 0.6 + 0.25 * normals[:, 1:2] + 0.15 * normals[:, :1]
    found = delit(encoded(albedo * shading), torch.ones(4000), normals, labels)
    for label in (0, 1):
        own = found[labels == label]
        lit = encoded(albedo * shading)[labels == label]
        assert float(own.std(dim=0).max()) < 0.2 * float(lit.std(dim=0).max())
    assert torch.allclose(found.mean(dim=0), encoded(albedo * 0.6).mean(dim=0), atol=0.03)


def test_harmonics_are_orthogonal_over_the_sphere():
    basis = harmonics(unit(torch.randn(200_000, 3, generator=GENERATOR)))
    gram = basis.T @ basis / len(basis)
    assert float((gram - torch.diag(gram.diag())).abs().max()) < 0.02


def test_too_little_that_is_seen_is_left_as_it_is():
    colours = torch.rand(10, 3, generator=GENERATOR)
    assert torch.equal(delit(colours, torch.ones(10), torch.ones(10, 3), torch.zeros(10, dtype=torch.int64)), colours)
