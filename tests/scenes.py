"""Small glTF scenes of every kind that the stages write, and a comparison of two scenes field by field."""

import dataclasses
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
    body = gltf.Primitive(SQUARE, FACES, normals, SQUARE[:, :2].copy(), colors=np.full((4, 4), 0.25, np.float32), material=0)
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
    """Three joints in a chain, eight influences, two morphs (one moves a single vertex of 40), an animation, an extension."""
    V = 40
    vertices = np.random.default_rng(0).random((V, 3)).astype(np.float32)
    faces = np.stack([np.arange(V - 2), np.arange(1, V - 1), np.arange(2, V)], 1)
    joints, weights = np.zeros((V, 8), np.uint16), np.zeros((V, 8), np.float32)
    joints[:, 1], weights[:, 0], weights[:, 1] = 2, 0.75, 0.25
    morphs = np.zeros((2, V, 3), np.float32)
    morphs[0, 5] = (0, 0.5, -0.5)
    morphs[1] = 0.125
    primitive = gltf.Primitive(vertices, faces, joints=joints, weights=weights, morphs=morphs)
    bones, skin = gltf.skeleton(["hips", "spine", "head"], [-1, 0, 1], np.array([[0, 1, 0], [0, 1.5, 0], [0, 1.5, 0.25]]))
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
