"""The built-in motions on bodies that differ: loops close, feet stand where and as they should."""

import math

import pytest
import torch

from avatarkit import files
from avatarkit.body import JOINT_INDEX, Pose
from avatarkit.body.phenotype import Phenotype
from avatarkit.clips import resampled, seam
from avatarkit.cycles import CYCLES, stride
from avatarkit.cycles.curves import eased, periodic
from avatarkit.poses.solving import forearm_of, trunk_of
from avatarkit.reaching import carried_by, clearing

PEOPLE = {
    "heavy woman": Phenotype(sex=1, age=50, weight=0.95),
    "child": Phenotype(sex=1, age=6),
    "tall man": Phenotype(sex=0, age=25, height=200),
}
# Degrees of knee and hip, bent to the front, every 10 % of a stride: natural cadence, rounded [Winter 1991].
KNEE = (5, 17, 17, 9, 6, 15, 38, 61, 54, 19)
HIP = (24, 20, 13, 4, -4, -9, -5, 9, 21, 25)


@pytest.fixture(scope="module")
def bodies():
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    return {who: model.shaped(torch.as_tensor(person.betas(model)).float()) for who, person in PEOPLE.items()}


@pytest.fixture(scope="module")
def clips(bodies):
    return {(who, name): make(bodies[who]) for who in PEOPLE for name, make in CYCLES.items()}


def feet_of(body, clip):
    """The vertices (T,N,3) of each foot, y over the ground."""
    posed = body.posed(clip.pose)
    low = body.vertices[:, 1].min()
    for side in ("left", "right"):
        yield posed.vertices[:, carried_by(body, (f"{side}_ankle", f"{side}_foot"))] - torch.stack(
            [low * 0, low, low * 0]
        )


@pytest.mark.parametrize("who", PEOPLE)
def test_loops_close_and_joints_are_still_at_no_time_wrong(bodies, clips, who):
    lengths = {"idle": (4, 6), "walk": (0.7, 1.3), "wave": (2, 3)}
    for name, (least, most) in lengths.items():
        clip = clips[who, name]
        angle, metres = seam(clip)
        assert angle < 0.1 and metres < 1e-6 and least <= clip.duration <= most and clip.name == name
        assert all(torch.isfinite(part).all() for part in (clip.pose.full(), clip.pose.transl))
        turns = clip.pose.full()
        assert (turns[1:] - turns[:-1]).norm(dim=-1).max() < math.radians(900 / 15)  # no joint jumps between frames


def test_idle_and_wave_begin_alike(clips):
    for who in PEOPLE:
        a, b = clips[who, "idle"], clips[who, "wave"]
        assert torch.allclose(a.pose.full()[0], b.pose.full()[0], atol=1e-6)
        assert torch.allclose(a.pose.transl[0], b.pose.transl[0], atol=1e-6)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", ["idle", "wave"])
def test_who_stands_stands_still(bodies, clips, who, name):
    for feet in feet_of(bodies[who], clips[who, name]):
        assert feet[..., 1].min() > -0.005 and feet[..., 1].amin(1).max() < 0.005
        sole = feet[0, :, 1] < 0.01
        assert (feet[:, sole] - feet[0, sole]).norm(dim=-1).max() < 0.002


@pytest.mark.parametrize("who", PEOPLE)
def test_walking_feet_neither_sink_nor_hover_nor_slide(bodies, clips, who):
    """A point of the sole that is on the ground goes back with the ground: 3 cm of slip a contact at the most."""
    body = bodies[who]
    clip = resampled(clips[who, "walk"], 60)
    pace = stride(body) / clip.duration * clip.times.diff()[0]
    lowest = []
    for feet in feet_of(body, clip):
        lowest.append(feet[..., 1].amin(1))
        on_ground = (feet[1:, :, 1] < 0.004) & (feet[:-1, :, 1] < 0.004)
        slip = (feet[1:, :, 2] - feet[:-1, :, 2] + pace).abs()
        standing = on_ground.any(1)
        each = (slip * on_ground).sum(1) / on_ground.sum(1).clamp(min=1)
        assert 0.5 < standing.float().mean() < 0.75
        assert each.sum() < 0.03
        assert torch.where(on_ground, slip, 0).sum(0).max() < 0.03
    both = torch.stack(lowest)
    assert both.min() > -0.01  # nothing sinks
    assert both.amin(0).max() < 0.02  # somebody stands


