"""Sentences as the words that our own models know: those of `avatarkit.words`, and measures in steps."""

from avatarkit.words.phrases import known_phrases
from avatarkit.words.tokens import tokens

STEPS = {"age": (10, range(0, 100, 10)), "height": (10, range(80, 240, 10)), "mass": (10, range(0, 260, 10))}
"""Measure → its step, and the values that have a word."""


def known_words() -> list[str]:
    """Every word of a known phrase, and every step of a measure, in one order."""
    words = sorted({word for phrase in known_phrases() for word in phrase})
    return words + [f"{slot} {value}" for slot, (_, values) in STEPS.items() for value in values]


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
