import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from validator import validated

from avatarkit import gltf
from tests.scenes import FACES, SCENES, SQUARE, assert_same, avatar, carved, only, parts, with_primitive

UNAVOIDABLE = {"MESH_PRIMITIVE_GENERATED_TANGENT_SPACE"}  # these scenes have none; readers make them


@pytest.mark.parametrize("make", SCENES.values(), ids=SCENES)
def test_what_is_written_is_read_and_written_again_the_same(make):
    data = gltf.encode(make())
    assert_same(gltf.decode(data), make())
    assert gltf.encode(gltf.decode(data)) == data == gltf.encode(make())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_scenes_round_trip(seed):
    generator = np.random.default_rng(seed)
    V, F, J, M = (int(n) for n in generator.integers(1, 9, 4))
    morphs = generator.normal(size=(M, V, 3)).astype(np.float32) * (generator.random((M, V, 1)) < 0.3)
    raw = generator.random((V, 4)) * (np.arange(4) < J) + (np.arange(4) == 0)
    primitive = gltf.Primitive(
        generator.normal(size=(V, 3)).astype(np.float32),
        generator.integers(0, V, (F, 3)),
        joints=np.minimum(np.arange(4, dtype=np.uint16), J - 1) * np.ones((V, 1), np.uint16) * (np.arange(4) < J),
        weights=(raw / raw.sum(1, keepdims=True)).astype(np.float32),
        morphs=morphs,
        custom={"_IDS": generator.integers(-99, 99, (V, 3)).astype(np.int8)},
    )
    bones, skin = gltf.skeleton([f"j{j}" for j in range(J)], list(range(-1, J - 1)), generator.normal(size=(J, 3)))
    mesh = gltf.Mesh((primitive,), "m", tuple(f"t{m}" for m in range(M)))
    scene = gltf.Scene((mesh,), (*bones, gltf.Node("m", mesh=0, skin=0)), (skin,))
    found = gltf.decode(gltf.encode(scene))
    # The writer may move the last bit of a weight, to make sums exact; after that nothing moves.
    np.testing.assert_allclose(only(found).weights, primitive.weights, atol=2e-7)
    fixed = replace(primitive, weights=only(found).weights, joints=only(found).joints)
    assert_same(found, replace(scene, meshes=(replace(mesh, primitives=(fixed,)),)))
    assert gltf.encode(found) == gltf.encode(scene)


def test_the_document_is_laid_out_as_the_specification_asks():
    document, binary = parts(gltf.encode(carved()))
    assert document["asset"] == {
        "version": "2.0", "generator": "avatarkit", "copyright": "é © nobody", "extras": {"licences": ["CC0-1.0"]},
    }  # fmt: skip
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    position, part = document["accessors"][attributes["POSITION"]], document["accessors"][attributes["_PART"]]
    assert (position["min"], position["max"]) == ([0, 0, 0], [1, 1, 0])
    assert document["bufferViews"][part["bufferView"]] == {
        "buffer": 0, "byteOffset": 48, "byteLength": 16, "byteStride": 4, "target": 34962,
    }  # fmt: skip
    indices = document["accessors"][document["meshes"][0]["primitives"][0]["indices"]]
    assert indices["componentType"] == 5123
    assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])
    assert len(binary) == document["buffers"][0]["byteLength"]


def test_large_meshes_get_32_bit_indices():
    # Guards: 65535 is the restart value of 16-bit indices, so 65536 vertices need 32.
    for V, code in ((65535, 5123), (65536, 5125)):
        primitive = gltf.Primitive(np.zeros((V, 3), np.float32), np.array([[0, 1, V - 1]]))
        data = gltf.encode(gltf.Scene((gltf.Mesh((primitive,)),), (gltf.Node(mesh=0),)))
        assert [a["componentType"] for a in parts(data)[0]["accessors"] if a["type"] == "SCALAR"] == [code]
        assert only(gltf.decode(data)).faces[0, 2] == V - 1


def test_weights_are_normalised_and_unused_joints_are_zero():
    primitive = only(avatar())
    generator = np.random.default_rng(1)
    weights = generator.random((40, 8)).astype(np.float32) * np.float32(7)
    weights[:, 5] = 0
    joints = np.tile(np.arange(8, dtype=np.uint16), (40, 1)) % 3
    with pytest.raises(ValueError, match="at most once"):
        gltf.encode(with_primitive(avatar(), replace(primitive, joints=joints, weights=weights)))
    weights[:, 3:] = 0
    found = only(gltf.decode(gltf.encode(with_primitive(avatar(), replace(primitive, joints=joints, weights=weights)))))
    assert np.abs(found.weights.sum(1, dtype=np.float64) - 1).max() <= 2e-7
    assert (found.joints[:, 3:] == 0).all()
    np.testing.assert_allclose(found.weights, weights / weights.sum(1, keepdims=True), atol=1e-6)


def test_sparse_morphs_and_equal_times_are_stored_once_and_small():
    document, _ = parts(gltf.encode(avatar()))
    smile, tall = (document["accessors"][t["POSITION"]] for t in document["meshes"][0]["primitives"][0]["targets"])
    assert smile["sparse"]["count"] == 1 and "bufferView" not in smile and "sparse" not in tall
    assert smile["min"] == [0, 0, -0.5] and smile["max"] == [0, 0.5, 0]
    inputs = [sampler["input"] for sampler in document["animations"][0]["samplers"]]
    assert inputs[0] == inputs[1] == inputs[2] != inputs[3]


