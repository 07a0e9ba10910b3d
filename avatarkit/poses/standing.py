"""Upright poses in which no hand touches anything."""

from __future__ import annotations

import math
from collections.abc import Callable

from avatarkit.body import Body, Pose
from avatarkit.poses.solving import Place, arms_cleared, hand_at, level
from avatarkit.poses.turns import FIST, FLAT, HANGING, RELAXED, Turns, arm, both, hand, leg, right, thigh, trunk, turned

CHEST = ("spine3",)


def t_pose(body: Body) -> Pose:
    """The rest pose."""
    return turned({})


def a_pose(body: Body) -> Pose:
    """Arms 45 degrees down, legs a little apart."""
    return turned(both(arm(math.radians(45)) | leg(0.0, out=0.08)), both({"left_ankle": (0, 0, -0.08)}))


def standing(body: Body) -> Pose:
    """Upright, arms hanging."""
    return arms_cleared(body, turned(RELAXED, HANGING))


def contrapposto(body: Body) -> Pose:
    """The weight on the right leg, the left knee loose, hips and shoulders tilted against one another."""
    return arms_cleared(body, on_right_leg(body, turned(RELAXED, HANGING)))


def on_right_leg(body: Body, pose: Pose) -> Pose:
    """`pose` from the hips down in contrapposto, its trunk bent back upright."""
    sway: Turns = {"pelvis": (0.0, 0.06, -0.075), "right_hip": (0.0, -0.16, 0.055), "right_ankle": (0.0, 0.0, 0.02)}
    upright = trunk(twist=-0.04, side=0.13) | {"neck": (0.0, 0.0, -0.04), "head": (0.0, 0.08, -0.03)}
    pose = pose.turned(sway | upright)

    def bent(angle: float) -> Pose:
        loose = thigh(angle, out=0.11, turn=0.30) | {"left_knee": (2 * angle, 0, 0), "left_ankle": (-angle, 0, -0.02)}
        return pose.turned(loose)

    return level(body, bent, "right", "left", 0.0, 0.7)


def arms_raised(body: Body) -> Pose:
    """Both arms up in a V."""
    raised = arm(-1.05, forward=0.05, bend=0.25) | {"left_collar": (0.0, 0.0, 0.35)}
    return turned(both(hand(0.12)), both(raised), {"head": (-0.1, 0, 0)})


def celebrating(body: Body) -> Pose:
    """Both fists up, elbows bent, chin up."""
    raised = arm(-0.35, forward=0.25, twist=-1.3, bend=1.15) | {"left_collar": (0.0, 0.0, 0.22)}
    pose = turned(FIST, both(raised), both(thigh(0.0, out=0.09, turn=0.2)), trunk(-0.12))
    return pose.turned({"head": (-0.2, 0, 0), "left_ankle": (0, 0, -0.09), "right_ankle": (0, 0, 0.09)})


def waving(body: Body) -> Pose:
    """The right hand up beside the head, palm to the front."""
    pose = arms_cleared(body, turned(RELAXED, HANGING, right(hand(0.06))))
    up = {"left_collar": (0.0, 0.0, 0.12)} | arm(0.15, forward=0.15, twist=-1.35, bend=1.7)
    return pose.turned(right(up) | {"right_wrist": (0.0, 0.15, 0.0)})


def pointing(body: Body) -> Pose:
    """The right arm and forefinger straight ahead."""
    pose = arms_cleared(body, turned(RELAXED, HANGING))
    forward: Turns = {"left_shoulder": (0, -1.35, 0), "left_collar": (0, -0.15, 0), "left_elbow": (0, -0.06, 0)}
    return pose.turned(forefinger("right") | right(forward))


def forefinger(side: str) -> Turns:
    """The hand of that side a fist but for its forefinger."""
    turns = {name: turn for name, turn in both(hand(1.3, thumb=0.9)).items() if "index" not in name}
    return {name: turn for name, turn in turns.items() if name.startswith(side)} | {
        f"{side}_index{bone}": (0, 0, 0) for bone in (1, 2, 3)
    }


def reaching_up(body: Body) -> Pose:
    """On tiptoe, the right arm up to a high shelf."""
    toes = both({"left_ankle": (0.55, 0, 0), "left_foot": (-0.55, 0, 0)})
    up = right(arm(-1.25, forward=0.12, bend=0.08) | {"left_collar": (0.0, 0.0, 0.42)})
    pose = arms_cleared(body, turned(RELAXED, HANGING, toes, trunk(-0.05, side=-0.14)))
    return pose.turned(up | right(hand(0.15)) | {"neck": (-0.15, 0, 0), "head": (-0.3, -0.1, 0)})