def test_knees_and_hips_go_by_the_laboratories_curves(bodies, clips):
    clip = resampled(clips["tall man", "walk"], 20 / clips["tall man", "walk"].duration)
    joints = bodies["tall man"].posed(clip.pose).joints[:-1:2]
    thigh, shin = joints[:, JOINT_INDEX["left_knee"]] - joints[:, 1], joints[:, 7] - joints[:, JOINT_INDEX["left_knee"]]
    hip = torch.rad2deg(torch.atan2(thigh[:, 2], -thigh[:, 1]))
    knee = hip - torch.rad2deg(torch.atan2(shin[:, 2], -shin[:, 1]))
    assert (knee - torch.tensor(KNEE)).square().mean().sqrt() < 11
    assert (hip - torch.tensor(HIP)).square().mean().sqrt() < 8


def test_arms_swing_against_the_legs(bodies, clips):
    joints = bodies["tall man"].posed(clips["tall man", "walk"].pose).joints
    ahead = {n: joints[:, JOINT_INDEX[n], 2] for n in ("left_ankle", "right_ankle", "left_wrist", "right_wrist")}
    legs, arms = ahead["left_ankle"] - ahead["right_ankle"], ahead["left_wrist"] - ahead["right_wrist"]
    assert torch.corrcoef(torch.stack([legs, arms]))[0, 1] < -0.8


def test_swinging_arms_pass_the_hips(bodies, clips):
    """A heavy woman's hips are in the way of arms that hang clear of them while she stands."""
    body, turns = bodies["heavy woman"], clips["heavy woman", "walk"].pose.full()
    gap_of = clearing(body, forearm_of(body, "right")[::3], trunk_of(body))
    assert min(float(gap_of(Pose.from_full(turns[k])).min()) for k in range(0, len(turns), 4)) > -0.005


def test_the_right_hand_waves_beside_the_head(bodies, clips):
    for who in PEOPLE:
        joints = bodies[who].posed(clips[who, "wave"].pose).joints
        high = joints[:, JOINT_INDEX["right_wrist"], 1] > joints[:, JOINT_INDEX["neck"], 1]
        assert 0.4 < high.float().mean() < 0.9 and not high[0]
        swing = joints[high, JOINT_INDEX["right_middle3"], 0]
        assert swing.max() - swing.min() > 0.1 * bodies[who].height


def test_sizes_walk_alike(bodies, clips):
    """A child's stride is shorter and quicker, as the root of its legs' length."""
    man, child = bodies["tall man"], bodies["child"]
    legs = stride(child) / stride(man)
    assert 0.4 < legs < 0.8
    durations = {who: {name: clips[who, name].duration for name in CYCLES} for who in ("tall man", "child")}
    assert durations["child"]["walk"] / durations["tall man"]["walk"] == pytest.approx(math.sqrt(legs), abs=0.03)
    assert all(durations["child"][name] == durations["tall man"][name] for name in ("idle", "wave"))


def test_curves():
    table = (0.0, 1.0, 1.0, 0.0, -2.0)
    at = periodic(table, torch.arange(5, dtype=torch.float64) / 5)
    assert at.tolist() == list(table)
    between = periodic(table, torch.linspace(-2, 3, 501, dtype=torch.float64))
    assert between.max() == 1 and between.min() == -2  # nothing overshoots
    assert periodic(table, torch.tensor([0.3, 1.3], dtype=torch.float64)).diff().abs() < 1e-9
    assert eased(torch.tensor([0.0, 1.0, 1.5, 2.0, 9.0]), 1, 2).tolist() == [0, 0, 0.5, 1, 1]
