"""The shipped body, `avatarkit/body/builtin.npz`: what its file promises. `make body` makes it anew."""

import json
from pathlib import Path

import numpy as np
import pytest

import avatarkit.body
from avatarkit import npz
from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS
from avatarkit.body.layout import checked

BUILTIN = Path(avatarkit.body.__file__).with_name("builtin.npz")
FLIP = np.array([-1.0, 1.0, 1.0])
SKIN_LIMBS = "upper_arm lower_arm hand thumb index middle ring pinky upper_leg lower_leg foot".split()
PARTS = {f"{side}_{limb}" for side in ("left", "right") for limb in SKIN_LIMBS} | set(
    "head face hair_cap neck torso left_eye right_eye upper_teeth lower_teeth tongue mouth eye_socket".split()
)
ARKIT = set(
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight "
    "eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft "
    "eyeWideRight jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft "
    "mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight "
    "mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft "
    "mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft "
    "noseSneerRight tongueOut".split()
)


@pytest.fixture(scope="module")
def body() -> dict[str, np.ndarray]:
    return npz.decode(BUILTIN.read_bytes())


def joints_of(body: dict[str, np.ndarray]) -> np.ndarray:
    return body["J_regressor"].astype(np.float64) @ body["v_template"].astype(np.float64)


def points_of(body: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    corners = body["v_template"][body["f"][body["landmark_faces"]]]
    points = (corners * body["landmark_bary"][..., None]).sum(axis=1)
    return dict(zip(body["landmark_names"].tolist(), points, strict=True))


def other_side(name: str) -> str:
    side, _, rest = name.partition("_")
    if side == "contour":
        return f"contour_{16 - int(rest):02d}"
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)


def test_the_file_is_small_and_in_smplx_layout(body):
    assert BUILTIN.stat().st_size <= 6_000_000
    checked(body)
    assert body["joint_names"].tolist() == list(JOINT_NAMES)
    assert body["kintree_table"].tolist() == [list(PARENTS), list(range(55))]
    first, end = body["head_betas"]
    assert first >= 16 and end - first >= 10 and end == body["shapedirs"].shape[2]
    assert json.loads(str(body["meta"]))["licence"] == "CC0-1.0"
    assert "CC0" in BUILTIN.with_name("NOTICE").read_text()


def test_it_is_its_own_mirror_image(body):
    mirror = body["mirror"]
    assert np.array_equal(mirror[mirror], np.arange(len(mirror)))
    for name in ("v_template", "shapedirs", "exprdirs"):
        flip = FLIP.reshape((3,) + (1,) * (body[name].ndim - 2)).astype(body[name].dtype)
        shown = body[name]
        if name == "exprdirs":
            names = body["expression_names"].tolist()
            swap = {"Left": "Right", "Right": "Left"}
            sides = [(n, next((s for s in swap if n.endswith(s)), "")) for n in names]
            shown = shown[..., [names.index(n.removesuffix(s) + swap.get(s, "")) for n, s in sides]]
        assert np.array_equal(body[name][mirror], shown * flip), name
    here, there = (np.unique(np.sort(f, axis=1), axis=0) for f in (body["f"], mirror[body["f"]]))
    assert np.array_equal(here, there)
    swapped = [JOINT_NAMES.index(other_side(name)) for name in JOINT_NAMES]
    assert np.allclose(body["weights"][mirror][:, swapped], body["weights"], atol=1e-6)
    assert np.allclose(body["J_regressor"][:, mirror][swapped], body["J_regressor"], atol=1e-6)


