"""Small glTF scenes of every kind that the stages write, and a comparison of two scenes field by field."""

import dataclasses
import json
import struct
from typing import Any

import numpy as np

from avatarkit import gltf, png

#   3───2      y
#   │ ╱ │      │
#   0───1      └── x      both triangles face +Z
SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3]])


def carved() -> gltf.Scene:
    """One mesh with the attributes of carved.glb, and licences."""
    custom = {
        "_VERTEX": np.arange(4, dtype=np.float32),
        "_TEMPLATE": np.array([7, 65535, 9, 300], np.uint16),
        "_PART": np.array([1, 2, 3, 255], np.uint8),
    }
    mesh = gltf.Mesh((gltf.Primitive(SQUARE, FACES, custom=custom),), "body")
    return gltf.Scene((mesh,), (gltf.Node("body", mesh=0),), extras={"licences": ["CC0-1.0"]}, copyright="é © nobody")


def textured() -> gltf.Scene:
    """Body and eyes, two materials, colour and normal images."""
    picture = gltf.Image(png.encode(np.full((4, 4, 4), 40000, np.uint16), {}), "base")
    normals = np.tile(np.array([0, 0, 1], np.float32), (4, 1))
    colors = np.full((4, 4), 0.25, np.float32)
    body = gltf.Primitive(SQUARE, FACES, normals, SQUARE[:, :2].copy(), colors, material=0)
    eyes = gltf.Primitive(SQUARE[:3] + np.float32(0.1), FACES[:1], uv=SQUARE[:3, :2].copy(), material=1)
    skin = gltf.Material("skin", base_color_image=0, normal_image=1, roughness=0.6, double_sided=True)
    glass = gltf.Material("eyes", (1.0, 0.5, 0.25, 0.5), 0, alpha_mode="BLEND", unlit=True, extras={"part": 9})
    return gltf.Scene(
        (gltf.Mesh((body, eyes), "person"),),
        (gltf.Node("person", mesh=0),),
        materials=(skin, glass),
        images=(picture, dataclasses.replace(picture, data=png.encode(np.full((2, 2, 4), 32768, np.uint16), {}))),
    )


def avatar() -> gltf.Scene:
    """Three joints in a chain, eight influences, two morphs (one of one vertex), an animation, an extension."""
    V = 40
    vertices = np.random.default_rng(0).random((V, 3)).astype(np.float32)
    faces = np.stack([np.arange(V - 2), np.arange(1, V - 1), np.arange(2, V)], 1)
    joints, weights = np.zeros((V, 8), np.uint16), np.zeros((V, 8), np.float32)
    joints[:, 1], weights[:, 0], weights[:, 1] = 2, 0.75, 0.25
    morphs = np.zeros((2, V, 3), np.float32)
    morphs[0, 5] = (0, 0.5, -0.5)
    morphs[1] = 0.125
    primitive = gltf.Primitive(vertices, faces, joints=joints, weights=weights, morphs=morphs)
    places = np.array([[0, 1, 0], [0, 1.5, 0], [0, 1.5, 0.25]])
    bones, skin = gltf.skeleton(["hips", "spine", "head"], [-1, 0, 1], places)
    turn = np.array([[0, 0, 0, 1], [0, 1, 0, 0]], np.float32)
    times = np.array([0, 0.5], np.float32)
    channels = (
        gltf.Channel(1, "rotation", times, turn),
        gltf.Channel(0, "translation", times, SQUARE[:2] + np.float32(1), "STEP"),
        gltf.Channel(3, "weights", times, np.array([[0, 1], [0.5, 0]], np.float32)),
        gltf.Channel(2, "scale", times + np.float32(1), np.ones((6, 3), np.float32), "CUBICSPLINE"),
    )
    return gltf.Scene(
        (gltf.Mesh((primitive,), "person", ("smile", "tall"), {"note": 1}),),
        (*bones, gltf.Node("person", mesh=0, skin=0, extras={"id": 3})),
        (skin,),
        animations=(gltf.Animation(channels, "wave"),),
        extensions={"KHR_xmp_json_ld": {"packets": [{"@context": {}, "dc:title": "x"}]}},
    )


SCENES = {"carved": carved, "textured": textured, "avatar": avatar}


def assert_same(found: Any, expected: Any, where: str = "scene") -> None:
    """Equal in every field, dtypes of arrays included."""
    assert type(found) is type(expected), where
    if dataclasses.is_dataclass(expected):
        for field in dataclasses.fields(expected):
            assert_same(getattr(found, field.name), getattr(expected, field.name), f"{where}.{field.name}")
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, where
        np.testing.assert_array_equal(found, expected, where)
    elif isinstance(expected, tuple):
        assert len(found) == len(expected), where
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{where}[{place}]")
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            assert_same(found[key], expected[key], f"{where}.{key}")
    else:
        assert found == expected, where


def glb(document: dict, binary: bytes = b"") -> bytes:
    """The container around a document, however wrong."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    body += struct.pack("<I4s", len(binary), b"BIN\0") + binary if binary else b""
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def parts(data: bytes) -> tuple[dict, bytes]:
    """The document and the binary chunk of a GLB."""
    length = int.from_bytes(data[12:16], "little")
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def foreign(*arrays: tuple[np.ndarray, dict], attributes: dict, **primitive: object) -> bytes:
    """A GLB of one primitive by hand: each array in a view of its own, with what its accessor says beside its type."""
    views, accessors, binary = [], [], b""
    for values, says in arrays:
        code = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}[values.dtype.str[1:]]
        kind = ["SCALAR", "VEC2", "VEC3", "VEC4"][values.shape[1] - 1 if values.ndim > 1 else 0]
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": values.nbytes})
        accessors.append({"bufferView": len(views) - 1, "componentType": code, "count": len(values)})
        accessors[-1] |= {"type": kind} | says
        binary += values.tobytes() + bytes(-values.nbytes % 4)
    mesh = {"primitives": [{"attributes": attributes} | primitive]}
    document = {"asset": {"version": "2.0"}, "meshes": [mesh], "nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}]}
    document |= {"bufferViews": views, "accessors": accessors, "buffers": [{"byteLength": len(binary)}]}
    return glb(document, binary)


def only(scene: gltf.Scene) -> gltf.Primitive:
    """The first primitive."""
    return scene.meshes[0].primitives[0]


def with_primitive(scene: gltf.Scene, primitive: gltf.Primitive) -> gltf.Scene:
    """The scene with this primitive alone in its first mesh."""
    return dataclasses.replace(scene, meshes=(dataclasses.replace(scene.meshes[0], primitives=(primitive,)),))
