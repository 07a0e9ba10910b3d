"""Colours by name, both ways: of cloth, hair, eyes and skin. All are sRGB, 0 … 1."""

import math
from functools import cache, lru_cache

from avatarkit.outfit import Colour


def _table(text: str) -> dict[str, Colour]:
    """`name rrggbb` between `·`, as colours by name."""
    pairs = (entry.rsplit(maxsplit=1) for entry in text.split("·"))
    return {name.strip(): _of_hex(code) for name, code in pairs}


def _of_hex(code: str) -> Colour:
    red, green, blue = (int(code[k : k + 2], 16) / 255 for k in (0, 2, 4))
    return red, green, blue


COLOURS = _table(
    "black 1b1b1d · charcoal 383b40 · grey 7f8184 · silver b9bcc1 · white f5f5f2 · ivory efe8d8 · cream f2e6c6"
    " · beige d9c6a4 · sand cdb287 · camel b88a52 · khaki 98895f · tan a97c50 · brown 6c4729 · chocolate 42271a"
    " · rust a4482a · terracotta c1664b · orange e9772a · peach f4b590 · coral ef6f5c · salmon ee907f · red c4202b"
    " · crimson a1142f · maroon 591a23 · burgundy 6f1b34 · pink ee9db5 · hot pink e1358b · rose d8768a"
    " · lilac c5a9d9 · lavender b5ade1 · purple 6d3b90 · violet 7e4fc1 · plum 58294c · mauve a7899f · navy 1c2646"
    " · blue 2d5db0 · denim blue 46638b · royal blue 2445c6"
    " · sky blue 8dc0e8 · powder blue b4cfe4 · petrol 1c4c5c · teal 1f7579"
    " · turquoise 35b8b6 · mint a9ddc1 · green 2e8a4a · emerald 0d7a57 · olive 68692f · sage 9aab8b"
    " · forest green 21472e · lime a5d037 · mustard ce9b2b · yellow f2d13b · lemon f4e87f · gold c7a244"
    " · bronze 87683a"
)
"""Colours of cloth and things."""

SYNONYMS = {
    "grey": "gray", "charcoal": "anthracite, graphite", "silver": "silvery", "ivory": "off-white, eggshell",
    "gold": "golden", "crimson": "scarlet", "burgundy": "bordeaux, wine red, wine", "hot pink": "fuchsia, magenta",
    "violet": "indigo", "navy": "navy blue, midnight blue", "royal blue": "cobalt, electric blue",
    "sky blue": "baby blue, azure", "powder blue": "ice blue", "turquoise": "aqua, cyan",
    "olive": "olive green, army green", "sage": "sage green", "forest green": "bottle green",
    "lime": "lime green, neon green", "mustard": "ochre", "khaki": "taupe", "tan": "cognac, caramel",
    "brown": "chestnut", "chocolate": "coffee", "petrol": "petrol blue", "mint": "mint green",
}  # fmt: skip
"""The other names of a colour of COLOURS."""

CAMOUFLAGE = tuple(COLOURS[name] for name in ("olive", "forest green", "sand", "chocolate"))

# How far towards white, how much of the brightness stays, how much of the saturation.
SHADES = {
    "light": (0.40, 1.0, 0.95),
    "pale": (0.60, 1.0, 0.85),
    "pastel": (0.50, 1.0, 0.80),
    "dark": (0.0, 0.52, 1.0),
    "deep": (0.0, 0.70, 1.15),
    "bright": (0.0, 1.12, 1.35),
    "dusty": (0.15, 0.90, 0.55),
}

HAIR_COLOURS = _table(
    "black 17130f · dark brown 2e1d12 · brown 4d3120 · light brown 7b5636 · auburn 6a2f1a · red 8e3d1c"
    " · dark blond 8d6b42"
    " · blond c39f63 · light blond dbc28e · platinum e8dcc0 · grey 8b8884 · dark grey 57544f · white dedad2"
)
EYE_COLOURS = _table(
    "brown 4a2f1a · dark brown 2c1a0f · light brown 765231 · hazel 7a6238 · amber 9a6a28 · green 5d7a4c · blue 4e7ea6"
    " · light blue 86aecb · dark blue 2f4f73 · grey 7d8a92 · black 1d140f"
)
LIPSTICKS = _table(
    "red b3202c · dark red 78182a · pink d3677c · peach b5776a · coral d65f4c · plum 6d2b4a · brown 7c4334"
)

# Word → how much melanin (0 palest … 1 darkest).
SKINS = {
    "very pale": 0.03, "pale": 0.08, "fair": 0.14, "white": 0.17, "light": 0.23, "olive": 0.36, "tan": 0.43,
    "light brown": 0.52, "brown": 0.63, "dark brown": 0.76, "dark": 0.82, "black": 0.9, "very dark": 0.95,
}  # fmt: skip


def shaded(colour: Colour, shade: str) -> Colour:
    """The colour made light, dark, bright …: a key of SHADES."""
    white, bright, saturation = SHADES[shade]
    grey = sum(colour) / 3
    vivid = (min(max((grey + (c - grey) * saturation) * bright, 0.0), 1.0) for c in colour)
    red, green, blue = (c + (1.0 - c) * white for c in vivid)
    return red, green, blue


@cache
def named_colours() -> dict[str, Colour]:
    """COLOURS, and the light and dark shades that have no name of their own: every name that a caption may use."""
    table = dict(COLOURS)
    for base in (
        "grey",
        "red",
        "brown",
        "orange",
        "yellow",
        "green",
        "blue",
        "teal",
        "purple",
        "pink",
        "olive",
        "denim blue",
    ):
        for shade in ("light", "dark"):
            table[f"{shade} {base}"] = shaded(COLOURS[base], shade)
    return table


def name_of(colour: Colour, table: dict[str, Colour] | None = None) -> str:
    """The name of the colour of `table` (`named_colours()` unless given) that looks nearest."""
    table = named_colours() if table is None else table
    return min(table, key=lambda name: math.dist(_lab(colour), _lab(table[name])))


def hair_name(colour: Colour) -> str:
    """The name of a hair's colour: of HAIR_COLOURS, or where it is dyed, of cloth."""
    natural, any_colour = name_of(colour, HAIR_COLOURS), name_of(colour)
    far = math.dist(_lab(colour), _lab(HAIR_COLOURS[natural])) > 0.09
    return any_colour if far else natural


def skin_word(melanin: float) -> str:
    """The word of SKINS for this much melanin."""
    return min(SKINS, key=lambda word: abs(SKINS[word] - melanin))


@lru_cache(4096)
def _lab(colour: Colour) -> tuple[float, float, float]:
    """OKLab (Ottosson 2020), in which distances are as the eye sees them."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )
