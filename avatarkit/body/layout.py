"""The SMPL-X file layout as a table: which arrays a body file holds, of which shapes and kinds; all else is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from avatarkit.body.pose import JOINT_NAMES
from avatarkit.errors import BadData

# name: axes, kind (f float, i integer, U text). The official files' own names; those in the second table are ours.
REQUIRED = {
    "v_template": ("V 3", "f"),
    "f": ("F 3", "i"),
    "shapedirs": ("V 3 B", "f"),
    "J_regressor": ("J V", "f"),
    "weights": ("V J", "f"),
    "kintree_table": ("2 J", "i"),
}
OPTIONAL = {
    "posedirs": ("V 3 P", "f"),
    "exprdirs": ("V 3 E", "f"),
    "expression_names": ("E", "U"),
    "joint_names": ("J", "U"),
    "vt": ("T 2", "fi"),
    "ft": ("F 3", "i"),
    "mirror": ("V", "i"),
    "part_names": ("N", "U"),
    "part": ("V", "i"),
    "face_part": ("F", "i"),
    "landmark_names": ("L", "U"),
    "landmark_faces": ("L", "i"),
    "landmark_bary": ("L 3", "f"),
    "outer_f": ("G 3", "i"),
    "head_betas": ("2", "i"),
    "base_vertex": ("V", "i"),
    "tpose_turns": ("J 3 3", "f"),
    "cloth_names": ("S", "U"),
    "cloth_surface": ("C", "i"),
    "cloth_v_template": ("C 3", "f"),
    "cloth_f": ("D 3", "i"),
    "cloth_shapedirs": ("C 3 B", "f"),
    "cloth_weights": ("C J", "f"),
    "cloth_mirror": ("C", "i"),
    "cloth_base_vertex": ("C", "i"),
}
# Indices, and the axis that they point into.
_POINTS_INTO = {
    "f": "V", "ft": "T", "mirror": "V", "part": "N", "face_part": "N", "landmark_faces": "F", "outer_f": "V",
    "cloth_surface": "S", "cloth_f": "C", "cloth_mirror": "C"
}  # fmt: skip
_CLOTH = tuple(name for name in OPTIONAL if name.startswith("cloth_"))
_TOGETHER = (("vt", "ft"), ("landmark_names", "landmark_faces", "landmark_bary"), ("part_names", "part"), _CLOTH)
_KINDS = {"f": "float", "i": "integer", "U": "text", "fi": "float or uint16"}


def checked(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The known arrays of a body file, each of the shape, kind and range that the table asks for.

    Raises BadData that names the field, what was found and what was expected.
    """
    missing = [name for name in REQUIRED if name not in arrays]
    if missing:
        raise BadData(f"body: no {missing[0]}; a body file holds {', '.join(REQUIRED)}")
    known = {name: np.asarray(arrays[name]) for name in (*REQUIRED, *OPTIONAL) if name in arrays}
    found: dict[str, int] = {}
    for name, array in known.items():
        axes, kind = REQUIRED.get(name) or OPTIONAL[name]
        _check_shape(name, array, axes.split(), found)
        _check_kind(name, array, kind)
    if found["J"] != len(JOINT_NAMES):
        raise BadData(f"body: found {found['J']} joints, expected the 55 of SMPL-X: let `--body smplx:FILE` import it")
    if "posedirs" in known and found["P"] != 9 * (found["J"] - 1):
        raise BadData(f"body: posedirs has {found['P']} directions, expected {9 * (found['J'] - 1)}")
    for group in _TOGETHER:
        if 0 < sum(name in known for name in group) < len(group):
            raise BadData(f"body: found only some of {', '.join(group)}: expected all or none")
    for name, axis in _POINTS_INTO.items():
        if name in known:
            _check_range(name, known[name], found.get(axis, 0))
    _check_tree(known["kintree_table"][0])
    for name in ("weights", "cloth_weights"):
        if name in known:
            _check_weights(name, known[name])
    if "cloth_names" in known:
        _check_apart(known)
    if "joint_names" in known and tuple(known["joint_names"].tolist()) != JOINT_NAMES:
        raise BadData("body: joint_names differ from SMPL-X's 55 in SMPL-X's order")
    return known


def read_meta(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The `meta` field, a JSON object: name, licence and what else the file's maker noted; {} where there is none."""
    if "meta" not in arrays:
        return {}
    text = np.asarray(arrays["meta"])
    try:
        meta = json.loads(str(text.item())) if text.dtype.kind == "U" and text.size == 1 else None
    except json.JSONDecodeError as error:
        raise BadData(f"body: meta is no JSON ({error})") from error
    if not isinstance(meta, dict):
        raise BadData(f"body: meta is {text.dtype} of shape {text.shape}, expected one JSON object as text")
    return meta


def _check_shape(name: str, array: np.ndarray, axes: list[str], found: dict[str, int]) -> None:
    wanted = [int(axis) if axis.isdigit() else found.get(axis) for axis in axes]
    fits = len(axes) == array.ndim
    fits = fits and all(size in (None, real) for size, real in zip(wanted, array.shape, strict=True))
    if not fits:
        known = ", ".join(f"{axis} = {found[axis]}" for axis in axes if axis in found)
        expected = f"({' '.join(axes)})" + (f" with {known}" if known else "")
        raise BadData(f"body: {name} has shape {array.shape}, expected {expected}")
    found.update((axis, size) for axis, size in zip(axes, array.shape, strict=True) if not axis.isdigit())
    if found.get("V") == 0 or found.get("F") == 0:
        raise BadData(f"body: {name} is empty")


def _check_kind(name: str, array: np.ndarray, kind: str) -> None:
    fits = {"f": array.dtype.kind == "f", "i": array.dtype.kind in "iu", "U": array.dtype.kind == "U"}
    if not (fits.get(kind) or (kind == "fi" and (fits["f"] or array.dtype == np.uint16))):
        raise BadData(f"body: {name} is {array.dtype}, expected {_KINDS[kind]}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BadData(f"body: {name} holds values that are not finite")


def _check_range(name: str, indices: np.ndarray, size: int) -> None:
    if indices.size and not (0 <= int(indices.min()) and int(indices.max()) < size):
        raise BadData(f"body: {name} points to {indices.min()} … {indices.max()}, expected 0 … {size - 1}")


def _check_tree(parents: np.ndarray) -> None:
    # Official files write the root's parent as -1 or as 2³² - 1: the root is joint 0, whatever stands there.
    for joint, parent in enumerate(parents.tolist()):
        if joint > 0 and not 0 <= parent < joint:
            raise BadData(f"body: kintree_table gives joint {joint} the parent {parent}, expected 0 … {joint - 1}")


def _check_apart(known: Mapping[str, np.ndarray]) -> None:
    owner = known["cloth_surface"].astype(np.int64)
    for name, joined in (("cloth_f", owner[known["cloth_f"]].T), ("cloth_mirror", owner[known["cloth_mirror"]][None])):
        first = owner if name == "cloth_mirror" else joined[0]
        if (joined != first).any():
            raise BadData(f"body: {name} joins vertices of different cloth surfaces, expected each on its own")


def _check_weights(name: str, weights: np.ndarray) -> None:
    sums = weights.sum(axis=1, dtype=np.float64)
    if weights.min() < -1e-4 or np.abs(sums - 1).max() > 1e-2:
        raise BadData(
            f"body: {name} are at least {weights.min():.3g} and sum to {sums.min():.3g} … {sums.max():.3g} a vertex, "
            "expected none below 0 and sums of 1"
        )
