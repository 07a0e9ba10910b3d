"""Poses: SMPL-X's joints in SMPL-X's order, parts that broadcast, turning by name, mirroring."""

import pytest
import torch
from bodies import random_pose

from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS, Pose


def test_joints_and_parents_are_smplxs():
    names = pytest.importorskip("smplx.joint_names", reason="smplx is not installed: pip install avatarkit[smplx]")
    theirs = [name.replace("_smplhf", "") for name in names.JOINT_NAMES[:55]]
    assert list(JOINT_NAMES) == theirs
    assert [JOINT_NAMES[p] for p in PARENTS[1:]][20:28] == [
        "right_elbow", "head", "head", "head", "left_wrist", "left_index1", "left_index2", "left_wrist"
    ]  # fmt: skip
    assert all(parent < joint for joint, parent in enumerate(PARENTS))


def test_full_is_smplxs_order():
    pose = Pose(*(torch.full((n,), float(k)) for k, n in enumerate((3, 63, 3, 3, 3, 45, 45, 3))))
    expected = [0] + 21 * [1] + [2, 3, 4] + 15 * [5] + 15 * [6]
    assert pose.full()[:, 0].tolist() == expected
    assert pose.transl.tolist() == [7, 7, 7]


def test_there_and_back():
    pose = random_pose(2, 3)
    again = Pose.from_full(pose.full(), pose.transl)
    assert torch.equal(again.full(), pose.full()) and again.left_hand_pose.shape == (2, 3, 45)
    assert Pose.rest(4).full().shape == (4, 55, 3) and Pose.rest().full().abs().sum() == 0


def test_parts_broadcast():
    # A video: hands at rest given once, the rest a batch.
    pose = Pose(**{**vars(random_pose(4)), "left_hand_pose": torch.zeros(45)})
    assert pose.full().shape == (4, 55, 3)


def test_turned_replaces_by_name():
    pose = random_pose(2).turned({"left_shoulder": (0, 0, -1.2), "jaw": torch.tensor([[0.1, 0, 0], [0.2, 0, 0]])})
    assert pose.full()[:, JOINT_INDEX["left_shoulder"]].tolist() == [[0, 0, pytest.approx(-1.2)]] * 2
    assert pose.jaw_pose[:, 0].tolist() == pytest.approx([0.1, 0.2])
    assert torch.equal(pose.right_hand_pose, random_pose(2).right_hand_pose)
    with pytest.raises(ValueError, match="left_sholder"):
        pose.turned({"left_sholder": (0, 0, 0)})


def test_mirrored_swaps_sides_and_is_its_own_inverse():
    pose = Pose.rest().turned({"left_elbow": (0.1, 0.2, 0.3), "left_thumb2": (0.4, 0, 0), "head": (0.1, 0.2, 0.3)})
    mirrored = pose.mirrored().full()
    assert mirrored[JOINT_INDEX["right_elbow"]].tolist() == pytest.approx([0.1, -0.2, -0.3])
    assert mirrored[JOINT_INDEX["right_thumb2"]].tolist() == pytest.approx([0.4, 0, 0])
    assert mirrored[JOINT_INDEX["head"]].tolist() == pytest.approx([0.1, -0.2, -0.3])
    assert mirrored[JOINT_INDEX["left_elbow"]].abs().sum() == 0
    pose = random_pose(3)
    assert torch.equal(pose.mirrored().mirrored().full(), pose.full())
    assert pose.mirrored().transl[:, 0].tolist() == (-pose.transl[:, 0]).tolist()


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="expected shapes"):
        Pose(**{**vars(Pose.rest()), "body_pose": torch.zeros(69)})  # SMPL's 23 joints
