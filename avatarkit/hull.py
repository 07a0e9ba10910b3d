"""Hulls that are joined to the skin before it is carved, so that carving need not bring two surfaces together.

Skirts: where views show no gap between legs that the body has, the hull of the legs down to the hem. Shoes: where
labels show a foot covered, the hull of that foot on a flat sole. Bags: where three views and more show one, the hull of
the places that these have in common. The only door to manifold3d.
"""

import importlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.errors import NotInstalled
from avatarkit.evidence import NO_TEMPLATE, Target, sampled
from avatarkit.mesh import Mesh, components, submesh, vertex_normals, volume
from avatarkit.remesh import isotropic

STEP = 0.01
"""Metres between the heights at which the gap is looked at."""
LEAST_GAP = 3.0
"""Pixels; a gap less wide says nothing."""
LEAST_HEIGHTS = 5
WIDEST = 0.5
"""How deep a gap is closed for its width at least; the crotch of trousers closes less of the gap of a stride."""
LEVEL = 0.1
"""Metres between the heights of two legs' slices, no more, for a hem to hang level."""
CLOSED = 0.9
"""The share of a gap that a skirt covers at least."""
CREASE = 0.7
"""Two trouser legs that touch lean towards each other by more (cosines with the line between them)."""
MARGIN = 0.012
"""Metres that the hull stands off the legs."""
ROUND = 0.9
"""How deep a hem is for its width: what front and back views leave open."""
LONGEST_REACH = 0.6
COARSE, FINE = 0.03, 0.012
"""Metres of a skirt's and of a shoe's edges."""
FEET = ("left_foot", "right_foot")
ANKLE, TREAD = 0.06, 0.02
"""Metres above the lowest of a foot at rest: a shoe's upper ends there, and the foot's underside."""
LEAST_VIEWS, LEAST_PIXELS, LEAST_PLACES, MOST = 3, 100, 30, 0.75
"""Views, pixels in each, and places that show a bag at least; and the share of these views that agree on a place."""
CELL, BEYOND, LEAST_VOLUME = 0.015, 0.5, 3e-4
"""Metres between places, and of these beyond the body; cubic metres of what does not hang together with the body."""
SOLE, ROOM = 0.02, 0.006
"""Metres that a shoe stands off the foot below, and elsewhere."""


def skirted(body: Mesh, part_names: Sequence[str], targets: Sequence[Target]) -> Mesh:
    """The closed skin (`part`, `template`, `rest_height` per vertex), and the hull of a skirt that targets show.

    New vertices have no template and the torso's part. Raises NotInstalled without manifold3d, if it is needed.
    """
    legs = [_leg(body, part_names, side) for side in ("left", "right")]
    if not all(bool(leg.any()) for leg in legs):
        return body
    hem = hem_of(body, legs, targets)
    return body if hem is None else joined(body, legs[0] | legs[1], hem, part_names.index("torso"))


class Hem(NamedTuple):
    """Where a skirt ends: how far down the legs (metres, of the body at rest); and its rim (P,3), if it hangs level."""

    rest_height: float
    rim: Tensor | None


def _leg(body: Mesh, part_names: Sequence[str], side: str) -> Tensor:
    names = [index for index, name in enumerate(part_names) if name in (f"{side}_upper_leg", f"{side}_lower_leg")]
    return torch.isin(body.attributes["part"], torch.tensor(names))


def hem_of(body: Mesh, legs: Sequence[Tensor], targets: Sequence[Target]) -> Hem | None:
    """How far down the legs the gap between them is closed; None where it is open, or where no target sees it.

    Slices are of the body at rest: legs that are raised or bent have the same hem as those that hang.
    """
    heights = body.attributes["rest_height"]
    top = min(float(heights[leg].max()) for leg in legs)
    bottom = max(float(heights[leg].min()) for leg in legs)
    bare = [render.render(body.vertices, body.faces, [t.camera], body.vertices)[1][0] for t in targets]
    found = []
    for height in np.arange(top, bottom, -STEP):
        slices = [body.vertices[leg & ((heights - height).abs() < 2 * STEP)] for leg in legs]
        if min(len(leg) for leg in slices):
            across = torch.lerp(slices[0].mean(dim=0), slices[1].mean(dim=0), torch.linspace(0, 1, 41)[:, None])
            gaps = [_gap(across, target, cover) for target, cover in zip(targets, bare, strict=True)]
            known = [gap for gap in gaps if gap is not None]
            if known:
                if min(gap.closed for gap in known) < CLOSED:
                    break
                found.append((float(height), across, max(gap.width for gap in known)))
    if len(found) < LEAST_HEIGHTS:
        return None
    height, across, width = found[-1]
    if found[0][0] - height < WIDEST * width:
        return None
    return Hem(height, rim_of(across, targets[0]) if across[:, 1].max() - across[:, 1].min() < LEVEL else None)


