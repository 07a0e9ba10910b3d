"""Poses that people take, to start a fit from: a limb that points away looks as one that points to the camera.

Each pose is turned to eight directions and compared with the landmarks that were seen, both brought to one size and
place; with a 3D cue, the bones' directions are compared too. The best few are all fitted, and the cheapest wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatarkit.body import JOINT_INDEX, JOINT_NAMES
from avatarkit.errors import BadData
from avatarkit.fitting.landmarks import BONES, directions
from avatarkit.fitting.rig import Array, J, Points, Rig, State, places, rotations
from avatarkit.fitting.starting import turn_of

HEADINGS = np.deg2rad(np.arange(0, 360, 30))
COMPARED = (0, *range(11, 17), *range(23, 33))
FLOOR = 12.0
"""Degrees."""
LIMBS = np.arange(12)
"""Bones of arms, legs and feet."""
MIRROR = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class Library:
    """Poses seen from their front, in camera axes: `turns` (P,55,3), and `places` (P,33,3) of their landmarks."""

    turns: Array
    places: Array
    usual: Array
    """(63) the mean of the body's turns"""
    stiff: Array
    """(63,63) what whitens them about it: a Gaussian prior is |stiff (turns − usual)|²"""

    @staticmethod
    def of(rig: Rig, landmarks: Points, arrays: Mapping[str, NDArray]) -> Library:  # type: ignore[type-arg]
        """The stored poses (P,22,3), and their mirror images. Raises BadData."""
        stored = arrays.get("poses")
        if stored is None or stored.ndim != 3 or stored.shape[1:] != (22, 3):
            raise BadData("landmarks: poses are missing or of another shape, expected (P, 22, 3)")
        turns = np.zeros((len(stored), J, 3))
        turns[:, :22] = stored
        other = [JOINT_INDEX[_other(name)] for name in JOINT_NAMES]
        mirrored = turns[:, other] * MIRROR
        level = rotations(np.array([np.pi, 0, 0]))
        turns = np.concatenate([turns, mirrored])
        turns[:, 0] = np.stack([turn_of(level @ rotation) for rotation in rotations(turns[:, 0])])
        zero = np.zeros(rig.joint_dirs.shape[2])
        body = turns[:, 1:22].reshape(len(turns), -1)
        # poses are more various than any library: no turn is more certain than this
        covariance = np.cov(body.T) + np.deg2rad(FLOOR) ** 2 * np.eye(body.shape[1])
        stiff = np.linalg.cholesky(np.linalg.inv(covariance)).T
        looks = np.stack([places(rig, landmarks, State(np.zeros(3), t, zero)) for t in turns])
        return Library(turns, looks, body.mean(0), stiff)

    def nearest(self, pixels: Array, weight: Array, bones: Array | None, count: int) -> list[Array]:
        """The turns (55,3) of the `count` poses, all different, that look most like landmarks (33,2) and, where they
        are known, bone directions (19,3)."""
        rows = [row for row in COMPARED if weight[row] > 0.3 and not np.isnan(pixels[row, 0])]
        if len(rows) < 6:
            return []
        seen = _normalised(pixels[rows])
        scores = []
        for heading in HEADINGS:
            turn = rotations(np.array([0.0, heading, 0.0]))
            looked = self.places @ turn.T
            shown = _normalised(looked[:, rows, :2])
            score = ((shown - seen) ** 2).sum(-1).mean(-1) / 0.08**2
            if bones is not None:
                pairs = np.array(BONES)[LIMBS]
                pointing = directions(looked.transpose(1, 0, 2), pairs).transpose(1, 0, 2)
                score += ((pointing - bones[LIMBS]) ** 2).sum(-1).mean(-1) / 0.4**2
            scores.append(score)
        table = np.array(scores)
        found: list[Array] = []
        chosen: list[int] = []
        for flat in table.argsort(axis=None):
            heading, pose = np.unravel_index(flat, table.shape)
            if all(np.abs(self.turns[pose, 1:22] - self.turns[other, 1:22]).max() > 0.5 for other in chosen):
                turns = self.turns[pose].copy()
                turns[0] = turn_of(rotations(np.array([0.0, HEADINGS[heading], 0.0])) @ rotations(turns[0]))
                found.append(turns)
                chosen.append(int(pose))
            if len(found) == count:
                break
        return found


def _normalised(points: Array) -> Array:
    """Points (...,N,2) about their mean, of unit mean square."""
    centred = points - points.mean(-2, keepdims=True)
    return centred / np.sqrt((centred**2).sum((-2, -1), keepdims=True) / points.shape[-2])


def _other(name: str) -> str:
    side, _, rest = name.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)
