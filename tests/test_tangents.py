"""Tangents run along +u, at right angles to normals, weighted by angles, with a sign for mirrored textures."""

import numpy as np
import pytest
import torch
from avatars import avatar, embossed
from validator import validated

from avatarkit import gltf, tangents, vrm

# A unit square in the plane z = 0 that looks along +Z, and a texture on it the right way up: glTF's v runs down.
SQUARE = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=torch.float64)
FACES = torch.tensor([[0, 1, 2], [0, 2, 3]])
UP = torch.tensor([[0.0, 0, 1]], dtype=torch.float64).expand(4, 3)
UPRIGHT = torch.stack([SQUARE[:, 0], 1 - SQUARE[:, 1]], 1)


@pytest.mark.parametrize("uv, expected", [
    (UPRIGHT, [1, 0, 0, 1]),
    (UPRIGHT * torch.tensor([3.0, 0.5]), [1, 0, 0, 1]),
    (UPRIGHT * torch.tensor([-1.0, 1]), [-1, 0, 0, -1]),
    (UPRIGHT * torch.tensor([1.0, -1]), [1, 0, 0, -1]),
    (UPRIGHT * torch.tensor([-1.0, -1]), [-1, 0, 0, 1]),
    (UPRIGHT.flip(1) * torch.tensor([-1.0, 1]), [0, 1, 0, 1]),  # turned by 90°
], ids=["upright", "stretched", "mirrored", "upside down", "turned by 180°", "by 90°"])  # fmt: skip
def test_the_tangent_runs_along_u_and_the_bitangent_to_the_top(uv, expected):
    found = tangents.vertex_tangents(SQUARE, FACES, UP, uv)
    np.testing.assert_allclose(found, [expected] * 4, atol=1e-12)
    bitangent = torch.linalg.cross(UP, found[:, :3]) * found[:, 3:]
    # What is higher along the bitangent is higher up in the texture.
    rises = (SQUARE[1:] - SQUARE[0]) @ bitangent[0]
    falls = uv[1:, 1] - uv[0, 1]
    assert (rises * falls <= 1e-12).all() and (rises * falls).min() < -0.1


def test_corners_count_by_their_angles():
    """A vertex between a corner of 90° whose u runs along x and one of 45° whose u runs along -y."""
    places = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 1, 0]], dtype=torch.float64)
    uv = torch.tensor([[0.0, 0], [1, 0], [0, -1], [-1, 0]], dtype=torch.float64)
    found = tangents.vertex_tangents(places, torch.tensor([[0, 1, 2], [0, 2, 3]]), UP, uv)
    # The second face has u = -x' for x' along (-1, 1), v up along (0, 1): du = (1, 0) at constant v is (1, -1)/√2.
    expected = np.array([np.pi / 2 + np.pi / 4 * np.sqrt(0.5), -np.pi / 4 * np.sqrt(0.5), 0])
    np.testing.assert_allclose(found[0], [*(expected / np.linalg.norm(expected)), 1], atol=1e-12)


def test_a_vertex_without_area_in_the_texture_gets_a_tangent_of_its_plane():
    found = tangents.vertex_tangents(SQUARE, FACES, UP, torch.zeros(4, 2, dtype=torch.float64))
    np.testing.assert_allclose(found[:, 2], 0, atol=1e-12)
    np.testing.assert_allclose(found[:, :3].norm(dim=1), 1, atol=1e-12)


def test_a_vertex_that_mirrored_faces_share_is_split_with_all_that_it_has():
    """Two squares that meet in a mirror line at x = 0, as a face of which one half is painted."""
    places = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [-1, 0, 0], [-1, 1, 0]], np.float32)
    faces = np.array([[0, 2, 3], [0, 3, 1], [4, 0, 1], [4, 1, 5]])
    rows = np.arange(6)
    primitive = gltf.Primitive(
        places, faces, np.tile(np.float32([0, 0, 1]), (6, 1)), np.abs(places[:, :2]) * np.float32([1, -1]) + (0, 1),
        joints=np.tile(rows[:, None], (1, 4)).astype(np.uint16), weights=np.eye(4, dtype=np.float32)[rows % 4],
        morphs=np.tile(rows[None, :, None], (2, 1, 3)).astype(np.float32), custom={"_PART": rows.astype(np.uint8)},
    )  # fmt: skip
    found = tangents.with_tangents(primitive)
    np.testing.assert_array_equal(found.vertices[6:], places[:2])
    np.testing.assert_array_equal(found.faces, [[0, 2, 3], [0, 3, 1], [4, 6, 7], [4, 7, 5]])
    np.testing.assert_allclose(found.tangents[[0, 1, 2, 3]], np.tile([1, 0, 0, 1], (4, 1)), atol=1e-6)
    np.testing.assert_allclose(found.tangents[[4, 5, 6, 7]], np.tile([-1, 0, 0, -1], (4, 1)), atol=1e-6)
    for values in (found.joints[:, 0], found.morphs[1, :, 2], found.custom["_PART"]):
        np.testing.assert_array_equal(values, [0, 1, 2, 3, 4, 5, 0, 1])
    np.testing.assert_array_equal(found.weights[6:], primitive.weights[:2])


def test_what_has_no_texture_has_no_tangents():
    with pytest.raises(ValueError, match="no normals or no UV"):
        tangents.with_tangents(gltf.Primitive(np.zeros((3, 3), np.float32), np.array([[0, 1, 2]])))


def test_an_avatar_with_relief_is_written_read_and_found_without_fault(tmp_path):
    scene = embossed(avatar())
    held = gltf.decode(gltf.encode(scene))
    part = held.meshes[0].primitives[0]
    np.testing.assert_array_equal(part.tangents, scene.meshes[0].primitives[0].tangents)
    assert np.abs((part.tangents[:, :3] * part.normals).sum(1)).max() < 1e-5
    human = vrm.with_vrm(held, meta=vrm.Meta("Ana", ("A. Uthor",)))
    assert [report["serious"] for report in validated(tmp_path, gltf.encode(scene), gltf.encode(human))] == [[], []]
