"""Gaze: irises are projected from eyes that are known to be turned."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import files, fitting
from avatarkit.fitting.gaze import EYEBALLS, gazing
from avatarkit.fitting.landmarks import COUNT, EYES, FACE, FACE_IDS
from avatarkit.fitting.looking import Sight
from avatarkit.fitting.rig import State, frames, places, rotations
from avatarkit.fitting.starting import turn_of
from avatarkit.fitting.terms import projected

K = np.array([[3000.0, 0, 600], [0, 3000, 800], [0, 0, 1]])
LIDS = slice(FACE.start + FACE_IDS.index(EYES[0]), FACE.start + FACE_IDS.index(EYES[0]) + 12)


@pytest.fixture(scope="module")
def figure():
    torch.set_num_threads(1)
    return fitting.figure_of(files.read_body_model("builtin"), files.read_landmarks())


def looking_at(figure, pitch, yaw, head=(0.1, -0.3, 0.05), distance=2.0):
    """A state in camera axes whose eyes are turned (degrees: down, to the left), and what is seen of it."""
    turns = np.zeros((55, 3))
    turns[0], turns[15] = (np.pi, 0, 0), head
    eyes = turn_of(rotations(np.deg2rad([0.0, yaw, 0])) @ rotations(np.deg2rad([pitch, 0.0, 0])))
    turns[list(EYEBALLS)] = eyes
    state = State(np.zeros(3), turns, np.zeros(figure.rig.joint_dirs.shape[2]))
    state = replace(state, transl=np.array([0, 0, distance]) - frames(figure.rig, state).placed[15])
    pixels, _ = projected(places(figure.rig, figure.landmarks, state), K)
    return state, Sight((1200, 1600), pixels, np.ones(COUNT), np.zeros(COUNT), None, (None, None), None, 2400.0), eyes


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 0), (0, 25), (0, -25), (15, 5), (-12, -15)])
def test_a_known_gaze_comes_back(figure, pitch, yaw):
    """Nearly: what is seen is shrunk a little towards straight ahead. The face is off by three pixels, and larger."""
    state, sight, eyes = looking_at(figure, pitch, yaw)
    lids = sight.pixels[FACE].mean(0)
    sight = replace(sight, pixels=(sight.pixels - lids) * 1.05 + lids + [3, -3])
    found = gazing(figure.rig, figure.landmarks, state, sight, K)
    assert np.degrees(np.abs(found.turns[list(EYEBALLS)] - eyes)).max() < 1.5 + 0.2 * max(abs(pitch), abs(yaw))
    assert np.array_equal(found.turns[:23], state.turns[:23]) and found.coefficients is state.coefficients


def test_limits_and_small_eyes(figure):
    far, sight, eyes = looking_at(figure, 0, 25, distance=30.0)
    small = gazing(figure.rig, figure.landmarks, far, sight, K).turns[23]
    assert 0 < small[1] < 0.5 * eyes[1]  # an eye of four pixels tells little
    state, sight, _ = looking_at(figure, 0, 0)
    beyond = sight.pixels.copy()
    beyond[FACE.start + 68 :] += [300, 0]
    found = gazing(figure.rig, figure.landmarks, state, replace(sight, pixels=beyond), K)
    assert np.degrees(np.abs(found.turns[23:25])).max() < 36


def test_straight_ahead_where_nothing_is_seen(figure):
    state, sight, _ = looking_at(figure, 0, 25)
    blink, hidden = sight.pixels.copy(), sight.pixels.copy()
    blink[LIDS, 1] = blink[LIDS, 1].mean()
    hidden[FACE] = np.nan
    for pixels in (blink, hidden):
        found = gazing(figure.rig, figure.landmarks, state, replace(sight, pixels=pixels), K)
        assert (found.turns[23:25] == 0).all()
    turned, sight, _ = looking_at(figure, 0, 25, head=(0, 1.6, 0))
    assert (gazing(figure.rig, figure.landmarks, turned, sight, K).turns[23:25] == 0).all()
    state, sight, eyes = looking_at(figure, 0, 20)
    one_eye = sight.pixels.copy()
    one_eye[FACE.start + 68] = np.nan
    found = gazing(figure.rig, figure.landmarks, state, replace(sight, pixels=one_eye), K)
    assert np.degrees(np.abs(found.turns[24] - eyes)).max() < 5
