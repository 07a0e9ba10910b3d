"""What a caption tells, `understood` reads back."""

from dataclasses import replace

import numpy as np
import pytest

from avatarkit.body.phenotype import Phenotype
from avatarkit.outfit import GARMENTS, HAIRSTYLES, Complexion, Garment, Hair, Item, Outfit, Pattern
from avatarkit.population import draw, generator_of
from avatarkit.words import caption, understood
from avatarkit.words.colours import COLOURS, HAIR_COLOURS
from avatarkit.words.lexicon import VOCABULARY
from avatarkit.words.meeting import unmet

WHITE, RED, NAVY = (COLOURS[name] for name in ("white", "red", "navy"))
OUTFIT = Outfit(
    top=replace(GARMENTS["shirt"][1], pattern=Pattern("stripes", (WHITE, RED))),
    outer=GARMENTS["denim jacket"][1],
    bottom=GARMENTS["jeans"][1],
    shoes=Item("boots", COLOURS["black"]),
    hair=Hair("ponytail", HAIR_COLOURS["blond"]),
    glasses=Item("glasses", COLOURS["black"]),
    complexion=Complexion(melanin=0.14),
)  # fmt: skip


def test_the_plainest_caption():
    assert caption(OUTFIT, Phenotype(sex=1, age=30, height=175, weight=0.3), "walking") == (
        "a tall slim 30-year-old woman with blond hair in a ponytail, fair skin and brown eyes wearing a grey denim"
        " jacket over a white and red striped shirt, grey jeans, black boots and black glasses, walking"
    )
    assert caption(Outfit(top=Garment("sweater", sleeve=1.97))).startswith("a person with a dark brown crew cut")


def flawless(text, outfit):
    found = understood(text)
    return not (found.unknown or found.warnings or unmet(found.outfit, outfit))


def test_captions_of_the_population_are_read_back():
    people = [draw(generator_of(5, k, heldout=k % 2 == 0), heldout=k % 2 == 0) for k in range(500)]
    plain = [flawless(caption(p.outfit, p.phenotype, p.pose), p.outfit) for p in people]
    varied = [
        flawless(caption(p.outfit, p.phenotype, p.pose, np.random.default_rng(k)), p.outfit)
        for k, p in enumerate(people)
    ]
    assert sum(plain) >= 495 and sum(varied) >= 495


def test_what_a_caption_says_of_the_body_is_read_back():
    people = [draw(generator_of(6, k)) for k in range(200)]
    for k, person in enumerate(people):
        found = understood(caption(person.outfit, person.phenotype, person.pose, np.random.default_rng(k)))
        body = person.phenotype
        assert found.pose in (person.pose, None)
        assert found.sex is None or abs(found.sex - body.sex) < 0.5
        assert found.age is None or abs(found.age - body.age) <= 20
        assert found.weight is None or abs(found.weight - body.weight) < 0.3


def test_paraphrases_differ_and_are_seeded():
    told = [caption(OUTFIT, None, "waving", np.random.default_rng(k)) for k in range(60)]
    assert len(set(told)) > 55
    assert told[3] == caption(OUTFIT, None, "waving", np.random.default_rng(3))


def test_every_kind_can_be_told_in_all_its_words():
    for kind, (slot, garment) in GARMENTS.items():
        for k in range(12):
            outfit = Outfit(**{slot: garment})
            assert flawless(caption(outfit, None, None, np.random.default_rng(k)), outfit), kind
    for style in HAIRSTYLES:
        outfit = Outfit(top=OUTFIT.top, hair=Hair(style))
        assert all(flawless(caption(outfit, None, None, np.random.default_rng(k)), outfit) for k in range(12)), style


@pytest.mark.parametrize(
    ("kind", "cut"), [("jacket", {"fabric": "denim"}), ("skirt", {"hem": 2.75}), ("sweatshirt", {"neckline": "hood"})]
)
def test_a_kind_is_not_told_as_another(kind, cut):
    """A long skirt and a denim jacket are kinds of their own: those words are left out for a skirt, a jacket."""
    slot, garment = GARMENTS[kind]
    outfit = Outfit(**{slot: replace(garment, **cut)})
    assert flawless(caption(outfit), outfit)


@pytest.mark.parametrize("pose", sorted({str(m["pose"]) for m in VOCABULARY["Pose"].values()}))
def test_every_pose_can_be_told(pose):
    assert understood(caption(OUTFIT, None, pose)).pose in (pose, "standing")
    for k in range(8):
        assert understood(caption(OUTFIT, None, pose, np.random.default_rng(k))).pose in (pose, None)
