"""Landmarks on official bodies, without a detector: what it would see of a drawing is projected from known points."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bodies import official_arrays, small_model

from avatarkit import detect, drawing, files, fitting
from avatarkit.body import JOINT_INDEX, BodyModel, normalised
from avatarkit.fitting import foreign
from avatarkit.fitting.calibration import state_of
from avatarkit.fitting.landmarks import COUNT, FACE, FACE_IDS, LEFT_HAND, POSE, RIGHT_HAND, Table
from avatarkit.fitting.rig import Rig, places
from avatarkit.fitting.terms import projected


@pytest.fixture(scope="module")
def arrays():
    torch.set_num_threads(1)
    return files.read_landmarks()


@pytest.fixture(scope="module")
def official():
    """A human in an official file's layout: the built-in surface, a tenth taller, hips nearer to the knees."""
    ours = files.read_body_model("builtin")
    regressor = ours.J_regressor.double().numpy().copy()
    for side in ("left", "right"):
        hip, knee = JOINT_INDEX[f"{side}_hip"], JOINT_INDEX[f"{side}_knee"]
        regressor[hip] = 0.9 * regressor[hip] + 0.1 * regressor[knee]
    made = official_arrays()
    made |= {
        "v_template": 1.1 * ours.v_template.double().numpy(),
        "f": ours.faces.numpy(),
        "shapedirs": np.pad(ours.shapedirs.numpy()[:, :, :10], ((0, 0), (0, 0), (0, 10))),
        "J_regressor": regressor,
        "weights": ours.lbs_weights.numpy(),
    }
    for key in ("posedirs", "lmk_faces_idx", "lmk_bary_coords"):
        del made[key]
    return BodyModel.from_arrays(normalised(made), sha256="1" * 64)


@pytest.fixture
def sees(monkeypatch):
    """A detector that sees these points of whoever was drawn last."""
    shown = {}

    def drawn(model, arrays, count, original=foreign.drawn):
        for shown["person"], image in original(model, arrays, count):
            yield shown["person"], image

    def told(model, points):
        rig = Rig.of(model)

        def detected(image):
            marks = places(rig, points, state_of(rig, shown["person"]))
            pixels = np.pad(projected(marks, shown["person"].camera.K.double().numpy())[0], ((0, 0), (0, 1)))
            face = np.zeros((478, 3))
            face[list(FACE_IDS)] = pixels[FACE]
            hands = {"left_hand": pixels[LEFT_HAND], "right_hand": pixels[RIGHT_HAND]}
            pose = {"pose": pixels[POSE, :2], "visibility": np.ones(33), "world": marks[POSE]}
            return SimpleNamespace(**pose, **hands, face=face), np.zeros((0, 4))

        monkeypatch.setattr(detect, "detected", detected)

    blank = np.zeros((foreign.SIDE, foreign.SIDE, 4), np.uint8)
    monkeypatch.setattr(drawing, "draw", lambda *_, **__: blank)
    monkeypatch.setattr(detect, "available", lambda: None)
    monkeypatch.setattr(foreign, "drawn", drawn)
    return told


def test_landmarks_are_found_where_the_detector_sees_them(sees, official, arrays):
    """The hips' landmarks are on the skin, so that joints elsewhere do not move them."""
    taller = 1.1
    carried = foreign.carried(Table.from_arrays(arrays), official, arrays)
    rigid = carried.rigid.copy()
    rig, ours = Rig.of(official), Rig.of(files.read_body_model("builtin"))
    moved = taller * ours.joints[carried.base] - rig.joints[carried.base]
    rigid += moved
    assert np.abs(moved).max() > 0.03
    sees(official, replace(carried, rigid=rigid, offset=rigid).points(official, rig))
    stored = arrays | {"bare": arrays["rigid"]}  # on our own body, drawings are seen as photos are
    found = stored | foreign.measured(official, stored, 6)
    assert np.abs(found["rigid"] - rigid).max() < 2e-3
    marks = Table.from_arrays(found).points(official, rig).template
    assert np.allclose(marks, rig.joints[carried.base] + found["rigid"], atol=1e-9)
    assert (found["vertex"][FACE] >= 0).all()  # so that they follow the head's shape
    figure = fitting.figure_of(official, found)
    assert np.allclose(figure.landmarks.template, marks)
    assert np.allclose(fitting.figure_of(official, stored).landmarks.template, rig.joints[carried.base] + carried.rigid)


def test_a_detector_that_sees_nobody_and_one_that_is_not_there(sees, official, arrays, monkeypatch, caplog):
    sees(official, None)
    monkeypatch.setattr(detect, "detected", lambda image: (None, np.zeros((0, 4))))
    assert foreign.measured(official, arrays, 2) is None
    assert "sees nobody" in caplog.text
    monkeypatch.setattr(detect, "available", lambda: "no mediapipe")
    caplog.clear()
    assert foreign.measured(official, arrays, 2) is None
    assert [r.getMessage() for r in caplog.records] == [
        "landmarks of SMPL-X: carried over from the built-in body by its joints: no mediapipe"
    ]


def test_the_asset_holds_what_others_are_measured_against(arrays):
    """Whoever changes the recipe must measure the built-in body with it anew."""
    assert arrays["recipe"] == foreign.RECIPE
    assert arrays["bare"].shape == (COUNT, 3) and not np.isnan(arrays["bare"]).any()
    assert np.median(np.linalg.norm(arrays["bare"] - arrays["rigid"], axis=1)) < 0.02


def test_every_body_can_be_painted_and_drawn():
    colours = foreign.painted(small_model())
    assert colours.shape == (60, 3) and colours.dtype == torch.uint8
    ours = files.read_body_model("builtin")
    painted = foreign.painted(ours).numpy()
    irises = (painted == foreign.IRIS).all(1)
    assert irises.any() and set(np.unique(ours.lbs_weights.argmax(1)[irises])) == {23, 24}
    top = ours.v_template[:, 1].argmax()
    assert tuple(painted[top]) == foreign.HAIR
