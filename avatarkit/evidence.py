"""What views say of a mesh: a normal for each face that they see, and where its contours should lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.camera import Camera
from avatarkit.errors import BadData
from avatarkit.maps import PARTS, Maps
from avatarkit.mesh import Edges, Mesh, face_normals, unit, vertex_normals
from avatarkit.outline import apart, matched, outline_of

Seen = Literal["nearest", "both"]

SKIN = ("skin", "eyes")
SAME_PLACE = 0.02
"""Metres between a face and what a view sees there, no more, for the view to see that face."""
FARTHEST = 0.04
"""Metres that an outline is drawn in one round."""
NEAR_SKIN = 0.002
"""The same for the body itself, of whose own skin labels are asked."""
FACING = 0.1
"""The least cosine between a face and the line of sight."""
SURE = 0.15
"""Radians between a face and the normal wanted of it at which that is half believed, once the mesh has settled: between
front and back stand walls that no view shows, and what would bridge one bends for nothing."""
OWN = 5.0
"""Pixels from a contour vertex to the outline drawn of the mesh, no more; others are contours before the body."""
HEM, LEVEL = 0.1, -0.9
"""The weight of an outline of a hem or sole, whose front and back lie above one another in the image; and the height of
the normals of faces that are level below."""
NO_TEMPLATE = 65535
"""The `template` of a vertex that no vertex of the body is."""


@dataclass(frozen=True, eq=False)
class Target:
    """One camera's maps: nearest, or nearest and farthest (L = 1, 2)."""

    camera: Camera
    normals: Tensor
    """(L,S,S,3) world, outward, unit or zero"""
    masks: Tensor
    """(L,S,S) 0 … 1"""
    outline: Tensor
    """(P,2) pixels, where the mask crosses 1/2"""
    outwards: Tensor
    """(P,2) unit, in the image"""
    names: tuple[str, ...]
    trust: Tensor
    """(L,S,S): how far the normals are to be trusted, 0 … 1"""
    labels: Tensor | None = None
    """(L,3,S,S): how much a pixel shows skin, anything else that is known, and of that a bag, 0 … 1"""


class Outline(NamedTuple):
    """Contour vertices (P) and planes g . x = t that they should lie in: g (P,3) unit, t (P) metres; weights (P)."""

    vertices: Tensor
    directions: Tensor
    places: Tensor
    weights: Tensor


@dataclass(frozen=True, eq=False)
class Evidence:
    """The unit normal (F,3) wanted of each face with its trust (F) 0 … 1, and outlines."""

    normals: Tensor
    trust: Tensor
    outlines: Sequence[Outline]


def targets_of(maps: Maps) -> list[Target]:
    """The maps as targets: a nearest and a farthest view of one camera together. Raises BadData for unusable ones."""
    if not bool(torch.isfinite(torch.from_numpy(maps.normals)).all()):
        raise BadData("normals.png: NaN or infinity in the maps, expected numbers")
    spelt = [str(cameras.to_json(view.camera)) for view in maps.views]
    near = {spelt[k]: k for k, view in enumerate(maps.views) if view.surface == "nearest"}
    far = {spelt[k]: k for k, view in enumerate(maps.views) if view.surface == "farthest"}
    if not near or far.keys() - near.keys():
        raise BadData("normals.png: a farthest view without the nearest one of its camera, expected both, or nearest")
    return [_target(maps, [k, far[spelling]] if spelling in far else [k]) for spelling, k in near.items()]


def _target(maps: Maps, indices: list[int]) -> Target:
    camera, S = maps.views[indices[0]].camera, maps.normals.shape[1]
    if camera.size != (S, S):
        raise BadData(
            f"normals.png: view {indices[0]} has {S} x {S} pixels, its camera {camera.size}: expected the same"
        )
    stored = torch.from_numpy(maps.normals[indices])
    masks = stored[..., 3] * (stored[..., :3].square().sum(dim=-1) > 0.25)
    if not bool((masks[0] > 0.5).any()):
        raise BadData(f"normals.png: view {indices[0]} is all background, expected a person")
    surfaces: tuple[cameras.Surface, ...] = ("nearest", "farthest")
    normals = torch.stack(
        [cameras.world_normals(camera, view[..., :3], surface) for view, surface in zip(stored, surfaces, strict=False)]
    )
    outline, outwards = outline_of(masks[0])
    trust = torch.ones_like(masks) if maps.labels is None else torch.from_numpy(maps.labels[indices][..., 1])
    names = tuple(str(k) for k in indices)
    return Target(camera, unit(normals), masks, outline, outwards, names, trust, _labels(maps, indices))


