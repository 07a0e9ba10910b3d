"""Upright poses in which hands touch the body or one another: where they do is solved for each build."""

from __future__ import annotations

from collections.abc import Callable

import torch

from avatarkit.body import Body, Pose
from avatarkit.poses.solving import (
    TRUNK,
    Place,
    arm_of,
    arms_cleared,
    forearm_of,
    hand_of,
    hand_on,
    level,
    palms_met,
    trunk_of,
)
from avatarkit.poses.standing import CHEST, on_right_leg
from avatarkit.poses.turns import HANGING, PALMS, RELAXED, Turns, both, hand, right, trunk, turned
from avatarkit.reaching import Hand, touching

SKULL = ("head", "jaw", "left_eye", "right_eye")
PELVIS = ("pelvis",)


def hands_on_hips(body: Body) -> Pose:
    """Both hands on the hips, elbows out."""
    pose = turned(both(hand(0.3, thumb=-0.4)))
    return hand_on_hip(body, hand_on_hip(body, pose, "left"), "right")


def one_hand_on_hip(body: Body) -> Pose:
    """Contrapposto, the right hand on its hip."""
    pose = arms_cleared(body, on_right_leg(body, turned(RELAXED, HANGING, right(hand(0.3, thumb=-0.4)))))
    place = Place(PELVIS, (1.35, 0.9, -0.6), (-0.35, -0.45, 1.0), (-1.0, -0.5, -0.3), (1.0, 0.1, -0.5), (1.0, 0, 0))
    return hand_on(body, pose, "right", place, gap=-0.004, solid=TRUNK)


def hand_on_hip(body: Body, pose: Pose, side: str) -> Pose:
    """The hand of that side on the hip of an upright trunk, fingers to the front."""
    solid = trunk_of(body)
    scale = body.joints.double()[15, 1] - body.joints.double()[1, 1]
    rest = body.vertices.double()
    waist = float(body.joints[3, 1] + 0.1 * scale)
    level = solid[(rest[solid, 1] - waist).abs() < 0.03 * scale]
    beside = rest[level][rest[level, 0].argmax()]
    flip = rest.new_tensor([1.0 if side == "left" else -1.0, 1, 1])
    where = Hand(
        wrist=(beside + scale * rest.new_tensor([0.06, 0.02, -0.08])) * flip,
        fingers=rest.new_tensor([-0.35, -0.45, 1.0]) * flip,
        palm=rest.new_tensor([-1.0, -0.5, -0.3]) * flip,
        pole=rest.new_tensor([1.0, 0.1, -0.5]) * flip,
    )
    outward = rest.new_tensor([1.0, 0.0, 0.0]) * flip
    return touching(body, pose, side, where, outward, hand_of(body, side), solid, gap=-0.004)


def arms_crossed(body: Body) -> Pose:
    """Forearms folded before the chest, the right one over the left."""
    return arms_folded(body, turned(both(hand(0.4)), both({"left_collar": (0.0, -0.15, 0.0)})))


def arms_folded(body: Body, pose: Pose) -> Pose:
    """The arms of an upright trunk crossed before the chest."""
    rest, joints, chest = body.vertices.double(), body.joints.double(), trunk_of(body)
    scale = joints[15, 1] - joints[1, 1]
    height = joints[9, 1] - 0.08 * scale
    level = chest[((rest[chest, 1] - height).abs() < 0.08 * scale) & (rest[chest, 0].abs() < 0.15 * scale)]
    front = rest[level, 2].max()
    solid = chest
    for side, sign, up in (("left", 1.0, 0.0), ("right", -1.0, 0.04)):
        flip = rest.new_tensor([sign, 1, 1])
        wrist = torch.stack([-0.10 * scale, height + up * scale, front + 0.04])
        where = Hand(
            wrist=wrist * flip,
            fingers=rest.new_tensor([-0.9, 0.3, -0.5]) * flip,
            palm=rest.new_tensor([-0.3, 0.0, -1.0]) * flip,
            pole=rest.new_tensor([1.0, -1.0, 0.2]) * flip,
        )
        outward = rest.new_tensor([0.0, 0.0, 1.0])
        pose = touching(body, pose, side, where, outward, forearm_of(body, side), solid, gap=0.0)
        solid = torch.cat([solid, arm_of(body, side)])
    return pose


def hands_in_pockets(body: Body) -> Pose:
    """Hands flat on the sides of the hips, fingers down, as in the pockets of trousers."""
    pose = on_right_leg(body, turned(both(hand(0.2)), both({"left_collar": (0.0, 0.0, 0.05)})))
    place = Place(PELVIS, (1.25, 0.35, 0.35), (-0.25, -1.0, 0.3), (-1.0, 0.1, -0.2), (0.75, 0.1, -1.0), (1.0, 0, 0.15))
    for side in ("left", "right"):
        pose = hand_on(body, pose, side, place, gap=-0.004, solid=TRUNK)
    return pose


