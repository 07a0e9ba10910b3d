"""What is evaluated: a mesh, or the mesh of a rigged avatar in the pose of its photo, and its rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import bones, gltf, joint_names
from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS
from avatarkit.errors import BadData, InputMissing, NotInstalled
from avatarkit.files.meshes import MESH_SUFFIXES, mesh_of, read_mesh
from avatarkit.files.reading import naming, read_bytes
from avatarkit.gltf import Scene
from avatarkit.mesh import Mesh, welded
from avatarkit.progress import log

POSE = "pose"
"""What `rig --keep-pose` calls the animation of one frame in which the avatar stands as its photo."""
MESHES = ("avatar", "textured", "refined", "carved", "truth")
"""What a person's mesh is called, the most finished first."""
UNRIGGED = ("textured.glb", "refined.glb", "carved.glb")
JOINED = 1e-4
"""Metres within which corners of one vertex lie."""


@dataclass(frozen=True, eq=False)
class Result:
    """The surface that is compared, its vertices joined across cuts of UVs; which one it is, in words; its rig."""

    mesh: Mesh
    told: str
    avatar: Avatar | None = None
    pelvis: Tensor | None = None
    """(3) where the pelvis stands in the mesh, if it was posed by an animation"""


def read_result(path: Path) -> Result:
    """A mesh as it lies; of a rigged avatar the mesh in its animation POSE, or else the un-rigged mesh beside it, or
    else the mesh at rest, with a warning. Raises InputMissing, BadData."""
    scene = _scene(path)
    avatar = None if scene is None else _avatar(scene)
    if scene is None or avatar is None:
        return Result(joined(read_mesh(path)), "the mesh as it lies")
    found = next((animation for animation in scene.animations if animation.name == POSE), None)
    if found is not None:
        with naming(path):
            still = gltf.posed(scene, found, 0.0)
            world = gltf.world_from_nodes(still)
            pelvis = torch.from_numpy(world[_places(scene)["pelvis"], :3, 3]).float()
            return Result(joined(mesh_of(still)), f"the avatar in its animation `{POSE}`", avatar, pelvis)
    beside = next((path.with_name(name) for name in UNRIGGED if path.with_name(name).is_file()), None)
    if beside is not None:
        told = f"the un-rigged {beside.name} beside it, as the avatar has no animation `{POSE}` (rig --keep-pose)"
        return Result(joined(read_mesh(beside)), told, avatar)
    log.warning("%s: has no animation `%s` and no %s beside it: compared at rest", path, POSE, ", ".join(UNRIGGED))
    return Result(joined(read_mesh(path)), "the avatar at rest, whatever the truth's pose", avatar)


def read_truth(path: Path) -> Mesh:
    """A mesh as it lies, an avatar in its animation POSE if it has one; vertices joined across cuts of UVs."""
    scene = _scene(path)
    still = None if scene is None else next((a for a in scene.animations if a.name == POSE), None)
    if scene is None or still is None:
        return joined(read_mesh(path))
    with naming(path):
        return joined(mesh_of(gltf.posed(scene, still, 0.0)))


def read_people(folder: Path) -> list[tuple[str, Mesh]]:
    """One mesh a person: of each folder in it the most finished, and each mesh that lies in it; with their names.

    Meshes are as they lie, avatars in their animation POSE, else at rest. Raises InputMissing without any.
    """
    if not folder.is_dir():
        raise InputMissing(f"{folder}: no such folder, expected one of people: a mesh or a folder each")
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in MESH_SUFFIXES]
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = [p for p in sorted(person.iterdir()) if p.is_file() and p.suffix.lower() in MESH_SUFFIXES]
        usual = [p for name in MESHES for p in found if p.stem == name]
        paths += (usual or found)[:1]
    if not paths:
        raise InputMissing(f"{folder}: found no mesh, expected {', '.join(MESH_SUFFIXES)}, or folders with one each")
    return [(path.relative_to(folder).as_posix(), read_truth(path)) for path in paths]


def read_inception(path: Path) -> Any:
    """An Inception network as TorchScript, which takes (N,3,299,299) uint8 and `return_features=True`.

    Raises InputMissing, BadData.
    """
    if not path.is_file():
        raise InputMissing(f"--inception {path}: no such file, expected TorchScript, as inception-2015-12-05.pt")
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except RuntimeError as error:
        raise BadData(f"{path}: {str(error).splitlines()[0][:120]}: expected TorchScript") from None


