"""A `Scene` to a GLB: the same scene gives the same bytes, and glTF-Validator finds neither errors nor warnings."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from avatarkit.gltf.buffer import ARRAY, Buffer, Item
from avatarkit.gltf.scene import Animation, Image, Material, Mesh, Node, Primitive, Scene, Skin, parents_first
from avatarkit.shapes import sizes

# Linear filters, mipmaps, and no repeat: an atlas must not bleed over its border.
SAMPLER = {"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}
CUSTOM_TYPES = ("float32", "int8", "uint8", "int16", "uint16")
UNIT_TOLERANCE = 1e-3


def encode(scene: Scene) -> bytes:
    """The bytes of a GLB. ValueError for a scene that makes no sense (indices, shapes, lengths of normals).

    Weights are normalised (float64, the residual on the largest), unused joint slots set to 0; indices take 16 bits
    where they fit, joints 8; morphs are sparse where that is smaller; a skinned node without children is written
    at the root with no transform, as its own place is ignored by every reader.
    """
    buffer = Buffer()
    used = {name for extensions in _all_extensions(scene) for name in _names(extensions)}
    used |= {"KHR_materials_unlit" for material in scene.materials if material.unlit}
    document: Item = {
        "asset": _kept({"version": "2.0", "generator": scene.generator, "copyright": scene.copyright,
                        "extras": scene.extras}),
        "scene": 0,
        "meshes": [_mesh(mesh, buffer, len(scene.materials)) for mesh in scene.meshes],
        "skins": [_skin(skin, buffer, scene.nodes) for skin in scene.skins],
        "materials": [_material(material, len(scene.images)) for material in scene.materials],
        "images": [_image(image, buffer) for image in scene.images],
        "textures": [{"sampler": 0, "source": place} for place in range(len(scene.images))],
        "samplers": [SAMPLER] if scene.images else [],
        "animations": [_animation(animation, buffer, len(scene.nodes)) for animation in scene.animations],
        "extensions": scene.extensions,
        "extensionsUsed": sorted(used),
    }  # fmt: skip
    document["nodes"], roots = _nodes(scene)
    document["scenes"] = [_kept({"nodes": roots, "extras": scene.extras})]  # Blender drops the asset's
    document |= {"accessors": buffer.accessors, "bufferViews": buffer.views}
    binary = buffer.joined()
    document["buffers"] = [{"byteLength": len(binary)}] if binary else []
    text = json.dumps(_kept(document), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _kept(item: Item) -> Item:
    """The item without its empty fields, which glTF forbids or makes the default."""
    return {key: value for key, value in item.items() if value is not None and value != "" and value != {}
            and value != []}  # fmt: skip


def _all_extensions(scene: Scene) -> Iterator[Item]:
    yield scene.extensions
    yield from (node.extensions for node in scene.nodes)
    yield from (material.extensions for material in scene.materials)


def _names(extensions: Any) -> Iterator[str]:
    """The extensions' names, and those of extensions inside them."""
    stack = [{"extensions": extensions}]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            inner = value.get("extensions")
            yield from inner if isinstance(inner, dict) else ()
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _mesh(mesh: Mesh, buffer: Buffer, materials: int) -> Item:
    extras = mesh.extras | ({"targetNames": list(mesh.morph_names)} if mesh.morph_names else {})
    for primitive in mesh.primitives:
        if len(primitive.morphs if primitive.morphs is not None else ()) != len(mesh.morph_names):
            raise ValueError(f"mesh {mesh.name!r}: expected a morph in each primitive for each of {mesh.morph_names}")
        _check_place(primitive.material, materials, "material")
    primitives = [_primitive(primitive, buffer) for primitive in mesh.primitives]
    if not primitives:
        raise ValueError(f"mesh {mesh.name!r}: expected at least one primitive")
    return _kept({"name": mesh.name, "primitives": primitives, "extras": extras})


