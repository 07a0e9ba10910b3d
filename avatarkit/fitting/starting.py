"""Where a fit starts: the trunk turned as the 3D cue says, the limbs as its bones point, the body where it is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from avatarkit.fitting.landmarks import HIPS, SHOULDERS
from avatarkit.fitting.rig import Array, Free, J, Points, Rig, State, places
from avatarkit.fitting.solving import solved
from avatarkit.fitting.terms import Directed, Habits

TRUNK = (*SHOULDERS, *HIPS)
LIMBS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19])
UPSIDE_DOWN = np.diag([1.0, -1.0, -1.0])
"""cam_from_body of someone who stands in front of the camera and looks into it."""


def started(
    rig: Rig, points: Points, habits: Habits, directed: Directed, cue: Array, pixels: Array, weight: Array, K: Array
) -> State:
    """The state that a 3D cue (33,3) of the pose landmarks, its bones and their pixels (33,2) suggest."""
    coefficients = habits.shape_centre.copy()
    turns = np.zeros((J, 3))
    turns[1:22] = habits.usual.reshape(21, 3)
    state = State(np.zeros(3), turns, coefficients)
    at_rest = places(rig, points, state)
    turns[0] = turn_of(rotation_between(at_rest[list(TRUNK)], cue[list(TRUNK)]))
    free = Free(LIMBS, np.zeros(0, np.int64))
    state, _ = solved(rig, points, replace(state, turns=turns), free, [directed], habits, K, rounds=40)
    return replace(state, transl=state.transl + shift(places(rig, points, state)[:33], pixels, weight, K))


def rotation_between(a: Array, b: Array) -> Array:
    """The rotation (3,3) that best takes points a (N,3) to b (N,3), both about their means (Kabsch)."""
    U, _, Vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
    return Vt.T @ np.diag([1, 1, np.sign(np.linalg.det(Vt.T @ U.T))]) @ U.T


def turn_of(rotation: Array) -> Array:
    """Its axis-angle (3)."""
    import torch

    from avatarkit.rotation import axis_angle_from_rotation

    return axis_angle_from_rotation(torch.from_numpy(np.ascontiguousarray(rotation))).numpy()


def shift(points: Array, pixels: Array, weight: Array, K: Array) -> Array:
    """The translation (3) that brings points (N,3) nearest to their pixels (N,2), by linear least squares.

    f (x + t_x) = u (z + t_z) for both axes, u measured from the principal point.
    """
    rays = (pixels - K[:2, 2]) / K[[0, 1], [0, 1]]
    rows, right = [], []
    for axis in range(2):
        block = np.zeros((len(points), 3))
        block[:, axis], block[:, 2] = 1, -rays[:, axis]
        rows.append(block * weight[:, None])
        right.append((rays[:, axis] * points[:, 2] - points[:, axis]) * weight)
    found = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0]
    depth = points[:, 2].mean() + found[2]
    if depth < 0.5:  # behind the camera or in it: too little was seen to tell
        found[2] += 3.0 - depth
    return found
