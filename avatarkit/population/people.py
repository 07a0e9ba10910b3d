"""Who people are: sex, age, build, skin, hair and face, as they come together in a population."""

from dataclasses import replace

import numpy as np

from avatarkit.body.phenotype import Phenotype
from avatarkit.outfit import Colour, Complexion, Hair
from avatarkit.population import styles
from avatarkit.population.colouring import drawn, varied
from avatarkit.words import Description, average_height
from avatarkit.words.colours import COLOURS, EYE_COLOURS, HAIR_COLOURS, LIPSTICKS
from avatarkit.words.lexicon import HEIGHT_SPREAD, VOCABULARY
from avatarkit.words.wishes import Wish

AGES = ((6, 12, 0.13), (13, 18, 0.1), (19, 35, 0.3), (36, 55, 0.25), (56, 90, 0.22))
"""(youngest, oldest, share of the population)"""
MELANIN = ((0.04, 0.25, 0.4), (0.25, 0.45, 0.27), (0.45, 0.68, 0.16), (0.68, 0.96, 0.17))
POSES = tuple(
    dict.fromkeys(
        str(meaning["pose"]) for entries in VOCABULARY.values() for meaning in entries.values() if "pose" in meaning
    )
)
RARE_POSES = frozenset({"t-pose", "a-pose"})
FEMALE = frozenset("dress gown sundress blouse skirt heels".split()) | {"mini skirt", "pencil skirt", "ballet flats"}
FACELESS = Wish()


def phenotype_for(generator: np.random.Generator, said: Description) -> Phenotype:
    """The body; what was said is kept."""
    sex = float(generator.random() < 0.5)
    mixed, extreme, low_high = generator.random(), generator.random(), generator.random(2)
    sex = abs(sex - 0.12 * low_high[0]) if mixed > 0.03 else 0.35 + 0.3 * low_high[0]
    if said.sex is None:
        worn = {kind for wish in said.outfit.values() for kind in wish.kinds}
        if said.outfit.get("hair", FACELESS).cut.get("beard", "none") != "none":
            sex = min(sex, 0.1)
        elif worn & FEMALE and generator.random() < 0.97:
            sex = max(sex, 0.9)
    band = AGES[int(generator.choice(len(AGES), p=[share for *_, share in AGES]))]
    age = float(np.round(generator.uniform(band[0], band[1] + 1), 1))
    if said.sex is not None:
        sex = said.sex
    if said.age is not None:
        age = said.age
    stature = float(np.clip(generator.normal(), -2.6, 2.6)) + (0.4 * (low_high[1] - 0.5) if extreme > 0.8 else 0.0)
    wide = generator.random() < 0.4
    weight = float(generator.uniform(0.02, 0.98) if wide else np.clip(generator.normal(0.48, 0.15), 0, 1))
    weight = (weight if said.mass is None else _weight_of(said, sex, age)) if said.weight is None else said.weight
    # MakeHuman's weight shows as fat only where there is little muscle: with an average lot, the heaviest look normal
    soft = (0.42 - 0.08 * (sex < 0.5)) * float(np.clip((weight - 0.6) / 0.2, 0, 1))
    muscle = float(np.clip(generator.normal(0.52 - 0.12 * (age > 60) - soft, 0.17), 0.02, 0.98))
    drawn_body = {
        "height": average_height(sex, age) * (1 + HEIGHT_SPREAD * stature),
        "weight": weight,
        "muscle": muscle,
        "proportions": float(np.clip(generator.normal(0.42, 0.16), 0, 1)),
    }
    kept = {key: getattr(said, key) for key in drawn_body if getattr(said, key) is not None}
    body = {key: round(float(value), 3) for key, value in {**drawn_body, **kept}.items()}
    return Phenotype(sex=round(float(np.clip(sex, 0, 1)), 3), age=float(np.clip(age, 3, 90)), **body)


def _weight_of(said: Description, sex: float, age: float) -> float:
    """The `weight` that looks like these kilograms: a body mass index of 22 is average, each unit 0.045."""
    metres = (said.height or average_height(sex, age)) / 100
    return float(np.clip(0.5 + 0.045 * ((said.mass or 0.0) / metres**2 - 22), 0, 1))


def pose_for(generator: np.random.Generator, said: Description) -> str:
    """The name of a pose; T-pose and A-pose are rare, standing is a little more frequent."""
    table = {name: 0.3 if name in RARE_POSES else 2.0 if name == "standing" else 1.0 for name in POSES}
    pose = drawn(generator, table)
    return said.pose or str(pose)


