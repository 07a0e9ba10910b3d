"""Adjectives find their nouns; what is worn becomes wishes for an outfit."""

import random
import subprocess
import sys
from collections import Counter

import pytest
from conftest import ROOT

from avatarkit.outfit import (
    BAGS,
    BEARDS,
    DETAILS,
    FABRICS,
    GARMENTS,
    GLASSES,
    HAIRSTYLES,
    HATS,
    NECKLINES,
    OPENINGS,
    PATTERNS,
    SHOES,
    Garment,
    Outfit,
    Pattern,
)
from avatarkit.population import dressed_as, generator_of
from avatarkit.words import caption, colours, nearest, understood
from avatarkit.words.binding import APPLIES, SLOT_OF
from avatarkit.words.colours import COLOURS, EYE_COLOURS, HAIR_COLOURS, LIPSTICKS, SKINS, name_of, named_colours
from avatarkit.words.lexicon import FILLERS, FUNCTION_WORDS, VOCABULARY
from avatarkit.words.looks import LOOKS
from avatarkit.words.meeting import unmet, worn
from avatarkit.words.phrases import known_phrases
from avatarkit.words.tokens import tokens
from avatarkit.words.wardrobe import CLOTHES, LENGTHS, OCCASIONS
from avatarkit.words.wishes import SHORT_HAIR, Wish

GREY = {"colours": ("grey",)}
TABLES = [entries for table in (CLOTHES, LOOKS) for entries in table.values()]


def wishes(text):
    """What was wished, colours by name: {slot: {"kinds": …, "absent": True, field: value}}."""
    found = {}
    for slot, wish in understood(text).outfit.items():
        cut = dict(wish.cut)
        if "colours" in cut:
            cut["colours"] = tuple(map(name_of, cut["colours"]))
        if wish.kinds:
            cut["kind"] = wish.kinds[0] if len(wish.kinds) == 1 else wish.kinds
        found[slot] = cut | ({"absent": True} if wish.absent else {})
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a tall young woman in a long red wool coat over a white shirt, blue jeans, black boots, ponytail",
            {
                "outer": {"kind": "coat", "hem": 2.4, "fabric": "wool", "colours": ("red",)},
                "top": {"kind": "shirt", "colours": ("white",)},
                "bottom": {"kind": "jeans", "colours": ("denim blue",)},
                "shoes": {"kind": "boots", "colours": ("black",)},
                "hair": {"kind": "ponytail"},
            },
        ),
        ("a short man in a long coat", {"outer": {"kind": "coat", "hem": 2.4}}),
        (
            "striped red and white t-shirt",
            {"top": {"kind": "t-shirt", "pattern": "stripes", "colours": ("red", "white")}},
        ),
        (
            "a white t-shirt with red stripes, blue jeans",
            {
                "top": {"kind": "t-shirt", "pattern": "stripes", "colours": ("white", "red")},
                "bottom": {"kind": "jeans", "colours": ("denim blue",)},
            },
        ),
        (
            "shirt and trousers in navy",
            {"top": {"kind": "shirt", "colours": ("navy",)}, "bottom": {"kind": "trousers", "colours": ("navy",)}},
        ),
        (
            "a black leather jacket with matching trousers",
            {
                "outer": {"kind": "leather jacket", "colours": ("black",)},
                "bottom": {"kind": "trousers", "colours": ("black",)},
            },
        ),
        (
            "a white shirt and trousers in navy",
            {"top": {"kind": "shirt", "colours": ("white",)}, "bottom": {"kind": "trousers", "colours": ("navy",)}},
        ),
        ("a woman in red", {"clothes": {"colours": ("red",)}}),
        ("a loose denim skirt", {"bottom": {"kind": "skirt", "fabric": "denim", "fit": 1.7}}),
        ("a coat without a belt", {"outer": {"kind": "coat", "without": ("belt",)}}),
        ("a coat, belted, with a hood", {"outer": {"kind": "coat", "details": ("belt",), "neckline": "hood"}}),
        ("a coat with a red belt", {"outer": {"kind": "coat", "details": ("belt",)}}),
        ("a knee-length skirt", {"bottom": {"kind": "skirt", "hem": 2.0}}),
        ("a floor-length red skirt", {"bottom": {"kind": "long skirt", "hem": 3.05, "colours": ("red",)}}),
        ("wide blue trousers", {"bottom": {"kind": "wide trousers", "colours": ("blue",)}}),
        ("jeans rolled up", {"bottom": {"kind": "jeans", "details": ("turned-up hem",)}}),
        ("a checked shirt tucked in", {"top": {"kind": "shirt", "pattern": "checks", "tucked": True}}),
        ("a sweater over a shirt", {"outer": {"kind": "sweater"}, "top": {"kind": "shirt"}}),
        ("a shirt under a sweater", {"outer": {"kind": "sweater"}, "top": {"kind": "shirt"}}),
        ("a dress, shirt under it", {"dress": {"kind": "dress"}}),  # no dress shirt: a comma parts them
        ("a pair of green shorts", {"bottom": {"kind": "shorts", "colours": ("green",)}}),
        ("a grey tracksuit", {"top": {"kind": "sweatshirt"} | GREY, "bottom": {"kind": "joggers"} | GREY}),
        ("light blue denims", {"bottom": {"kind": "jeans", "colours": ("light denim blue",)}}),
        ("dark trousers", {"bottom": {"kind": "trousers", "shade": "dark"}}),
        ("a red top with long sleeves", {"top": {"sleeve": 1.95, "colours": ("red",)}}),
        ("specs", {"glasses": {"kind": "glasses"}}),
        ("casually dressed", {"clothes": {"occasion": "casual"}}),
        ("not striped, plain t-shirt", {"top": {"kind": "t-shirt", "pattern": "plain"}}),
    ],
)  # fmt: skip
def test_adjectives_bind_to_their_nouns(text, expected):
    assert wishes(text) == expected


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("without a hat", ["hat"]),
        ("no hat or scarf", ["hat", "scarf"]),
        ("wearing nothing on the head", ["hat"]),
        ("not wearing glasses", ["glasses"]),
        ("shirtless", ["top", "outer"]),
    ],
)
def test_what_is_not_worn(text, slots):
    assert wishes(text) == {slot: {"absent": True} for slot in slots}


