import math

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit.body import JOINT_INDEX
from avatarkit.body.phenotype import Phenotype
from avatarkit.errors import BadData
from avatarkit.poses import POSES, both, hand, leg, pose_of, right, turned, varied
from avatarkit.poses.solving import HEAD, LEG, TRUNK, forearm_of, hand_of, trunk_of
from avatarkit.poses.turns import thigh
from avatarkit.reaching import carried_by, clearances

ON_BOTH_FEET = "standing walking sitting kneeling contrapposto strolling striding dancing lunging pushing".split()
ON_BOTH_FEET += ["throwing", "leaning", "crouching", "disco dancing", "fighting stance", "warrior pose"]
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
@pytest.mark.parametrize("name", ON_BOTH_FEET)
def test_both_legs_stand_on_the_ground(posed, who, name):
    body, pose = posed(who, name)
    ground = float(body.posed(pose).vertices[:, 1].min())
    for side in ("left", "right"):
        assert lowest(body, pose, *(f"{side}_{joint}" for joint in ("knee", "ankle", "foot"))) - ground < 0.002


@pytest.mark.parametrize("who", PEOPLE)
def test_hands_on_hips_touch_the_hips_and_do_not_sink_in(posed, who):
    body, pose = posed(who, "hands on hips")
    for side in ("left", "right"):
        gap = clearances(body, pose, hand_of(body, side), trunk_of(body))
        assert -0.006 < gap.min() < 0.001
        wrist = body.posed(pose).joints[JOINT_INDEX[f"{side}_wrist"]]
        assert body.posed(pose).joints[JOINT_INDEX["left_hip"], 1] < wrist[1] < body.joints[JOINT_INDEX["spine3"], 1]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", POSES)
def test_arms_keep_out_of_trunk_and_head(posed, who, name):
    body, pose = posed(who, name)
    solid = carried_by(body, (*TRUNK, *HEAD))
    for side in ("left", "right"):
        gap = clearances(body, pose, forearm_of(body, side), solid)
        assert gap.min() > (-0.012 if name == "legs crossed" else -0.006)


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


def test_there_are_thirty_families_and_more():
    assert len(POSES) >= 48 and next(iter(POSES)) == "standing"


def test_a_thigh_turns_first_about_its_length():
    level, aside = (turned(thigh(math.pi / 2, yaw=yaw)) for yaw in (0.0, 0.5))
    crossed = turned(thigh(math.pi / 2, turn=math.pi / 2) | {"left_knee": (math.pi / 2, 0, 0)})
    model = files.read_body_model("builtin")
    body = model.shaped(torch.zeros(1))
    hip, knee, ankle = (JOINT_INDEX[f"left_{name}"] for name in ("hip", "knee", "ankle"))
    for pose, wanted in ((level, (0, 0, 1)), (aside, (math.sin(0.5), 0, math.cos(0.5)))):
        joints = body.posed(pose.to(dtype=torch.float32)).joints
        assert torch.nn.functional.cosine_similarity(joints[knee] - joints[hip], torch.tensor(wanted), dim=0) > 0.98
    joints = body.posed(crossed.to(dtype=torch.float32)).joints
    assert (joints[ankle] - joints[knee])[0] < -0.3  # the shin points to the other side


@pytest.mark.parametrize("who", PEOPLE)
def test_hands_reach_what_they_are_named_after(posed, who):
    body, pose = posed(who, "hand on chin")
    head = carried_by(body, ("head", "jaw", "neck"))
    assert abs(clearances(body, pose, hand_of(body, "right"), head).min()) < 0.004
    body, pose = posed(who, "saluting")
    assert abs(clearances(body, pose, hand_of(body, "right"), head).min() - 0.002) < 0.004
    body, pose = posed(who, "praying")
    vertices = body.posed(pose).vertices
    palms = [vertices[carried_by(body, (f"{side}_wrist", f"{side}_middle1")), 0] for side in ("left", "right")]
    assert 0 < palms[0].min() < 0.02 and -0.02 < palms[1].max() < 0


@pytest.mark.parametrize("who", PEOPLE)
def test_who_sits_on_the_floor_touches_it(posed, who):
    for name in ("sitting cross-legged", "sitting on the floor"):
        body, pose = posed(who, name)
        seat = lowest(body, pose, "pelvis")
        legs = [lowest(body, pose, *(f"{side}_{joint}" for joint in LEG[1:])) for side in ("left", "right")]
        assert abs(min(legs) - seat) < 0.003 and abs(max(legs) - seat) < 0.02, name  # one shin may lie on the other


@pytest.mark.parametrize("name", ["standing", "hands on hips", "sitting", "warrior pose"])
def test_varied_poses_differ_but_keep_ground_and_skin(posed, name):
    body, pose = posed("heavy woman", name)
    generator = np.random.default_rng(0)
    found = [varied(body, pose, generator) for _ in range(4)]
    solid = carried_by(body, (*TRUNK, *HEAD))
    before = min(float(clearances(body, pose, forearm_of(body, side), solid).min()) for side in ("left", "right"))
    for one in found:
        turns = one.full()
        assert turns.dtype == torch.float32 and torch.isfinite(turns).all()
        assert (turns - pose.full()).abs().max() > 0.05 and torch.equal(one.transl, pose.transl)
        knees = turns[[JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]]
        assert (knees[:, 0] >= -1e-6).all()
        for side in ("left", "right"):
            gap = clearances(body, one, forearm_of(body, side), solid).min()
            assert gap > min(before, 0.012) - 0.006  # every third vertex is looked at
        legs = [lowest(body, one, *(f"{side}_{joint}" for joint in LEG)) for side in ("left", "right")]
        assert abs(legs[0] - legs[1]) < 0.012
    assert any((a.full() - b.full()).abs().max() > 0.1 for a, b in zip(found[1:], found, strict=False))


def test_variation_is_the_seeds_and_none_is_none(posed):
    body, pose = posed("man", "a-pose")
    first, again, none = (
        varied(body, pose, np.random.default_rng(3), amount=amount).full() for amount in (1.0, 1.0, 0.0)
    )
    assert torch.equal(first, again)
    assert torch.allclose(none, pose.full(), atol=1e-5)  # symmetric: its mirror image is itself