def test_skin_weights_are_few_and_sum_to_one(body):
    weights = body["weights"]
    assert weights.min() >= 0 and np.abs(weights.sum(axis=1) - 1).max() < 1e-5
    assert (weights > 0).sum(axis=1).max() <= 8
    part, names = body["part"], body["part_names"].tolist()
    # Teeth, tongue and eyes are rigid: any other weight would tear them out of the mouth or the socket.
    rigid = {"lower_teeth": "jaw", "tongue": "jaw", "upper_teeth": "head", "left_eye": "left_eye"}
    for region, joint in rigid.items():
        assert np.all(weights[part == names.index(region), JOINT_INDEX[joint]] == 1), region
    lower_lip = body["f"][body["landmark_faces"][body["landmark_names"].tolist().index("lower_lip")]]
    upper_lip = body["f"][body["landmark_faces"][body["landmark_names"].tolist().index("upper_lip")]]
    assert weights[lower_lip, JOINT_INDEX["jaw"]].mean() > 0.8 > 0.2 > weights[upper_lip, JOINT_INDEX["jaw"]].mean()


def test_everybody_stands_in_the_t_pose(body):
    joints = joints_of(body)
    at = {name: joints[index] for name, index in JOINT_INDEX.items()}
    assert np.abs(at["pelvis"]).max() < 2e-3
    assert np.ptp([at[f"left_{name}"][1] for name in ("shoulder", "elbow", "wrist", "middle1")]) < 2e-3
    assert np.ptp([at[f"left_{name}"][2] for name in ("shoulder", "elbow", "wrist", "middle1")]) < 2e-3
    assert at["left_wrist"][0] > at["left_elbow"][0] > at["left_shoulder"][0] > 0.1  # left is +X
    for finger in ("index", "middle", "ring", "pinky"):
        heights = [at[f"left_{finger}{k}"][1] for k in (1, 2, 3)]
        assert np.ptp(heights) < 2e-3, finger
    foot = at["left_foot"] - at["left_ankle"]
    assert foot[2] > 0.1 and abs(foot[0]) < 2e-3
    vertices, weights = body["v_template"], body["weights"]
    toes, heel = (weights[:, JOINT_INDEX[f"left_{name}"]] > 0.9 for name in ("foot", "ankle"))
    assert abs(vertices[toes, 1].min() - vertices[heel, 1].min()) < 0.004  # the sole is level
    assert vertices[:, 1].argmax() in np.flatnonzero(body["part"] == body["part_names"].tolist().index("hair_cap"))


def test_a_standard_deviation_is_a_plausible_person(body):
    y, directions = body["v_template"][:, 1], body["shapedirs"][:, 1].astype(np.float64)
    assert 1.55 < np.ptp(y) < 1.80
    for k in range(directions.shape[1]):
        for sign in (-1, 1):
            assert 1.35 < np.ptp(y + sign * directions[:, k]) < 2.0, k
    first, end = body["head_betas"]
    hips = body["weights"][:, [JOINT_INDEX[n] for n in ("pelvis", "left_hip", "left_wrist", "left_ankle")]].sum(1) > 0.9
    assert np.abs(body["shapedirs"][hips, :, first:end]).max() == 0  # the head's betas leave the body alone


def test_expressions_are_the_52_of_arkit_and_move_no_joint(body):
    assert set(body["expression_names"].tolist()) == ARKIT and len(body["expression_names"]) == 52
    moves = np.einsum("jv,vce->jec", body["J_regressor"], body["exprdirs"].astype(np.float64))
    assert np.linalg.norm(moves, axis=-1).max() < 1e-4
    names, parts = body["expression_names"].tolist(), body["part_names"].tolist()
    moved = {n: np.linalg.norm(body["exprdirs"][..., k].astype(float), axis=1) > 1e-3 for k, n in enumerate(names)}
    for name in names:
        if name.endswith("Left") and not name.startswith(("mouth", "jaw")):  # a mouth pulls the other side along
            assert body["v_template"][moved[name], 0].min() > -0.012, name  # once: blinks bent the palate
    jaw_open = body["exprdirs"][..., names.index("jawOpen")].astype(float)
    for region in ("lower_teeth", "tongue"):
        assert jaw_open[body["part"] == parts.index(region), 1].mean() < -0.01, region
    assert not moved["jawOpen"][body["part"] == parts.index("upper_teeth")].any()