def read_encoder() -> Any:
    """The encoder that comes with avatarkit."""
    from safetensors.torch import load

    from avatarkit.encoder import Encoder
    from avatarkit.files.places import ENCODER

    if not ENCODER.is_file():
        raise NotInstalled(f"{ENCODER}: not there: run python benchmarks/encoder.py --write {ENCODER}")
    network = Encoder()
    network.load_state_dict({name: value.float() for name, value in load(ENCODER.read_bytes()).items()}, strict=False)
    return network.eval()


def joined(mesh: Mesh) -> Mesh:
    """The mesh with each vertex once, and UVs a corner: by `_VERTEX` where it is true, else by place."""
    named = mesh.attributes.get("_VERTEX")
    whole, place = welded(mesh)
    if named is not None and float((whole.vertices[place] - mesh.vertices).abs().max()) > JOINED:
        rest = {name: values for name, values in mesh.attributes.items() if name != "_VERTEX"}
        whole, place = welded(replace(mesh, attributes=rest))
    return replace(whole, uvs=mesh.uvs, images=mesh.images)


def _scene(path: Path) -> Scene | None:
    """The scene of a glTF file, None for any other."""
    if path.suffix.lower() not in (".glb", ".gltf", ".vrm"):
        return None
    with naming(path):
        return gltf.decode(read_bytes(path))


def _places(scene: Scene) -> dict[str, int]:
    """SMPL-X's joints → the nodes of the first skin; BadData where limbs are not found."""
    nodes = scene.skins[0].joints
    names = [scene.nodes[node].name for node in nodes]
    own = bones.joint_places(names)
    if len(own) < 22:
        above: dict[int | None, int] = {node: k for k, node in enumerate(nodes)}
        parents = [above.get(scene.nodes[node].parent, -1) for node in nodes]
        own = joint_names.matched(names, parents)
    return {joint: nodes[k] for joint, k in own.items()}


def _avatar(scene: Scene) -> Avatar | None:
    """The skinned parts at rest, on SMPL-X's joints; a joint that these have not gives its weights to the next above
    that they have. None without a skin whose limbs are found."""
    shown = [
        node for node in scene.nodes for _ in (scene.meshes[node.mesh].primitives if node.mesh is not None else ())
    ]
    parts = [
        (node.skin, primitive)
        for node, primitive in zip(shown, gltf.world_primitives(scene), strict=True)
        if node.skin is not None and primitive.joints is not None and primitive.weights is not None
    ]
    if not parts:
        return None
    try:
        places = _places(scene)
    except BadData as error:
        log.warning("the rig is not judged: %s", error)
        return None
    world = torch.from_numpy(gltf.world_from_nodes(scene)[:, :3, 3]).float()
    joints = torch.zeros(len(JOINT_NAMES), 3)
    for k, name in enumerate(JOINT_NAMES):
        joints[k] = world[places[name]] if name in places else joints[max(PARENTS[k], 0)]
    ours = _ours(scene, places)
    vertices, faces, weights, V = [], [], [], 0
    for skin, primitive in parts:
        vertices.append(torch.from_numpy(primitive.vertices))
        faces.append(torch.from_numpy(primitive.faces.astype(np.int64)) + V)
        weights.append(_weights(scene.skins[skin].joints, primitive, ours))
        V += len(primitive.vertices)
    return Avatar(Mesh(torch.cat(vertices), torch.cat(faces)), joints, torch.cat(weights))


def _ours(scene: Scene, places: dict[str, int]) -> list[int]:
    """For each node the joint of SMPL-X that moves what hangs on it."""
    known = {node: JOINT_INDEX[name] for name, node in places.items()}
    found = []
    for node in range(len(scene.nodes)):
        above: int | None = node
        while above is not None and above not in known:
            above = scene.nodes[above].parent
        found.append(0 if above is None else known[above])
    return found


def _weights(joints: tuple[int, ...], primitive: gltf.Primitive, ours: list[int]) -> Tensor:
    """(V,55)"""
    assert primitive.joints is not None and primitive.weights is not None
    named = torch.tensor([ours[node] for node in joints])[torch.from_numpy(primitive.joints.astype(np.int64))]
    found = torch.zeros(len(primitive.vertices), len(JOINT_NAMES))
    return found.scatter_add(1, named, torch.from_numpy(primitive.weights))
