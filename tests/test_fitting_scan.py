"""Meshes made elsewhere: units and axes. The fit itself needs the detector: benchmarks/fit.py measures it."""

import numpy as np
import pytest
import torch

from avatarkit.errors import UsageError
from avatarkit.fitting.scan import UPS, FromView, _to_up, _unit, standing_up
from avatarkit.fitting.terms import Sum
from avatarkit.mesh import Mesh


@pytest.mark.parametrize(("tall", "metres"), [(1.7, 1.0), (170, 0.01), (1700, 0.001), (67, 0.0254), (1.0, 1.0)])
def test_units_are_guessed_from_the_height(tall, metres, caplog):
    assert _unit(tall, None) == metres
    assert ("taken as" in caplog.text) == (metres != 1.0)
    assert _unit(tall, 180) == pytest.approx(1.8 / tall)


def test_a_unit_that_nobody_knows_is_said(caplog):
    assert _unit(0.01, None) == pytest.approx(170)
    assert "1.70 m" in caplog.text


@pytest.mark.parametrize("axis", list(UPS))
def test_every_axis_can_be_up(axis):
    turn = _to_up(np.array(UPS[axis]))
    assert turn @ UPS[axis] == pytest.approx([0, 1, 0])
    assert np.linalg.det(turn) == pytest.approx(1)


def test_what_is_stated_is_taken():
    box = torch.tensor([[0.0, 0, 0], [50, 0, 0], [0, 30, 170]])
    mesh = Mesh(box, torch.tensor([[0, 1, 2]]))
    found = standing_up(mesh, "z", 170)
    assert found[:3, :3] @ [0, 0, 170] == pytest.approx([0, 1.7, 0])
    with pytest.raises(UsageError, match="--up w"):
        standing_up(mesh, "w", None)


def test_a_term_of_another_view_sees_from_there():
    class Spy:
        def add(self, total, places, slopes, K):
            self.places, self.slopes = places, slopes

    spy, turn = Spy(), np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    FromView(spy, turn, np.array([0.0, 0, 4]), np.eye(3)).add(
        Sum(2), np.array([[1.0, 2, 3]]), np.ones((1, 3, 2)), np.eye(3)
    )
    assert spy.places[0] == pytest.approx([3, 2, 3])
    assert spy.slopes[0, :, 0] == pytest.approx([1, 1, -1])