def rim_of(across: Tensor, target: Target) -> Tensor:
    """(P,3): the level ellipse about a line (P,3) from leg to leg, as wide as the mask there, ROUND as deep."""
    ahead = torch.nn.functional.normalize(target.camera.cam_from_world[0, :3] * across.new_tensor([1, 0, 1]), dim=0)
    middle = across.mean(dim=0)
    low, high = (_reach(middle, side * ahead, target) for side in (-1, 1))
    middle, half = middle + (high - low) / 2 * ahead, (low + high) / 2
    beside = torch.linalg.cross(ahead, ahead.new_tensor([0, 1, 0]))
    turn = torch.linspace(0, 2 * math.pi, 49)[:-1, None]
    return middle + half * (turn.cos() * ahead + ROUND * turn.sin() * beside)


def _reach(start: Tensor, direction: Tensor, target: Target) -> float:
    """Metres from a point along a direction to where the mask ends, LONGEST_REACH at most."""
    reach = torch.arange(0, LONGEST_REACH, STEP / 2)
    pixels, _ = cameras.project(target.camera, start + reach[:, None] * direction)
    outside = (sampled(target.masks[:1], pixels)[:, 0] < 0.5).nonzero()[:, 0]
    return float(reach[outside[0]]) if len(outside) else LONGEST_REACH


class Gap(NamedTuple):
    """The share of a gap between two legs that a mask covers, and the gap's width, metres."""

    closed: float
    width: float


def _gap(across: Tensor, target: Target, bare: Tensor) -> Gap | None:
    """The gap along a line (P,3) from leg to leg; None where there is none to see.

    It is open where the normals lean towards each other in all views: those are two trouser legs. Behind those that an
    open coat shows hangs its back.
    """
    pixels, _ = cameras.project(target.camera, across)
    bare, covered = sampled(torch.stack([bare, target.masks[0]]), pixels).unbind(1)
    gap = bare < 0.05
    share = float(gap.float().mean())
    if float((pixels[0] - pixels[-1]).norm()) * share <= LEAST_GAP:
        return None
    width = float((across[-1] - across[0]).norm()) * share
    ahead = target.camera.cam_from_world[2, :3]
    outwards = torch.nn.functional.normalize(across[-1] - across[0], dim=0)
    leans = []
    for layer, viewer in zip(target.normals, (-ahead, ahead), strict=False):
        normals = sampled(layer.permute(2, 0, 1), pixels)
        lean = (normals @ outwards)[gap & (normals @ viewer > 0)]  # not the lining of an open coat's back
        half = len(lean) // 2
        leans.append(float(lean[:half].mean() - lean[half:].mean()) if half else 0.0)
    if min(leans) > CREASE:
        return Gap(0.0, width)
    return Gap(float((covered[gap] > 0.5).float().mean()), width)


def joined(body: Mesh, legs: Tensor, hem: Hem, torso: int) -> Mesh:
    """The union of the body and the convex hull of its legs down to the hem, one closed manifold."""
    manifold, normals = _manifold3d(), vertex_normals(body.vertices, body.faces)
    around = (body.vertices + MARGIN * normals)[legs & (body.attributes["rest_height"] > hem.rest_height)]
    if hem.rim is None:
        hull = manifold.Manifold.hull_points(around.double().numpy())
    else:
        hull = manifold.Manifold.hull_points(torch.cat([around, hem.rim]).double().numpy())
        hull = hull.trim_by_plane([0, 1, 0], float(hem.rim[0, 1]))
    return _united(body, _mesh(hull.refine_to_length(COARSE)), COARSE, torso)


def shod(body: Mesh, part_names: Sequence[str], skin: Tensor, other: Tensor) -> Mesh:
    """The closed skin, and the hull of each foot of which more is covered than bare, as a shoe's last.

    `skin` and `other` (V) 0 … 1 say how much of what is seen of a vertex is which (`evidence.worn`). New vertices have
    the template of the nearest one of that foot. Raises NotInstalled without manifold3d, if it is needed.
    """
    feet = [body.attributes["part"] == part_names.index(name) for name in FEET if name in part_names]
    shoes = [foot for foot in feet if float(other[foot].sum()) > float(skin[foot].sum())]
    templates = [body.attributes["template"][foot] for foot in shoes]
    for template in templates:
        body = _on_last(body, torch.isin(body.attributes["template"], template))
    return body


