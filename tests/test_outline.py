"""Outlines of masks, and which of their points are meant to be the same."""

import torch

from avatarkit import camera as cameras
from avatarkit.outline import matched, outline_of


def test_the_outline_of_a_disc_lies_on_its_circle_and_looks_outwards():
    x, y = cameras.pixel_centres((64, 64), torch.zeros(1)).unbind(-1)
    distance = ((x - 30.3) ** 2 + (y - 33.8) ** 2).sqrt()
    points, outwards = outline_of((20.2 - distance + 0.5).clamp(0, 1))
    centred = points - torch.tensor([30.3, 33.8])
    assert (centred.norm(dim=1) - 20.2).abs().max() < 0.1
    assert ((centred / centred.norm(dim=1, keepdim=True)) * outwards).sum(dim=1).min() > 0.95


def test_an_outline_at_the_images_border_is_closed_there():
    points, _ = outline_of(torch.ones(8, 8))
    assert points.min() == 0 and points.max() == 8


def test_points_are_matched_with_the_outline_that_looks_the_same_way():
    x, y = cameras.pixel_centres((64, 64), torch.zeros(1)).unbind(-1)
    outline, outwards = outline_of((12.0 - (x - 32).abs() + 0.5).clamp(0, 1) * (y > 8) * (y < 56))
    down = torch.arange(12.0, 52.0)
    pixels = torch.cat([torch.stack([torch.full_like(down, x), down], dim=1) for x in (40.0, 24.0)])
    normals = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).repeat_interleave(len(down), dim=0)
    wanted, found = matched(pixels, normals, outline, outwards)
    middle = (pixels[:, 1] > 20) & (pixels[:, 1] < 44)  # above and below, corners are matched too
    sides = torch.where(normals[:, 0] > 0, 44.0, 20.0)
    assert torch.allclose(wanted[middle, 0], sides[middle], atol=0.1)
    assert torch.allclose(found[middle], normals[middle], atol=0.1)


def test_nothing_is_matched_with_nothing_asked():
    outline, outwards = outline_of(torch.ones(8, 8))
    wanted, _ = matched(torch.zeros(0, 2), torch.zeros(0, 2), outline, outwards)
    assert wanted.shape == (0, 2)
