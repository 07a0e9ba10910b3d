"""The detector's landmarks as points on the body: 33 of the pose, 21 a hand, 70 of the face.

Where a detector puts "the hip" is its own affair; `calibration` measures it on people whose body is known and keeps,
for each landmark, the joint it moves with, what its place is measured from (a joint, or a vertex of the head), and the
offset (metres in T-pose, for a body as tall as the template).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit.body import BodyModel
from avatarkit.errors import BadData
from avatarkit.fitting.rig import Array, Points, Rig

POSE, LEFT_HAND, RIGHT_HAND, FACE = slice(0, 33), slice(33, 54), slice(54, 75), slice(75, 145)
COUNT = 145
NOSE, SHOULDERS, HIPS = 0, (11, 12), (23, 24)
WRISTS, KNEES, ANKLES = (15, 16), (25, 26), (27, 28)
MEASURED = (0, 7, 8, *range(11, 17), *range(23, 33))
"""The 19 points whose reprojection error is reported: nose, ears, limbs, heels and toes."""
CONTOUR = (127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
NOSE_LINE = (168, 197, 5, 4, 75, 97, 2, 326, 305)
EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
MOUTH = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)
IRISES = (468, 473)
FACE_IDS = (*CONTOUR, *BROWS, *NOSE_LINE, *EYES, *MOUTH, *IRISES)
"""Which of mediapipe's 478 face points: those nearest to the 68 of iBUG (and OpenPose), in that order; the irises."""
BONES = (
    *((11, 13), (13, 15), (12, 14), (14, 16), (23, 25), (25, 27), (24, 26), (26, 28)),
    *((27, 31), (28, 32), (29, 31), (30, 32), (11, 12), (23, 24), (11, 23), (12, 24), (7, 8), (15, 19), (16, 20)),
)
"""Pairs of pose landmarks whose direction in space the detector guesses."""
MIRRORED_BONES = (2, 3, 0, 1, 6, 7, 4, 5, 9, 8, 11, 10, 12, 13, 15, 14, 16, 18, 17)
ACROSS = (12, 13, 16)
"""Bones from the left side to the right one: in a mirror they point the other way, and are mirrored."""


@dataclass(frozen=True, eq=False)
class Table:
    """Where the landmarks (145) sit: moved by the joint `attach`, measured from `base` (a joint) or `vertex` (≥ 0)."""

    attach: NDArray[np.int64]
    base: NDArray[np.int64]
    vertex: NDArray[np.int64]
    offset: Array
    rigid: Array
    """(145,3) the offsets from `base` of all of them, for bodies with other vertices"""
    noise: Array
    """(145) the detector's usual error, as a share of the person's height in the image"""
    bone_maps: Array
    """(19,4,3) from the directions (x, y, z, 1) that the detector guesses to the likely ones"""
    bone_spread: Array
    """(19) how far those are from the truth, unit vectors"""

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray]) -> Table:  # type: ignore[type-arg]
        """The table of the stored arrays. Raises BadData."""
        wanted = {
            "attach": (COUNT,),
            "base": (COUNT,),
            "vertex": (COUNT,),
            "offset": (COUNT, 3),
            "rigid": (COUNT, 3),
            "noise": (COUNT,),
        }
        wanted |= {"bone_maps": (len(BONES), 4, 3), "bone_spread": (len(BONES),)}
        for key, shape in wanted.items():
            if key not in arrays or arrays[key].shape != shape:
                raise BadData(f"landmarks: {key} is missing or of another shape, expected {shape}")
        whole: dict[str, Any] = {key: arrays[key].astype(np.int64) for key in ("attach", "base", "vertex")}
        return Table(**whole, **{key: arrays[key].astype(float) for key in wanted if key not in whole})

    def arrays(self) -> dict[str, NDArray]:  # type: ignore[type-arg]
        whole = {key: getattr(self, key).astype(np.int16) for key in ("attach", "base", "vertex")}
        rest = ("offset", "rigid", "noise", "bone_maps", "bone_spread")
        return whole | {key: getattr(self, key).astype(np.float32) for key in rest}

    def likely(self, cue: Array) -> Array:
        """Unit directions (19,3) of the bones, from the detector's cue (33,3), its habits taken off."""
        guessed = directions(cue, np.array(BONES))
        return unit(np.einsum("ba,bac->bc", np.pad(guessed, ((0, 0), (0, 1)), constant_values=1), self.bone_maps))

    def points(self, model: BodyModel, rig: Rig) -> Points:
        """The landmarks on the body model that the table was made for."""
        vertices, vertex = model.v_template.double().numpy(), self.vertex
        offset = np.where(vertex[:, None] < 0, self.rigid, self.offset)
        dirs = all_dirs(model, np.maximum(vertex, 0))
        tall = tallness(model)
        on_joint = vertex < 0
        template = np.where(on_joint[:, None], rig.joints[self.base], vertices[vertex]) + offset
        grown = rig.joint_dirs[self.base] + offset[..., None] * tall
        weights = np.zeros((COUNT, len(rig.joints)))
        weights[np.arange(COUNT), self.attach] = 1
        on_skin = model.lbs_weights[torch.from_numpy(np.maximum(vertex, 0))].double().numpy()
        weights = np.where(on_joint[:, None], weights, on_skin)
        return Points(template, np.where(on_joint[:, None, None], grown, dirs), weights)


def directions(points: Array, pairs: NDArray[np.int64]) -> Array:
    """Unit vectors (M,3) from the first to the second of each pair (M,2) of points (N,3)."""
    return unit(points[pairs[:, 1]] - points[pairs[:, 0]])


def unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def all_dirs(model: BodyModel, rows: NDArray[np.int64]) -> Array:
    """(N,3,C) how these vertices move with betas, then expression."""
    kept = torch.from_numpy(np.ascontiguousarray(rows))
    return torch.cat([model.shapedirs[kept], model.exprdirs[kept]], dim=2).double().numpy()


def tallness(model: BodyModel) -> Array:
    """(C) by which share each coefficient makes the template taller."""
    heights = model.v_template[:, 1]
    high, low = int(heights.argmax()), int(heights.argmin())
    dirs = all_dirs(model, np.array([high, low]))[:, 1]
    return (dirs[0] - dirs[1]) / float(heights[high] - heights[low])
