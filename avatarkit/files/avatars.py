"""Avatars out: a rigged mesh as a glTF scene, with bones in the words of the program that is to open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from avatarkit import gltf
from avatarkit.atomic import write_bytes
from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_NAMES, PARENTS
from avatarkit.files.meshes import material_of, primitive_of
from avatarkit.gltf import Scene, skeleton


def write_avatar(path: Path, avatar: Avatar, *, names: Sequence[str] = JOINT_NAMES, influences: int = 4) -> None:
    """Write the avatar as .glb, its joints called by `names` (55)."""
    write_bytes(path, gltf.encode(scene_of(avatar, names=names, influences=influences)))


def scene_of(avatar: Avatar, *, names: Sequence[str] = JOINT_NAMES, influences: int = 4) -> Scene:
    """The avatar as a scene: 55 nodes of joints from place 0 on, then the mesh's own."""
    mesh = avatar.mesh
    order = np.arange(len(mesh.vertices), dtype=np.float32)
    primitive = primitive_of(mesh.having(_own=mesh.vertices.new_tensor(order)))
    own = primitive.custom["_own"].astype(np.int64)
    weights = avatar.lbs_weights.cpu().numpy()[own]
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :influences]
    primitive = replace(
        primitive,
        joints=joints.astype(np.uint16),
        weights=np.take_along_axis(weights, joints, 1).astype(np.float32),
        morphs=None if avatar.morphs is None else avatar.morphs.cpu().numpy()[:, own],
        custom={name: values for name, values in primitive.custom.items() if name != "_own"},
    )
    nodes, skin = skeleton(names, PARENTS, avatar.joints.cpu().numpy())
    material, images = material_of(mesh)
    return Scene(
        meshes=(gltf.Mesh((replace(primitive, material=0 if images else None),), morph_names=avatar.morph_names),),
        nodes=(*nodes, gltf.Node("person", mesh=0, skin=0)),
        skins=(skin,),
        materials=(material,) if images else (),
        images=images,
    )
