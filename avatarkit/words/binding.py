"""Adjectives find their nouns: "a tall woman in a long red coat over a white shirt" is a long red coat, a white shirt.

A sentence is read from left to right. Adjectives wait for a noun; a noun that is worn takes all that wait. Where a
phrase ends without a noun, what waits belongs to the noun before (a coat, belted; shirt and trousers in navy), or to
its own slot (blond), or to all clothes (in black), or else to the body, and is left for `hearing`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from avatarkit.outfit import BAGS, BEARDS, GARMENTS, GLASSES, HAIRSTYLES, HATS, SCARVES, SHOES, SLOTS
from avatarkit.words.colours import SKINS
from avatarkit.words.lexicon import ENDINGS, OPENERS, Meaning
from avatarkit.words.phrases import Phrase, next_phrase
from avatarkit.words.tokens import Token

SLOT_OF: dict[str, str] = {
    **{kind: slot for kind, (slot, _) in GARMENTS.items()},
    **dict.fromkeys(SHOES, "shoes"), **dict.fromkeys(HAIRSTYLES, "hair"), **dict.fromkeys(BEARDS, "beard"),
    **dict.fromkeys(HATS, "hat"), **dict.fromkeys(GLASSES, "glasses"), **dict.fromkeys(BAGS, "bag"),
    **dict.fromkeys(SCARVES, "scarf"),
}  # fmt: skip
"""Which slot a kind belongs to; what is not a kind is a slot itself: a top, hair, eyes."""

_GARMENT = frozenset(
    "colour shade matching fabric pattern length sleeve neckline opening fit flare rise tucked detail".split()
)
_ITEM = frozenset("colour shade matching fabric".split())
APPLIES: dict[str, frozenset[str]] = {
    **dict.fromkeys(SLOTS, _GARMENT),
    **dict.fromkeys(("shoes", "hat", "glasses", "bag", "scarf"), _ITEM),
    "hair": frozenset("colour shade haircolour styles length".split()),
    "beard": frozenset("colour shade haircolour length".split()),
    "eyes": frozenset("colour shade eyecolour".split()),
    "skin": frozenset("colour shade melanin freckles".split()),
    "lips": frozenset("colour shade".split()),
    "clothes": frozenset("colour shade fabric pattern fit occasion".split()),
}
"""What can be said of a slot."""

OWN_SLOT = {
    "haircolour": "hair", "styles": "hair", "beard": "beard", "stubble": "beard", "melanin": "skin", "freckles": "skin",
    "blush": "skin", "eyecolour": "eyes", "occasion": "clothes",
}  # fmt: skip
"""What says of itself what it is about: blond, bearded, freckled."""

PART_NOUNS = frozenset(
    "stripes dots checks flowers print logo sleeves collar lapels hood straps pocket pockets cuffs belt pleats hem"
    " buttons zip zipper bib turn-ups freckles".split()
)
"""Nouns for a part of what is worn: an adjective's list ends with them."""
_CLOTH = frozenset([*SLOTS, "shoes", "hat", "glasses", "bag", "scarf", "clothes"])
_PARTS = frozenset("detail sleeve neckline opening".split())
_PEOPLE = frozenset("sex stage people pose".split())
_NONE_OF = frozenset("no without neither nor".split())
_UNDER = frozenset("under underneath beneath".split())
_BE = frozenset("is are was be being".split())


@dataclass(frozen=True)
class Modifier:
    """An adjective, with how much of it: `degree` 1, very 1.4, not 0."""

    spelling: str
    meaning: Meaning
    degree: float = 1.0


@dataclass
class Bound:
    """A slot, the kind that was said (None: open) and the adjectives that were found to be about it."""

    slot: str
    kind: str | None = None
    modifiers: list[Modifier] = field(default_factory=list)
    absent: bool = False
    layer: int = 0  # 1: said to be over what was said before it; -1: under it


