import torch
from bodies import random_pose, small_model

from avatarkit.body import JOINT_INDEX
from avatarkit.reaching import (
    Hand,
    carried_by,
    clearances,
    nearest_of,
    reached,
    rising,
    turning,
    twist_about,
    two_bones,
)
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_two_bones_of_a_right_triangle():
    middle, end = two_bones(vector(0, 0, 0), vector(5, 0, 0), vector(0, 1, 0), vector(3)[0], vector(4)[0])
    assert torch.allclose(middle, vector(9 / 5, 12 / 5, 0))  # altitude of 3, 4, 5
    assert torch.allclose(end, vector(5, 0, 0))


def test_two_bones_keep_their_lengths_however_far_the_target():
    for distance in (1e-3, 0.4, 1.0, 50.0):
        target = distance * vector(1, 0, 0)
        middle, end = two_bones(vector(0, 0, 0), target, vector(0.3, 0, -1), vector(1)[0], vector(0.7)[0])
        assert torch.allclose(middle.norm(), vector(1)[0])
        assert torch.allclose((end - middle).norm(), vector(0.7)[0])
        assert middle[2] < 0  # towards the pole


def test_turning_takes_a_exactly_and_b_as_far_as_it_can():
    rotation = turning(vector(1, 0, 0), vector(0, -1, 0), vector(0, 2, 0), vector(0, 5, 3))
    assert torch.allclose(rotation @ vector(1, 0, 0), vector(0, 1, 0))
    assert torch.allclose(rotation @ vector(0, -1, 0), vector(0, 0, 1))
    assert torch.allclose(torch.linalg.det(rotation), vector(1)[0])


def test_twist_is_what_is_left_when_the_swing_is_taken_off():
    axis = vector(0.6, 0.8, 0)
    twist, swing = rotation_from_axis_angle(0.7 * axis), rotation_from_axis_angle(1.1 * vector(0.8, -0.6, 0))
    assert torch.allclose(twist_about(swing @ twist, axis), 0.7 * axis)
    assert torch.allclose(twist_about(torch.eye(3, dtype=torch.float64), axis), torch.zeros(3, dtype=torch.float64))


def test_the_wrist_comes_where_it_should_and_the_hand_looks_where_it_should():
    body = small_model(correctives=False).shaped(torch.zeros(1))
    before = random_pose(scale=0.2, seed=3)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, wrist = (JOINT_INDEX[f"{side}_{joint}"] for joint in ("shoulder", "wrist"))
        start = body.posed(before).joints[shoulder].double()
        reach = sum((body.joints[JOINT_INDEX[f"{side}_{b}"]] - body.joints[JOINT_INDEX[f"{side}_{a}"]]).norm()
                    for a, b in (("shoulder", "elbow"), ("elbow", "wrist")))  # fmt: skip
        goal = start + 0.6 * reach.double() * vector(0.6, -0.8, 0)
        after = reached(body, before, side, Hand(goal, vector(0, 0, 1), vector(0, -1, 0), vector(0, 0, -1)))
        frames = body.posed(after.to(dtype=torch.float32)).world_from_joint[wrist].double()
        assert torch.allclose(frames[:3, 3], goal, atol=1e-5)
        assert torch.allclose(frames[:3, :3] @ vector(sign, 0, 0), vector(0, 0, 1), atol=1e-5)
        assert torch.allclose(frames[:3, :3] @ vector(0, -1, 0), vector(0, -1, 0), atol=1e-5)
        unmoved = [
            k for name, k in JOINT_INDEX.items() if name not in (f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        ]
        assert torch.allclose(after.full()[unmoved].float(), before.full()[unmoved])


def test_half_of_the_forearms_turn_is_the_elbows():
    body = small_model(correctives=False).shaped(torch.zeros(1))
    pose = random_pose(scale=0.0)
    shoulder, wrist = body.joints[JOINT_INDEX["left_shoulder"]], body.joints[JOINT_INDEX["left_wrist"]]
    fore = (wrist - body.joints[JOINT_INDEX["left_elbow"]]).double()
    goal = shoulder.double() + 0.7 * (wrist - shoulder).double()
    local = [
        reached(body, pose, "left", Hand(goal, vector(0, 0, 1), vector(0, sign, 0.1), vector(0, 1, -1))).full()
        for sign in (-1.0, 1.0)
    ]
    wrists = [axis_angle_from_rotation(rotation_from_axis_angle(turns[JOINT_INDEX["left_wrist"]])) for turns in local]
    twists = [float(twist_about(rotation_from_axis_angle(turn), fore / fore.norm()).norm()) for turn in wrists]
    assert max(twists) <= torch.pi / 2 + 1e-6  # a whole turn of π would be left to the wrist otherwise


def test_rising_finds_zero_or_the_nearer_end():
    assert abs(rising(lambda x: x**3 - 0.3**3, 0, 1, steps=44, close=0) - 0.3) < 1e-5
    near = rising(lambda x: x**3 - 0.3**3, 0, 1, steps=44)
    assert 0 <= near**3 - 0.3**3 < 2e-4
    assert rising(lambda x: 1.0, 0, 1, steps=30) < 1e-6
    assert rising(lambda x: -1.0, 0, 1, steps=30) == 1


def test_carried_by_and_clearances_of_a_shell():
    body = small_model(correctives=False).shaped(torch.zeros(1))
    joints = body.model.lbs_weights.argmax(1)
    some = carried_by(body, ("left_elbow", "head"))
    assert set(joints[some].tolist()) <= {JOINT_INDEX["left_elbow"], JOINT_INDEX["head"]}
    every = torch.arange(len(joints))
    assert torch.allclose(clearances(body, random_pose(scale=0), every, every), torch.zeros(len(joints)), atol=1e-6)


def test_the_nearest_is_that_of_all_distances():
    random = torch.Generator().manual_seed(3)
    for count in (1, 2, 400):
        points = torch.randn(60, 3, generator=random, dtype=torch.float64)
        others = 0.4 * torch.randn(count, 3, generator=random, dtype=torch.float64)
        assert torch.equal(nearest_of(points, others), torch.cdist(points, others).argmin(1))
