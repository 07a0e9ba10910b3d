"""The colours and patterns of clothes that go together: a palette for a person, habits for a kind of garment."""

import numpy as np

from avatarkit.outfit import Colour, Garment, Pattern
from avatarkit.population.styles import Weights, weights
from avatarkit.words.colours import CAMOUFLAGE, COLOURS, named_colours, shaded

PALETTES = {  # neutral first (trousers, coats, shoes), then what goes with them
    "navy and white": ("navy, charcoal, tan, beige", "white, sky blue, powder blue, burgundy, denim blue"),
    "monochrome": ("black, charcoal, grey, dark grey", "white, black, light grey, red, silver"),
    "earth": ("brown, camel, khaki, olive", "cream, rust, mustard, sage, beige, terracotta"),
    "sand": ("beige, sand, camel, ivory", "white, powder blue, peach, sage"),
    "winter": ("charcoal, navy, black, dark brown", "burgundy, forest green, mustard, petrol, plum, grey"),
    "pastel": ("light grey, ivory, beige, denim blue", "pink, lilac, mint, powder blue, lemon, peach, lavender"),
    "bright": ("navy, black, denim blue, white", "red, yellow, green, orange, turquoise, hot pink, royal blue, lime"),
    "jewel": ("black, navy, plum, charcoal", "emerald, purple, crimson, teal, gold, royal blue, violet"),
    "sea": ("navy, denim blue, white, khaki", "turquoise, teal, coral, white, red, sky blue"),
    "rose": ("grey, burgundy, brown, black", "rose, salmon, cream, mauve, coral, maroon"),
    "army": ("olive, khaki, black, brown", "forest green, sand, bronze, chocolate, cream"),
}
PALETTE_WEIGHTS = {
    "child": "bright 5, sea 2, pastel 2, navy and white 1.5, earth 1",
    "sport": "bright 4, monochrome 4, sea 1, navy and white 1",
    "office": "navy and white 4, monochrome 3, sand 2, winter 1, earth 1",
    "formal": "monochrome 4, navy and white 3, jewel 2, rose 0.6",
    "party": "jewel 4, monochrome 2, rose 1.5, bright 1.5",
    "winter": "winter 4, earth 2, monochrome 2, navy and white 1.5, rose 1",
    "summer": "sea 3, pastel 2.5, bright 2, sand 2, navy and white 1, earth 1",
}
HABITS = {  # colours that a kind is usually made in, whatever the palette
    "jeans": "denim blue 6, dark denim blue 4, light denim blue 3, black 2, grey 1, white 0.7",
    "denim jacket": "denim blue 5, light denim blue 3, dark denim blue 2, black 1, white 0.5",
    "dungarees": "denim blue 5, dark denim blue 2, light denim blue 2, olive 0.7, red 0.5, mustard 0.5, black 0.5",
    "leather jacket": "black 5, brown 2, dark brown 1.5, tan 0.7, burgundy 0.5",
    "trench coat": "beige 4, camel 2, navy 1, black 1, khaki 1",
    "leggings": "black 6, charcoal 1.5, navy 1, grey 1, plum 0.5",
    "joggers": "grey 4, black 3, navy 2, charcoal 1, light grey 1",
    "shirt": "white 5, sky blue 2, powder blue 2",
    "blouse": "white 3, ivory 2, cream 1",
    "blazer": "navy 4, black 3, charcoal 3, grey 2, beige 1, camel 0.7",
    "waistcoat": "charcoal 2, grey 2, navy 2, black 2, brown 1",
    "coat": "black 3, camel 3, navy 3, charcoal 2, grey 2, beige 1, burgundy 0.7, red 0.6, forest green 0.6",
    "parka": "olive 4, navy 3, black 3, khaki 1, rust 0.5, mustard 0.5",
    "shoes": "black 4, brown 3, tan 1.5, white 1, dark brown 1.5",
    "sneakers": "white 5, black 3, grey 2, navy 1, red 1, royal blue 0.6",
    "bag": "black 3, brown 3, tan 2, beige 1",
}  # fmt: skip
HABIT = 0.6
"""How often a kind keeps to its habit rather than to the palette."""
PATTERNS = {
    "t-shirt": "plain 6, stripes 1.6, print 0.9, logo 1.4, dots 0.3, camouflage 0.15",
    "tank top": "plain 7, stripes 1, print 0.5, logo 0.6",
    "crop top": "plain 6, stripes 0.8, floral 0.7, logo 0.5, dots 0.4",
    "polo shirt": "plain 6, stripes 1.5",
    "shirt": "plain 5, checks 2.2, stripes 1.6, print 0.4, dots 0.4, floral 0.3",
    "blouse": "plain 5, floral 1.6, dots 1.2, print 0.6, stripes 0.6",
    "long-sleeved top": "plain 5, stripes 2.5, print 0.3, dots 0.4",
    "tunic": "plain 4, floral 1.3, print 1.3, dots 0.4",
    "sweater": "plain 6, stripes 1.6, checks 0.3",
    "sweatshirt": "plain 5, logo 2, print 0.7, stripes 0.3",
    "hoodie": "plain 5, logo 1.8, print 0.5, camouflage 0.3",
    "blazer": "plain 8, checks 1, stripes 0.6",
    "coat": "plain 9, checks 1.2",
    "parka": "plain 9, camouflage 0.6",
    "trousers": "plain 9, checks 0.8, stripes 0.4, camouflage 0.2",
    "shorts": "plain 7, checks 0.7, print 0.6, camouflage 0.3",
    "skirt": "plain 5, floral 1.3, checks 1, dots 0.7, print 0.5",
    "pleated skirt": "plain 4, checks 3",
    "long skirt": "plain 4, floral 1.6, print 0.7, dots 0.5",
    "wide trousers": "plain 7, stripes 0.8, floral 0.5, print 0.5",
    "leggings": "plain 9, print 0.4",
    "dress": "plain 4, floral 2.2, dots 1.3, stripes 1, print 0.8, checks 0.5",
    "sundress": "plain 2.5, floral 3.5, dots 1.3, print 0.8, stripes 0.6",
    "shirt dress": "plain 4, stripes 1.4, checks 0.8, dots 0.6",
    "jumpsuit": "plain 6, floral 0.9, print 0.5",
}
SUBDUED = frozenset({"blazer", "coat", "trousers", "waistcoat", "leggings"})
"""Stripes and checks of these are a shade of the ground."""
SCALES = {"stripes": (0.018, 0.075), "checks": (0.025, 0.11), "dots": (0.02, 0.07), "floral": (0.05, 0.16),
          "print": (0.04, 0.09), "logo": (0.1, 0.2), "camouflage": (0.06, 0.12), "plain": (0.05, 0.05)}  # fmt: skip


