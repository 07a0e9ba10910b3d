"""Systems of springs: by hand, and against a dense solver."""

import torch

from avatarkit.springs import Springs, balanced, filled, smoothed


def chain(count):
    pairs = torch.stack([torch.arange(count - 1), torch.arange(1, count)], dim=1)
    return Springs(count, pairs, torch.ones(count - 1, dtype=torch.float64))


def test_what_is_unknown_is_the_mean_of_its_neighbours():
    values = torch.tensor([[0.0, 8.0], [9.0, 9.0], [9.0, 9.0], [9.0, 9.0], [4.0, 0.0]])
    known = torch.tensor([True, False, False, False, True])
    expected = torch.tensor([[0.0, 8], [1, 6], [2, 4], [3, 2], [4, 0]]).double()
    assert torch.allclose(filled(chain(5), known, values, exact=1e-12), expected)


def test_what_nothing_known_is_joined_to_keeps_its_value():
    alone = Springs(3, torch.tensor([[0, 1]]), torch.ones(1, dtype=torch.float64))
    found = filled(alone, torch.tensor([True, False, False]), torch.tensor([[1.0], [5.0], [7.0]]))
    assert torch.allclose(found, torch.tensor([[1.0], [1.0], [7.0]]).double())


def test_balance_is_what_a_dense_solver_finds():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.combinations(torch.arange(8))
    springs = Springs(8, pairs, torch.rand(len(pairs), generator=generator).double() + 0.1)
    laplacian = torch.zeros(8, 8).double()
    for (a, b), s in zip(pairs.tolist(), springs.strength.tolist(), strict=True):
        laplacian[a, a] += s
        laplacian[b, b] += s
        laplacian[a, b] -= s
        laplacian[b, a] -= s
    start, push = torch.randn(8, 3, generator=generator).double(), torch.randn(8, 3, generator=generator).double()
    fixed, pull = torch.arange(8) < 2, torch.rand(8, generator=generator).double()
    laplacian += torch.diag(pull)
    found = balanced(springs, start, fixed, push, pull, exact=1e-12)
    expected = torch.linalg.solve(laplacian[2:, 2:], push[2:] - laplacian[2:, :2] @ start[:2])
    assert torch.equal(found[:2], start[:2]) and torch.allclose(found[2:], expected)


def test_springs_between_fixed_points_change_nothing():
    """They are left out where they are most."""
    start = torch.tensor([[0.0], [1.0], [5.0], [7.0], [9.0], [2.0]])
    fixed = torch.tensor([True, True, True, True, False, True])
    found = balanced(chain(6), start, fixed, torch.zeros(6, 1), exact=1e-12)
    assert found[:, 0].tolist() == [0, 1, 5, 7, 4.5, 2]


def test_smoothing_leaves_what_is_fixed_and_what_is_alone():
    values = torch.tensor([[0.0], [4.0], [0.0]])
    found = smoothed(chain(3), values, torch.tensor([True, False, False]), 1)
    assert found[:, 0].tolist() == [0.0, 2.0, 2.0]
