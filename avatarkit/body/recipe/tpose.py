"""Everybody in one pose: bones rotated rigidly, the skin follows by linear blending with the 55-joint weights.

The pose: arms straight along ±X, palms down, each finger straight along its own direction with no height in it,
the thumb 45° forward and drooping a little;
legs straight down, `ABDUCTION` apart; feet level, pointing to +Z; the trunk and head as Anny stands, upright.
The pelvis joint is the origin, for everybody: y = 0 is the height of the pelvis, not the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body.pose import PARENTS
from avatarkit.body.recipe.anny_source import People
from avatarkit.body.recipe.skeleton import (
    FINGERS,
    INDEX,
    MIRRORED,
    joints_of_people,
    tips_of_people,
)

ABDUCTION = 0.06  # metres to the side for each metre down: thighs of heavy people still clear one another
THUMB_YAW, THUMB_DROOP = np.deg2rad(45), np.deg2rad(20)  # from the fingers' direction towards +Z, and below the palm
COLLAR_LIFT = np.deg2rad(8)  # raising an arm to the horizontal lifts the collar bone too


@dataclass(frozen=True)
class TPosed:
    """People in the T-pose, each its own mirror image."""

    vertices: np.ndarray  # (P, V, 3) float32, metres, pelvis at the origin
    joints: np.ndarray  # (P, 55, 3)
    rotations: np.ndarray  # (P, 55, 3, 3) of each joint's bone, T-pose from rest


def tpose(people: People, bone_names: list[str], weights: np.ndarray, mirror: np.ndarray) -> TPosed:
    """`people` in the T-pose; `weights` (V, 55), `mirror` (V,)."""
    rest = joints_of_people(people.heads, bone_names)
    rotations = tpose_rotations(rest, tips_of_people(people.tails, bone_names))
    posed = chain(rest, rotations)
    translations = posed - np.einsum("pjab,pjb->pja", rotations, rest)
    vertices = skin(people.vertices, weights, rotations, translations)
    vertices, posed = (points - posed[:, :1] for points in (vertices, posed))
    flip = np.array([-1.0, 1, 1])
    return TPosed(
        vertices=((vertices + vertices[:, mirror] * flip) / 2).astype(np.float32),
        joints=(posed + posed[:, MIRRORED] * flip) / 2,
        rotations=rotations,
    )


def skin(vertices: np.ndarray, weights: np.ndarray, rotations: np.ndarray, translations: np.ndarray) -> np.ndarray:
    """Linear blend skinning: Σ_j w_vj (R_j x_v + t_j), (P, V, 3)."""
    transforms = np.concatenate([rotations, translations[..., None]], axis=-1).astype(np.float32)
    weights = weights.astype(np.float32)
    out = np.empty_like(vertices)
    for k, transform in enumerate(transforms):  # one person at a time: (V, 3, 4) is small, (P, V, 3, 4) is not
        blended = (weights @ transform.reshape(len(transform), 12)).reshape(-1, 3, 4)
        out[k] = np.einsum("vab,vb->va", blended[..., :3], vertices[k]) + blended[..., 3]
    return out


def chain(rest: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Joints (P, 55, 3) after every bone is turned by its rotation, lengths kept: x_j = x_p + R_p (r_j - r_p)."""
    posed = rest.copy()
    for joint, parent in enumerate(PARENTS[1:], start=1):
        bone = rest[:, joint] - rest[:, parent]
        posed[:, joint] = posed[:, parent] + np.einsum("pab,pb->pa", rotations[:, parent], bone)
    return posed


