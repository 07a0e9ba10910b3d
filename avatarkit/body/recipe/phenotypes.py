"""The maps between phenotypes (sex, age, height, weight, muscle, proportions) and betas, by polynomial regression."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from avatarkit.body.phenotype import OUTCOMES, VARIABLES, PhenotypeMaps, monomials
from avatarkit.body.recipe.anny_source import AnnySource, People
from avatarkit.body.recipe.basis import Basis, fit_betas, vertex_areas
from avatarkit.body.recipe.template import Template
from avatarkit.body.recipe.tpose import tpose

PEOPLE, SEED = 2000, 1
YEARS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 25, 64, 90, 110], float)
RIDGE = 1e-5
SQUARED_BETAS = 16  # only the largest components need squares and products to tell a phenotype


def phenotype_arrays(
    source: AnnySource, template: Template, weights: np.ndarray, basis: Basis
) -> dict[str, np.ndarray]:
    """The arrays named in `avatarkit.body.phenotype.MAP_KEYS`."""
    arrays = {
        "phenotype_years": YEARS,
        "phenotype_anny_age": source.anny_age(YEARS),
        "phenotype_average_height": average_heights(source, template, weights),
    }
    plain = plain_people(source, template.base_indices, PEOPLE, SEED)
    drawn = source.draw(PEOPLE, SEED, template.base_indices)
    area = vertex_areas(basis.mean, template.faces)
    given, betas, ages = [], [], []
    for people in (plain, drawn):
        posed = tpose(people, source.base.bone_names, weights, template.mirror).vertices
        given.append(given_of(people, posed))
        betas.append(fit_betas(basis, posed, area))
        ages.append(people.traits["age"])

    variables = PhenotypeMaps(arrays, basis.mean[:, 1], basis.directions[:, 1]).variables(given[0])
    exponents = cubic_exponents(len(VARIABLES))
    exponents = exponents[monomials(variables, exponents).any(axis=0)]  # nobody is both a child and old
    arrays["phenotype_to_betas_exponents"] = exponents.astype(np.uint8)
    arrays["phenotype_to_betas"] = ridge(monomials(variables, exponents), betas[0])

    everybody, wanted = np.concatenate(betas), np.concatenate(given)
    wanted[:, OUTCOMES.index("age")] = np.concatenate(ages)
    exponents = quadratic_exponents(everybody.shape[1])
    arrays["phenotype_from_betas_exponents"] = exponents.astype(np.uint8)
    arrays["phenotype_from_betas"] = ridge(monomials(everybody, exponents), wanted)
    return arrays


def plain_people(source: AnnySource, base_indices: np.ndarray, count: int, seed: int) -> People:
    """People evenly spread over all phenotypes, with nothing else to tell them apart; some are between the sexes."""
    rng = np.random.default_rng(seed)
    years = np.where(rng.random(count) < 0.45, rng.uniform(3, 18, count), rng.uniform(18, 90, count))
    pure = (rng.random(count) < 0.5).astype(float)
    traits = {name: rng.random(count) for name in ("weight", "muscle", "proportions")}
    traits |= {name: np.full(count, 0.5) for name in ("cupsize", "firmness", "african", "asian", "caucasian")}
    traits |= {
        "years": years,
        "age": source.anny_age(years),
        "height": rng.uniform(0.1, 0.8, count),
        "gender": np.where(rng.random(count) < 0.75, pure, rng.random(count)),
    }
    return source.people(traits, base_indices)


def given_of(people: People, posed: np.ndarray) -> np.ndarray:
    """(P, 6) in the order of OUTCOMES, heights measured on the T-posed meshes (P, V, 3), centimetres."""
    traits = people.traits
    height = np.ptp(posed[..., 1], axis=1) * 100.0
    columns = [traits["gender"], traits["years"], height, traits["weight"], traits["muscle"], traits["proportions"]]
    return np.stack(columns, axis=1).astype(np.float64)


def average_heights(source: AnnySource, template: Template, weights: np.ndarray) -> np.ndarray:
    """Average heights (2, K) at YEARS, centimetres, of men and women as Anny's growth curves have them."""
    sexes, years = (grid.ravel() for grid in np.meshgrid([0.0, 1.0], YEARS, indexing="ij"))
    names = ("weight", "muscle", "proportions", "cupsize", "firmness", "african", "asian", "caucasian")
    traits = {name: np.full(len(years), 0.5) for name in names}
    traits |= {"years": years, "age": source.anny_age(years), "gender": sexes}
    traits["height"] = source.average_height_trait(traits["age"], sexes)
    people = source.people(traits, template.base_indices)
    posed = tpose(people, source.base.bone_names, weights, template.mirror).vertices
    return (np.ptp(posed[..., 1], axis=1) * 100.0).reshape(2, len(YEARS)).astype(np.float64)


def cubic_exponents(count: int) -> np.ndarray:
    """Exponents (T, count) of all monomials up to degree 3, the constant first."""
    return _exponents(count, range(count), 3)


def quadratic_exponents(count: int) -> np.ndarray:
    """Exponents (T, count): constant, every variable, and products of two of the first SQUARED_BETAS."""
    pairs = _exponents(count, range(min(SQUARED_BETAS, count)), 2)
    return np.concatenate([_exponents(count, range(count), 1), pairs[pairs.sum(axis=1) == 2]])


def _exponents(count: int, among: range, degree: int) -> np.ndarray:
    rows = []
    for total in range(degree + 1):
        for chosen in combinations_with_replacement(among, total):
            rows.append(np.bincount(np.array(chosen, int), minlength=count))
    return np.array(rows)


def ridge(terms: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Coefficients (T, C) of `wanted` (P, C) by `terms` (P, T), least squares with a little damping."""
    gram = terms.T @ terms + RIDGE * len(terms) * np.diag(np.mean(terms**2, axis=0))
    return np.linalg.solve(gram, terms.T @ wanted)
