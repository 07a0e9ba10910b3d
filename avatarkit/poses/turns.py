"""The turns that poses are written in: what the left arm, leg and hand do, and their mirror images."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from avatarkit.body import Pose
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

Turns = dict[str, tuple[float, float, float]]
QUARTER = math.pi / 2

# The rest pose's fingers are spread (7, -7, -17 and -24 degrees from +X); these turns about +Y bring them together.
FINGERS = {"index": 0.10, "middle": -0.03, "ring": -0.12, "pinky": -0.17}


def turned(*turns: Turns) -> Pose:
    """The rest pose with these joints turned, float64; a later table's joint replaces an earlier one's."""
    return Pose.rest(dtype=torch.float64).turned({joint: turn for table in turns for joint, turn in table.items()})


def both(left: Turns) -> Turns:
    """The turns of the left side, and their mirror images on the right."""
    mirrored = {name.replace("left", "right"): (x, -y, -z) for name, (x, y, z) in left.items()}
    return mirrored | left


def right(left: Turns) -> Turns:
    """The mirror image alone."""
    return {name: turn for name, turn in both(left).items() if name.startswith("right")}


def arm(down: float, *, forward: float = 0.0, twist: float = 0.0, bend: float = 0.0) -> Turns:
    """The left arm from the T-pose: turned about its length, lowered, swung to the front; the elbow bent."""
    shoulder = _composed((-forward, 0, 0), (0, 0, -down), (twist, 0, 0))
    return {"left_collar": (0.0, 0.0, -0.06 * down), "left_shoulder": shoulder, "left_elbow": (0.0, -bend, 0.0)}


def leg(forward: float, *, bend: float = 0.0, ankle: float = 0.0, out: float = 0.0, toes: float = 0.0) -> Turns:
    """The left leg: thigh raised to the front, knee bent, toes of the foot lowered by `ankle`, its front bent up."""
    turns: Turns = {"left_hip": (-forward, 0, out), "left_knee": (bend, 0, 0)}
    return turns | {"left_ankle": (ankle, 0, 0), "left_foot": (-toes, 0, 0)}


def thigh(forward: float, *, yaw: float = 0.0, out: float = 0.0, turn: float = 0.0) -> Turns:
    """The left hip alone: the thigh turned outwards about its length, raised to the front, swung out level by `yaw`,
    lifted aside by `out`."""
    return {"left_hip": _composed((0, 0, out), (0, yaw, 0), (-forward, 0, 0), (0, turn, 0))}


def hand(curl: float, *, thumb: float = 0.3) -> Turns:
    """The left hand with its fingers bent by about `curl` a joint, the little finger most."""
    turns: Turns = {}
    for k, (finger, together) in enumerate(FINGERS.items()):
        for bone, share in ((1, 0.9), (2, 1.1), (3, 0.8)):
            turns[f"left_{finger}{bone}"] = (0, together if bone == 1 else 0, -curl * share * (0.85 + 0.12 * k))
    # The thumb lies at 45° between +X and +Z: towards the fingers about +Y, towards the palm about (1, 0, -1).
    turns["left_thumb1"] = (0.5 * thumb, 0.8 * thumb, -0.5 * thumb)
    return turns | {f"left_thumb{bone}": (0.35 * thumb, 0, -0.35 * thumb) for bone in (2, 3)}


def trunk(bend: float = 0.0, *, twist: float = 0.0, side: float = 0.0) -> Turns:
    """The spine bent forward, turned to the left and leant to the right by these angles in all, over its joints."""
    shares = {"spine1": 0.4, "spine2": 0.35, "spine3": 0.25}
    return {name: (share * bend, share * twist, share * side) for name, share in shares.items()}


def _composed(*turns: tuple[float, float, float]) -> tuple[float, float, float]:
    """One turn in place of several, the last one first."""
    rotation: Tensor = torch.eye(3, dtype=torch.float64)
    for turn in turns:
        rotation = rotation @ rotation_from_axis_angle(torch.tensor(turn, dtype=torch.float64))
    x, y, z = axis_angle_from_rotation(rotation).tolist()
    return x, y, z


RELAXED = both(hand(0.28))
FIST = both(hand(1.25, thumb=0.9))
FLAT = both(hand(0.05, thumb=0.1))
PALMS = FLAT | both({"left_thumb1": (-0.2, 0.45, 0.2)})
"""Flat hands whose thumbs are out of the palms' way."""
HANGING = both(arm(1.2, forward=0.03, bend=0.22, twist=0.1))
