import math

import numpy as np
import pytest
import torch

from avatarkit.errors import BadData
from avatarkit.motion import frame_count, is_smplx_shape, pose_at, rotated, upright
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
