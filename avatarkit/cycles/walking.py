"""Walking in place: one stride, left heel strike to left heel strike, over ground that moves backwards.

Phases are shares of the stride. The foot's angle to the ground is a table, after the sagittal angles of hip, knee and
ankle in natural walking [Winter 1991, The Biomechanics and Motor Control of Human Gait; Perry 1992, Gait Analysis]: it
rolls over the heel, lies flat, and rolls over the ball, whose toes stay on the ground. Ankles follow, the pelvis is as
high as the legs allow, and the knees are what is left to solve.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.body import Body, Pose
from avatarkit.clips import Clip
from avatarkit.cycles.curves import eased, periodic, vectors, wave_of
from avatarkit.cycles.legs import Leg, Step, planted
from avatarkit.cycles.standing import hanging, turned_further
from avatarkit.poses.solving import forearm_of, trunk_of
from avatarkit.reaching import clearing, rising
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

FPS = 30
# The foot over one stride, every 5 %: degrees that the toes are up.
FOOT = (18, 6, 0, 0, 0, 0, 0, 0, -2, -8, -18, -36, -57, -69, -64, -52, -34, -14, 5, 17)
TOE_OFF = 0.62
UNDER_HIP = 0.21
"""The phase at which the standing foot is under the pelvis."""
STRIDE, PERIOD = 1.45, 1.1
"""Metres over the leg's length; seconds of a leg of 0.87 m, and as its square root: alike in Froude's number."""
CLEARANCE = 0.03
"""Metres of the sole over the ground in mid-swing, of a leg of 0.87 m."""
ARM_GAP = 0.006
"""Metres between a swinging arm and the trunk."""
TOES_BEND, TOES_OUT = math.radians(50), math.radians(6)


def stride(body: Body) -> float:
    """Metres that the ground moves backwards while `walk` is played once."""
    return STRIDE * float(Leg.of(body, "left").length)


def walk(body: Body) -> Clip:
    """One stride in place, about 1.1 s: as fast as the ground moves, `stride` metres a loop."""
    legs = [Leg.of(body, side) for side in ("left", "right")]
    size = float(legs[0].length) / 0.87
    frames = round(PERIOD * math.sqrt(size) * FPS)
    phase = torch.linspace(0, 1, frames + 1, dtype=torch.float64)
    pose = _swung(body, phase)
    sideways, up = wave_of(phase, 0.018 * size, 0.30), wave_of(phase, 0.009 * size, 0.23, times=2)
    pose = replace(pose, transl=vectors(sideways, up, 0, phase))
    steps = [_step(leg, phase + shift, stride(body), size) for leg, shift in zip(legs, (0, 0.5), strict=True)]
    pose = _arms_cleared(body, planted(body, pose, steps, evenly=True))
    return Clip("walk", (phase * frames / FPS).float(), Pose.from_full(pose.full().float(), pose.transl.float()))


def _step(leg: Leg, phase: Tensor, length: float, size: float) -> Step:
    """What a foot does at these phases (T) of its stride, `length` metres long."""
    phase = phase % 1
    down = -torch.deg2rad(periodic(FOOT, phase))
    toes = down.clamp(0, TOES_BEND) * (1 - eased(phase, TOE_OFF - 0.02, 0.78))
    out = TOES_OUT if leg.side == "left" else -TOES_OUT
    pitch = rotation_from_axis_angle(vectors(down, 0, 0, phase))
    feet = rotation_from_axis_angle(phase.new_tensor([0, out, 0])) @ pitch
    # On the ground the heel or else the ball stands still; the flat foot that they would belong to moves evenly.
    pivot = torch.where((down < 0)[:, None], leg.heel - leg.ankle, leg.ball - leg.ankle)
    rolled = (pivot - (pitch @ pivot[..., None])[..., 0])[:, 2]
    swing = ((phase - TOE_OFF) / (1 - TOE_OFF)).clamp(0, 1)
    x = 0.55 * leg.ankle[0] + rolled * math.sin(out)
    y = leg.sole[:, 1].amin() + leg.height(feet, toes) + CLEARANCE * size * torch.sin(math.pi * swing)
    z = leg.ankle[2] + _advance(phase) * length + rolled * math.cos(out)
    return Step(leg, torch.stack([x, y, z], dim=-1), feet, toes)


def _advance(phase: Tensor) -> Tensor:
    """(T) how far a flat foot is before the pelvis, in strides: back evenly on the ground, forth in the air."""
    s = ((phase - TOE_OFF) / (1 - TOE_OFF)).clamp(0, 1)
    return UNDER_HIP - phase + s * s * (3 - 2 * s)


def _swung(body: Body, phase: Tensor) -> Pose:
    """Pelvis, trunk and arms over the stride [Murray 1964, 1967, rounded]; the pelvis' front to the leading leg."""
    yaw, side = wave_of(phase, -4, 0), wave_of(phase, 3.5, 0.15)
    turns = {
        "pelvis": vectors(3, yaw, side, phase),
        "spine1": vectors(-0.5, -0.6 * yaw, -0.4 * side, phase),
        "spine2": vectors(0, -0.6 * yaw, -0.4 * side, phase),
        "spine3": vectors(-0.5, -0.6 * yaw, -0.2 * side, phase),
        "neck": vectors(-1, 0.4 * yaw, 0, phase),
        "head": vectors(-1, 0.4 * yaw, 0, phase),
    }
    pose = hanging(body, len(phase)).turned({name: torch.deg2rad(turn) for name, turn in turns.items()})
    full = pose.full()
    arms = {}
    for name, joint, shift, sign in (("left", 16, 0.0, 1), ("right", 17, 0.5, -1)):
        ahead = torch.deg2rad(wave_of(phase + shift, 16, 0.53, mean=-2))
        swing = rotation_from_axis_angle(vectors(-ahead, 0, 0, phase))
        arms[f"{name}_shoulder"] = axis_angle_from_rotation(swing @ rotation_from_axis_angle(full[:, joint]))
        arms[f"{name}_elbow"] = vectors(0, -sign * torch.deg2rad(wave_of(phase + shift, 10, 0.55, mean=24)), 0, phase)
    return pose.turned(arms)


def _arms_cleared(body: Body, pose: Pose) -> Pose:
    """The poses with both arms held off sideways, by the same angle in all, so that they pass trunk and thighs."""
    full = pose.full()
    some = full[torch.linspace(0, len(full) - 1, 11).round().long()[:-1]]
    gap_of = clearing(body, forearm_of(body, "left")[::3], trunk_of(body))

    def lifted(full: Tensor, angle: float) -> Pose:
        lift = vectors(0, 0, angle, full[:, 0, 0])
        return turned_further(Pose.from_full(full), {"left_shoulder": lift, "right_shoulder": -lift})

    def room(angle: float) -> float:
        poses = lifted(some, angle).full()
        return min(float(gap_of(Pose.from_full(one)).min()) for one in poses) - ARM_GAP

    angle = 0.0 if room(0.0) > 0 else rising(room, 0.0, 0.5, steps=7, close=0.002)
    return replace(lifted(full, angle), transl=pose.transl)
