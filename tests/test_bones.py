"""Each profile names each joint once, and no name means two joints, whichever profile it is from."""

import pytest

from avatarkit.body import JOINT_NAMES
from avatarkit.bones import PROFILES, joint_places, renamed
from avatarkit.errors import UsageError

VRM_TRUNK = ["hips", "leftUpperLeg", "rightUpperLeg", "spine", "leftLowerLeg", "rightLowerLeg", "chest", "leftFoot",
             "rightFoot", "upperChest", "leftToes", "rightToes", "neck", "leftShoulder", "rightShoulder", "head",
             "leftUpperArm", "rightUpperArm", "leftLowerArm", "rightLowerArm", "leftHand", "rightHand", "jaw",
             "leftEye", "rightEye"]  # fmt: skip


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_a_bijection_that_leads_back(profile):
    names = renamed(JOINT_NAMES, profile)
    assert len(names) == len(set(names)) == 55 and all(names)
    assert renamed(names, "smplx") == list(JOINT_NAMES)
    assert joint_places(names) == {joint: place for place, joint in enumerate(JOINT_NAMES)}


def test_no_name_means_two_joints():
    meanings = {(name, joint) for names in PROFILES.values() for name, joint in zip(names, JOINT_NAMES, strict=True)}
    assert len(meanings) == len({name for name, _ in meanings})


def test_the_names_are_the_programs_own():
    assert list(PROFILES["smplx"]) == list(JOINT_NAMES)
    assert list(PROFILES["vrm"][:25]) == VRM_TRUNK
    thumb = ["left_thumb1", "left_thumb2", "left_thumb3"]
    assert renamed(thumb, "vrm") == ["leftThumbMetacarpal", "leftThumbProximal", "leftThumbDistal"]
    assert renamed(["right_pinky2"], "vrm") == ["rightLittleIntermediate"]
    arm = ["left_collar", "left_shoulder", "left_elbow", "left_wrist", "left_index3"]
    assert renamed(arm, "mixamo") == ["LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LeftHandIndex3"]
    assert renamed(arm, "unreal") == ["clavicle_l", "upperarm_l", "lowerarm_l", "hand_l", "index_03_l"]
    leg = ["right_hip", "right_knee", "right_ankle", "right_foot"]
    assert renamed(leg, "mixamo") == ["RightUpLeg", "RightLeg", "RightFoot", "RightToeBase"]
    assert renamed(leg, "unreal") == ["thigh_r", "calf_r", "foot_r", "ball_r"]
    spine = ["pelvis", "spine1", "spine2", "spine3", "neck", "head"]
    assert renamed(spine, "mixamo") == ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"]


def test_an_unknown_profile_is_told_which_there_are():
    with pytest.raises(UsageError, match=r"'maya'.*smplx, vrm, mixamo, unreal"):
        renamed(["pelvis"], "maya")
