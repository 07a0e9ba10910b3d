"""The 55 joints of SMPL-X in SMPL-X's order, and which of MakeHuman's 163 bones each of them stands for."""

from __future__ import annotations

import numpy as np

from avatarkit.body.pose import JOINT_INDEX as INDEX
from avatarkit.body.pose import JOINT_NAMES

FINGERS = ("thumb", "index", "middle", "ring", "pinky")  # MakeHuman's fingers 1 to 5
MIRRORED = np.array(
    [INDEX[n.replace("left", "right") if n.startswith("left") else n.replace("right", "left")] for n in JOINT_NAMES]
)

# Limb bones, without their side: joint, and the bone whose head is the joint.
_LIMBS = {
    "hip": ("upperleg01", ("upperleg01", "upperleg02")),
    "knee": ("lowerleg01", ("lowerleg01", "lowerleg02")),
    "ankle": ("foot", ("foot",)),
    "collar": ("clavicle", ("clavicle", "shoulder01")),
    "shoulder": ("upperarm01", ("upperarm01", "upperarm02")),
    "elbow": ("lowerarm01", ("lowerarm01", "lowerarm02")),
    "wrist": ("wrist", ("wrist", "metacarpal1", "metacarpal2", "metacarpal3", "metacarpal4")),
    "eye": ("eye", ("eye",)),
}
_TRUNK = {
    "pelvis": ("root", ("root", "spine05", "pelvis")),
    "spine1": ("spine04", ("spine04",)),
    "spine2": ("spine03", ("spine03",)),
    "spine3": ("spine02", ("spine02", "spine01", "breast")),
    "neck": ("neck01", ("neck01", "neck02")),
    "head": ("head", ("neck03", "head")),
    "jaw": ("jaw", ("jaw", "special04", "oris01", "oris02")),
}
RIGID = {"left_eye": "left_eye", "right_eye": "right_eye", "upper_teeth": "head", "lower_teeth": "jaw", "tongue": "jaw"}
_LOWER_LIP = ("oris06", "oris07")  # with a side they hang from the jaw; `oris06` without one is of the upper lip


def joint_of_bone(bone: str) -> str:
    """The joint that a MakeHuman bone moves with; what is left of the face moves with the head."""
    stem, _, letter = bone.partition(".")
    side = {"L": "left", "R": "right", "": ""}[letter]
    if stem.startswith("finger"):
        finger, phalanx = stem[len("finger") :].split("-")
        return f"{side}_{FINGERS[int(finger) - 1]}{phalanx}"
    if stem.startswith("toe"):
        return f"{side}_foot"
    if stem.startswith("tongue") or (stem in _LOWER_LIP and side):
        return "jaw"
    for joint, (_, bones) in _TRUNK.items():
        if stem in bones:
            return joint
    for joint, (_, bones) in _LIMBS.items():
        if stem in bones:
            return f"{side}_{joint}"
    return "head"


def heads_of_joint(joint: str) -> list[str]:
    """The bones whose heads, averaged, are the joint. The ball of the foot lies between its second and third toe."""
    if joint == "pelvis":  # MakeHuman's root lies at the sacrum; ours between the hips and the lowest spine joint
        return ["upperleg01.L", "upperleg01.R", "spine04", "spine04"]
    if joint in _TRUNK:
        return [_TRUNK[joint][0]]
    side, _, rest = joint.partition("_")
    letter = side[0].upper()
    if rest == "foot":
        return [f"toe2-1.{letter}", f"toe3-1.{letter}"]
    if rest in _LIMBS:
        return [f"{_LIMBS[rest][0]}.{letter}"]
    return [f"finger{FINGERS.index(rest[:-1]) + 1}-{rest[-1]}.{letter}"]


def joints_of_people(heads: np.ndarray, bone_names: list[str]) -> np.ndarray:
    """Joint positions (P, 55, 3) of bone heads (P, 163, 3), in rest pose."""
    where = {name: index for index, name in enumerate(bone_names)}
    return np.stack([heads[:, [where[b] for b in heads_of_joint(j)]].mean(axis=1) for j in JOINT_NAMES], axis=1)


def tips_of_people(tails: np.ndarray, bone_names: list[str]) -> dict[str, np.ndarray]:
    """Where each finger's last bone ends, (P, 3), by `left_thumb` …"""
    where = {name: index for index, name in enumerate(bone_names)}
    return {
        f"{side}_{finger}": tails[:, where[f"finger{k}-3.{letter}"]]
        for side, letter in (("left", "L"), ("right", "R"))
        for k, finger in enumerate(FINGERS, start=1)
    }


def joint_weights(bone_weights: np.ndarray, bone_names: list[str]) -> np.ndarray:
    """Skin weights (V, 55) of bone weights (V, 163): those of a joint's bones, added."""
    joint_from_bone = np.zeros((len(bone_names), len(JOINT_NAMES)))
    for row, bone in enumerate(bone_names):
        joint_from_bone[row, INDEX[joint_of_bone(bone)]] = 1
    return bone_weights @ joint_from_bone


def finish_weights(weights: np.ndarray, groups: dict[str, np.ndarray], mirror: np.ndarray, most: int = 8) -> np.ndarray:
    """Weights made symmetric, rigid where the body is (eyes, teeth, tongue), at most `most` a vertex, rows sum to 1."""
    weights = (weights + weights[mirror][:, MIRRORED]) / 2
    for group, joint in RIGID.items():
        weights[groups[group]] = 0
        weights[groups[group], INDEX[joint]] = 1
    weights[weights < 1e-3] = 0
    first_left_out = np.sort(weights, axis=1)[:, -most - 1][:, None]
    weights = np.where(weights > first_left_out, weights, 0)  # of a left and a right that are equal, both or neither
    return weights / weights.sum(axis=1, keepdims=True)
