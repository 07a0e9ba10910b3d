"""What is solved for the body at hand: arms clear of the trunk, hands that touch, feet and knees on one ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose
from avatarkit.poses.turns import FINGERS
from avatarkit.reaching import Hand, carried_by, kept_off, reached, rising, touching
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

ARM_GAP = 0.012
"""Metres between a hanging arm and the trunk."""
TRUNK = ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip")
HEAD = ("head", "jaw", "left_eye", "right_eye", "neck")
LEG = ("hip", "knee", "ankle", "foot")


def arms_cleared(body: Body, pose: Pose) -> Pose:
    """Both arms lifted sideways, as little as `ARM_GAP` asks for, 50 degrees at most."""
    solid = torch.cat([trunk_of(body), carried_by(body, ("left_knee", "right_knee"))])
    limbs = torch.cat([forearm_of(body, "left"), forearm_of(body, "right")])

    def lifted(angle: float) -> Pose:
        turns = torch.stack([pose.full()[16], pose.full()[17]])
        lifts = rotation_from_axis_angle(turns.new_tensor([[0, 0, angle], [0, 0, -angle]]))
        left, right = axis_angle_from_rotation(lifts @ rotation_from_axis_angle(turns))
        return pose.turned({"left_shoulder": left, "right_shoulder": right})

    return kept_off(body, lifted, limbs, solid, ARM_GAP, -0.1, 0.9)


def level(body: Body, pose_at: Callable[[float], Pose], one: str, other: str, low: float, high: float) -> Pose:
    """`pose_at` the angle where the lowest points of both legs are at one height; between `low`, where the leg `one`
    reaches less high, and `high`."""
    legs = [tuple(f"{side}_{joint}" for joint in LEG) for side in (one, other)]
    return grounded(body, pose_at, legs[1], legs[0], low, high)


def grounded(
    body: Body, pose_at: Callable[[float], Pose], rising_part: tuple[str, ...], part: tuple[str, ...], low: float,
    high: float,
) -> Pose:  # fmt: skip
    """`pose_at` the angle where what two groups of joints carry has its lowest points at one height.

    From the angle `low` to `high` the first group rises over the second.
    """
    groups = [carried_by(body, joints) for joints in (rising_part, part)]
    some = replace(body, vertices=body.vertices[torch.cat(groups)], only=torch.cat(groups))

    def difference(angle: float) -> float:
        y = some.posed(pose_at(angle).to(dtype=body.vertices.dtype)).vertices[:, 1]
        return float(y[: len(groups[0])].min() - y[len(groups[0]) :].min())

    return pose_at(rising(difference, low, high))


@dataclass(frozen=True)
class Place:
    """Where a left hand goes, in the frame of a part of the body; the right one's is the mirror image.

    `at`: the wrist, in half-widths of the part's box at rest from its centre (x left, y up, z front); `fingers`,
    `palm`, `pole`: where they face (see `reaching.Hand`); `away`: along which the hand leaves the part.
    """

    part: tuple[str, ...]
    at: tuple[float, float, float]
    fingers: tuple[float, float, float]
    palm: tuple[float, float, float]
    pole: tuple[float, float, float]
    away: tuple[float, float, float]


def hand_at(body: Body, pose: Pose, side: str, place: Place) -> Pose:
    """The hand of that side in its place, touching nothing on purpose."""
    hand, _ = _in_world(body, pose, side, place)
    return reached(body, pose, side, hand)


def hand_on(
    body: Body,
    pose: Pose,
    side: str,
    place: Place,
    *,
    gap: float = 0.0,
    solid: tuple[str, ...] = (),
    fore: bool = False,
) -> Pose:
    """The hand of that side in its place, then moved along `away` until it is `gap` metres from the part.

    `solid` names the joints whose skin it keeps off, the part itself by default; `fore` lets the forearm keep off too.
    """
    hand, away = _in_world(body, pose, side, place)
    limb = forearm_of(body, side) if fore else hand_of(body, side)
    return touching(body, pose, side, hand, away, limb, carried_by(body, solid or place.part), gap=gap)


def palms_met(body: Body, pose: Pose, place: Place, *, gap: float = 0.002) -> Pose:
    """Both hands in mirrored places, moved apart until each is `gap` metres from the middle between them."""
    thumb = carried_by(body, ("left_thumb1", "left_thumb2", "left_thumb3"))
    limb = hand_of(body, "left")
    limb = limb[~torch.isin(limb, thumb)]
    index = JOINT_INDEX[place.part[0]]
    some = replace(body, vertices=body.vertices[limb], only=limb)

    def pose_at(offset: float) -> Pose:
        moved = pose
        for side in ("left", "right"):
            hand, away = _in_world(body, pose, side, place)
            moved = reached(body, moved, side, replace(hand, wrist=hand.wrist + offset * away))
        return moved

    def room(offset: float) -> float:
        posed = some.posed(pose_at(offset).to(dtype=body.vertices.dtype))
        frame = posed.world_from_joint[index]
        return float(((posed.vertices - frame[:3, 3]) @ frame[:3, 0]).min()) - gap

    return pose_at(rising(room, -0.15, 0.3))


def _in_world(body: Body, pose: Pose, side: str, place: Place) -> tuple[Hand, Tensor]:
    index = JOINT_INDEX[place.part[0]]
    frame = body.posed(pose.to(dtype=body.vertices.dtype)).world_from_joint[index].double()
    box = body.vertices[carried_by(body, place.part)].double()
    low, high = box.amin(0), box.amax(0)
    flip = frame.new_tensor([1.0 if side == "left" else -1.0, 1, 1])

    def direction(vector: tuple[float, float, float]) -> Tensor:
        return frame[:3, :3] @ (frame.new_tensor(vector) * flip)

    offset = (low + high) / 2 + frame.new_tensor(place.at) * (high - low) / 2 * flip - body.joints[index].double()
    wrist = frame[:3, :3] @ offset + frame[:3, 3]
    return Hand(wrist, direction(place.fingers), direction(place.palm), direction(place.pole)), direction(place.away)


def trunk_of(body: Body) -> Tensor:
    """Indices of the trunk's and the thighs' vertices."""
    return carried_by(body, TRUNK)


def hand_of(body: Body, side: str) -> Tensor:
    """Indices of the vertices of one hand."""
    bones = [f"{side}_{finger}{bone}" for finger in (*FINGERS, "thumb") for bone in (1, 2, 3)]
    return carried_by(body, (f"{side}_wrist", *bones))


def forearm_of(body: Body, side: str) -> Tensor:
    """Indices of the vertices of one forearm and its hand."""
    return torch.cat([carried_by(body, (f"{side}_elbow",)), hand_of(body, side)])


def arm_of(body: Body, side: str) -> Tensor:
    """Indices of the vertices of one arm from the shoulder down."""
    return torch.cat([carried_by(body, (f"{side}_shoulder",)), forearm_of(body, side)])
