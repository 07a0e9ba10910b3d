"""One body among those of a phenotype: individual betas, with the height and the mass that were asked for."""

import logging
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.body.phenotype import Phenotype
from avatarkit.mesh import volume

log = logging.getLogger("avatarkit")

DENSITY = 985.0
"""Kilograms a cubic metre of a living body, lungs half full."""
STRONG = 0.6
"""Who has more muscle than this keeps it, whatever they weigh."""
BODY_SHARE = 0.3
"""How much of `variation` the betas of the whole body get; those of the head get all of it."""


def betas_of(
    model: BodyModel,
    phenotype: Phenotype,
    *,
    kilograms: float | None = None,
    seed: int = 0,
    variation: float = 0.0,
    exact: bool = True,
) -> Tensor:
    """Betas (B) float32 of an individual of the phenotype; `exact`: as tall as it says, else about as tall.

    `variation` is the standard deviation of random betas, drawn from `seed`; `kilograms` decide over the phenotype's
    weight. BadData for a body model without phenotypes.
    """
    individual = _individual(model, seed, variation)
    if kilograms is not None:
        phenotype = weighing(model, phenotype, kilograms)
    betas = phenotype.betas(model) + individual
    if exact and phenotype.height is not None and variation > 0:
        # Individuality changes the height; ask for as much less or more, until the mesh has what was said.
        asked = phenotype
        for _ in range(4):
            missing = phenotype.height - 100 * float(model.shaped(_floats(betas)).height)
            asked = replace(asked, height=float(np.clip((asked.height or 0.0) + missing, 50, 250)))
            betas = asked.betas(model) + individual
    return _floats(betas)


def weighing(model: BodyModel, phenotype: Phenotype, kilograms: float) -> Phenotype:
    """The phenotype with the `weight` at which its body has this mass; where the heaviest has not, and it is not
    muscular, with less muscle too, for then weight is fat; or as near as its build can come."""
    found = _solved(model, phenotype, "weight", kilograms, 0.0, 1.0)
    if found.muscle <= STRONG and _mass(model, found) < kilograms - 1:
        found = _solved(model, replace(found, weight=1.0), "muscle", kilograms, found.muscle, 0.0)
    mass = _mass(model, found)
    if abs(mass - kilograms) > 1:
        log.warning("prompt: %.0f kg is beyond this body's reach: %.0f kg is taken", kilograms, mass)
    return found


def _solved(
    model: BodyModel, phenotype: Phenotype, name: str, kilograms: float, light: float, heavy: float
) -> Phenotype:
    """The phenotype whose field `name`, between a light and a heavy value, gives this mass."""
    for _ in range(10):
        middle = (light + heavy) / 2
        lighter = _mass(model, replace(phenotype, **{name: middle})) < kilograms
        light, heavy = (middle, heavy) if lighter else (light, middle)
    return replace(phenotype, **{name: (light + heavy) / 2})


def _individual(model: BodyModel, seed: int, variation: float) -> np.ndarray:
    """Random betas (B) of one individual; those of the head vary most, as faces tell people apart."""
    B = model.shapedirs.shape[-1]
    share = np.full(B, BODY_SHARE)
    share[model.head_betas if model.head_betas is not None else slice(0, 0)] = 1.0
    return variation * share * np.random.default_rng(seed).standard_normal(B)


def _mass(model: BodyModel, phenotype: Phenotype) -> float:
    body = model.shaped(_floats(phenotype.betas(model)))
    faces = model.faces if model.outer_faces is None else model.outer_faces
    return DENSITY * float(volume(body.vertices.double(), faces))


def _floats(betas: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(betas, np.float32))
