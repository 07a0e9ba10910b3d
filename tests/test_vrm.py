"""VRM 1.0: a hand-written document, mixtures that stay in range, and each fault found when it is put in."""

from dataclasses import replace

import numpy as np
import pytest
from avatars import avatar

from avatarkit import gltf, vrm
from avatarkit.body import JOINT_NAMES, PARENTS
from avatarkit.bones import renamed
from avatarkit.errors import BadData, UsageError

META = vrm.Meta("Ana", ("A. Uthor",), "CC0 1.0\nhttps://creativecommons.org/publicdomain/zero/1.0/")
TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
# The body in a T, as few joints as VRM wants, and the eyes; metres.
PLACES = {"pelvis": (0, 1, 0), "spine1": (0, 1.1, 0), "head": (0, 1.6, 0), "left_eye": (0.03, 1.65, 0.1),
          "right_eye": (-0.03, 1.65, 0.1)}  # fmt: skip
for side, x in (("left", 1), ("right", -1)):
    PLACES |= {f"{side}_hip": (0.1 * x, 0.9, 0), f"{side}_knee": (0.1 * x, 0.5, 0), f"{side}_ankle": (0.1 * x, 0.1, 0)}
    PLACES |= {f"{side}_shoulder": (0.2 * x, 1.5, 0), f"{side}_elbow": (0.4 * x, 1.5, 0)}
    PLACES |= {f"{side}_wrist": (0.6 * x, 1.5, 0)}


def stick_figure(*morphs: str) -> gltf.Scene:
    """Fifteen bones and two eyes, hanging from the nearest joint that is there; the mesh is the last node."""
    joints = [joint for joint in JOINT_NAMES if joint in PLACES]
    parents = []
    for joint in joints:
        above = PARENTS[JOINT_NAMES.index(joint)]
        while above >= 0 and JOINT_NAMES[above] not in PLACES:
            above = PARENTS[above]
        parents.append(joints.index(JOINT_NAMES[above]) if above >= 0 else -1)
    nodes, skin = gltf.skeleton(joints, parents, np.array([PLACES[joint] for joint in joints]))
    part = gltf.Primitive(
        TRIANGLE, np.array([[0, 1, 2]]), joints=np.zeros((3, 4), np.uint16),
        weights=np.eye(4, dtype=np.float32)[[0, 0, 0]], morphs=np.ones((len(morphs), 3, 3), np.float32),
    )  # fmt: skip
    shown = gltf.Node("person", mesh=0, skin=0)
    return gltf.Scene((gltf.Mesh((part,), "person", morphs),), (*nodes, shown), (skin,))


def expressions(scene: gltf.Scene) -> dict:
    return vrm.with_vrm(scene, meta=META).extensions["VRMC_vrm"]["expressions"]


def test_the_whole_document_of_a_stick_figure_is_as_written_here_by_hand():
    scene = vrm.with_vrm(stick_figure("eyeBlinkLeft", "eyeBlinkRight"), meta=META)
    left, right = {"node": 17, "index": 0, "weight": 1.0}, {"node": 17, "index": 1, "weight": 1.0}
    assert scene.extensions["VRMC_vrm"] == {
        "specVersion": "1.0",
        "meta": {
            "name": "Ana", "authors": ["A. Uthor"], "licenseUrl": "https://vrm.dev/licenses/1.0/",
            "thirdPartyLicenses": "CC0 1.0\nhttps://creativecommons.org/publicdomain/zero/1.0/",
            "avatarPermission": "onlyAuthor", "commercialUsage": "personalNonProfit", "creditNotation": "required",
            "modification": "prohibited", "allowRedistribution": False, "allowExcessivelyViolentUsage": False,
            "allowExcessivelySexualUsage": False, "allowPoliticalOrReligiousUsage": False,
            "allowAntisocialOrHateUsage": False,
        },
        "humanoid": {"humanBones": {
            "hips": {"node": 0}, "leftUpperLeg": {"node": 1}, "rightUpperLeg": {"node": 2}, "spine": {"node": 3},
            "leftLowerLeg": {"node": 4}, "rightLowerLeg": {"node": 5}, "leftFoot": {"node": 6},
            "rightFoot": {"node": 7}, "head": {"node": 8}, "leftUpperArm": {"node": 9}, "rightUpperArm": {"node": 10},
            "leftLowerArm": {"node": 11}, "rightLowerArm": {"node": 12}, "leftHand": {"node": 13},
            "rightHand": {"node": 14}, "leftEye": {"node": 15}, "rightEye": {"node": 16},
        }},
        "expressions": {
            "preset": {
                "blink": {"morphTargetBinds": [left, right]},
                "blinkLeft": {"morphTargetBinds": [left]},
                "blinkRight": {"morphTargetBinds": [right]},
                "neutral": {},
            },
            "custom": {"eyeBlinkLeft": {"morphTargetBinds": [left]}, "eyeBlinkRight": {"morphTargetBinds": [right]}},
        },
        "firstPerson": {"meshAnnotations": [{"node": 17, "type": "auto"}]},
        "lookAt": {
            "type": "bone", "offsetFromHeadBone": [0.0, 0.05, 0.1],
            "rangeMapHorizontalInner": {"inputMaxValue": 30, "outputScale": 25},
            "rangeMapHorizontalOuter": {"inputMaxValue": 40, "outputScale": 32},
            "rangeMapVerticalDown": {"inputMaxValue": 30, "outputScale": 25},
            "rangeMapVerticalUp": {"inputMaxValue": 25, "outputScale": 20},
        },
    }  # fmt: skip
    assert vrm.faults(scene) == []


