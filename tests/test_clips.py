"""Clips: what they must hold, interpolation along the shortest turn, loops that stay closed."""

import math

import pytest
import torch
from bodies import random_pose

from avatarkit.body import Pose
from avatarkit.clips import Clip, at, between, resampled, seam
from avatarkit.rotation import rotation_from_axis_angle


def turning_head(degrees, seconds=1.0):
    """The head turned from one angle about +Y to the next, evenly spaced in time."""
    pose = Pose.rest(len(degrees)).turned({"head": torch.tensor([[0, math.radians(d), 0] for d in degrees])})
    return Clip("turn", torch.linspace(0, seconds, len(degrees)), pose)


def heads(pose):
    return torch.rad2deg(pose.full()[:, 15, 1])


def test_between_two_poses_joints_turn_evenly():
    pose = at(turning_head([0, 90]), torch.tensor([0.0, 0.25, 0.5, 1.0]))
    assert torch.allclose(heads(pose), torch.tensor([0, 22.5, 45, 90]), atol=1e-3)


def test_the_shorter_way_round_is_taken():
    """From 170 to -170 degrees is 20 degrees by way of 180, not 340 by way of 0: axis-angles must not be averaged."""
    pose = at(turning_head([170, -170]), torch.tensor([0.25]))
    assert torch.allclose(heads(pose), torch.tensor([175.0]), atol=1e-3)


def test_before_the_first_and_after_the_last_pose_nothing_moves():
    pose = at(turning_head([10, 20]), torch.tensor([-5.0, 7.0]))
    assert torch.allclose(heads(pose), torch.tensor([10.0, 20.0]), atol=1e-3)


def test_times_need_not_be_even():
    clip = turning_head([0, 10, 40])
    clip = Clip("uneven", torch.tensor([2.0, 3.0, 6.0]), clip.pose)
    assert torch.allclose(heads(at(clip, torch.tensor([2.5, 3.0, 4.5]))), torch.tensor([5.0, 10.0, 25.0]), atol=1e-3)
    resam = resampled(clip, 1)
    assert resam.times.tolist() == [0, 1, 2, 3, 4]
    assert torch.allclose(heads(resam.pose), torch.tensor([0.0, 10, 20, 30, 40]), atol=1e-3)


@pytest.mark.parametrize(("fps", "frames"), [(30, 34), (60, 67), (24, 27), (0.1, 2)])
def test_resampling_keeps_both_ends(fps, frames):
    pose = random_pose(12)
    clip = Clip("random", torch.linspace(0, 1.1, 12), pose)
    new = resampled(clip, fps)
    assert len(new.times) == frames and new.duration == pytest.approx(1.1)
    for index in (0, -1):
        a, b = (rotation_from_axis_angle(p.full()[index]) for p in (pose, new.pose))
        assert torch.allclose(a, b, atol=1e-5)
        assert torch.allclose(pose.transl[index], new.pose.transl[index], atol=1e-6)


def test_one_pose_is_a_clip_too():
    clip = Clip("still", torch.tensor([3.0]), random_pose(1))
    assert clip.duration == 0 and len(resampled(clip, 30).times) == 1
    assert torch.allclose(at(clip, torch.tensor([0.0, 9.0])).transl, clip.pose.transl.expand(2, 3))


def test_between_rotations():
    a, b = (rotation_from_axis_angle(random_pose(5, seed=seed).full().double()) for seed in (0, 1))
    share = torch.rand(5, 55, generator=torch.Generator().manual_seed(0)).double()
    middle = between(a, b, share)
    assert torch.allclose(between(b, a, 1 - share), middle, atol=1e-9)
    assert torch.allclose(between(a, b, 0 * share), a) and torch.allclose(between(a, b, 0 * share + 1), b)


def test_the_seam_of_a_loop():
    angle, metres = seam(turning_head([0, 30, 0]))
    assert angle < 1e-3 and metres == 0
    assert seam(turning_head([0, 30, 2]))[0] == pytest.approx(2, abs=1e-3)


def test_what_is_no_clip_is_refused():
    with pytest.raises(ValueError, match="times that rise"):
        Clip("x", torch.tensor([0.0, 1.0, 1.0]), Pose.rest(3))
    with pytest.raises(ValueError, match="expected 2 > 0 poses in every field"):
        Clip("x", torch.tensor([0.0, 1.0]), Pose.rest(3))
    with pytest.raises(ValueError, match="poses in every field"):
        Clip("x", torch.zeros(0), Pose.rest(0))
    with pytest.raises(ValueError, match="expected shapes"):
        Clip("x", torch.zeros(1, 1), Pose.rest(1))
    with pytest.raises(ValueError, match="frames a second"):
        resampled(turning_head([0, 1]), 0)
