"""Which skin a garment surely hides, so that it can be left out: no skin pokes through cloth, no hole shows."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from avatarkit.kernels import compiled
from avatarkit.outfit import LEGGED, SKIRTS, Garment
from avatarkit.surface import Surface
from avatarkit.tailor import lines
from avatarkit.tailor.draping import Obstacle
from avatarkit.tailor.draping.contacts import plane_at
from avatarkit.tailor.draping.nearest import nearest_vertex
from avatarkit.tailor.lines import FAR
from avatarkit.tailor.measures import Measures, close_surface

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

INSIDE = 0.05
"""Skin is hidden when it lies so far, in metres, inside all edges of a garment."""


def covers(model: BodyModel, measures: Measures, garment: Garment, slot: str) -> np.ndarray:
    """(V) bool of the body model's vertices."""
    y = measures.vertices[:, 1]
    margin = (INSIDE + 1.5 * garment.ease) * measures.scale
    if garment.kind in SKIRTS:
        low = max(measures.y(1.05), measures.y(garment.hem) + 3 * margin)
        inside = np.where(measures.sheet.arm < 0.3, np.minimum(measures.y(garment.rise) - y, y - low + margin), -FAR)
    elif slot == "bottom":
        inside = np.minimum(measures.y(garment.rise) - y, y - measures.y(garment.hem))
        inside = np.where(measures.sheet.arm < 0.3, inside, -FAR)
    else:
        low = measures.y(garment.hem)
        if garment.kind not in LEGGED:
            low = max(low, measures.y(1.05) - margin)
        ends = [lines.neckline(measures, garment), y - low]
        if garment.neckline not in ("strapless", "straps"):
            ends.append(lines.sleeves(measures, garment))
        ends.append(lines.front_edge(measures, garment, measures.vertices, measures.y(garment.hem)) - 0.05)
        inside = np.min(ends, axis=0)
    near, count = _nearest(model, len(y))
    if count:
        return np.where(near >= 0, inside[near], -FAR) > margin
    return np.zeros(len(near), bool)


def beneath(
    points: np.ndarray, normals: np.ndarray, outer: Obstacle, *, above: float, facing: float = 0.3
) -> np.ndarray:
    """(P) bool: which points (P,3) lie under a layer that looks the way of their normals (P,3), or stand out of it by
    less than `above` metres. None does beside its rim. `facing`: the least cosine of an angle between the two."""
    found = np.zeros(len(points), bool)
    points, normals = np.ascontiguousarray(points, np.float64), np.ascontiguousarray(normals, np.float64)
    _find_beneath(outer.grid, outer.shell, points, normals, above, facing, found)
    return found


@compiled
def _find_beneath(grid, shell, points, normals, above, facing, found):
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        v, _ = nearest_vertex(grid, x, y, z, 0.05)
        if v >= 0:
            nx, ny, nz, _, ahead, rim = plane_at(shell, x, y, z, v)
            alike = nx * normals[i, 0] + ny * normals[i, 1] + nz * normals[i, 2]
            found[i] = not rim and alike >= facing and ahead < above


@lru_cache(maxsize=4)
def _nearest(model: BodyModel, V: int) -> tuple[np.ndarray, int]:
    """For each skin vertex the nearest vertex of the close surface on the template, -1 further than 5 cm away."""
    surface = close_surface(model)
    hit = Surface(surface.v_template, surface.faces).closest(model.v_template)
    corners = surface.faces[hit.face.long()]
    nearest = corners.gather(1, hit.barycentric.argmax(1, keepdim=True)).squeeze(1).numpy()
    return np.where(hit.distance.numpy() < 0.05, nearest, -1), V
