"""A person in numbers → betas → the same person: heights on the mesh, which sex is which, and the way back."""

from pathlib import Path

import numpy as np
import pytest
import torch

import avatarkit.body
from avatarkit import npz
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.body.phenotype import Phenotype, PhenotypeMaps, monomials, phenotype_of
from avatarkit.errors import BadData

BUILTIN = Path(avatarkit.body.__file__).with_name("builtin.npz")
PEOPLE = [
    Phenotype(sex=0, age=35, height=180),
    Phenotype(sex=1, age=35, height=168),
    Phenotype(sex=1, age=6, height=115),
    Phenotype(sex=0, age=10),
    Phenotype(sex=1, age=80, height=158, weight=0.7),
    Phenotype(sex=0, age=25, height=195, muscle=0.95, weight=0.6),
    Phenotype(sex=1, age=40, height=150, weight=0.9),
    Phenotype(sex=0.5, age=16, proportions=0.2),
]


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.from_arrays(npz.decode(BUILTIN.read_bytes()), sha256="0" * 64)


def shaped(model: BodyModel, person: Phenotype) -> tuple[np.ndarray, np.ndarray]:
    body = model.shaped(torch.tensor(person.betas(model), dtype=torch.float32))
    return body.vertices.numpy(), body.joints.numpy()


def test_monomials():
    found = monomials(np.array([[2.0, 3.0]]), np.array([[0, 0], [1, 0], [2, 1], [0, 3]]))
    assert found.tolist() == [[1, 2, 12, 27]]


@pytest.mark.parametrize("person", PEOPLE, ids=str)
def test_height_on_the_mesh_is_the_height_asked_for(model, person):
    betas = person.betas(model)
    vertices, _ = shaped(model, person)
    wanted = person.height or PhenotypeMaps.of(model).average_height(person.sex, person.age)
    assert abs(np.ptp(vertices[:, 1]) * 100 - wanted) < 0.5
    assert np.abs(betas).max() < 4  # nobody is a caricature


@pytest.mark.parametrize("person", PEOPLE, ids=str)
def test_betas_lead_back_to_the_phenotype(model, person):
    found = phenotype_of(model, person.betas(model))
    assert abs(found.sex - person.sex) < 0.15
    assert abs(found.age - person.age) < (1 if person.age < 18 else 12)  # adults of 20 and 50 differ little
    for name in ("weight", "muscle", "proportions"):
        assert abs(getattr(found, name) - getattr(person, name)) < 0.15, name


def test_0_is_a_man_and_1_a_woman(model):
    """Anny's gender was once read the wrong way round."""

    def hips_to_shoulders_and_chest(sex: float) -> tuple[float, float]:
        vertices, joints = shaped(model, Phenotype(sex=sex, age=30, height=172))
        torso = model.part.numpy() == model.part_names.index("torso")
        low, high = joints[JOINT_INDEX["left_hip"]][1], joints[JOINT_INDEX["left_shoulder"]]
        hips = vertices[np.abs(vertices[:, 1] - low) < 0.03, 0].max()
        chest = vertices[torso & (np.abs(vertices[:, 1] - (high[1] - 0.19)) < 0.06)]
        middle = np.abs(chest[:, 0]) < 0.01
        return hips / high[0], chest[:, 2].max() - chest[middle, 2].max()

    man, woman = hips_to_shoulders_and_chest(0.0), hips_to_shoulders_and_chest(1.0)
    assert woman[0] > 1.1 * man[0]  # wider hips for the same shoulders
    assert woman[1] > man[1] + 0.01  # and a fuller chest


def test_a_child_is_no_small_adult(model):
    def heads_in_height(person: Phenotype) -> float:
        vertices, joints = shaped(model, person)
        return float(np.ptp(vertices[:, 1]) / (vertices[:, 1].max() - joints[JOINT_INDEX["neck"], 1]))

    child, adult = heads_in_height(Phenotype(sex=1, age=6)), heads_in_height(Phenotype(sex=1, age=30))
    assert child < adult - 0.5


def test_weight_widens_the_waist(model):
    volumes = []
    for weight in (0.1, 0.5, 0.9):
        vertices, _ = shaped(model, Phenotype(sex=0, age=40, height=178, weight=weight))
        a, b, c = (vertices[model.outer_faces[:, k]].astype(np.float64) for k in range(3))
        volumes.append(np.einsum("ij,ij", np.cross(a, b), c) / 6)
    assert volumes[0] < volumes[1] < volumes[2] and 0.04 < volumes[1] < 0.11


@pytest.mark.parametrize("wrong", [{"age": 2}, {"sex": 1.5}, {"weight": -0.1}, {"height": 1.8}, {"age": float("nan")}])
def test_impossible_people_are_refused(wrong):
    with pytest.raises(BadData, match=f"{next(iter(wrong))} is .*expected"):
        Phenotype(**wrong)


def test_a_body_without_maps_says_so(model):
    from dataclasses import replace

    with pytest.raises(BadData, match="built-in body"):
        Phenotype().betas(replace(model, phenotypes=None))
