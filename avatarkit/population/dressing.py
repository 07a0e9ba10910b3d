"""Outfits as people wear them: an occasion, its garments, cut and coloured to go together; wishes are kept."""

from dataclasses import dataclass, replace

import numpy as np

from avatarkit.outfit import BAGS, GARMENTS, GLASSES, HATS, HELD_OUT, SHOES, Garment, Item, Outfit
from avatarkit.population import styles
from avatarkit.population.colouring import colour_for, drawn, palette_of, pattern_for, varied
from avatarkit.population.cutting import cut_for
from avatarkit.words.meeting import shade_of, worn
from avatarkit.words.wishes import WORN_UNDER, Wish, Wishes

NOTHING = Wish()


@dataclass(frozen=True)
class Wearer:
    """Who is dressed, and for what."""

    row: str  # "m", "w" or "c"
    girl: bool  # or woman
    age: float
    occasion: str
    palette: str
    without: frozenset[str]  # kinds that are not drawn


def clothes_for(
    generator: np.random.Generator, sex: float, age: float, wishes: Wishes, *, without: frozenset[str], described: bool
) -> Outfit:
    """The clothes and things of a person, hair and face still the default. None of `without` is worn that is not
    wished; who is `described` gets fewer things that nobody asked for."""
    wearer = _wearer(generator, sex, age, wishes, without)
    plan = _planned(generator, wearer, wishes)
    garments = {
        slot: _made(generator, wearer, kind, wishes.get(slot, NOTHING), slot, wishes) for slot, kind in plan.items()
    }
    garments = _calmed(_layered(garments, wishes), wishes)
    things = _things(generator, wearer, wishes, told=0.35 if described else 1.0)
    return Outfit(**garments, **things)  # type: ignore[arg-type]


def _wearer(generator: np.random.Generator, sex: float, age: float, wishes: Wishes, without: frozenset[str]) -> Wearer:
    child, woman = age < 13, sex > 0.5
    row = "c" if child else ("w" if woman else "m")
    wished = wishes.get("clothes", NOTHING).cut.get("occasion") or next(
        (wish.cut["occasion"] for wish in wishes.values() if "occasion" in wish.cut), None
    )
    kinds = {kind for wish in wishes.values() for kind in wish.kinds if kind in GARMENTS}
    likely = {}
    for occasion, share in styles.OCCASIONS.items():
        fits = [
            any(kind in _row(occasion, slot, row) for slot in ("top", "outer", "bottom", "dress")) for kind in kinds
        ]
        likely[occasion] = share * 0.1 ** (len(fits) - sum(fits))
        if child and occasion in ("office", "formal", "party"):
            likely[occasion] *= 0.0 if not kinds else 0.02
        if age > 65 and occasion in ("sport", "party"):
            likely[occasion] *= 0.3
    occasion = wished or drawn(generator, likely) or "casual"
    banned = set(without)
    if not (woman and age < 60):
        banned |= {"crop top"}
    if child:
        banned |= styles.GROWN_ONLY if woman else styles.GROWN_ONLY | styles.GIRLS_ONLY
    if age > 55:
        banned |= {"mini skirt", "crop top"}
    palette = palette_of(generator, "child" if child else occasion)
    return Wearer(row, woman, age, occasion, palette, frozenset(banned))


def _row(occasion: str, slot: str, row: str) -> styles.Weights:
    found = styles.ROWS.get((occasion, slot, row)) or styles.ROWS.get(("casual", slot, row), "")
    return styles.weights(found)


def _planned(generator: np.random.Generator, wearer: Wearer, wishes: Wishes) -> dict[str, str]:
    """Slot → kind: what was wished, and what goes with it."""
    plan: dict[str, str] = {}
    absent = {slot for slot, wish in wishes.items() if wish.absent}
    asked = {slot for slot in ("top", "outer", "bottom", "dress") if slot in wishes} - absent
    share = styles.DRESS_SHARE[wearer.occasion] * {"w": 1.0, "c": 0.7 * wearer.girl, "m": 0.0}[wearer.row]
    if wearer.row == "m" or (wearer.row == "c" and not wearer.girl):
        share = 0.02
    dressed = "dress" in asked or (
        not asked & {"top", "bottom"} and not absent & {"top", "dress"} and generator.random() < share
    )
    if dressed and (kind := _kind(generator, wearer, "dress", wishes)):
        plan["dress"] = kind
        if kind in WORN_UNDER and "top" not in absent and ("top" in asked or kind == "dungarees"):
            plan["top"] = (
                _kind(generator, wearer, "top", wishes, frozenset(styles.BULKY | {"blouse", "tunic"})) or "t-shirt"
            )
    outer = "outer" in asked or ("outer" not in absent and generator.random() < styles.OUTER_SHARE[wearer.occasion])
    if outer:
        unfit = frozenset(GARMENTS) - styles.OVER_DRESSES if "dress" in plan else frozenset()
        if kind := _kind(generator, wearer, "outer", wishes, unfit):
            plan["outer"] = kind
    if "dress" not in plan:
        bulky = frozenset() if plan.get("outer", "coat") in styles.ROOMY else styles.BULKY
        for slot, unfit in (("top", bulky), ("bottom", frozenset())):
            if slot not in absent:
                kind = _kind(generator, wearer, slot, wishes, frozenset(unfit))
                plan |= {slot: kind or ("t-shirt" if slot == "top" else "trousers")}
    return plan


