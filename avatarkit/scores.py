"""How far a mesh is from the true one, in the figures of DESIGN §7: distances between outer surfaces, and rendered
normals; and how sure a mean over people is.

    truth = Truth.of(mesh)
    score = scored(truth, result)                              Score(p2s=…, chamfer=…, degrees=…, …)
    degrees = normal_errors(truth.views, {"ours": …, "nude": …})        on the pixels common to all
    print(interval(ours - theirs))                             paired: mean, 95 % of the bootstrap
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.camera import Camera
from avatarkit.mesh import Mesh, face_areas, face_normals, unit, vertex_normals
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

POINTS = 100_000
DIRECTIONS, LOWEST = 64, -30.0
"""From how many directions a surface is looked at, and the least elevation of these, degrees."""
OFF = 1e-4
"""Metres in front of a point where the ray from it starts: float32 of a few metres is good to a tenth of that."""
CLOSE = 0.01
"""Metres that F-score asks for."""
SIDE = 512
UNSEEN = tuple(22.5 + 45.0 * k for k in range(8))
"""Yaw of the views that normals are compared in, degrees."""
GOLDEN = math.pi * (3 - math.sqrt(5))


class Score(NamedTuple):
    """Millimetres; F-score at 10 mm and IoU of masks 0 … 1; degrees between rendered normals; the mean |cosine| between
    the normals of points and of what is nearest to them on the other surface [Mescheder et al. 2019], both ways."""

    p2s: float
    s2p: float
    chamfer: float
    f_score: float
    degrees: float
    iou: float
    consistency: float


class Views(NamedTuple):
    """What N cameras see: unit normals (N,H,W,3), world, zero where nothing is; and where something is (N,H,W) bool."""

    normals: Tensor
    masks: Tensor


class Interval(NamedTuple):
    """A mean, and the 95 % interval of the bootstrap."""

    mean: float
    low: float
    high: float


Facing = tuple[Surface, Tensor]
"""A surface, and the unit normals (F,3) of its faces."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A true mesh, measured once: `points` (P,3) of its outer surface, what `cameras` see of it."""

    facing: Facing
    points: Tensor
    cameras: Sequence[Camera]
    views: Views

    @classmethod
    def of(cls, mesh: Mesh, *, count: int = POINTS, seed: int = 0, points: Tensor | None = None) -> "Truth":
        """`count` points are tried; or `points` (P,3) that were kept of such a mesh are taken as they are.

        The cameras are orthographic, 512², the person 450 px high, at the yaws of UNSEEN. Cloth that is seen from
        within has the normal of the side that is seen.
        """
        around = [cameras.framing(mesh.vertices, (SIDE, SIDE), yaw=yaw) for yaw in UNSEEN]
        if points is None:
            points = outer_points(mesh, count, seed=seed)
        facing = (Surface(mesh.vertices, mesh.faces), face_normals(mesh.vertices, mesh.faces))
        return cls(facing, points, around, seen(mesh, around, two_sided=True))


def scored(truth: Truth, mesh: Mesh, *, count: int = POINTS, seed: int = 1, views: Views | None = None) -> Score:
    """The mesh's figures; `count` points are tried of its surface. Take another seed than the truth's points have.

    `views`: what the truth's cameras see of it, where that is known already.
    """
    surface = Surface(mesh.vertices, mesh.faces)
    turned = face_normals(mesh.vertices, mesh.faces)
    views = views or seen(mesh, truth.cameras)
    p2s, precision, ahead = _distances(outer_points(mesh, count, seed=seed), (surface, turned), truth.facing)
    s2p, recall, back = _distances(truth.points, truth.facing, (surface, turned))
    f_score = 2 * precision * recall / max(precision + recall, 1e-12)
    degrees = normal_errors(truth.views, {"result": views})["result"]
    iou = mask_iou(truth.views.masks, views.masks)
    return Score(p2s, s2p, (p2s + s2p) / 2, f_score, degrees, iou, (ahead + back) / 2)


def _distances(points: Tensor, own: Facing, other: Facing) -> tuple[float, float, float]:
    """Of points on their `own` surface to the other: the mean distance in millimetres, the share that is CLOSE, and the
    mean |cosine| between the normals; infinity and 0 without points."""
    if len(points) == 0:
        return math.inf, 0.0, 0.0
    nearest, here = other[0].closest(points), own[0].closest(points).face
    apart = nearest.distance
    cosines = (own[1][here] * other[1][nearest.face]).sum(dim=1).abs()
    return 1000 * float(apart.double().mean()), float((apart <= CLOSE).double().mean()), float(cosines.double().mean())


def directions() -> Tensor:
    """(64,3) unit, spread evenly over the sphere above an elevation of -30 degrees (a Fibonacci lattice)."""
    k = torch.arange(DIRECTIONS) * 23 % DIRECTIONS + 0.5  # neighbours far apart: most points are seen by the first few
    lowest = math.sin(math.radians(LOWEST))
    y = 1 - (1 - lowest) * k / DIRECTIONS
    around = (1 - y * y).sqrt()
    return torch.stack([around * (GOLDEN * k).cos(), y, around * (GOLDEN * k).sin()], dim=1)


def outer_points(mesh: Mesh, count: int = POINTS, *, seed: int = 0) -> Tensor:
    """(P,3): of `count` points drawn evenly by area, those that are on the outer surface, P <= count."""
    points = area_uniform(mesh, count, seed=seed)
    return points[is_outer(points, Surface(mesh.vertices, mesh.faces))]


