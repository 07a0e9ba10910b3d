from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import files, individual
from avatarkit.body.phenotype import Phenotype
from avatarkit.mesh import volume


@pytest.fixture(scope="module")
def model():
    return files.read_body_model("builtin")


def test_individuals_differ_and_are_as_tall_as_they_should(model):
    phenotype = Phenotype(sex=1.0, age=30.0, height=171.0)
    found = [individual.betas_of(model, phenotype, seed=seed, variation=1.0) for seed in range(3)]
    for betas in found:
        assert float(model.shaped(betas).height) == pytest.approx(1.71, abs=0.002)
    assert (found[0] - found[1]).abs().max() > 0.3
    assert torch.equal(found[0], individual.betas_of(model, phenotype, seed=0, variation=1.0))


def test_no_variation_is_the_phenotypes_own_shape(model):
    phenotype = Phenotype(age=50.0, weight=0.8)
    assert np.allclose(individual.betas_of(model, phenotype), phenotype.betas(model), atol=1e-5)


def test_kilograms_decide_over_the_weight(model):
    thin = Phenotype(sex=0.0, height=180.0, weight=0.1)
    light, heavy = (individual.betas_of(model, thin, kilograms=kg) for kg in (65.0, 85.0))
    masses = [
        individual.DENSITY * float(volume(model.shaped(betas).vertices, model.outer_faces)) for betas in (light, heavy)
    ]
    assert masses == pytest.approx([65.0, 85.0], abs=1.5)


def test_who_is_heavier_than_the_heaviest_has_less_muscle_unless_it_was_said(model):
    """A woman of 64 kg was taken for one of 85: at an average muscle, MakeHuman's weight ends there."""
    woman = Phenotype(sex=1.0, height=165.0)
    found = individual.weighing(model, woman, 85.0)
    assert found.weight > 0.99 and found.muscle < 0.3
    assert individual._mass(model, found) == pytest.approx(85.0, abs=1.0)
    assert individual.weighing(model, replace(woman, muscle=0.8), 85.0).muscle == 0.8
