"""Sentences as the words that our own models know: those of `avatarkit.words`, and measures in steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from avatarkit.words.phrases import known_phrases
from avatarkit.words.tokens import tokens

CROPS = ("upper body", "head")
"""What a view may show alone: words of the model's own, `crop head`, that nobody says."""
STEPS = {"age": (10, range(0, 100, 10)), "height": (10, range(80, 240, 10)), "mass": (10, range(0, 260, 10))}
"""Measure → its step, and the values that have a word."""


def known_words() -> list[str]:
    """Every word of a known phrase, every step of a measure and every crop, in one order."""
    words = sorted({word for phrase in known_phrases() for word in phrase})
    measures = [f"{slot} {value}" for slot, (_, values) in STEPS.items() for value in values]
    return words + measures + [f"crop {crop}" for crop in CROPS]


def spelt(sentence: str) -> list[str]:
    """The words and measures of a sentence as `known_words` spells them.

    >>> spelt("a tall woman, 34 years old, in a red coat")
    ['tall', 'woman', 'age 30', 'red', 'coat']
    """
    found = []
    for token in tokens(sentence):
        if token.measure is None:
            found.append(token.text)
            continue
        slot, value = token.measure
        step = STEPS[slot][0]
        found.append(f"{slot} {step * round(value / step)}")
    return found


def numbered(sentences: Sequence[str], vocabulary: Sequence[str], length: int, crops: Sequence[str] = ()) -> Tensor:
    """(B,T) int64: 0 after the end, 1 for a word that is not in the vocabulary. Of views that are `crops`, where the
    vocabulary has such, that comes first."""
    rows = torch.zeros(len(sentences), length, dtype=torch.int64)
    index = {word: k + 2 for k, word in enumerate(vocabulary)}
    for row, sentence, crop in zip(rows, sentences, crops or [""] * len(sentences), strict=True):
        first = [index[f"crop {crop}"]] if f"crop {crop}" in index else []
        said = (first + [index.get(word, 1) for word in spelt(sentence)])[:length]
        row[: len(said)] = torch.tensor(said, dtype=torch.int64)
    return rows
