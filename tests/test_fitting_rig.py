from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit.body import Pose
from avatarkit.fitting import from_words
from avatarkit.fitting.calibration import calibrated, example, state_of
from avatarkit.fitting.landmarks import COUNT, FACE, FACE_IDS, LEFT_HAND, MEASURED, POSE, RIGHT_HAND, Table, all_dirs
from avatarkit.fitting.limits import limits
from avatarkit.fitting.outline import Outline, Silhouette
from avatarkit.fitting.rig import Free, Points, Rig, State, left_jacobian, places, places_and_slopes, rotations
from avatarkit.fitting.starting import rotation_between, shift, turn_of
from avatarkit.fitting.terms import Directed, Habits, Seen, Sum, projected


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return files.read_body_model("builtin")


@pytest.fixture(scope="module")
def rig(model):
    return Rig.of(model)


def someone(rig, seed=1, size=0.5):
    random = np.random.default_rng(seed)
    C = rig.joint_dirs.shape[2]
    transl = np.array([0.1, -0.2, 3.0])
    return State(transl, random.normal(size=(55, 3)) * size, random.normal(size=C) * 0.3)


def some_points(model, count=40):
    rows = np.random.default_rng(0).choice(len(model.v_template), count, replace=False)
    weights = model.lbs_weights[torch.from_numpy(rows)].double().numpy()
    return rows, Points(model.v_template[torch.from_numpy(rows)].double().numpy(), all_dirs(model, rows), weights)


def test_points_go_where_the_body_goes(model, rig):
    rows, points = some_points(model)
    state = someone(rig)
    body = model.to(dtype=torch.float64).shaped(
        torch.from_numpy(state.coefficients[: rig.B]), torch.from_numpy(state.coefficients[rig.B :])
    )
    posed = body.posed(Pose.from_full(torch.from_numpy(state.turns), torch.from_numpy(state.transl)))
    assert np.abs(posed.vertices[torch.from_numpy(rows)].numpy() - places(rig, points, state)).max() < 1e-6


def test_slopes_are_the_differences(model, rig):
    _, points = some_points(model, 12)
    state = someone(rig)
    free = Free(np.array([0, 4, 16, 18, 20, 30]), np.array([0, 3, 60, 90]))
    found, slopes = places_and_slopes(rig, points, state, free)
    assert np.allclose(found, places(rig, points, state))
    for k in range(len(free)):
        step = np.zeros(len(free))
        step[k] = 1e-6
        ahead, behind = (places(rig, points, state.moved(sign * step, free)) for sign in (1, -1))
        assert np.abs((ahead - behind) / 2e-6 - slopes[..., k]).max() < 1e-7


def test_a_turn_is_kept_below_a_half_turn(rig):
    state = someone(rig)
    turns = state.turns.copy()
    turns[0] = [0.0, 3.1, 0.0]
    start = State(state.transl, turns, state.coefficients)
    moved = start.moved(np.array([0, 0, 0, 0, 0.2, 0]), Free(np.array([0]), np.zeros(0, int)))
    assert np.linalg.norm(moved.turns[0]) < np.pi
    assert np.allclose(rotations(moved.turns[0]), rotations(np.array([0, 3.3, 0])))


def test_left_jacobian():
    r, d = np.array([0.7, -1.1, 0.4]), np.array([1e-6, 2e-6, -1e-6])
    assert np.allclose(rotations(r + d), rotations(left_jacobian(r) @ d) @ rotations(r), atol=1e-11)