def drawn(generator: np.random.Generator, table: Weights | str, without: frozenset[str] = frozenset()) -> str | None:
    """A name of a table, as likely as its weight; None when nothing is left of it."""
    found = {
        name: w for name, w in (weights(table) if isinstance(table, str) else table).items() if name not in without
    }
    if not found:
        return None
    share = np.array(list(found.values()))
    return list(found)[int(generator.choice(len(share), p=share / share.sum()))]


def palette_of(generator: np.random.Generator, occasion: str) -> str:
    """A name of PALETTES for an occasion, or for a `child`."""
    name = drawn(generator, PALETTE_WEIGHTS.get(occasion, dict.fromkeys(PALETTES, 1.0)))
    assert name is not None
    return name


def colour_for(generator: np.random.Generator, kind: str, palette: str, *, neutral: bool) -> Colour:
    """A colour for a kind of garment or item, from its habit or the palette, no two quite the same."""
    habit = HABITS.get(kind)
    if habit and generator.random() < HABIT:
        name = drawn(generator, habit)
    else:
        name = str(generator.choice(PALETTES[palette][0 if neutral else 1].split(", ")))
    return varied(generator, named_colours().get(str(name), COLOURS["sand"]))


def varied(generator: np.random.Generator, colour: Colour, spread: float = 0.018) -> Colour:
    """The colour as another dyer would make it."""
    brighter, *tint = generator.normal(0.0, spread, 4)
    red, green, blue = (float(np.clip(c + brighter + 0.5 * t, 0.02, 0.98)) for c, t in zip(colour, tint, strict=True))
    return red, green, blue


def pattern_for(
    generator: np.random.Generator, garment: Garment, palette: str, *, neutral: bool, without: frozenset[str]
) -> Pattern:
    """A pattern with its colours for a garment."""
    kind = drawn(generator, PATTERNS.get(garment.kind, "plain"), without) or "plain"
    ground = colour_for(generator, garment.kind, palette, neutral=neutral)
    motif = [_contrasting(generator, ground, palette)]
    if garment.kind in SUBDUED:
        motif = [shaded(ground, "light" if sum(ground) < 1.2 else "dark")]
    elif kind in ("floral", "print", "checks"):
        motif.append(_contrasting(generator, ground, palette))
    if kind == "camouflage":
        ground, *motif = CAMOUFLAGE
    low, high = (0.012, 0.03) if kind == "stripes" and garment.kind in SUBDUED else SCALES[kind]
    turn = float(np.pi / 2) if kind == "stripes" and garment.kind in ("shirt", "blazer", "trousers") else 0.0
    return Pattern(
        kind, (ground,) if kind == "plain" else (ground, *motif), round(float(generator.uniform(low, high)), 4), turn
    )


def _contrasting(generator: np.random.Generator, ground: Colour, palette: str) -> Colour:
    """A colour of the palette, or white or black, that shows on the ground."""
    names = [*", ".join(PALETTES[palette]).split(", "), "white", "black"]
    for _ in range(8):
        colour = varied(generator, named_colours().get(str(generator.choice(names)), COLOURS["white"]))
        if sum(abs(a - b) for a, b in zip(colour, ground, strict=True)) > 0.55:
            return colour
    return COLOURS["white"] if sum(ground) < 1.5 else COLOURS["navy"]
