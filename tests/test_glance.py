"""The glance at legs: what is there, what a photo of a skirt and one of trousers say, mirrored or not."""

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit.glance import ASIDE, CHANNELS, LEVELS, Glance, glanced


def strip(skirt: bool) -> torch.Tensor:
    """Two legs 20 cm apart, dark below a light trunk; between them more cloth down to the knees, or the background."""
    found = np.zeros((CHANNELS, len(LEVELS), len(ASIDE)), np.float32)
    legs = (np.abs(np.abs(ASIDE) - 0.1) < 0.06)[None] & (LEVELS > 0.8)[:, None]
    trunk = (np.abs(ASIDE) < 0.17)[None] & (LEVELS <= 0.8)[:, None]
    cloth = (np.abs(ASIDE) < 0.24)[None] & ((LEVELS > 0) & (LEVELS < 2.0))[:, None] if skirt else trunk
    bare = legs & (LEVELS > 2.0)[:, None] if skirt else np.zeros_like(legs)
    found[0], found[1], found[2] = legs | trunk | cloth, legs | trunk, bare
    found[3] = np.where(bare | (LEVELS <= 0.3)[:, None], 0.75, 0.35) * found[0]
    return torch.from_numpy(found)


@pytest.fixture(scope="module")
def network():
    return files.read_glance()


def test_a_skirt_is_seen_and_trousers_are_not(network):
    apart = torch.full((len(LEVELS),), 0.2)
    skirt, trousers = (glanced(network, strip(is_skirt), apart) for is_skirt in (True, False))
    assert skirt.skirt > 0.5 > trousers.skirt and abs(skirt.hem - 2.0) < 0.4
    assert skirt.coat < 0.5 and trousers.coat < 0.5 and trousers.hem > 2.6


def test_a_mirror_image_is_the_same(network):
    apart = torch.full((len(LEVELS),), 0.2)
    lopsided = strip(True)
    lopsided[:, :, :10] = 0
    a, b = glanced(network, lopsided, apart), glanced(network, lopsided.flip(-1), apart)
    assert np.allclose(a, b, atol=1e-5)


def test_strips_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="H"):
        Glance()(torch.zeros(1, CHANNELS, 37, 45), torch.zeros(1, 36))
