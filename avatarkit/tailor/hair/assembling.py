"""Caps and locks become one mesh that knows how it hangs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.tailor.fitted import Fitted, eased
from avatarkit.tailor.hair import growing
from avatarkit.tailor.hair.growing import Shell
from avatarkit.tailor.hair.hanging import Locks
from avatarkit.tailor.hair.laying import Mop
from avatarkit.tailor.piece import PANEL
from avatarkit.tailor.scalp import Head


def assembled(
    head: Head, shells: Sequence[Shell], mops: Sequence[Mop], press: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> Fitted:
    """Caps and locks as one thing; `press` moves points (P,3) of it under a hat."""
    vertices, faces, weights, strands, count, lines = [], [], [], [], 0, 0
    riders: list[tuple[np.ndarray, np.ndarray]] = []
    for shell in shells:
        vertices.append(press(shell.vertices))
        faces.append(shell.faces + count)
        weights.append(head.lbs_weights(shell.directions))
        strands.append(shell.strand)
        count += len(shell.vertices)
    n = max((mop.lines.shape[1] for mop in mops), default=0)
    for mop in mops:
        lines_ = mop.lines if mop.wave is None else mop.lines + mop.wave
        points, corners, strand, line_of, row_of = growing.locks_mesh(
            lines_, mop.outward, mop.width, mop.thick, mop.section
        )
        vertices.append(press(points))
        faces.append(corners + count)
        weights.append(_weights(head, mop, points))
        strands.append(strand + [0, 1.7 * lines])
        riders.append((line_of + lines, row_of))
        count, lines = count + len(points), lines + len(mop.lines)
    locks = None
    if mops:
        # lines of fewer points end early: their last point is repeated a little further on
        padded = [_padded(mop.lines, n) for mop in mops]
        padded = [press(each.reshape(-1, 3)).reshape(each.shape) for each in padded]
        locks = Locks(
            np.concatenate(padded),
            np.concatenate([mop.held for mop in mops]),
            np.concatenate(
                [
                    _padded((0.6 * mop.thick + 0.002 if mop.room is None else mop.room)[..., None], n)[..., 0]
                    for mop in mops
                ]
            ),
            np.concatenate([mop.lean for mop in mops]),
            np.concatenate([np.full(len(mop.lines), mop.stiffness) for mop in mops]),
            np.concatenate([_neighbours(mop) for mop in mops]),
            np.concatenate([rider[0] for rider in riders]),
            np.concatenate([rider[1] for rider in riders]),
        )
    F = sum(len(each) for each in faces)
    return Fitted(
        np.concatenate(vertices), np.concatenate(faces), np.concatenate(weights).astype(np.float32),
        np.full(F, PANEL["strand"], np.uint8), np.zeros(len(head.vertices), bool),
        strand=np.concatenate(strands), locks=locks,
    )  # fmt: skip


def _neighbours(mop: Mop) -> np.ndarray:
    """(L) bool: whether a lock lies between two others that it falls with."""
    between = np.full(len(mop.lines), mop.together)
    between[[0, -1]] = False
    return between


def _padded(rows: np.ndarray, n: int) -> np.ndarray:
    """(L,n,k) lines of fewer points, prolonged straight on."""
    lack = n - rows.shape[1]
    if not lack:
        return rows
    step = rows[:, -1:] - rows[:, -2:-1]
    return np.concatenate([rows, rows[:, -1:] + 0.02 * step * np.arange(1, lack + 1)[None, :, None]], 1)


def _weights(head: Head, mop: Mop, points: np.ndarray) -> np.ndarray:
    """(V,55): the head's, and further down more and more the chest's."""
    if mop.roots is not None:
        return np.repeat(head.lbs_weights(mop.roots), len(points) // len(mop.roots), 0)
    weights = np.zeros((len(points), 55), np.float32)
    neck = head.joint("neck")[1]
    chest = 0.7 * (1 - eased(neck - 0.18, neck + 0.04, points[:, 1]))
    weights[:, JOINT_INDEX["head"]] = 1 - chest
    weights[:, JOINT_INDEX["spine3"]] = chest
    return weights
