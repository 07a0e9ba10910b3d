"""Avatars out: a rigged mesh as a glTF scene, and as what each program takes; and back, in a pose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from avatarkit import bones, gltf, provenance, usd, vrm
from avatarkit.atomic import write_bytes
from avatarkit.avatar import Avatar, Played
from avatarkit.body import JOINT_NAMES, PARENTS, BodyModel
from avatarkit.clips import Clip
from avatarkit.errors import QualityGate, UsageError
from avatarkit.files.meshes import imprinted, material_of, mesh_of, primitive_of
from avatarkit.files.reading import naming, read_bytes
from avatarkit.gltf import Scene, skeleton
from avatarkit.rotation import quaternion_from_rotation
from avatarkit.tangents import with_tangents

STILL = 1e-6
"""Radians, about, within which a joint of a clip does not turn at all."""


def write_avatar(path: Path, avatar: Avatar, model: BodyModel, *, profile: str = "vrm", influences: int = 4) -> None:
    """Write .glb, .vrm (VRM 1.0, as restrictive as it can be) or .usdz, its joints named as `profile` says.

    What it was made from, and the licences of all models, go into the file. Raises NotInstalled for .usdz without the
    extra `usd`.
    """
    scene = scene_of(avatar, profile=profile, influences=influences)
    scene = imprinted(replace(scene, extras={"body_model": model.name, "body_model_licence": model.licence}))
    suffix = path.suffix.lower()
    if suffix == ".glb":
        write_bytes(path, gltf.encode(scene))
    elif suffix == ".vrm":
        scene = vrm.with_vrm(scene, meta=vrm.Meta("person", ("unknown",), third_party_licenses=_licences(model)))
        if found := vrm.faults(scene):
            raise QualityGate(f"VRM: {found[0]}: write .glb, or mend the body that the mesh was bound to")
        write_bytes(path, gltf.encode(scene))
    elif suffix == ".usdz":
        write_bytes(path, usd.usdz(scene))
    else:
        raise UsageError(f"{path}: cannot write an avatar as {suffix or 'a file without suffix'}, use .glb")


def _licences(model: BodyModel) -> str:
    behind = provenance.from_json(provenance.here()).models
    lines = {f"body model {model.name}: {model.licence}"}
    lines |= {f"model {found.name}: {found.licence}" for found in behind if found.name != model.name}
    return "\n".join(sorted(lines))


def scene_of(avatar: Avatar, *, profile: str = "smplx", influences: int = 4) -> Scene:
    """The avatar as a scene: 55 nodes of joints from place 0 on, then the mesh's own."""
    mesh = avatar.mesh
    primitive = primitive_of(mesh.having(_own=mesh.vertices.new_tensor(np.arange(len(mesh.vertices)))))
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
    nodes, skin = skeleton(bones.renamed(JOINT_NAMES, profile), PARENTS, avatar.joints.cpu().numpy())
    material, images = material_of(mesh)
    primitive = with_tangents(primitive) if material.normal_image is not None else primitive
    return Scene(
        meshes=(gltf.Mesh((replace(primitive, material=0 if images else None),), morph_names=avatar.morph_names),),
        nodes=(*nodes, gltf.Node("person", mesh=0, skin=0)),
        skins=(skin,),
        materials=(material,) if images else (),
        images=images,
        animations=tuple(gltf.Animation(tuple(_channels(avatar, clip)), clip.name) for clip in avatar.clips),
    )


def read_played(path: Path, moments: Mapping[str, float]) -> Played:
    """A .glb or .vrm at rest, and in each clip of `moments` that it has, at that share of its length.

    A mesh in a pose has the faces and pictures of the one at rest. Raises InputMissing, BadData.
    """
    content = read_bytes(path)
    with naming(path):
        scene = gltf.decode(content)
        rest = mesh_of(scene)
        found = {"rest": rest}
        lengths = {clip.name: max(float(c.times[-1]) for c in clip.channels) for clip in scene.animations}
        for clip in scene.animations:
            if clip.name in moments:
                placed = gltf.world_primitives(gltf.posed(scene, clip, moments[clip.name] * lengths[clip.name]))
                vertices = np.concatenate([primitive.vertices for primitive in placed])
                found[clip.name] = replace(rest, vertices=torch.from_numpy(vertices))
        joints = max((len(skin.joints) for skin in scene.skins), default=0)
        shapes = tuple(dict.fromkeys(name for mesh in scene.meshes for name in mesh.morph_names))
        return Played(found, joints, shapes, lengths)


def _channels(avatar: Avatar, clip: Clip) -> Iterator[gltf.Channel]:
    """The pelvis's place, and the turns of every joint that a clip turns."""
    times = _floats(clip.times)
    yield gltf.Channel(0, "translation", times, _floats(avatar.joints[0] + clip.pose.transl))
    turns = quaternion_from_rotation(avatar.turns(clip.pose))
    for joint in range(len(JOINT_NAMES)):
        values = turns[:, joint].clone()
        for k in range(1, len(values)):  # the shorter way from each to the next
            values[k] *= 1.0 if float((values[k] * values[k - 1]).sum()) >= 0 else -1.0
        if float(values[:, :3].abs().max()) > STILL:
            yield gltf.Channel(joint, "rotation", times, _floats(values))


def _floats(values: Tensor) -> np.ndarray:
    found: np.ndarray = values.detach().cpu().numpy().astype(np.float32)
    return found
