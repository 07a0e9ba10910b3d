"""Whether people are as they were asked for, how those of one sentence differ, and who the population is."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np

from avatarkit import camera as cameras
from avatarkit import people, population
from avatarkit.appearance.mapping import mapped
from avatarkit.body import BodyModel
from avatarkit.maps import View
from avatarkit.outfit import GARMENTS, HAIRSTYLES, SHOES
from avatarkit.population import Individual
from avatarkit.words import Description, caption, understood
from avatarkit.words.meeting import unmet

BODY = ("sex", "age", "height", "weight", "muscle")
PROMPTS = (
    "a tall young woman in a long red wool coat over a white shirt, blue jeans, black boots, ponytail",
    "an old man in a grey sweater and brown trousers, walking",
    "a girl in a yellow dress and white sneakers",
)


def drawn(seed: int, index: int, prompt: Description | None = None) -> Individual:
    return population.draw(population.generator_of(seed, index), prompt=prompt)


def held(count: int) -> dict[str, float]:
    """Captions of other people as prompts: the share of prompts, and of what they say, that holds by parameters."""
    met, said, lacking, unknown = 0, 0, 0, 0
    for index in range(count):
        other = drawn(601, index)
        generator = np.random.default_rng([601, index])
        asked = understood(caption(other.outfit, other.phenotype, other.pose, generator))
        found = drawn(602, index, asked)
        body = [name for name in BODY if getattr(asked, name) is not None]
        lacks = [name for name in body if abs(getattr(asked, name) - getattr(found.phenotype, name)) > 1e-3]
        lacks += ["pose"] if asked.pose is not None and asked.pose != found.pose else []
        lacks += unmet(asked.outfit, found.outfit)
        said += len(body) + (asked.pose is not None) + sum(_count(wish) for wish in asked.outfit.values())
        met, lacking, unknown = met + (not lacks), lacking + len(lacks), unknown + bool(asked.unknown)
    return {
        "prompts": count,
        "prompts_held_percent": 100 * met / count,
        "attributes_held_percent": 100 * (1 - lacking / max(said, 1)),
        "prompts_with_unknown_words": unknown,
    }


def _count(wish: Any) -> int:
    return bool(wish.kinds) + wish.absent + len(wish.cut)


def leaves(thing: Any, name: str = "") -> dict[str, Any]:
    """The parameters of an outfit or a body, flat, by dotted name."""
    if is_dataclass(thing):
        found: dict[str, Any] = {}
        for field in fields(thing):
            found |= leaves(getattr(thing, field.name), f"{name}.{field.name}")
        return found
    return {name: thing}


def apart(one: Individual, other: Individual) -> float:
    """The share of the parameters that either has in which the two differ."""
    mine = leaves(one.outfit) | leaves(one.phenotype)
    theirs = leaves(other.outfit) | leaves(other.phenotype)
    names = mine.keys() | theirs.keys()
    return sum(mine.get(name) != theirs.get(name) for name in names) / len(names)


def differing(model: BodyModel, count: int) -> dict[str, float]:
    """Seeds of one prompt: parameters, kinds and pixels that differ from one person to another, on average."""
    parameters, kinds, pixels = [], [], []
    for text in PROMPTS:
        prompt = understood(text)
        found = [people.met(model, seed=603, index=index, prompt=prompt) for index in range(count)]
        pictures = []
        for person in found:
            camera = cameras.framing(person.looks.mesh.vertices, (128, 128))
            maps = mapped(person.looks, person.dressed, [View(camera)])
            assert maps.albedo is not None
            pictures.append((maps.albedo[0, ..., :3], maps.normals[0, ..., 3:]))
        parameters += [apart(one.drawn, other.drawn) for one, other in combinations(found, 2)]
        kinds += [_kinds(one.drawn) != _kinds(other.drawn) for one, other in combinations(found, 2)]
        pixels += [_distance(one, other) for one, other in combinations(pictures, 2)]
    return {
        "seeds_differ_in_parameters_percent": 100 * float(np.mean(parameters)),
        "seeds_differ_in_kinds_percent": 100 * float(np.mean(kinds)),
        "seeds_differ_in_pixels_levels": 255 * float(np.mean(pixels)),
        "seeds_differ_least_levels": 255 * min(pixels),
    }


def _kinds(person: Individual) -> list[str]:
    worn = (getattr(person.outfit, field.name) for field in fields(person.outfit))
    return [str(getattr(thing, "kind", getattr(thing, "style", ""))) for thing in worn]


def _distance(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """Mean difference of albedo, 0 … 1, where either person is."""
    either = np.maximum(one[1], other[1])
    return float(np.abs(one[0] * one[1] - other[0] * other[1]).sum() / (3 * either.sum()))


def counted(count: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Figures of the population, and its table of shares."""
    found = [drawn(604, index) for index in range(count)]
    table = population.statistics(found)
    ages = [person.phenotype.age for person in found]
    kinds = {kind for slot in ("top", "outer", "bottom", "dress") for kind in table[slot]} & GARMENTS.keys()
    heldout = [population.draw(population.generator_of(604, k, heldout=True), heldout=True) for k in range(count // 4)]
    figures = {
        "people_counted": count,
        "age_least": min(ages),
        "age_most": max(ages),
        "women_percent": 100 * table["sex"].get("woman", 0.0),
        "men_percent": 100 * table["sex"].get("man", 0.0),
        "builds": len(table["build"]),
        "pose_families": len(table["pose"]),
        "garment_kinds": len(kinds),
        "hair_styles": len(table["hair"].keys() & set(HAIRSTYLES)),
        "shoe_kinds": len(table["shoes"].keys() & set(SHOES)),
        "held_out_in_training_percent": 100 * float(np.mean([population.is_held_out(p.outfit) for p in found])),
        "held_out_in_held_out_percent": 100 * float(np.mean([population.is_held_out(p.outfit) for p in heldout])),
    }
    return figures, table
