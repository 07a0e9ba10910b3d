"""Meshes of a glTF document: vertex attributes, triangles of any mode, morph targets, joints and weights."""

from __future__ import annotations

import re

import numpy as np

from avatarkit.errors import BadData
from avatarkit.gltf.accessors import PACKED, Accessors
from avatarkit.gltf.fields import Fields
from avatarkit.gltf.scene import Mesh, Primitive

TRIANGLES, STRIP, FAN = 4, 5, 6
MOST_MORPHS = 1024
MOST_CUSTOM = 32
MOST_JOINT_SETS = 4
CUSTOM_NAME = re.compile(r"_[A-Z0-9_]{1,63}", re.IGNORECASE)


def read_mesh(item: Fields, accessors: Accessors, uv_sets: list[int]) -> Mesh:
    """The mesh's triangles; `uv_sets` says for each material which UV set to take."""
    primitives, counts = [], set()
    for entry in item.items("primitives"):
        for name in PACKED & set(entry.json("extensions")):
            raise BadData(f"glTF {entry.where}: packed with {name}, which is not read: export without compression")
        if entry.integer("mode", TRIANGLES, below=7) >= TRIANGLES:
            primitives.append(_primitive(entry, accessors, uv_sets))
            counts.add(len(entry.items("targets")))
    if len(counts) > 1:
        raise BadData(f"glTF {item.where}: expected as many targets in each primitive, found {sorted(counts)}")
    count = max(counts, default=0)
    extras = dict(item.json("extras"))
    names = extras.pop("targetNames", None)
    if not isinstance(names, list) or len(names) != count or not all(isinstance(name, str) for name in names):
        names = [f"morph_{place}" for place in range(count)]
    return Mesh(tuple(primitives), item.text("name"), tuple(names), extras)


def _primitive(item: Fields, accessors: Accessors, uv_sets: list[int]) -> Primitive:
    attributes = item.item("attributes")
    material = item.place("material", len(uv_sets))
    vertices = _attribute(attributes, "POSITION", ("VEC3",), accessors)
    if vertices is None:
        raise attributes.bad("POSITION", "an accessor")
    V = len(vertices)
    colors = _attribute(attributes, "COLOR_0", ("VEC3", "VEC4"), accessors, V)
    if colors is not None and colors.shape[1] == 3:
        accessors.charge(16 * V, attributes.where)
        colors = np.concatenate([colors, np.ones((V, 1), np.float32)], 1)
    uv_set = f"TEXCOORD_{uv_sets[material] if material is not None else 0}"
    joints, weights = _joints(attributes, accessors, V)
    return Primitive(
        vertices=vertices,
        faces=_faces(item, accessors, V),
        normals=_attribute(attributes, "NORMAL", ("VEC3",), accessors, V),
        uv=_attribute(attributes, uv_set, ("VEC2",), accessors, V),
        colors=colors,
        joints=joints,
        weights=weights,
        morphs=_morphs(item, accessors, V),
        custom=_custom(attributes, accessors, V),
        material=material,
        tangents=_attribute(attributes, "TANGENT", ("VEC4",), accessors, V),
    )


def _attribute(
    attributes: Fields, name: str, types: tuple[str, ...], accessors: Accessors, V: int | None = None
) -> np.ndarray | None:
    """(V, n) float32, or None where the primitive lacks it."""
    place = attributes.place(name, len(accessors.items))
    if place is None:
        return None
    where = f"{attributes.where}.{name}"
    values = accessors.array(place, types, where)
    if V is not None and len(values) != V:
        raise BadData(f"glTF {where}: expected {V} rows, one a vertex, found {len(values)}")
    if values.dtype != np.float32:  # KHR_mesh_quantization
        accessors.charge(4 * values.size, where)
        values = values.astype(np.float32)
    return values


