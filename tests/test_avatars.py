"""A whole avatar in its GLB: the validator finds nothing, and another reader has the same skin."""

import numpy as np
import pytest
from avatars import avatar
from validator import validated

from avatarkit import gltf, vrm


def test_gltf_validator_finds_no_fault_in_avatars_of_4_and_8_influences_and_in_a_vrm(tmp_path):
    scenes = [avatar(4), avatar(8), vrm.with_vrm(avatar(4), meta=vrm.Meta("Ana", ("A. Uthor",)))]
    reports = validated(tmp_path, *(gltf.encode(scene) for scene in scenes))
    assert [report["serious"] for report in reports] == [[], [], []]
    assert [report["info"]["maxInfluences"] for report in reports] == [4, 8, 4]
    assert [report["info"]["animationCount"] for report in reports] == [1, 1, 0]
    assert all(report["info"]["hasMorphTargets"] for report in reports)


def test_gltf_validator_does_look_at_weights(tmp_path):
    """Guards against a validation that passes everything: a byte of a weight is changed."""
    data = bytearray(gltf.encode(avatar()))
    at = data.index(np.float32([1, 0, 0, 0]).tobytes())
    data[at : at + 4] = np.float32(0.5).tobytes()
    (report,) = validated(tmp_path, bytes(data))
    assert {issue["code"] for issue in report["serious"]} == {"ACCESSOR_WEIGHTS_NON_NORMALIZED"}


@pytest.mark.parametrize("influences", [4, 8])
def test_pygltflib_reads_the_same_skin(influences):
    import pygltflib

    scene = avatar(influences)
    file = pygltflib.GLTF2().load_from_bytes(gltf.encode(scene))
    blob, part = file.binary_blob(), scene.meshes[0].primitives[0]

    def read(place: int, columns: int) -> np.ndarray:
        accessor = file.accessors[place]
        view = file.bufferViews[accessor.bufferView]
        kind = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}[accessor.componentType]
        stride = view.byteStride or columns * np.dtype(kind).itemsize
        start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
        rows = np.frombuffer(blob, np.uint8, stride * (accessor.count - 1) + columns * np.dtype(kind).itemsize, start)
        rows = np.lib.stride_tricks.as_strided(rows, (accessor.count, columns * np.dtype(kind).itemsize), (stride, 1))
        return np.ascontiguousarray(rows).view(kind)

    attributes = file.meshes[0].primitives[0].attributes
    sets = range(influences // 4)
    joints = np.concatenate([read(getattr(attributes, f"JOINTS_{k}"), 4) for k in sets], 1)
    weights = np.concatenate([read(getattr(attributes, f"WEIGHTS_{k}"), 4) for k in sets], 1)
    np.testing.assert_array_equal(joints, part.joints)
    np.testing.assert_allclose(weights, part.weights, atol=2e-7)
    assert np.abs(weights.sum(1, dtype=np.float64) - 1).max() < 2e-7
    binds = read(file.skins[0].inverseBindMatrices, 16).reshape(-1, 4, 4).transpose(0, 2, 1)
    np.testing.assert_array_equal(binds, scene.skins[0].inverse_binds)
    names = [file.nodes[joint].name for joint in file.skins[0].joints]
    assert names == [scene.nodes[joint].name for joint in scene.skins[0].joints]
