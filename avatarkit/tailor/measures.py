"""A body measured for clothes: the close-fitting cloth surface on it, its levels, and which of it is arm or leg.

Heights on the scale of `outfit`: 0 natural waist · 1 crotch · 2 knee · 3 ankle; -1 armpit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.errors import BadData
from avatarkit.tailor import sewing
from avatarkit.tailor.tubes import Tube, tube

if TYPE_CHECKING:
    from avatarkit.body.cloth import ClothSurface
    from avatarkit.body.model import BodyModel

LEVELS = (-1.0, 0.0, 1.0, 2.0, 3.0)
ARM_JOINTS = ("shoulder", "elbow", "wrist")


@dataclass(frozen=True, eq=False)
class Sheet:
    """What the cloth surface of a body model has in common for all people."""

    faces: np.ndarray
    edges: np.ndarray
    lbs_weights: np.ndarray
    neck: np.ndarray
    """(n) the loop of vertices at the neck"""
    arm: np.ndarray
    """(V) 0 … 1 share of the arm joints in a vertex' weights"""
    foot: np.ndarray
    """(V) of ankles and toes"""


@dataclass(frozen=True, eq=False)
class Measures:
    """One person, in the T-pose, metres."""

    sheet: Sheet
    vertices: np.ndarray
    """(V,3) the cloth surface on this body"""
    normals: np.ndarray
    """(V,3) smooth"""
    joints: np.ndarray
    """(55,3)"""
    heights: tuple[float, ...]
    """y of LEVELS"""
    scale: float
    """1 for an adult of 1.70 m"""
    floor: float
    skin: np.ndarray
    """(N,3) vertices of the neck's skin, and its edges"""
    skin_edges: np.ndarray

    def neck_tube(self) -> Tube:
        """The neck itself, from its base to the jaw."""
        low, high = self.joint("neck"), self.joint("head")
        base = self.neck[:, 1].min() - 0.01 * self.scale
        line = np.stack([low[[0, 2]], high[[0, 2]]])
        bare = tube(self.skin, self.skin_edges, 1, (base, max(high[1], base + 0.07 * self.scale)), line, 16)
        # above the throat, jaw and chin jut out over the neck
        return replace(bare, radii=np.minimum.accumulate(bare.radii, axis=0))

    def y(self, level: float) -> float:
        """The height of a level; beyond the ends in the last proportion, never below the floor."""
        if level > LEVELS[-1]:
            below = (self.heights[-2] - self.heights[-1]) * (level - LEVELS[-1])
            return max(self.heights[-1] - below, self.floor + 0.01)
        if level < LEVELS[0]:
            return self.heights[0] + (self.heights[0] - self.heights[1]) * (LEVELS[0] - level)
        return float(np.interp(level, LEVELS, self.heights))

    def joint(self, name: str) -> np.ndarray:
        return self.joints[JOINT_INDEX[name]]

    def arm_x(self, sleeve: float) -> float:
        """How far out on the left arm a sleeve of this length ends."""
        marks = [self.joint(f"left_{name}")[0] for name in ARM_JOINTS]
        return float(np.interp(sleeve, (0, 1, 2), marks))

    @property
    def neck(self) -> np.ndarray:
        """(n,3) the loop at the base of the neck"""
        return self.vertices[self.sheet.neck]


def measured(model: BodyModel, betas: Any, detail: str = "train") -> Measures:
    """The measures of a person of betas (≤ B,)."""
    surface = close_surface(model)
    sheet = sheet_of(surface, detail)
    betas = torch.as_tensor(np.asarray(betas), dtype=torch.float32)
    body = model.shaped(betas)
    vertices = surface.shaped(betas).double().numpy()
    if detail == "full":
        vertices = _refined(surface.faces.numpy(), vertices)
    joints, skin = body.joints.double().numpy(), body.vertices.double().numpy()
    normals = sewing.normals_of(vertices, sheet.faces)
    floor, top = float(skin[:, 1].min()), float(skin[:, 1].max())
    scale = (top - floor) / 1.7
    shoulder = joints[JOINT_INDEX["left_shoulder"]]
    under = (np.abs(np.abs(vertices[:, 0]) - 1.06 * shoulder[0]) < 0.03 * scale) & (sheet.arm > 0.2)
    armpit = vertices[under, 1].min() if under.any() else shoulder[1] - 0.09 * scale
    hip = joints[JOINT_INDEX["left_hip"]]
    names = () if model.landmarks is None else model.landmarks.names
    crotch = hip[1] - 0.085 * scale
    if "crotch" in names:
        crotch = float(model.landmark_points(body.vertices)[names.index("crotch"), 1])
    knee, ankle = joints[JOINT_INDEX["left_knee"]][1], joints[JOINT_INDEX["left_ankle"]][1]
    waist = 0.8 * joints[JOINT_INDEX["spine2"]][1] + 0.2 * joints[JOINT_INDEX["spine1"]][1]
    numbers, skin_edges = _neck_skin(model)
    heights = (float(armpit), float(waist), float(crotch), float(knee), float(ankle))
    return Measures(sheet, vertices, normals, joints, heights, scale, floor, skin[numbers], skin_edges)


