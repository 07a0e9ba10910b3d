"""Joints as sparse, local means of vertices: J = J_regressor @ vertices, for any betas and any expression."""

from __future__ import annotations

import numpy as np

from avatarkit.body.pose import JOINT_NAMES
from avatarkit.body.recipe.skeleton import MIRRORED

NEIGHBOURS, RADIUS = 800, 0.26  # metres: far enough to reach the belly from the spine
STILL = 300.0  # how much more an equation of an unmoved joint counts than one of a person
RIDGE = 3e-4


def fit_regressor(
    people: np.ndarray, joints: np.ndarray, expressions: np.ndarray, skin: np.ndarray, mirror: np.ndarray
) -> np.ndarray:
    """J_regressor (55, V): rows sum to 1, symmetric; fitted to `people` (P, V, 3), `joints` (P, 55, 3).

    Each joint is a mean over vertices of `skin` around it, by ridge regression; expressions (V, 3, E) shall move none.
    """
    mean, rest = people.mean(axis=0, dtype=np.float64), joints.mean(axis=0)
    regressor = np.zeros((len(JOINT_NAMES), people.shape[1]))
    for joint, name in enumerate(JOINT_NAMES):
        if name.startswith("right"):
            continue
        near = neighbours(mean, rest[joint], skin)
        regressor[joint, near] = _weights_of(people[:, near], joints[:, joint], expressions[near])
        if name.startswith("left"):
            regressor[MIRRORED[joint], mirror] = regressor[joint]
        else:
            regressor[joint] = (regressor[joint] + regressor[joint][mirror]) / 2
    return regressor / regressor.sum(axis=1, keepdims=True)


def neighbours(vertices: np.ndarray, joint: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """At most `NEIGHBOURS` vertices within `RADIUS` of a joint: the nearest half, and a sample of those further out."""
    distance = np.linalg.norm(vertices[skin] - joint, axis=1)
    order = skin[np.argsort(distance, kind="stable")][: int((distance < RADIUS).sum())]
    close, further = order[: NEIGHBOURS // 2], order[NEIGHBOURS // 2 :]
    every = max(1, -(-len(further) // (NEIGHBOURS // 2)))
    return np.concatenate([close, further[::every]])


def _weights_of(people: np.ndarray, joint: np.ndarray, expressions: np.ndarray) -> np.ndarray:
    """The weights (K,), summing to 1, of the mean over `people` (P, K, 3) that follows `joint` (P, 3)."""
    count = people.shape[1]
    people = people.astype(np.float64)
    # With weights u + w, u = 1/K and Σw = 0, only offsets from the plain mean matter.
    offsets = people - people.mean(axis=1, keepdims=True)
    wanted = joint - people.mean(axis=1)
    moved = np.moveaxis(expressions, 1, 2).reshape(count, -1).T  # (3 E, K)
    rows = np.moveaxis(offsets, 1, 2).reshape(-1, count)
    scale = np.sqrt((rows**2).sum() / count)
    system = [rows, STILL * moved, RIDGE**0.5 * scale * np.eye(count), 1e4 * np.ones((1, count))]
    right = [wanted.reshape(-1), -STILL * moved.mean(axis=1), np.zeros(count), np.zeros(1)]
    matrix, target = np.concatenate(system), np.concatenate(right)
    return 1 / count + np.linalg.solve(matrix.T @ matrix, matrix.T @ target)