def test_an_avatar_has_every_bone_preset_and_expression_and_no_fault():
    scene = vrm.with_vrm(avatar(), meta=META)
    held = gltf.decode(gltf.encode(scene))
    assert vrm.faults(held) == [] and held.animations == ()
    document = held.extensions["VRMC_vrm"]
    assert len(document["humanoid"]["humanBones"]) == 55
    assert set(document["expressions"]["preset"]) == set(vrm.PRESETS)
    assert sorted(document["expressions"]["custom"]) == sorted(held.meshes[0].morph_names)


@pytest.mark.parametrize("profile", ["vrm", "mixamo", "unreal"])
def test_the_joints_are_found_whatever_they_are_called(profile):
    scene = stick_figure()
    names = renamed([node.name for node in scene.nodes], profile)
    called = replace(scene, nodes=tuple(replace(n, name=name) for n, name in zip(scene.nodes, names, strict=True)))
    expected = vrm.with_vrm(scene, meta=META).extensions
    assert vrm.with_vrm(called, meta=META).extensions == expected


@pytest.mark.parametrize("preset", vrm.PRESETS)
def test_a_preset_mixes_expressions_that_a_body_has_by_0_to_1_the_same_on_both_sides(preset):
    weights = vrm.mixture(preset)
    assert weights.keys() <= set(avatar().meshes[0].morph_names)
    assert all(0 < weight <= 1 for weight in weights.values())
    if preset not in ("blinkLeft", "blinkRight", "lookLeft", "lookRight"):
        for name, weight in weights.items():
            other = name.replace("Left", "Right") if name.endswith("Left") else name.replace("Right", "Left")
            assert weights[other] == weight


def test_the_eyes_look_to_the_persons_left_by_the_left_one_going_out():
    assert vrm.mixture("lookLeft") == {"eyeLookOutLeft": 1, "eyeLookInRight": 1}
    assert vrm.mixture("lookRight") == {"eyeLookInLeft": 1, "eyeLookOutRight": 1}


def test_a_body_without_arkits_names_has_the_presets_that_are_morphs_and_its_own_expressions():
    found = expressions(stick_figure("exp00", "aa", "oh"))
    assert set(found["preset"]) == {"aa", "oh", "neutral"} and set(found["custom"]) == {"exp00"}
    assert found["preset"]["oh"]["morphTargetBinds"] == [{"node": 17, "index": 2, "weight": 1.0}]
    assert "expressions" not in vrm.with_vrm(stick_figure(), meta=META).extensions["VRMC_vrm"]


def test_a_scene_without_a_needed_joint_or_a_meta_without_an_author_is_refused():
    scene = stick_figure()
    headless = replace(scene, nodes=tuple(replace(n, name="top") if n.name == "head" else n for n in scene.nodes))
    with pytest.raises(BadData, match="no joint head"):
        vrm.with_vrm(headless, meta=META)
    with pytest.raises(UsageError, match="an author"):
        vrm.Meta("Ana", ())
    with pytest.raises(UsageError, match="avatar_permission 'anyone', expected one of onlyAuthor"):
        vrm.Meta("Ana", ("A. Uthor",), avatar_permission="anyone")


def moved(scene: gltf.Scene, name: str, **changes: object) -> gltf.Scene:
    return replace(scene, nodes=tuple(replace(n, **changes) if n.name == name else n for n in scene.nodes))


def changed(scene: gltf.Scene, part: str, value: dict) -> gltf.Scene:
    document = scene.extensions["VRMC_vrm"]
    return replace(scene, extensions={"VRMC_vrm": document | {part: document[part] | value}})


BONES = {bone: {"node": place} for place, bone in enumerate(renamed([j for j in JOINT_NAMES if j in PLACES], "vrm"))}
BIND = {"node": 17, "index": 1, "weight": 1.0}
FAULTS = {
    "leftUpperArm to leftLowerArm: 30": lambda scene: moved(scene, "left_shoulder", rotation=(0, 0, 0.25882, 0.96593)),
    "rightUpperLeg to rightLowerLeg: 180": lambda scene: moved(scene, "right_knee", translation=(0, 0.4, 0)),
    "soles at y = 0.020": lambda scene: moved(scene, "pelvis", translation=(0, 1.02, 0)),
    "node spine1: scale": lambda scene: moved(scene, "spine1", scale=(1, 1, 1.1)),
    "node head: scale": lambda scene: moved(scene, "head", scale=(-1, -1, -1)),
    "bone leftLowerArm: hangs from hips": lambda scene: moved(scene, "left_elbow", parent=0),
    "bone hips: no node 99": lambda scene: changed(scene, "humanoid", {"humanBones": {**BONES, "hips": {"node": 99}}}),
    "two bones are one": lambda scene: changed(scene, "humanoid", {"humanBones": {**BONES, "neck": {"node": 0}}}),
    "upperChest: cannot be without chest": lambda scene: changed(
        replace(scene, nodes=(*scene.nodes, gltf.Node("top", 3))),
        "humanoid", {"humanBones": {**BONES, "upperChest": {"node": 18}}}),
    "meta: no authors": lambda scene: changed(scene, "meta", {"authors": []}),
    "expression aa: bind": lambda scene: changed(
        scene, "expressions", {"preset": {"aa": {"morphTargetBinds": [BIND]}}}),
    "expression joy: no preset": lambda scene: changed(scene, "expressions", {"preset": {"joy": {}}}),
    "expression blink: a preset's name": lambda scene: changed(scene, "expressions", {"custom": {"blink": {}}}),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault):
    scene = vrm.with_vrm(stick_figure("eyeBlinkLeft"), meta=META)
    assert vrm.faults(scene) == []
    found = vrm.faults(FAULTS[fault](scene))
    assert any(fault in line for line in found), found


def test_a_scene_that_is_no_vrm_says_so():
    assert vrm.faults(stick_figure()) == ["no extension VRMC_vrm"]