def area_uniform(mesh: Mesh, count: int, *, seed: int = 0) -> Tensor:
    """(count,3) points of the mesh, evenly by area."""
    if count < 1:
        raise ValueError(f"area_uniform: count {count}, expected 1 or more")
    generator = torch.Generator().manual_seed(seed)
    above = face_areas(mesh.vertices, mesh.faces).double().cumsum(dim=0).cpu()
    if len(above) == 0 or not float(above[-1]) > 0:
        raise ValueError("area_uniform: the mesh has no area")
    # one point in each of `count` equal shares of the area: less noise than independent ones
    at = (torch.arange(count) + torch.rand(count, dtype=torch.float64, generator=generator)) / count
    face = torch.searchsorted(above, at * above[-1]).clamp(max=len(above) - 1)
    root, share = torch.rand(count, 2, dtype=torch.float64, generator=generator).unbind(1)
    root = root.sqrt()
    weights = torch.stack([1 - root, root * (1 - share), root * share], dim=1)
    corners = mesh.vertices[mesh.faces[face.to(mesh.faces.device)]]
    return (corners * weights.to(corners)[..., None]).sum(dim=1)


def is_outer(points: Tensor, surface: Surface) -> Tensor:
    """(P) bool: is a point of the surface (P,3) seen unobstructed from one of `directions` at least?"""
    (P,) = sizes("P 3", points)
    hidden = torch.arange(P, device=points.device)
    for direction in directions().to(points):
        origins = points[hidden] + OFF * direction
        hidden = hidden[surface.occluded(origins, direction.expand_as(origins))]
    return torch.ones(P, dtype=torch.bool, device=points.device).index_fill(0, hidden, False)


def seen(mesh: Mesh, views: Sequence[Camera], *, two_sided: bool = False) -> Views:
    """What the cameras see of a mesh, its vertex normals interpolated at the pixels' centres, without antialiasing.

    `two_sided`: a face that is seen from behind, as the inside of a sleeve, has its normal turned to the viewer.
    """
    normals = vertex_normals(mesh.vertices, mesh.faces)
    turned = face_normals(mesh.vertices, mesh.faces)
    images, masks = [], []
    for camera in views:
        _, along = cameras.project(camera, mesh.vertices)
        near, far = float(along.min()) - 0.1, float(along.max()) + 0.1
        if camera.kind == "perspective":
            near = max(near, 0.01)
        clip_from_world = cameras.clip_from_world(camera, near, far)
        homogeneous = torch.cat([mesh.vertices, torch.ones_like(mesh.vertices[:, :1])], dim=1)
        rast = render.rasterize((homogeneous @ clip_from_world.T)[None], mesh.faces, camera.size)
        image, face = unit(render.interpolate(normals, rast, mesh.faces))[0], rast[0, ..., 3].long()
        if two_sided:
            _, ahead = cameras.rays(camera)
            away = (turned[(face - 1).clamp(min=0)] * ahead).sum(dim=-1) > 0
            image = torch.where(away[..., None], -image, image)
        images.append(image)
        masks.append(face > 0)
    return Views(torch.stack(images), torch.stack(masks))


def normal_errors(truth: Views, results: Mapping[str, Views]) -> dict[str, float]:
    """The mean angle in degrees between each result's normals and the true ones, over the pixels that the truth and all
    results cover; 180 where there are none."""
    common = truth.masks.clone()
    for views in results.values():
        common &= views.masks
    true = truth.normals[common]
    found = {}
    for name, views in results.items():
        cosines = (views.normals[common] * true).sum(dim=-1).clamp(-1, 1)
        found[name] = float(torch.rad2deg(torch.acos(cosines)).double().mean()) if len(true) else 180.0
    return found


def mask_iou(masks: Tensor, others: Tensor) -> float:
    """The pixels in both masks (...) bool over those in either."""
    return float((masks & others).sum() / (masks | others).sum().clamp(min=1))


def interval(values: ArrayLike, *, seed: int = 0, draws: int = 4000) -> Interval:
    """The mean over people (N) and its 95 % interval, by drawing people anew with replacement (Efron's percentiles).

    For methods that are compared, give the differences, person by person. Raises ValueError without people.
    """
    people = np.asarray(values, np.float64)
    if people.ndim != 1 or len(people) == 0:
        raise ValueError(f"interval: values {people.shape}, expected one number a person, of one person or more")
    drawn = np.random.default_rng(seed).integers(len(people), size=(draws, len(people)))
    low, high = np.percentile(people[drawn].mean(axis=1), [2.5, 97.5])
    return Interval(float(people.mean()), float(low), float(high))


def pelvis_and_scale(fitted: Tensor, true: Tensor, pelves: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Linear part (3,3) and shift (3) that bring the fitted pelvis (3) to the true one, and `fitted` (V,3) to the size
    of `true` (V,3), without turning."""
    sizes("V 3, V 3, 3, 3", fitted, true, *pelves)
    ours, theirs = fitted - pelves[0], true - pelves[1]
    linear = (ours * theirs).sum() / ours.square().sum().clamp(min=1e-12) * torch.eye(3).to(fitted)
    return linear, pelves[1] - linear @ pelves[0]
