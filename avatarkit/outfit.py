"""What a person wears and looks like, as plain data: words become it, the tailor cuts from it, captions tell it.

Lengths are said on scales of the body, so that the same outfit fits a child and a giant:

    hem, rise   0 natural waist · 1 crotch · 2 knee · 3 ankle; -1 armpit; between two marks in proportion
    sleeve      0 shoulder point (sleeveless) · 1 elbow · 2 wrist

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Colour = tuple[float, float, float]
"""sRGB, each 0 … 1."""
GREY: Colour = (0.5, 0.5, 0.5)

SLOTS = ("top", "outer", "bottom", "dress")
FABRICS = ("cotton", "denim", "knit", "wool", "leather", "silk", "linen", "fleece", "lycra")
PATTERNS = ("plain", "stripes", "checks", "dots", "floral", "print", "logo", "camouflage")
NECKLINES = ("crew", "v", "scoop", "boat", "turtle", "collar", "lapels", "hood", "strapless", "straps")
OPENINGS = ("closed", "placket", "zip", "open")
DETAILS = ("chest pocket", "kangaroo pocket", "side pockets", "patch pockets", "cuffs", "belt", "pleats", "ribbed hem",
           "turned-up hem", "bib")  # fmt: skip
SHOES = ("barefoot", "sneakers", "boots", "ankle boots", "loafers", "heels", "sandals", "ballet flats")
HAIRSTYLES = ("bald", "buzz cut", "crew cut", "side part", "slicked back", "curly", "afro", "pixie cut", "bob",
              "shoulder-length", "long", "wavy", "ponytail", "bun", "braid", "two braids", "mohawk")  # fmt: skip
BEARDS = ("none", "moustache", "goatee", "full beard", "long beard")
HATS = ("cap", "beanie", "fedora", "sun hat")
GLASSES = ("glasses", "round glasses", "sunglasses")
BAGS = ("backpack", "shoulder bag", "tote bag")
SCARVES = ("scarf",)


@dataclass(frozen=True)
class Pattern:
    """What is woven into a fabric or printed on it: the ground colour first, then the motif's."""

    kind: str = "plain"
    colours: tuple[Colour, ...] = (GREY,)
    scale: float = 0.05  # metres of one repeat
    turn: float = 0.0  # radians; 0: stripes run around the body


@dataclass(frozen=True)
class Garment:
    """One garment: a kind of GARMENTS with its cut."""

    kind: str
    hem: float = 0.6
    rise: float = 0.1  # where a bottom begins
    sleeve: float = 0.0
    neckline: str = "crew"
    opening: str = "closed"
    ease: float = 0.012  # metres between cloth and body at the chest, or at the thigh
    flare: float = 0.0  # metres that a hem stands further from the body than the ease
    tucked: bool = False
    fabric: str = "cotton"
    pattern: Pattern = field(default_factory=Pattern)
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hair:
    """Hair of the head; `length` and `volume` within the style, 0 … 1."""

    style: str = "crew cut"
    colour: Colour = (0.16, 0.11, 0.08)
    length: float = 0.5
    volume: float = 0.5
    beard: str = "none"
    stubble: float = 0.0  # 0 shaven … 1 a week


@dataclass(frozen=True)
class Item:
    """Shoes, a hat, glasses, a bag, a scarf: a kind and a colour; `accent` for soles, laces, bands, buckles."""

    kind: str
    colour: Colour = (0.15, 0.15, 0.16)
    accent: Colour = (0.85, 0.85, 0.83)
    fabric: str = "leather"


@dataclass(frozen=True)
class Complexion:
    """Skin and face."""

    melanin: float = 0.35  # 0 palest … 1 darkest
    redness: float = 0.5  # 0 olive … 1 ruddy
    eyes: Colour = (0.30, 0.20, 0.12)
    lipstick: Colour | None = None
    blush: float = 0.3
    freckles: float = 0.0


@dataclass(frozen=True)
class Outfit:
    """All that a person wears, from the skin outwards; a dress takes the place of top and bottom."""

    top: Garment | None = None
    outer: Garment | None = None
    bottom: Garment | None = None
    dress: Garment | None = None
    shoes: Item = field(default_factory=lambda: Item("barefoot"))
    hair: Hair = field(default_factory=Hair)
    hat: Item | None = None
    glasses: Item | None = None
    bag: Item | None = None
    scarf: Item | None = None
    complexion: Complexion = field(default_factory=Complexion)


def _top(kind: str, **cut: object) -> tuple[str, Garment]:
    return "top", replace(Garment(kind), **cut)  # type: ignore[arg-type]


def _outer(kind: str, **cut: object) -> tuple[str, Garment]:
    return "outer", replace(Garment(kind, hem=0.75, sleeve=1.95, ease=0.022, neckline="collar"), **cut)  # type: ignore[arg-type]


def _bottom(kind: str, **cut: object) -> tuple[str, Garment]:
    return "bottom", replace(Garment(kind, hem=2.92), **cut)  # type: ignore[arg-type]


def _dress(kind: str, **cut: object) -> tuple[str, Garment]:
    return "dress", replace(Garment(kind, hem=1.9, flare=0.08), **cut)  # type: ignore[arg-type]


