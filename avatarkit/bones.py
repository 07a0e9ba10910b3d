"""What other programs call the body's 55 joints: profiles, each a list of 55 different names.

Names that a program does not know (Unreal's mannequin has neither eyes nor a jaw) are made in its own manner. VRM's are
those of Unity's and Godot's humanoids too; Mixamo's are without the prefix `mixamorig:`, as Ready Player Me has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from avatarkit.body import JOINT_NAMES
from avatarkit.errors import UsageError

# SMPL-X's word after the side, and what the others say: VRM, Mixamo, Unreal.
_PAIRED = {
    "hip": ("UpperLeg", "UpLeg", "thigh"),
    "knee": ("LowerLeg", "Leg", "calf"),
    "ankle": ("Foot", "Foot", "foot"),
    "foot": ("Toes", "ToeBase", "ball"),
    "collar": ("Shoulder", "Shoulder", "clavicle"),
    "shoulder": ("UpperArm", "Arm", "upperarm"),
    "elbow": ("LowerArm", "ForeArm", "lowerarm"),
    "wrist": ("Hand", "Hand", "hand"),
    "eye": ("Eye", "Eye", "eye"),
}
_SINGLE = {
    "pelvis": ("hips", "Hips", "pelvis"),
    "spine1": ("spine", "Spine", "spine_01"),
    "spine2": ("chest", "Spine1", "spine_02"),
    "spine3": ("upperChest", "Spine2", "spine_03"),
    "neck": ("neck", "Neck", "neck_01"),
    "head": ("head", "Head", "head"),
    "jaw": ("jaw", "Jaw", "jaw"),
}
_PHALANGES = {"thumb": ("Metacarpal", "Proximal", "Distal")}  # VRM counts the thumb's bones from the palm on
_FOUR_FINGERS = ("Proximal", "Intermediate", "Distal")


def _names(joint: str) -> tuple[str, str, str, str]:
    """A joint's name in each profile, in the order of PROFILES."""
    side, _, part = joint.partition("_")
    if not part:
        return (joint, *_SINGLE[joint])
    letter, Side = side[0], side.capitalize()
    if part in _PAIRED:
        vrm, mixamo, unreal = _PAIRED[part]
        return joint, side + vrm, Side + mixamo, f"{unreal}_{letter}"
    finger, bone = part[:-1], int(part[-1])
    vrm_finger = "Little" if finger == "pinky" else finger.capitalize()
    phalanx = _PHALANGES.get(finger, _FOUR_FINGERS)[bone - 1]
    mixamo, unreal = f"{Side}Hand{finger.capitalize()}{bone}", f"{finger}_0{bone}_{letter}"
    return joint, f"{side}{vrm_finger}{phalanx}", mixamo, unreal


_TABLE = tuple(_names(joint) for joint in JOINT_NAMES)
PROFILES: dict[str, tuple[str, ...]] = dict(
    zip(("smplx", "vrm", "mixamo", "unreal"), zip(*_TABLE, strict=True), strict=True)
)
"""Each profile's names of the 55 joints, in SMPL-X's order."""

_JOINT_OF = {name: joint for joint, names in zip(JOINT_NAMES, _TABLE, strict=True) for name in names}


def renamed(names: Sequence[str], profile: str) -> list[str]:
    """The names with those of joints, in any profile, put into this one; others stay as they are.

    UsageError for an unknown profile.

    >>> renamed(["pelvis", "left_index1", "LeftHand", "hat"], "vrm")
    ['hips', 'leftIndexProximal', 'leftHand', 'hat']
    """
    if profile not in PROFILES:
        raise UsageError(f"bones {profile!r}: no such names, expected one of {', '.join(PROFILES)}")
    said = dict(zip(JOINT_NAMES, PROFILES[profile], strict=True))
    return [said[_JOINT_OF[name]] if name in _JOINT_OF else name for name in names]


def joint_places(names: Iterable[str]) -> dict[str, int]:
    """Where each of the body's joints, under SMPL-X's name, stands among names of any profile; the first one counts.

    >>> joint_places(["person", "Hips", "LeftUpLeg"])
    {'pelvis': 1, 'left_hip': 2}
    """
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in _JOINT_OF:
            places.setdefault(_JOINT_OF[name], place)
    return places
