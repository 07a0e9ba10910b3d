"""Who somebody is, by their looks: shape from a first fit and an outline, learned from people who are known.

    looks      how far clothes stand off at sections of trunk, limbs, neck, head; proportions; the first fit's shape
    a guess    Gaussian-process regression (Rasmussen & Williams 2006, eq. 2.25) to build, age, height and betas
    what is said (sex, age, height …) conditions the guess through the covariance of its leave-one-out errors

Clothes hide some sections and arms others; what is missing is filled in by what usually goes with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.body.phenotype import VARIABLES
from avatarkit.errors import BadData
from avatarkit.fitting.outline import surface_points
from avatarkit.fitting.rig import Array, Points, Rig, State, frames, places
from avatarkit.fitting.terms import projected

OUTCOMES = (*VARIABLES, "log height")
HEIGHT = len(VARIABLES)
FIRST_SHAPE = 24
"""Coefficients of the first fit that are looked at."""
REACH, THICK, STEP = 0.06, 0.012, 0.25
"""How far from the skin an outline is looked for, half a section's thickness, both of the height; pixels a step."""
LOOSE, TIGHT = 0.02, -0.03
"""Beyond what share of the height clothes only hang: a second, clipped copy of each gap tells the skin better."""
SKIN_POINTS = 3000
NOISE, LENGTH, FARTHEST = 1.0, 6.0, 3.0
"""Of the process: noise of an outcome, length scale, and the largest standard score of a look."""


class Section(NamedTuple):
    """A cut across the body `share` of the way between two joints, through what moves with these joints."""

    start: str
    end: str
    share: float
    joints: tuple[str, ...]


TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "left_collar", "right_collar", "left_hip", "right_hip")
LIMBS = {
    ("left_shoulder", "left_elbow"): (0.3, 0.5, 0.7),
    ("left_elbow", "left_wrist"): (0.15, 0.4, 0.65, 0.9),
    ("left_hip", "left_knee"): (0.35, 0.55, 0.75),
    ("left_knee", "left_ankle"): (0.3, 0.5, 0.75, 0.95),
}
SECTIONS = (
    *(Section("pelvis", "neck", share, TRUNK) for share in (-0.15, 0.0, 0.12, 0.24, 0.36, 0.48, 0.6, 0.72, 0.84)),
    *(Section(*limb, share, limb) for limb, shares in LIMBS.items() for share in shares),
    Section("neck", "head", 0.5, ("neck", "head")),
    Section("neck", "head", 1.3, ("neck", "head", "jaw")),
    Section("neck", "head", 1.8, ("head", "jaw")),
)
SPANS = (
    *(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"), ("left_shoulder", "left_elbow")),
    *(("left_elbow", "left_wrist"), ("left_hip", "left_knee"), ("left_knee", "left_ankle")),
    *(("pelvis", "neck"), ("neck", "head")),
)
LOOKS = 2 * len(SECTIONS) + len(SPANS) + 3 + FIRST_SHAPE


@dataclass(frozen=True, eq=False)
class Likeness:
    """What is known of people by their looks, made ready for a body model."""

    skin: Points
    mean: Array
    scale: Array
    """(D) of the looks"""
    covariance: Array
    """(D,D) of their standard scores"""
    known: Array
    """(N,D) standard scores of people who are known, complete"""
    usual: Array
    """(T) their mean outcome: OUTCOMES, then the body's betas"""
    weights: Array
    """(N,T) (K + σ²)⁻¹ (outcomes − usual)"""
    doubt: Array
    """(T,T) covariance of the leave-one-out errors"""

    @staticmethod
    def of(model: BodyModel, arrays: Mapping[str, NDArray]) -> Likeness | None:  # type: ignore[type-arg]
        """Of stored `looks` (N,D) and `outcomes` (N,T); None for another body than they were learned on.

        BadData for arrays of other shapes.
        """
        if model.phenotypes is None or "looks" not in arrays:
            return None
        looks, outcomes = (np.asarray(arrays[key], float) for key in ("looks", "outcomes"))
        mean, scale = np.asarray(arrays["looks_mean"], float), np.asarray(arrays["looks_scale"], float)
        covariance = np.asarray(arrays["looks_covariance"], float)
        if looks.shape[1:] != (LOOKS,) or covariance.shape != (LOOKS, LOOKS) or len(outcomes) != len(looks):
            raise BadData(f"landmarks: looks of shape {looks.shape}, expected {(len(outcomes), LOOKS)}")
        known = np.array([_completed((look - mean) / scale, covariance) for look in looks])
        usual = outcomes.mean(0)
        inverse = np.linalg.inv(_alike(known, known) + NOISE * np.eye(len(known)))
        weights = inverse @ (outcomes - usual)
        errors = weights / inverse.diagonal()[:, None]  # leave-one-out (Rasmussen & Williams 2006, eq. 5.12)
        doubt = errors.T @ errors / len(errors)
        return Likeness(skin_of(model), mean, scale, covariance, known, usual, weights, doubt)

    def guessed(self, look: Array, said: Mapping[int, tuple[float, float]]) -> tuple[Array, Array]:
        """Outcomes (T) of a look (D, NaN where it is hidden), and how far off they are (T), when of some outcomes the
        value and its spread are said."""
        scores = _completed((look - self.mean) / self.scale, self.covariance)
        guess = self.usual + (_alike(scores[None], self.known) @ self.weights)[0]
        doubt, rows = self.doubt, np.array(list(said), int)
        if len(rows):
            told = np.array(list(said.values()))
            noisy = doubt[np.ix_(rows, rows)] + np.diag(told[:, 1] ** 2)
            gain = np.linalg.solve(noisy, doubt[rows]).T
            guess, doubt = guess + gain @ (told[:, 0] - guess[rows]), doubt - gain @ doubt[rows]
        return guess, np.sqrt(np.maximum(doubt.diagonal(), 1e-6))


def skin_of(model: BodyModel) -> Points:
    """The points of the skin in which sections are cut."""
    return surface_points(model, SKIN_POINTS)


def look_of(rig: Rig, skin: Points, state: State, K: Array, mask: NDArray[np.float32] | None, height: float) -> Array:
    """The looks (D) of a first fit and a mask (H,W), of a person `height` pixels tall; NaN where nothing is seen."""
    gaps = np.full(len(SECTIONS), np.nan) if mask is None else gaps_of(rig, skin, state, K, mask > 0.5, height)
    rest = rig.joints + rig.joint_dirs @ state.coefficients
    bones = [np.linalg.norm(rest[JOINT_INDEX[a]] - rest[JOINT_INDEX[b]]) for a, b in SPANS]
    still = skin.template + skin.dirs @ state.coefficients
    head = np.isin(skin.weights.argmax(1), [JOINT_INDEX["head"], JOINT_INDEX["jaw"]])
    proportions = np.array([*bones, *np.ptp(still[head], axis=0)]) / np.ptp(still[:, 1])
    return np.concatenate([gaps, np.clip(gaps, TIGHT, LOOSE), proportions, state.coefficients[:FIRST_SHAPE]])


def gaps_of(rig: Rig, skin: Points, state: State, K: Array, mask: NDArray[np.bool_], height: float) -> Array:
    """How far the mask's outline lies outside the skin at each section (S), of the height; left and right averaged.

    NaN where the limb points at the camera, or no outline is near: another part of the body, or a wide skirt.
    """
    at = frames(rig, state)
    joints, pixels = projected(at.placed, K)[0], projected(places(rig, skin, state, at), K)[0]
    moved_by = skin.weights.argmax(1)
    found = np.full((len(SECTIONS), 2), np.nan)
    for row, section in enumerate(SECTIONS):
        for side in range(1 if section.start in ("pelvis", "neck") else 2):
            start, end, *parts = (
                JOINT_INDEX[name.replace("left_", "right_") if side else name]
                for name in (section.start, section.end, *section.joints)
            )
            axis = joints[end] - joints[start]
            length = np.linalg.norm(axis)
            if length < 0.04 * height:
                continue
            along, centre = axis / length, joints[start] + section.share * axis
            near = np.isin(moved_by, parts) & (np.abs((pixels - centre) @ along) < THICK * height)
            across: Array = np.array([-along[1], along[0]])
            if near.sum() > 3:
                reach = (pixels[near] - centre) @ across
                gaps = [_gap(mask, centre, s * across, float((s * reach).max()), height) for s in (1, -1)]
                found[row, side] = np.mean(gaps) / height
    seen = ~np.isnan(found)
    mean = np.where(seen, found, 0).sum(1) / np.maximum(seen.sum(1), 1)
    return np.where(seen.any(1) & (np.abs(mean) < REACH), mean, np.nan)


def _gap(mask: NDArray[np.bool_], start: Array, way: Array, skin: float, height: float) -> float:
    """Pixels from the skin on to where the mask ends, on a ray; NaN where it does not begin or does not end."""
    steps = np.arange(max(skin - REACH * height, 0), skin + 0.08 * height, STEP)
    x, y = np.floor(start + steps[:, None] * way).astype(int).T
    H, W = mask.shape
    inside = (x >= 0) & (x < W) & (y >= 0) & (y < H)
    inside[inside] = mask[y[inside], x[inside]]
    if not inside[0] or inside.all():
        return np.nan
    return float(steps[inside.argmin()] - skin)


def _alike(a: Array, b: Array) -> Array:
    """The kernel (M,N): k(a, b) = exp(−5 |a − b|² / (λ² D)) + a·b / D."""
    D = a.shape[1]
    apart = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.exp(-5 * apart / (LENGTH**2 * D)) + a @ b.T / D


def _completed(scores: Array, covariance: Array) -> Array:
    """Standard scores (D) whose NaN are replaced by their mean given the others."""
    seen = ~np.isnan(scores)
    full = np.where(seen, scores, 0)
    if not seen.all() and seen.any():
        among = covariance[np.ix_(seen, seen)] + 1e-3 * np.eye(int(seen.sum()))
        full[~seen] = covariance[np.ix_(~seen, seen)] @ np.linalg.solve(among, scores[seen])
    return np.clip(full, -FARTHEST, FARTHEST)


def looks_table(looks: Array, outcomes: Array, *, rounds: int = 15, shrinkage: float = 0.1) -> dict[str, Array]:
    """What `Likeness.of` reads, from looks (N,D) with NaN and outcomes (N,T): their mean, scale and covariance, by
    expectation maximisation [Dempster et al. 1977], a tenth of the covariance shrunk to its diagonal."""
    mean, scale = np.nanmean(looks, axis=0), np.nanstd(looks, axis=0) + 1e-6
    scores, D = (looks - mean) / scale, looks.shape[1]
    covariance = np.eye(D)
    for _ in range(rounds):
        total = np.zeros((D, D))
        for row in scores:
            seen = ~np.isnan(row)
            among = covariance[np.ix_(seen, seen)] + 1e-3 * np.eye(int(seen.sum()))
            gain = np.linalg.solve(among, covariance[np.ix_(seen, ~seen)]).T
            full = np.where(seen, row, 0)
            full[~seen] = gain @ row[seen]
            total += np.outer(full, full)
            total[np.ix_(~seen, ~seen)] += covariance[np.ix_(~seen, ~seen)] - gain @ covariance[np.ix_(seen, ~seen)]
        covariance = total / len(scores)
    covariance = (1 - shrinkage) * covariance + shrinkage * np.diag(covariance.diagonal())
    table = {"looks": looks, "outcomes": outcomes, "looks_mean": mean, "looks_scale": scale}
    return table | {"looks_covariance": covariance}
