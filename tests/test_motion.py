import math

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit.body import Pose
from avatarkit.clips import Clip
from avatarkit.errors import BadData
from avatarkit.motion import clip_of, frame_count, is_smplx_shape, pose_at, rotated, set_down, upright
from avatarkit.rotation import rotation_from_axis_angle

rng = np.random.default_rng(0)
ROOT, BODY, JAW, EYES, HANDS = (rng.normal(0, 0.3, (4, n)) for n in (3, 63, 3, 6, 90))
TRANS = rng.normal(0, 1, (4, 3))
SMPLX = {"global_orient": ROOT, "body_pose": BODY, "jaw_pose": JAW, "leye_pose": EYES[:, :3], "reye_pose": EYES[:, 3:]}
SMPLX |= {"left_hand_pose": HANDS[:, :45], "right_hand_pose": HANDS[:, 45:], "transl": TRANS}


def joined(*parts):
    return {"poses": np.concatenate(parts, axis=1), "trans": TRANS}


def bodies_of(pose):
    return [pose.body_pose.numpy(), pose.left_hand_pose.numpy(), pose.right_hand_pose.numpy()]


FILES = {
    "smplx": (SMPLX, True),
    "AMASS SMPL+H": (joined(ROOT, BODY, HANDS), True),
    "AMASS stageii": (joined(ROOT, BODY, JAW, EYES, HANDS), True),
    "stageii by part": (
        {"root_orient": ROOT, "pose_body": BODY, "pose_jaw": JAW, "pose_eye": EYES, "pose_hand": HANDS, "trans": TRANS},
        True,
    ),
    "SMPL": (joined(ROOT, BODY, np.ones((4, 6))), False),
    "body alone": (joined(ROOT, BODY), False),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_file_gives_the_same_body(kind):
    arrays, fingers = FILES[kind]
    pose, knows_fingers = pose_at(arrays, 2)
    assert frame_count(arrays) == 4
    assert knows_fingers == fingers
    expected = [BODY[2], *(HANDS[2].reshape(2, 45) if fingers else np.zeros((2, 45)))]
    for found, row in zip(bodies_of(pose), expected, strict=True):
        assert np.array_equal(found, row.astype(np.float32))
    if kind in ("smplx", "AMASS stageii", "stageii by part"):
        assert torch.allclose(pose.jaw_pose, torch.tensor(JAW[2]).float())
        assert torch.allclose(pose.reye_pose, torch.tensor(EYES[2, 3:]).float())


@pytest.mark.parametrize("kind", FILES)
def test_the_world_of_amass_is_set_upright(kind):
    arrays, _ = FILES[kind]
    pose, _ = pose_at(arrays, 1)
    ours_from_file = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]) if kind != "smplx" else np.eye(3)
    rotation = rotation_from_axis_angle(torch.tensor(ROOT[1])).numpy()
    found = rotation_from_axis_angle(pose.global_orient.double()).numpy()
    np.testing.assert_allclose(found, ours_from_file @ rotation, atol=1e-6)
    np.testing.assert_allclose(pose.transl.numpy(), ours_from_file @ TRANS[1], atol=1e-6)


def test_amass_standing_upright_has_a_quarter_turn_about_x():
    pose, _ = pose_at({"poses": np.array([[math.pi / 2, 0, 0, *np.zeros(63)]])})
    assert torch.allclose(pose.global_orient, torch.zeros(3), atol=1e-6)


def test_shapes_with_and_without_frames_and_joints():
    for shape in ((63,), (1, 63), (21, 3), (1, 21, 3)):
        pose, _ = pose_at({"body_pose": BODY[0].reshape(shape)})
        assert np.array_equal(pose.body_pose.numpy(), BODY[0].astype(np.float32))
    for shape in ((69,), (1, 69), (23, 3), (1, 23, 3)):
        pose, _ = pose_at({"body_pose": np.concatenate([BODY[0], np.ones(6)]).reshape(shape)})
        assert np.array_equal(pose.body_pose.numpy(), BODY[0].astype(np.float32))
    mixed, _ = pose_at({"body_pose": BODY.reshape(4, 21, 3), "jaw_pose": JAW[0]}, 3)  # one jaw for all frames
    assert np.array_equal(mixed.jaw_pose.numpy(), JAW[0].astype(np.float32))
    assert np.array_equal(mixed.body_pose.numpy(), BODY[3].astype(np.float32))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"poses": np.zeros((4, 100))},
            r"poses: found float64 \(4, 100\), expected \(frames, 66 or 72 or 156 or 165\)",
        ),
        ({"poses": np.zeros((0, 156))}, "poses: found"),
        ({"poses": np.array(["x"] * 66)}, "poses: found <U1, expected numbers"),
        ({"betas": np.zeros(10)}, r"no body_pose, poses or pose_body.*there are: betas"),
        ({"pose_jaw": JAW, "pose_body": JAW}, r"pose_body: found shape \(4, 3\)"),
        ({"root_orient": ROOT}, "no body_pose"),
        (SMPLX | {"left_hand_pose": np.zeros((4, 12))}, "left_hand_pose: found shape .*without PCA"),
        (SMPLX | {"jaw_pose": np.zeros((3, 3))}, "numbers of frames differ: .*jaw_pose 3"),
        (SMPLX | {"jaw_pose": np.full((4, 3), np.nan)}, "jaw_pose: frame 0 holds NaN"),
        ({"poses": np.float64(3)}, r"poses: found float64 \(\)"),
        ({"body_pose": np.array(None)}, "body_pose: found object"),
    ],
)
def test_what_cannot_be_used_is_named(arrays, message):
    with pytest.raises(BadData, match=message):
        pose_at(arrays)


