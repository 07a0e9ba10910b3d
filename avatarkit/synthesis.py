"""A synthetic person as files tell of one: photo, maps, and the true mesh with its texture, labels and skin weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import appearance, gltf, people
from avatarkit import camera as cameras
from avatarkit.appearance import Looks
from avatarkit.appearance.mapping import labels_of, mapped
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import BodyModel
from avatarkit.gltf import Scene
from avatarkit.maps import Maps, View
from avatarkit.mesh import split_at_seams, vertex_normals
from avatarkit.people import Synthetic
from avatarkit.person import Person
from avatarkit.picture import encode_png, linear_from_srgb
from avatarkit.tailor.piece import PANEL, Piece
from avatarkit.wardrobe import Wardrobe
from avatarkit.words import Description


@dataclass(frozen=True, eq=False)
class Truth:
    """All that is known of one synthetic person; `person` has the photo's camera, and so have the maps."""

    person: Person
    caption: str
    maps: Maps
    scene: Scene
    photo: NDArray[np.uint8] | None
    """(S,S,3) sRGB"""
    mask: NDArray[np.uint8] | None
    """(S,S)"""


def synthesised(
    model: BodyModel,
    *,
    seed: int,
    index: int,
    prompt: Description | None = None,
    heldout: bool = False,
    wardrobe: Wardrobe | None = None,
    preset: str = "full",
    size: int = 512,
    texture: int = 1024,
    photo: bool = True,
) -> Truth:
    """Person `index` of the run `seed`, the same whatever else is made.

    Maps and photo are `size` pixels square; of a photo the camera is a perspective one from about the front, else it is
    orthographic. `texture`: pixels of each piece's texture.
    """
    found = people.met(model, seed=seed, index=index, prompt=prompt, heldout=heldout, wardrobe=wardrobe, preset=preset)
    generator = np.random.default_rng([seed, index, 1])
    vertices = found.looks.mesh.vertices
    camera = viewpoint(vertices, generator, size) if photo else cameras.framing(vertices, (size, size))
    maps = mapped(found.looks, found.dressed, [View(camera), View(camera, "farthest")])
    taken = appearance.photograph(found.looks, camera, generator) if photo else None
    return Truth(
        replace(found.person, camera=camera),
        found.caption,
        maps,
        scene_of(model, found, texture),
        None if taken is None else taken.image,
        None if taken is None else taken.mask,
    )


def scene_of(model: BodyModel, found: Synthetic, texture: int) -> Scene:
    """The dressed person as glTF: one primitive a piece, with its texture (vertex colours where a piece has no texture
    coordinates), `_PART` labels of maps.PARTS, and the true skin weights on the posed skeleton."""
    pieces, labels = found.dressed.pieces, labels_of(found.dressed)
    starts = np.cumsum([0, *(len(piece.panel) for piece in pieces)])
    images: list[gltf.Image] = []
    materials: list[gltf.Material] = []
    primitives: list[gltf.Primitive] = []
    for first, piece in zip(starts[:-1], pieces, strict=True):
        for name, kept, part in _textured(piece):
            faces = first + kept
            primitives.append(_primitive(part, found.looks, faces, labels[faces], material=len(materials)))
            uvs = part.mesh.uvs
            if uvs is not None:
                images.append(gltf.Image(encode_png(appearance.baked(found.looks, faces, uvs, texture)), name))
            image = None if uvs is None else len(images) - 1
            materials.append(gltf.Material(name, base_color_image=image, roughness=0.8, double_sided=True))
    posed = model.shaped(found.person.betas, found.person.expression).posed(found.person.pose)
    nodes, skin = gltf.skeleton(model.joint_names, model.parents, posed.joints.double().numpy(), first=1)
    person = gltf.Node("person", mesh=0, skin=0)
    mesh = gltf.Mesh(tuple(primitives), "person")
    extras = {"caption": found.caption, "body_model": model.name, "licence": model.licence}
    return Scene((mesh,), (person, *nodes), (skin,), tuple(materials), tuple(images), extras=extras)


def _textured(piece: Piece) -> Iterator[tuple[str, NDArray[np.int64], Piece]]:
    """What has a texture of its own: its name, which faces (K) of the piece, and these alone. The eyes, a few texels of
    the skin's, get one that shows their irises: seen from the front, side by side."""
    eyes = piece.panel == PANEL["eye"]
    if piece.slot != "skin" or piece.mesh.uvs is None or not bool(eyes.any()):
        yield piece.slot, np.arange(len(piece.panel)), piece
        return
    corners = piece.rest[piece.mesh.faces]
    left, uvs = corners.mean(dim=1)[:, 0] > 0, piece.mesh.uvs.clone()
    for side, start in ((left & eyes, 0.0), (~left & eyes, 0.5)):
        flat = corners[side][..., :2]
        low, high = flat.amin(dim=(0, 1)), flat.amax(dim=(0, 1))
        across, up = ((flat - low) / (high - low)).unbind(dim=-1)
        uvs[side] = torch.stack([start + 0.01 + 0.48 * across, 0.99 - 0.98 * up], dim=-1)
    for name, keep in (("skin", ~eyes), ("eyes", eyes)):
        mesh = replace(piece.mesh, faces=piece.mesh.faces[keep], uvs=uvs[keep])
        yield name, keep.nonzero()[:, 0].numpy(), replace(piece, mesh=mesh, panel=piece.panel[keep])


def _primitive(
    piece: Piece, looks: Looks, faces: NDArray[np.int64], labels: NDArray[np.int64], *, material: int
) -> gltf.Primitive:
    mesh, uv, colours = piece.mesh, None, None
    if mesh.uvs is not None:
        kept, corners, split = split_at_seams(mesh.faces, mesh.uvs)
        uv = split.numpy()
    else:
        kept, corners = torch.arange(len(mesh.vertices)), mesh.faces
        colours = _vertex_colours(looks, faces, mesh.faces.numpy(), len(mesh.vertices))
    normals = vertex_normals(mesh.vertices, mesh.faces)[kept]
    normals[normals.norm(dim=1) < 0.5] = normals.new_tensor([0.0, 1.0, 0.0])  # glTF has no vertex without a normal
    strongest = piece.lbs_weights[kept].topk(4, dim=1)
    weights = strongest.values / strongest.values.sum(dim=1, keepdim=True)
    part = np.zeros(len(kept), np.uint16)  # Blender 5.0 does not open files with attributes of one byte
    part[corners.numpy()] = labels[:, None]
    return gltf.Primitive(
        mesh.vertices[kept].numpy(),
        corners.numpy(),
        normals=normals.numpy(),
        uv=uv,
        colors=colours,
        joints=strongest.indices.numpy().astype(np.uint16),
        weights=weights.numpy(),
        custom={"_PART": part},
        material=material,
    )


def _vertex_colours(looks: Looks, faces: NDArray[np.int64], corners: NDArray[np.int64], V: int) -> NDArray[np.float32]:
    """(V,4) linear RGBA: the albedo at each vertex, asked of one of its faces."""
    owner, corner = np.zeros(V, np.int64), np.zeros(V, np.int64)
    for k in range(3):
        owner[corners[:, k]], corner[corners[:, k]] = faces, k
    light = linear_from_srgb(appearance.albedo(looks, owner, np.eye(3)[corner]))
    return np.concatenate([light, np.ones((V, 1))], axis=1).astype(np.float32)
