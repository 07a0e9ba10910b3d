"""Cloth: MakeHuman's helper surfaces around the body (tights, skirt, hair), which move with the body's betas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body.recipe.anny_source import AnnySource
from avatarkit.body.recipe.basis import Basis, fit_betas, vertex_areas
from avatarkit.body.recipe.skeleton import MIRRORED, RIGID, finish_weights, joint_weights
from avatarkit.body.recipe.template import Template, mirror_of, split_quads
from avatarkit.body.recipe.tpose import TPosed, tpose


@dataclass(frozen=True)
class ClothTemplate:
    """The helper surfaces, one after the other. Each triangulation is its own mirror image."""

    names: tuple[str, ...]
    surface: np.ndarray  # (C,) index into names
    base_indices: np.ndarray  # (C,) into the base mesh
    faces: np.ndarray  # (D, 3)
    mirror: np.ndarray  # (C,)
    weights: np.ndarray  # (C, 55) rows sum to one


def cloth_template(source: AnnySource) -> ClothTemplate:
    """Every surface in `source.base.cloth`; ValueError when one is not its own mirror image."""
    base = source.base
    indices, surface, faces, mirrors, start = [], [], [], [], 0
    for number, quads in enumerate(base.cloth.values()):
        kept, corners = np.unique(quads, return_inverse=True)
        corners = corners.reshape(-1, 4)
        mirror = mirror_of(base.vertices[kept], corners)
        points = (base.vertices[kept] + base.vertices[kept][mirror] * (-1, 1, 1)) / 2
        triangles = np.take_along_axis(corners, split_quads(points, corners, mirror), 1).reshape(-1, 3)
        indices.append(kept)
        surface.append(np.full(len(kept), number))
        faces.append(triangles + start)
        mirrors.append(mirror + start)
        start += len(kept)
    base_indices, mirror = np.concatenate(indices), np.concatenate(mirrors)
    nothing_rigid = {group: np.array([], int) for group in RIGID}
    weights = finish_weights(joint_weights(base.bone_weights[base_indices], base.bone_names), nothing_rigid, mirror)
    return ClothTemplate(
        tuple(base.cloth), np.concatenate(surface), base_indices, np.concatenate(faces), mirror, weights
    )


def fit_cloth(cloth: np.ndarray, betas: np.ndarray, mirror: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (C, 3) and directions (C, 3, B) of the `cloth` (P, C, 3) that people of these betas (P, B) wear.

    Least squares over the people, so that cloth and skin follow the same numbers: cloth ≈ mean + directions · betas.
    """
    design = np.concatenate([np.ones((len(betas), 1)), betas], axis=1)
    solution = np.linalg.solve(design.T @ design, design.T @ cloth.reshape(len(cloth), -1).astype(np.float64))
    shapes = np.moveaxis(solution.reshape(len(solution), -1, 3), 0, -1)  # (C, 3, 1 + B)
    shapes = (shapes + shapes[mirror] * np.array([[-1], [1], [1]])) / 2
    return shapes[..., 0], shapes[..., 1:]


def mean_turns(rotations: np.ndarray) -> np.ndarray:
    """How each joint is turned from MakeHuman's rest pose to the T-pose, (55, 3, 3): the mean of people (P, 55, 3, 3).

    The rotation nearest to the mean of the matrices, both sides mirror images of one another.
    """
    mean, flip = rotations.mean(axis=0), np.array([-1.0, 1, 1])
    left, _, right = np.linalg.svd((mean + mean[MIRRORED] * flip[:, None] * flip) / 2)
    return left @ right


def cloth_arrays(
    source: AnnySource, template: Template, basis: Basis, bodies: TPosed, drawn: tuple[int, int]
) -> dict[str, np.ndarray]:
    """The asset's `cloth_*` arrays, and `tpose_turns`; `bodies` are the people `drawn` (count, seed)."""
    cloth = cloth_template(source)
    worn = tpose(source.draw(*drawn, cloth.base_indices), source.base.bone_names, cloth.weights, cloth.mirror).vertices
    betas = fit_betas(basis, bodies.vertices, vertex_areas(basis.mean, template.faces))
    mean, directions = fit_cloth(worn, betas, cloth.mirror)
    return {
        "cloth_names": np.array(cloth.names),
        "cloth_surface": cloth.surface.astype(np.uint8),
        "cloth_v_template": mean.astype(np.float32),
        "cloth_f": cloth.faces.astype(np.uint16),
        "cloth_shapedirs": directions,
        "cloth_weights": cloth.weights.astype(np.float32),
        "cloth_mirror": cloth.mirror.astype(np.uint16),
        "cloth_base_vertex": cloth.base_indices.astype(np.uint16),
        "tpose_turns": mean_turns(bodies.rotations).astype(np.float32),
    }
