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

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose, place_joints, skinned
from avatarkit.kernels import compiled
from avatarkit.mesh import unit, vertex_normals
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle
from avatarkit.shapes import sizes

NEAR = 0.025
"""Metres beyond the nearest vertex within which another may turn out to be nearer."""


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
    """Where the middle joint and the end (..., 3) of two bones come to lie, by the law of cosines; lengths are kept.

    The middle bends towards `pole` (..., 3, a direction). An `end` beyond reach is brought within 99.9 % of it.
    """
    sizes("... 3, ... 3, ... 3", start, end, pole)
    line = end - start
    furthest, nearest = 0.999 * (first + second), 1.001 * (first - second).abs()
    distance = line.norm(dim=-1, keepdim=True).clamp(nearest, furthest)
    along = unit(line)
    aside = unit(pole - (pole * along).sum(-1, keepdim=True) * along)
    forward = (first**2 + distance**2 - second**2) / (2 * distance)
    outward = (first**2 - forward**2).clamp(min=0).sqrt()
    return start + forward * along + outward * aside, start + distance * along


def turning(a: Tensor, b: Tensor, new_a: Tensor, new_b: Tensor) -> Tensor:
    """The rotation (..., 3, 3) that takes direction `a` to `new_a` and `b`, as far as it can, to `new_b` (..., 3)."""
    return _frame(new_a, new_b) @ _frame(a, b).mT


def _frame(first: Tensor, second: Tensor) -> Tensor:
    x = unit(first)
    z = unit(torch.linalg.cross(x, second))
    return torch.stack([x, torch.linalg.cross(z, x), z], dim=-1)


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
    return clearing(body, limb, trunk)(pose)


def clearing(body: Body, limb: Tensor, trunk: Tensor) -> Callable[[Pose], Tensor]:
    """`clearances` as a function of the pose alone, for solvers: only what it looks at is posed.

    Normals are those of the rest pose, skinned as directions are.
    """
    both = torch.cat([limb, trunk])
    some = replace(body, vertices=body.vertices[both], only=both)
    normals, weights = vertex_normals(body.vertices, body.model.faces)[trunk], body.model.lbs_weights[trunk]

    def of(pose: Pose) -> Tensor:
        posed = some.posed(pose.to(dtype=body.vertices.dtype))
        limbs, trunks = posed.vertices[: len(limb)], posed.vertices[len(limb) :]
        nearest = nearest_of(limbs, trunks)
        turned = posed.world_from_rest.clone()
        turned[:, :3, 3] = 0
        found, which = nearest.unique(return_inverse=True)
        outward = unit(skinned(normals[found], weights[found], turned))[which]
        return ((limbs - trunks[nearest]) * outward).sum(-1)

    return of


def nearest_of(points: Tensor, others: Tensor) -> Tensor:
    """Which (N) int64 of the `others` (M,3) is nearest to each of the points (N,3)."""
    N, _ = sizes("N 3, M 3", points, others)
    candidates = others.detach().cpu().double().numpy()
    order = np.argsort(candidates[:, 1], kind="stable")
    nearest = np.empty(N, np.int64)
    _find_nearest(points.detach().cpu().double().numpy(), candidates[order], nearest)
    return torch.from_numpy(order[nearest]).to(points.device)


@compiled
def _find_nearest(points, rising, nearest):
    """Into `nearest` (N) which of the points `rising` (M,3), sorted by y, is nearest: up and down from the same height,
    no further than the nearest one yet."""
    M = len(rising)
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        low, high = 0, M
        while low < high:
            middle = (low + high) // 2
            if rising[middle, 1] < y:
                low = middle + 1
            else:
                high = middle
        # points of a limb lie side by side: what was nearest to the last one is near
        found = nearest[i - 1] if i else min(low, M - 1)
        dx, dy, dz = rising[found, 0] - x, rising[found, 1] - y, rising[found, 2] - z
        best = dx * dx + dy * dy + dz * dz
        for step in (1, -1):
            k = low if step == 1 else low - 1
            while 0 <= k < M:
                dx, dy, dz = rising[k, 0] - x, rising[k, 1] - y, rising[k, 2] - z
                if dy * dy > best:
                    break
                square = dx * dx + dy * dy + dz * dz
                if square < best:
                    best, found = square, k
                k += step
        nearest[i] = found


def touching(
    body: Body, pose: Pose, side: str, hand: Hand, outward: Tensor, limb: Tensor, trunk: Tensor, gap: float = 0.0
) -> Pose:
    """The arm reaching as `hand` says, moved along `outward` (3) until `limb` is `gap` metres from `trunk`."""

    def pose_at(offset: float) -> Pose:
        return reached(body, pose, side, replace(hand, wrist=hand.wrist + offset * unit(outward)))

    return kept_off(body, pose_at, limb, trunk, gap, -0.2, 0.3)


def kept_off(
    body: Body, pose_at: Callable[[float], Pose], limb: Tensor, trunk: Tensor, gap: float, low: float, high: float
) -> Pose:
    """`pose_at` the least value from `low` to `high` at which `limb` is `gap` metres from `trunk`, or else the last.

    Every sixth vertex of the limb finds the place; those that come near there find it exactly.
    """

    def solved(some: Tensor, start: float) -> float:
        gap_of = clearing(body, some, trunk)
        return rising(lambda value: float(gap_of(pose_at(value)).min()) - gap, start, high)

    value = solved(limb[::6], low)
    found = clearances(body, pose_at(value), limb, trunk)
    return pose_at(value if float(found.min()) >= gap else solved(limb[found < found.min() + NEAR], value))


def rising(
    function: Callable[[float], float], low: float, high: float, *, steps: int = 11, close: float = 2e-4
) -> float:
    """Where a rising function crosses zero between `low` and `high`; the nearer end when it does not.

    At most `steps` evaluations, fewer once it is `close` above zero: by turns the straight line between the ends
    (regula falsi) and their middle, for the functions here have kinks and flat parts.
    """
    below: float | None = None
    above: float | None = None
    for step in range(steps):
        share = 0.5
        if below is not None and above is not None and step % 2:
            share = min(max(-below / (above - below), 0.02), 0.98)
        middle = low + share * (high - low)
        value = function(middle)
        if value > 0:
            high, above = middle, value
            if value < close:
                break
        else:
            low, below = middle, value
    return high