def close_surface(model: BodyModel) -> ClothSurface:
    """The surface that clothes are cut from. Raises BadData for a body without one."""
    if model.cloth is None or "tights" not in model.cloth:
        raise BadData(f"body {model.name}: no cloth surface; clothes are cut for the built-in body (--body builtin)")
    return model.cloth["tights"]


@lru_cache(maxsize=4)
def _neck_skin(model: BodyModel) -> tuple[np.ndarray, np.ndarray]:
    """The skin's vertices around the neck, and edges between them."""
    weights = model.lbs_weights[:, [JOINT_INDEX["neck"], JOINT_INDEX["head"]]].sum(1).numpy()
    place, neck = model.v_template.numpy(), model.joint_template.numpy()[JOINT_INDEX["neck"]]
    near = (weights > 0.1) & (np.hypot(place[:, 0], place[:, 2] - neck[2]) < 0.095)
    outer = model.faces if model.outer_faces is None else model.outer_faces
    numbers, faces = np.unique(outer.numpy()[near[outer.numpy()].all(1)], return_inverse=True)
    return numbers, sewing.edges_of(faces.reshape(-1, 3))


@lru_cache(maxsize=4)
def sheet_of(surface: Any, detail: str) -> Sheet:
    """What measuring needs of a cloth surface, once a model."""
    faces = surface.faces.numpy().astype(np.int64)
    weights = surface.lbs_weights.double().numpy()
    if detail == "full":
        weights = np.maximum(_refined(faces, weights), 0)
        weights /= weights.sum(1, keepdims=True)
        faces = refined_faces(faces)
    vertices = surface.v_template.double().numpy()
    if detail == "full":
        vertices = _refined(surface.faces.numpy().astype(np.int64), vertices)
    neck = max(sewing.loops(sewing.rims(faces)), key=lambda loop: vertices[loop, 1].mean())[:-1]
    columns = [JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ARM_JOINTS]
    feet = [JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("ankle", "foot")]
    return Sheet(faces, sewing.edges_of(faces), weights, neck, weights[:, columns].sum(1), weights[:, feet].sum(1))


def refined_faces(faces: np.ndarray) -> np.ndarray:
    """Each triangle in four; the new vertices come after the old, one an edge of `edges_of`."""
    return _Loop.of(faces).faces


def _refined(faces: np.ndarray, values: np.ndarray) -> np.ndarray:
    return _Loop.of(faces.astype(np.int64)).applied(values)


class _Loop:
    """Loop's subdivision with smooth rims."""

    def __init__(self, faces: np.ndarray) -> None:
        self.old = int(faces.max()) + 1
        self.edges = sewing.edges_of(faces)
        keys = self.edges[:, 0] * self.old + self.edges[:, 1]
        onwards = np.roll(faces, -1, axis=1)
        slots = np.searchsorted(keys, np.minimum(faces, onwards) * self.old + np.maximum(faces, onwards))
        a, b, c = slots.T + self.old
        v = faces.T
        corners = [(v[0], a, c), (v[1], b, a), (v[2], c, b), (a, b, c)]
        self.faces = np.stack([np.stack(corner, 1) for corner in corners], 1).reshape(-1, 3)
        self.slots, self.opposite = slots, np.roll(faces, 1, axis=1)
        self.sides = np.bincount(slots.reshape(-1), minlength=len(self.edges))

    @staticmethod
    def of(faces: np.ndarray) -> _Loop:
        return _Loop(faces)

    def applied(self, values: np.ndarray) -> np.ndarray:
        inner = self.sides == 2
        middle = values[self.edges].mean(1)
        wings = np.zeros_like(middle)
        np.add.at(wings, self.slots.reshape(-1), values[self.opposite.reshape(-1)])
        new = np.where(inner[:, None], 0.75 * middle + 0.125 * wings, middle)
        rim = self.edges[~inner]
        on_rim = np.zeros(self.old, bool)
        on_rim[rim.reshape(-1)] = True
        degree = np.bincount(self.edges.reshape(-1), minlength=self.old)
        sums, rims = np.zeros_like(values), np.zeros_like(values)
        for ends in (self.edges, self.edges[:, ::-1]):
            np.add.at(sums, ends[:, 0], values[ends[:, 1]])
        for ends in (rim, rim[:, ::-1]):
            np.add.at(rims, ends[:, 0], values[ends[:, 1]])
        beta = np.where(degree == 3, 3 / 16, 3 / (8 * np.maximum(degree, 1)))[:, None]
        moved = (1 - degree[:, None] * beta) * values + beta * sums
        return np.concatenate([np.where(on_rim[:, None], 0.75 * values + 0.125 * rims, moved), new])