def _labels(maps: Maps, indices: list[int]) -> Tensor | None:
    if maps.labels is None:
        return None
    part, trust = torch.from_numpy(maps.labels[indices]).unbind(dim=-1)
    skin = torch.isin(part, torch.tensor([float(PARTS.index(name)) for name in SKIN]))
    return torch.stack([skin * trust, (~skin & (part > 0)) * trust, (part == PARTS.index("bag")) * trust], dim=1)


def observed(mesh: Mesh, joined: Edges, targets: Sequence[Target], *, settled: bool = False) -> Evidence:
    """What all targets say of the mesh as it lies now; `joined` are its edges.

    Of a mesh that has `settled`, faces that still differ much from what is wanted of them count less, and those
    of which views want different things.
    """
    turned = face_normals(mesh.vertices, mesh.faces)
    sums, trust, outlines = torch.zeros_like(turned), torch.zeros_like(turned[:, 0]), []
    for target in targets:
        depths, covered = _depths(mesh, target)
        facing = _facing(mesh, target.camera, turned)
        rim = _turning(joined, facing)
        for layer in range(len(depths)):
            normals, sure = _normals(mesh, target, layer, depths[layer], facing, rim)
            sums, trust = sums + sure[:, None] * normals, trust + sure
        outlines.append(_outlined(mesh, joined, target, covered, facing))
    agreed = torch.where(trust > 0, sums.norm(dim=1) / trust.clamp(min=1e-6), 1).clamp(
        max=1
    )  # cos of what views differ
    wanted, trust = unit(sums), torch.where(underside(mesh), 0.0, trust.clamp(max=1))
    if settled:
        # 2 - 2 cos is the angle squared; Geman and McClure's weight
        for cosine in ((wanted * turned).sum(dim=1), agreed):
            trust = trust / (1 + (2 - 2 * cosine) / SURE**2)
    return Evidence(wanted, trust, outlines)


def worn(mesh: Mesh, joined: Edges, targets: Sequence[Target], rounds: int = 3) -> tuple[Tensor, Tensor]:
    """(V), (V) 0 … 1: how much of what labels show around a vertex is skin, and how much is worn; both 0 where no view
    with labels sees it. `joined` are the mesh's edges."""
    turned = face_normals(mesh.vertices, mesh.faces)
    sums = torch.zeros(len(mesh.vertices), 3)
    for target in targets:
        depths, _ = _depths(mesh, target)
        facing = _facing(mesh, target.camera, turned)
        for layer in range(len(depths) if target.labels is not None else 0):
            pixels, along = cameras.project(target.camera, mesh.vertices[mesh.faces].mean(dim=1))
            found = sampled(torch.cat([target.labels[layer, :2], depths[layer][None]]), pixels)  # type: ignore[index]
            front = facing if layer == 0 else -facing
            shown = (front > FACING) & ((found[:, 2] - along).abs() < NEAR_SKIN)
            told = shown[:, None] * torch.cat([found[:, :2], torch.ones(len(found), 1)], dim=1)
            sums.index_add_(0, mesh.faces.reshape(-1), told.repeat_interleave(3, dim=0))
    a, b = joined.vertices.unbind(1)
    for _ in range(rounds):
        sums = sums + torch.zeros_like(sums).index_add(0, a, sums[b]).index_add(0, b, sums[a]) / 6
    skin, other = (sums[:, :2] / sums[:, 2:].clamp(min=1e-6)).unbind(1)
    return skin, other


def underside(mesh: Mesh) -> Tensor:
    """(F) bool: faces that close a skirt below, where there is no cloth: no view knows of them."""
    new = (mesh.attributes["template"] == NO_TEMPLATE)[mesh.faces].all(dim=1)
    return new & (face_normals(mesh.attributes["home"], mesh.faces)[:, 1] < LEVEL)


def _depths(mesh: Mesh, target: Target) -> tuple[Tensor, Tensor]:
    """(L,H,W) metres that the camera sees, far where nothing is; and coverage (H,W)."""
    surface: Seen = "both" if len(target.masks) == 2 else "nearest"
    _, along = cameras.project(target.camera, mesh.vertices)
    image, coverage = render.render(
        mesh.vertices, mesh.faces, [target.camera], along[:, None].contiguous(), surface=surface
    )
    shape = target.masks.shape
    image, coverage = image.reshape(shape), coverage.reshape(shape)
    return torch.where(coverage > 0.3, image / coverage.clamp(min=0.3), 1e3), coverage[0]


def _facing(mesh: Mesh, camera: Camera, normals: Tensor) -> Tensor:
    """(F): the cosine between a face's normal and the direction to the viewer."""
    return -(normals * _ahead(camera, mesh.vertices[mesh.faces].mean(dim=1))).sum(dim=1)


def _ahead(camera: Camera, points: Tensor) -> Tensor:
    """(P,3) unit: from the viewer to each point."""
    if camera.kind == "perspective":
        return unit(points - camera.position)
    return camera.cam_from_world[2, :3].expand_as(points)