def terms(rig):
    random = np.random.default_rng(5)
    K = np.array([[700.0, 0, 200], [0, 700, 300], [0, 0, 1]])
    rows = np.arange(8)
    seen = Seen(rows, random.uniform(100, 400, (8, 2)), np.full(8, 9.0), random.uniform(0.2, 1, 8), 25.0)
    directions = random.normal(size=(3, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    bones = Directed(np.array([[0, 1], [2, 3], [4, 5]]), directions, np.full(3, 0.3), np.ones(3))
    C = rig.joint_dirs.shape[2]
    bounds = (np.full(C, -0.2), np.full(C, 0.2))
    stiff = np.triu(random.normal(size=(63, 63)))
    habits = Habits(limits(), np.ones(63), stiff, 0.3, np.zeros(C), np.ones(C), bounds, np.ones(C), (0.1, 0.5))
    return K, seen, bones, habits


def test_the_gradient_is_the_slope_of_the_cost(model, rig):
    """A term whose slope is wrong by a factor still converges, slowly: only this finds it."""
    _, points = some_points(model, 12)
    state = someone(rig, size=0.3)
    free = Free(np.array([0, 1, 4, 16, 18]), np.array([0, 1, 50]))
    K, *every, habits = terms(rig)
    mask = np.zeros((600, 400), np.float32)
    mask[250:420, 180:260] = 1
    every.append(Silhouette(Outline.of(mask), slice(0, 12), 170.0, np.zeros(12), weight_out=0.0))

    def summed(state):
        total = Sum(len(free))
        found, slopes = places_and_slopes(rig, points, state, free)
        for term in every:
            term.add(total, found, slopes, K)
        habits.add(total, state, free)
        return total

    here = summed(state)
    assert np.allclose(here.matrix, here.matrix.T)
    for k in range(len(free)):
        step = np.zeros(len(free))
        step[k] = 1e-6
        ahead, behind = (summed(state.moved(sign * step, free)).cost for sign in (1, -1))
        assert (ahead - behind) / 4e-6 == pytest.approx(here.gradient[k], rel=2e-4, abs=2e-3)


def test_the_outline_knows_outside_from_inside():
    mask = np.zeros((120, 100), np.float32)
    mask[30:90, 20:70] = 1
    outline = Outline.of(mask)
    far, slope = outline.outside(np.array([[45.0, 60.0], [75.0, 60.0], [45.0, 20.0], [-60.0, 60.0]]))
    assert far[0] < -20
    assert far[1] == pytest.approx(5, abs=0.6)
    assert far[2] == pytest.approx(10, abs=0.6)
    assert far[3] == pytest.approx(80, abs=1.5)
    assert slope[1] == pytest.approx([1, 0], abs=0.1)
    assert slope[2] == pytest.approx([0, -1], abs=0.1)
    assert (outline.normal * (outline.edge - [45, 60])).sum(1).min() > 0
    assert Outline.of(np.zeros((50, 50), np.float32)) is None


def test_left_and_right_may_turn_alike():
    table = limits()
    assert (table.low < table.high).all()
    mirror = np.array([1, -1, -1])
    assert np.allclose(np.sort([table.low[5] * mirror, table.high[5] * mirror], axis=0), [table.low[4], table.high[4]])


def test_starting_from_points():
    random = np.random.default_rng(2)
    points, turn = random.normal(size=(6, 3)), np.array([0.4, -2.0, 0.3])
    R = rotations(turn)
    assert np.allclose(rotation_between(points, points @ R.T + 3), R)
    assert np.allclose(turn_of(R), turn)
    K = np.array([[500.0, 0, 100], [0, 500, 200], [0, 0, 1]])
    moved = points + [0.5, -0.3, 6]
    pixels, _ = projected(moved, K)
    assert np.allclose(shift(points, pixels, np.ones(6), K), [0.5, -0.3, 6])


def test_the_stored_landmarks_fit_the_body(model, rig):
    table = Table.from_arrays(files.read_landmarks())
    points = table.points(model, rig).template
    assert np.allclose(points[11] * [-1, 1, 1], points[12], atol=0.004)  # shoulders
    assert np.linalg.norm(points[15] - rig.joints[20]) < 0.03
    assert points[FACE, 2].min() > rig.joints[15, 2] - 0.06  # a face is in front of the head's joint
    named = dict(zip(model.landmarks.names, model.landmark_points(model.v_template).numpy(), strict=True))
    assert np.linalg.norm(points[0] - named["nose_tip"]) < 0.02
    assert np.linalg.norm(points[31] - named["left_big_toe"]) < 0.04


def test_calibration_finds_what_was_put_in(model, rig):
    """Landmarks are projected from a table; the recipe gets that table back from the pixels."""
    table = Table.from_arrays(files.read_landmarks())
    points, examples = table.points(model, rig), []
    for text in ("a man walking", "a woman waving", "a man sitting", "a woman with hands on hips", "a man running"):
        person = from_words(model, text, seed=1)
        camera = person.camera
        K = torch.tensor([[900.0, 0, 256], [0, 900, 256], [0, 0, 1]])
        pose = camera.cam_from_world.clone()
        pose[2, 3] = 4.0
        camera = SimpleNamespace(K=K, cam_from_world=pose)
        parts = {key: getattr(person, key) for key in ("betas", "expression", "pose")}
        person = SimpleNamespace(**parts, camera=camera)
        state = state_of(rig, person)
        pixels, _ = projected(places(rig, points, state), K.double().numpy())
        face = np.zeros((478, 3))
        face[list(FACE_IDS), :2] = pixels[FACE]
        found = SimpleNamespace(
            pose=pixels[POSE],
            visibility=np.ones(33),
            world=places(rig, points, state)[:33],
            left_hand=np.pad(pixels[LEFT_HAND], ((0, 0), (0, 1))),
            right_hand=np.pad(pixels[RIGHT_HAND], ((0, 0), (0, 1))),
            face=face,
        )
        examples.append(example(model, rig, person, found))
    again = calibrated(model, examples)
    assert again.noise.max() < 2e-3
    limbs = [row for row in MEASURED if row >= 11]
    assert np.abs(again.points(model, rig).template[limbs] - points.template[limbs]).max() < 2e-3
    assert len(again.arrays()["attach"]) == COUNT
