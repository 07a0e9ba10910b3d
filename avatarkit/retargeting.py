"""A motion of another skeleton on our 55 joints: rotations are handed over relative to how each skeleton rests.

    G   a foreign joint's rotation in its world, frame by frame; G₀ the same when its person stands at rest
    A   the turn from the foreign world to ours: up to +Y, its person's front to +Z
    C   the turn from our bone's direction at rest to the foreign one's: from T-pose to A-pose, to whatever it is
    ours = A G G₀⁻¹ Aᵀ C, so that a bone that hangs straight down there hangs straight down here

Trunk and collar bones have no C: where a file puts its spine's joints is a matter of taste, that both stand upright is
not. Feet are corrected about the vertical alone: both rest flat, however high the ankle is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS, Body, Pose
from avatarkit.bvh import Recording
from avatarkit.clips import Clip, between
from avatarkit.errors import BadData
from avatarkit.joint_names import ancestors, matched
from avatarkit.mesh import unit
from avatarkit.motion import set_down
from avatarkit.poses.turns import RELAXED
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

UPRIGHT = 0.7
"""Cosine of how far a thigh or shin may be from the vertical in a pose that passes for rest."""
SIDES = ("left", "right")
_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_AFTER = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist", "wrist": "middle1"}
_AFTER |= {
    f"{finger}{k}": f"{finger}{k + 1}" for finger in ("thumb", "index", "middle", "ring", "pinky") for k in (1, 2)
}
_SELDOM = ("end", "nub", "tip", "twist", "roll", "4")


@dataclass(frozen=True, eq=False)
class _Source:
    """A foreign person, moving and at rest, already in our axes; lengths are still the file's."""

    found: dict[str, int]
    turns: Tensor
    """(T,J,3,3) from rest to each frame: A G G₀⁻¹ Aᵀ"""
    hips: Tensor
    """(T,3) midway between the thighs' joints"""
    rest: Tensor
    """(J,3)"""
    tips: dict[int, Tensor]
    """(3) at rest, where a joint has an end"""


def retargeted(recording: Recording, body: Body, name: str) -> tuple[Clip, list[str]]:
    """The motion on this body, set down (see `motion.set_down`), frame by frame as in the file; and what a user should
    know: which of our joints the file lacks, which of its joints are left out, that it never rests, if so.

    The path is scaled by the ratio of leg lengths, so that units do not matter. BadData where no person is recognised
    in the names or in the proportions.
    """
    source, words = _source(recording, matched(recording.names, recording.parents))
    rest = body.joints.double()
    world = _world(source, rest)
    local = torch.stack([world[:, j] if p < 0 else world[:, p].mT @ world[:, j] for j, p in enumerate(PARENTS)], dim=1)
    pose = Pose.from_full(axis_angle_from_rotation(local))
    fingers = {joint: turn for joint, turn in RELAXED.items() if f"{joint[:-1]}1" not in source.found}
    hips = (rest[1] + rest[2]) / 2 - rest[0]
    transl = source.hips * _leg_ratio(source, rest) - (world[:, 0] @ hips)
    full = pose.turned(fingers).full().float()
    times = torch.arange(len(full), dtype=torch.float64) * recording.frame_time
    clip = Clip(name, times.float(), Pose.from_full(full, transl.float()))
    return set_down(clip, body), words + _left_out(recording, source.found)