@pytest.mark.parametrize("frame", [4, -1])
def test_a_frame_that_is_not_there(frame):
    with pytest.raises(BadData, match=f"frame {frame}: the motion has 4 frames, expected 0 to 3"):
        pose_at(SMPLX, frame)


def test_whose_betas():
    assert (
        is_smplx_shape(SMPLX)
        and is_smplx_shape(FILES["stageii by part"][0])
        and is_smplx_shape(FILES["AMASS stageii"][0])
    )
    assert not is_smplx_shape(FILES["AMASS SMPL+H"][0])


def test_upright_and_back():
    pose, _ = pose_at(SMPLX)
    back = rotated(upright(pose), torch.tensor([math.pi / 2, 0, 0]))
    assert torch.allclose(back.full(), pose.full(), atol=1e-5)
    assert torch.allclose(back.transl, pose.transl, atol=1e-5)


@pytest.fixture(scope="module")
def body():
    torch.set_num_threads(1)
    return files.read_body_model("builtin").shaped(torch.zeros(1))


@pytest.mark.parametrize("kind", FILES)
def test_a_whole_motion_is_its_frames(kind, body):
    """Every joint but the pelvis is what `pose_at` says; the pelvis faces +Z at first, over x = z = 0."""
    arrays, fingers = FILES[kind]
    clip, words = clip_of(arrays | {"mocap_framerate": np.array(120.0)}, body, "x")
    assert clip.times.tolist() == pytest.approx([0, 1 / 120, 2 / 120, 3 / 120]) and words == []
    for k in range(4):
        pose, _ = pose_at(arrays, k)
        joints = slice(1, None) if fingers else slice(1, 25)
        assert torch.allclose(clip.pose.full()[k, joints], pose.full()[joints], atol=1e-6)
    assert fingers or clip.pose.left_hand_pose.abs().max() > 0.1  # relaxed, not flat
    ahead = rotation_from_axis_angle(clip.pose.global_orient[0])[:, 2]
    # the others lie on their backs, where there is no telling
    assert kind != "smplx" or (abs(float(ahead[0])) < 1e-5 and ahead[2] > 0)
    assert clip.pose.transl[0, [0, 2]].abs().max() < 1e-5


@pytest.mark.parametrize("key", ["mocap_framerate", "mocap_frame_rate", "fps"])
def test_how_fast_a_motion_is(key, body):
    assert clip_of(SMPLX | {key: np.array([60])}, body, "x")[0].duration == pytest.approx(3 / 60)
    for wrong in (np.array(0.0), np.array([1, 2]), np.array(np.nan), np.array("fast")):
        with pytest.raises(BadData, match=f"{key}: found"):
            clip_of(SMPLX | {key: wrong}, body, "x")
    clip, words = clip_of(SMPLX, body, "x")
    assert clip.duration == pytest.approx(3 / 30) and "30 frames a second are taken" in words[0]


def test_a_motion_that_cannot_be_used(body):
    with pytest.raises(BadData, match="jaw_pose: holds NaN"):
        clip_of(SMPLX | {"jaw_pose": np.where(np.arange(4)[:, None] == 3, np.nan, JAW)}, body, "x")
    with pytest.raises(BadData, match="found 200001 frames, expected at most 200000: cut it"):
        clip_of({"poses": np.broadcast_to(np.float32(0), (200_001, 66))}, body, "x")


def test_set_down_stands_on_the_ground_wherever_it_was(body):
    """Someone who stands, and in one frame of forty has sunk by a metre, stands on y = 0 all the same."""
    transl = torch.tensor([7.0, 5.0, -3.0]).repeat(40, 1)
    transl[20, 1] -= 1
    pose = Pose.from_full(torch.zeros(40, 55, 3), transl).turned({"pelvis": (0.0, 2.0, 0.0)})
    clip = set_down(Clip("x", torch.arange(40) / 30, pose), body)
    assert clip.pose.transl[0].abs().max() < 1e-4 and float(clip.pose.transl[20, 1]) == pytest.approx(-1, abs=1e-4)
    assert clip.pose.global_orient.abs().max() < 1e-5


def test_the_longer_the_legs_the_further_they_go(body):
    path = {"poses": np.zeros((2, 66)) + [math.pi / 2, *[0] * 65], "trans": np.array([[0, 0, 0], [0, -1.0, 0]])}
    hips, knees, ankles = body.joints[[1, 4, 7]]
    clip, _ = clip_of(path, body, "x")
    leg = float((hips - knees).norm() + (knees - ankles).norm())
    assert clip.pose.transl[1].tolist() == pytest.approx([0, 0, leg / 0.80], abs=1e-4)
