"""A rigged scene as a VRM 1.0 avatar, and what would be wrong with one.

The extension VRMC_vrm says which node is which bone of a human, who may do what with the model, how expressions are
mixed from the mesh's morphs, and how the eyes look. Specification: github.com/vrm-c/vrm-specification.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatarkit import gltf
from avatarkit.body import JOINT_NAMES, PARENTS
from avatarkit.bones import PROFILES, joint_places
from avatarkit.errors import BadData, UsageError
from avatarkit.gltf import Scene

Json = dict[str, Any]
LICENCE = "https://vrm.dev/licenses/1.0/"
CHOICES = {
    "avatar_permission": ("onlyAuthor", "onlySeparatelyLicensedPerson", "everyone"),
    "commercial_usage": ("personalNonProfit", "personalProfit", "corporation"),
    "credit_notation": ("required", "unnecessary"),
    "modification": ("prohibited", "allowModification", "allowModificationRedistribution"),
}
VRM_NAME = dict(zip(JOINT_NAMES, PROFILES["vrm"], strict=True))
REQUIRED = ("hips", "spine", "head", *(f"{side}{bone}" for side in ("left", "right") for bone in
            ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")))  # fmt: skip
PARENT = {VRM_NAME[JOINT_NAMES[j]]: VRM_NAME[JOINT_NAMES[p]] for j, p in enumerate(PARENTS) if p >= 0}
# How ARKit's expressions are mixed; "mouthSmile*" is the left and the right one.
PRESETS: dict[str, dict[str, float]] = {
    "happy": {"mouthSmile*": 0.8, "cheekSquint*": 0.6, "eyeSquint*": 0.3, "mouthDimple*": 0.2, "browOuterUp*": 0.15},
    "angry": {"browDown*": 1, "noseSneer*": 0.5, "mouthFrown*": 0.4, "mouthPress*": 0.4, "eyeSquint*": 0.3},
    "sad": {"browInnerUp": 1, "mouthFrown*": 0.8, "mouthShrugLower": 0.35, "eyeSquint*": 0.2, "eyeBlink*": 0.15},
    "relaxed": {"mouthSmile*": 0.3, "eyeBlink*": 0.25, "cheekSquint*": 0.15},
    "surprised": {"eyeWide*": 0.9, "browInnerUp": 0.8, "browOuterUp*": 0.8, "jawOpen": 0.35, "mouthFunnel": 0.2},
    "aa": {"jawOpen": 0.7, "mouthLowerDown*": 0.25, "mouthUpperUp*": 0.15},
    "ih": {"mouthStretch*": 0.45, "mouthLowerDown*": 0.3, "jawOpen": 0.2, "mouthUpperUp*": 0.2, "mouthSmile*": 0.15},
    "ou": {"mouthPucker": 0.8, "mouthFunnel": 0.35, "jawOpen": 0.15},
    "ee": {"mouthSmile*": 0.5, "mouthStretch*": 0.35, "mouthLowerDown*": 0.3, "mouthUpperUp*": 0.2, "jawOpen": 0.12},
    "oh": {"mouthFunnel": 0.7, "jawOpen": 0.45, "mouthPucker": 0.25},
    "blink": {"eyeBlink*": 1},
    "blinkLeft": {"eyeBlinkLeft": 1},
    "blinkRight": {"eyeBlinkRight": 1},
    "lookUp": {"eyeLookUp*": 1},
    "lookDown": {"eyeLookDown*": 1},
    "lookLeft": {"eyeLookOutLeft": 1, "eyeLookInRight": 1},
    "lookRight": {"eyeLookInLeft": 1, "eyeLookOutRight": 1},
    "neutral": {},
}
# What else happens to lids and lips while an expression is shown: less of it, not twice as much.
OVERRIDES = {
    "surprised": {"overrideBlink": "blend", "overrideMouth": "blend"},
    "relaxed": {"overrideBlink": "blend"},
    "sad": {"overrideBlink": "blend"},
}
# Degrees of the gaze, and of the eyes at that gaze.
LOOKS = {"HorizontalInner": (30, 25), "HorizontalOuter": (40, 32), "VerticalDown": (30, 25), "VerticalUp": (25, 20)}
ARM_TOLERANCE, LIMB_TOLERANCE, SOLE_TOLERANCE = 5.0, 12.0, 0.01


@dataclass(frozen=True)
class Meta:
    """Who made an avatar and what others may do with it; unless told otherwise as little as VRM can say, as it may show
    a real person. UsageError for a permission that VRM does not have, or no author."""

    name: str
    authors: tuple[str, ...]
    third_party_licenses: str = ""
    """the body model's licence, with line breaks"""
    version: str = ""
    copyright_information: str = ""
    avatar_permission: str = "onlyAuthor"
    commercial_usage: str = "personalNonProfit"
    credit_notation: str = "required"
    modification: str = "prohibited"
    allow_redistribution: bool = False
    allow_excessively_violent_usage: bool = False
    allow_excessively_sexual_usage: bool = False
    allow_political_or_religious_usage: bool = False
    allow_antisocial_or_hate_usage: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.authors or not all(self.authors):
            raise UsageError(f"VRM: name {self.name!r}, authors {self.authors!r}: expected a name and an author")
        for field, choices in CHOICES.items():
            if getattr(self, field) not in choices:
                raise UsageError(f"VRM: {field} {getattr(self, field)!r}, expected one of {', '.join(choices)}")

    def as_json(self) -> Json:
        """In VRM's own words, without empty texts."""
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {_camel(name): value for name, value in fields.items() if value != ""} | {"licenseUrl": LICENCE}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def with_vrm(scene: Scene, *, meta: Meta) -> Scene:
    """The scene with VRMC_vrm and without animations, which a .vrm does not have.

    Its tangents stay: they are MikkTSpace's, which VRM's readers may take or work out again, and without them
    glTF-Validator warns of every normal map.
    Joints may bear the names of any profile of `bones`. BadData if the 15 bones that VRM requires are not all there.
    """
    places = joint_places(node.name for node in scene.nodes)
    missing = [joint for joint, bone in VRM_NAME.items() if bone in REQUIRED and joint not in places]
    if missing:
        raise BadData(f"VRM: no joint {missing[0]} among the nodes, expected {len(REQUIRED)} bones of a human: rig it")
    vrm = {
        "specVersion": "1.0",
        "meta": meta.as_json(),
        "humanoid": {"humanBones": {VRM_NAME[joint]: {"node": place} for joint, place in places.items()}},
        "expressions": _expressions(scene),
        "firstPerson": {"meshAnnotations": [{"node": node, "type": "auto"} for node in _shown(scene)]},
        "lookAt": _look_at(scene, places),
    }
    kept = {name: value for name, value in vrm.items() if value}
    return replace(scene, animations=(), extensions={**scene.extensions, "VRMC_vrm": kept})