def _source(recording: Recording, found: dict[str, int]) -> tuple[_Source, list[str]]:
    parents = recording.parents
    offsets, turns = torch.from_numpy(recording.offsets), torch.from_numpy(recording.rotations)
    places = offsets.expand(len(turns), -1, -1).clone()
    # Other joints' position channels repeat their offsets, but for the files that write zeros there.
    rooted = ancestors(found["pelvis"], parents)
    places[:, rooted] = torch.from_numpy(recording.places)[:, rooted]
    turns, points = _placed(turns, places, parents)
    identity = torch.eye(3, dtype=turns.dtype).expand(len(parents), 3, 3)
    rest = _placed(identity[None], offsets[None], parents)[1][0]
    rest_turns, words = identity, []
    if _uprightness(rest, found) < UPRIGHT:
        standing = int(_uprightness(points, found).argmax())
        rest, rest_turns = points[standing], turns[standing]
        words = [f"its skeleton does not stand at rest: frame {standing} is taken for rest, so limbs may be twisted"]
    A = _axes(rest, found)
    moved = A @ turns @ rest_turns.mT @ A.T
    hips = (points[:, found["left_hip"]] + points[:, found["right_hip"]]) / 2 @ A.T
    ends = {j: rest[j] + rest_turns[j] @ torch.from_numpy(tip) for j, tip in recording.tips.items()}
    return _Source(found, moved, hips, rest @ A.T, {j: A @ tip for j, tip in ends.items()}), words