def _on_last(body: Mesh, foot: Tensor) -> Mesh:
    """The union of the body and the hull of a foot (V) bool below the ankle, with room, on a flat sole."""
    height = body.attributes["rest_height"]
    above = height - height[foot].min()
    normals = vertex_normals(body.vertices, body.faces)
    below, tread = foot & (above < ANKLE), foot & (above < TREAD)
    down = torch.nn.functional.normalize(normals[tread].sum(dim=0), dim=0)
    roomy = body.vertices + ROOM * normals
    sole = roomy[tread] + (SOLE + above[tread])[:, None] * down
    hull = _manifold3d().Manifold.hull_points(torch.cat([roomy[below], sole]).double().numpy())
    part = int(body.attributes["part"][foot][0])
    return _united(body, _mesh(hull.refine_to_length(FINE)), FINE, part, like=foot)


def laden(body: Mesh, part_names: Sequence[str], targets: Sequence[Target]) -> Mesh:
    """The closed skin, and the hull of a bag, where labels of LEAST_VIEWS or more show one.

    It is what lies within all masks and on the bag in most of the views that show it. New vertices are the torso's,
    with the template of the nearest one. Raises NotInstalled without manifold3d, if it is needed.
    """
    showing = [t for t in targets if t.labels is not None and float(t.labels[0, 2].sum()) > LEAST_PIXELS]
    if len(showing) < LEAST_VIEWS:
        return body
    low, high = body.vertices.amin(dim=0) - BEYOND, body.vertices.amax(dim=0) + BEYOND
    places = torch.cartesian_prod(*[torch.arange(float(a), float(b), CELL) for a, b in zip(low, high, strict=True)])
    for target in targets:
        places = places[sampled(target.masks[:1], cameras.project(target.camera, places)[0])[:, 0] > 0.5]
    told = torch.zeros(len(places))
    for target in showing:
        told += sampled(target.labels[0, 2:], cameras.project(target.camera, places)[0])[:, 0]  # type: ignore[index]
    places = places[told > MOST * len(showing)]
    if len(places) < LEAST_PLACES:
        return body
    hull = _mesh(_manifold3d().Manifold.hull_points(places.double().numpy()).refine_to_length(COARSE))
    own = body.attributes["template"] != NO_TEMPLATE
    return _united(body, hull, COARSE, part_names.index("torso"), like=own)


def _united(body: Mesh, hull: Mesh, length: float, part: int, *, like: Tensor | None = None) -> Mesh:
    """The union of the body and a hull, whose slivers are made even, with edges of `length` metres, lest they fold.

    New vertices are of that `part`, and have the template of the nearest vertex of those `like` them (V) bool, or none.
    """
    manifold = _manifold3d()
    skin, even = (
        manifold.Manifold(manifold.Mesh64(mesh.vertices.double().numpy(), mesh.faces.numpy().astype(np.uint64)))
        for mesh in (body, isotropic(hull, length))
    )
    found = _mesh(skin + even)
    found = replace(found, attributes=_carried(body, found.vertices, part, like))
    vertices, faces = found.vertices, found.faces
    labels = components(faces, len(vertices))[faces[:, 0]]
    solid = [
        label for label in labels.unique() if volume(vertices, faces[labels == label]) > LEAST_VOLUME
    ]  # no bubbles
    return submesh(found, torch.isin(labels, torch.stack(solid)))[0]


def _mesh(solid: Any) -> Mesh:
    arrays = solid.to_mesh64()
    vertices = torch.from_numpy(np.ascontiguousarray(arrays.vert_properties[:, :3], np.float32))
    return Mesh(vertices, torch.from_numpy(np.asarray(arrays.tri_verts).astype(np.int64)))


def _carried(body: Mesh, vertices: Tensor, part: int, like: Tensor | None) -> dict[str, Tensor]:
    """`template`, `part` and `rest_height` of vertices that are still where the body's were, and of new ones (see
    `_united`); those without a template have no rest but where they hang."""
    places = {tuple(place): index for index, place in enumerate(body.vertices.tolist())}
    old = torch.tensor([places.get(tuple(place), -1) for place in vertices.tolist()])
    new = (old < 0).nonzero()[:, 0]
    if like is not None and len(new):
        among = like.nonzero()[:, 0]
        old[new] = among[torch.cdist(vertices[new], body.vertices[among]).argmin(dim=1)]
    found = {name: body.attributes[name][old.clamp(min=0)] for name in ("template", "part", "rest_height")}
    found["part"][new] = part
    if like is None:
        found["template"][new], found["rest_height"][new] = NO_TEMPLATE, vertices[new, 1]
    return found


def _manifold3d():  # type: ignore[no-untyped-def]
    try:
        return importlib.import_module("manifold3d")
    except ImportError as error:
        found = f"manifold3d cannot be imported ({error})"
        raise NotInstalled(f"{found}, skirts and shoes need it: pip install manifold3d") from error