def _shown(scene: Scene) -> list[int]:
    """The nodes that have a mesh."""
    return [place for place, node in enumerate(scene.nodes) if node.mesh is not None]


def _morphs(scene: Scene) -> dict[str, list[tuple[int, int]]]:
    """Where each morph is: (node, index) in every mesh that has it."""
    found: dict[str, list[tuple[int, int]]] = {}
    for place in _shown(scene):
        for index, name in enumerate(scene.meshes[scene.nodes[place].mesh or 0].morph_names):
            found.setdefault(name, []).append((place, index))
    return found


def mixture(preset: str) -> dict[str, float]:
    """The weights of ARKit's expressions in one of VRM's presets.

    >>> mixture("blink")
    {'eyeBlinkLeft': 1, 'eyeBlinkRight': 1}
    """
    sides = {name: ("Left", "Right") if name.endswith("*") else ("",) for name in PRESETS[preset]}
    return {name.rstrip("*") + side: PRESETS[preset][name] for name in sides for side in sides[name]}


def _expressions(scene: Scene) -> Json:
    """Presets whose morphs are all there, or that are a morph themselves; every other morph under its own name."""
    morphs = _morphs(scene)
    preset = {}
    for name in PRESETS if morphs else ():
        weights = {name: 1.0} if name in morphs else mixture(name)
        if all(morph in morphs for morph in weights):
            preset[name] = _expression(morphs, weights) | OVERRIDES.get(name, {})
    custom = {name: _expression(morphs, {name: 1.0}) for name in morphs if name not in PRESETS}
    return {name: value for name, value in (("preset", preset), ("custom", custom)) if value}


def _expression(morphs: dict[str, list[tuple[int, int]]], weights: dict[str, float]) -> Json:
    binds = [{"node": node, "index": index, "weight": float(weight)}
             for name, weight in weights.items() for node, index in morphs[name]]  # fmt: skip
    return {"morphTargetBinds": binds} if binds else {}


def _look_at(scene: Scene, places: dict[str, int]) -> Json:
    """The eyes turn as bones; between them is where the gaze starts."""
    if not {"left_eye", "right_eye"} <= places.keys():
        return {}
    world = gltf.world_from_nodes(scene)
    middle = (world[places["left_eye"]] + world[places["right_eye"]])[:, 3] / 2
    offset = np.linalg.solve(world[places["head"]], middle)[:3]
    ranges = {f"rangeMap{way}": {"inputMaxValue": gaze, "outputScale": eye} for way, (gaze, eye) in LOOKS.items()}
    return {"type": "bone", "offsetFromHeadBone": [round(float(x), 6) for x in offset], **ranges}


