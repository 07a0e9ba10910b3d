import base64
import json
import time

import numpy as np
import pytest

from avatarkit import gltf
from avatarkit.errors import BadData
from tests.mutations import mutations
from tests.scenes import (
    FACES,
    SCENES,
    SQUARE,
    assert_same,
    avatar,
    carved,
    foreign,
    glb,
    only,
    parts,
    textured,
)


def test_interleaved_views_small_indices_and_normalised_integers():
    rows = np.zeros(4, [("position", "<f4", 3), ("uv", "u1", 2), ("color", "u1", 3), ("pad", "u1", 3)])
    rows["position"], rows["uv"], rows["color"] = SQUARE, SQUARE[:, :2] * 255, [[255, 0, 51]] * 4
    indices = np.array([0, 1, 2, 0, 2, 3], np.uint8)
    document, _ = parts(foreign((rows["pad"], {}), (indices, {}), attributes={}))
    document["bufferViews"][0] |= {"byteLength": 80, "byteStride": 20}
    document["bufferViews"][1]["byteOffset"] = 80
    document["buffers"] = [{"byteLength": 86}]
    shared = {"bufferView": 0, "count": 4}
    document["accessors"] = [
        shared | {"componentType": 5126, "type": "VEC3"},
        shared | {"componentType": 5121, "type": "VEC2", "byteOffset": 12, "normalized": True},
        shared | {"componentType": 5121, "type": "VEC3", "byteOffset": 14, "normalized": True},
        {"bufferView": 1, "count": 6, "componentType": 5121, "type": "SCALAR"},
    ]
    attributes = {"POSITION": 0, "TEXCOORD_0": 1, "COLOR_0": 2}
    document["meshes"][0]["primitives"][0] = {"attributes": attributes, "indices": 3}
    found = only(gltf.decode(glb(document, rows.tobytes() + indices.tobytes())))
    colors = np.tile(np.array([1, 0, 0.2, 1], np.float32), (4, 1))
    assert_same(found, gltf.Primitive(SQUARE, FACES, uv=SQUARE[:, :2], colors=colors))


@pytest.mark.parametrize(
    ("mode", "indices", "faces"),
    [
        (4, None, [[0, 1, 2]]),
        (5, [0, 1, 2, 3], [[0, 1, 2], [1, 3, 2]]),
        (5, [0, 1, 2, 2, 3, 0], [[0, 1, 2], [2, 0, 3]]),  # equal neighbours join two strips
        (6, [0, 1, 2, 3], [[0, 1, 2], [0, 2, 3]]),
    ],
)
def test_every_mode_becomes_triangles(mode, indices, faces):
    arrays = [(SQUARE if indices else SQUARE[:3], {})] + ([(np.array(indices, np.uint32), {})] if indices else [])
    more = {"indices": 1} if indices else {}
    found = only(gltf.decode(foreign(*arrays, attributes={"POSITION": 0}, mode=mode, **more)))
    np.testing.assert_array_equal(found.faces, faces)


def test_points_and_lines_are_left_out():
    assert gltf.decode(foreign((SQUARE, {}), attributes={"POSITION": 0}, mode=1)).meshes[0].primitives == ()


def test_quantised_positions_and_sparse_over_a_base():
    base = (SQUARE * 100).astype(np.int16)
    sparse = {"count": 1, "indices": {"bufferView": 1, "componentType": 5121}, "values": {"bufferView": 2}}
    arrays = ((base, {"sparse": sparse}), (np.array([2], np.uint8), {}), (np.array([[5, 6, 7]], np.int16), {}))
    found = only(gltf.decode(foreign(*arrays, attributes={"POSITION": 0}, mode=6)))
    np.testing.assert_array_equal(found.vertices, [[0, 0, 0], [100, 0, 0], [5, 6, 7], [0, 100, 0]])