def _kind(
    generator: np.random.Generator, wearer: Wearer, slot: str, wishes: Wishes, unfit: frozenset[str] = frozenset()
) -> str | None:
    wish = wishes.get(slot, NOTHING)
    if wish.kinds:
        return wish.kinds[int(generator.integers(len(wish.kinds)))]
    row, without = wearer.row, wearer.without | unfit
    if row != "c" and generator.random() < styles.CROSSING:
        row = "w" if row == "m" else "m"
    table = _row(wearer.occasion, slot, row)
    if wish.cut.get("sleeve", 0.0) > 1.6 and slot == "top":
        table = {kind: w for kind, w in table.items() if GARMENTS[kind][1].sleeve > 1.2} or table
    return drawn(generator, table, without) or drawn(generator, _row("casual", slot, row), without)


def _made(generator: np.random.Generator, wearer: Wearer, kind: str, wish: Wish, slot: str, wishes: Wishes) -> Garment:
    """A garment of a kind as it is usually cut and coloured, and as it was wished."""
    garment = cut_for(generator, kind, slot, wearer.age, wearer.occasion)
    neutral = slot in ("bottom", "outer") and (wearer.row != "c" or slot == "bottom")
    garment = replace(
        garment, pattern=pattern_for(generator, garment, wearer.palette, neutral=neutral, without=wearer.without)
    )
    clothes = wishes.get("clothes", NOTHING)
    general = {k: v for k, v in clothes.cut.items() if k != "occasion" and k not in wish.cut}
    if "colours" in wish.cut or "shade" in wish.cut:
        general = {k: v for k, v in general.items() if k not in ("colours", "shade")}
    garment = worn(replace(wish, cut={**general, **wish.cut}), garment)
    if kind == "blazer" and wearer.occasion in ("office", "formal") and "opening" not in wish.cut:
        garment = replace(garment, opening="open" if generator.random() < 0.6 else "placket")
    return garment


def _layered(garments: dict[str, Garment], wishes: Wishes) -> dict[str, Garment]:
    """Outer layers roomier than what is under them; suits of one cloth; only what is tucked into something is."""
    top, outer, bottom, dress = (garments.get(slot) for slot in ("top", "outer", "bottom", "dress"))
    said = wishes.get("outer", NOTHING).cut
    for inner in (top, dress):
        if outer and inner and "fit" not in said and outer.ease < inner.ease + 0.008:
            outer = replace(outer, ease=round(inner.ease + 0.008, 4))
    if top and dress and dress.ease < top.ease + 0.004:
        dress = replace(dress, ease=round(top.ease + 0.004, 4))
    if outer and bottom and (outer.kind, bottom.kind) == ("blazer", "trousers"):
        cut = wishes.get("bottom", NOTHING).cut
        if not cut.keys() & {"colours", "shade", "pattern"} and sum(outer.pattern.colours[0]) < 1.9:
            bottom = replace(
                bottom, pattern=outer.pattern, fabric=outer.fabric if "fabric" not in cut else bottom.fabric
            )
    if top and top.tucked and bottom is None and "tucked" not in wishes.get("top", NOTHING).cut:
        top = replace(top, tucked=False)
    named = {"top": top, "outer": outer, "bottom": bottom, "dress": dress}
    return {slot: garment for slot, garment in named.items() if garment is not None}


def _calmed(garments: dict[str, Garment], wishes: Wishes) -> dict[str, Garment]:
    """One pattern a person, but for suits and what was wished: the others are plain."""
    patterned = [
        slot for slot in ("dress", "top", "outer", "bottom") if slot in garments and _is_patterned(garments[slot])
    ]
    wished = {slot for slot in patterned if wishes.get(slot, NOTHING).cut.keys() & {"pattern", "colours"}}
    kept = wished or set(patterned[:1])
    suit = {"outer", "bottom"} if _is_suit(garments) else set()
    calm = {}
    for slot, garment in garments.items():
        plain = replace(garment.pattern, kind="plain", colours=garment.pattern.colours[:1])
        stays = slot not in patterned or slot in kept or (slot in suit and kept <= suit)
        calm[slot] = garment if stays else replace(garment, pattern=plain)
    return calm


def _is_patterned(garment: Garment) -> bool:
    return garment.pattern.kind != "plain"


