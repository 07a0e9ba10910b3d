from dataclasses import fields

import pytest

from avatarkit.outfit import (
    BAGS,
    DETAILS,
    FABRICS,
    GARMENTS,
    GLASSES,
    HAIRSTYLES,
    HATS,
    HELD_OUT,
    LEGGED,
    NECKLINES,
    OPENINGS,
    PATTERNS,
    SHOES,
    SKIRTS,
    SLOTS,
    Outfit,
)


@pytest.mark.parametrize("kind", GARMENTS)
def test_every_kind_is_cut_from_known_parts(kind):
    slot, garment = GARMENTS[kind]
    assert garment.kind == kind and slot in SLOTS
    assert garment.fabric in FABRICS and garment.neckline in NECKLINES and garment.opening in OPENINGS
    assert garment.pattern.kind in PATTERNS and set(garment.details) <= set(DETAILS)
    assert -1 <= garment.hem <= 3.2 and 0 <= garment.sleeve <= 2 and 0 < garment.ease < 0.06


def test_slots_are_fields_and_families_are_kinds():
    assert {*SLOTS, "shoes", "hair", "hat", "glasses", "bag", "scarf", "complexion"} == {f.name for f in fields(Outfit)}
    assert SKIRTS <= {kind for kind, (slot, _) in GARMENTS.items() if slot == "bottom"}
    assert LEGGED <= {kind for kind, (slot, _) in GARMENTS.items() if slot == "dress"}
    assert HELD_OUT["garments"] <= GARMENTS.keys() and HELD_OUT["hair"] <= set(HAIRSTYLES)
    assert HELD_OUT["shoes"] <= set(SHOES) and HELD_OUT["hats"] <= set(HATS) and HELD_OUT["patterns"] <= set(PATTERNS)


def test_every_slot_keeps_families_to_train_on():
    for slot in SLOTS:
        kinds = {kind for kind, (where, _) in GARMENTS.items() if where == slot}
        assert len(kinds - HELD_OUT["garments"]) >= 6 and kinds & HELD_OUT["garments"]


def test_a_kind_belongs_to_one_slot():
    """`words.binding` finds the slot by the kind alone."""
    families = [GARMENTS, SHOES, HAIRSTYLES, HATS, GLASSES, BAGS]
    assert len(set().union(*families)) == sum(map(len, families))