def test_text_files_with_inline_or_handed_in_data():
    document, binary = parts(gltf.encode(textured()))
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
    assert_same(gltf.decode(b"\xef\xbb\xbf" + json.dumps(document).encode()), textured())
    document["buffers"][0]["uri"] = "my%20body.bin"
    assert_same(gltf.decode(json.dumps(document).encode(), resources={"my body.bin": binary}), textured())
    with pytest.raises(BadData, match=r"my%20body.bin.*export as .glb"):
        gltf.decode(json.dumps(document).encode())


def test_only_the_default_scene_is_shown():
    document, binary = parts(gltf.encode(carved()))
    document["scenes"] = [{"nodes": [0]}, {}]
    document["scene"] = 1
    assert gltf.decode(glb(document, binary)).nodes[0].mesh is None


def test_we_read_what_trimesh_writes():
    import trimesh

    box = trimesh.creation.box((1, 2, 3))
    (found,) = gltf.world_primitives(gltf.decode(trimesh.Scene(box).export(file_type="glb")))
    np.testing.assert_allclose(found.vertices, box.vertices, atol=1e-6)
    np.testing.assert_array_equal(found.faces, box.faces)


NAN = np.where(np.eye(4, 3, dtype=bool), np.float32("nan"), SQUARE)
HUGE = 2**31 - 1


def edited(*path_and_value: object, of: gltf.Scene | None = None) -> bytes:
    """A sound file with one value of its document replaced."""
    document, binary = parts(gltf.encode(of or avatar()))
    *path, key, value = path_and_value
    item = document
    for step in path:
        item = item[step]
    item[key] = value
    return glb(document, binary)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "starts with b''"),
        (b"solid x", "expected a GLB"),
        (b"glTF", "cut off"),
        (gltf.encode(carved())[:-4], "version 2"),
        (gltf.encode(carved()).replace(b"\2\0\0\0", b"\1\0\0\0", 1), "version 1"),
        (gltf.encode(carved()).replace(b"JSON", b"JSOM"), "JSON chunk first"),
        (gltf.encode(carved())[:12] + b"\xff" + gltf.encode(carved())[13:], "chunk"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "levels"),
        (b'{"a":' + b"[" * 200_000, "JSON"),
        (b'{"a":[' + b"[]," * 1_000_001 + b"0]}", "at most"),
        (b'{"asset":{"version":"2.0"},"a":NaN}', "not a number"),
        (b'{"asset":{"version":"2.0"},"a":1e999}', "too large"),
        (b'{"asset":{"version":"2.0"},"a":' + b"1" * 99 + b"}", "too large"),
        (b'{"asset":{"version":"1.0"}}', "expected 2.0"),
        (b'{"asset":[]}', "expected an object"),
        (edited("accessors", 0, "count", HUGE), "do not fit|at most"),
        (edited("accessors", 0, "count", 2**31), "integer"),
        (edited("accessors", 0, "count", 41), "do not fit"),
        (edited("accessors", 0, "count", 39), "rows"),
        (edited("accessors", 0, {"componentType": 5126, "type": "VEC3", "count": HUGE}), "at most"),
        (edited("accessors", 0, "byteOffset", 4), "do not fit"),
        (edited("accessors", 0, "type", "VEC2"), "VEC3"),
        (edited("accessors", 0, "componentType", 5124), "componentType"),
        (edited("bufferViews", 0, "byteStride", 4), "do not fit"),
        (edited("bufferViews", 0, "byteLength", 10**7), "bytes 0 to"),
        (edited("buffers", 0, "byteLength", 10**7), "cut off"),
        (edited("bufferViews", 0, "extensions", {"EXT_meshopt_compression": {}}), "EXT_meshopt_compression"),
        (edited("meshes", 0, "primitives", 0, "extensions", {"KHR_draco_mesh_compression": {}}), "KHR_draco"),
        (edited("extensionsRequired", ["KHR_draco_mesh_compression"]), "KHR_draco"),
        (edited("extensionsRequired", ["EXT_unheard_of"]), "EXT_unheard_of"),
        (edited("meshes", 0, "primitives", 0, "attributes", {}), "POSITION"),
        (edited("meshes", 0, "primitives", 0, "indices", 99), "indices"),
        (edited("meshes", 0, "primitives", 0, "mode", 7), "mode"),
        (edited("meshes", 0, "primitives", 0, "attributes", "WEIGHTS_1", None), "WEIGHTS_1"),
        (edited("nodes", 2, "children", [0]), "own ancestor"),
        (edited("nodes", 2, "children", [1]), "two nodes"),
        (edited("nodes", 2, "children", [2]), "own ancestor|two nodes"),
        (edited("nodes", 2, "matrix", [1e300] * 15 + [1]), "last row"),
        (edited("nodes", 2, "scale", [1e300] * 3), "below 1e"),
        (edited("nodes", 2, "rotation", [0] * 4), "quaternion"),
        (edited("nodes", 2, "rotation", ["x"] * 4), "4 numbers"),
        (edited("skins", 0, "joints", [0, 1]), "uses joint 2"),
        (edited("skins", 0, "joints", [0, 0, 1]), "each joint once"),
        (edited("images", 0, {"uri": "../../etc/passwd"}, of=textured()), "inside the file"),
        (edited("images", 0, {"uri": "data:image/png;base64,!!"}, of=textured()), "base64"),
        (edited("images", 0, {"uri": "data:image/png;base64,AAAA"}, of=textured()), "PNG or a JPEG"),
        (edited("textures", 0, {"extensions": {"KHR_texture_basisu": {}}}, of=textured()), "KHR_texture_basisu"),
        (foreign((NAN, {}), attributes={"POSITION": 0}, mode=6), "NaN"),
        (foreign((SQUARE, {}), attributes={"POSITION": 0}), "three indices"),
        (foreign((SQUARE, {}), (np.array([0, 1, 4], "u1"), {}), attributes={"POSITION": 0}, indices=1), "below 4"),
        (foreign((SQUARE, {}), (np.array([0, 1, 2], "i2"), {}), attributes={"POSITION": 0}, indices=1), "unsigned"),
    ],
)
def test_bad_files_are_refused_in_one_line(data, says):
    start = time.perf_counter()
    with pytest.raises(BadData, match=says) as caught:
        gltf.decode(data)
    assert "\n" not in str(caught.value) and time.perf_counter() - start < 2


