"""Synthetic people: drawn from the population, shaped, posed, dressed. The truth of every benchmark, and all the
training data there is [En3D learns from synthetic people alone].

    person = met(model, seed=0, index=7)          the same person 7, whatever else runs and in whichever process
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from avatarkit import individual, population, standing
from avatarkit.appearance import Looks, prepared
from avatarkit.body import BodyModel
from avatarkit.body.phenotype import Phenotype
from avatarkit.person import Person
from avatarkit.population import Individual
from avatarkit.poses import pose_of, varied
from avatarkit.tailor.articles import chosen, told
from avatarkit.tailor.dressing import dressed
from avatarkit.tailor.piece import Dressed
from avatarkit.wardrobe import Article, Wardrobe
from avatarkit.words import Description
from avatarkit.words.telling import caption


@dataclass(frozen=True, eq=False)
class Synthetic:
    """One synthetic person: what was drawn, the posed body, the clothes on it, and their looks."""

    drawn: Individual
    person: Person
    dressed: Dressed
    looks: Looks
    caption: str


def met(
    model: BodyModel,
    *,
    seed: int,
    index: int,
    prompt: Description | None = None,
    heldout: bool = False,
    wardrobe: Wardrobe | None = None,
    preset: str = "train",
) -> Synthetic:
    """Person `index` of the run `seed`. What the prompt says holds; a pose that it names is taken as it is.

    `heldout` people wear garments that no training ever sees (outfit.HELD_OUT). Of a `wardrobe`, articles are worn
    now and then. `preset` as in `dressed`.
    """
    generator = population.generator_of(seed, index, heldout=heldout)
    drawn = population.draw(generator, prompt=prompt, heldout=heldout)
    betas = individual.betas_of(
        model, drawn.phenotype, kilograms=drawn.mass, seed=drawn.seed, variation=drawn.variation
    )
    body = model.shaped(betas)
    pose = pose_of(drawn.pose, body)
    if prompt is None or prompt.pose is None:
        pose = varied(body, pose, generator, drawn.pose_variation)
    person = standing.seen(body, betas, pose)
    articles = {}
    if wardrobe is not None:
        articles = chosen(wardrobe, drawn.outfit, generator, sex=drawn.phenotype.sex, heldout=heldout)
    return made(model, drawn, person, generator, articles=articles, preset=preset)


def made(
    model: BodyModel,
    drawn: Individual,
    person: Person,
    generator: np.random.Generator,
    *,
    articles: Mapping[str, Article] | None = None,
    preset: str = "train",
) -> Synthetic:
    """The drawn individual's clothes and looks on this very person."""
    seed = int(generator.integers(2**31))
    clothes = dressed(model, person, drawn.outfit, articles=articles, seed=seed, preset=preset)
    body: Phenotype = drawn.phenotype
    person = standing.raised(person, clothes.lift)
    looks = prepared(clothes, model, seed=seed, age=body.age, sex=body.sex)
    return Synthetic(
        drawn, person, clothes, looks, caption(told(drawn.outfit, articles or {}), body, drawn.pose, generator)
    )


class Stream(IterableDataset):  # type: ignore[type-arg]
    """An endless stream of people for training, made as they are needed, never stored.

    `sample` turns a body model, a Synthetic on it and a generator into what is trained on. Workers take every n-th
    person.
    """

    def __init__(
        self,
        read_model: Callable[[], BodyModel],
        sample: Callable[[BodyModel, Synthetic, np.random.Generator], Any],
        *,
        seed: int = 0,
        first: int = 0,
        heldout: bool = False,
    ):
        self.read_model, self.sample = read_model, sample
        self.seed, self.first, self.heldout = seed, first, heldout

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        index, stride = (self.first + worker.id, worker.num_workers) if worker else (self.first, 1)
        torch.set_num_threads(1)
        model = self.read_model()
        while True:
            person = met(model, seed=self.seed, index=index, heldout=self.heldout)
            yield self.sample(model, person, np.random.default_rng([self.seed, index]))
            index += stride
