"""A sentence as the words that may mean something, and the numbers with their units."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from avatarkit.words.lexicon import (
    CLAUSE_ENDS,
    DECADES,
    FUNCTION_WORDS,
    NUMBER_WORDS,
    OPENERS,
    PARTS_OF_DECADE,
    TENS,
)


@dataclass(frozen=True)
class Token:
    """A word, or a measure as (slot, value). `clause` counts clauses; `opened`: the clause began with in, with …

    `before`: the function words and stops between it and the token before. `thing`: it is about what is worn.
    """

    text: str
    clause: int
    opened: bool
    measure: tuple[str, float] | None = None
    before: tuple[str, ...] = ()
    thing: bool = False


def tokens(text: str) -> Iterator[Token]:
    """The words and measures of `text`, lower case, without function words; what is no letter or digit is left out."""
    clause, opened = 0, False
    before: list[str] = []
    for found in _SCANNER.finditer(normalised(text)):
        kind, word = str(found.lastgroup), found[0].removesuffix("'s").strip()
        if kind.startswith("measure"):
            yield Token(word, clause, opened, _read_measure(found, kind), tuple(before))
            before = []
            continue
        if word in CLAUSE_ENDS or word in OPENERS:
            clause, opened = clause + 1, word in OPENERS
        if kind == "word" and word not in FUNCTION_WORDS:
            yield Token(word, clause, opened, before=tuple(before))
            before = []
        else:
            before.append(word)


def normalised(text: str) -> str:
    """Lower case, straight quotes, no hyphens, number words as digits, `T-pose` as one word."""
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("‘’´`′“”″‐‑–—‒", "'''''\"\"\"--,,-"))
    text = text.replace("''", '"')  # NFKC takes ″ apart into two primes
    # "in a pose" is no A-pose: its A is a capital, hyphenated, or follows "an".
    text = re.sub(r"\b(?:A[- ]?[Pp](?:ose|OSE)|a-pose|apose|(?<=an )a pose)\b", "apose", text).lower()
    text = re.sub(r"\bt[- ]?(pose|shirt)\b", r"t\1", text)
    text = re.sub(r"(?<=[^\W_])-(?=[^\W_])|(?<=')-(?=\d)", " ", text)
    tens, units = "|".join(TENS), "|".join(["one", *NUMBER_WORDS])
    text = re.sub(rf"\b({tens})(?: ({units}))?\b", lambda found: str(TENS[found[1]] + _unit(found[2])), text)
    return re.sub(rf"\b({'|'.join(NUMBER_WORDS)})\b", lambda found: str(NUMBER_WORDS[found[1]]), text)


def _unit(word: str | None) -> int:
    return 0 if word is None else NUMBER_WORDS.get(word, 1)


_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_INCH, _TALL = r"(?:in\b|inch(?:es)?\b|\")", r"(?: tall\b| high\b)?"
# 69 in, and tall; but a boy of 9 in a hoodie
_INCHES_ALONE = r"(?:in\b(?= tall\b| high\b| ?[,.;)]| ?$)|inch(?:es)?\b|\")"
_YEARS = r"(?: ?(?:years?|yrs?)(?: of age| old)?\b)"
# What follows shows that the number is not the inches of a height in feet: 6 ft 180 lb.
_OTHER_UNIT = r"(?![\d.]| ?(?:kg|kilo|lb|pound|st\b|stone|year|yr|yo|y/o|cm|men|women|people))"
_FOOT, _POUND, _STONE = 30.48, 0.45359237, 6.35029318


def _number(digits: str) -> float:
    return float(digits.replace(",", "."))


# (examples for the vocabulary, pattern, slot, value of its groups); at each place the first that fits is taken.
MEASURES: tuple[tuple[str, str, str, Callable[..., float]], ...] = (
    (
        "5'9\", 5ft9, 5 ft 9 in",
        rf"{_NUMBER} ?(?:ft|feet|foot|') ?(?:and )?(\d{{1,2}}(?:\.\d)?){_OTHER_UNIT}(?: ?{_INCH})?{_TALL}",
        "height",
        lambda feet, inches: (_number(feet) + _number(inches) / 12) * _FOOT,
    ),
    ("6 feet", rf"{_NUMBER} ?(?:ft\b|feet\b|foot\b|'){_TALL}", "height", lambda feet: _number(feet) * _FOOT),
    ("69 inches", rf"{_NUMBER} ?{_INCHES_ALONE}{_TALL}", "height", lambda inches: _number(inches) / 12 * _FOOT),
    ("1m75", rf"(\d) ?m ?(\d\d)(?: ?cm)?\b{_TALL}", "height", lambda metres, cm: 100.0 * int(metres) + int(cm)),
    ("1.75 m", rf"{_NUMBER} ?m(?:et(?:er|re)s?)?\b{_TALL}", "height", lambda metres: _number(metres) * 100),
    ("175 cm", rf"{_NUMBER} ?(?:cms?|centimet(?:er|re)s?)\b{_TALL}", "height", _number),
    ("80 kg", rf"{_NUMBER} ?(?:kgs?|kilos?|kilogram(?:me)?s?)\b", "mass", _number),
    ("180 lb", rf"{_NUMBER} ?(?:lbs?|pounds?)\b", "mass", lambda pounds: _number(pounds) * _POUND),
    ("12 stone", rf"{_NUMBER} ?(?:st|stones?)\b", "mass", lambda stones: _number(stones) * _STONE),
    ("35 years old, 35-year-old", rf"{_NUMBER}{_YEARS}", "age", _number),
    ("35yo", rf"{_NUMBER} ?y/?o\b", "age", _number),
    ("18 months old", rf"{_NUMBER} ?months?(?: old)?\b", "age", lambda months: _number(months) / 12),
    ("aged 35", rf"\baged?(?: of| is|:)? {_NUMBER}\b{_YEARS}?(?! ?(?:cm|m|kg|lbs?|ft|feet)\b)", "age", _number),
    (
        "a boy of 9",
        r"\bof (\d{1,2})(?![\d.,]*\d)(?=[ ,.;]*(?:$|in\b|with\b|wearing\b|and\b|who\b))",
        "age",
        _number,
    ),
    (
        "in her thirties, in his late 40s",
        rf"\b(?:in (?:his|her|their|the) )?(?:(early|mid|late) )?({'|'.join(DECADES)}|[2-9]0(?='?s\b))(?:'?s\b)?",
        "age",
        lambda part, name: float(DECADES.get(name) or int(name)) + PARTS_OF_DECADE[part or "mid"],
    ),
)
_SCANNER = re.compile(
    "|".join(
        [f"(?P<measure{k}>(?<![\\d.,]){pattern})" for k, (_, pattern, _, _) in enumerate(MEASURES)]
        + [r"(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:[.,]\d+)*|[&%$€£°])", r"(?P<stop>[.,;:!?()\n])"]
    )
)


def _read_measure(found: re.Match[str], kind: str) -> tuple[str, float]:
    _, pattern, slot, value = MEASURES[int(kind.removeprefix("measure"))]
    first = _SCANNER.groupindex[kind]
    return slot, value(*found.groups()[first : first + re.compile(pattern).groups])
