"""What a sentence wishes a person to wear and look like: slots of an `outfit`, each filled as far as was said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from avatarkit.outfit import GARMENTS, LEGGED, SKIRTS, SLOTS, Colour
from avatarkit.words import colours
from avatarkit.words.binding import Bound, Modifier
from avatarkit.words.wardrobe import LENGTHS


@dataclass(frozen=True)
class Wish:
    """What was said about one slot.

    `kinds`: those that would do, () any; `absent`: none is worn; `cut`: values of the fields of `outfit`'s types, and
    `fit` (factor on the usual ease), `colours` (the ground first), `shade` (light, dark … of an open colour), `without`
    (details that it has not).
    """

    kinds: tuple[str, ...] = ()
    absent: bool = False
    cut: Mapping[str, Any] = field(default_factory=dict)


Wishes = Mapping[str, Wish]
"""By field of `outfit.Outfit`; what is said of `clothes` holds for all that nothing else is said of."""

# What an adjective makes of a kind: (kind, key of its meaning, value) → kind.
REFINED = {
    ("jacket", "fabric", "denim"): "denim jacket",
    ("jacket", "fabric", "leather"): "leather jacket",
    ("trousers", "flare", 0.05): "wide trousers",
    ("trousers", "fabric", "denim"): "jeans",
    ("skirt", "length", "mini"): "mini skirt",
    ("skirt", "length", "short"): "mini skirt",
    ("skirt", "length", "long"): "long skirt",
    ("skirt", "length", "ankle-length"): "long skirt",
    ("skirt", "length", "floor-length"): "long skirt",
    ("skirt", "detail", "pleats"): "pleated skirt",
    ("sweatshirt", "neckline", "hood"): "hoodie",
    ("sweater", "neckline", "turtle"): "turtleneck",
    ("dress", "neckline", "straps"): "sundress",
    ("top", "length", "cropped"): "crop top",
    ("hat", "fabric", "knit"): "beanie",
    ("hat", "fabric", "wool"): "beanie",
}
SHORT_HAIR = ("crew cut", "side part", "slicked back", "pixie cut")
LONG_HAIR = ("long", "wavy")
HAIR_LENGTHS = {
    "short": (SHORT_HAIR, 0.15),
    "cropped": (("buzz cut", "crew cut"), 0.1),
    "long": (LONG_HAIR, 0.85),
    "midi": (("bob", "shoulder-length"), 0.5),
}
"""Length → the styles of which it is the length, and the length within another style."""
WORN_OVER = frozenset({"sweater", "sweatshirt", "hoodie", "turtleneck", "shirt", "tunic"})
WORN_UNDER = frozenset({"dungarees", "sundress"})
"""Tops that go over another top; dresses that go over a top."""
DENIM = {"blue": colours.COLOURS["denim blue"]}
"""Blue jeans are not as blue as other blue things."""
_FACE_COLOURS = (colours.HAIR_COLOURS, colours.EYE_COLOURS)
_FACE = {"skin": "complexion", "eyes": "complexion", "lips": "complexion", "beard": "hair"}


def wished(found: Iterable[Bound]) -> tuple[dict[str, Wish], list[str]]:
    """The wishes of all that was bound, and warnings where two exclude each other or one cannot be."""
    wishes: dict[str, Wish] = {}
    warnings: list[str] = []
    previous: tuple[Colour, ...] = ()
    for noun in found:
        wish = _wish(noun, previous, warnings)
        previous = wish.cut.get("colours", previous)
        _put(wishes, _FACE.get(noun.slot, noun.slot), wish, noun, warnings)
    _undress(wishes, warnings)
    return wishes, warnings


def shape_of(slot: str, kind: str | None) -> int:
    """The column of LENGTHS for a kind of garment."""
    if slot in ("top", "outer"):
        return 0 if slot == "top" else 1
    if kind == "shorts":
        return 3
    return 4 if kind in SKIRTS or (slot == "dress" and kind not in LEGGED) else 2


def _wish(noun: Bound, previous: tuple[Colour, ...], warnings: list[str]) -> Wish:
    cut: dict[str, Any] = {}
    kinds: tuple[str, ...] = (noun.kind,) if noun.kind else ()
    if noun.absent and noun.slot not in _FACE and noun.slot != "hair":
        return Wish(absent=True)
    for modifier in noun.modifiers:
        if modifier.degree == 0 and not {"detail", "neckline", "freckles", "pattern"} & modifier.meaning.keys():
            warnings.append(f"not {modifier.spelling}: nothing is made of what it is not; say what it is")
    said = [modifier for modifier in noun.modifiers if modifier.degree]
    if noun.slot in ("top", "outer", "bottom", "dress", "clothes"):
        kinds = _refined(noun, said)
        cut = _cut(noun, kinds[0] if kinds else None, warnings)
    elif noun.slot == "hair":
        return _hair(noun, said)
    elif noun.slot == "beard":
        return _beard(noun, said)
    elif noun.slot in _FACE:
        return Wish(cut=_face(noun, said))
    else:
        kinds = _refined(noun, said)
        cut |= {key: value for m in said for key, value in m.meaning.items() if key == "fabric"}
    denim = (cut.get("fabric") or (GARMENTS[kinds[0]][1].fabric if noun.slot in SLOTS and kinds else "")) == "denim"
    cut |= _coloured(said, DENIM if denim else {})
    if any("matching" in modifier.meaning for modifier in said) and previous:
        cut["colours"] = previous
    return Wish(kinds, cut=cut)


def _refined(noun: Bound, said: list[Modifier]) -> tuple[str, ...]:
    name = noun.kind or noun.slot
    for modifier in said:
        for key, value in modifier.meaning.items():
            name = REFINED.get((name, key, value), name)
    return () if name == noun.slot and noun.kind is None else (name,)


def _cut(noun: Bound, kind: str | None, warnings: list[str]) -> dict[str, Any]:
    cut: dict[str, Any] = {}
    usual = GARMENTS[kind][1] if kind else None
    for modifier in noun.modifiers:
        for key, value in modifier.meaning.items():
            if key == "length":
                hem = LENGTHS[str(value)][shape_of(noun.slot, kind)]
                if hem is None:
                    warnings.append(f"{modifier.spelling}: cannot be said of {kind or noun.slot}")
                elif modifier.degree:
                    cut["hem"] = round(hem if usual is None else usual.hem + modifier.degree * (hem - usual.hem), 3)
            elif key == "detail":
                where = "details" if modifier.degree else "without"
                cut[where] = (*cut.get(where, ()), value)
            elif key == "fit":
                cut["fit"] = round(float(value) ** modifier.degree, 3)
            elif key == "flare" and kind != "wide trousers":
                cut["flare"] = float(value) * modifier.degree
            elif key == "pattern":
                cut["pattern"] = value if modifier.degree else "plain"
            elif key == "tucked":
                cut["tucked"] = bool(value) == bool(modifier.degree)
            elif key == "neckline" and not modifier.degree:
                cut["without"] = (*cut.get("without", ()), value)
            elif key in ("sleeve", "neckline", "opening", "fabric", "rise", "turn", "occasion") and modifier.degree:
                cut[key] = value
    if kind == "wide trousers":
        cut.pop("fit", None)
    return cut


def _coloured(said: list[Modifier], table: Mapping[str, Colour]) -> dict[str, Any]:
    """`colours`, each with the shade said before it; a shade with no colour after it as `shade`."""
    found: list[Colour] = []
    shade: str | None = None
    for modifier in said:
        name = modifier.meaning.get("colour", modifier.meaning.get("haircolour", modifier.meaning.get("eyecolour")))
        if "shade" in modifier.meaning:
            shade = str(modifier.meaning["shade"])
        elif name is not None:
            plain = next(known[str(name)] for known in (table, colours.COLOURS, *_FACE_COLOURS) if name in known)
            found.append(table.get(f"{shade} {name}") or (colours.shaded(plain, shade) if shade else plain))
            shade = None
    return ({"colours": tuple(found)} if found else {}) | ({"shade": shade} if shade else {})


def _hair(noun: Bound, said: list[Modifier]) -> Wish:
    """Hair: the styles that all words allow; a length that no allowed style is about is a length within the style."""
    styles: tuple[str, ...] = (noun.kind,) if noun.kind else ()
    cut: dict[str, Any] = {}
    for modifier in said:
        allowed = tuple(str(modifier.meaning.get("styles", "")).split(", "))
        if allowed[0]:
            styles = tuple(style for style in styles if style in allowed) or allowed
    for modifier in said:
        length = str(modifier.meaning.get("length", ""))
        if length in HAIR_LENGTHS:
            allowed, cut["length"] = HAIR_LENGTHS[length]
            if length == "short" and modifier.degree > 1:
                allowed = ("buzz cut", "crew cut")
            elif modifier.degree > 1:
                cut["length"] = 1.0
            styles = tuple(style for style in styles if style in allowed) or styles or allowed
    colour = _coloured(said, colours.HAIR_COLOURS)
    if colour.get("shade") in ("dark", "light") and "colours" not in colour:  # dark hair
        colour = {"colours": (colours.HAIR_COLOURS[f"{colour['shade']} brown"],)}
    if "colours" in colour:
        cut["colour"] = colour["colours"][0]
    return Wish(("bald",) if noun.absent else styles, False, cut)


def _beard(noun: Bound, said: list[Modifier]) -> Wish:
    cut: dict[str, Any] = {"beard": noun.kind} if noun.kind else {}
    for modifier in said:
        cut |= {key: value for key, value in modifier.meaning.items() if key in ("beard", "stubble")}
        if modifier.meaning.get("length") == "long" and cut.get("beard") == "full beard":
            cut["beard"] = "long beard"
    colour = _coloured(said, colours.HAIR_COLOURS)
    if "colours" in colour:
        cut["colour"] = colour["colours"][0]
    return Wish(cut={"beard": "none", "stubble": 0.0} if noun.absent else cut)


def _face(noun: Bound, said: list[Modifier]) -> dict[str, Any]:
    cut: dict[str, Any] = {
        key: value for m in said for key, value in m.meaning.items() if key in ("melanin", "freckles", "blush")
    }
    if any("freckles" in m.meaning and not m.degree for m in noun.modifiers):
        cut["freckles"] = 0.0
    if noun.slot == "eyes":
        found = _coloured(said, colours.EYE_COLOURS).get("colours", ())
        cut |= {"eyes": found[0]} if found else {}
    elif noun.slot == "lips":
        found = _coloured(said, colours.LIPSTICKS).get("colours", (colours.LIPSTICKS["red"],))
        cut["lipstick"] = None if noun.absent else found[0]
    else:
        words = [(str(m.meaning.get("colour", m.meaning.get("shade", m.spelling))), m.degree) for m in said]
        named = " ".join(word for word, _ in words if word in colours.SKINS)
        very = any(degree > 1 for _, degree in words)
        for name in (f"very {named}" if very else named, named, named.rpartition(" ")[2]):
            if name in colours.SKINS:
                cut["melanin"] = colours.SKINS[name]
                break
        if "olive" in named:
            cut["redness"] = 0.15
    return cut


def _put(wishes: dict[str, Wish], slot: str, wish: Wish, noun: Bound, warnings: list[str]) -> None:
    """The wish beside, or in the place of, what was wished of its slot before."""
    before = wishes.get(slot)
    if before is not None and slot == "top" and before.kinds and wish.kinds and before.kinds != wish.kinds:
        if noun.layer < 0 and before.kinds[0] in WORN_OVER:  # a sweater over a shirt
            wishes["outer"], before = before, None
        elif (noun.layer > 0 or wish.cut.get("opening") == "open") and wish.kinds[0] in WORN_OVER:
            slot, before = "outer", wishes.get("outer")
    if before is None or before.absent or wish.absent:
        wishes[slot] = wish
    elif slot in ("hair", "complexion", "clothes") or not before.kinds or not wish.kinds or before.kinds == wish.kinds:
        wishes[slot] = Wish(wish.kinds or before.kinds, False, {**before.cut, **wish.cut})
    else:
        outside = noun.layer < 0 and slot == "outer"  # a coat over a cardigan
        taken = before if outside else wish
        warnings.append(f"{before.kinds[0]}, then {wish.kinds[0]}: one is made, {taken.kinds[0]}")
        wishes[slot] = taken


def _undress(wishes: dict[str, Wish], warnings: list[str]) -> None:
    """A dress takes the place of top and bottom, but for the top under dungarees."""
    dress = wishes.get("dress")
    if dress is None or dress.absent:
        return
    under = bool(WORN_UNDER & set(dress.kinds))
    for slot in ("top", "bottom"):
        if slot in wishes and not wishes[slot].absent and not (under and slot == "top"):
            warnings.append(f"{' '.join(wishes.pop(slot).kinds) or slot}: not made, the dress takes its place")