GARMENTS: dict[str, tuple[str, Garment]] = dict(
    (garment.kind, (slot, garment))
    for slot, garment in (
        _top("t-shirt", sleeve=0.55),
        _top("tank top", ease=0.006, neckline="scoop"),
        _top("crop top", hem=-0.35, sleeve=0.35, ease=0.006),
        _top("polo shirt", sleeve=0.55, neckline="collar", opening="placket", hem=0.65),
        _top("shirt", sleeve=1.95, neckline="collar", opening="placket", hem=0.7, details=("cuffs",)),
        _top("blouse", sleeve=1.9, neckline="v", ease=0.018, fabric="silk", details=("cuffs",)),
        _top("long-sleeved top", sleeve=1.95, ease=0.008),
        _top("turtleneck", sleeve=1.95, neckline="turtle", fabric="knit", ease=0.01, details=("ribbed hem",)),
        _top("sweater", sleeve=1.97, fabric="knit", ease=0.022, hem=0.7, details=("ribbed hem", "cuffs")),
        _top("sweatshirt", sleeve=1.97, fabric="fleece", ease=0.024, hem=0.68, details=("ribbed hem", "cuffs")),
        _top("hoodie", sleeve=1.97, fabric="fleece", ease=0.028, hem=0.75, neckline="hood",
             details=("kangaroo pocket", "ribbed hem", "cuffs")),
        _top("tunic", hem=1.35, sleeve=1.3, neckline="v", ease=0.02, flare=0.05, fabric="linen"),
        _outer("jacket", opening="zip", details=("side pockets",)),
        _outer("denim jacket", hem=0.45, opening="open", fabric="denim", details=("chest pocket", "cuffs")),
        _outer("leather jacket", hem=0.5, opening="open", fabric="leather", neckline="lapels",
               details=("side pockets",)),
        _outer("bomber jacket", hem=0.5, opening="zip", ease=0.035, neckline="crew", details=("ribbed hem", "cuffs")),
        _outer("blazer", hem=0.95, opening="open", neckline="lapels", fabric="wool", details=("side pockets",)),
        _outer("cardigan", hem=0.85, opening="open", neckline="v", fabric="knit", details=("patch pockets",)),
        _outer("waistcoat", hem=0.45, sleeve=0.0, opening="placket", neckline="v", fabric="wool", ease=0.012),
        _outer("coat", hem=1.9, opening="placket", neckline="lapels", fabric="wool", flare=0.06, ease=0.03,
               details=("side pockets",)),
        _outer("trench coat", hem=2.0, opening="placket", neckline="lapels", flare=0.08, ease=0.03,
               details=("belt", "side pockets", "cuffs")),
        _outer("parka", hem=1.3, opening="zip", neckline="hood", ease=0.045, flare=0.03, details=("patch pockets",)),
        _bottom("trousers", ease=0.014, flare=0.012),
        _bottom("jeans", fabric="denim", ease=0.009, flare=0.006, details=("side pockets",)),
        _bottom("wide trousers", ease=0.02, flare=0.06, fabric="linen"),
        _bottom("joggers", fabric="fleece", ease=0.013, flare=0.0, details=("cuffs",)),
        _bottom("leggings", fabric="lycra", ease=0.002, flare=0.0),
        _bottom("shorts", hem=1.75, ease=0.018, flare=0.02),
        _bottom("skirt", hem=1.9, flare=0.06),
        _bottom("mini skirt", hem=1.35, flare=0.03),
        _bottom("pencil skirt", hem=1.95, flare=-0.01, ease=0.006),
        _bottom("pleated skirt", hem=1.85, flare=0.09, details=("pleats",)),
        _bottom("long skirt", hem=2.85, flare=0.14),
        _dress("dress", sleeve=0.5),
        _dress("sundress", neckline="straps", flare=0.12),
        _dress("shirt dress", sleeve=1.2, neckline="collar", opening="placket", details=("belt",)),
        _dress("sheath dress", flare=0.0, ease=0.007),
        _dress("gown", hem=3.05, flare=0.22, neckline="strapless", fabric="silk"),
        _dress("jumpsuit", hem=2.9, sleeve=0.5, flare=0.015, details=("belt",)),
        _dress("dungarees", hem=2.9, flare=0.015, neckline="straps", fabric="denim", details=("bib",)),
    )
)  # fmt: skip
"""Every kind of garment: its slot and its usual cut. Jumpsuit and dungarees have legs, other dresses a skirt."""

SKIRTS = frozenset({"skirt", "mini skirt", "pencil skirt", "pleated skirt", "long skirt"})
LEGGED = frozenset({"jumpsuit", "dungarees"})

HELD_OUT = {
    "garments": frozenset(
        {"trench coat", "polo shirt", "tunic", "cardigan", "pleated skirt", "joggers", "shirt dress"}
    ),
    "hair": frozenset({"two braids", "side part"}),
    "shoes": frozenset({"loafers"}),
    "hats": frozenset({"fedora"}),
    "patterns": frozenset({"dots"}),
}
"""Families that no model of ours is ever trained on: every later benchmark draws its people from them."""
