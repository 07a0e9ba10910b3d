"""Where in a square view somebody stands."""

import torch

from avatarkit.strip import NARROW, STEP, strip_of


def shown(low: int, high: int, S: int = 256) -> torch.Tensor:
    likely = torch.zeros(S, S)
    likely[10:240, low:high] = 1
    return likely


def test_a_strip_holds_the_person_and_is_as_wide_as_networks_know_at_least():
    for low, high in ((120, 130), (3, 40), (200, 256), (30, 220)):
        left, right = strip_of(shown(low, high))
        assert 0 <= left <= low and high <= right <= 256
        assert (right - left) % STEP == 0 and right - left >= 256 // NARROW


def test_of_nobody_and_of_who_fills_the_view_all_is_taken():
    assert strip_of(torch.zeros(128, 128)) == strip_of(torch.ones(128, 128)) == (0, 128)