def hands_behind_back(body: Body) -> Pose:
    """The hands laid into one another behind the back."""
    pose = turned(both(hand(0.18, thumb=0.1)), both({"left_collar": (0.0, 0.12, 0.0)}), trunk(-0.06))
    solid: tuple[str, ...] = TRUNK
    for side, up in (("left", 0.0), ("right", 0.25)):
        place = Place(
            PELVIS, (0.4, 0.75 + up, -1.3), (-1.0, -0.35, -0.15), (0.1, 0.2, -1.0), (1.0, 0.1, -0.7), (0, 0, -1)
        )
        pose = hand_on(body, pose, side, place, gap=0.0, solid=solid)
        solid = TRUNK + tuple(f"{side}_{finger}{bone}" for finger in ("index", "middle", "ring", "pinky", "thumb")
                              for bone in (1, 2, 3)) + (f"{side}_wrist",)  # fmt: skip
    return pose


def hands_behind_head(body: Body) -> Pose:
    """The hands behind the head, elbows out."""
    pose = turned(both(hand(0.3)), both({"left_collar": (0.0, 0.05, 0.3)}), trunk(-0.05))
    place = Place(SKULL, (1.2, -0.1, -1.3), (-1.0, 0.35, -0.1), (-0.1, 0.0, 1.0), (1.0, 0.1, 0.1), (0.1, 0, -1))
    for side in ("left", "right"):
        pose = hand_on(body, pose, side, place, gap=0.001)
    return pose


def hand_on_chin(body: Body) -> Pose:
    """The right hand at the chin, the left arm across below it."""
    pose = turned(RELAXED, right(hand(0.9, thumb=0.2)), {"head": (0.12, -0.05, 0.04)})
    across = Place(CHEST, (-0.35, -1.3, 1.5), (-1.0, 0.15, -0.15), (-0.1, -0.2, -1.0), (1.0, -1.0, 0.0), (0, 0, 1))
    pose = hand_on(body, pose, "left", across, solid=TRUNK, fore=True)
    chin = Place(SKULL, (0.15, -1.9, 1.1), (-0.25, 1.0, -0.2), (-0.25, 0.1, -1.0), (0.5, -0.7, 1.0), (0, -1.0, 0.55))
    return hand_on(body, pose, "right", chin, solid=(*SKULL, "neck"))


def saluting(body: Body) -> Pose:
    """The right hand flat at the temple."""
    pose = arms_cleared(body, turned(RELAXED, HANGING, right(hand(0.02, thumb=0.5))))
    place = Place(SKULL, (2.9, 0.05, 0.9), (-1.0, 0.3, -0.2), (-0.2, -1.0, 0.35), (1.0, -0.35, -0.1), (1.0, 0, 0.1))
    return hand_on(body, pose, "right", place, gap=0.002)


def clapping(body: Body) -> Pose:
    """Both palms before the chest, a hand's breadth apart."""
    pose = turned(PALMS, {"head": (0.05, 0, 0)})
    place = Place(CHEST, (0.3, -0.35, 3.1), (-0.1, 0.6, 1.0), (-1.0, 0.0, 0.0), (1.0, -0.9, -0.2), (1.0, 0, 0))
    return palms_met(body, pose, place, gap=0.03)


def praying(body: Body) -> Pose:
    """Palm on palm before the chest."""
    pose = turned(PALMS, {"neck": (0.1, 0, 0), "head": (0.15, 0, 0)})
    return palms_met(body, pose, PALMS_TOGETHER)


PALMS_TOGETHER = Place(CHEST, (0.2, -0.75, 2.2), (0.0, 1.0, 0.3), (-1.0, 0.0, 0.0), (1.0, -0.7, 0.0), (1.0, 0, 0))


def leaning(body: Body) -> Pose:
    """Back against a wall that is not there, ankles and arms crossed."""
    back: Turns = {"pelvis": (-0.14, 0, 0), "head": (0.12, 0, 0)}
    feet = both({"left_ankle": (0.14, 0, 0)}) | {"left_hip": (-0.10, 0.0, -0.20)}
    pose = arms_folded(body, turned(both(hand(0.4)), both({"left_collar": (0.0, -0.15, 0.0)})))
    pose = pose.turned(back | feet)
    return level(body, lambda tip: pose.turned({"left_ankle": (tip, 0, 0.1)}), "left", "right", 0.1, 0.9)


TOUCHING: dict[str, Callable[[Body], Pose]] = {
    "hands on hips": hands_on_hips,
    "one hand on hip": one_hand_on_hip,
    "arms crossed": arms_crossed,
    "hands in pockets": hands_in_pockets,
    "hands behind back": hands_behind_back,
    "hands behind head": hands_behind_head,
    "hand on chin": hand_on_chin,
    "saluting": saluting,
    "clapping": clapping,
    "praying": praying,
    "leaning": leaning,
}
