"""Parts kept rigid: found by name, moved by one similarity each."""

import pytest
import torch

from avatarkit.errors import UsageError
from avatarkit.keeping import kept_parts, snapped

NAMES = ("torso", "left_hand", "left_thumb", "right_hand", "face")


def cloud(count=30):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(0)).double()


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
