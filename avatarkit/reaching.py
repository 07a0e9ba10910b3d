"""Limbs that reach: a hand put where it should be by two-bone inverse kinematics, and how near a limb is to the trunk.

One person at a time, float64. In the T-pose frame every joint's axes are the world's, so a joint's global rotation is
what turns the rest pose's vectors. An elbow is a hinge: in the T-pose with palms down a forearm bends to the front.

      shoulder ●───────● elbow           a, b: rest vectors of upper arm and forearm
                 a    ╱                  pole: where the elbow points, seen from the line shoulder → wrist
                     ╱ b
                    ● wrist
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose, place_joints
from avatarkit.mesh import unit, vertex_normals
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle
from avatarkit.shapes import sizes


@dataclass(frozen=True)
class Hand:
    """Where a hand should be, in the world: its wrist (3), where fingers and palm face (3), where the elbow points."""

    wrist: Tensor
    fingers: Tensor
    palm: Tensor
    pole: Tensor


def reached(body: Body, pose: Pose, side: str, hand: Hand) -> Pose:
    """The pose with the arm of that `side` (left, right) reaching; a target too far away is reached for, straight.

    Half of the forearm's turn about its own axis is given to the elbow, half to the wrist, so that neither twists skin
    like a sweet's wrapper.
    """
    rest = body.joints.double()
    pose = pose.to(dtype=torch.float64)
    frames = place_joints(rotation_from_axis_angle(pose.full()), rest, body.model.parents, pose.transl)
    joints = ("collar", "shoulder", "elbow", "wrist")
    collar, shoulder, elbow, wrist = (JOINT_INDEX[f"{side}_{joint}"] for joint in joints)
    sign = 1.0 if side == "left" else -1.0
    upper, fore = rest[elbow] - rest[shoulder], rest[wrist] - rest[elbow]
    hinge = rest.new_tensor([0.0, -sign, 0.0])
    start = frames[shoulder, :3, 3]
    at_elbow, at_wrist = two_bones(start, hand.wrist.double(), hand.pole.double(), upper.norm(), fore.norm())
    axis = unit(torch.linalg.cross(at_elbow - start, at_wrist - at_elbow))
    world_from_shoulder = turning(upper, hinge, at_elbow - start, axis)
    world_from_elbow = turning(fore, hinge, at_wrist - at_elbow, axis)
    rest_fingers, rest_palm = rest.new_tensor([sign, 0.0, 0.0]), rest.new_tensor([0.0, -1.0, 0.0])
    world_from_hand = turning(rest_fingers, rest_palm, hand.fingers.double(), hand.palm.double())
    twist = twist_about(world_from_elbow.T @ world_from_hand, unit(fore)) / 2
    world_from_elbow = world_from_elbow @ rotation_from_axis_angle(twist)
    local = [
        frames[collar, :3, :3].T @ world_from_shoulder,
        world_from_shoulder.T @ world_from_elbow,
        world_from_elbow.T @ world_from_hand,
    ]
    turns = axis_angle_from_rotation(torch.stack(local))
    names = (f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
    return pose.turned(dict(zip(names, turns, strict=True)))


def two_bones(start: Tensor, end: Tensor, pole: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Where the middle joint and the end (3) of two bones come to lie, by the law of cosines; lengths are kept.

    The middle bends towards `pole` (3, a direction). An `end` beyond reach is brought within 99.9 % of it.
    """
    sizes("3, 3, 3", start, end, pole)
    line = end - start
    furthest, nearest = 0.999 * (first + second), 1.001 * (first - second).abs()
    distance = line.norm().clamp(nearest, furthest)
    along = unit(line)
    aside = unit(pole - (pole @ along) * along)
    forward = (first**2 + distance**2 - second**2) / (2 * distance)
    outward = (first**2 - forward**2).clamp(min=0).sqrt()
    return start + forward * along + outward * aside, start + distance * along


def turning(a: Tensor, b: Tensor, new_a: Tensor, new_b: Tensor) -> Tensor:
    """The rotation (3,3) that takes direction `a` to `new_a` and `b`, as far as it can, to `new_b` (3 each)."""
    return _frame(new_a, new_b) @ _frame(a, b).T


def _frame(first: Tensor, second: Tensor) -> Tensor:
    x = unit(first)
    z = unit(torch.linalg.cross(x, second))
    return torch.stack([x, torch.linalg.cross(z, x), z], dim=1)


def twist_about(rotation: Tensor, axis: Tensor) -> Tensor:
    """The part (3) axis-angle of a rotation (3,3) that turns about the unit `axis` (3): swing–twist decomposition."""
    sizes("3 3, 3", rotation, axis)
    turn = axis_angle_from_rotation(rotation)
    angle = turn.norm()
    if angle < 1e-9:
        return torch.zeros_like(axis)
    along = (turn / angle) @ axis
    return 2 * torch.atan2(torch.sin(angle / 2) * along, torch.cos(angle / 2)) * axis


def carried_by(body: Body, joints: tuple[str, ...]) -> Tensor:
    """Indices (N) int64 of the vertices that are moved mostly by one of these joints."""
    wanted = torch.tensor([JOINT_INDEX[name] for name in joints], device=body.vertices.device)
    return torch.isin(body.model.lbs_weights.argmax(1), wanted).nonzero()[:, 0]


def clearances(body: Body, pose: Pose, limb: Tensor, trunk: Tensor) -> Tensor:
    """Signed distance (N) in metres of each `limb` vertex to the nearest of the `trunk` vertices, along that one's
    normal: negative inside. Vertices are one to two centimetres apart, and so is the measure when far away."""
    vertices = body.posed(pose.to(dtype=body.vertices.dtype)).vertices
    normals = vertex_normals(vertices, body.model.faces)
    nearest = torch.cdist(vertices[limb], vertices[trunk]).argmin(1)
    away = vertices[limb] - vertices[trunk][nearest]
    return (away * normals[trunk][nearest]).sum(-1)


def touching(
    body: Body, pose: Pose, side: str, hand: Hand, outward: Tensor, limb: Tensor, trunk: Tensor, gap: float = 0.0
) -> Pose:
    """The arm reaching as `hand` says, moved along `outward` (3) until `limb` is `gap` metres from `trunk`."""

    def pose_at(offset: float) -> Pose:
        return reached(body, pose, side, replace(hand, wrist=hand.wrist + offset * unit(outward)))

    return pose_at(rising(lambda offset: float(clearances(body, pose_at(offset), limb, trunk).min()) - gap, -0.2, 0.3))


def rising(function: Callable[[float], float], low: float, high: float, *, steps: int = 11) -> float:
    """Where a rising function crosses zero between `low` and `high`, by bisection; the nearer end when it does not."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if function(middle) > 0 else (middle, high)
    return high
