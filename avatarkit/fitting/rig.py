"""Points on a body and how they move with every parameter: what Gauss–Newton needs, in closed form.

    x_i = Σ_k w_ik (R_k (v_i − J_k) + t_k)                     linear blend skinning
    ∂x_i/∂r_j = [axis]  ×  Σ_{k below j} w_ik (x_ik − t_j)     joint j turns what hangs from it about itself
    ∂x_i/∂β   = Σ_k w_ik (R_k (∂v_i − ∂J_k) + ∂t_k)            shape moves the point and the joints it hangs from

float64 numpy throughout: some hundred points and parameters, where a call of torch costs more than its sums.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit.body import BodyModel, Pose
from avatarkit.shapes import sizes

Array = NDArray[np.float64]
J = 55


@dataclass(frozen=True, eq=False)
class Points:
    """Points of the rest pose: `template` (N,3), `dirs` (N,3,C) per coefficient, skin `weights` (N,55)."""

    template: Array
    dirs: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.template)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Points:
        return Points(self.template[rows], self.dirs[rows], self.weights[rows])

    @staticmethod
    def joined(*parts: Points) -> Points:
        """The points of all parts, one after the other."""
        columns = ((p.template, p.dirs, p.weights) for p in parts)
        return Points(*(np.concatenate(column) for column in zip(*columns, strict=True)))


@dataclass(frozen=True, eq=False)
class Rig:
    """The skeleton of a body model as plain arrays; coefficients are its betas, then its expression."""

    joints: Array
    """(55,3)"""
    joint_dirs: Array
    """(55,3,C)"""
    parents: tuple[int, ...]
    below: Array
    """(55,55) 1 where joint k hangs from joint j or is it"""
    B: int
    """how many of the coefficients are betas"""

    @staticmethod
    def of(model: BodyModel) -> Rig:
        below = np.eye(J)
        for joint in range(J - 1, 0, -1):
            below[model.parents[joint]] += below[joint]
        dirs = torch.cat([model.joint_shapedirs, model.joint_exprdirs], dim=2).double().numpy()
        return Rig(model.joint_template.double().numpy(), dirs, model.parents, below, model.shapedirs.shape[2])


@dataclass(frozen=True, eq=False)
class State:
    """A person: translation (3), axis-angle turns (55,3), coefficients (C)."""

    transl: Array
    turns: Array
    coefficients: Array

    def moved(self, step: Array, free: Free) -> State:
        """The state after a step (P) of the free parameters."""
        turns, coefficients = self.turns.copy(), self.coefficients.copy()
        n = 3 + 3 * len(free.joints)
        turns[free.joints] += step[3:n].reshape(-1, 3)
        coefficients[free.coefficients] += step[n:]
        # of the two turns that end alike the shorter one: beyond a half turn the derivative is bad
        angle = float(np.linalg.norm(turns[0]))
        if angle > np.pi:
            turns[0] *= (angle - 2 * np.pi) / angle
        return replace(self, transl=self.transl + step[:3], turns=turns, coefficients=coefficients)

    def pose(self) -> Pose:
        """The pose, float32."""
        return Pose.from_full(torch.from_numpy(self.turns).float(), torch.from_numpy(self.transl).float())


@dataclass(frozen=True, eq=False)
class Free:
    """Which parameters may move: always the translation, then these joints' turns, then these coefficients."""

    joints: NDArray[np.int64]
    coefficients: NDArray[np.int64]

    def __len__(self) -> int:
        return 3 + 3 * len(self.joints) + len(self.coefficients)


@dataclass(frozen=True, eq=False)
class Frames:
    """Where the joints of a state are: world rotations (55,3,3), places (55,3), rest places (55,3)."""

    turned: Array
    placed: Array
    rest: Array


def frames(rig: Rig, state: State) -> Frames:
    """Forward kinematics."""
    rest = rig.joints + rig.joint_dirs @ state.coefficients
    local = rotations(state.turns)
    turned, placed = np.empty((J, 3, 3)), np.empty((J, 3))
    turned[0], placed[0] = local[0], rest[0] + state.transl
    for joint in range(1, J):
        parent = rig.parents[joint]
        turned[joint] = turned[parent] @ local[joint]
        placed[joint] = placed[parent] + turned[parent] @ (rest[joint] - rest[parent])
    return Frames(turned, placed, rest)


