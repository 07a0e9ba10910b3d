"""Limbs and trunk as tubes: the convex hull of each section around an axis, and cloth that hangs from it.

A section's hull from its support function: h(u) = max p · u;  r(θ) = min over u of h(u) / cos(θ - u).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from avatarkit.kernels import compiled

DIRECTIONS = 72
CIRCLE = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)


@dataclass(frozen=True, eq=False)
class Tube:
    """Radii (N,72) at places `first + k · step` along an axis (0: x, arms; 1: y, trunk and legs).

    The angle is 0 at the front (+z), rising towards +x for trunk and legs, towards +y for arms.
    """

    axis: int
    first: float
    step: float
    centres: np.ndarray
    """(N,2) of the other coordinate (x, or y for arms) and z"""
    radii: np.ndarray
    """(N,72) metres"""

    @property
    def places(self) -> np.ndarray:
        return self.first + self.step * np.arange(len(self.radii))

    def rows(self, along: np.ndarray) -> np.ndarray:
        """(...) row numbers with fractions, of coordinates on the axis."""
        return np.clip((np.asarray(along) - self.first) / self.step, 0, len(self.radii) - 1)

    def centre(self, along: np.ndarray) -> np.ndarray:
        """(...,2) the axis' place at these coordinates."""
        row = self.rows(along)
        low = np.minimum(row.astype(np.int64), len(self.radii) - 2)
        f = (row - low)[..., None]
        return (1 - f) * self.centres[low] + f * self.centres[low + 1]

    def radius(self, angle: np.ndarray, along: np.ndarray) -> np.ndarray:
        """(...) metres, bilinear."""
        row = self.rows(along)
        low = np.minimum(row.astype(np.int64), len(self.radii) - 2)
        f = row - low
        turn = np.mod(angle, 2 * np.pi) * (DIRECTIONS / (2 * np.pi))
        left = turn.astype(np.int64) % DIRECTIONS
        right, g = (left + 1) % DIRECTIONS, turn - np.floor(turn)
        table = self.radii
        above = (1 - g) * table[low, left] + g * table[low, right]
        below = (1 - g) * table[low + 1, left] + g * table[low + 1, right]
        return (1 - f) * above + f * below

    def polar(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Angle, radius and place along the axis (each (P)) of points (P,3)."""
        along = points[:, self.axis]
        offset = points[:, [1 - self.axis, 2]] - self.centre(along)
        return np.arctan2(offset[:, 0], offset[:, 1]), np.hypot(offset[:, 0], offset[:, 1]), along

    def points(self, angle: np.ndarray, radius: np.ndarray, along: np.ndarray) -> np.ndarray:
        """(...,3) from angle, radius and place along the axis."""
        centre = self.centre(along)
        other, z = centre[..., 0] + radius * np.sin(angle), centre[..., 1] + radius * np.cos(angle)
        return np.stack([other, along, z] if self.axis == 1 else [along, other, z], axis=-1)

    def hung(self, hang: np.ndarray, gather: np.ndarray | float = 0.0) -> Tube:
        """Cloth on this tube: going down the rows it keeps `hang` (N), 0 … 1, of what it stood out further above;
        `gather` (N), 0 … 1, pulls it back to the body."""
        radii, held = self.radii.copy(), np.broadcast_to(gather, len(self.radii))
        for k in range(1, len(radii)):
            radii[k] += hang[k] * np.maximum(radii[k - 1] - radii[k], 0)
        padded = np.concatenate([radii[:1]] * 2 + [radii] + [radii[-1:]] * 2)
        radii = np.maximum((padded[:-4] + 2 * padded[1:-3] + 3 * radii + 2 * padded[3:-1] + padded[4:]) / 9, self.radii)
        return replace(self, radii=radii + held[:, None] * (self.radii - radii))


def tube(
    vertices: np.ndarray, edges: np.ndarray, axis: int, places: tuple[float, float], centres: np.ndarray, rows: int
) -> Tube:
    """The tube of a surface's edges from one place on the axis to another; `centres` (2,2) its axis at both."""
    first, last = places
    step = (last - first) / (rows - 1)
    share = np.linspace(0, 1, rows)[:, None]
    line = (1 - share) * centres[0] + share * centres[1]
    heights = np.full((rows, DIRECTIONS), -1.0)
    order = [axis, 1 - axis, 2]
    ends = np.ascontiguousarray(vertices[edges][:, :, order])
    _support(ends, first, step, line, np.sin(CIRCLE), np.cos(CIRCLE), heights)
    missing = heights.max(1) <= 0
    if missing.all():
        heights[:] = 0.05
    elif missing.any():
        known = np.flatnonzero(~missing)
        nearest = known[np.abs(known[:, None] - np.flatnonzero(missing)).argmin(0)]
        heights[missing] = heights[nearest]
    heights = np.maximum(heights, 0.004)
    turn = np.cos(CIRCLE[:, None] - CIRCLE)
    secant = np.where(turn > 0.2, 1 / np.where(turn > 0.2, turn, 1), np.inf)
    return Tube(axis, first, step, line, (heights[:, None, :] * secant).min(-1))


@compiled
def _support(ends, first, step, centres, sines, cosines, heights):
    """For each row's plane, the furthest that the edges (E,2,3) reach in each direction from the centre."""
    rows = heights.shape[0]
    for e in range(ends.shape[0]):
        a, b = (ends[e, 0, 0] - first) / step, (ends[e, 1, 0] - first) / step
        low, high = min(a, b), max(a, b)
        if high < 0 or low > rows - 1:
            continue
        for k in range(max(0, int(np.ceil(low))), min(rows - 1, int(np.floor(high))) + 1):
            t = (k - a) / (b - a) if b != a else 0.0
            p = ends[e, 0, 1] + t * (ends[e, 1, 1] - ends[e, 0, 1]) - centres[k, 0]
            q = ends[e, 0, 2] + t * (ends[e, 1, 2] - ends[e, 0, 2]) - centres[k, 1]
            for j in range(heights.shape[1]):
                reach = p * sines[j] + q * cosines[j]
                if reach > heights[k, j]:
                    heights[k, j] = reach
