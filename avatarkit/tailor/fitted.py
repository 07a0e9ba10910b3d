"""What hair, shoes and accessories come as: a mesh on the T-posed body, and how to build it from strips and rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatarkit.tailor.piece import PANEL


@dataclass(frozen=True, eq=False)
class Fitted:
    """One thing on the resting body, that the body's joints carry."""

    vertices: np.ndarray
    """(V,3) float64 metres, on the T-posed body"""
    faces: np.ndarray
    """(F,3) int64, outwards"""
    lbs_weights: np.ndarray
    """(V,55) float32, rows sum to one"""
    panel: np.ndarray
    """(F) uint8 index into PANELS"""
    covers: np.ndarray
    """(body V) bool: skin that is surely hidden by it"""
    strand: np.ndarray | None = None
    """(V,2) of hair: along it, 0 root … 1 tip, and across in metres"""
    locks: Any = None
    """of hair that hangs: `hanging.Locks`, whose vertices are the last ones"""
    hangs: tuple[int, np.ndarray] | None = None
    """of a bag in the hand: the joint that carries it and the point (3) that it hangs from, T-posed"""
    straps: tuple[slice, ...] = ()
    """of a bag: the vertices of each strap, `straps.SECTION` by section"""
    roof: Any = None
    """of a hat: its inner side, `scalp.Roof`, under which hair is pressed"""


@dataclass(frozen=True, eq=False)
class Part:
    """Some faces of a Fitted, before parts are joined; `lbs_weights` (V,55) or those of one joint."""

    vertices: np.ndarray
    faces: np.ndarray
    lbs_weights: np.ndarray
    panel: str


def joined(parts: Sequence[Part], covers: np.ndarray, **more: Any) -> Fitted:
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    return Fitted(
        np.concatenate([part.vertices for part in parts]).astype(np.float64),
        np.concatenate([part.faces + start for part, start in zip(parts, starts[:-1], strict=True)]).astype(np.int64),
        np.concatenate([part.lbs_weights for part in parts]).astype(np.float32),
        np.concatenate([np.full(len(part.faces), PANEL[part.panel], np.uint8) for part in parts]),
        covers,
        **more,
    )


def sheet_faces(rows: int, columns: int, *, around: bool = True, first: int = 0) -> np.ndarray:
    """(F,3) of a grid of vertices, row by row; `around` closes each row. Looks to where rows × columns turn right:
    a tube whose rows go up and whose columns turn from +x to +z looks inwards, from +z to +x outwards."""
    across = columns if around else columns - 1
    r, c = np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij")
    a, b = r * columns + c, r * columns + (c + 1) % columns
    d, e = a + columns, b + columns
    return first + np.stack([np.stack([a, b, e], -1), np.stack([a, e, d], -1)], -2).reshape(-1, 3)


def fan_faces(ring: np.ndarray, middle: int) -> np.ndarray:
    """(n,3) triangles from a closed ring of vertex indices to one in the middle."""
    return np.stack([ring, np.roll(ring, -1), np.full(len(ring), middle)], 1)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def eased(low: float, high: float, x: np.ndarray | float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def tubes(
    centre: np.ndarray, side: np.ndarray, up: np.ndarray, ring: np.ndarray, *, tips: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Closed tubes around L lines of n points: vertices (L·(n·k+2),3) and faces.

    `side` and `up` (L,n,3) span each section, their lengths its half sizes; `ring` (k,2) its outline in them, turning
    from side to up. With `tips` the far end closes in a point half a step beyond, else flat.
    """
    L, n, _ = centre.shape
    k = len(ring)
    rings = centre[:, :, None] + ring[:, :1] * side[:, :, None] + ring[:, 1:] * up[:, :, None]
    onwards = centre[:, -1] - centre[:, -2]
    reach = 0.5 if tips else 0.0
    ends = np.stack([centre[:, 0], centre[:, -1] + reach * onwards], 1)
    vertices = np.concatenate([rings.reshape(L, n * k, 3), ends], 1)
    body = sheet_faces(n, k)
    first, last = np.arange(k), (n - 1) * k + np.arange(k)
    faces = np.concatenate([body, fan_faces(first, n * k)[:, ::-1], fan_faces(last, n * k + 1)])
    # right-handed sections (side × up along the line) turn the grid outwards
    each = n * k + 2
    return vertices.reshape(-1, 3), (faces + each * np.arange(L)[:, None, None]).reshape(-1, 3)


def frames(centre: np.ndarray, outward: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit tangent, side and up (each (...,n,3)) of lines (...,n,3); `up` is the outward direction made square."""
    tangent = unit(np.gradient(centre, axis=-2))
    side = unit(np.cross(outward, tangent))
    return tangent, side, np.cross(tangent, side)


def of_joint(count: int, joint: int) -> np.ndarray:
    """(count,55) weights of one joint alone."""
    weights = np.zeros((count, 55), np.float32)
    weights[:, joint] = 1
    return weights