def test_barefoot_is_a_kind_of_shoes_and_takes_no_adjective():
    found = understood("a tall barefoot man")
    assert found.outfit["shoes"] == Wish(("barefoot",)) and found.height > 180


@pytest.mark.parametrize(
    ("text", "hair"),
    [
        ("long hair", {"kinds": ("long", "wavy"), "length": 0.85}),
        ("long curly hair", {"kinds": ("curly",), "length": 0.85}),
        ("short hair", {"kinds": SHORT_HAIR, "length": 0.15}),
        ("very short hair", {"kinds": ("buzz cut", "crew cut"), "length": 0.15}),
        ("straight long hair", {"kinds": ("long",), "length": 0.85}),
        ("her red hair in a bun", {"kinds": ("bun",), "colour": HAIR_COLOURS["red"]}),
        ("her hair is long and blond", {"kinds": ("long", "wavy"), "length": 0.85, "colour": HAIR_COLOURS["blond"]}),
        ("a blonde woman", {"kinds": (), "colour": HAIR_COLOURS["blond"]}),
        ("dark hair", {"kinds": (), "colour": HAIR_COLOURS["dark brown"]}),
        ("pink hair", {"kinds": (), "colour": COLOURS["pink"]}),
        ("bald with a long grey beard", {"kinds": ("bald",), "beard": "long beard", "colour": HAIR_COLOURS["grey"]}),
        ("a bearded man", {"kinds": (), "beard": "full beard"}),
        ("clean-shaven", {"kinds": (), "beard": "none", "stubble": 0.0}),
        ("no beard", {"kinds": (), "beard": "none", "stubble": 0.0}),
    ],
)
def test_hair(text, hair):
    found = understood(text).outfit["hair"]
    assert {"kinds": found.kinds, **found.cut} == hair


