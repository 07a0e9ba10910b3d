import math

import pytest
import torch

from avatarkit import files, poses
from avatarkit.body import JOINT_INDEX
from avatarkit.body.phenotype import Phenotype
from avatarkit.errors import BadData
from avatarkit.poses import POSES, both, hand, leg, pose_of, right, turned
from avatarkit.reaching import carried_by, clearances

PEOPLE = {
    "man": Phenotype(sex=0, age=35),
    "heavy woman": Phenotype(sex=1, age=50, weight=0.95),
    "child": Phenotype(sex=1, age=6),
}


@pytest.fixture(scope="module")
def posed():
    """(body, pose) of a person and a pose, each made once."""
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    bodies = {who: model.shaped(torch.as_tensor(person.betas(model)).float()) for who, person in PEOPLE.items()}
    made = {}

    def make(who, name):
        if (who, name) not in made:
            made[who, name] = pose_of(name, bodies[who])
        return bodies[who], made[who, name]

    return make


def lowest(body, pose, *joints):
    return float(body.posed(pose).vertices[carried_by(body, joints), 1].min())


def test_an_unknown_pose_is_refused_with_the_list():
    with pytest.raises(BadData, match="'flying' is not known, expected one of standing, t-pose"):
        pose_of("flying", None)


def test_mirroring():
    assert right({"left_hip": (1.0, 2.0, 3.0)}) == {"right_hip": (1.0, -2.0, -3.0)}
    symmetric = turned(both(leg(0.5, bend=0.2, out=0.1) | hand(0.3)))
    assert torch.equal(symmetric.mirrored().full(), symmetric.full())


@pytest.mark.parametrize("name", POSES)
def test_every_pose_is_finite_and_bends_no_joint_backwards(posed, name):
    _, pose = posed("man", name)
    turns = pose.full()
    assert turns.dtype == torch.float32 and torch.isfinite(turns).all()
    assert turns.norm(dim=-1).max() < math.pi
    knees = turns[[JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]]
    assert (knees[:, 0] >= -1e-6).all() and knees[:, 1:].abs().max() == 0
    assert torch.equal(pose.transl, torch.zeros(3))


@pytest.mark.parametrize("name", ["standing", "t-pose", "a-pose", "hands on hips", "arms raised", "sitting"])
def test_symmetric_poses_are_symmetric(posed, name):
    _, pose = posed("child", name)
    assert torch.allclose(pose.mirrored().full(), pose.full(), atol=2e-3)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", ["standing", "walking", "sitting", "kneeling"])
def test_both_legs_stand_on_the_ground(posed, who, name):
    body, pose = posed(who, name)
    ground = float(body.posed(pose).vertices[:, 1].min())
    for side in ("left", "right"):
        assert lowest(body, pose, *(f"{side}_{joint}" for joint in ("knee", "ankle", "foot"))) - ground < 0.002


@pytest.mark.parametrize("who", PEOPLE)
def test_hands_on_hips_touch_the_hips_and_do_not_sink_in(posed, who):
    body, pose = posed(who, "hands on hips")
    for side in ("left", "right"):
        gap = clearances(body, pose, poses._hand(body, side), poses._trunk(body))
        assert -0.006 < gap.min() < 0.001
        wrist = body.posed(pose).joints[JOINT_INDEX[f"{side}_wrist"]]
        assert body.posed(pose).joints[JOINT_INDEX["left_hip"], 1] < wrist[1] < body.joints[JOINT_INDEX["spine3"], 1]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", ["standing", "walking", "arms crossed"])
def test_arms_keep_out_of_the_trunk(posed, who, name):
    body, pose = posed(who, name)
    for side in ("left", "right"):
        assert clearances(body, pose, poses._forearm(body, side), poses._trunk(body)).min() > -0.003


def test_heavy_arms_hang_further_out(posed):
    reach = [
        float(body.posed(pose).joints[JOINT_INDEX["left_wrist"], 0] - body.joints[JOINT_INDEX["left_shoulder"], 0])
        for body, pose in (posed("child", "standing"), posed("heavy woman", "standing"))
    ]
    assert reach[1] > reach[0]


def test_sitting_thighs_are_level_and_shins_upright(posed):
    body, pose = posed("man", "sitting")
    joints = body.posed(pose).joints
    hip, knee, ankle = (joints[JOINT_INDEX[f"left_{joint}"]] for joint in ("hip", "knee", "ankle"))
    assert abs(hip[1] - knee[1]) < 0.02 and knee[2] - hip[2] > 0.3
    assert abs(knee[2] - ankle[2]) < 0.02 and knee[1] - ankle[1] > 0.3


def test_poses_of_arms(posed):
    body, pose = posed("man", "a-pose")
    joints = body.posed(pose).joints
    forearm = joints[JOINT_INDEX["left_wrist"]] - joints[JOINT_INDEX["left_shoulder"]]
    assert abs(math.degrees(math.atan2(-forearm[1], forearm[0])) - 45) < 8
    for name, side, above in (("arms raised", "left", "head"), ("waving", "right", "right_shoulder")):
        joints = body.posed(posed("man", name)[1]).joints
        assert joints[JOINT_INDEX[f"{side}_wrist"], 1] > joints[JOINT_INDEX[above], 1]
    joints = body.posed(posed("man", "pointing")[1]).joints
    pointed = joints[JOINT_INDEX["right_index3"]] - joints[JOINT_INDEX["right_shoulder"]]
    assert pointed[2] / pointed.norm() > 0.95
