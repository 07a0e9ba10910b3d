"""Every profile's names find the same joints; the same word in two profiles means what its neighbours make of it."""

import pytest

from avatarkit.body import JOINT_NAMES, PARENTS
from avatarkit.errors import BadData
from avatarkit.joint_names import matched

BODY = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
# For each profile: pelvis, three of the spine, neck, head; then the left limbs in the order of BODY.
MIXAMO = "Hips Spine Spine1 Spine2 Neck Head LeftUpLeg LeftLeg LeftFoot LeftToeBase "
MIXAMO += "LeftShoulder LeftArm LeftForeArm LeftHand"
PROFILES = {
    "mixamo": " ".join(f"mixamorig:{name}" for name in MIXAMO.split()),
    "humanik": MIXAMO,
    "unreal": "pelvis spine_01 spine_02 spine_03 neck_01 head "
    "thigh_l calf_l foot_l ball_l clavicle_l upperarm_l lowerarm_l hand_l",
    "smpl": "pelvis spine1 spine2 spine3 neck head "
    "left_hip left_knee left_ankle left_foot left_collar left_shoulder left_elbow left_wrist",
    "poser": "hip abdomen chest upperChest neck head lThigh lShin lFoot lToe lCollar lShldr lForeArm lHand",
    "small letters": "hip abdomen chest chest2 neck head lthigh lshin lfoot ltoe lcollar lshldr lforearm lhand",
    "acclaim": "root lowerback upperback thorax lowerneck head "
    "lfemur ltibia lfoot ltoes lclavicle lhumerus lradius lwrist",
    "biovision": "Hips Chest Chest2 Chest3 Neck Head "
    "LeftHip LeftKnee LeftAnkle LeftToe LeftCollar LeftShoulder LeftElbow LeftWrist",
    "rigify": "spine spine.001 spine.002 spine.003 spine.004 spine.006 "
    "thigh.L shin.L foot.L toe.L shoulder.L upper_arm.L forearm.L hand.L",
    "deform bones": "DEF-spine DEF-spine.001 DEF-spine.002 DEF-spine.003 DEF-spine.004 DEF-spine.006 "
    "DEF-thigh.L DEF-shin.L DEF-foot.L DEF-toe.L DEF-shoulder.L DEF-upper_arm.L DEF-forearm.L DEF-hand.L",
    "vrm": "hips spine chest upperChest neck head leftUpperLeg leftLowerLeg leftFoot leftToes "
    "leftShoulder leftUpperArm leftLowerArm leftHand",
    "vroid": "J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck J_Bip_C_Head J_Bip_L_UpperLeg "
    "J_Bip_L_LowerLeg J_Bip_L_Foot J_Bip_L_ToeBase J_Bip_L_Shoulder J_Bip_L_UpperArm J_Bip_L_LowerArm J_Bip_L_Hand",
    "biped": "Bip01_Pelvis Bip01_Spine Bip01_Spine1 Bip01_Spine2 Bip01_Neck Bip01_Head Bip01_L_Thigh Bip01_L_Calf "
    "Bip01_L_Foot Bip01_L_Toe0 Bip01_L_Clavicle Bip01_L_UpperArm Bip01_L_Forearm Bip01_L_Hand",
}
SWAPPED = [("left", "right"), ("Left", "Right"), ("_L_", "_R_"), ("_l ", "_r "), (".L", ".R")]


def mirrored(name):
    for left, right in SWAPPED:
        if left in f"{name} ":
            return f"{name} ".replace(left, right).strip()
    return "r" + name[1:]


def skeleton(profile):
    """Names and parents, parents first, of a profile's 22 joints."""
    words = PROFILES[profile].split()
    names, parents = words[:6], [-1, 0, 1, 2, 3, 4]
    for side in ("left", "right"):
        for k, name in enumerate(words[6:]):
            parents.append({0: 0, 4: 3}.get(k, len(names) - 1))
            names.append(name if side == "left" else mirrored(name))
    return names, parents


