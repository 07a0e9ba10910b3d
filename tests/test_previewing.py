import numpy as np
import pytest
from solids import ball
from test_portrait import SMALL, maps

from avatarkit import previewing
from avatarkit.errors import BadData


def test_a_sheet_has_a_row_a_mesh_and_a_row_a_band():
    albedo, labels = np.ones((3, 8, 8, 4), np.float32), np.zeros((3, 8, 8, 2), np.float32)
    one = previewing.sheet([("a", ball(n=6))], SMALL)
    both = previewing.sheet([("a", ball(n=6)), ("b", maps(albedo=albedo, labels=labels))], SMALL)
    assert one.shape[1] == both.shape[1] == 4 * 36 + 5 * 5
    gaps = 5 + 2 * round(1.9 * 11)
    assert both.shape[0] - one.shape[0] == 3 * (36 + gaps)


def test_maps_cannot_be_turned():
    with pytest.raises(BadData, match="give a mesh"):
        previewing.turntable(maps())