def _placed(turns: Tensor, places: Tensor, parents: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Rotations (T,J,3,3) and places (T,J,3) in the world, of those relative to the parents."""
    world, points = [turns[:, 0]], [places[:, 0]]
    for j, parent in enumerate(parents[1:], 1):
        world.append(world[parent] @ turns[:, j])
        points.append(points[parent] + (world[parent] @ places[:, j, :, None])[..., 0])
    return torch.stack(world, dim=1), torch.stack(points, dim=1)


def _upwards(points: Tensor, found: dict[str, int]) -> Tensor:
    """(..., 3) from the hips to the shoulders."""
    hips, shoulders = (points[..., [found[f"{side}_{j}"] for side in SIDES], :].mean(-2) for j in ("hip", "shoulder"))
    return unit(shoulders - hips)


def _uprightness(points: Tensor, found: dict[str, int]) -> Tensor:
    """(...) the least cosine between trunk and the four bones of the legs, of joints (..., J, 3)."""
    bones = [(f"{side}_hip", f"{side}_knee") for side in SIDES]
    bones += [(f"{side}_knee", f"{side}_ankle") for side in SIDES if f"{side}_ankle" in found]
    up = _upwards(points, found)
    downs = [unit(points[..., found[a], :] - points[..., found[b], :]) for a, b in bones]
    return torch.stack([(down * up).sum(-1) for down in downs], dim=-1).amin(-1)


def _axes(rest: Tensor, found: dict[str, int]) -> Tensor:
    """(3,3) from the foreign axes to ours: the one that is nearest to up to +Y, the person's left to +X."""
    upwards = _upwards(rest, found)
    main = int(upwards.abs().argmax())
    up = torch.zeros_like(upwards)
    up[main] = upwards[main].sign()
    left = rest[found["left_hip"]] - rest[found["right_hip"]]
    left = left - (left @ up) * up
    if not float(up.norm()) or not float(left.norm()) > 0:
        raise BadData("skeleton: the thighs' joints are in one place, or the trunk has no length: found no person")
    left = unit(left)
    return torch.stack([left, up, torch.linalg.cross(left, up)])


def _leg_ratio(source: _Source, rest: Tensor) -> float:
    """Our leg's length over the foreign one's; of the thigh alone where there is no ankle."""
    joints = [name for name in ("left_hip", "left_knee", "left_ankle") if name in source.found]
    ours, theirs = rest[[JOINT_INDEX[name] for name in joints]], source.rest[[source.found[name] for name in joints]]
    length = float(theirs.diff(dim=0).norm(dim=-1).sum())
    if not length > 0:
        raise BadData("skeleton: the left thigh has no length: found no person")
    return float(ours.diff(dim=0).norm(dim=-1).sum()) / length


def _world(source: _Source, rest: Tensor) -> Tensor:
    """(T,55,3,3): our joints' rotations in the world; what the file lacks goes with its parent, and what lacks between
    two joints of the trunk takes its share of the bend."""
    corrections: dict[int, Tensor] = {}
    world: list[Tensor] = []
    for j, name in enumerate(JOINT_NAMES):
        if name not in source.found:
            world.append(world[PARENTS[j]])
            continue
        corrections[j] = _correction(name, source, rest, corrections)
        world.append(source.turns[:, source.found[name]] @ corrections[j])
    known = [name for name in _TRUNK if name in source.found]
    for low, high in pairwise(known):
        missing = _TRUNK[_TRUNK.index(low) + 1 : _TRUNK.index(high)]
        for k, name in enumerate(missing, 1):
            share = world[0].new_full((len(world[0]),), k / (len(missing) + 1))
            first, second = world[JOINT_INDEX[low]], world[JOINT_INDEX[high]]
            world[JOINT_INDEX[name]] = between(first, second, share)
    return torch.stack(world, dim=1)


def _correction(name: str, source: _Source, rest: Tensor, earlier: dict[int, Tensor]) -> Tensor:
    """C (3,3) of one of our joints."""
    side, _, joint = name.partition("_")
    j, foreign = JOINT_INDEX[name], source.found[name]
    same = earlier.get(PARENTS[j], torch.eye(3, dtype=rest.dtype))
    if joint == "ankle":
        toes = source.found.get(f"{side}_foot")
        end = source.rest[toes] if toes is not None else source.tips.get(foreign)
        ahead = end - source.rest[foreign] if end is not None else rest.new_zeros(3)
        level = rest.new_tensor([1.0, 0.0, 1.0])
        if float((ahead * level).norm()) < 0.5 * float(ahead.norm()):
            return torch.eye(3, dtype=rest.dtype)
        return _onto((rest[JOINT_INDEX[f"{side}_foot"]] - rest[j]) * level, ahead * level)
    if joint in _AFTER:
        after = f"{side}_{_AFTER[joint]}"
        if after not in source.found:
            return same
        return _onto(rest[JOINT_INDEX[after]] - rest[j], source.rest[source.found[after]] - source.rest[foreign])
    is_finger = j >= JOINT_INDEX["left_index1"]
    return same if is_finger or joint == "foot" else torch.eye(3, dtype=rest.dtype)


def _onto(a: Tensor, b: Tensor) -> Tensor:
    """The smallest rotation (3,3) that takes direction `a` (3) to `b` (3); the identity where either has no length."""
    a, b = unit(a), unit(b)
    if not float(a.norm() * b.norm()) > 0:
        return torch.eye(3, dtype=a.dtype)
    axis = torch.linalg.cross(a, b)
    if float(axis.norm()) < 1e-9:
        axis = torch.linalg.cross(a, torch.eye(3, dtype=a.dtype)[int(a.abs().argmin())])
    angle = torch.atan2(torch.linalg.cross(a, b).norm(), a @ b)
    return rotation_from_axis_angle(unit(axis) * angle)


def _left_out(recording: Recording, found: dict[str, int]) -> list[str]:
    """One line for our joints that the file lacks, one for its joints that move nothing of ours."""
    words = []
    missing = [name for name in JOINT_NAMES[1:25] if name not in found and name not in _TRUNK[1:5]]
    missing = [name for name in missing if name not in ("jaw", "left_eye", "right_eye")]
    missing += [f"{side} fingers" for side in SIDES if not any(f"{side}_{f}1" in found for f in ("index", "middle"))]
    if missing:
        words.append(f"has no joints for {', '.join(missing)}: they stay as at rest")
    used = {j for joint in found.values() for j in ancestors(joint, recording.parents)}
    idle = [name for j, name in enumerate(recording.names) if j not in used]
    idle = [name[:32] for name in idle if not name.lower().endswith(_SELDOM)]
    if idle:
        more = f" and {len(idle) - 10} more" if len(idle) > 10 else ""
        words.append(f"joints not recognised, and left out: {', '.join(idle[:10])}{more}")
    return words