def expected():
    trunk = ["pelvis", "spine1", "spine2", "spine3", "neck", "head"]
    return trunk + [f"{side}_{joint}" for side in ("left", "right") for joint in BODY]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile(profile):
    names, parents = skeleton(profile)
    found = matched(names, parents)
    assert found == {joint: k for k, joint in enumerate(expected())}


def test_smplx_finds_itself():
    assert matched(JOINT_NAMES, PARENTS) == {name: k for k, name in enumerate(JOINT_NAMES)}


def test_cmu_with_joints_that_lead_nowhere():
    names = "Hips LHipJoint LeftUpLeg LeftLeg LeftFoot LeftToeBase RHipJoint RightUpLeg RightLeg RightFoot RightToeBase"
    names += " LowerBack Spine Spine1 Neck Neck1 Head LeftShoulder LeftArm LeftForeArm LeftHand LeftFingerBase"
    names += " LeftHandIndex1 LThumb RightShoulder RightArm RightForeArm RightHand RightFingerBase"
    names += " RightHandIndex1 RThumb"
    trunk, left = "-1 0 1 2 3 4 0 6 7 8 9 0 11 12 13 14 15", "13 17 18 19 20 21 20"
    parents = [int(parent) for parent in f"{trunk} {left} 13 24 25 26 27 28 27".split()]
    found = matched(names.split(), parents)
    called = {joint: names.split()[k] for joint, k in found.items()}
    assert called["spine1"] == "LowerBack" and called["spine3"] == "Spine1" and called["neck"] == "Neck"
    assert called["left_hip"] == "LeftUpLeg" and called["pelvis"] == "Hips" and called["right_thumb1"] == "RThumb"
    assert called["left_index1"] == "LeftHandIndex1" and "left_index2" not in called


def test_the_hips_may_have_the_pelvis_below_them():
    """Daz: the spine hangs from `hip`, the thighs from `pelvis`, which hangs from it too."""
    names = "hip pelvis lThighBend lShin rThighBend rShin abdomen chest"
    names += " lShldrBend lForearmBend rShldrBend rForearmBend head"
    parents = [-1, 0, 1, 2, 1, 4, 0, 6, 7, 8, 7, 10, 7]
    found = matched(names.split(), parents)
    assert found["pelvis"] == 1 and found["spine1"] == 6 and found["spine3"] == 7 and "spine2" not in found


@pytest.mark.parametrize(
    ("words", "bones"),
    [
        ("LeftHandIndex{}", (1, 2, 3)),
        ("index_0{}_l", (1, 2, 3)),
        ("f_index.0{}.L", (1, 2, 3)),
        ("leftIndex{}", ("Proximal", "Intermediate", "Distal")),
        ("Bip01 L Finger1{}", ("", 1, 2)),
    ],
)
def test_fingers(words, bones):
    names, parents = skeleton("humanik")
    hand = names.index("LeftHand")
    chain = ["LeftInHandIndex", *(words.format(bone) for bone in bones), "LeftHandIndex4"]
    found = matched([*names, *chain], [*parents, hand, *range(len(names), len(names) + 4)])
    assert [found[f"left_index{k}"] for k in (1, 2, 3)] == [len(names) + k for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("names", "parents", "message"),
    [
        (["Hips", "Spine"], [-1, 0], "found no left_hip, .*there are: Hips, Spine"),
        (["a" * 500] * 900, [-1] + [0] * 899, "found no left_hip"),
    ],
)
def test_nobody_recognised(names, parents, message):
    with pytest.raises(BadData, match=message) as error:
        matched(names, parents)
    assert len(str(error.value)) < 900


def test_legs_without_a_pelvis():
    names, parents = skeleton("humanik")
    parents = [parent if name != "LeftUpLeg" else 0 for name, parent in zip(names, parents, strict=True)]
    order = ["LeftUpLeg", *[n for n in names if n != "LeftUpLeg"]]
    with pytest.raises(BadData, match="no pelvis"):
        matched(order, [-1, *([0] * (len(order) - 1))])
