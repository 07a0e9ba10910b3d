"""Shapes that do not fit are refused."""

import numpy as np
import pytest

from avatarkit.shapes import sizes


@pytest.mark.parametrize(
    ("spec", "shapes", "found"),
    [
        ("V 3", [(5, 3)], (5,)),
        ("V 3, F 3", [(5, 3), (7, 3)], (5, 7)),
        ("... 3", [(2, 4, 3)], ()),
        ("... J 3", [(3,)], None),
        ("V 3", [(5, 4)], None),
        ("V 3", [(3,)], None),
        ("N N", [(2, 3)], None),
        ("V 3, V 3", [(5, 3), (6, 3)], None),
    ],
)
def test_sizes(spec, shapes, found):
    tensors = [np.zeros(shape) for shape in shapes]
    if found is None:
        with pytest.raises(ValueError, match="expected shapes"):
            sizes(spec, *tensors)
    else:
        assert sizes(spec, *tensors) == found
