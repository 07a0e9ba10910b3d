"""Captions: a person told in words, which `understood` reads back; a generator makes the same person many sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from avatarkit.outfit import GARMENTS, SLOTS, Hair, Item, Outfit
from avatarkit.words import colours
from avatarkit.words.garments import garment_in_words
from avatarkit.words.lexicon import HEIGHT_SPREAD, VOCABULARY, average_height
from avatarkit.words.voice import Voice, listed, with_article

if TYPE_CHECKING:
    import numpy as np

AGE_WORDS = (
    (12, ("",)), (18, ("teenage",)), (32, ("young", "youthful")), (44, ("",)), (56, ("middle-aged",)), (66, ("older",)),
    (72, ("old",)), (200, ("old", "elderly")),
)  # fmt: skip
"""(below this age, what it is called)"""
LIMBS = frozenset("arms hands hand one a legs fists palms weight".split())
"""Poses are told as clauses, walking, hands on hips; or else: in a tree pose."""


class Person(Protocol):
    """A body in words: a `Phenotype`, a `Description`; what is None is not told."""

    @property
    def sex(self) -> float | None: ...
    @property
    def age(self) -> float | None: ...
    @property
    def height(self) -> float | None: ...
    @property
    def weight(self) -> float | None: ...
    @property
    def muscle(self) -> float | None: ...


def caption(
    outfit: Outfit, person: Person | None = None, pose: str | None = None, generator: np.random.Generator | None = None
) -> str:
    """One sentence about a person, which `understood` reads back.

    Without a generator it tells all, in the plainest words; with one it varies words, order, and what it leaves out.
    """
    voice = Voice(generator)
    who = _who(person, voice)
    clothes, looks = listed(_clothes(outfit, voice)), listed(_looks(outfit, voice))
    doing = _doing(pose, voice)
    bare = "barefoot" if outfit.shoes.kind == "barefoot" and voice.tells() else ""
    last = [bare and f", {bare}", doing and f", {doing}"]
    orders = [
        [who, looks and f"with {looks}", clothes and f"wearing {clothes}", *last],
        [who, clothes and f"in {clothes}", bare and f", {bare}", looks and f", with {looks}", doing and f", {doing}"],
        [who, doing and f", {doing},", clothes and f"in {clothes}", looks and f"; {looks}", bare and f"; {bare}"],
        [who, looks and f"with {looks},", clothes and f"dressed in {clothes}", *last],
    ]
    sentence = " ".join(part for part in voice.pick(orders) if part)
    for wrong, right in ((" ,", ","), (" ;", ";"), (",,", ",")):
        sentence = sentence.replace(wrong, right)
    return sentence.rstrip(",;")


def _who(person: Person | None, voice: Voice) -> str:
    if person is None:
        return "a person"
    sex, age = person.sex, person.age
    grown = age is None or age >= 18
    names = ("man", "woman") if grown else ("boy", "girl")
    noun = "person" if sex is None or 0.3 < sex < 0.7 else names[round(sex)]
    words = [_height_word(person), _build_word(person, voice), _age_word(age, voice)]
    told = [word for word in words if word and voice.tells(0.8)]
    return with_article(" ".join([*told, noun]))


def _height_word(person: Person) -> str:
    if person.height is None:
        return ""
    average = average_height(0.5 if person.sex is None else person.sex, 35.0 if person.age is None else person.age)
    stature = (person.height / average - 1) / HEIGHT_SPREAD
    return "tall" if stature > 1 else "short" if stature < -1 else ""


def _build_word(person: Person, voice: Voice) -> str:
    weight, muscle = person.weight, person.muscle
    if muscle is not None and muscle > 0.7 and (weight is None or weight < 0.7):
        return voice.pick(("athletic", "muscular") if muscle > 0.8 else ("athletic", "sporty"))
    if weight is None:
        return ""
    for most, words in ((0.12, ("skinny",)), (0.35, ("slim", "slender")), (0.64, ("",)), (0.8, ("plump", "chubby"))):
        if weight <= most:
            return voice.pick(words)
    return voice.pick(("heavy", "overweight") if weight < 0.93 else ("obese",))


def _age_word(age: float | None, voice: Voice) -> str:
    if age is None:
        return ""
    if voice.generator is None or voice.tells(0.35):
        return f"{age:.0f}-year-old"
    words = next(words for below, words in AGE_WORDS if age < below)
    return voice.pick(words)


def _clothes(outfit: Outfit, voice: Voice) -> list[str]:
    told = {slot: garment_in_words(garment, voice) for slot in SLOTS for garment in [getattr(outfit, slot)] if garment}
    said: list[str] = []
    upper = [told[slot] for slot in ("outer", "dress", "top") if slot in told]
    if len(upper) > 1:
        over = voice.pick(
            (f"{upper[0]} over {upper[1]}", f"{upper[1]} under {upper[0]}", f"{upper[0]} over {upper[1]}")
        )
        tops_clash = {"outer", "top"} <= told.keys() and GARMENTS[outfit.outer.kind][0] == "top"  # type: ignore[union-attr]
        said = [over] if tops_clash or voice.tells(0.8) else upper[:2]
        said += upper[2:]
    else:
        said = upper
    said += [told["bottom"]] if "bottom" in told else []
    if outfit.shoes.kind != "barefoot":
        said += [_item(outfit.shoes, voice)]
    extras = [_item(item, voice) for item in (outfit.hat, outfit.glasses, outfit.scarf, outfit.bag) if item]
    return said + [extra for extra in extras if voice.tells(0.85)]


def _item(item: Item, voice: Voice) -> str:
    name = voice.colour(colours.name_of(item.colour)) if voice.tells(0.8) else ""
    return with_article(f"{name} {voice.synonym(item.kind)}".strip())


def _looks(outfit: Outfit, voice: Voice) -> list[str]:
    face = outfit.complexion
    said = [_hair(outfit.hair, voice)] if voice.tells(0.9) else []
    if outfit.hair.beard != "none" and voice.tells(0.9):
        said.append(with_article(voice.synonym(outfit.hair.beard)))
    elif outfit.hair.beard == "none" and outfit.hair.stubble > 0.4 and voice.tells():
        said.append("stubble")
    if voice.tells(0.6):
        said.append(f"{voice.pick([word for word in [colours.skin_word(face.melanin)]])} skin")
    if voice.tells(0.4):
        said.append(f"{colours.name_of(face.eyes, colours.EYE_COLOURS)} eyes")
    if face.lipstick is not None and voice.tells():
        said.append(f"{colours.name_of(face.lipstick, colours.LIPSTICKS)} lipstick")
    if face.freckles > 0.5 and voice.tells():
        said.append("freckles")
    return said


def _hair(hair: Hair, voice: Voice) -> str:
    colour = colours.hair_name(hair.colour) if voice.tells(0.85) else ""
    style, of_colour = hair.style, f"{colour} hair".strip()
    if style == "bald":
        return "a bald head"
    if style in ("long", "curly", "wavy", "slicked back", "shoulder-length"):
        return f"{style} {of_colour}"
    if style in ("ponytail", "bun", "braid", "two braids", "side part", "bob") and voice.tells(0.5):
        link = "with" if style == "side part" else "in"
        return f"{of_colour} {link} {with_article(voice.synonym(style))}"
    return with_article(f"{colour} {voice.synonym(style)}".strip())


def _doing(pose: str | None, voice: Voice) -> str:
    """The pose as a clause; standing is not worth a word without a generator."""
    if pose is None or (pose == "standing" and not voice.tells(0.3)):
        return ""
    rows = [row for row, meaning in VOCABULARY["Pose"].items() if meaning.get("pose") == pose]
    phrases = [phrase for row in rows for phrase in row.split(", ")]
    clauses = [phrase for phrase in phrases if phrase.split()[0].endswith("ing") or phrase.split()[0] in LIMBS]
    return voice.pick(clauses) if clauses else f"in {with_article(phrases[0] if phrases else pose)}"
