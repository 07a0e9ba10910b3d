"""The foot as a last that shoes are built on: convex sections from the shin over the ankle's bend to the toes.

A point near the left foot has coordinates (t, θ, r). t runs down the shin (metres, below zero), turns round the ankle's
bend about a pivot in front of it (0 … BEND, a quarter turn), and goes on along the foot; in each section θ is 0 at the
shin and the instep and ±π at the heel and the sole, positive to the foot's outer side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.kernels import compiled

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

BEND = 0.09  # t of a quarter turn, on a foot of 0.26 m
ROWS, COLUMNS = 64, 48


@dataclass(frozen=True, eq=False)
class Last:
    """One foot, mirrored to be a left one; metres."""

    side: str
    pivot: np.ndarray
    """(3) where sections turn about"""
    floor: float
    """height of the sole of the bare foot"""
    scale: float
    """1 for a foot of 0.26 m"""
    first: float
    """t of the first section"""
    centres: np.ndarray
    """(ROWS,2) x and depth of the middles of the sections"""
    radii: np.ndarray
    """(ROWS,COLUMNS)"""
    tip: float
    """t of the longest toe"""
    ball: float
    """z of the joint of the toes"""
    heel: float
    """z of the heel's back"""
    knots: np.ndarray
    """(K) t and (K,55) the skin's weights there"""
    weights: np.ndarray
    places: np.ndarray
    """(n,3) t, θ and r of the body's vertices `skin` (n)"""
    skin: np.ndarray
    toe: float = 0.01
    """room in front of the toes, metres"""

    @property
    def bend(self) -> float:
        return BEND * self.scale

    def points(self, t: np.ndarray, theta: np.ndarray, offset: np.ndarray | float) -> np.ndarray:
        """(...,3) `offset` metres outside of the section at t, in the body's axes (of the left foot)."""
        t, theta = np.broadcast_arrays(t, theta)
        box = self.tip - 0.045 * self.scale
        inside = np.minimum(t, box)
        centre, radius = self.section(inside, theta)
        # the toes share one box: a section behind them shrinks to a point, towards the big toe
        ahead = np.clip((t - inside) / (self.tip + self.toe - box), 0, 1)
        radius = (radius + offset) * (1 - ahead**2.6) ** 0.42
        centre = centre + ahead[..., None] ** 2 * np.array([-0.012, 0.006]) * self.scale
        return self.unrolled(
            np.stack([t, centre[..., 0] + radius * np.sin(theta), centre[..., 1] - radius * np.cos(theta)], -1)
        )

    def section(self, t: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centres (...,2) and radii (...) of the convex section at t in the direction θ."""
        row = np.clip((t - self.first) / (self.tip - self.first) * (ROWS - 1), 0, ROWS - 1)
        i = np.minimum(row.astype(np.int64), ROWS - 2)
        s = row - i
        turn = np.mod(theta, 2 * np.pi) * (COLUMNS / (2 * np.pi))
        j, f = turn.astype(np.int64) % COLUMNS, turn - np.floor(turn)
        k = (j + 1) % COLUMNS
        low = (1 - f) * self.radii[i, j] + f * self.radii[i, k]
        high = (1 - f) * self.radii[i + 1, j] + f * self.radii[i + 1, k]
        centre = (1 - s)[..., None] * self.centres[i] + s[..., None] * self.centres[i + 1]
        return centre, (1 - s) * low + s * high

    def unrolled(self, rolled: np.ndarray) -> np.ndarray:
        """Body coordinates (...,3) of (t, x, depth from the pivot)."""
        t, x, depth = np.moveaxis(rolled, -1, 0)
        turn = np.clip(t / self.bend, 0, 1) * np.pi / 2
        y = self.pivot[1] + np.maximum(-t, 0) - depth * np.sin(turn)
        z = self.pivot[2] + np.maximum(t - self.bend, 0) - depth * np.cos(turn)
        return np.stack([x, y, z], -1)

    def lbs_weights(self, t: np.ndarray) -> np.ndarray:
        """(P,55) of the skin at t (P)."""
        found = np.stack([np.interp(t, self.knots, column) for column in self.weights.T], 1)
        return (found / found.sum(1, keepdims=True)).astype(np.float32)

    def t_along(self, z: np.ndarray) -> np.ndarray:
        """t of places on the sole, of z."""
        return np.where(z > self.pivot[2], self.bend + z - self.pivot[2], 0.75 * self.bend)


def lasts_of(model: BodyModel, betas: Any) -> tuple[Last, Last]:
    """The left and the right foot of a person of betas (≤ B,), T-posed."""
    body = model.shaped(torch.as_tensor(np.asarray(betas), dtype=torch.float32))
    joints = body.joints.double().numpy()
    legs = [_leg(model, side) for side in ("left", "right")]
    left, right = (_last(body.vertices[leg.skin].double().numpy(), joints, leg) for leg in legs)
    return left, right


@dataclass(frozen=True, eq=False)
class _Leg:
    """The lower half of a shin and the foot, of a model."""

    side: str
    skin: np.ndarray
    edges: np.ndarray
    lbs_weights: np.ndarray


@lru_cache(maxsize=8)
def _leg(model: BodyModel, side: str) -> _Leg:
    indices = [JOINT_INDEX[f"{side}_{name}"] for name in ("knee", "ankle", "foot")]
    knee, ankle, _ = model.joint_template[indices, 1].tolist()
    lower = model.v_template[:, 1] < 0.5 * (knee + ankle)
    skin = ((model.lbs_weights[:, indices].sum(1) > 0.5) & lower).nonzero()[:, 0].numpy()
    number = np.full(len(model.v_template), -1)
    number[skin] = np.arange(len(skin))
    corners = number[(model.faces if model.outer_faces is None else model.outer_faces).numpy()]
    corners = corners[(corners >= 0).all(1)]
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    return _Leg(side, skin, edges[edges[:, 0] < edges[:, 1]], model.lbs_weights[skin].double().numpy())


def _last(local: np.ndarray, joints: np.ndarray, leg: _Leg) -> Last:
    mirror = np.array([1.0 if leg.side == "left" else -1.0, 1, 1])
    ankle, ball = (joints[JOINT_INDEX[f"{leg.side}_{name}"]] * mirror for name in ("ankle", "foot"))
    local = local * mirror
    foot = local[local[:, 1] < ankle[1]]
    floor, heel, toe = foot[:, 1].min(), foot[:, 2].min(), foot[:, 2].max()
    scale = (toe - heel) / 0.26
    level = np.abs(local[:, 1] - ankle[1] - 0.012 * scale) < 0.02 * scale
    front = local[level, 2].max() if level.any() else ankle[2] + 0.05 * scale
    pivot = np.array([ankle[0], ankle[1] + 0.016 * scale, front + 0.012 * scale])
    rolled = _rolled(local, pivot, BEND * scale)
    first, tip = max(rolled[:, 0].min() + 0.01, -0.2 * scale), rolled[:, 0].max()
    centres, radii = _sections(rolled, leg.edges, first, tip)
    t = np.linspace(first, tip, 24)
    near = np.exp(-(((rolled[:, 0] - t[:, None]) / (0.02 * scale)) ** 2)) + 1e-9
    mixed = near @ leg.lbs_weights / near.sum(1, keepdims=True)
    last = Last(
        leg.side, pivot, floor, scale, first, centres, radii, tip, ball[2], heel, t, mixed, np.zeros((0, 3)), leg.skin
    )  # fmt: skip
    middle, _ = last.section(rolled[:, 0], 0 * rolled[:, 0])
    across, depth = (rolled[:, 1:] - middle).T
    return replace(last, places=np.stack([rolled[:, 0], np.arctan2(across, -depth), np.hypot(across, depth)], 1))


def _rolled(points: np.ndarray, pivot: np.ndarray, bend: float) -> np.ndarray:
    """(t, x, depth) of points (P,3): the inverse of `Last.unrolled`."""
    x, up, ahead = points[:, 0], points[:, 1] - pivot[1], points[:, 2] - pivot[2]
    turn = np.arctan2(-up, -ahead)
    t = np.where(ahead > 0, bend + ahead, turn / (np.pi / 2) * bend)
    depth = np.where(ahead > 0, -up, np.hypot(up, ahead))
    shin = (up > 0) & (ahead <= 0.03)
    return np.stack([np.where(shin, -up, t), x, np.where(shin, -ahead, depth)], 1)


def _sections(rolled: np.ndarray, edges: np.ndarray, first: float, last: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres (ROWS,2) and radii (ROWS,COLUMNS) of the convex hulls of sections at equal steps of t."""
    places = np.linspace(first, last, ROWS)
    step = places[1] - places[0]
    low, high = np.full((ROWS, 2), np.inf), np.full((ROWS, 2), -np.inf)
    _span(rolled, first, step, int(np.ceil(0.014 / step)), low, high)
    known = np.isfinite(low[:, 0])
    middle = (np.where(known[:, None], low, 0) + np.where(known[:, None], high, 0)) / 2
    middle = np.stack([np.interp(places, places[known], column[known]) for column in middle.T], 1)
    middle = _smoothed(middle, 4)
    angles = np.arange(COLUMNS) * (2 * np.pi / COLUMNS)
    heights = np.full((ROWS, COLUMNS), 0.004)
    _support(
        np.ascontiguousarray(rolled[edges]),
        first,
        step,
        middle,
        np.sin(angles),
        -np.cos(angles),
        heights,
    )
    turn = np.cos(angles[:, None] - angles)
    secant = np.where(turn > 0.2, 1 / np.where(turn > 0.2, turn, 1), np.inf)
    radii = (heights[:, None, :] * secant).min(-1)
    return middle, np.maximum(_smoothed(radii, 1), radii)


def _smoothed(rows: np.ndarray, reach: int) -> np.ndarray:
    weights = 1 + reach - np.abs(np.arange(-reach, reach + 1))
    padded = np.concatenate([rows[:1]] * reach + [rows] + [rows[-1:]] * reach)
    return sum(w * padded[k : k + len(rows)] for k, w in enumerate(weights)) / weights.sum()


@compiled
def _span(rolled, first, step, reach, low, high):
    """How far points (P,3) spread about each section: smallest and largest x and depth (ROWS,2)."""
    rows = len(low)
    for p in range(len(rolled)):
        row = int(np.rint((rolled[p, 0] - first) / step))
        for k in range(max(0, row - reach), min(rows - 1, row + reach) + 1):
            for axis in range(2):
                low[k, axis] = min(low[k, axis], rolled[p, 1 + axis])
                high[k, axis] = max(high[k, axis], rolled[p, 1 + axis])


@compiled
def _support(ends, first, step, centres, across, deep, heights):
    """For each section the furthest that the edges (E,2,3) reach in each direction from its centre."""
    rows = heights.shape[0]
    for e in range(ends.shape[0]):
        a, b = (ends[e, 0, 0] - first) / step, (ends[e, 1, 0] - first) / step
        for k in range(max(0, int(np.ceil(min(a, b)))), min(rows - 1, int(np.floor(max(a, b)))) + 1):
            t = (k - a) / (b - a) if b != a else 0.0
            p = ends[e, 0, 1] + t * (ends[e, 1, 1] - ends[e, 0, 1]) - centres[k, 0]
            q = ends[e, 0, 2] + t * (ends[e, 1, 2] - ends[e, 0, 2]) - centres[k, 1]
            for j in range(heights.shape[1]):
                heights[k, j] = max(heights[k, j], p * across[j] + q * deep[j])
