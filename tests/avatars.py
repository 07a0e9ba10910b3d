"""An avatar made of the built-in body alone: what the exporters and their clients are tried with."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

import avatarkit.body
from avatarkit import gltf, mesh, npz
from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS, BodyModel
from avatarkit.picture import encode_png, palette, srgb_from_linear
from avatarkit.tangents import with_tangents

BUILTIN = Path(avatarkit.body.__file__).with_name("builtin.npz")
MESH, FIRST_JOINT = 0, 1
EVERY_PART_OF_A_FACE = np.array([(i, j, 12 - i - j) for i in range(13) for j in range(13 - i)]) / 12


@lru_cache
def builtin() -> BodyModel:
    if not BUILTIN.exists():
        pytest.skip("SKIPPED: avatarkit/body/builtin.npz is not there: make body")
    return BodyModel.from_arrays(npz.decode(BUILTIN.read_bytes()), sha256="0" * 64)


@lru_cache
def avatar(influences: int = 4) -> gltf.Scene:
    """The body in its T-pose, soles on the ground, with 52 morphs, a texture of its parts and a clip that waves."""
    model = builtin()
    up = -model.v_template[:, 1].min()
    lifted = torch.stack([torch.zeros(()), up, torch.zeros(())])
    uvs = (model.uv * torch.tensor([1, -1]) + torch.tensor([0, 1]))[model.uv_faces]
    kept, faces, uv = mesh.split_at_seams(model.faces, uvs)
    weights, joints = model.lbs_weights[kept].topk(influences, dim=1)
    primitive = gltf.Primitive(
        (model.v_template + lifted)[kept].numpy(),
        faces.numpy(),
        mesh.vertex_normals(model.v_template, model.faces)[kept].numpy(),
        uv.numpy(),
        joints=np.where(weights > 0, joints, 0).astype(np.uint16),
        weights=(weights / weights.sum(1, keepdim=True)).numpy(),
        morphs=model.exprdirs[kept].permute(2, 0, 1).numpy().copy(),
        material=0,
    )
    bones, skin = gltf.skeleton(JOINT_NAMES, PARENTS, (model.joint_template + lifted).numpy(), first=FIRST_JOINT)
    return gltf.Scene(
        meshes=(gltf.Mesh((primitive,), "body", model.expression_names),),
        nodes=(gltf.Node("body", mesh=0, skin=0), *bones),
        skins=(skin,),
        materials=(gltf.Material("skin", base_color_image=0, roughness=0.8),),
        images=(gltf.Image(encode_png(painted_parts(uvs.numpy(), model.face_part.numpy())), "base_colour"),),
        animations=(wave(model.expression_names),),
        copyright=model.licence,
    )


def painted_parts(uvs: np.ndarray, part: np.ndarray, size: int = 512) -> np.ndarray:
    """(size, size, 3) uint8: each face in its part's colour, so that a picture upside down is seen at once."""
    places = (EVERY_PART_OF_A_FACE @ uvs * size).astype(int).clip(0, size - 1)  # (F, K, 2)
    image = np.full((size, size, 3), 200, np.uint8)
    image[places[..., 1], places[..., 0]] = srgb_from_linear(palette(part))[:, None]
    return image


def wave(expressions: tuple[str, ...]) -> gltf.Animation:
    """One second: the left arm goes down by 60° and up again, with a smile on the way."""
    times = np.array([0, 0.5, 1], np.float32)
    turn, smile = np.zeros((3, 4), np.float32), np.zeros((3, len(expressions)), np.float32)
    turn[:, 3], turn[1] = 1, (0, 0, -0.5, np.sqrt(0.75))
    smile[1, [name.startswith("mouthSmile") for name in expressions]] = 1
    arm = gltf.Channel(FIRST_JOINT + JOINT_INDEX["left_shoulder"], "rotation", times, turn)
    return gltf.Animation((arm, gltf.Channel(MESH, "weights", times, smile)), "wave")


def embossed(scene: gltf.Scene) -> gltf.Scene:
    """The scene with a normal map, which does nothing, and the tangents that one asks for."""
    flat = encode_png(np.full((8, 8, 3), (128, 128, 255), np.uint8))
    (mesh,), (material,) = scene.meshes, scene.materials
    return replace(
        scene,
        meshes=(replace(mesh, primitives=(with_tangents(mesh.primitives[0]),)),),
        materials=(replace(material, normal_image=len(scene.images)),),
        images=(*scene.images, gltf.Image(flat, "normal")),
    )
