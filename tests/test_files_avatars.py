"""Avatars as files: the motions in them are ours, and each suffix is what it says."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import random_pose, small_model

from avatarkit import files, gltf
from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_NAMES, Pose
from avatarkit.clips import Clip
from avatarkit.errors import QualityGate, UsageError
from avatarkit.files.avatars import scene_of
from avatarkit.mesh import Mesh


def avatar_of(model):
    body = model.shaped(torch.zeros(0))
    mesh = Mesh(body.vertices, model.faces)
    pose = Pose.from_full(random_pose(3).full(), torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))
    clip = Clip("wild", torch.tensor([0.0, 0.5, 1.0]), pose)
    top = model.lbs_weights * (model.lbs_weights >= model.lbs_weights.topk(4, dim=1).values[:, -1:])
    return Avatar(mesh, body.joints, top / top.sum(dim=1, keepdim=True), clips=(clip,))


def test_nodes_turned_as_the_channels_say_pose_the_vertices_as_we_do():
    avatar = avatar_of(small_model(correctives=False))
    scene = gltf.decode(gltf.encode(scene_of(avatar)))
    (animation,) = scene.animations
    assert animation.name == "wild"
    nodes = list(scene.nodes)
    for channel in animation.channels:
        given = {channel.path: tuple(float(x) for x in channel.values[1])}
        nodes[channel.node] = gltf.Node(**{**vars(nodes[channel.node]), **given})
    (placed,) = gltf.world_primitives(gltf.Scene(**{**vars(scene), "nodes": tuple(nodes)}))
    second = Pose(**{name: values[1] for name, values in vars(avatar.clips[0].pose).items()})
    assert np.abs(placed.vertices - avatar.posed(second).numpy()).max() < 1e-4


def test_a_joint_that_a_clip_leaves_alone_has_no_channel():
    avatar = avatar_of(small_model(correctives=False))
    still = Pose.rest(2).turned({"left_knee": (0.5, 0, 0)})
    quiet = Avatar(avatar.mesh, avatar.joints, avatar.lbs_weights, clips=(Clip("kick", torch.tensor([0.0, 1]), still),))
    channels = scene_of(quiet).animations[0].channels
    assert [(c.node, c.path) for c in channels] == [(0, "translation"), (JOINT_NAMES.index("left_knee"), "rotation")]


def test_each_suffix_is_written_in_its_own_words(tmp_path):
    model = files.read_body_model("builtin")
    avatar = avatar_of(model)
    low = avatar.mesh.vertices.new_tensor([0.0, float(avatar.mesh.vertices[:, 1].min()), 0.0])
    mesh = replace(avatar.mesh, vertices=avatar.mesh.vertices - low)
    avatar = replace(avatar, mesh=mesh, joints=avatar.joints - low)
    for name in ("a.glb", "a.vrm"):
        files.write_avatar(tmp_path / name, avatar, model)
        content = (tmp_path / name).read_bytes()
        document = json.loads(content[20 : 20 + struct.unpack("<I", content[12:16])[0]])
        assert ("VRMC_vrm" in document.get("extensions", {})) == (name == "a.vrm")
        assert ("animations" in document) == (name == "a.glb")
        assert document["asset"]["extras"]["body_model_licence"] == model.licence
        assert document["nodes"][0]["name"] == "hips"
    with pytest.raises(QualityGate, match="VRM"):
        files.write_avatar(tmp_path / "b.vrm", replace(avatar, joints=avatar.joints[:, [1, 0, 2]]), model)
    with pytest.raises(UsageError, match="fbx"):
        files.write_avatar(tmp_path / "a.fbx", avatar, model)


@pytest.mark.parametrize("relief", [True, False])
def test_tangents_are_there_where_a_normal_map_asks_for_them(relief):
    avatar = avatar_of(small_model(correctives=False))
    uvs = torch.rand(len(avatar.mesh.faces), 3, 2, generator=torch.Generator().manual_seed(2))
    images = {"base_colour": torch.full((8, 8, 3), 128, dtype=torch.uint8)}
    images |= {"normal": images["base_colour"]} if relief else {}
    up = torch.tensor([0.0, 1, 0]).expand(60, 3)
    mesh = Mesh(avatar.mesh.vertices, avatar.mesh.faces, {"normals": up}, uvs, images)
    part = scene_of(replace(avatar, mesh=mesh)).meshes[0].primitives[0]
    assert (part.tangents is not None) == relief
    assert len(part.vertices) == len(part.weights) == len(part.joints)
