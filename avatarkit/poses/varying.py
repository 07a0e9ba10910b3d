"""No two people stand alike: a pose with natural random variation, within the joints' limits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose
from avatarkit.poses.solving import ARM_GAP, HEAD, TRUNK, forearm_of
from avatarkit.poses.turns import FINGERS
from avatarkit.reaching import carried_by, clearing
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

# Standard deviations of the turns about x, y, z, radians, of a left or middle joint, at amount 1.
SPREAD = {
    "spine1": (0.035, 0.035, 0.03),
    "spine2": (0.035, 0.035, 0.03),
    "spine3": (0.035, 0.05, 0.03),
    "neck": (0.07, 0.10, 0.05),
    "head": (0.09, 0.16, 0.06),
    "collar": (0.0, 0.05, 0.04),
    "shoulder": (0.12, 0.06, 0.05),
    "elbow": (0.0, 0.10, 0.0),
    "wrist": (0.10, 0.10, 0.14),
    "hip": (0.0, 0.10, 0.012),
}
# Range of the motion of a left or middle joint, radians, about x, y, z of its axis-angle (Norkin and White, rounded).
LIMITS = {
    "spine1": ((-0.35, 0.7), (-0.4, 0.4), (-0.4, 0.4)),
    "spine2": ((-0.35, 0.6), (-0.4, 0.4), (-0.4, 0.4)),
    "spine3": ((-0.35, 0.6), (-0.45, 0.45), (-0.4, 0.4)),
    "neck": ((-0.5, 0.6), (-0.7, 0.7), (-0.4, 0.4)),
    "head": ((-0.5, 0.6), (-0.85, 0.85), (-0.4, 0.4)),
    "elbow": ((-1.6, 1.6), (-2.6, 0.05), (-1.0, 1.0)),
    "wrist": ((-1.6, 1.6), (-0.7, 0.7), (-1.4, 1.3)),
}
ARM = ("collar", "shoulder", "elbow", "wrist", *(f"{finger}{bone}" for finger in FINGERS for bone in (1, 2, 3)))
ARMS = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ARM)
SPINE = ("spine1", "spine2", "spine3")
GIVING_WAY = ((1, 1, 1), (0.5, 0.7, 1), (0.25, 0.4, 1), (0, 0.3, 1), (0, 0, 1), (0.1, 0.1, 0.1))
"""Shares of the variation of arms, spine and head that are tried in turn until no arm sinks in."""
DEEPER = 0.002
"""Metres by which a variation may bring an arm further into the body than the pose had it."""


def varied(body: Body, pose: Pose, generator: np.random.Generator, amount: float = 1.0) -> Pose:
    """The pose (of one person) as another moment or another person would have it, of `pose`'s type.

    Half of them are mirrored; the spine, head, arms, hands and the turn of the legs vary, by `amount` standard
    deviations, within the range of motion. Where that would bring a forearm into the head, trunk, legs or other arm (or
    nearer than `ARM_GAP`, where it was further off) the variation of arms and spine gives way; where that does not
    help, the pose stays. Feet keep their ground.
    """
    start = pose.to(dtype=torch.float64)
    if generator.random() < 0.5:
        start = start.mirrored()
    noise = _drawn(generator) * amount * _freedom(start)[:, None]
    gaps = [_gap_of(body, side) for side in ("left", "right")]
    kept = [min(gap(start), ARM_GAP) - DEEPER for gap in gaps]
    for share in GIVING_WAY:
        candidate = _limited(start, _turned_by(start.full(), noise * _shares(share)[:, None]))
        if all(gap(candidate) >= least for gap, least in zip(gaps, kept, strict=True)):
            return candidate.to(dtype=pose.transl.dtype)
    return start.to(dtype=pose.transl.dtype)


def _drawn(generator: np.random.Generator) -> Tensor:
    """Random turns (55, 3), axis-angle: each joint's own, fingers curled together."""
    noise = torch.zeros(len(JOINT_INDEX), 3, dtype=torch.float64)

    def normal(deviations: tuple[float, float, float]) -> Tensor:
        return torch.from_numpy(generator.normal(size=3).clip(-2, 2) * deviations)

    for name, deviations in SPREAD.items():
        for joint in (name,) if name in JOINT_INDEX else (f"left_{name}", f"right_{name}"):
            noise[JOINT_INDEX[joint]] = normal(deviations)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        curl = generator.normal() * 0.12
        for finger in FINGERS:
            own = curl + generator.normal() * 0.06
            for bone in (1, 2, 3):
                noise[JOINT_INDEX[f"{side}_{finger}{bone}"], 2] = -sign * own
    return noise


def _shares(share: tuple[float, float, float]) -> Tensor:
    """The joints' shares (55) of the variation: arms, spine, neck and head as given, all others whole."""
    shares = torch.ones(len(JOINT_INDEX), dtype=torch.float64)
    for names, part in zip((ARMS, SPINE, ("neck", "head")), share, strict=True):
        shares[[JOINT_INDEX[name] for name in names]] = part
    return shares


def _freedom(pose: Pose) -> Tensor:
    """What share (55) of its variation a joint may have: legs turn as far as they are straight and upright."""
    full, free = pose.full(), torch.ones(len(JOINT_INDEX), dtype=torch.float64)
    for side in ("left", "right"):
        hip, knee = JOINT_INDEX[f"{side}_hip"], JOINT_INDEX[f"{side}_knee"]
        upright = ((rotation_from_axis_angle(full[hip])[1, 1] - 0.85) / 0.15).clamp(0, 1)
        free[hip] = upright * (1 - full[knee, 0] / 0.6).clamp(0, 1)
    return free


def _turned_by(turns: Tensor, noise: Tensor) -> Tensor:
    """Joints (55, 3) turned on by `noise` in their own axes: a leg about its length, which keeps its foot's height."""
    return axis_angle_from_rotation(rotation_from_axis_angle(turns) @ rotation_from_axis_angle(noise))


def _limited(start: Pose, turns: Tensor) -> Pose:
    """`turns` (55, 3) kept within LIMITS, or within `start` where that was beyond them; straight fingers stay so."""
    before, limited = start.full(), turns.clone()
    for name, ranges in LIMITS.items():
        sides = ((name, 1.0),) if name in JOINT_INDEX else ((f"left_{name}", 1.0), (f"right_{name}", -1.0))
        for joint, sign in sides:
            for axis, (low, high) in enumerate(ranges):
                flip = sign if axis else 1.0
                was = float(before[JOINT_INDEX[joint], axis]) * flip
                now = float(turns[JOINT_INDEX[joint], axis]) * flip
                limited[JOINT_INDEX[joint], axis] = min(max(now, min(low, was)), max(high, was)) * flip
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for finger in FINGERS:
            for bone in (1, 2, 3):
                row = JOINT_INDEX[f"{side}_{finger}{bone}"]
                bend = float(turns[row, 2]) * -sign
                limited[row, 2] = min(max(bend, min(-0.05, float(before[row, 2]) * -sign)), 1.6) * -sign
    return Pose.from_full(limited, start.transl)


def _gap_of(body: Body, side: str) -> Callable[[Pose], float]:
    """The least clearance of a forearm from head, trunk, legs and the other arm, of a pose; every third vertex."""
    other = "right" if side == "left" else "left"
    solid = carried_by(body, (*TRUNK, *HEAD, "left_knee", "right_knee", f"{other}_shoulder", f"{other}_elbow"))
    gap_of = clearing(body, forearm_of(body, side)[::3], solid)
    return lambda pose: float(gap_of(pose).min())
