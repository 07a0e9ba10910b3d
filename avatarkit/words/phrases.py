"""The phrases of all tables, and which of them a sentence goes on with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from avatarkit.words.lexicon import VOCABULARY, Meaning
from avatarkit.words.looks import LOOKS
from avatarkit.words.tokens import Token, tokens
from avatarkit.words.wardrobe import CLOTHES

LONGEST_PHRASE = 5
STOPS = frozenset(".,;:!?()\n")
"""No phrase goes across these: a dress, shirt is no dress shirt."""


@dataclass(frozen=True)
class Phrase:
    """A phrase as its table spells it: what it says about a body, and what about what is worn; {} is nothing."""

    spelling: str
    length: int = 1
    body: Meaning = field(default_factory=dict)
    wear: Meaning = field(default_factory=dict)


def next_phrase(words: Sequence[Token]) -> Phrase:
    """The longest known phrase at the start; one word without a meaning where nothing is known."""
    together = next((k for k, word in enumerate(words[1:], 1) if STOPS & set(word.before)), len(words))
    for length in range(min(together, LONGEST_PHRASE), 0, -1):
        known = known_phrases().get(tuple(token.text for token in words[:length]))
        if known:
            return known
    return Phrase(words[0].text)


@cache
def known_phrases() -> dict[tuple[str, ...], Phrase]:
    """Every phrase by its content words."""
    phrases: dict[tuple[str, ...], Phrase] = {}
    for table, side in ((VOCABULARY, "body"), (CLOTHES, "wear"), (LOOKS, "wear")):
        for entries in table.values():
            for row, meaning in entries.items():
                for spelling in map(str.strip, row.split(",")):
                    key = tuple(token.text for token in tokens(spelling))
                    before = phrases.get(key, Phrase(spelling, len(key)))
                    meanings = {"body": before.body, "wear": before.wear}
                    meanings[side] = {**meanings[side], **meaning}
                    phrases[key] = Phrase(before.spelling, len(key), **meanings)
    return phrases