def _turning(joined: Edges, facing: Tensor) -> Tensor:
    """(P): the vertices at which a mesh turns away from the viewer: its contours, also those before itself."""
    turning = (facing[joined.faces[:, 0]] > 0) != (facing[joined.faces[:, 1]] > 0)
    return torch.unique(joined.vertices[turning & (joined.faces >= 0).all(dim=1)])


def _normals(
    mesh: Mesh, target: Target, layer: int, depths: Tensor, facing: Tensor, rim: Tensor
) -> tuple[Tensor, Tensor]:
    """(F,3) unit and (F) 0 … 1: the normal wanted of each face, and how sure it is that the map means this face.

    It is the mean of the map at a face's corners. On a contour, `rim` (P), normals lie across the line of sight: so
    that a round limb is as deep as wide, while the map ends a pixel short of there.
    """
    camera, turned = target.camera, face_normals(mesh.vertices, mesh.faces)
    at_vertices = unit(sampled(target.normals[layer].permute(2, 0, 1), cameras.project(camera, mesh.vertices)[0]))
    at_vertices[rim] = _across(camera, mesh.vertices[rim], vertex_normals(mesh.vertices, mesh.faces)[rim])
    normals = unit(at_vertices[mesh.faces].sum(dim=1))
    pixels, along = cameras.project(camera, mesh.vertices[mesh.faces].mean(dim=1))
    mask, depth, trust = sampled(torch.stack([target.masks[layer], depths, target.trust[layer]]), pixels).unbind(1)
    facing = facing if layer == 0 else -facing
    shown = (facing > FACING) & ((depth - along).abs() < SAME_PLACE)
    covered = (2 * mask - 1).clamp(0, 1)
    agreeing = (normals * turned).sum(dim=1).clamp(min=0)  # a sleeve's edge says nothing of the side behind it
    return normals, shown * covered * trust * agreeing * (3 * facing).clamp(0, 1)


def _across(camera: Camera, points: Tensor, normals: Tensor) -> Tensor:
    """(P,3) unit: normals without their share along the line of sight to the points (P,3)."""
    ahead = _ahead(camera, points)
    return unit(normals - (normals * ahead).sum(dim=1, keepdim=True) * ahead)


def sampled(image: Tensor, pixels: Tensor) -> Tensor:
    """(P,C): `image` (C,H,W) at pixels (P,2), bilinear, beyond its borders as at them."""
    H, W = image.shape[-2:]
    grid = pixels / pixels.new_tensor([W, H]) * 2 - 1
    found = functional.grid_sample(image[None], grid[None, None], align_corners=False, padding_mode="border")
    return found[0, :, 0].T


def _outlined(mesh: Mesh, joined: Edges, target: Target, covered: Tensor, facing: Tensor) -> Outline:
    """The mesh's silhouette drawn to the mask's: each to the other's nearest point of like normal (iterated closest
    points, both ways, point to line).

    Contour vertices stand for the nearest points of the mesh's own drawn outline: the two outlines have the same
    errors, and a body that fits stays where it is.
    """
    camera, facing = target.camera, torch.where(underside(mesh), -1.0, facing)
    at = _turning(joined, facing)
    pixels, along = cameras.project(camera, mesh.vertices[at])
    normals = vertex_normals(mesh.vertices, mesh.faces)[at] @ camera.cam_from_world[:2, :3].T
    normals = normals / normals.norm(dim=1, keepdim=True).clamp(min=1e-9)
    own, own_outwards = outline_of(covered)
    if len(own) == 0:
        return Outline(at[:0], mesh.vertices[:0], along[:0], along[:0])
    nearest = apart(pixels, normals, own, own_outwards).min(dim=1)
    near = nearest.values < OWN
    at, along, normals, pixels = at[near], along[near], own_outwards[nearest.indices[near]], own[nearest.indices[near]]
    wanted, outwards = matched(pixels, normals, target.outline, target.outwards)
    like = (normals * outwards).sum(dim=1) > 0.3
    g = outwards @ camera.cam_from_world[:2, :3]
    scale = (along if camera.kind == "perspective" else torch.ones_like(along)) / camera.K[0, 0]
    step = (((wanted - pixels) * outwards).sum(dim=1) * scale).clamp(-FARTHEST, FARTHEST)
    places = (mesh.vertices[at] * g).sum(dim=1) + step
    downwards = face_normals(mesh.attributes["home"], mesh.faces)[:, 1] < LEVEL
    weights = torch.ones_like(mesh.vertices[:, 0]).index_fill(0, mesh.faces[downwards].reshape(-1), HEM)
    return Outline(at[like], g[like], places[like], weights[at[like]])