def _primitive(primitive: Primitive, buffer: Buffer) -> Item:
    V, F = sizes("V 3, F 3", primitive.vertices, primitive.faces)
    if not V or not F or primitive.faces.min() < 0 or primitive.faces.max() >= V:
        raise ValueError(f"expected faces of indices from 0 to {V - 1}, at least one; got {F} faces")
    attributes = {"POSITION": buffer.vertices(primitive.vertices, bounds=True)}
    if primitive.normals is not None:
        sizes("V 3, V 3", primitive.vertices, primitive.normals)
        if (np.abs(np.linalg.norm(primitive.normals, axis=1) - 1) > UNIT_TOLERANCE).any():
            raise ValueError("expected normals of length 1")
        attributes["NORMAL"] = buffer.vertices(primitive.normals)
    if primitive.tangents is not None:
        sizes("V 3, V 4", primitive.vertices, primitive.tangents)
        lengths = np.linalg.norm(primitive.tangents[:, :3], axis=1)
        if (np.abs(lengths - 1) > UNIT_TOLERANCE).any() or (np.abs(primitive.tangents[:, 3]) != 1).any():
            raise ValueError("expected tangents of length 1, and a sign")
        attributes["TANGENT"] = buffer.vertices(primitive.tangents)
    if primitive.uv is not None:
        sizes("V 3, V 2", primitive.vertices, primitive.uv)
        attributes["TEXCOORD_0"] = buffer.vertices(primitive.uv)
    if primitive.colors is not None:
        sizes("V 3, V 4", primitive.vertices, primitive.colors)
        attributes["COLOR_0"] = buffer.vertices(primitive.colors)
    if primitive.joints is not None and primitive.weights is not None:
        sizes("V 3, V K, V K", primitive.vertices, primitive.joints, primitive.weights)
        joints, weights = normalised(primitive.joints, primitive.weights)
        for place in range(joints.shape[1] // 4):
            columns = slice(4 * place, 4 * place + 4)
            attributes[f"JOINTS_{place}"] = buffer.array(joints[:, columns], target=ARRAY)
            attributes[f"WEIGHTS_{place}"] = buffer.vertices(weights[:, columns])
    elif primitive.joints is not None or primitive.weights is not None:
        raise ValueError("expected joints and weights together")
    for name, values in sorted(primitive.custom.items()):
        if values.dtype.name not in CUSTOM_TYPES or len(values) != V or not name.startswith("_"):
            raise ValueError(f"custom attribute {name}: expected {V} rows of {CUSTOM_TYPES}, got {values.dtype}")
        attributes[name] = buffer.array(values.reshape(V, -1), target=ARRAY)
    targets = [{"POSITION": buffer.deltas(morph)} for morph in primitive.morphs] if primitive.morphs is not None else []
    faces = np.asarray(primitive.faces, np.uint16 if V <= 65535 else np.uint32)
    item = {"attributes": attributes, "indices": buffer.faces(faces), "targets": targets}
    return _kept(item | {"material": primitive.material})


def normalised(joints: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """joints (V, K) uint8 or uint16 and weights (V, K) float32 whose rows sum to 1 within 2e-7, unused joints 0."""
    if joints.shape[1] % 4 or (weights < 0).any() or not (weights.sum(1, dtype=np.float64) > 0).all():
        raise ValueError("expected a multiple of 4 joints a vertex, weights from 0 on, at least one above")
    exact = weights.astype(np.float64)
    rounded = (exact / exact.sum(1, keepdims=True)).astype(np.float32)
    largest = rounded.argmax(1)[:, None]
    residual = 1 - rounded.sum(1, dtype=np.float64, keepdims=True)
    largest_weights = np.take_along_axis(rounded, largest, 1) + residual
    np.put_along_axis(rounded, largest, largest_weights.astype(np.float32), 1)
    used = np.where(rounded > 0, joints, 0)
    ordered = np.sort(np.where(rounded > 0, joints.astype(np.int64), -1 - np.arange(joints.shape[1])), 1)
    if (np.diff(ordered) == 0).any():
        raise ValueError("expected each joint at most once a vertex")
    return used.astype(np.uint8 if used.max() <= 255 else np.uint16), rounded


def _material(material: Material, images: int) -> Item:
    _check_place(material.base_color_image, images, "base_color_image")
    _check_place(material.normal_image, images, "normal_image")
    base, normal = material.base_color_image, material.normal_image
    metallic_roughness = {
        "baseColorFactor": list(material.base_color) if material.base_color != (1, 1, 1, 1) else None,
        "baseColorTexture": {"index": base} if base is not None else None,
        "metallicFactor": material.metallic if material.metallic != 1 else None,
        "roughnessFactor": material.roughness if material.roughness != 1 else None,
    }
    return _kept({
        "name": material.name,
        "pbrMetallicRoughness": _kept(metallic_roughness),
        "normalTexture": {"index": normal} if normal is not None else None,
        "doubleSided": material.double_sided or None,
        "alphaMode": material.alpha_mode if material.alpha_mode != "OPAQUE" else None,
        "alphaCutoff": material.alpha_cutoff if material.alpha_mode == "MASK" else None,
        "extensions": material.extensions | ({"KHR_materials_unlit": {}} if material.unlit else {}),
        "extras": material.extras,
    })  # fmt: skip


def _image(image: Image, buffer: Buffer) -> Item:
    if not image.mime:
        raise ValueError(f"image {image.name!r}: expected the bytes of a PNG or a JPEG, got {image.data[:8]!r}")
    return _kept({"bufferView": buffer.view(image.data), "mimeType": image.mime, "name": image.name})


def _skin(skin: Skin, buffer: Buffer, nodes: tuple[Node, ...]) -> Item:
    (J,) = sizes("J 4 4", skin.inverse_binds)
    if J != len(skin.joints) or len(set(skin.joints)) != J:
        raise ValueError(f"skin {skin.name!r}: expected {len(skin.joints)} matrices, one for each joint, got {J}")
    tops = set()
    for joint in skin.joints:
        _check_place(joint, len(nodes), "joint")
        while (parent := nodes[joint].parent) is not None:
            joint = parent
        tops.add(joint)
    if len(tops) > 1:
        raise ValueError(f"skin {skin.name!r}: expected joints below one root, got the roots {sorted(tops)}")
    columns = np.array(skin.inverse_binds, np.float32).transpose(0, 2, 1).copy()
    columns[:, :, 3] = (0, 0, 0, 1)
    matrices = buffer.array(columns.reshape(J, 16), kind="MAT4")
    return _kept({"joints": list(skin.joints), "inverseBindMatrices": matrices, "name": skin.name})


def _nodes(scene: Scene) -> tuple[list[Item], list[int]]:
    """The nodes, and which of them are roots."""
    parents_first(scene.nodes)
    has_children = {node.parent for node in scene.nodes}
    children: dict[int | None, list[int]] = {}
    items: list[Item] = []
    for place, node in enumerate(scene.nodes):
        _check_place(node.mesh, len(scene.meshes), "mesh")
        _check_place(node.skin, len(scene.skins), "skin")
        freed = node.skin is not None and place not in has_children
        children.setdefault(None if freed else node.parent, []).append(place)
        item = {"name": node.name, "mesh": node.mesh, "skin": node.skin, "extensions": node.extensions,
                "extras": node.extras}  # fmt: skip
        items.append(item if freed else item | _transform(node))
    for parent, places in children.items():
        if parent is not None:
            items[parent]["children"] = places
    return [_kept(item) for item in items], children.get(None, [])


def _transform(node: Node) -> Item:
    if node.matrix is not None:
        return {"matrix": np.asarray(node.matrix, np.float64).T.reshape(16).tolist()}
    return {
        "translation": list(node.translation) if tuple(node.translation) != (0, 0, 0) else None,
        "rotation": list(node.rotation) if tuple(node.rotation) != (0, 0, 0, 1) else None,
        "scale": list(node.scale) if tuple(node.scale) != (1, 1, 1) else None,
    }


def _animation(animation: Animation, buffer: Buffer, nodes: int) -> Item:
    samplers, channels = [], []
    for place, channel in enumerate(animation.channels):
        _check_place(channel.node, nodes, "node")
        K, rows, _ = sizes("K, R n", channel.times, channel.values)
        if rows != K * (3 if channel.interpolation == "CUBICSPLINE" else 1) or (np.diff(channel.times) <= 0).any():
            raise ValueError(f"channel {place}: expected rising times and a row of values for each, got {K} and {rows}")
        scalars = channel.path == "weights"
        samplers.append({
            "input": buffer.array(channel.times.reshape(-1, 1).astype(np.float32), bounds=True),
            "output": buffer.array(channel.values.reshape(-1, 1) if scalars else channel.values),
            "interpolation": channel.interpolation,
        })  # fmt: skip
        channels.append({"sampler": place, "target": {"node": channel.node, "path": channel.path}})
    return _kept({"name": animation.name, "samplers": samplers, "channels": channels})


def _check_place(place: int | None, count: int, what: str) -> None:
    if place is not None and not 0 <= place < count:
        raise ValueError(f"{what} {place}: there are {count}")