def _is_suit(garments: dict[str, Garment]) -> bool:
    return {"outer", "bottom"} <= garments.keys() and garments["outer"].pattern == garments["bottom"].pattern


def _things(generator: np.random.Generator, wearer: Wearer, wishes: Wishes, *, told: float) -> dict[str, Item]:
    """Shoes, hat, glasses, bag, scarf; `told`: how much of what nobody asked for."""
    cold, hot = wearer.occasion == "winter", wearer.occasion == "summer"
    hats = styles.HATS.get(wearer.occasion, "")
    hats = "cap 3, sun hat 1" if wearer.row == "c" and not cold else hats
    sight = "glasses 3, round glasses 1" + (", sunglasses 6" if hot and wearer.row != "c" else ", sunglasses 0.4")
    tables = {
        "shoes": (1.0, _row(wearer.occasion, "shoes", wearer.row), SHOES),
        "hat": (told * (0.45 if cold else 0.22 if hot else 0.1), styles.weights(hats), HATS),
        "glasses": (told * float(np.clip(0.08 + 0.006 * wearer.age, 0.1, 0.5)), styles.weights(sight), GLASSES),
        "bag": (told * 0.17, styles.weights(styles.BAGS[wearer.row]), BAGS),
        "scarf": (told * (0.45 if cold else 0.03), {"scarf": 1.0}, ("scarf",)),
    }
    found = {}
    for slot, (share, table, kinds) in tables.items():
        wish = wishes.get(slot)
        # Nothing more is drawn for one than for another, so that a wish changes no other thing.
        lot, kind = generator.random(), drawn(generator, table, wearer.without)
        if wish is not None and not wish.absent:
            usual = [name for name in kinds if name != "barefoot" and name not in wearer.without]
            kind = wish.kinds[0] if wish.kinds else (kind if kind not in (None, "barefoot") else usual[0])
        elif lot >= share or (wish is not None and wish.absent):
            kind = "barefoot" if slot == "shoes" else None
        if kind is not None:
            found[slot] = _thing(generator, wearer, slot, kind, wish or NOTHING)
    return found


def _thing(generator: np.random.Generator, wearer: Wearer, slot: str, kind: str, wish: Wish) -> Item:
    habit = kind if kind == "sneakers" else {"shoes": "shoes", "bag": "bag", "glasses": "shoes"}.get(slot, kind)
    colour = colour_for(generator, habit, wearer.palette, neutral=slot != "scarf" and kind != "beanie")
    light = varied(generator, (0.86, 0.85, 0.83))
    if "colours" in wish.cut:
        colour = wish.cut["colours"][0]
    elif "shade" in wish.cut:
        colour = shade_of(colour, wish.cut["shade"])
    accent = light if sum(colour) < 2.1 else varied(generator, (0.25, 0.25, 0.27))
    usual = {
        "sneakers": "cotton",
        "cap": "cotton",
        "beanie": "knit",
        "scarf": "knit",
        "fedora": "wool",
        "sun hat": "linen",
        "backpack": "cotton",
        "tote bag": "cotton",
        "ballet flats": "leather",
    }
    return Item(kind, colour, accent, str(wish.cut.get("fabric", usual.get(kind, "leather"))))


def held_out_wish(generator: np.random.Generator, sex: float, age: float, wishes: Wishes) -> Wishes:
    """The wishes, and one garment more of a held-out family, where they leave a slot for it."""
    row = "c" if age < 13 else ("w" if sex > 0.5 else "m")
    unfit = (styles.GROWN_ONLY | (frozenset() if sex > 0.5 else styles.GIRLS_ONLY)) if row == "c" else frozenset()
    possible: dict[str, float] = {}
    for slot in ("top", "outer", "bottom", "dress"):
        taken = slot in wishes or ("dress" in wishes and slot != "outer")
        taken |= slot == "dress" and bool(wishes.keys() & {"top", "bottom"})
        for kind, share in _row("casual", slot, row).items():
            if kind in HELD_OUT["garments"] - unfit and not taken:
                possible[kind] = 1.0 + share  # nearly even: the rare families are to be seen as well
    chosen = drawn(generator, possible)
    return wishes if chosen is None else {**wishes, GARMENTS[chosen][0]: Wish((chosen,))}


def is_held_out(outfit: Outfit) -> bool:
    """Does the outfit have anything of a held-out family?"""
    garments = [g for g in (outfit.top, outfit.outer, outfit.bottom, outfit.dress) if g is not None]
    return (
        any(g.kind in HELD_OUT["garments"] or g.pattern.kind in HELD_OUT["patterns"] for g in garments)
        or outfit.hair.style in HELD_OUT["hair"]
        or outfit.shoes.kind in HELD_OUT["shoes"]
        or (outfit.hat is not None and outfit.hat.kind in HELD_OUT["hats"])
    )
