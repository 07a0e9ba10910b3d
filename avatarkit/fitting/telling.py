"""What a description in words tells of a person in a photo, as the outcomes that `likeness` guesses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from avatarkit.body import BodyModel
from avatarkit.body.phenotype import VARIABLES, PhenotypeMaps, phenotype_of
from avatarkit.fitting.likeness import HEIGHT
from avatarkit.fitting.words import betas_of
from avatarkit.words.heeding import heeded

Said = Mapping[int, tuple[float, float]]
"""Which of `likeness.OUTCOMES` somebody told, and its spread."""
TYPICAL_SEX, SAID_SPREAD = 0.85, 0.1
"""People are less of a woman or a man than the words say (-1 to 1); and how exactly words tell anything."""


def said_in(model: BodyModel, describe: str | None) -> Said:
    """The outcomes that a description in words tells. BadData where the body model knows no phenotypes."""
    if not describe:
        return {}
    told = heeded(describe)
    body = phenotype_of(model, betas_of(model, told).double().numpy())
    row = [body.sex, body.age, body.height, body.weight, body.muscle, body.proportions]
    values = PhenotypeMaps.of(model).variables(np.array([row], float))[0]
    heavy = told.weight if told.mass is None else told.mass
    words = {"sex": told.sex, "weight": heavy, "muscle": told.muscle, "proportions": told.proportions}
    words |= dict.fromkeys(("child", "toddler", "old"), told.age)
    said = {VARIABLES.index(name): values[VARIABLES.index(name)] for name, word in words.items() if word is not None}
    if 0 in said:
        said[0] = float(np.clip(said[0], -TYPICAL_SEX, TYPICAL_SEX))
    found = {row: (float(value), SAID_SPREAD) for row, value in said.items()}
    return found | ({} if told.height is None else {HEIGHT: (float(np.log(told.height / 100)), 0.002)})
