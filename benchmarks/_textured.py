"""Dressed people whose colours are known, photographed without light; and how near a texture of them comes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import appearance, people, texturing
from avatarkit import camera as cameras
from avatarkit.appearance.mapping import mapped
from avatarkit.atlas import Atlas, padded, texels
from avatarkit.body import BodyModel
from avatarkit.camera import Camera
from avatarkit.fidelity import eroded, psnr, ssim, unlit
from avatarkit.maps import Maps, View
from avatarkit.mesh import Mesh
from avatarkit.people import Synthetic
from avatarkit.person import Person

SIDE, PHOTO, TEXTURE = 512, 1024, 2048
YAWS = (0, 45, -45, 90, -90, 180)
ASIDE = 40.0
Row = dict[str, float]


@dataclass(frozen=True, eq=False)
class Case:
    """One person: the true mesh with UVs of its own, the person with a photo from the front, true maps and views."""

    found: Synthetic
    mesh: Mesh
    person: Person
    maps: Maps
    views: dict[int, tuple[Camera, Tensor, Tensor]]
    """by yaw: camera, albedo (SIDE,SIDE,3) and mask (SIDE,SIDE) bool"""
    caption: str
    aside: Person
    """the same with a photo from ASIDE degrees"""


def cases(model: BodyModel, seed: int, count: int) -> Iterator[Case]:
    """People 0 … count - 1 of a seed, in garments that nothing was tuned on."""
    for index in range(count):
        found = people.met(model, seed=seed, index=index, heldout=True)
        vertices = found.looks.mesh.vertices
        person, aside = (photographed(found, yaw) for yaw in (0.0, ASIDE))
        small = cameras.resized(person.camera, (SIDE, SIDE))
        maps = mapped(found.looks, found.dressed, [View(small), View(small, "farthest")])
        around = {yaw: cameras.framing(vertices, (SIDE, SIDE), yaw=float(yaw)) for yaw in YAWS}
        shots = mapped(found.looks, found.dressed, [View(view) for view in around.values()])
        views = {}
        for k, (yaw, view) in enumerate(around.items()):
            colours = torch.from_numpy(shots.albedo[k, ..., :3])  # type: ignore[index]
            views[yaw] = (view, colours, eroded(torch.from_numpy(shots.normals[k, ..., 3]) > 0.5, 2))
        yield Case(found, laid_out(found), person, maps, views, found.caption, aside)


def photographed(found: Synthetic, yaw: float) -> Person:
    """The person with a photo without light: the albedo."""
    camera = cameras.framing(found.looks.mesh.vertices, (PHOTO, PHOTO), kind="perspective", fov=25.0, yaw=yaw)
    taken = mapped(found.looks, found.dressed, [View(camera)])
    crop = np.rint(255 * np.clip(taken.albedo[0], 0, 1)).astype(np.uint8)  # type: ignore[index]
    crop[..., 3] = np.rint(255 * taken.normals[0, ..., 3])
    return replace(found.person, camera=camera, crop=crop, crop_offset=(0, 0))


def laid_out(found: Synthetic) -> Mesh:
    """The dressed mesh, the UVs of its pieces in a grid; what has none gets a small square for two faces."""
    pieces = found.dressed.pieces
    n = math.ceil(math.sqrt(len(pieces)))
    uvs = []
    for k, piece in enumerate(pieces):
        own = piece.mesh.uvs if piece.mesh.uvs is not None else squares(len(piece.mesh.faces))
        uvs.append((0.005 + 0.99 * own + torch.tensor([k % n, k // n])) / n)
    mesh = found.looks.mesh
    return Mesh(mesh.vertices.detach().float(), mesh.faces, {}, torch.cat(uvs).float())


def squares(F: int) -> Tensor:
    """(F,3,2): two faces a square, side by side."""
    n = math.ceil(math.sqrt(-(-F // 2)))
    k = torch.arange(F) // 2
    corner = torch.stack([k % n, k // n], dim=1)[:, None].float()
    even, odd = torch.tensor([[0.1, 0.1], [0.8, 0.1], [0.1, 0.8]]), torch.tensor([[0.9, 0.9], [0.2, 0.9], [0.9, 0.2]])
    return (corner + torch.where((torch.arange(F) % 2 == 0)[:, None, None], even, odd)) / n


def baked(case: Case, size: int) -> Tensor:
    """The truth in the mesh's own UVs (size,size,3) uint8: what no method can beat."""
    faces = np.arange(len(case.mesh.faces))
    return torch.from_numpy(appearance.baked(case.found.looks, faces, case.mesh.uvs, size))


def compared(case: Case, mesh: Mesh) -> Row:
    """PSNR and SSIM at each yaw, the two sides' mean taken, and in the photo's own view."""
    found: dict[int, list[tuple[float, float]]] = {}
    for yaw, (camera, truth, mask) in case.views.items():
        image = unlit(mesh, camera)
        found.setdefault(abs(yaw), []).append((float(psnr(image, truth, mask)), float(ssim(image, truth, mask))))
    row: dict[str, Any] = {}
    for yaw, both in found.items():
        row[f"psnr_{yaw}"], row[f"ssim_{yaw}"] = (float(np.mean(values)) for values in zip(*both, strict=True))
    photo = torch.from_numpy(case.person.crop).float() / 255
    image, mask = unlit(mesh, case.person.camera), eroded(photo[..., 3] > 0.5, 2)
    row["psnr_photo"], row["ssim_photo"] = (float(f(image, photo[..., :3], mask)) for f in (psnr, ssim))
    return row


def painted_truth(
    case: Case, model: BodyModel, sights: list[Any], *, size: int = TEXTURE, symmetry: bool = False,
    aside: bool = False, optimising: bool = True,
) -> Mesh:  # fmt: skip
    """The true mesh, painted with what the sights show, of the photo from the front or from `aside`."""
    person = case.aside if aside else case.person
    atlas = Atlas(case.mesh, torch.zeros(len(case.mesh.faces), dtype=torch.int64), ("all",))
    sheet = texels(atlas, size)
    there = (sheet.face >= 0).nonzero(as_tuple=True)
    places = texturing.Places(case.mesh, sheet.face[there], sheet.barycentric[there].float())
    colours, found = texturing.coloured(places, model, person, sights, symmetry=symmetry)
    image, source = torch.zeros(size, size, 3), torch.zeros(size, size, dtype=torch.uint8)
    image[there], source[there] = colours, found
    image = padded(image, sheet, 8)
    if optimising:
        image = padded(texturing.optimised(image, source, case.mesh, sights), sheet, 8)
    return replace(case.mesh, images={"base_colour": (255 * image).round().clamp(0, 255).to(torch.uint8)})
