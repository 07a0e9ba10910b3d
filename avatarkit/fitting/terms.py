"""What a fit is judged by: residuals, their slopes, and the loss that forgives what is far off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatarkit.fitting.limits import Limits
from avatarkit.fitting.rig import Array, Free, State


class Sum:
    """A sum of squares in the making: Σ w ρ(r²), its gradient (P) and its Gauss–Newton matrix (P,P)."""

    def __init__(self, P: int):
        self.cost, self.gradient, self.matrix = 0.0, np.zeros(P), np.zeros((P, P))

    def add(
        self, residuals: Array, slopes: Array, *, weight: Array | float = 1.0, forgiving: float | None = None
    ) -> None:
        """Add residual vectors (M,D) with slopes (M,D,P), weights (M).

        `forgiving` is C of Geman–McClure's ρ(s) = C s / (s + C), s = |r|²: what is farther off than √C hardly pulls.
        """
        squared = (residuals**2).sum(1)
        weights = np.broadcast_to(np.asarray(weight, float), squared.shape)
        if forgiving is None:
            self.cost += float(weights @ squared)
            pulls = weights
        else:
            self.cost += float(weights @ (forgiving * squared / (squared + forgiving)))
            pulls = weights * (forgiving / (squared + forgiving)) ** 2
        P = len(self.gradient)
        root = np.sqrt(pulls)[:, None]
        rows = (slopes * root[..., None]).reshape(-1, P)
        self.gradient += rows.T @ (residuals * root).ravel()
        self.matrix += rows.T @ rows

    def add_diagonal(self, residuals: Array, slopes: Array, places: NDArray[np.int64]) -> None:
        """Add residuals (M) that depend on one parameter each, `places` (M), by `slopes` (M)."""
        self.cost += float(residuals @ residuals)
        np.add.at(self.gradient, places, slopes * residuals)
        np.add.at(self.matrix, (places, places), slopes**2)


@dataclass(frozen=True, eq=False)
class Seen:
    """Where points of the body appear: rows of the points, pixels (M,2), how exact [pixels] (M), weights (M)."""

    rows: NDArray[np.int64]
    pixels: Array
    sigma: Array
    weight: Array
    forgiving: float

    def add(self, total: Sum, places: Array, slopes: Array, K: Array) -> None:
        image, by_place = projected(places[self.rows], K)
        residuals = (image - self.pixels) / self.sigma[:, None]
        total.add(
            residuals,
            by_place / self.sigma[:, None, None] @ slopes[self.rows],
            weight=self.weight,
            forgiving=self.forgiving,
        )


@dataclass(frozen=True, eq=False)
class Directed:
    """Where bones point: pairs (M,2) of points, unit directions (M,3) in camera axes, their spread (M)."""

    pairs: NDArray[np.int64]
    directions: Array
    sigma: Array
    weight: Array
    forgiving: float = 4.0

    def add(self, total: Sum, places: Array, slopes: Array, K: Array) -> None:
        start, end = self.pairs.T
        bones = places[end] - places[start]
        lengths = np.linalg.norm(bones, axis=1)[:, None]
        units = bones / lengths
        # ∂(b/|b|) = (I − b̂ b̂ᵀ) ∂b / |b|
        across = (np.eye(3) - units[:, :, None] * units[:, None, :]) / (lengths * self.sigma[:, None])[..., None]
        residuals = (units - self.directions) / self.sigma[:, None]
        total.add(residuals, across @ (slopes[end] - slopes[start]), weight=self.weight, forgiving=self.forgiving)


@dataclass(frozen=True, eq=False)
class Habits:
    """What people are like before anything is seen: joints near rest and within their limits, average shapes."""

    limits: Limits
    usual: Array
    """(63) the body's usual turns, left hip to right wrist"""
    stiff: Array
    """(63,63) what whitens them"""
    fingers: float
    """weight of the prior that keeps fingers, jaw and eyes near rest"""
    shape_centre: Array
    """(C)"""
    shape_spread: Array
    """(C)"""
    bounds: tuple[Array, Array]
    """least and greatest coefficients (C)"""
    tallness: Array
    """(C) metres of height per coefficient"""
    height: tuple[float, float]
    """how much taller than the template the person is said to be, and how exactly that is known, metres"""

    def add(self, total: Sum, state: State, free: Free) -> None:
        joints = free.joints[free.joints > 0]
        turns, start = state.turns[joints], 3 + 3 * int((free.joints == 0).sum())
        places = (start + np.arange(turns.size)).reshape(turns.shape)
        body, small = joints < 22, joints >= 22
        slopes = np.zeros((63, 1, len(free)))
        columns = 3 * (joints[body] - 1)[:, None] + np.arange(3)
        slopes[:, 0, places[body].ravel()] = self.stiff[:, columns.ravel()]
        total.add((self.stiff @ (state.turns[1:22].ravel() - self.usual))[:, None], slopes)
        spread = self.limits.spread[joints[small]] / np.sqrt(self.fingers)
        total.add_diagonal((turns[small] / spread).ravel(), (1 / spread).ravel(), places[small].ravel())
        _fence(total, turns, self.limits.low[joints], self.limits.high[joints], places, 0.05)
        chosen = free.coefficients
        values, at = state.coefficients[chosen], 3 + 3 * len(free.joints) + np.arange(len(chosen))
        total.add_diagonal(
            (values - self.shape_centre[chosen]) / self.shape_spread[chosen], 1 / self.shape_spread[chosen], at
        )
        _fence(total, values, self.bounds[0][chosen], self.bounds[1][chosen], at, 0.02)
        taller, sigma = self.height
        slopes = np.zeros((1, 1, len(free)))
        slopes[0, 0, at] = self.tallness[chosen] / sigma
        total.add(np.array([[(self.tallness @ state.coefficients - taller) / sigma]]), slopes)


def _fence(total: Sum, values: Array, low: Array, high: Array, places: NDArray[np.int64], soft: float) -> None:
    """A quadratic wall outside [low, high], one at `soft` beyond it."""
    beyond = np.maximum(values - high, 0) - np.maximum(low - values, 0)
    out = beyond != 0
    if out.any():
        total.add_diagonal(beyond[out] / soft, np.full(int(out.sum()), 1 / soft), places[out])


def projected(places: Array, K: Array) -> tuple[Array, Array]:
    """Pixels (N,2) of places (N,3) in camera axes, and their slopes (N,2,3)."""
    z = np.maximum(places[:, 2], 0.1)
    image = places[:, :2] * K[[0, 1], [0, 1]] / z[:, None] + K[:2, 2]
    slopes = np.zeros((len(places), 2, 3))
    slopes[:, 0, 0], slopes[:, 1, 1] = K[0, 0] / z, K[1, 1] / z
    slopes[:, :, 2] = -(image - K[:2, 2]) / z[:, None]
    return image, slopes
