"""One colour a part: medians, and what lies in shadow left out."""

import torch

from avatarkit import flats
from avatarkit.maps import PARTS

TOP, SKIN = PARTS.index("top"), PARTS.index("skin")


def test_each_part_has_its_median_and_only_those_there():
    labels = torch.zeros(2, 4, 4, dtype=torch.int64)
    labels[0, :2], labels[1, 2:] = TOP, SKIN
    colours = torch.zeros(2, 3, 4, 4)
    colours[0, 0, :2], colours[1, 2, 2:] = 0.75, 0.5
    colours[0, 0, 0, 0] = 0.0  # one pixel of many says little
    found, there = flats.flat(colours, labels)
    assert there.nonzero()[:, 0].tolist() == sorted((TOP, SKIN))
    assert torch.equal(found[TOP], torch.tensor([0.75, 0, 0])) and torch.equal(found[SKIN], torch.tensor([0, 0, 0.5]))
    painted = flats.in_parts(found, labels)
    assert painted.shape == (2, 3, 4, 4) and float(painted[0, 0, 0, 0]) == 0.75 and float(painted[1, :, 0].max()) == 0


def test_shadow_is_left_out():
    labels = torch.full((1, 4, 4), TOP)
    colours = torch.full((1, 3, 4, 4), 0.8)
    colours[:, :, :, :2] = torch.where(torch.arange(4)[:, None] < 4, 0.2, 0.8)  # the left half lies in shadow
    colours[:, :, 0, 2] = 0.2
    assert torch.allclose(flats.flat(colours, labels)[0][TOP], torch.full((3,), 0.2))
    lit = flats.flat(colours, labels, share=flats.UNLIT + 0.1)[0][TOP]
    assert torch.allclose(lit, torch.full((3,), 0.8))
