"""Wishes met: a garment cut as was said, and what an outfit lacks of what was said."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from avatarkit.outfit import GARMENTS, Colour, Garment, Hair, Item, Outfit, Pattern
from avatarkit.words import colours
from avatarkit.words.wishes import Wish, Wishes

# How far a hem, a sleeve, a flare, the darkness of skin … may be from the word for it.
TOLERANCES = {
    "hem": 0.2, "rise": 0.1, "sleeve": 0.23, "flare": 0.045, "melanin": 0.1, "stubble": 0.45, "freckles": 0.5,
    "blush": 0.5,
}  # fmt: skip
FIELDS = ("hem", "rise", "sleeve", "neckline", "opening", "flare", "tucked", "fabric")
"""What is said in the words of `outfit.Garment` itself."""
_WHITE, _DARK = colours.COLOURS["white"], colours.COLOURS["charcoal"]


def worn(wish: Wish, garment: Garment) -> Garment:
    """The garment with all that was said of it; what was not said stays as it is."""
    cut = wish.cut
    said: dict[str, Any] = {key: cut[key] for key in FIELDS if key in cut}
    if "fit" in cut:
        said["ease"] = round(min(GARMENTS[garment.kind][1].ease * cut["fit"], 0.075), 4)
    without = cut.get("without", ())
    details = tuple(dict.fromkeys((*garment.details, *cut.get("details", ()))))
    said["details"] = tuple(detail for detail in details if detail not in without)
    if said.get("neckline", garment.neckline) in without:
        said["neckline"] = "crew"
    return replace(garment, pattern=patterned(wish, garment.pattern), **said)


def patterned(wish: Wish, pattern: Pattern) -> Pattern:
    """The pattern with the colours that were said. A single one without a pattern is plain; two are stripes."""
    said = tuple(wish.cut.get("colours", ()))
    kind = wish.cut.get("pattern", pattern.kind)
    if said and "pattern" not in wish.cut:
        kind = "plain" if len(said) == 1 else ("stripes" if pattern.kind == "plain" else pattern.kind)
    known = colours.CAMOUFLAGE if kind == "camouflage" else pattern.colours
    all_colours = [*said, *known[len(said) :]]
    ground, motif = all_colours[0], all_colours[1:]
    if "shade" in wish.cut and not said:
        ground = shade_of(ground, wish.cut["shade"])
    if kind != "plain" and not motif:
        motif = [_WHITE if sum(ground) < 1.6 else _DARK]
    return replace(
        pattern,
        kind=kind,
        colours=(ground,) if kind == "plain" else (ground, *motif),
        turn=wish.cut.get("turn", 0.0 if "pattern" in wish.cut else pattern.turn),
    )


def shade_of(colour: Colour, shade: str) -> Colour:
    """The colour light or dark enough to be called so."""
    for _ in range(4):
        if _is_shade(colour, shade):
            break
        colour = colours.shaded(colour, shade)
    return colour


def unmet(wishes: Wishes, outfit: Outfit) -> tuple[str, ...]:
    """What was said and does not hold, as `slot: field`; empty when the outfit is as described."""
    return tuple(f"{slot}: {lack}" for slot, wish in wishes.items() for lack in _lacks(slot, wish, outfit))


def _lacks(slot: str, wish: Wish, outfit: Outfit) -> Iterator[str]:
    if slot == "clothes":
        yield from _clothes_lack(wish, outfit)
        return
    thing = getattr(outfit, slot)
    if wish.absent or thing is None:
        if (thing is not None and getattr(thing, "kind", "") != "barefoot") != (not wish.absent):
            yield "absent" if wish.absent else "missing"
        return
    kind = thing.style if isinstance(thing, Hair) else getattr(thing, "kind", None)
    if wish.kinds and kind not in wish.kinds:
        yield f"{kind} is not {' or '.join(wish.kinds)}"
    if isinstance(thing, Garment):
        yield from _garment_lacks(wish, thing)
    for key, said in wish.cut.items():
        if key in ("colour", "eyes", "lipstick") and not _alike(said, getattr(thing, key), key):
            yield key
        elif key in ("melanin", "stubble", "freckles", "blush"):
            if abs(said - getattr(thing, key)) > TOLERANCES[key]:
                yield key
        elif key == "beard" and said != getattr(thing, key):
            yield key
    of_item = wish.cut.get("colours") if isinstance(thing, Item) else None
    if of_item and not _alike(of_item[0], thing.colour, "colours"):
        yield "colours"


def _garment_lacks(wish: Wish, garment: Garment) -> Iterator[str]:
    usual = GARMENTS[garment.kind][1]
    for key, said in wish.cut.items():
        found = getattr(garment, key, None)
        if key in ("hem", "rise", "sleeve", "flare"):
            lacks = abs(said - getattr(garment, key)) > TOLERANCES[key]
        elif key in ("neckline", "opening", "tucked", "fabric"):
            lacks = said != found
        elif key == "pattern":
            lacks = said != garment.pattern.kind
        elif key == "colours":
            # Camouflage and prints have colours of their own beside those that are said.
            lacks = not all(_alike(a, b, key) for a, b in zip(said, garment.pattern.colours, strict=False))
        elif key == "fit":
            lacks = abs(math.log(min(usual.ease * said, 0.075) / garment.ease)) > 0.35
        elif key == "details":
            lacks = not set(said) <= set(garment.details)
        elif key == "without":
            lacks = bool(set(said) & {*garment.details, garment.neckline})
        elif key == "shade":
            lacks = "colours" not in wish.cut and not _is_shade(garment.pattern.colours[0], said)
        else:
            continue
        if lacks:
            yield key


def _clothes_lack(wish: Wish, outfit: Outfit) -> Iterator[str]:
    garments = [g for g in (outfit.top, outfit.outer, outfit.bottom, outfit.dress) if g is not None]
    names = {colours.name_of(garment.pattern.colours[0]) for garment in garments}
    if "colours" in wish.cut and names - {colours.name_of(colour) for colour in wish.cut["colours"]}:
        yield "colours"


def _alike(said: Colour | None, found: Colour | None, key: str) -> bool:
    """Do two colours have one name?"""
    if said is None or found is None:
        return said is found
    tables = {"eyes": colours.EYE_COLOURS, "lipstick": colours.LIPSTICKS}
    if key == "colour":
        return colours.hair_name(said) == colours.hair_name(found)
    return colours.name_of(said, tables.get(key)) == colours.name_of(found, tables.get(key))


def _is_shade(colour: Colour, shade: str) -> bool:
    value = sum(colour) / 3
    if shade in ("dark", "deep"):
        return value < 0.38
    return value > 0.62 if shade in ("light", "pale", "pastel") else True