def places(rig: Rig, points: Points, state: State, at: Frames | None = None) -> Array:
    """Where the points (N,3) are."""
    at = at or frames(rig, state)
    blend, shift = _blended(points, at)
    vertices = points.template + points.dirs @ state.coefficients
    return np.einsum("nab,nb->na", blend, vertices) + shift


def places_and_slopes(rig: Rig, points: Points, state: State, free: Free) -> tuple[Array, Array]:
    """Where the points (N,3) are, and ∂/∂parameters (N,3,P) for the free ones."""
    (N,) = sizes("N 3", points.template)
    at = frames(rig, state)
    vertices = points.template + points.dirs @ state.coefficients
    blend, shift = _blended(points, at)
    found = np.einsum("nab,nb->na", blend, vertices) + shift
    slopes = np.empty((N, 3, len(free)))
    slopes[:, :, :3] = np.eye(3)
    n = 3 + 3 * len(free.joints)
    slopes[:, :, 3:n] = _by_turns(rig, points, state, free, at, vertices)
    slopes[:, :, n:] = _by_coefficients(rig, points, free, at, blend)
    return found, slopes


def _blended(points: Points, at: Frames) -> tuple[Array, Array]:
    shift = at.placed - np.einsum("kab,kb->ka", at.turned, at.rest)
    return (points.weights @ at.turned.reshape(J, 9)).reshape(-1, 3, 3), points.weights @ shift


def _by_turns(rig: Rig, points: Points, state: State, free: Free, at: Frames, vertices: Array) -> Array:
    shift = at.placed - np.einsum("kab,kb->ka", at.turned, at.rest)
    carried = points.weights[..., None] * (np.einsum("kab,nb->nka", at.turned, vertices) + shift)
    below = rig.below[free.joints]
    lever = below @ carried - (points.weights @ below.T)[..., None] * at.placed[free.joints]
    parents = [rig.parents[joint] for joint in free.joints]
    outer = np.where((free.joints == 0)[:, None, None], np.eye(3), at.turned[parents])
    axes = outer @ left_jacobian(state.turns[free.joints])
    # ∂x/∂r_c = axis_c × lever
    slopes = np.cross(axes.transpose(0, 2, 1)[None], lever[:, :, None, :])
    return slopes.reshape(len(points), -1, 3).transpose(0, 2, 1)


def _by_coefficients(rig: Rig, points: Points, free: Free, at: Frames, blend: Array) -> Array:
    if not len(free.coefficients):
        return np.empty((len(points), 3, 0))
    dirs = rig.joint_dirs[:, :, free.coefficients]
    moved = np.empty_like(dirs)
    moved[0] = dirs[0]
    for joint in range(1, J):
        parent = rig.parents[joint]
        moved[joint] = moved[parent] + at.turned[parent] @ (dirs[joint] - dirs[parent])
    moved -= at.turned @ dirs
    own = blend @ points.dirs[:, :, free.coefficients]
    return own + (points.weights @ moved.reshape(J, -1)).reshape(own.shape)


def rotations(turns: Array) -> Array:
    """Rotation matrices (...,3,3) of axis-angles (...,3)."""
    angle = np.linalg.norm(turns, axis=-1)[..., None, None]
    safe = np.maximum(angle, 1e-9)
    cross = _cross(turns)
    return np.eye(3) + np.sinc(angle / np.pi) * cross + (1 - np.cos(safe)) / safe**2 * (cross @ cross)


def left_jacobian(turns: Array) -> Array:
    """(...,3,3) of axis-angles r: exp(r + δ) = exp(J_l δ) exp(r) to first order."""
    angle = np.maximum(np.linalg.norm(turns, axis=-1), 1e-4)[..., None, None]
    cross = _cross(turns)
    return np.eye(3) + (1 - np.cos(angle)) / angle**2 * cross + (angle - np.sin(angle)) / angle**3 * (cross @ cross)


def _cross(turns: Array) -> Array:
    x, y, z = np.moveaxis(turns, -1, 0)
    o = np.zeros_like(x)
    return np.stack([o, -z, y, z, o, -x, -y, x, o], axis=-1).reshape(*turns.shape[:-1], 3, 3)