def test_arrays_shared_by_many_primitives_are_stored_once_and_bounded():
    document, binary = parts(gltf.encode(carved()))
    document["meshes"][0]["primitives"] *= 60_000
    start = time.perf_counter()
    with pytest.raises(BadData, match="at most"):
        gltf.decode(glb(document, binary))
    assert time.perf_counter() - start < 5
    document["meshes"][0]["primitives"] = document["meshes"][0]["primitives"][:50]
    primitives = gltf.decode(glb(document, binary)).meshes[0].primitives
    assert primitives[0].vertices is primitives[49].vertices


def test_a_normal_limit_and_a_small_one():
    gltf.decode(gltf.encode(avatar()))
    with pytest.raises(BadData, match="at most 50000 bytes"):
        gltf.decode(gltf.encode(avatar()), limit_bytes=50_000)


def test_a_texture_may_use_the_second_uv_set():
    document, binary = parts(gltf.encode(textured()))
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    attributes["TEXCOORD_1"] = attributes.pop("TEXCOORD_0")
    document["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]["texCoord"] = 1
    assert_same(only(gltf.decode(glb(document, binary))), only(textured()))


@pytest.mark.parametrize("make", SCENES.values(), ids=SCENES)
def test_mutated_files_decode_or_are_bad_data(make):
    text, binary = parts(gltf.encode(make()))
    text["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
    refused = 0
    for data, count in ((gltf.encode(make()), 400), (json.dumps(text).encode(), 100)):
        for damaged in mutations(data, count, seed=len(data)):
            start = time.perf_counter()
            try:
                gltf.world_primitives(gltf.decode(damaged))
            except BadData as error:
                refused += 1
                assert "\n" not in str(error) and len(str(error)) < 400
            assert time.perf_counter() - start < 2
    assert refused > 200