def _joints(attributes: Fields, accessors: Accessors, V: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    joints, weights = [], []
    for place in range(MOST_JOINT_SETS):
        name, where = f"JOINTS_{place}", f"{attributes.where}.JOINTS_{place}"
        weight = _attribute(attributes, f"WEIGHTS_{place}", ("VEC4",), accessors, V)
        index = attributes.place(name, len(accessors.items))
        if (index is None) != (weight is None):
            raise BadData(f"glTF {where}: expected joints and weights together, found one of them")
        if index is None or weight is None:
            break
        joint = accessors.array(index, ("VEC4",), where)
        if joint.shape != (V, 4) or joint.dtype not in (np.uint8, np.uint16) or weight.min() < 0:
            raise BadData(f"glTF {where}: expected {V} rows of unsigned integers, with weights from 0 on")
        joints.append(joint)
        weights.append(weight)
    if not joints:
        return None, None
    accessors.charge(24 * V * len(joints), attributes.where)
    return np.concatenate(joints, 1).astype(np.uint16), np.concatenate(weights, 1)


def _custom(attributes: Fields, accessors: Accessors, V: int) -> dict[str, np.ndarray]:
    custom: dict[str, np.ndarray] = {}
    for name in sorted(attributes.value):
        if not CUSTOM_NAME.fullmatch(name):
            continue
        if len(custom) >= MOST_CUSTOM:
            raise BadData(f"glTF {attributes.where}: expected at most {MOST_CUSTOM} custom attributes, found more")
        where = f"{attributes.where}.{name}"
        place = attributes.integer(name, below=len(accessors.items))
        values = accessors.array(place, ("SCALAR", "VEC2", "VEC3", "VEC4"), where)
        if len(values) != V:
            raise BadData(f"glTF {where}: expected {V} rows, one a vertex, found {len(values)}")
        # 32-bit integers are not allowed in attributes, but some write them; ids below 2^24 survive as floats.
        values = values.astype(np.float32) if values.dtype == np.uint32 else values
        custom[name] = values[:, 0] if values.shape[1] == 1 else values
    return custom


def _morphs(item: Fields, accessors: Accessors, V: int) -> np.ndarray | None:
    targets = item.items("targets")
    if not targets:
        return None
    if len(targets) > MOST_MORPHS:
        raise BadData(f"glTF {item.where}: expected at most {MOST_MORPHS} morph targets, found {len(targets)}")
    accessors.charge(len(targets) * V * 12, f"{item.where}.targets")
    morphs = np.zeros((len(targets), V, 3), np.float32)
    for morph, target in zip(morphs, targets, strict=True):
        deltas = _attribute(target, "POSITION", ("VEC3",), accessors, V)
        if deltas is not None:
            morph[:] = deltas
    return morphs


def _faces(item: Fields, accessors: Accessors, V: int) -> np.ndarray:
    """(F, 3) int64, counter-clockwise from outside, whichever way the file lists them."""
    where = f"{item.where}.indices"
    place = item.place("indices", len(accessors.items))
    accessors.charge(8 * V if place is None else 0, where)
    indices = np.arange(V, dtype=np.uint64) if place is None else accessors.array(place, ("SCALAR",), where)[:, 0]
    if indices.dtype.kind != "u":
        raise BadData(f"glTF {where}: expected unsigned integers, found {indices.dtype}")
    if indices.max(initial=0) >= V:
        raise BadData(f"glTF {where}: expected indices below {V}, the number of vertices, found {indices.max()}")
    mode = item.integer("mode", TRIANGLES)
    accessors.charge(indices.size * (8 if mode == TRIANGLES else 48), where)
    indices = indices.astype(np.int64)
    if mode == TRIANGLES:
        if len(indices) % 3:
            raise BadData(f"glTF {where}: expected three indices a triangle, found {len(indices)}")
        return indices.reshape(-1, 3)
    if mode == FAN:  # (0, i + 1, i + 2)
        first = np.broadcast_to(indices[:1], max(len(indices) - 2, 0))
        return np.stack([first, indices[1:-1], indices[2:]], 1)
    faces = np.stack([indices[:-2], indices[1:-1], indices[2:]], 1)
    faces[1::2] = faces[1::2, [0, 2, 1]]  # every second triangle of a strip is listed the other way round
    a, b, c = faces.T
    return faces[(a != b) & (b != c) & (c != a)]
