"""A garment told in words, so that `binding` reads it back: fit, length, colours, sleeves, fabric, noun, details."""

from __future__ import annotations

from collections.abc import Mapping

from avatarkit.outfit import GARMENTS, Colour, Garment
from avatarkit.words import colours
from avatarkit.words.voice import Voice, with_article
from avatarkit.words.wardrobe import LENGTHS
from avatarkit.words.wishes import REFINED, shape_of

FITS = {"tight": 0.35, "slim-fit": 0.6, "loose": 1.7, "baggy": 2.4, "oversized": 3.0}
SLEEVES = {"sleeveless": 0.0, "cap-sleeved": 0.25, "short-sleeved": 0.55, "elbow-length sleeves": 1.0,
           "rolled-up sleeves": 1.2, "three-quarter sleeved": 1.45,
           "long-sleeved": 1.95}  # fmt: skip
NECKLINES = {"crew": "crew-neck", "v": "v-neck", "scoop": "scoop-neck", "boat": "boat-neck", "turtle": "high-necked",
             "collar": "collared", "hood": "hooded", "strapless": "strapless", "straps": "strappy"}  # fmt: skip
PATTERNED = {
    "stripes": ("striped", "stripy"),
    "checks": ("checked", "plaid", "tartan", "checkered"),
    "dots": ("polka dot", "dotted", "spotted"),
    "camouflage": ("camouflage", "camo"),
    "floral": ("floral", "flowery"),
    "print": ("printed", "patterned"),
}
OPENINGS = {
    "open": ("open", "unbuttoned"),
    "zip": ("zip-up", "zipped"),
    "placket": ("buttoned",),
    "closed": ("closed",),
}


def garment_in_words(garment: Garment, voice: Voice) -> str:
    """Fit, length, opening, colours, pattern, neckline, sleeves, fabric, noun; with its details behind."""
    kind, usual = garment.kind, GARMENTS[garment.kind][1]
    front, behind = _colours(garment, voice)
    words = [_length(garment) if abs(garment.hem - usual.hem) > 0.15 and voice.tells(0.9) else "", *front]
    ratio = garment.ease / usual.ease
    if not 0.75 < ratio < 1.4 and voice.tells(0.8):
        words.insert(0, min(FITS, key=lambda word: abs(FITS[word] - ratio)))
    if garment.opening != usual.opening and voice.tells():
        words.insert(0, voice.pick(OPENINGS[garment.opening]))
    if garment.neckline != usual.neckline and garment.neckline in NECKLINES and voice.tells():
        words.append(_unless_refined(kind, "neckline", garment.neckline, NECKLINES[garment.neckline]))
    sleeves = _nearest(SLEEVES, garment.sleeve, 0.18)
    if abs(garment.sleeve - usual.sleeve) > 0.2 and GARMENTS[kind][0] != "bottom" and sleeves and voice.tells(0.9):
        if sleeves.endswith("sleeves"):
            behind.append(f"with {sleeves}")
        else:
            words.append(sleeves)
    if garment.fabric != usual.fabric and voice.tells(0.7):
        fabric = "knitted" if garment.fabric == "knit" else garment.fabric
        words.append(_unless_refined(kind, "fabric", garment.fabric, fabric))
    for detail in garment.details:
        if detail not in usual.details and detail != "pleats" and voice.tells(0.6):
            behind.append(f"with {detail if detail.endswith('s') else with_article(detail)}")
    if garment.tucked and voice.tells():
        behind.insert(0, "tucked in")
    noun = " ".join(word for word in [*words, voice.synonym(kind)] if word)
    return " ".join([with_article(noun), *behind])


def _colours(garment: Garment, voice: Voice) -> tuple[list[str], list[str]]:
    """Words before the noun and behind it."""
    pattern = garment.pattern
    names = [_colour(colour, GARMENTS[garment.kind][1].fabric, voice) for colour in pattern.colours[:2]]
    if pattern.kind == "plain":
        return names[:1], []
    if pattern.kind in ("camouflage", "logo", "print", "floral") or len(names) == 1:
        if pattern.kind == "logo":
            return names[:1], ["with a logo"]
        return [*names[:1], voice.pick(PATTERNED[pattern.kind])], []
    before, behind = PATTERNED[pattern.kind], {"dots": "polka dots"}.get(pattern.kind, pattern.kind)
    if pattern.kind == "stripes" and abs(pattern.turn) > 0.8:
        before, behind = ("vertically striped", "pinstriped"), "vertical stripes"
    if voice.tells(0.6):
        return [f"{names[0]} and {names[1]} {voice.pick(before)}"], []
    return names[:1], [f"with {names[1]} {behind}"]


def _colour(colour: Colour, fabric: str, voice: Voice) -> str:
    name = colours.name_of(colour)
    return name.replace("denim blue", "blue") if fabric == "denim" else voice.colour(name)


def _length(garment: Garment) -> str:
    slot, kind = GARMENTS[garment.kind][0], garment.kind
    column = shape_of(slot, kind)
    word = _nearest({word: hem for word, row in LENGTHS.items() if (hem := row[column]) is not None}, garment.hem, 0.15)
    if not word or kind in ("mini skirt", "long skirt", "crop top") or word == "above the knee":
        return ""
    return _unless_refined(kind, "length", word, word)


def _nearest(values: Mapping[str, float], value: float, reach: float) -> str:
    """The word whose value is nearest; none where even that is further than `reach`."""
    word = min(values, key=lambda word: abs(values[word] - value))
    return word if abs(values[word] - value) <= reach else ""


def _unless_refined(kind: str, key: str, value: str, word: str) -> str:
    """The word, unless it would make another kind of this one: a long skirt is a kind of its own."""
    return "" if (kind, key, value) in REFINED else word