def complexion_for(generator: np.random.Generator, sex: float, age: float, wish: Wish) -> Complexion:
    """Skin and face."""
    band = MELANIN[int(generator.choice(len(MELANIN), p=[share for *_, share in MELANIN]))]
    melanin = float(wish.cut.get("melanin", generator.uniform(band[0], band[1])))
    light_eyes = generator.random() < max(0.0, 0.75 - 2.2 * melanin)
    eyes = drawn(
        generator,
        "blue 4, light blue 1, green 2, grey 1.5, hazel 2" if light_eyes else "brown 4, dark brown 4, hazel 0.7",
    )
    made_up = generator.random() < (0.4 if sex > 0.5 and age >= 17 else 0.0)
    lips = drawn(generator, "red 3, pink 3, peach 3, coral 1, dark red 1, plum 0.6, brown 0.8")
    freckled = generator.random() < (0.2 if melanin < 0.25 else 0.03)
    face = Complexion(
        melanin=round(melanin, 3),
        redness=round(float(np.clip(generator.normal(0.5, 0.18), 0, 1)), 3),
        eyes=varied(generator, EYE_COLOURS[str(eyes)], 0.01),
        lipstick=varied(generator, LIPSTICKS[str(lips)], 0.012) if made_up else None,
        blush=round(float(np.clip(generator.normal(0.3, 0.13) + 0.15 * made_up, 0, 1)), 3),
        freckles=round(float(generator.uniform(0.35, 1)), 3) if freckled else 0.0,
    )
    kept = {key: wish.cut[key] for key in ("redness", "eyes", "lipstick", "blush", "freckles") if key in wish.cut}
    return replace(face, **kept)


def hair_for(
    generator: np.random.Generator, sex: float, age: float, melanin: float, wish: Wish, without: frozenset[str]
) -> Hair:
    """Hair of the head, and beard."""
    life = "child" if age < 13 else "old" if age > 58 else "young"
    table = styles.weights(styles.HAIR[life, "w" if sex > 0.5 else "m"])
    if melanin > 0.6:
        more = {"afro": 6.0, "buzz cut": 2.0, "curly": 2.0, "braid": 1.5, "slicked back": 0.4, "long": 0.3, "wavy": 0.4}
        table = {style: weight * more.get(style, 1.0) for style, weight in table.items()}
    elif melanin < 0.5:
        table |= {"afro": 0.05} if "afro" in table else {}
    if sex < 0.5 and 30 < age <= 58:
        table["bald"] = 0.4 + 0.06 * (age - 30)
    if wish.kinds:
        table = {style: table.get(style, 0.05) for style in wish.kinds}
        without = without - set(wish.kinds)
    style = drawn(generator, table, without) or "crew cut"
    hair = Hair(
        style=style,
        colour=_hair_colour(generator, sex, age, melanin),
        length=round(float(generator.uniform(0.1, 0.95)), 3),
        volume=round(float(np.clip(generator.normal(0.5 - 0.15 * (life == "old"), 0.2), 0.05, 1)), 3),
    )
    bearded, shaven, beard = generator.random(), generator.random(), drawn(generator, styles.BEARDS)
    if sex < 0.45 and age >= 18:
        hair = replace(hair, beard=str(beard) if bearded < 0.9 else "none")
        if hair.beard == "none" and shaven < 0.4:
            hair = replace(hair, stubble=round(float(generator.uniform(0.15, 1.0)), 3))
    kept = {key: wish.cut[key] for key in ("colour", "length", "beard", "stubble") if key in wish.cut}
    if kept.get("stubble"):
        kept.setdefault("beard", "none")
    return replace(hair, **kept)


def _hair_colour(generator: np.random.Generator, sex: float, age: float, melanin: float) -> Colour:
    dark = "black 6, dark brown 4, brown 0.8"
    fair = "dark brown 4, brown 4, light brown 2.5, dark blond 2, blond 2, light blond 0.8, red 0.8, auburn 1, black 1"
    natural = drawn(generator, dark if melanin > 0.42 else fair)
    if age < 13 and melanin < 0.25 and generator.random() < 0.3:
        natural = "blond"
    greying = generator.random() * 30
    if age > 42 + greying:
        natural = drawn(generator, "grey 4, dark grey 2, white 2" if age < 68 else "grey 3, white 5")
    elif generator.random() < (0.05 if 15 < age < 40 else 0.005):
        return varied(generator, COLOURS[str(drawn(generator, "pink, purple, royal blue, teal, red, silver"))])
    elif sex > 0.5 and 18 < age < 60 and generator.random() < 0.06:
        natural = "platinum"
    return varied(generator, HAIR_COLOURS[str(natural)], 0.008)
