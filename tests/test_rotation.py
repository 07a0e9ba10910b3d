"""Rotations against the matrix exponential, at their awkward places (no turn, a half turn), and their gradients."""

import math

import pytest
import torch
from twins import rotation_by_series

from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle, similarity

QUARTER = math.pi / 2
CASES = [
    ((0, 0, 0), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    ((QUARTER, 0, 0), [[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
    ((0, QUARTER, 0), [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]),
    ((0, 0, QUARTER), [[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    ((0, math.pi, 0), [[-1, 0, 0], [0, 1, 0], [0, 0, -1]]),
]


def vectors_of_length(lengths: list[float], seed: int = 0) -> torch.Tensor:
    directions = torch.randn(len(lengths), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return directions / directions.norm(dim=-1, keepdim=True) * torch.tensor(lengths, dtype=torch.float64)[:, None]


@pytest.mark.parametrize(("axis_angle", "expected"), CASES)
def test_known_turns(axis_angle, expected):
    vector = torch.tensor(axis_angle, dtype=torch.float64)
    rotation = torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(rotation_from_axis_angle(vector), rotation, atol=1e-15, rtol=0)
    torch.testing.assert_close(axis_angle_from_rotation(rotation), vector, atol=1e-15, rtol=0)


def test_equals_the_slow_twin_at_every_size_of_angle():
    # The lengths straddle the switch from series to closed form (θ² = 1e-4).
    vectors = vectors_of_length([0, 1e-12, 1e-4, 0.0099, 0.0101, 0.5, 3.0, math.pi, 7.0])
    torch.testing.assert_close(rotation_from_axis_angle(vectors), rotation_by_series(vectors), atol=1e-14, rtol=0)


def test_float32_is_exact_to_float32():
    vectors = vectors_of_length([1e-6, 1e-3, 0.00999, 0.01001, 0.1, 2.0])
    found = rotation_from_axis_angle(vectors.float()).double()
    torch.testing.assert_close(found, rotation_by_series(vectors), atol=3e-7, rtol=0)


def test_there_and_back():
    vectors = vectors_of_length([0, 1e-9, 1e-3, 0.0199, 0.0201, 1.0, 2.0, 3.0, 3.14159])
    torch.testing.assert_close(axis_angle_from_rotation(rotation_from_axis_angle(vectors)), vectors, atol=1e-9, rtol=0)


def test_back_and_there_near_a_half_turn():
    # The textbook formula divides by sin θ and loses the axis here; the sign of the axis is free at exactly π.
    vectors = vectors_of_length([math.pi - 1e-7, math.pi, math.pi + 1e-7, 3.5] * 4, seed=1)
    rotations = rotation_from_axis_angle(vectors)
    found = axis_angle_from_rotation(rotations)
    torch.testing.assert_close(rotation_from_axis_angle(found), rotations, atol=1e-12, rtol=0)
    assert (found.norm(dim=-1) <= math.pi + 1e-12).all()


def test_batches_keep_their_shape():
    assert rotation_from_axis_angle(torch.zeros(2, 5, 3)).shape == (2, 5, 3, 3)
    assert axis_angle_from_rotation(torch.eye(3).expand(2, 5, 3, 3)).shape == (2, 5, 3)
    with pytest.raises(ValueError, match="expected shapes"):
        rotation_from_axis_angle(torch.zeros(4, 2))


def test_gradients_also_at_no_turn():
    # At zero the gradient of |r| is NaN; fits start there.
    vectors = vectors_of_length([0, 1e-3, 0.02, 1.0, 3.0]).requires_grad_()
    assert torch.autograd.gradcheck(rotation_from_axis_angle, vectors)
    assert torch.autograd.gradgradcheck(rotation_from_axis_angle, vectors)
    assert torch.autograd.gradcheck(lambda v: axis_angle_from_rotation(rotation_from_axis_angle(v)), vectors)


def cloud(count=30):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(0)).double()


def test_a_similarity_comes_back_and_a_mirror_image_is_not_one():
    turn = rotation_from_axis_angle(torch.tensor([0.3, -1.0, 0.5]).double())
    shift = torch.tensor([0.1, 2, -3]).double()
    linear, moved = similarity(cloud(), 1.05 * cloud() @ turn.T + shift)
    assert torch.allclose(linear, 1.05 * turn) and torch.allclose(moved, shift)
    mirrored, _ = similarity(cloud(), cloud() * torch.tensor([-1.0, 1, 1]).double())
    assert torch.linalg.det(mirrored) > 0


def test_a_similarity_neither_grows_nor_shrinks_by_more_than_it_may():
    for factor, expected in ((3.0, 1.1), (0.2, 1 / 1.1)):
        linear, _ = similarity(cloud(), factor * cloud(), most_scale=1.1)
        assert torch.allclose(linear, expected * torch.eye(3).double())