@pytest.mark.parametrize(
    ("text", "face"),
    [
        ("blue eyes and a beard", {"eyes": EYE_COLOURS["blue"]}),
        ("blue-eyed woman", {"eyes": EYE_COLOURS["blue"]}),
        ("dark-skinned man", {"melanin": SKINS["dark"]}),
        ("very pale skin", {"melanin": SKINS["very pale"]}),
        ("light brown skin", {"melanin": SKINS["light brown"]}),
        ("a black woman", {"melanin": SKINS["black"]}),
        ("red lipstick, freckles", {"lipstick": LIPSTICKS["red"], "freckles": 0.8}),
        ("no lipstick", {"lipstick": None}),
    ],
)
def test_faces(text, face):
    assert understood(text).outfit["complexion"].cut == face


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("a man in jaens and a red kimono", ("jaens", "red", "kimono")),
        ("heavy boots", ("heavy",)),  # of the boots, not of the person
        ("a beautiful red coat", ("beautiful",)),
        ("a big red nose", ("big", "red", "nose")),  # not: all clothes in red
    ],
)
def test_what_nobody_knows_comes_back(text, unknown):
    assert understood(text).unknown == unknown


@pytest.mark.parametrize("text", ["running shoes", "yoga pants", "stretch jeans", "walking boots", "a jump suit"])
def test_clothes_named_after_what_they_are_for_are_no_poses(text):
    found = understood(text)
    assert (found.pose, found.unknown, len(found.outfit)) == (None, (), 1)


def test_adjectives_of_clothes_are_not_the_bodys():
    found = understood("a heavy man in skinny jeans, short boots and a slim coat")
    assert (found.weight, found.height) == (0.85, None)
    assert wishes("a slim man in a coat") == {"outer": {"kind": "coat"}}


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("a skirt, trousers", "skirt, then trousers: one is made, trousers"),
        ("a coat over a cardigan", "coat, then cardigan: one is made, coat"),
        ("a dress and jeans", "jeans: not made, the dress takes its place"),
        ("a waist-length skirt", "waist-length: cannot be said of skirt"),
        ("a coat, not red", "not red: nothing is made of what it is not; say what it is"),
    ],
)
def test_choices_are_told(text, warning):
    assert understood(text).warnings == (warning,)


@pytest.mark.parametrize(
    ("word", "known"),
    [("jaens", "jeans"), ("trowsers", "trousers"), ("mustashe", "mustache"), ("xyzzy", None), ("jeans", None)],
)
def test_the_nearest_known_word(word, known):
    assert nearest(word) == known


def test_every_word_of_the_tables_is_understood():
    for entries in TABLES:
        for row, meaning in entries.items():
            for word in row.split(", "):
                noun = "" if {"wear", "worn"} & meaning.keys() else noun_for(meaning)
                found = [understood(text) for text in (f"{word} {noun}", f"{noun} {word}")]
                assert any(said.unknown == () and said.outfit for said in found), word


def noun_for(meaning):
    nouns = {"trousers": APPLIES["bottom"], **APPLIES}
    return next((noun for noun, keys in nouns.items() if keys & meaning.keys()), "clothes")


def test_the_tables_agree_with_outfit():
    names = {**SLOT_OF, **dict.fromkeys(APPLIES)}
    allowed = {
        "colour": {*COLOURS}, "haircolour": {*HAIR_COLOURS}, "eyecolour": {*EYE_COLOURS}, "shade": {*colours.SHADES},
        "fabric": {*FABRICS}, "pattern": {*PATTERNS}, "length": {*LENGTHS}, "neckline": {*NECKLINES},
        "opening": {*OPENINGS},
        "detail": {*DETAILS}, "occasion": {*OCCASIONS}, "beard": {*BEARDS}, "styles": {*HAIRSTYLES},
        "wear": {*names}, "worn": {*names},
    }  # fmt: skip
    for entries in TABLES:
        for meaning in entries.values():
            for key in allowed.keys() & meaning.keys():
                values = {value.removeprefix("none ") for value in str(meaning[key]).split(", ")}
                assert values <= allowed[key], meaning
    said = " ".join(str(meaning) for entries in TABLES for meaning in entries.values())
    for kinds in (GARMENTS, SHOES, HATS, GLASSES, BAGS, HAIRSTYLES, FABRICS, PATTERNS, DETAILS, BEARDS):
        assert not [kind for kind in kinds if f"'{kind}'" not in said and f"{kind}," not in said]


