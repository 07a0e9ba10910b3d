"""Rotations of 3-space: axis-angle vectors (radians, right-handed) and matrices, with gradients that stay finite."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from avatarkit.shapes import sizes

# Below this squared angle the closed forms lose digits to 0/0; a few terms of their series are exact to float64 here.
_SMALL = 1e-4


def rotation_from_axis_angle(axis_angle: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) of axis-angle vectors (..., 3) in radians: the exponential map.

    Rodrigues: R = cos θ · I + (sin θ / θ) [r]× + ((1 − cos θ) / θ²) r rᵀ with θ = |r|; derivatives of every order
    are finite at r = 0.
    """
    sizes("... 3", axis_angle)
    squared = (axis_angle * axis_angle).sum(-1, keepdim=True)
    small = squared < _SMALL
    # The square root is taken of a number that is never 0, or its infinite slope would turn 0 · ∞ into NaN.
    angle = torch.where(small, torch.ones_like(squared), squared).sqrt()
    half = torch.sin(angle / 2) / angle
    sine = torch.where(small, 1 - squared / 6 * (1 - squared / 20), torch.sin(angle) / angle)
    versine = torch.where(small, 0.5 - squared / 24 * (1 - squared / 30), 2 * half * half)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    outer = axis_angle[..., :, None] * axis_angle[..., None, :]
    identity = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    cosine = 1 - versine * squared
    return cosine[..., None] * identity + sine[..., None] * cross + versine[..., None] * outer


def axis_angle_from_rotation(rotation: Tensor) -> Tensor:
    """Axis-angle vectors (..., 3), of length 0 to π, of rotation matrices (..., 3, 3).

    At a half turn either of the two axes may come back.
    """
    quaternion = quaternion_from_rotation(rotation)
    vector, cosine = quaternion[..., :3], quaternion[..., 3:]
    squared = (vector * vector).sum(-1, keepdim=True)
    small = squared < _SMALL
    sine = torch.where(small, torch.ones_like(squared), squared).sqrt()
    # Near the identity 2 asin(s) / s = 2 + s²/3 + 3 s⁴/20 + 5 s⁶/56 + …, a series in s², smooth at s = 0.
    series = 2 + squared * (1 / 3 + squared * (3 / 20 + squared * (5 / 56)))
    return torch.where(small, series, 2 * torch.atan2(sine, cosine) / sine) * vector


def quaternion_from_rotation(rotation: Tensor) -> Tensor:
    """Unit quaternions (..., 4), order x y z w as glTF's, w ≥ 0, of rotation matrices (..., 3, 3).

    4 q qᵀ is linear in R, and its column with the largest diagonal is q times a number of at least 2, so nothing is
    divided by a small one (Shepperd 1978).
    """
    sizes("... 3 3", rotation)
    columns = _quaternion_products(rotation)
    largest = columns.diagonal(dim1=-2, dim2=-1).argmax(-1)
    picked = columns.gather(-2, largest[..., None, None].expand(*largest.shape, 1, 4)).squeeze(-2)
    quaternion = (picked / picked.norm(dim=-1, keepdim=True)).roll(-1, dims=-1)
    return torch.where(quaternion[..., 3:] < 0, -quaternion, quaternion)


def _quaternion_products(rotation: Tensor) -> Tensor:
    """4 q qᵀ (..., 4, 4), order w x y z, of rotation matrices (..., 3, 3)."""
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    rows = [
        [1 + a + e + i, h - f, c - g, d - b],
        [h - f, 1 + a - e - i, b + d, c + g],
        [c - g, b + d, 1 - a + e - i, f + h],
        [d - b, c + g, f + h, 1 - a - e + i],
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def similarity(points: Tensor, moved: Tensor, *, most_scale: float = math.inf) -> tuple[Tensor, Tensor]:
    """Linear part (3,3) and shift (3) that take points (N,3) to `moved` best, one by one [Umeyama 1991]; no mirroring,
    and larger or smaller by no more than `most_scale`."""
    sizes("N 3, N 3", points, moved)
    middle, there = points.mean(dim=0), moved.mean(dim=0)
    U, S, Vt = torch.linalg.svd((moved - there).T @ (points - middle))
    S, U = S.clone(), U.clone()
    if torch.linalg.det(U @ Vt) < 0:
        S[-1], U[:, -1] = -S[-1], -U[:, -1]
    scale = S.sum() / (points - middle).square().sum().clamp(min=1e-12)
    linear = scale.clamp(1 / most_scale, most_scale) * (U @ Vt)
    return linear, there - linear @ middle