def test_joints_lie_where_they_should_and_are_local(body):
    regressor, vertices, joints = body["J_regressor"], body["v_template"], joints_of(body)
    assert np.abs(regressor.sum(axis=1) - 1).max() < 1e-5
    assert (regressor != 0).sum(axis=1).max() <= 1600
    for name in ("left_wrist", "left_knee", "jaw", "left_index1"):
        used = regressor[JOINT_INDEX[name]] != 0
        assert np.linalg.norm(vertices[used] - joints[JOINT_INDEX[name]], axis=1).max() < 0.27, name
    eye = vertices[body["part"] == body["part_names"].tolist().index("left_eye")].mean(axis=0)
    assert np.linalg.norm(joints[JOINT_INDEX["left_eye"]] - eye) < 0.003


def test_parts_are_all_there_and_mirror_one_another(body):
    names = body["part_names"].tolist()
    assert set(names) == PARTS
    assert set(np.unique(body["part"])) == set(np.unique(body["face_part"])) == set(range(len(names)))
    swapped = np.array([names.index(other_side(name)) for name in names])
    assert np.array_equal(body["part"][body["mirror"]], swapped[body["part"]])
    for side, sign in (("left", 1), ("right", -1)):
        of_side = np.isin(body["part"], [k for k, name in enumerate(names) if name.startswith(side)])
        assert (sign * body["v_template"][of_side, 0] > 0).all()


def test_landmarks_are_on_their_side_and_in_order(body):
    points = points_of(body)
    for name, point in points.items():
        assert np.allclose(points[other_side(name)], point * FLIP, atol=1e-6), name
        if name.startswith("left"):
            assert point[0] > 0.01, name
    contour = np.array([points[f"contour_{k:02d}"] for k in range(17)])
    assert (np.diff(contour[:, 0]) < 0).all() and contour[0, 0] > 0  # from the left ear to the right
    assert (np.diff(contour[:9, 1]) <= 1e-6).all()  # down to the chin
    heights = [points[n][1] for n in "crown left_eye nose_tip upper_lip lower_lip chin crotch left_heel".split()]
    assert (np.diff(heights) < 0).all()
    assert points["nose_tip"][2] == max(points[n][2] for n in points if n != "left_big_toe" and "toe" not in n)
    assert points["left_eye_outer"][0] > points["left_eye"][0] > points["left_eye_inner"][0]
    assert points["left_big_toe"][0] < points["left_small_toe"][0] and points["left_heel"][2] < 0 < points["crotch"][2]
    tips = [points[f"left_{finger}_tip"] for finger in ("thumb", "index", "middle", "ring", "pinky")]
    assert (np.diff([tip[2] for tip in tips]) < 0).all()  # thumb in front: palms down


def test_the_outer_skin_is_closed(body):
    faces, vertices = body["outer_f"].astype(np.int64), body["v_template"].astype(np.float64)
    half_edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ahead, back = (np.sort(a * len(vertices) + b) for a, b in (half_edges.T, half_edges.T[::-1]))
    assert len(np.unique(ahead)) == len(ahead)  # each edge once in each direction: manifold, one orientation
    assert np.array_equal(ahead, back)
    used = np.unique(faces)
    assert len(used) - len(faces) * 3 // 2 + len(faces) == 2  # Euler: one piece without handles
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    assert 0.03 < np.einsum("ij,ij", np.cross(a, b), c) / 6 < 0.15  # cubic metres
    inner = [body["part_names"].tolist().index(n) for n in ("left_eye", "tongue", "lower_teeth", "mouth", "eye_socket")]
    assert not np.isin(body["part"][used], inner).any()
    here, there = (np.unique(np.sort(f, axis=1), axis=0) for f in (faces, body["mirror"][faces]))
    assert np.array_equal(here, there)


def test_uv_lie_in_the_square_and_do_not_overlap_between_groups(body):
    assert body["vt"].dtype == np.uint16 and len(body["ft"]) == len(body["f"])
    inner = np.isin(body["face_part"], [body["part_names"].tolist().index(n) for n in ("tongue", "upper_teeth")])
    cells = body["vt"][body["ft"]].mean(axis=1).astype(np.int64) // 256
    of_inner, of_rest = (set(map(tuple, cells[mask].tolist())) for mask in (inner, ~inner))
    assert not of_inner & of_rest
