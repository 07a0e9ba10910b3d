"""People whose body is known, photographed: what fit-smpl is measured on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import appearance, individual, people, population, standing
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import BodyModel
from avatarkit.camera import Camera, framing
from avatarkit.outfit import Outfit
from avatarkit.person import Person
from avatarkit.poses import pose_of, varied
from avatarkit.words import understood

Array = NDArray[Any]
SIDE = 512


@dataclass(frozen=True, eq=False)
class Case:
    """One photo and its truth; `person` has the photo's camera."""

    name: str
    person: Person
    photo: Array
    mask: Array
    height: float
    """metres"""
    mesh: Any = None
    """the dressed surface, where it is kept"""


def height_of(model: BodyModel, betas: torch.Tensor) -> float:
    return float(model.shaped(betas).height)


def photographed(
    model: BodyModel,
    seed: int,
    index: int,
    *,
    prompt: str | None = None,
    nude: bool = False,
    level: bool = False,
    yaw: float = 0.0,
) -> Case:
    """Person `index` of the run `seed` in garments that no calibration saw; `level`: the camera straight ahead, or at
    a `yaw` in degrees."""
    said = None if prompt is None else understood(prompt)
    found = people.met(model, seed=seed, index=index, prompt=said, heldout=True)
    if nude:
        drawn = replace(found.drawn, outfit=Outfit(complexion=found.drawn.outfit.complexion))
        found = people.made(model, drawn, found.person, np.random.default_rng([seed, index, 2]))
    generator = np.random.default_rng([seed, index, 1])
    vertices = found.looks.mesh.vertices
    camera = (
        framing(vertices, (SIDE, SIDE), kind="perspective", fov=25.0, yaw=yaw)
        if level or yaw
        else viewpoint(vertices, generator, SIDE)
    )
    taken = appearance.photograph(found.looks, camera, generator)
    person = replace(found.person, camera=camera)
    return Case(found.drawn.pose, person, taken.image, taken.mask, height_of(model, person.betas), found.looks.mesh)


def known_body(model: BodyModel, seed: int, index: int) -> Person:
    """A bare body in a pose of the population, and a camera from anywhere in front; no picture."""
    generator = population.generator_of(seed, index, heldout=True)
    drawn = population.draw(generator, heldout=True)
    betas = individual.betas_of(
        model, drawn.phenotype, kilograms=drawn.mass, seed=drawn.seed, variation=drawn.variation
    )
    body = model.shaped(betas)
    person = standing.seen(body, betas, varied(body, pose_of(drawn.pose, body), generator, drawn.pose_variation))
    vertices = body.posed(person.pose).vertices
    fov = float(np.exp(generator.uniform(np.log(14), np.log(45))))
    yaw, elevation = float(generator.normal(0, 25)), float(abs(generator.normal(0, 6)))
    return replace(person, camera=fitting_all(vertices, fov, yaw, elevation))


def fitting_all(vertices: torch.Tensor, fov: float, yaw: float, elevation: float) -> Camera:
    """A perspective camera that sees all of the vertices in the middle of its picture."""
    from avatarkit.camera import FILL, project

    camera = framing(vertices, (SIDE, SIDE), kind="perspective", yaw=yaw, elevation=elevation, fov=fov)
    pixels, _ = project(camera, vertices)
    low, high = pixels.amin(0), pixels.amax(0)
    zoom = FILL * SIDE / (high - low).max()
    K = camera.K.clone()
    K[:2] *= zoom
    K[:2, 2] += SIDE / 2 - zoom * (low + high) / 2
    return replace(camera, K=K)


def girths(model: BodyModel, betas: torch.Tensor) -> Array:
    """Chest, waist and hip in metres: the convex hull of the trunk's section at three levels between hip and neck."""
    body = model.shaped(betas)
    vertices, joints = body.vertices.double().numpy(), body.joints.double().numpy()
    faces = (model.faces if model.outer_faces is None else model.outer_faces).numpy()
    arms = np.isin(model.lbs_weights.argmax(1).numpy(), [16, 17, 18, 19, 20, 21, *range(25, 55)])
    corners = vertices[faces[~arms[faces].any(1)]]
    hip, neck = joints[1, 1], joints[12, 1]
    return np.array([_girth(corners, hip + share * (neck - hip)) for share in (0.68, 0.33, -0.06)])


def _girth(corners: Array, y: float) -> float:
    points = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        start, end = corners[:, a], corners[:, b]
        cut = (start[:, 1] - y) * (end[:, 1] - y) < 0
        share = (y - start[cut, 1]) / (end[cut, 1] - start[cut, 1])
        points.append((start[cut] + share[:, None] * (end[cut] - start[cut]))[:, [0, 2]])
    hull = _hull(np.concatenate(points))
    return float(np.linalg.norm(hull - np.roll(hull, 1, axis=0), axis=1).sum())


def _hull(points: Array) -> Array:
    """The convex hull (Andrew's monotone chain)."""
    ordered = sorted(map(tuple, points))

    def half(rows: Any) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for p in rows:
            while len(kept) > 1 and (kept[-1][0] - kept[-2][0]) * (p[1] - kept[-2][1]) <= (
                kept[-1][1] - kept[-2][1]
            ) * (p[0] - kept[-2][0]):
                kept.pop()
            kept.append(p)
        return kept[:-1]

    return np.array(half(ordered) + half(reversed(ordered)))
