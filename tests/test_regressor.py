"""The network that sees clothes: begins with the body, is trusted by a density that integrates to what it says."""

import math

import pytest
import torch

from avatarkit.maps import PARTS
from avatarkit.regressor import Clothed, Regressor, angles, surprise


def sides(B=2, S=64):
    generator = torch.Generator().manual_seed(0)
    normals = torch.nn.functional.normalize(torch.randn(B, 2, 3, S, S, generator=generator), dim=2)
    return torch.rand(B, 4, S, S, generator=generator), torch.cat([normals, torch.ones(B, 2, 1, S, S)], dim=2)


def test_an_untaught_network_says_what_the_body_is():
    shown, body = sides()
    found = Regressor((8, 16, 16), (1, 1, 1))(shown, body)
    assert found.normals.shape == (2, 2, 3, 64, 64) and found.parts.shape == (2, 2, len(PARTS), 32, 32)
    assert found.cover.shape == (2, 64, 64) and found.sureness.shape == (2, 2, 64, 64)
    cosine = (found.normals * body[:, :, :3]).sum(dim=2)
    assert cosine.mean() > 0.99  # its last layer has a bias alone
    assert bool((found.sureness > 0).all())


def test_any_multiple_of_32_and_nothing_else():
    network = Regressor((8, 16, 16), (1, 1, 1))
    assert network(*sides(1, 96)).cover.shape == (1, 96, 96)
    with pytest.raises(ValueError, match="multiples of 32"):
        network(*sides(1, 48))


def clothed(normals, sureness):
    return Clothed(normals, torch.zeros(0), torch.zeros(0), sureness)


def test_the_density_is_one_on_the_whole_and_its_mean_is_what_is_expected():
    for k in (0.5, 2.0, 20.0):
        angle = torch.linspace(1e-4, math.pi - 1e-4, 20001, dtype=torch.float64)
        true = torch.stack([angle.sin(), torch.zeros_like(angle), angle.cos()])[None, None, :, :, None]
        up = torch.tensor([0.0, 0, 1], dtype=torch.float64)[None, None, :, None, None].expand_as(true)
        found = clothed(up, torch.full(true[:, :, 0].shape, k, dtype=torch.float64))
        # a ring of the sphere is 2 π sin θ dθ; 2 π is the constant left out
        assert (angles(found, true)[0, 0, 200:, 0] - angle[200:]).abs().max() < 0.04
        density = torch.exp(-surprise(angles(found, true), found.sureness))[0, 0, :, 0] * angle.sin()
        assert abs(float(torch.trapezoid(density, angle)) - 1) < 2e-3
        mean = math.degrees(float(torch.trapezoid(density * angle, angle)))
        assert abs(mean - float(found.degrees[0, 0, 0, 0])) < 0.2


def test_right_normals_give_a_gradient_that_is_finite():
    normals = sides(1, 32)[1][:, :, :3].clone().requires_grad_()
    angles(clothed(normals, torch.ones(0)), normals.detach()).sum().backward()
    assert bool(torch.isfinite(normals.grad).all())