def test_no_word_means_two_things():
    rows = [
        (word.strip(), meaning) for entries in TABLES for row, meaning in entries.items() for word in row.split(",")
    ]
    keys = Counter((tuple(token.text for token in tokens(word)), key) for word, meaning in rows for key in meaning)
    assert not [key for key, n in keys.items() if n > 1]
    assert not {word for word, _ in rows} & (FUNCTION_WORDS | FILLERS)
    keys = Counter(tuple(token.text for token in tokens(word)) for row in VOCABULARY["Pose"] for word in row.split(","))
    assert not [key for key, n in keys.items() if n > 1 or not key]


def test_words_stand_on_the_standard_library():
    code = "import sys, avatarkit.words; sys.exit(bool({'numpy', 'torch'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_vocabulary_is_large():
    worn_words = [key for key, phrase in known_phrases().items() if phrase.wear]
    assert len(worn_words) >= 600 and len(COLOURS) >= 50


def test_names_of_colours_come_back():
    for table in (named_colours(), HAIR_COLOURS, EYE_COLOURS, LIPSTICKS):
        assert [name_of(colour, table) for colour in table.values()] == [*table]
    assert name_of((0.85, 0.1, 0.12)) == "red" and name_of((0.97, 0.97, 0.97)) == "white"
    assert (
        sum(colours.shaded(COLOURS["red"], "dark")) < sum(COLOURS["red"]) < sum(colours.shaded(COLOURS["red"], "pale"))
    )


def test_any_heap_of_words_makes_a_person():
    """No sentence crashes the binder, and whatever it wishes for can be dressed and told."""
    words = [
        " ".join(key) for key in known_phrases()
    ] + "a with in and , the over under of her is xyzzy very not".split() * 30
    choose = random.Random(0)
    for k in range(300):
        said = understood(" ".join(choose.choices(words, k=choose.randint(1, 14))))
        outfit = dressed_as(said, generator_of(0, k))
        assert caption(outfit)


def test_wishes_are_met_on_a_garment():
    wish = understood("a tight cropped striped red and white shirt with rolled-up sleeves and without cuffs").outfit[
        "top"
    ]
    shirt = worn(wish, GARMENTS["shirt"][1])
    assert (shirt.sleeve, shirt.hem, shirt.details) == (1.2, -0.25, ())
    assert shirt.ease == pytest.approx(0.35 * GARMENTS["shirt"][1].ease, abs=1e-4)
    assert shirt.pattern == Pattern("stripes", (COLOURS["red"], COLOURS["white"]), 0.05, 0.0)
    assert shirt.neckline == "collar"  # not said, so as it was
    assert unmet({"top": wish}, Outfit(top=shirt)) == ()


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("a red shirt", "top: colours"),
        ("a sleeveless shirt", "top: sleeve"),
        ("an oversized shirt", "top: fit"),
        ("a t-shirt", "top: shirt is not t-shirt"),
        ("a scarf", "scarf: missing"),
        ("shirtless", "top: absent"),
        ("a woman in red", "clothes: colours"),
        ("boots", "shoes: barefoot is not boots"),
        ("ponytail", "hair: crew cut is not ponytail"),
        ("blond hair", "hair: colour"),
        ("dark skin", "complexion: melanin"),
    ],
)
def test_what_an_outfit_lacks(text, lacks):
    outfit = Outfit(top=Garment("shirt", sleeve=1.95, pattern=Pattern(colours=(COLOURS["white"],))))
    assert lacks in unmet(understood(text).outfit, outfit)