def faults(scene: Scene) -> list[str]:
    """What a VRM program would stumble over: bones, T-pose, ground, expressions; [] for a good avatar."""
    vrm = scene.extensions.get("VRMC_vrm")
    if not vrm:
        return ["no extension VRMC_vrm"]
    meta = vrm.get("meta", {})
    found = [f"meta: no {name}" for name in ("name", "authors", "licenseUrl") if not meta.get(name)]
    bones = {name: bone["node"] for name, bone in vrm.get("humanoid", {}).get("humanBones", {}).items()}
    wrong = _bone_faults(scene, bones)
    found += wrong or _pose_faults(scene, bones)
    return found + _expression_faults(scene, vrm.get("expressions", {}))


def _bone_faults(scene: Scene, bones: dict[str, int]) -> list[str]:
    found = [f"bone {bone}: required, and missing" for bone in REQUIRED if bone not in bones]
    found += [f"bone {bone}: VRM has none of that name" for bone in bones.keys() - set(VRM_NAME.values())]
    found += [f"bone {bone}: no node {node}" for bone, node in bones.items() if not 0 <= node < len(scene.nodes)]
    if len(set(bones.values())) < len(bones):
        found.append("two bones are one node")
    if found:
        return sorted(found)
    at = {node: bone for bone, node in bones.items()}
    for bone, node in bones.items():
        above, expected = scene.nodes[node].parent, PARENT.get(bone)
        while above is not None and above not in at:
            above = scene.nodes[above].parent
        needs = bone == "upperChest" or bone.endswith(("Intermediate", "Distal", "ThumbProximal"))
        if needs and expected not in bones:
            found.append(f"bone {bone}: cannot be without {expected}")
        while expected is not None and expected not in bones:
            expected = PARENT.get(expected)
        actual = at[above] if above is not None else None
        if actual != expected:
            found.append(f"bone {bone}: hangs from {actual}, expected {expected}")
    return found


def _pose_faults(scene: Scene, bones: dict[str, int]) -> list[str]:
    """Where the rest pose is not VRM's T-pose (tpose.md: 1.1 to 1.4, 1.6, 2.1)."""
    found = []
    for node in scene.nodes:
        scales = np.linalg.norm(node.parent_from_node[:3, :3], axis=0)
        if np.ptp(scales) > 1e-4 * scales.max() or np.linalg.det(node.parent_from_node[:3, :3]) <= 0:
            found.append(f"node {node.name}: scale {scales.round(4).tolist()}, expected one positive number")
    world = gltf.world_from_nodes(scene)
    for start, end, toward, most in _t_pose():
        if start in bones and end in bones:
            way = (world[bones[end]] - world[bones[start]])[:3, 3]
            # Toes are lower than ankles: feet are seen from above.
            way = way * (1, 0, 1) if end.endswith("Toes") else way
            angle = np.degrees(np.arccos(np.clip(way @ toward / max(np.linalg.norm(way), 1e-9), -1, 1)))
            if not angle <= most:
                found.append(f"{start} to {end}: {angle:.1f}° from {toward}, expected at most {most:g}°")
    lowest = min((float(p.vertices[:, 1].min()) for p in gltf.world_primitives(scene)), default=0.0)
    if not abs(lowest) <= SOLE_TOLERANCE:
        found.append(f"soles at y = {lowest:.3f} m, expected 0")
    return found


def _t_pose() -> list[tuple[str, str, tuple[int, int, int], float]]:
    """From which bone to which the body points where, and by how many degrees it may miss."""
    ways: list[tuple[str, str, tuple[int, int, int], float]] = [("hips", "head", (0, 1, 0), LIMB_TOLERANCE)]
    for side, x in (("left", 1), ("right", -1)):
        ways += [
            (f"{side}UpperArm", f"{side}LowerArm", (x, 0, 0), ARM_TOLERANCE),
            (f"{side}LowerArm", f"{side}Hand", (x, 0, 0), ARM_TOLERANCE),
            (f"{side}Hand", f"{side}MiddleProximal", (x, 0, 0), LIMB_TOLERANCE),
            (f"{side}UpperLeg", f"{side}LowerLeg", (0, -1, 0), LIMB_TOLERANCE),
            (f"{side}LowerLeg", f"{side}Foot", (0, -1, 0), LIMB_TOLERANCE),
            (f"{side}Foot", f"{side}Toes", (0, 0, 1), LIMB_TOLERANCE),
        ]
    return ways


def _expression_faults(scene: Scene, expressions: Json) -> list[str]:
    found = [f"expression {name}: no preset of VRM's" for name in expressions.get("preset", {}).keys() - PRESETS.keys()]
    found += [f"expression {name}: a preset's name" for name in expressions.get("custom", {}).keys() & PRESETS.keys()]
    counts = {place: len(scene.meshes[scene.nodes[place].mesh or 0].morph_names) for place in _shown(scene)}
    for name, expression in (*expressions.get("preset", {}).items(), *expressions.get("custom", {}).items()):
        for bind in expression.get("morphTargetBinds", ()):
            if not 0 <= bind["index"] < counts.get(bind["node"], 0) or not 0 <= bind["weight"] <= 1:
                found.append(f"expression {name}: bind {bind}: no such morph, or a weight outside 0 to 1")
    return sorted(found)
