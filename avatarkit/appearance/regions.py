"""Where on a body the skin is red, pale, hairy or a nail: soft fields over the template's vertices."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatarkit.body import BodyModel
from avatarkit.mesh import vertex_normals

Field = NDArray[Any]

FLUSH, PALE, SCALP, BEARD, NAIL = range(5)
SKIN, EYE, TEETH, MOUTH = range(4)
KINDS = {"left_eye": EYE, "right_eye": EYE, "upper_teeth": TEETH, "lower_teeth": TEETH, "tongue": MOUTH, "mouth": MOUTH}
FLUSHED = (
    # place of a landmark or joint, offset from it (left side), radius, strength: where blood lies near the surface
    ("nose_tip", (0.000, 0.004, 0.000), 0.013, 0.60), ("left_mouth_corner", (0.016, 0.033, -0.012), 0.024, 0.50),
    ("left_ear", (0.010, 0.010, -0.015), 0.024, 0.70), ("chin", (0.000, 0.010, 0.000), 0.012, 0.35),
    ("left_index1", (0, 0.010, 0), 0.011, 0.7), ("left_middle1", (0, 0.010, 0), 0.011, 0.7),
    ("left_ring1", (0, 0.010, 0), 0.011, 0.7), ("left_pinky1", (0, 0.010, 0), 0.010, 0.7),
    ("left_index2", (0, 0.006, 0), 0.007, 0.6), ("left_middle2", (0, 0.006, 0), 0.007, 0.6),
    ("left_ring2", (0, 0.006, 0), 0.007, 0.6), ("left_pinky2", (0, 0.006, 0), 0.007, 0.6),
    ("left_index_tip", (0, 0, 0), 0.014, 0.6), ("left_middle_tip", (0, 0, 0), 0.014, 0.6),
    ("left_ring_tip", (0, 0, 0), 0.014, 0.6), ("left_pinky_tip", (0, 0, 0), 0.013, 0.6),
    ("left_thumb_tip", (0, 0, 0), 0.014, 0.6), ("left_elbow", (0.0, 0.0, -0.035), 0.040, 0.65),
    ("left_knee", (0.0, 0.010, 0.055), 0.050, 0.55), ("left_heel", (0, 0.01, 0), 0.040, 0.6),
    ("left_big_toe", (0, 0.005, 0), 0.020, 0.6), ("left_small_toe", (0, 0.005, 0), 0.022, 0.6),
    ("left_shoulder", (0.02, 0.05, 0.0), 0.060, 0.25),
)  # fmt: skip
FINGERS = ("thumb", "index", "middle", "ring", "pinky")


@lru_cache(maxsize=2)
def regions(model: BodyModel) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(V,5) float32 of FLUSH, PALE, SCALP, BEARD and NAIL in 0 … 1, and (V) whether it is SKIN, EYE, TEETH or MOUTH.

    A model without parts or landmarks has plain skin all over.
    """
    V = len(model.v_template)
    fields, kinds = np.zeros((V, 5)), np.zeros(V, np.int64)
    if model.part is None or model.landmarks is None:
        return fields.astype(np.float32), kinds
    points = model.v_template.cpu().numpy().astype(np.float64)
    normals = vertex_normals(model.v_template, model.faces).cpu().numpy().astype(np.float64)
    names = np.array(model.part_names)[model.part.cpu().numpy()]
    for name, kind in KINDS.items():
        kinds[names == name] = kind
    places = dict(zip(model.landmarks.names, model.landmark_points(model.v_template).cpu().numpy(), strict=True))
    places.update(zip(model.joint_names, model.joint_template.cpu().numpy(), strict=True))
    fields[:, FLUSH] = _flush(points, places)
    hands = np.char.startswith(names, "left_") | np.char.startswith(names, "right_")
    hands &= np.isin(np.char.partition(names, "_")[:, 2], ("hand", *FINGERS))
    feet = np.char.endswith(names, "_foot")
    down = np.clip((-normals[:, 1] - 0.15) / 0.5, 0, 1)
    fields[:, PALE] = _smoothed(down * (hands | feet), model)
    hairy = (names == "hair_cap").astype(np.float64)
    fields[:, SCALP] = _smoothed(hairy, model, rounds=3)
    fields[:, BEARD] = _beard(points, names)
    fields[:, NAIL] = _nails(points, normals, names, places)
    return fields.astype(np.float32), kinds


def _flush(points: Field, places: dict[str, Any]) -> Field:
    mirrored = points * [[1, 1, 1]]
    mirrored[:, 0] = np.abs(mirrored[:, 0])
    flush = np.zeros(len(points))
    for name, offset, radius, strength in FLUSHED:
        if name in places:
            square = ((mirrored - places[name] - offset) ** 2).sum(1) / radius**2
            flush = np.maximum(flush, strength * np.exp(-square))
    return flush


def _smoothed(values: Field, model: BodyModel, rounds: int = 2) -> Field:
    """Means over the neighbours, so that borders are no staircase along edges."""
    faces = model.faces.cpu().numpy()
    tails, heads = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    counts = np.bincount(tails, minlength=len(values)).clip(min=1)
    for _ in range(rounds):
        values = 0.4 * values + 0.6 * np.bincount(tails, values[heads], minlength=len(values)) / counts
    return values


def _beard(points: Field, names: NDArray[np.str_]) -> Field:
    """Upper lip, cheeks below a line from the ear to the mouth's corner, chin and throat."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    upper = np.interp(x, [0.0, 0.012, 0.022, 0.034, 0.055, 0.068], [0.5925, 0.592, 0.588, 0.586, 0.603, 0.640])
    lower = np.interp(z, [0.03, 0.08, 0.13], [0.56, 0.525, 0.512])
    below, over = np.clip((upper - y) / 0.006, 0, 1), np.clip((y - lower) / 0.012, 0, 1)
    front = np.clip((z - 0.045) / 0.02, 0, 1)
    beard: Field = below * over * front * np.isin(names, ("face", "head", "neck", "torso"))
    return beard


def _nails(points: Field, normals: Field, names: NDArray[np.str_], places: dict[str, Any]) -> Field:
    nails = np.zeros(len(points))
    for side in ("left", "right"):
        for finger in FINGERS:
            tip, joint = places.get(f"{side}_{finger}_tip"), places.get(f"{side}_{finger}3")
            if tip is None or joint is None:
                continue
            along = (tip - joint) / np.linalg.norm(tip - joint)
            up = (
                np.array([0, 1.0, 0]) if finger != "thumb" else np.array([-0.35 if side == "left" else 0.35, 0.85, 0.4])
            )
            up = up - (up @ along) * along
            across = np.cross(along, up / np.linalg.norm(up))
            offsets = points - (tip - 0.0060 * along)
            reach = np.hypot((offsets @ along) / 0.0062, (offsets @ across) / 0.0052)
            back = np.clip((normals @ up - 0.35) / 0.3, 0, 1)
            near = np.linalg.norm(offsets, axis=1) < 0.016
            nails = np.maximum(nails, np.clip((1.15 - reach) / 0.3, 0, 1) * back * near)
    return nails
