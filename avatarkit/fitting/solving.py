"""Levenberg–Marquardt on a person's parameters: damped Gauss–Newton steps, kept when they help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from avatarkit.fitting.rig import Array, Free, Points, Rig, State, places_and_slopes
from avatarkit.fitting.terms import Habits, Sum

LONGEST_TURN = 0.6
"""Radians that a joint turns in one step at most: the linear picture is good no farther."""


class Term(Protocol):
    """Something that a fit should explain: adds its squares to the sum."""

    def add(self, total: Sum, places: Array, slopes: Array, K: Array) -> None: ...


def solved(
    rig: Rig,
    points: Points,
    state: State,
    free: Free,
    terms: Sequence[Term],
    habits: Habits,
    K: Array,
    *,
    rounds: int,
    close: float = 1e-4,
) -> tuple[State, float]:
    """The state after at most `rounds` steps, and its cost; earlier when a step gains less than `close` of the cost."""

    def summed(state: State) -> Sum:
        total = Sum(len(free))
        places, slopes = places_and_slopes(rig, points, state, free)
        for term in terms:
            term.add(total, places, slopes, K)
        habits.add(total, state, free)
        return total

    here, damping = summed(state), 1e-2
    for _ in range(rounds):
        diagonal = here.matrix.diagonal()
        damped = here.matrix + np.diag(damping * diagonal + 1e-6 * diagonal.max() + 1e-9)
        step = -np.linalg.solve(damped, here.gradient)
        turns = np.abs(step[3 : 3 + 3 * len(free.joints)]).max(initial=0)
        tried = state.moved(step * min(1.0, LONGEST_TURN / max(turns, 1e-9)), free)
        there = summed(tried)
        if there.cost < here.cost:
            gained = 1 - there.cost / here.cost
            state, here, damping = tried, there, max(damping / 4, 1e-6)
            if gained < close:
                break
        elif damping > 1e4:
            break
        else:
            damping *= 6
    return state, here.cost
