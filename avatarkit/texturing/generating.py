"""Views of a mesh that an image model paints: what no picture shows, one view after another; or all of it, sharper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.camera import Camera
from avatarkit.mesh import Mesh
from avatarkit.places import Places
from avatarkit.surface import Surface
from avatarkit.texturing.projecting import Onlooker, together
from avatarkit.texturing.sights import GENERATED, REFINED, Sight, inner, ramp

Painter = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(picture (3,S,S), mask (S,S), normals (3,S,S) in view axes, depth (S,S)) → picture, as `diffusion.recoloured`."""
Side = Literal["nearest", "farthest"]
SIDES: tuple[Side, Side] = ("nearest", "farthest")
Redrawer = Callable[[Tensor, Tensor], Tensor]
"""(normals and coverage (2,4,S,S), colours (2,3,S,S)) → colours (2,3,S,S), of front and back."""
AROUND = (0.0, 180.0, 90.0, -90.0, 45.0, -45.0, 135.0, -135.0)
"""Yaws that are painted, in order, degrees."""
KEEP, NEW = 0.6, 0.15
"""How well a place is covered to be kept as it is, and how little to be painted wholly anew [TEXTure's trimap]."""
GREY = 0.5


def imagined(mesh: Mesh, sights: Sequence[Sight], surface: Surface, paint: Painter, *, size: int = 512) -> list[Sight]:
    """Sights around the mesh whose colours `paint` makes, each seeing what `sights` and those before it show: what is
    kept, refined and new in a view is a mask from 0 to 1."""
    made: list[Sight] = []
    known = [Onlooker.of(sight, mesh, surface) for sight in sights]
    for yaw in AROUND:
        camera = cameras.framing(mesh.vertices, (size, size), yaw=yaw)
        places, where, cover = pixels_of(mesh, camera)
        picture, covered = torch.full((3, size, size), GREY), torch.zeros(size, size)
        colours, shown = together(places, known)
        picture[:, where[0], where[1]] = (GREY + shown.clamp(max=KEEP)[:, None] / KEEP * (colours - GREY)).T
        covered[where] = shown
        mask = (1 - ramp(covered, NEW, KEEP)) * (cover > 0)
        found = paint(picture, mask, *_guides(mesh, camera))
        made.append(Sight(GENERATED, camera, found, mask * inner(cover, 1.0), mask=cover))
        known.append(Onlooker.of(made[-1], mesh, surface))
    return made


def refined(mesh: Mesh, drawn: Callable[[Camera], Tensor], paint: Painter, *, size: int = 512) -> list[Sight]:
    """Front and back of the painted mesh, as `drawn` (H,W,3) by a camera, sharpened by `paint` [Get3DHuman]."""
    made = []
    for yaw in (0.0, 180.0):
        camera = cameras.framing(mesh.vertices, (size, size), yaw=yaw)
        _, _, cover = pixels_of(mesh, camera)
        found = paint(drawn(camera).movedim(-1, 0), (cover > 0).float(), *_guides(mesh, camera))
        made.append(Sight(REFINED, camera, found, inner(cover, 1.0), mask=cover))
    return made


def redrawn(mesh: Mesh, drawn: Callable[[Camera, Side], Tensor], draw: Redrawer, *, size: int = 512) -> list[Sight]:
    """The nearest and the farthest surface of the painted mesh, as `drawn` (H,W,3) by a camera in front, drawn anew
    together by `draw`."""
    camera = cameras.framing(mesh.vertices, (size, size))
    layers: list[Tensor] = []
    for surface in SIDES:
        places, where, cover = pixels_of(mesh, camera, surface=surface)
        normals = torch.zeros(4, size, size)
        normals[:3, where[0], where[1]] = cameras.view_normals(camera, places.normals, surface).T
        normals[3] = cover
        layers.append(normals)
    found = draw(torch.stack(layers), torch.stack([drawn(camera, side).movedim(-1, 0) for side in SIDES]))
    return [
        Sight(REFINED, camera, colours, inner(layer[3], 1.0), surface, mask=layer[3])
        for colours, layer, surface in zip(found, layers, SIDES, strict=True)
    ]


def pixels_of(mesh: Mesh, camera: Camera, *, surface: Side = "nearest") -> tuple[Places, tuple[Tensor, ...], Tensor]:
    """The places that a camera's pixels show, their rows and columns, and the mesh's coverage (H,W)."""
    _, depth = cameras.project(camera, mesh.vertices)
    near = max(float(depth.min()) - 0.1, 0.01) if camera.kind == "perspective" else float(depth.min()) - 0.1
    clip_from_world = cameras.clip_from_world(camera, near, float(depth.max()) + 0.1)
    clip = (mesh.vertices @ clip_from_world[:, :3].T + clip_from_world[:, 3])[None]
    raster = render.rasterize(clip, mesh.faces, camera.size, surface=surface)[0]
    where = raster[..., 3].nonzero(as_tuple=True)
    at = raster[where]
    shares = torch.stack([at[:, 0], at[:, 1], 1 - at[:, 0] - at[:, 1]], dim=1)
    return Places(mesh, at[:, 3].long() - 1, shares), where, (raster[..., 3] > 0).float()


def _guides(mesh: Mesh, camera: Camera) -> tuple[Tensor, Tensor]:
    """Normals (3,H,W) in view axes, and depth (H,W): 1 at the nearest point, down to 0.2, and 0 behind."""
    places, where, _ = pixels_of(mesh, camera)
    W, H = camera.size
    normals, depth = torch.zeros(3, H, W), torch.zeros(H, W)
    normals[:, where[0], where[1]] = cameras.view_normals(camera, places.normals).T
    _, along = cameras.project(camera, places.points)
    depth[where] = 1 - 0.8 * (along - along.min()) / (along.max() - along.min()).clamp(min=1e-6)
    return normals, depth