def test_a_skinned_node_is_written_at_the_root_without_a_place():
    # Guards: glTF-Validator's NODE_SKINNED_MESH_NON_ROOT and NODE_SKINNED_MESH_LOCAL_TRANSFORMS.
    scene = avatar()
    nodes = (*scene.nodes[:3], replace(scene.nodes[3], parent=0, translation=(1.0, 2.0, 3.0)))
    assert_same(gltf.decode(gltf.encode(replace(scene, nodes=nodes))), scene)


@pytest.mark.parametrize(
    "change",
    [
        {"faces": np.array([[0, 1, 4]])},
        {"faces": np.zeros((0, 3), int)},
        {"vertices": np.full((4, 3), np.nan, np.float32)},
        {"normals": np.zeros((4, 3), np.float32)},
        {"uv": np.zeros((3, 2), np.float32)},
        {"custom": {"_X": np.zeros(4, np.int64)}},
        {"custom": {"X": np.zeros(4, np.float32)}},
        {"joints": np.zeros((4, 4), np.uint16)},
        {"joints": np.zeros((4, 4), np.uint16), "weights": np.zeros((4, 4), np.float32)},
        {"morphs": np.zeros((1, 4, 3), np.float32)},
        {"material": 0},
    ],
)
def test_encode_refuses_what_no_reader_would_take(change):
    with pytest.raises(ValueError, match=r"expected|there are"):
        gltf.encode(with_primitive(carved(), replace(only(carved()), **change)))


def test_nodes_place_their_meshes():
    scene = carved()
    quarter = (0.0, 0.0, float(np.sqrt(0.5)), float(np.sqrt(0.5)))  # +X to +Y
    flip = np.diag([1.0, 1.0, -1.0, 1.0])
    nodes = (
        gltf.Node("child", 1, translation=(1.0, 0.0, 0.0), rotation=quarter, scale=(2.0, 2.0, 2.0), mesh=0),
        gltf.Node("above", matrix=flip),
    )
    upright = replace(only(scene), normals=np.tile(np.array([0, 0, 1], np.float32), (4, 1)))
    scene = replace(with_primitive(scene, upright), nodes=nodes)
    assert_same(gltf.decode(gltf.encode(scene)), scene)
    (placed,) = gltf.world_primitives(scene)
    np.testing.assert_allclose(placed.vertices, [[1, 0, 0], [1, 2, 0], [-1, 2, 0], [-1, 0, 0]], atol=1e-6)
    np.testing.assert_array_equal(placed.faces, FACES[:, ::-1])  # a mirror turns triangles round
    np.testing.assert_allclose(placed.normals, [[0, 0, -1]] * 4, atol=1e-6)


def test_a_skin_at_rest_is_where_it_was_bound_and_follows_its_joints():
    scene = avatar()
    np.testing.assert_allclose(gltf.world_primitives(scene)[0].vertices, only(scene).vertices, atol=1e-6)
    raised = (replace(scene.nodes[0], translation=(0.0, 3.0, 0.0)), *scene.nodes[1:])
    moved = gltf.world_primitives(replace(scene, nodes=raised))[0].vertices
    np.testing.assert_allclose(moved, only(scene).vertices + (0, 2, 0), atol=1e-6)


def test_other_readers_see_the_same_geometry_and_skin():
    import pygltflib
    import trimesh

    data = gltf.encode(carved())
    mesh = trimesh.load(io.BytesIO(data), file_type="glb", process=False).geometry["body"]
    np.testing.assert_array_equal(mesh.vertices, SQUARE)
    np.testing.assert_array_equal(mesh.faces, FACES)
    for name, values in only(carved()).custom.items():
        np.testing.assert_array_equal(np.ravel(mesh.vertex_attributes[name]), values)
    file = pygltflib.GLTF2().load_from_bytes(gltf.encode(avatar()))
    assert [file.nodes[joint].name for joint in file.skins[0].joints] == ["hips", "spine", "head"]
    assert file.nodes[0].children == [1] and file.nodes[2].translation == [0, 0, 0.25]
    accessor = file.accessors[file.skins[0].inverseBindMatrices]
    start = file.bufferViews[accessor.bufferView].byteOffset
    columns = np.frombuffer(file.binary_blob(), "<f4", 48, start).reshape(3, 4, 4)
    np.testing.assert_array_equal(columns.transpose(0, 2, 1), avatar().skins[0].inverse_binds)
    assert file.meshes[0].extras["targetNames"] == ["smile", "tall"]


def test_gltf_validator_finds_nothing(tmp_path):
    thin = replace(only(carved()), morphs=np.zeros((1, 4, 3), np.float32))
    still = replace(carved(), meshes=(gltf.Mesh((thin,), "still", ("nothing",)),))
    reports = validated(tmp_path, *(gltf.encode(scene) for scene in (*(make() for make in SCENES.values()), still)))
    serious = [issue for report in reports for issue in report["serious"]]
    assert [issue for issue in serious if issue["code"] not in UNAVOIDABLE] == []
