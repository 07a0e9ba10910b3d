"""Bags: a backpack, a shoulder bag, a tote in the hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.tailor.draping import Obstacle
from avatarkit.tailor.fitted import Fitted, Part, joined, of_joint, sheet_faces, unit
from avatarkit.tailor.straps import band, outward_of, tightened, weights_along

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel


@dataclass(frozen=True, eq=False)
class Wearer:
    """A T-posed body that things are hung on."""

    body: Obstacle
    joints: np.ndarray
    lbs_weights: np.ndarray
    trunk: np.ndarray
    """(V) bool: no arm, no head; the body's faces are those"""
    scale: float
    """1 for a trunk of 0.43 m from hips to neck"""

    def joint(self, name: str) -> np.ndarray:
        return self.joints[JOINT_INDEX[name]]

    def depth(self, y: float, half: float, side: float) -> float:
        """z of the trunk's front (side 1) or back (-1) at a height, within |x| < `half`."""
        v = self.body.rest
        near = self.trunk & (np.abs(v[:, 1] - y) < 0.03) & (np.abs(v[:, 0]) < half)
        return float((side * v[near, 2]).max() * side) if near.any() else 0.1 * side

    def flank(self, y: float) -> float:
        v = self.body.rest
        near = self.trunk & (np.abs(v[:, 1] - y) < 0.03)
        return float(np.abs(v[near, 0]).max()) if near.any() else 0.16


def wearer(model: BodyModel, betas: Any) -> Wearer:
    body = model.shaped(torch.as_tensor(np.asarray(betas), dtype=torch.float32))
    vertices, joints = body.vertices.double().numpy(), body.joints.double().numpy()
    faces = (model.faces if model.outer_faces is None else model.outer_faces).numpy()
    weights = model.lbs_weights.double().numpy()
    arms = [JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "wrist")]
    fingers = list(range(25, 55))
    head = [JOINT_INDEX["head"], *range(22, 25)]
    trunk = weights[:, arms + fingers + head].sum(1) < 0.3
    faces = faces[trunk[faces].all(1)]
    scale = float(joints[JOINT_INDEX["neck"], 1] - joints[JOINT_INDEX["left_hip"], 1]) / 0.545
    return Wearer(Obstacle(vertices, vertices, faces), joints, weights, trunk, scale)


