"""On both feet: standing idly, and waving from there."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose
from avatarkit.clips import Clip, between
from avatarkit.cycles.curves import eased, vectors
from avatarkit.cycles.legs import Leg, Step, planted
from avatarkit.poses import RELAXED, arms_cleared, pose_of, turned
from avatarkit.poses.turns import HANGING
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

IDLE_FPS, IDLE_SECONDS = 15, 5.0
WAVE_FPS, WAVE_SECONDS = 30, 2.6
UP, DOWN = 0.55, 2.0
"""Seconds at which the waving hand is up, and at which it begins to go down."""
TOES_OUT = math.radians(8)
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")
_ARM = ("right_collar", "right_shoulder", "right_elbow", "right_wrist")


def hanging(body: Body, frames: int) -> Pose:
    """The same pose for all frames, float64: at rest, but for arms and fingers, which hang clear of the trunk."""
    full = arms_cleared(body, turned(RELAXED, HANGING)).full()
    return Pose.from_full(full.expand(frames, -1, -1).clone())


def idle(body: Body) -> Clip:
    """5 s: a breath, the weight shifted to the left foot, to the right one and back, a glance to the left."""
    frames = round(IDLE_SECONDS * IDLE_FPS)
    phase = torch.linspace(0, 1, frames + 1, dtype=torch.float64)
    breath = (1 - torch.cos(2 * math.pi * phase)) / 2
    shift = torch.sin(2 * math.pi * phase)
    glance = eased(phase, 0.50, 0.60) - eased(phase, 0.80, 0.92)
    sight = eased(phase, 0.49, 0.53) - 0.6 * eased(phase, 0.55, 0.62) - 0.4 * eased(phase, 0.78, 0.84)
    turns = {
        "pelvis": vectors(0, 0.8 * shift, 1.4 * shift, phase),
        "spine1": vectors(0, -0.3 * shift, -0.9 * shift, phase),
        "spine2": vectors(-0.8 * breath, -0.3 * shift, -0.6 * shift, phase),
        "spine3": vectors(-1.4 * breath, 2 * glance, -0.3 * shift, phase),
        "neck": vectors(1.0 * breath, 5 * glance, 0, phase),
        "head": vectors(1.0 * breath + 1.5 * glance, 8 * glance, -0.6 * glance, phase),
        "left_eye": vectors(0, 9 * sight, 0, phase),
        "right_eye": vectors(0, 9 * sight, 0, phase),
        "left_wrist": vectors(0, 1.5 * breath, 0, phase),
        "right_wrist": vectors(0, -1.5 * breath, 0, phase),
    }
    pose = hanging(body, len(phase))
    pose = pose.turned({name: torch.deg2rad(turn) for name, turn in turns.items()})
    lift = torch.deg2rad(vectors(0, 0, 1.2 * breath, phase))
    lifts = {"left_collar": lift, "right_collar": -lift, "left_shoulder": -0.8 * lift, "right_shoulder": 0.8 * lift}
    pose = _stood(body, turned_further(pose, lifts), shift)
    return _clip("idle", phase * IDLE_SECONDS, pose)


def wave(body: Body) -> Clip:
    """2.6 s: the right hand is raised beside the head, waves three times, and goes down again."""
    frames = round(WAVE_SECONDS * WAVE_FPS)
    times = torch.linspace(0, WAVE_SECONDS, frames + 1, dtype=torch.float64)
    share = eased(times, 0, UP) - eased(times, DOWN, WAVE_SECONDS)
    swing = torch.sin(2 * math.pi * 3 * (times - UP) / (DOWN - UP)) * (
        eased(times, UP - 0.1, UP + 0.15) - eased(times, DOWN - 0.15, DOWN + 0.1)
    )
    pose = hanging(body, len(times))
    raised = pose_of("waving", body).to(dtype=torch.float64).full()
    joints = [JOINT_INDEX[name] for name in (*_ARM, *(f"right_{f}{k}" for f in _FINGERS for k in (1, 2, 3)))]
    full = pose.full()
    low, high = rotation_from_axis_angle(full[:, joints]), rotation_from_axis_angle(raised[joints])
    full[:, joints] = axis_angle_from_rotation(between(low, high.expand_as(low), share[:, None]))
    pose = Pose.from_full(full)
    lean = vectors(0, 0, 1.2 * share, times)
    pose = pose.turned({name: torch.deg2rad(lean) for name in ("spine1", "spine2", "spine3")})
    pose = pose.turned({"head": torch.deg2rad(vectors(-2 * share, -3 * share, -2 * share, times))})
    sway = {"right_elbow": vectors(0, 0.30 * swing, 0, times), "right_wrist": vectors(0, 0.16 * swing, 0, times)}
    return _clip("wave", times, _stood(body, turned_further(pose, sway), -0.6 * share))


def _stood(body: Body, pose: Pose, shift: Tensor) -> Pose:
    """The poses set on both feet, which stay where they are; the pelvis over the left one at `shift` (T) = 1."""
    legs = [Leg.of(body, side) for side in ("left", "right")]
    pose = replace(pose, transl=vectors(0.10 * float(legs[0].ankle[0]) * shift, 0, 0, shift))
    steps = []
    for leg, out in zip(legs, (TOES_OUT, -TOES_OUT), strict=True):
        ankles = leg.ankle * leg.ankle.new_tensor([0.75, 1.0, 1.0])
        feet = rotation_from_axis_angle(vectors(0, out, 0, shift))
        steps.append(Step(leg, ankles.expand(len(shift), 3), feet, torch.zeros_like(shift)))
    return planted(body, pose, steps, evenly=False)


def turned_further(pose: Pose, turns: dict[str, Tensor]) -> Pose:
    """The poses with these joints turned by (T,3) more, before what they are turned by already."""
    full = pose.full()
    further = {}
    for name, turn in turns.items():
        before = rotation_from_axis_angle(full[:, JOINT_INDEX[name]])
        further[name] = axis_angle_from_rotation(rotation_from_axis_angle(turn) @ before)
    return pose.turned(further)


def _clip(name: str, times: Tensor, pose: Pose) -> Clip:
    return Clip(name, times.float(), Pose.from_full(pose.full().float(), pose.transl.float()))