@dataclass(frozen=True)
class _Item:
    """A phrase with the degree words before it: tokens `first` to `stop`; `denied`: no hat, without sleeves."""

    first: int
    stop: int
    before: frozenset[str]
    text: str
    phrase: Phrase
    degree: float = 1.0
    denied: bool = False

    def fits(self, slot: str) -> bool:
        return bool(APPLIES[slot] & self.phrase.wear.keys())


def bound(words: Sequence[Token]) -> tuple[list[Bound], list[Token]]:
    """What is worn, in the order said; and the words that are left, with a mark on those that are about things."""
    binder = _Binder()
    for item in _items(words):
        binder.take(item)
    binder.leave()
    left = [replace(token, thing=k in binder.things) for k, token in enumerate(words) if k not in binder.claimed]
    return binder.found, left


def _items(words: Sequence[Token]) -> Iterator[_Item]:
    """The phrases of a sentence, each with the degree words (very, not, no) and the "pair of" before it."""
    first, at, degree, denied, noun_denied = 0, 0, 1.0, False, False
    while at < len(words):
        token = words[at]
        phrase = next_phrase(words[at:]) if token.measure is None else Phrase(token.text)
        denied = denied or (degree == 0 and at > first and bool(token.before))  # not wearing a hat
        if token.text == "or" and noun_denied:  # no hat or scarf
            degree, denied = 0.0, True
        elif "degree" in phrase.body:
            degree *= float(phrase.body["degree"])
            denied = denied or token.text in _NONE_OF
        elif not (token.text == "pair" and at + 1 < len(words) and "of" in words[at + 1].before):
            before = frozenset(words[first].before)
            yield _Item(first, at + phrase.length, before, token.text, phrase, degree, denied)
            noun_denied = "wear" in phrase.wear and denied
            first, degree, denied = at + phrase.length, 1.0, False
        at += phrase.length


