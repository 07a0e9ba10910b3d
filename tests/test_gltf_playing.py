"""Channels between, before and after their keys; a scene at a time."""

import numpy as np
import pytest

from avatarkit import gltf

TIMES = np.array([1, 2, 4], np.float32)
HALF = np.sqrt(0.5)
TURNS = np.array([[0, 0, 0, 1], [0, 0, HALF, HALF], [0, 0, -HALF, -HALF]], np.float32)  # the last two are one turn


def places(interpolation: str) -> gltf.Channel:
    values = np.array([[0, 0, 0], [2, 0, 0], [2, 4, 0]], np.float32)
    if interpolation == "CUBICSPLINE":
        values = np.stack([values + 9, values, values - 9], 1).reshape(9, 3)
    return gltf.Channel(0, "translation", TIMES, values, interpolation)


@pytest.mark.parametrize("interpolation, between", [
    ("LINEAR", [[0, 0, 0], [0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 2, 0], [2, 4, 0], [2, 4, 0]]),
    ("STEP", [[0, 0, 0], [0, 0, 0], [0, 0, 0], [2, 0, 0], [2, 0, 0], [2, 4, 0], [2, 4, 0]]),
    ("CUBICSPLINE", [[0, 0, 0], [0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 2, 0], [2, 4, 0], [2, 4, 0]]),
])  # fmt: skip
def test_a_channel_is_held_outside_its_keys_and_goes_straight_between_them(interpolation, between):
    found = gltf.sampled(places(interpolation), np.array([0, 1, 1.5, 2, 3, 4, 9]))
    np.testing.assert_allclose(found, between, atol=1e-6)


def test_turns_go_the_short_way_at_an_even_pace():
    found = gltf.sampled(gltf.Channel(0, "rotation", TIMES, TURNS), np.array([1 + 1 / 3, 3]))
    np.testing.assert_allclose(found[0], [0, 0, np.sin(np.pi / 12), np.cos(np.pi / 12)], atol=1e-6)
    np.testing.assert_allclose(np.abs(found[1]), [0, 0, HALF, HALF], atol=1e-6)


def test_a_single_key_is_a_constant():
    one = gltf.Channel(0, "scale", TIMES[:1], np.array([[1, 2, 3]], np.float32))
    np.testing.assert_array_equal(gltf.sampled(one, np.array([0, 5])), [[1, 2, 3], [1, 2, 3]])


def test_the_nodes_go_where_the_clip_has_them_and_the_others_stay():
    nodes = (gltf.Node("hips", matrix=np.eye(4)), gltf.Node("head", 0, (0, 1, 0)))
    scene = gltf.Scene(nodes=nodes)
    clip = gltf.Animation((gltf.Channel(0, "rotation", TIMES, TURNS), places("LINEAR")))
    world = gltf.world_from_nodes(gltf.posed(scene, clip, 2.0))
    np.testing.assert_allclose(world[:, :3, 3], [[2, 0, 0], [1, 0, 0]], atol=1e-6)
    assert scene.nodes[0].matrix is not None