def box(
    middle: np.ndarray,
    half: Sequence[float],
    *,
    power: float = 4.0,
    rows: int = 11,
    columns: int = 28,
    sag: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """A closed rounded box: vertices and faces. `sag` makes it wider below."""
    e = np.linspace(-0.5 * np.pi, 0.5 * np.pi, rows + 2)[1:-1]
    a = 2 * np.pi * np.arange(columns) / columns
    power = 2 / power

    def bent(x: np.ndarray) -> np.ndarray:
        return np.sign(x) * np.abs(x) ** power

    e, a = np.meshgrid(e, a, indexing="ij")
    y = bent(np.sin(e))
    wide = 1 + sag * (-y)
    unit_box = np.stack([bent(np.cos(e)) * bent(np.sin(a)) * wide, y, bent(np.cos(e)) * bent(np.cos(a)) * wide], -1)
    ends = np.array([[0, -1.0, 0], [0, 1.0, 0]])
    vertices = middle + np.array(half) * np.concatenate([unit_box.reshape(-1, 3), ends])
    n = rows * columns
    ring = np.arange(columns)
    low = np.stack([np.roll(ring, -1), ring, np.full(columns, n)], 1)
    high = np.stack([ring, np.roll(ring, -1), np.full(columns, n + 1)], 1) + [
        (rows - 1) * columns,
        (rows - 1) * columns,
        0,
    ]
    return vertices, np.concatenate([sheet_faces(rows, columns), low, high])


def _part(box_: tuple[np.ndarray, np.ndarray], joint: str, panel: str) -> Part:
    return Part(*box_, of_joint(len(box_[0]), JOINT_INDEX[joint]), panel)


def backpack(model: BodyModel, betas: Any, over: float) -> Fitted:
    who = wearer(model, betas)
    k = who.scale
    top, low = who.joint("neck")[1] - 0.05 * k, who.joint("spine1")[1] - 0.01 * k
    tall, wide, deep = (top - low) / 2, 0.145 * k, 0.075 * k
    y = (top + low) / 2
    back = min(who.depth(h, 0.1 * k, -1) for h in np.linspace(low, top, 5)) - over
    middle = np.array([0.0, y, back - 0.9 * deep])
    parts = [
        _part(box(middle, (wide, tall, deep), power=5), "spine3", "body"),
        _part(
            box(
                middle + [0, -0.42 * tall, -0.95 * deep],
                (0.8 * wide, 0.42 * tall, 0.42 * deep),
                power=5,
                rows=8,
                columns=20,
            ),
            "spine3",
            "pocket",
        ),
        _part(
            box(
                middle + [0, 0.86 * tall, 0.1 * deep],
                (0.98 * wide, 0.17 * tall, 1.06 * deep),
                power=4,
                rows=6,
                columns=24,
            ),
            "spine3",
            "body",
        ),
    ]
    x = 0.62 * who.joint("left_shoulder")[0]
    chest, under = who.joint("spine3")[1] + 0.06 * k, who.joint("spine3")[1] - 0.03 * k
    over_shoulder = _over_shoulder(who, x, top - 0.02 * k, chest, over + 0.006)
    for side in (1, -1):
        guess = np.array([
            over_shoulder[-1], (1.25 * x, under + 0.05 * k, who.depth(under, x, 1) + 0.06),
            (who.flank(under) + 0.05, under, 0.06), (who.flank(under) + 0.04, under - 0.1 * k, -0.03),
            (0.9 * wide, low + 0.1 * tall, back - 0.01),
        ])  # fmt: skip
        lower = tightened(_dense(guess * [side, 1, 1], 18)[None], who.body, over + 0.006)[0]
        line = _dense(np.concatenate([over_shoulder * [side, 1, 1], lower[1:]]), 34)
        line = tightened(line[None], who.body, over + 0.006, rounds=5)[0]
        weights = weights_along(line, who.body, who.lbs_weights)
        half = np.where(np.arange(34) < 20, 0.026 * k, 0.013 * k)
        parts.append(band(line, outward_of(line, who.body), half, 0.005, weights, "strap"))
    return joined(parts, np.zeros(len(model.v_template), bool), straps=_strapped(parts))


def _over_shoulder(who: Wearer, x: float, back: float, front: float, room: float) -> np.ndarray:
    """(16,3) from the height `back` behind over the left shoulder to `front` on the chest, straight ahead: along the
    convex hull of the trunk's section at x, `room` metres off it. A geodesic would slide off to the arm."""
    v = who.body.rest
    near = v[who.trunk & (np.abs(v[:, 0] - x) < 0.025 * who.scale) & (v[:, 1] > min(back, front) - 0.05)]
    middle = np.array([min(back, front), 0.5 * (near[:, 2].min() + near[:, 2].max())])
    angle = np.linspace(0.0, np.pi, 61)  # from straight behind over the top to straight ahead
    directions = np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    support = ((near[:, 1:] - middle) @ directions.T).max(0) + room
    turn = np.cos(angle[:, None] - angle)
    radius = np.where(turn > 0.2, support / np.maximum(turn, 0.2), np.inf).min(1)
    line = middle + radius[:, None] * directions
    behind = angle < 0.5 * np.pi
    line = line[np.where(behind, line[:, 0] >= back, line[:, 0] >= front)]
    outwards = x * (1 + 0.22 * np.linspace(0, 1, len(line)) ** 2)
    return _dense(np.column_stack([outwards, line]), 16)


def shoulder_bag(model: BodyModel, betas: Any, over: float) -> Fitted:
    """A bag at the left hip, its strap over the right shoulder."""
    who = wearer(model, betas)
    k = who.scale
    hip = who.joint("left_hip")
    y = hip[1] + 0.01 * k
    tall, wide, deep = 0.105 * k, 0.045 * k, 0.14 * k
    middle = np.array([who.flank(y) + over + 0.85 * wide, y - 0.2 * tall, hip[2] - 0.075 * k])
    joint = "pelvis"
    parts = [
        _part(box(middle, (wide, tall, deep), power=5, sag=0.06), joint, "body"),
        _part(
            box(middle + [0.25 * wide, 0.42 * tall, 0], (0.86 * wide, 0.62 * tall, 1.02 * deep), power=6, rows=7),
            joint,
            "pocket",
        ),
    ]
    shoulder = who.joint("right_shoulder")
    x, high = 0.55 * shoulder[0], shoulder[1] + 0.2 * k
    halves = []
    for end, z in ((1, 0.12), (-1, -0.1)):
        waist, breast = who.depth(y + 0.2 * k, 0.1, end) + z, who.depth(y + 0.36 * k, 0.1, end) + z
        guess = np.array([
            middle + [0, 0.9 * tall, end * 0.85 * deep], (0.6 * who.flank(y), y + 0.22 * k, waist),
            (0.0, y + 0.36 * k, breast), (0.8 * x, shoulder[1], z + 0.02 * k), (x, high, shoulder[2]),
        ])  # fmt: skip
        halves.append(_dense(guess, 20))
    line = np.concatenate([halves[0], halves[1][-2::-1]])
    line = tightened(line[None], who.body, over + 0.005)[0]
    weights = weights_along(line, who.body, who.lbs_weights)
    ends = np.minimum(np.arange(len(line)), np.arange(len(line))[::-1])[:, None] / 8
    weights = weights + (1 - np.minimum(ends, 1)) * (of_joint(1, JOINT_INDEX[joint]) - weights)
    strap = band(line, outward_of(line, who.body), 0.017 * k, 0.003, weights, "strap")
    parts.append(strap)
    return joined(parts, np.zeros(len(model.v_template), bool), straps=_strapped(parts))


def tote_bag(model: BodyModel, betas: Any, over: float) -> Fitted:
    """A tote that hangs from the left hand; its own place is below the T-posed hand."""
    who = wearer(model, betas)
    k = who.scale
    grip = (who.joint("left_middle1") + who.joint("left_middle2")) / 2 + np.array([0, -0.018 * k, 0])
    tall, wide, thick, drop = 0.17 * k, 0.035 * k, 0.17 * k, 0.20 * k
    middle = grip + [0, -drop - tall, 0]
    joint = JOINT_INDEX["left_wrist"]
    parts = [Part(*box(middle, (wide, tall, thick), power=6, sag=0.04), of_joint(11 * 28 + 2, joint), "body")]
    s = np.linspace(-1, 1, 17)
    for side in (1, -1):
        line = np.stack([
            grip[0] + side * wide * 0.8 * np.minimum(np.abs(s) * 1.2, 1),
            grip[1] - (drop + 0.2 * tall) * np.abs(s) ** 1.6,
            grip[2] + 0.55 * thick * np.sign(s) * np.abs(s) ** 0.8,
        ], 1)  # fmt: skip
        outward = np.broadcast_to([float(side), 0.25, 0.0], line.shape)
        parts.append(band(line, unit(outward), 0.012 * k, 0.002, of_joint(17, joint), "strap"))
    return joined(parts, np.zeros(len(model.v_template), bool), hangs=(joint, grip))


def _strapped(parts: list[Part]) -> tuple[slice, ...]:
    ends = np.cumsum([0, *(len(part.vertices) for part in parts)]).tolist()
    return tuple(slice(ends[k], ends[k + 1]) for k, part in enumerate(parts) if part.panel == "strap")


def _dense(points: np.ndarray, count: int) -> np.ndarray:
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0, steps[-1], count)
    return np.stack([np.interp(at, steps, column) for column in points.T], 1)


BAGS = {"backpack": backpack, "shoulder bag": shoulder_bag, "tote bag": tote_bag}
