"""Legs that stand where they should: the ankle put in its place by two bones, the sole laid on the ground."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose
from avatarkit.mesh import unit
from avatarkit.reaching import turning, two_bones
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

STRETCHED = 0.996
"""How much of a leg's length is used at the most: knees stay bent by 10 degrees."""


@dataclass(frozen=True, eq=False)
class Leg:
    """One leg at rest, float64, in the body's own coordinates."""

    side: str
    hip: Tensor
    """(3)"""
    knee: Tensor
    """(3)"""
    ankle: Tensor
    """(3)"""
    ball: Tensor
    """(3) where the toes bend"""
    sole: Tensor
    """(N,3) vertices of the foot's lower half"""
    toes: Tensor
    """(N) how far they go with the toes"""

    @staticmethod
    def of(body: Body, side: str) -> Leg:
        """The leg of that side of one body."""
        joints = [JOINT_INDEX[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot")]
        rest = body.joints.double()[joints]
        weights = body.model.lbs_weights[:, joints[2:]].double()
        vertices = body.vertices.double()
        low = vertices[:, 1] < (rest[2, 1] + vertices[:, 1].amin()) / 2
        held = (weights.sum(1) > 0.5) & low
        hip, knee, ankle, ball = rest.unbind(0)
        return Leg(side, hip, knee, ankle, ball, vertices[held], weights[held, 1] / weights[held].sum(1))

    @property
    def length(self) -> Tensor:
        """() metres, thigh and shin."""
        return (self.knee - self.hip).norm() + (self.ankle - self.knee).norm()

    @property
    def heel(self) -> Tensor:
        """(3) the hindmost point that touches the ground at rest."""
        touching = self.sole[self.sole[:, 1] < self.sole[:, 1].amin() + 0.1 * (self.ankle[1] - self.sole[:, 1].amin())]
        return touching[touching[:, 2].argmin()]

    def height(self, feet: Tensor, toes: Tensor) -> Tensor:
        """(T) how high the ankle is over the ground when a foot turned by `feet` (T,3,3), its toes bent up by `toes`
        (T) radians, touches it."""
        bends = rotation_from_axis_angle(torch.stack([-toes, 0 * toes, 0 * toes], dim=-1))
        bent = (self.sole - self.ball) @ bends.mT + self.ball
        placed = self.sole + self.toes[:, None] * (bent - self.sole) - self.ankle
        return -(placed @ feet.mT)[..., 1].amin(-1)

    def highest(self, hips: Tensor, ankles: Tensor) -> Tensor:
        """(T) how much the hip at `hips` (T,3) may be raised until the leg to `ankles` (T,3) is stretched."""
        offset = ankles - hips
        aside = offset[:, 0] ** 2 + offset[:, 2] ** 2
        return offset[:, 1] + ((STRETCHED * self.length) ** 2 - aside).clamp(min=0).sqrt()


@dataclass(frozen=True, eq=False)
class Step:
    """What one foot does, over T frames, in the world."""

    leg: Leg
    ankles: Tensor
    """(T,3)"""
    feet: Tensor
    """(T,3,3) how the foot is turned"""
    toes: Tensor
    """(T) radians that the toes are bent up"""


def planted(body: Body, pose: Pose, steps: list[Step], *, evenly: bool) -> Pose:
    """The poses (T) with the pelvis raised until a leg is stretched, in every frame by itself or `evenly` by the same
    in all of them, and the legs bent as their steps say."""
    room = torch.stack([step.leg.highest(hip_of(step.leg, body, pose), step.ankles) for step in steps]).amin(0)
    up = torch.zeros_like(pose.transl)
    up[:, 1] = room.amin() if evenly else room
    pose = replace(pose, transl=pose.transl + up)
    for step in steps:
        pose = _stepped(body, pose, step)
    return pose


def hip_of(leg: Leg, body: Body, pose: Pose) -> Tensor:
    """(T,3) where the hip joint is in the world."""
    pelvis = body.joints.double()[0]
    return pelvis + pose.transl + rotation_from_axis_angle(pose.global_orient) @ (leg.hip - pelvis)


def _stepped(body: Body, pose: Pose, step: Step) -> Pose:
    """The poses with one leg bent so that its ankle and foot are where the step says; the knee bends as the foot
    points."""
    leg = step.leg
    hips = hip_of(leg, body, pose)
    thigh, shin = leg.knee - leg.hip, leg.ankle - leg.knee
    line = step.ankles - hips
    pole = torch.linalg.cross(line, step.feet[..., 0])
    knees, ends = two_bones(hips, step.ankles, pole, thigh.norm(), shin.norm())
    hinge = unit(torch.linalg.cross(pole, line))
    across = line.new_tensor([1.0, 0.0, 0.0])
    world_from_thigh = turning(thigh, across, knees - hips, hinge)
    world_from_shin = turning(shin, across, ends - knees, hinge)
    world_from_pelvis = rotation_from_axis_angle(pose.global_orient)
    return pose.turned(
        {
            f"{leg.side}_hip": axis_angle_from_rotation(world_from_pelvis.mT @ world_from_thigh),
            f"{leg.side}_knee": axis_angle_from_rotation(world_from_thigh.mT @ world_from_shin),
            f"{leg.side}_ankle": axis_angle_from_rotation(world_from_shin.mT @ step.feet),
            f"{leg.side}_foot": torch.stack([-step.toes, 0 * step.toes, 0 * step.toes], dim=-1),
        }
    )