def stretching(body: Body) -> Pose:
    """Both arms over the head, the trunk leant to the right."""
    up = arm(-1.1, forward=0.08, bend=0.15, twist=-0.3) | {"left_collar": (0.0, 0.0, 0.45)}
    lean = trunk(-0.06, side=0.42) | {"neck": (0, 0, 0.06), "head": (0, 0, 0.05)}
    return turned(both(hand(0.1)), both(up), lean, both({"left_hip": (0, 0, 0.06), "left_ankle": (0, 0, -0.06)}))


def shrugging(body: Body) -> Pose:
    """Shoulders up, forearms out, palms up."""
    pose = turned(both(hand(0.12)), both({"left_collar": (0, 0, 0.28)}), {"head": (0.05, 0, 0.12)})
    place = Place(CHEST, (1.75, -1.5, 2.3), (0.8, 0.15, 0.75), (0.0, 1.0, -0.1), (0.2, -1.0, -0.5), (0, 0, 1))
    return _both_hands(body, pose, place)


def carrying(body: Body) -> Pose:
    """A box held in front of the belly, which is not there."""
    pose = turned(both(hand(0.25, thumb=0.0)), trunk(-0.06), {"head": (0.1, 0, 0)})
    place = Place(CHEST, (0.95, -1.35, 3.1), (-0.15, -0.05, 1.0), (-0.8, 0.6, 0.0), (0.7, -1.0, -0.5), (0, 0, 1))
    return _both_hands(body, pose, place)


def looking_at_phone(body: Body) -> Pose:
    """The right hand holds a phone before the chest, the head is bent over it."""
    pose = arms_cleared(body, turned(RELAXED, HANGING, {"neck": (0.22, 0, 0), "head": (0.28, -0.06, 0)}))
    place = Place(CHEST, (0.35, -0.1, 3.0), (-0.55, 0.75, 0.25), (-0.15, 0.45, -1.0), (0.5, -1.0, -0.2), (0, 0, 1))
    return hand_at(body, pose.turned(right(hand(0.6, thumb=0.2))), "right", place)


def looking_back(body: Body) -> Pose:
    """A glance over the right shoulder."""
    pose = turned(RELAXED, HANGING, both(leg(0.0, out=0.03)), trunk(twist=-0.5))
    return arms_cleared(body, pose.turned({"neck": (0, -0.4, 0.05), "head": (0, -0.5, 0.04)}))


def bowing(body: Body) -> Pose:
    """Bent from the hips, arms along the thighs."""
    pose = turned(FLAT, both(arm(1.25, forward=0.45)), trunk(0.35), {"neck": (0.15, 0, 0), "head": (0.15, 0, 0)})
    return arms_cleared(body, _tipped(pose, 0.42))


def bending_forward(body: Body) -> Pose:
    """Bent down far, the arms hanging to the feet."""
    pose = turned(RELAXED, both(arm(1.3, forward=1.45, bend=0.1)), trunk(0.75), both({"left_knee": (0.12, 0, 0)}))
    return _tipped(pose.turned({"neck": (0.1, 0, 0), "head": (0.1, 0, 0)}), 0.95)


def _tipped(pose: Pose, angle: float) -> Pose:
    """The trunk turned forward over legs that stay upright."""
    return pose.turned({"pelvis": (angle, 0, 0), "left_hip": (-angle, 0, 0), "right_hip": (-angle, 0, 0)})


def _both_hands(body: Body, pose: Pose, place: Place) -> Pose:
    return hand_at(body, hand_at(body, pose, "left", place), "right", place)


STANDING: dict[str, Callable[[Body], Pose]] = {
    "standing": standing,
    "t-pose": t_pose,
    "a-pose": a_pose,
    "contrapposto": contrapposto,
    "arms raised": arms_raised,
    "celebrating": celebrating,
    "waving": waving,
    "pointing": pointing,
    "reaching up": reaching_up,
    "stretching": stretching,
    "shrugging": shrugging,
    "carrying": carrying,
    "looking at phone": looking_at_phone,
    "looking back": looking_back,
    "bowing": bowing,
    "bending forward": bending_forward,
}