class _Binder:
    """Adjectives wait in `pending`; `group` are the nouns said last, which adjectives may follow."""

    def __init__(self) -> None:
        self.pending: list[_Item] = []
        self.group: list[Bound] = []
        self.found: list[Bound] = []
        self.claimed: set[int] = set()
        self.things: set[int] = set()

    def take(self, item: _Item) -> None:
        """The next phrase of the sentence."""
        if self.pending and self._breaks(item):
            self.leave()
        if "wear" in item.phrase.wear or "worn" in item.phrase.wear:
            self._noun(item)
        elif _PEOPLE & item.phrase.body.keys():
            self._person(item)
        else:
            self.pending.append(item)

    def _breaks(self, item: _Item) -> bool:
        """Does a phrase end before the item? At a preposition or article; after a comma when it cannot be a list."""
        last = self.pending[-1].phrase
        if item.before <= {",", "and"}:
            return bool(item.before) and (not last.wear or last.spelling.split()[-1] in PART_NOUNS)
        return True

    def _noun(self, item: _Item) -> None:
        """What is worn takes the adjectives that wait; those that do not fit are of things, and nobody's."""
        names = str(item.phrase.wear.get("wear", item.phrase.wear.get("worn"))).split(", ")
        taken = self._adjectives(item, SLOT_OF.get(names[0], names[0]))
        absent = item.denied or item.degree == 0 or bool(taken and taken[0].denied)
        before = taken[0].before if taken else item.before
        nouns = []
        for name in names:
            kind = name.removeprefix("none ")
            slot = SLOT_OF.get(kind, kind)
            noun = Bound(slot, kind if kind in SLOT_OF else None, absent=absent or name != kind)
            noun.layer = -1 if "over" in before else int(bool(_UNDER & before))
            noun.modifiers.append(Modifier(item.phrase.spelling, item.phrase.wear))
            nouns.append(noun)
        joined = self.group if not taken and before == {"and"} else []
        self.found += nouns
        self.group = [*joined, *nouns]
        self.claimed.update(range(item.first, item.stop))
        for adjective, following in zip(taken, [*taken[1:], item], strict=False):
            fitting = [noun for noun in nouns if adjective.fits(noun.slot)]
            self._bind(adjective, fitting)
            if not fitting and not self._stands_alone(adjective) and not following.before:
                self.things.update(range(adjective.first, adjective.stop))  # heavy boots are no heavy person

    def _adjectives(self, noun: _Item, slot: str) -> list[_Item]:
        """Takes from what waits what goes with the noun: all; haired and eyed take one and its shade; bald none."""
        taken, self.pending = self.pending, []
        if "worn" in noun.phrase.wear or noun.text in ENDINGS:
            reach = len(taken)
            if noun.text in ENDINGS and taken and taken[-1].fits(slot):
                reach -= 2 if len(taken) > 1 and "shade" in taken[-2].phrase.wear else 1
            self.pending, taken = taken[:reach], taken[reach:]
        return taken

    def _person(self, item: _Item) -> None:
        """A black man's colour is his skin's; other adjectives before a person are left to the body."""
        for adjective in self.pending:
            wear = adjective.phrase.wear
            if "sex" in item.phrase.body and wear.get("colour", wear.get("shade")) in SKINS:
                self._bind(adjective, [self._new("skin")])
        self.pending = [adjective for adjective in self.pending if adjective.first not in self.claimed]
        self.leave()
        self.group = []

    def leave(self) -> None:
        """A phrase ended without a noun: what waits is about the noun before, or about itself, or all clothes."""
        waiting, self.pending = self.pending, []
        if not waiting:
            return
        before = waiting[0].before
        follows = not before or bool(before & _BE)  # a coat open at the front; her hair is long
        group = self._followed(waiting)
        of_a_part = any(_PARTS & item.phrase.wear.keys() for item in waiting)
        unknown = [k for k, item in enumerate(waiting) if not (item.phrase.wear or item.phrase.body)]
        for k, item in enumerate(waiting):
            keys = item.phrase.wear.keys()
            if unknown and k < unknown[-1] and not OWN_SLOT.keys() & keys:
                continue  # in a red kimono: of a thing that nobody knows
            if of_a_part and not _PARTS & keys and not follows:
                continue  # with a red belt: it is not the coat that is red
            targets = [noun for noun in group if item.fits(noun.slot)]
            if targets and (follows or not (item.phrase.body or OWN_SLOT.keys() & keys)):
                self._bind(item, _uncoloured(targets) if "colour" in keys else targets)
            elif not self._stands_alone(item) and before & OPENERS and item.fits("clothes") and not item.phrase.body:
                self._bind(item, [self._all_clothes()])

    def _followed(self, waiting: Sequence[_Item]) -> list[Bound]:
        """The nouns that these may be about: trousers in navy; but a beard, in black, is not a black beard."""
        before = waiting[0].before
        if before & OPENERS and not any(_PARTS & item.phrase.wear.keys() for item in waiting):
            apart = "," in before or not all(noun.slot in _CLOTH for noun in self.group)
            return [] if apart else self.group
        return self.group

    def _stands_alone(self, item: _Item) -> bool:
        """Blond, bearded, freckled say themselves what they are about."""
        own = [OWN_SLOT[key] for key in item.phrase.wear if key in OWN_SLOT]
        if own and not item.phrase.body:
            self._bind(item, [self._new(own[0])])
        return bool(own)

    def _all_clothes(self) -> Bound:
        return next((noun for noun in self.found if noun.slot == "clothes"), None) or self._new("clothes")

    def _new(self, slot: str) -> Bound:
        self.found.append(Bound(slot))
        return self.found[-1]

    def _bind(self, item: _Item, nouns: Sequence[Bound]) -> None:
        for noun in nouns:
            noun.modifiers.append(Modifier(item.phrase.spelling, item.phrase.wear, item.degree))
            self.claimed.update(range(item.first, item.stop))


def _uncoloured(nouns: list[Bound]) -> list[Bound]:
    """Of several nouns those without a colour, if any: a white shirt and trousers in navy."""
    bare = [noun for noun in nouns if not any("colour" in modifier.meaning for modifier in noun.modifiers)]
    return bare if bare and len(nouns) > 1 else nouns