def tpose_rotations(rest: np.ndarray, tips: dict[str, np.ndarray]) -> np.ndarray:
    """The rotation (P, 55, 3, 3) of each joint's bone from rest to T-pose, world axes."""
    rotations = np.tile(np.eye(3), (len(rest), len(PARENTS), 1, 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _turn_leg(rotations, rest, side, sign)
        _turn_arm(rotations, rest, side, sign)
        for finger in FINGERS:
            _turn_finger(rotations, rest, tips[f"{side}_{finger}"], f"{side}_{finger}", sign)
    return rotations


def _turn_leg(rotations: np.ndarray, rest: np.ndarray, side: str, sign: float) -> None:
    hip, knee, ankle, foot = (INDEX[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot"))
    down = np.array([sign * ABDUCTION, -1.0, 0.0])
    rotations[:, hip] = rotation_between(rest[:, knee] - rest[:, hip], down)
    rotations[:, knee] = after(rotations[:, hip], rest[:, ankle] - rest[:, knee], down)
    along = (rest[:, foot] - rest[:, ankle]) * (1, 0, 1)  # turned about the vertical only: flat soles stay flat
    rotations[:, ankle] = rotations[:, foot] = rotation_between(along, np.array([0.0, 0, 1]))


def _turn_arm(rotations: np.ndarray, rest: np.ndarray, side: str, sign: float) -> None:
    collar, shoulder, elbow, wrist = (INDEX[f"{side}_{name}"] for name in ("collar", "shoulder", "elbow", "wrist"))
    index, middle, pinky = (INDEX[f"{side}_{finger}1"] for finger in ("index", "middle", "pinky"))
    outward = np.array([sign, 0.0, 0.0])
    rotations[:, collar] = about_z(np.full(len(rest), sign * COLLAR_LIFT))
    rotations[:, shoulder] = rotation_between(rest[:, elbow] - rest[:, shoulder], outward)
    rotations[:, elbow] = after(rotations[:, shoulder], rest[:, wrist] - rest[:, elbow], outward)
    straight = after(rotations[:, elbow], rest[:, middle] - rest[:, wrist], outward)
    knuckles = np.einsum("pab,pb->pa", straight, rest[:, index] - rest[:, pinky]) * (0, 1, 1)
    rotations[:, wrist] = rotation_between(knuckles, np.array([0.0, 0, 1])) @ straight  # palm down


def _turn_finger(rotations: np.ndarray, rest: np.ndarray, tip: np.ndarray, name: str, sign: float) -> None:
    joints = [INDEX[f"{name}{k}"] for k in (1, 2, 3)]
    hand = rotations[:, INDEX[name.split("_")[0] + "_wrist"]]
    ends = [*(rest[:, j] for j in joints), tip]
    straight = np.einsum("pab,pb->pa", hand, tip - ends[0]) * (1, 0, 1)
    if name.endswith("thumb"):
        level = np.cos(THUMB_DROOP)
        straight = np.array([sign * level * np.cos(THUMB_YAW), -np.sin(THUMB_DROOP), level * np.sin(THUMB_YAW)])
    for joint, start, end in zip(joints, ends[:-1], ends[1:], strict=True):
        rotations[:, joint] = after(hand, end - start, straight)


def after(rotation: np.ndarray, bone: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """`rotation`, then the least turn that brings the `bone` it carries to the direction `wanted`."""
    return rotation_between(np.einsum("pab,pb->pa", rotation, bone), wanted) @ rotation


def rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The least rotation (P, 3, 3) from directions `start` (P, 3) to `end` (P, 3 or 3): I + [v] + [v]² / (1 + c)."""
    a = start / np.linalg.norm(start, axis=-1, keepdims=True)
    b = np.broadcast_to(end / np.linalg.norm(end, axis=-1, keepdims=True), a.shape)
    x, y, z = np.cross(a, b).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)
    cosine = (a * b).sum(axis=-1)[:, None, None]
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def about_z(angle: np.ndarray) -> np.ndarray:
    """Rotations (P, 3, 3) about +Z by `angle` (P,), radians."""
    zero, one, c, s = np.zeros_like(angle), np.ones_like(angle), np.cos(angle), np.sin(angle)
    return np.stack([c, -s, zero, s, c, zero, zero, zero, one], axis=-1).reshape(-1, 3, 3)
