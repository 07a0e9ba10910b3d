"""A scarf: turns of cloth around the neck, and an end on the chest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from avatarkit.tailor.bags import wearer
from avatarkit.tailor.fitted import Fitted, Part, joined, sheet_faces, unit
from avatarkit.tailor.hair.growing import grain
from avatarkit.tailor.hair.hanging import Locks
from avatarkit.tailor.straps import tightened, weights_along

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

AROUND, SECTION = 40, 12


def scarf(model: BodyModel, betas: Any, over: float, generator: np.random.Generator) -> Fitted:
    who = wearer(model, betas)
    k = who.scale
    neck, head = who.joint("neck"), who.joint("head")
    parts: list[Part] = []
    a = 2 * np.pi * np.arange(AROUND) / AROUND
    u = np.arange(AROUND) / AROUND
    for high, wide, fat in ((-0.022, 0.030, 0.017), (0.016, 0.026, 0.015)):
        middle = neck + [0, high * k, 0.012 * k]
        # lower in front
        guess = middle + 0.12 * k * np.stack([np.sin(a), -0.10 * np.cos(a), np.cos(a)], 1)
        line = tightened(guess[None], who.body, over + 0.8 * fat * k, closed=True, rounds=30)[0]
        line[:, 1] = middle[1] - (0.030 * np.cos(a) - 0.004) * k
        out = unit((line - line.mean(0)) * [1, 0, 1])
        t = 2 * np.pi * np.arange(SECTION) / SECTION
        folds = 1 + 0.16 * grain(generator, u[:, None] + 0 * t, (t / 7 + 0 * u[:, None]), (9, 6))
        rows = line[:, None] + folds[..., None] * k * (
            fat * np.cos(t)[:, None] * out[:, None] + wide * np.sin(t)[:, None] * np.array([0.0, 1.0, 0.0])
        )
        faces = np.mod(sheet_faces(AROUND + 1, SECTION), AROUND * SECTION)
        weights = weights_along(line, who.body, who.lbs_weights)
        parts.append(
            Part(
                rows.reshape(-1, 3), faces[:, ::-1] if _inwards(rows) else faces, np.repeat(weights, SECTION, 0), "body"
            )
        )
    end, locks = _ends(who, neck, head, k, over, generator)
    return joined([*parts, end], np.zeros(len(model.v_template), bool), locks=locks)


def _inwards(rows: np.ndarray) -> bool:
    """Whether a ring of sections, as sheet_faces joins them, looks inwards."""
    a, b, c = rows[0, 0], rows[0, 1], rows[1, 1]
    return bool(np.cross(b - a, c - a) @ (a - rows[0].mean(0)) < 0)


def _ends(
    who: Any, neck: np.ndarray, head: np.ndarray, k: float, over: float, generator: np.random.Generator
) -> tuple[Part, Locks]:
    """Two ends that hang from the front: bands of n rows and five columns each, closed."""
    n, columns = 15, 7
    s = np.linspace(0, 1, n)
    lines: list[np.ndarray] = []
    vertices, faces = [], []
    for x, length in ((0.030, 0.36), (-0.022, 0.30)):
        z = who.depth(neck[1] - 0.08 * k, 0.08 * k, 1) + over + 0.02 * k
        root = np.array([x * k, neck[1] - 0.015 * k, z])
        line = root + np.stack([0.35 * x * k * s, -length * k * s, 0.012 * k * np.sin(np.pi * s)], 1)
        half = 0.045 * k * (0.6 + 0.4 * np.minimum(4 * s, 1))
        c = np.linspace(-1, 1, columns)
        fold = 0.006 * k * np.cos(2.5 * np.pi * c + 1.5 * s[:, None]) * (1 - 0.5 * s[:, None])
        front = line[:, None] + np.stack([half[:, None] * c, 0 * fold, fold + 0.005 * k - 0.004 * k * c**2], -1)
        back = front - [0, 0, 0.007 * k]
        ring = np.concatenate([front, back[:, ::-1]], 1)
        vertices.append(ring.reshape(-1, 3))
        grid = sheet_faces(n, 2 * columns)
        m = 2 * columns
        caps = np.array(
            [(i, i + 1, m - 2 - i) for i in range(columns - 1)]
            + [(i, m - 2 - i, m - 1 - i) for i in range(columns - 1)]
        )
        faces.append(np.concatenate([grid[:, ::-1], caps, caps[:, ::-1] + (n - 1) * m]) + len(lines) * n * m)
        lines.append(line)
    rows = np.tile(np.repeat(np.arange(n), 2 * columns), 2).astype(float)
    owners = np.repeat([0, 1], n * 2 * columns)
    weights = weights_along(np.concatenate(lines), who.body, who.lbs_weights)
    chest = weights[[0, n]].mean(0)
    locks = Locks(
        np.stack(lines), np.array([2, 2]), np.full((2, n), over + 0.008 * k), np.tile([0.0, 0.0, -0.03], (2, 1)),
        np.full(2, 0.05), np.zeros(2, bool), owners, rows,
    )  # fmt: skip
    count = len(rows)
    return Part(np.concatenate(vertices), np.concatenate(faces), np.tile(chest, (count, 1)), "body"), locks
