"""Parts kept rigid: found by name, moved by one similarity each."""

import pytest
import torch

from avatarkit.errors import UsageError
from avatarkit.keeping import kept_parts, similarity, snapped
from avatarkit.rotation import rotation_from_axis_angle

NAMES = ("torso", "left_hand", "left_thumb", "right_hand", "face")


def cloud(count=30):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(0)).double()


def test_a_similarity_comes_back_and_a_mirror_image_is_not_one():
    turn = rotation_from_axis_angle(torch.tensor([0.3, -1.0, 0.5]).double())
    shift = torch.tensor([0.1, 2, -3]).double()
    linear, moved = similarity(cloud(), 1.05 * cloud() @ turn.T + shift)
    assert torch.allclose(linear, 1.05 * turn) and torch.allclose(moved, shift)
    mirrored, _ = similarity(cloud(), cloud() * torch.tensor([-1.0, 1, 1]).double())
    assert torch.linalg.det(mirrored) > 0


def test_a_part_neither_grows_nor_shrinks_by_more_than_a_tenth():
    for factor, expected in ((3.0, 1.1), (0.2, 1 / 1.1)):
        linear, _ = similarity(cloud(), factor * cloud())
        assert torch.allclose(linear, expected * torch.eye(3).double())


def test_each_hand_is_a_piece_of_its_own_and_the_rest_is_free():
    part = torch.tensor([0, 1, 2, 3, 4])
    assert kept_parts(part, NAMES, ("hands", "face")).tolist() == [-1, 0, 0, 1, 2]
    assert kept_parts(part, NAMES, ()).tolist() == [-1] * 5
    with pytest.raises(UsageError, match="ears"):
        kept_parts(part, NAMES, ("ears",))


def test_snapping_moves_kept_vertices_alone():
    home, kept = cloud(), torch.tensor([0] * 10 + [-1] * 20)
    moved = home + 0.01 * torch.randn(30, 3, generator=torch.Generator().manual_seed(1)).double()
    found = snapped(home, moved, kept)
    assert torch.equal(found[10:], moved[10:])
    apart, before = torch.pdist(found[:10]), torch.pdist(home[:10])
    assert torch.allclose(apart / before, (apart / before)[0].expand_as(apart))
