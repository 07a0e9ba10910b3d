"""How a caption is told: which words, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from avatarkit.words import colours
from avatarkit.words.looks import LOOKS
from avatarkit.words.wardrobe import CLOTHES

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")

TELLING_SHARE = 0.65
"""How likely a generator tells an attribute that a sentence could do without."""


class Voice:
    """Picks words and what to tell; without a generator the first, and everything."""

    def __init__(self, generator: np.random.Generator | None) -> None:
        self.generator = generator

    def pick(self, options: Sequence[T]) -> T:
        return options[0 if self.generator is None else int(self.generator.integers(len(options)))]

    def tells(self, share: float = TELLING_SHARE) -> bool:
        return self.generator is None or bool(self.generator.random() < share)

    def synonym(self, kind: str) -> str:
        """A word for a kind, shoes or hair included."""
        words = names_of(kind)
        return kind if self.generator is None or not words or self.tells(0.4) else self.pick(words)

    def colour(self, name: str) -> str:
        others = colours.SYNONYMS.get(name, "").split(", ")
        return name if self.generator is None or not others[0] or self.tells(0.6) else self.pick(others)


@cache
def names_of(kind: str) -> tuple[str, ...]:
    """All words for a kind, shoes and hair included, that say no more than the kind."""
    rows = [row for table in (CLOTHES, LOOKS) for entries in table.values() for row in entries.items()]
    words = [word for row, meaning in rows if meaning == {"wear": kind} for word in row.split(", ")]
    return tuple(word for word in words if "hair" not in word)


def with_article(words: str) -> str:
    plural = (words.endswith("s") and not words.endswith("ss")) or words == "stubble"
    return words if plural else f"{'an' if words[0] in 'aeiouA' and not words.startswith('one') else 'a'} {words}"


def listed(parts: Iterable[str]) -> str:
    *first, last = list(parts) or [""]
    return f"{', '.join(first)} and {last}" if first else last
