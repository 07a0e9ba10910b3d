"""Distances between sets: about nothing for one crowd, growing with a shift, and by formula where there is one."""

import pytest
import torch

from avatarkit import distances


def crowd(n, seed, shift=0.0, scale=1.0):
    return scale * torch.randn(n, 24, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_kernel_distance_is_unbiased_and_grows_with_a_shift():
    """Guards the biased estimate, which is far above 0 for small sets of the same people."""
    same = torch.tensor([distances.kernel_distance(crowd(16, 2 * k), crowd(16, 2 * k + 1)) for k in range(60)])
    assert abs(float(same.mean())) < 3 * float(same.std()) / 60**0.5
    found = [distances.kernel_distance(crowd(64, 0), crowd(64, 1, shift)) for shift in (0.0, 0.2, 0.5, 1.0)]
    assert abs(found[0]) < 0.1 and found == sorted(found) and found[-1] > 3


def test_the_kernel_distance_by_hand():
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
    #                                k(0,1) = 1, k(2,3) = 7³; across: 1, 1, 3³, 4³
    assert distances.kernel_distance(x, y) == pytest.approx(1 + 343 - 2 * (1 + 1 + 27 + 64) / 4)
    with pytest.raises(ValueError, match="two or more"):
        distances.kernel_distance(x[:1], y)


def test_the_floor_is_about_nothing_and_repeats():
    found = distances.floor(crowd(64, 3))
    assert abs(found.distance) < 2 * found.deviation and found == distances.floor(crowd(64, 3))


def test_frechet_of_shifted_and_scaled_crowds():
    x = crowd(500, 5)
    assert distances.frechet(x, x) < 1e-6
    assert distances.frechet(x, x + 0.5) == pytest.approx(24 * 0.25, rel=1e-6)
    assert distances.frechet(x, 2 * x) == pytest.approx(
        float(torch.cov(x.T).trace() + x.mean(0).square().sum()), rel=1e-3
    )


def test_diversity_is_the_mean_distance():
    assert distances.diversity(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])) == pytest.approx(10 / 3)
    assert distances.diversity(torch.zeros(1, 3)) == 0.0
