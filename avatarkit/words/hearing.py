"""What a sentence says: one value a slot. Nothing is dropped in silence.

A word that is not in the lexicon comes back in `unknown`; every choice between two readings is a line in `warnings`:
the last of two that contradict each other wins, and a number wins over a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from avatarkit.errors import BadData
from avatarkit.words.binding import bound
from avatarkit.words.lexicon import (
    ENDINGS,
    FILLERS,
    GENERAL_POSES,
    HEIGHT_SPREAD,
    LOW_POSES,
    STAGES,
    THINGS,
    Meaning,
    average_height,
)
from avatarkit.words.phrases import next_phrase
from avatarkit.words.tokens import Token, tokens
from avatarkit.words.wishes import Wishes, wished

LONGEST_TEXT = 2000
RANGES = {"age": (3.0, 90.0, "years"), "height": (80.0, 230.0, "cm"), "mass": (8.0, 250.0, "kg")}
NEUTRAL = {"age": 40.0, "stature": 0.0, "weight": 0.5, "muscle": 0.5, "proportions": 0.5}
TYPICAL_AGE = 35.0
_NOUNS = {"sex", "stage", "people"}


@dataclass(frozen=True)
class Description:
    """What was said: sex 0 man … 1 woman, age in years, height in cm, weight, muscle, proportions 0 … 1 (0.5 is
    average), mass in kg, the name of a pose; None where nothing was said. `outfit`: what is worn, hair, face and skin.
    `unknown` words are in the order said."""

    sex: float | None = None
    age: float | None = None
    height: float | None = None
    weight: float | None = None
    muscle: float | None = None
    proportions: float | None = None
    mass: float | None = None
    pose: str | None = None
    outfit: Wishes = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def understood(text: str) -> Description:
    """What `text` says about one person. BadData when a number is out of its range, or the text beyond 2,000
    characters."""
    if len(text) > LONGEST_TEXT:
        raise BadData(f"prompt: {len(text)} characters, expected a sentence of at most {LONGEST_TEXT}")
    pronouns, words = _pronouns(list(tokens(text)))
    worn, words = bound(words)
    wishes, warnings = wished(worn)
    heard, unknown = _heard(words)
    description = _described(pronouns + heard, unknown)
    return replace(description, outfit=wishes, warnings=(*description.warnings, *dict.fromkeys(warnings)))


@dataclass(frozen=True)
class Said:
    """A value for a slot, and in which words; `measured`: a number with a unit; `negated`: not so; `implied`: by a word
    about another slot, as little muscle is by fat."""

    slot: str
    value: float | str
    words: str
    measured: bool = False
    negated: bool = False
    implied: bool = False


@dataclass
class _Degree:
    """Degree words (very, slightly, not) that wait for the word that they are about."""

    factor: float = 1.0
    words: list[str] = field(default_factory=list)


def _pronouns(words: list[Token]) -> tuple[list[Said], list[Token]]:
    """The pronouns, and the other words: pronouns stand inside phrases, as in hands on her hips."""
    heard: list[Said] = []
    others: list[Token] = []
    before: tuple[str, ...] = ()
    for token in words:
        meaning = next_phrase([token]).body if token.measure is None else {}
        if "pronoun" in meaning:
            heard.append(Said("pronoun", meaning["pronoun"], token.text))
            before = (*before, *token.before, token.text)
        else:
            others.append(replace(token, before=(*before, *token.before)))
            before = ()
    return heard, others


def _heard(words: list[Token]) -> tuple[list[Said], list[str]]:
    """Everything that was understood, and every word that was not, in order."""
    heard: list[Said] = []
    unknown: list[str] = []
    degree, at, last_factor = _Degree(), 0, 1.0
    while at < len(words):
        token, known = words[at], next_phrase(words[at:])
        length, phrase, meaning = known.length, known.spelling, {} if words[at].thing else known.body
        if token.measure is not None:
            heard.append(Said(*token.measure, token.text, measured=True))
        elif token.text == "or":  # not tall or heavy: neither
            degree = _Degree(0.0, ["not"]) if last_factor == 0 else degree
            at += 1
            continue
        elif "degree" in meaning:
            degree = _Degree(degree.factor * float(meaning["degree"]), [*degree.words, phrase])
            at += length
            continue
        elif meaning and not _describes_thing(words[at:], length, meaning):
            heard += _graded(meaning, degree, phrase)
        elif token.text.isdigit() and at + 1 < len(words) and "people" in next_phrase(words[at + 1 :]).body:
            degree.words.append(token.text)  # 2 men
            at += 1
            continue
        elif token.text in FILLERS and not degree.words:
            length = 1
        else:
            unknown.append(" ".join([*degree.words, token.text]))
            length = 1
        at, last_factor, degree = at + length, degree.factor, _Degree()
    return heard, unknown + ([" ".join(degree.words)] if degree.words else [])


def _describes_thing(words: Sequence[Token], length: int, meaning: Meaning) -> bool:
    """Is the adjective at the start about a thing, and not about the person? Short hair; a man in a heavy kimono."""
    if _NOUNS & meaning.keys() or "pose" in meaning:
        return False
    clause, at = words[0].clause, length
    while at < len(words) and words[at].clause == clause and words[at].measure is None:
        phrase = next_phrase(words[at:])
        following = phrase.body
        if _NOUNS & following.keys() or "pose" in following:
            return False
        if not following and words[at].text in FILLERS:
            return False
        if at == length and words[at].text in ENDINGS:
            return True
        if not following and (words[at].text in THINGS or words[0].opened):
            return True
        at += phrase.length
    return False


def _graded(meaning: Meaning, degree: _Degree, phrase: str) -> list[Said]:
    """The meaning as said: very moves a trait further from the average, slightly nearer, not cancels it."""
    said = []
    for slot, value in meaning.items():
        if slot in NEUTRAL:
            value = NEUTRAL[slot] + degree.factor * (float(value) - NEUTRAL[slot])
            if slot not in ("age", "stature"):
                value = min(max(value, 0.0), 1.0)
        implied = slot in NEUTRAL and slot != next(iter(meaning))
        words = " ".join([*degree.words, phrase])
        said.append(Said(slot, value, words, negated=degree.factor == 0, implied=implied))
    return said


def _described(heard: list[Said], unknown: list[str]) -> Description:
    warnings: list[str] = []
    slots = _last_said([said for said in heard if not said.measured], warnings)
    measured = _last_said([said for said in heard if said.measured], warnings)
    for said in measured.values():
        _check_range(said)
    sex = slots.get("sex") or slots.get("pronoun")
    age, age_warnings = _age(slots, measured)
    height, height_warnings = _height(slots, measured, float(sex.value) if sex else 0.5, age)
    return Description(
        sex=float(sex.value) if sex else None,
        age=age,
        height=height,
        mass=float(measured["mass"].value) if "mass" in measured else None,
        pose=str(slots["pose"].value) if "pose" in slots else None,
        unknown=tuple(unknown),
        warnings=tuple(dict.fromkeys([*warnings, *age_warnings, *height_warnings])),
        weight=_value(slots, "weight"),
        muscle=_value(slots, "muscle"),
        proportions=_value(slots, "proportions"),
    )


def _value(slots: dict[str, Said], slot: str) -> float | None:
    return float(slots[slot].value) if slot in slots else None


def _last_said(heard: list[Said], warnings: list[str]) -> dict[str, Said]:
    """The last saying for each slot; `warnings` grows by what was negated, contradicted or said of several people."""
    slots: dict[str, Said] = {}
    for said in heard:
        before = slots.get(said.slot)
        if said.implied and (said.negated or (before is not None and not before.implied)):
            continue
        if said.negated and said.slot not in NEUTRAL:
            warnings.append(f"{said.words}: nothing is made of what a person is not; say what they are")
            continue
        if said.negated:
            warnings.append(f"{said.words}: taken as average")
        if said.slot == "people" and before is None:
            warnings.append(f"{said.words}: one person is made, of several")
        elif before is not None and not before.implied and _contradict(before, said):
            warnings.append(f"{before.words}, then {said.words}: the last is taken")
        elif before is not None and _says_more(before, said):
            continue
        slots[said.slot] = said
    return slots


def _says_more(before: Said, said: Said) -> bool:
    """Does what was said before stay, as the narrower of the two? A teenage girl; arms raised, standing."""
    if said.slot == "stage":
        (_, low, high), (_, other_low, other_high) = STAGES[str(before.value)], STAGES[str(said.value)]
        return high - low < other_high - other_low
    return said.value == "standing" or before.value in GENERAL_POSES.get(str(said.value), ())


def _contradict(before: Said, said: Said) -> bool:
    """Do two sayings about one slot exclude each other? Slim and skinny do not, slim and fat do."""
    a, b = before.value, said.value
    if a == b or said.slot in ("pronoun", "people"):
        return False
    if said.slot == "stage":
        (_, low, high), (_, other_low, other_high) = STAGES[str(a)], STAGES[str(b)]
        return max(low, other_low) >= min(high, other_high)
    if said.slot == "pose":
        if any(more in GENERAL_POSES.get(str(less), ()) for less, more in ((a, b), (b, a))):
            return False
        return not ("standing" in (a, b) and a not in LOW_POSES and b not in LOW_POSES)
    if said.slot in NEUTRAL and not said.measured:
        from_average, then = float(a) - NEUTRAL[said.slot], float(b) - NEUTRAL[said.slot]
        return from_average * then <= 0
    return True


def _check_range(said: Said) -> None:
    low, high, unit = RANGES[said.slot]
    if not low <= float(said.value) <= high:
        found = f"{said.words!r} is {said.value:.4g} {unit}"
        raise BadData(f"prompt: {found}, expected {said.slot} from {low:g} to {high:g} {unit}")


def _age(slots: dict[str, Said], measured: dict[str, Said]) -> tuple[float | None, list[str]]:
    """Years: a number, else the stage of life (child, teenager) with young or old within it, else the word."""
    word, stage = slots.get("age"), slots.get("stage")
    usual, youngest, oldest = STAGES[str(stage.value)] if stage else (TYPICAL_AGE, 0, 120)
    if "age" in measured:
        said, years = measured["age"], float(measured["age"].value)
        odd = [stage.words] if stage and not youngest <= years <= oldest + 1 else []
        odd += [word.words] if word and abs(float(word.value) - years) > 25 else []
        return years, [f"{words}, but {said.words}: the number is taken" for words in odd]
    if word is None:
        return (float(usual) if stage else None), []
    years = min(max(float(word.value), RANGES["age"][0]), RANGES["age"][1])
    if stage is None or youngest <= years <= oldest:
        return years, []
    if stage.value != "adult" and years <= NEUTRAL["age"]:  # a young child: the first half of childhood
        return (usual + youngest) / 2, []
    return years, [f"{stage.words}, but {word.words}: taken as {years:.0f} years old"]


def _height(
    slots: dict[str, Said], measured: dict[str, Said], sex: float, age: float | None
) -> tuple[float | None, list[str]]:
    """Centimetres: a number, else how far from the average of that sex and age."""
    word, average = slots.get("stature"), average_height(sex, TYPICAL_AGE if age is None else age)
    if "height" in measured:
        said, height = measured["height"], float(measured["height"].value)
        odd = word is not None and float(word.value) * (height / average - 1) < 0
        return round(height, 1), [f"{word.words}, but {said.words}: the number is taken"] if word and odd else []
    if word is None:
        return None, []
    height = average * (1 + HEIGHT_SPREAD * float(word.value))
    low, high, _ = RANGES["height"]
    return round(min(max(height, low), high), 1), []
