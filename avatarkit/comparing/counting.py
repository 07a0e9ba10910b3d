"""Votes counted: how often each side won, with what else chance alone would give."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from avatarkit.comparing.page import QUESTIONS, side_id
from avatarkit.errors import BadData

LEVEL = 0.05


class Tally(NamedTuple):
    """How often A and B won a question, and how often nobody."""

    a: int
    b: int
    neither: int

    @property
    def share(self) -> float:
        """A's share of the votes that were for one of the two; NaN without any."""
        return self.a / (self.a + self.b) if self.a + self.b else math.nan

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """In which A's true share lies in 95 % of all studies [Clopper and Pearson 1934]; 0 … 1 without a vote."""
        n = self.a + self.b
        low = _root(lambda p: _above(self.a, n, p) - level / 2) if self.a else 0.0
        high = _root(lambda p: level / 2 - (1 - _above(self.a + 1, n, p))) if self.b else 1.0
        return low, high

    @property
    def p(self) -> float:
        """How likely a split as uneven as this is, were the two equal: the exact binomial test, two-sided."""
        return min(1.0, 2 * _above(max(self.a, self.b), self.a + self.b, 0.5))


def counted(files: Iterable[Any]) -> tuple[tuple[str, str], dict[str, Tally]]:
    """The names of A and B, and each question's tally, from the JSON of the voters' files.

    Each voter's last word on a subject counts. BadData for what the page did not write, and for files of two studies.
    """
    key, study = "", None
    votes: dict[tuple[str, str, str], str | None] = {}
    for found in files:
        if not isinstance(found, dict) or not isinstance(found.get("votes"), list):
            raise BadData("found no votes, expected what the page's button downloads")
        if study not in (None, found.get("study")):
            raise BadData(f"of another study ({found.get('study')}) than the first ({study}): count them apart")
        study, key = found.get("study"), str(found.get("key"))
        for subject, question, choice in map(_vote, found["votes"]):
            votes[str(found.get("voter")), subject, question] = choice
    salt, names = _unlocked(key)
    tallies = {}
    for question in QUESTIONS:
        said = [_winner(salt, subject, choice) for (_, subject, asked), choice in votes.items() if asked == question]
        if said:
            tallies[question] = Tally(*(said.count(side) for side in ("A", "B", None)))
    return names, tallies


def told(names: tuple[str, str], tallies: Mapping[str, Tally]) -> str:
    """The tallies for people, a line a question."""
    if not tallies:
        return "no votes"
    a, b = names
    lines = []
    for question, tally in tallies.items():
        low, high = tally.interval()
        share = f"{100 * tally.share:.0f} %" if tally.a + tally.b else "no share"
        lines.append(
            f"{QUESTIONS[question]:30} {a} {tally.a}, {b} {tally.b}, cannot tell {tally.neither}; "
            f"{a} {share} (95 %: {100 * low:.0f} to {100 * high:.0f}), p = {tally.p:.3g}"
        )
    return "\n".join(lines)


def _vote(vote: Any) -> tuple[str, str, str | None]:
    if not isinstance(vote, dict) or not all(isinstance(vote.get(k), str) for k in ("subject", "question")):
        raise BadData(f"vote: found {str(vote)[:60]}, expected subject, question and choice")
    choice = vote.get("choice")
    return vote["subject"], vote["question"], None if choice is None else str(choice)


def _unlocked(key: str) -> tuple[str, tuple[str, str]]:
    """The salt and the names in a page's key."""
    try:
        found = json.loads(base64.b64decode(key, validate=True))
        first, second = found["names"]
        return str(found["salt"]), (str(first), str(second))
    except (ValueError, KeyError, TypeError):
        raise BadData("key: damaged, expected the one of the page") from None


def _winner(salt: str, subject: str, choice: str | None) -> str | None:
    if choice is None:
        return None
    for side in ("A", "B"):
        if choice == side_id(salt, subject, side):
            return side
    raise BadData(f"choice: {choice[:20]} is no side of {subject[:20]}, expected a vote of this study")


def _above(k: int, n: int, p: float) -> float:
    """How likely k or more of n are, each with the chance p."""
    if k <= 0:
        return 1.0
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k, n + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


def _root(rising: Any, steps: int = 60) -> float:
    """Where a function that rises over 0 … 1 is zero."""
    low, high = 0.0, 1.0
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
