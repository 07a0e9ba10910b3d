"""Glasses: rims around the eyes, a bridge over the nose, temples to the ears."""

from __future__ import annotations

import numpy as np

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.tailor.fitted import Fitted, Part, fan_faces, frames, joined, of_joint, sheet_faces, tubes, unit
from avatarkit.tailor.scalp import Head

POINTS = 28
SHAPES = {  # half width, half height, how square, drop of the middle; of the distance between the eyes
    "glasses": (0.42, 0.29, 3.2, 0.02, 0.0016),
    "round glasses": (0.38, 0.37, 2.0, 0.04, 0.0012),
    "sunglasses": (0.46, 0.37, 3.0, 0.06, 0.0026),
}
SECTION = np.array(
    [(1.0, 0.0), (0.7, 0.7), (0.0, 1.0), (-0.7, 0.7), (-1.0, 0.0), (-0.7, -0.7), (0.0, -1.0), (0.7, -0.7)]
)


def glasses(head: Head, kind: str) -> Fitted:
    """Glasses on the nose, carried by the head."""
    k = head.scale
    wide, tall, square, drop, rim = SHAPES[kind]
    left, right = head.joint("left_eye"), head.joint("right_eye")
    apart, middle = left[0] - right[0], (left + right) / 2
    apart = max(apart, 0.056 * k)
    brow, _ = head.at(np.radians(np.array([[8.0, 4.0], [18.0, 4.0], [18.0, -12.0], [22.0, -6.0]])))
    z = brow[:, 2].max() + 0.007 * k
    angle = 2 * np.pi * np.arange(POINTS) / POINTS
    c, s = np.cos(angle), np.sin(angle)
    power = 2 / square
    outline = np.stack([np.sign(c) * np.abs(c) ** power * wide, np.sign(s) * np.abs(s) ** power * tall], 1) * apart
    outline[:, 0] += 0.05 * outline[:, 1] * np.sign(outline[:, 0]).clip(0) * 0
    centre_x = max(0.5 * apart, wide * apart + 0.008 * k)
    # rims follow the face: turned back and bowed a little
    bow = 0.10 * outline[:, 0] + 0.5 * (outline[:, 0] ** 2 + outline[:, 1] ** 2) / (0.11 * k)
    loop = np.stack([centre_x + outline[:, 0], middle[1] - drop * apart + outline[:, 1], z - bow - 0.001 * k], 1)
    parts = []
    for side in (1, -1):
        parts += [_flipped(part, side) for part in _side(head, kind, loop, rim * k)]
    inner = loop[np.argmin(loop[:, 0] - 0.25 * loop[:, 1])]
    x = np.linspace(-1, 1, 7)
    line = np.stack([inner[0] * x, inner[1] + 0.004 * k * (1 - x**2), inner[2] + 0.003 * k * (1 - x**2)], 1)
    parts.append(_rod(line[None], rim * k, np.array([0.0, 0.0, 1.0])))
    weights = of_joint(1, JOINT_INDEX["head"])
    whole = [Part(p.vertices, p.faces, np.repeat(weights, len(p.vertices), 0), p.panel) for p in parts]
    return joined(whole, np.zeros(len(head.vertices), bool))


def _side(head: Head, kind: str, loop: np.ndarray, thick: float) -> list[Part]:
    """Rim and temple of the left side; only dark lenses are there to be seen, so that eyes show through the others."""
    lens = [_lens(loop)] if kind == "sunglasses" else []
    return [_ring(loop, thick), _temple(head, loop, thick), *lens]


def _flipped(part: Part, side: int) -> Part:
    if side > 0:
        return part
    return Part(part.vertices * [-1, 1, 1], part.faces[:, ::-1], part.lbs_weights, part.panel)


def _ring(loop: np.ndarray, thick: float) -> Part:
    """A closed tube along a loop that turns from +x to +y."""
    out = unit(loop - loop.mean(0))
    rings = loop[:, None] + thick * (SECTION[:, :1] * out[:, None] + 1.25 * SECTION[:, 1:] * np.array([0.0, 0.0, 1.0]))
    k = len(SECTION)
    closed = np.concatenate([rings, rings[:1]])
    faces = np.mod(sheet_faces(len(closed), k), len(loop) * k)
    return Part(rings.reshape(-1, 3), faces[:, ::-1], np.zeros((len(loop) * k, 1)), "frame")


def _lens(loop: np.ndarray) -> Part:
    n, middle = len(loop), loop.mean(0) + [0, 0, 0.002]
    vertices = np.concatenate([loop, middle[None], loop - [0, 0, 0.0012], (middle - [0, 0, 0.0012])[None]])
    front = fan_faces(np.arange(n), n)
    return Part(vertices, np.concatenate([front, front[:, ::-1] + n + 1]), np.zeros((2 * n + 2, 1)), "lens")


def _temple(head: Head, loop: np.ndarray, thick: float) -> Part:
    """From the rim's outer corner over the ear, and down behind it."""
    k = head.scale
    hinge = loop[np.argmax(loop[:, 0] + 0.6 * loop[:, 1])] + [0.0, 0.0, -0.001]
    ear, normals = head.at(np.radians(np.array([[84.0, 2.0], [97.0, 1.0], [105.0, -6.0], [108.0, -16.0]])))
    ear = ear + normals * 0.003 * k
    t = np.linspace(0, 1, 8)[:, None]
    straight = hinge + t * (ear[0] - hinge)
    straight[:, 1] = hinge[1] + (ear[0, 1] - hinge[1]) * t[:, 0] ** 2
    # bowed around the temple
    straight[:, 0] += 0.004 * k * np.sin(np.pi * t[:, 0])
    line = np.concatenate([straight, ear[1:]])
    return _rod(line[None], thick * 0.9, np.array([1.0, 0.0, 0.0]), tall=1.7)


def _rod(lines: np.ndarray, thick: float, outward: np.ndarray, tall: float = 1.0) -> Part:
    _, side, up = frames(lines, np.broadcast_to(outward, lines.shape))
    vertices, faces = tubes(lines, side * thick * tall, up * thick, SECTION, tips=False)
    return Part(vertices, faces, np.zeros((len(vertices), 1)), "frame")
