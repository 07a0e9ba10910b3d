"""A population: people as one meets them, with the clothes that they wear, drawn from a generator.

`people`  bodies, faces, hair · `styles`  what is worn together · `cutting`, `colouring`  how garments differ ·
`dressing`  outfits that keep what was wished
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from avatarkit.body.phenotype import Phenotype
from avatarkit.outfit import HELD_OUT, LEGGED, SKIRTS, Outfit
from avatarkit.population.dressing import NOTHING, clothes_for, held_out_wish, is_held_out
from avatarkit.population.people import RARE_POSES, complexion_for, hair_for, phenotype_for, pose_for
from avatarkit.words import Description
from avatarkit.words.colours import name_of, skin_word

__all__ = ["Individual", "draw", "dressed_as", "generator_of", "is_held_out", "statistics"]

STREAMS = {False: 0x7261696E, True: 0x68656C64}
"""People of held-out runs come from another stream of random numbers than those for training."""
LOW_POSES = frozenset({
    "sitting", "sitting cross-legged", "sitting on the floor", "legs crossed", "kneeling", "squatting", "crouching",
    "lunging", "kicking", "ballet", "jumping", "star jump", "climbing stairs", "bending forward", "tree pose",
    "warrior pose",
})  # fmt: skip
KNEE = 1.85
"""The hem of a skirt in such a pose, on outfit's scale."""
HELD_OUT_KINDS = frozenset().union(*HELD_OUT.values())


@dataclass(frozen=True)
class Individual:
    """One person: body, pose, outfit.

    `seed` and `variation`: of the random betas that make a body individual, as `fitting.betas_of` takes them;
    `pose_variation`: the `amount` for `poses.varied`, 0 for a T-pose; `mass` in kilograms where it was said.
    """

    phenotype: Phenotype
    seed: int
    variation: float
    pose: str
    pose_variation: float
    outfit: Outfit
    mass: float | None = None


def generator_of(seed: int, index: int, *, heldout: bool = False) -> np.random.Generator:
    """The generator of person `index` of a run: the same in whatever order and process people are made."""
    return np.random.default_rng([STREAMS[heldout], seed, index])


def draw(generator: np.random.Generator, *, prompt: Description | None = None, heldout: bool = False) -> Individual:
    """A person; what the prompt says is kept, the rest is drawn.

    `heldout`: the person wears at least one garment of a held-out family, as far as the prompt leaves a slot for it;
    else nothing held out is worn that the prompt does not ask for.
    """
    said = prompt or Description()
    phenotype = phenotype_for(generator, said)
    pose, seed, variation = (
        pose_for(generator, said),
        int(generator.integers(2**31)),
        float(generator.uniform(0.5, 1.1)),
    )
    moment = 0.0 if pose in RARE_POSES else round(float(generator.uniform(0.4, 1.2)), 3)
    outfit = _decent(_dressed(generator, said, phenotype.sex, phenotype.age, heldout), pose, said)
    return Individual(phenotype, seed, round(variation, 3), pose, moment, outfit, said.mass)


def dressed_as(description: Description, generator: np.random.Generator, *, heldout: bool = False) -> Outfit:
    """An outfit for a described person: what was said of it is kept, the rest is drawn."""
    return draw(generator, prompt=description, heldout=heldout).outfit


def _dressed(generator: np.random.Generator, said: Description, sex: float, age: float, heldout: bool) -> Outfit:
    wishes = held_out_wish(generator, sex, age, said.outfit) if heldout else said.outfit
    without = frozenset() if heldout else HELD_OUT_KINDS
    outfit = clothes_for(generator, sex, age, wishes, without=without, described=bool(said.outfit))
    complexion = complexion_for(generator, sex, age, wishes.get("complexion", NOTHING))
    hair = hair_for(generator, sex, age, complexion.melanin, wishes.get("hair", NOTHING), without)
    if outfit.hat is not None and hair.style in ("afro", "mohawk") and "hat" not in wishes:
        outfit = replace(outfit, hat=None)
    return replace(outfit, hair=hair, complexion=complexion)


def _decent(outfit: Outfit, pose: str, said: Description) -> Outfit:
    """Who sits, squats or lifts a leg wears no skirt that ends far above the knee, unless its length was said."""
    if pose not in LOW_POSES:
        return outfit
    longer = {}
    for slot in ("bottom", "dress"):
        garment = getattr(outfit, slot)
        skirt = garment is not None and garment.kind not in LEGGED and (slot == "dress" or garment.kind in SKIRTS)
        if skirt and "hem" not in said.outfit.get(slot, NOTHING).cut and garment.kind != "mini skirt":
            longer[slot] = replace(garment, hem=max(garment.hem, KNEE))
        elif skirt and garment.kind == "mini skirt" and not said.outfit.get(slot, NOTHING).kinds:
            longer[slot] = replace(garment, kind="skirt", hem=KNEE)
    return replace(outfit, **longer)


def statistics(people: Iterable[Individual]) -> dict[str, dict[str, float]]:
    """Shares of the population by table: sex, age, build, pose, each slot's kinds, colours, patterns, fabrics, skin."""
    rows: dict[str, Counter[str]] = {}
    total = 0
    for person in people:
        total += 1
        for table, name in _facts(person):
            rows.setdefault(table, Counter())[name] += 1
    return {table: {name: n / total for name, n in counts.most_common()} for table, counts in rows.items()}


def _facts(person: Individual) -> Iterable[tuple[str, str]]:
    body, outfit = person.phenotype, person.outfit
    yield "sex", "woman" if body.sex > 0.65 else "man" if body.sex < 0.35 else "between"
    yield (
        "age",
        next(f"{low}-{high}" for low, high in ((0, 12), (13, 18), (19, 35), (36, 55), (56, 90)) if body.age < high + 1),
    )
    yield (
        "build",
        next(
            name
            for most, name in ((0.2, "thin"), (0.4, "slim"), (0.6, "average"), (0.8, "plump"), (1, "heavy"))
            if body.weight <= most
        ),
    )
    yield "pose", person.pose
    yield "skin", skin_word(outfit.complexion.melanin)
    yield "hair", outfit.hair.style
    yield "beard", outfit.hair.beard
    for slot in ("top", "outer", "bottom", "dress", "shoes", "hat", "glasses", "bag", "scarf"):
        thing = getattr(outfit, slot)
        yield slot, "-" if thing is None else thing.kind
        if slot in ("top", "outer", "bottom", "dress") and thing is not None:
            yield "colour", name_of(thing.pattern.colours[0])
            yield "pattern", thing.pattern.kind
            yield "fabric", thing.fabric
