"""A person in words and numbers (sex, age, height …) ↔ betas of the built-in body.

The maps are polynomials, fitted by the recipe and stored in the body's file:

    betas = B · monomials(v),  v = variables(phenotype),  monomial t of v = Π_i v_i ^ exponents[t, i]
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from avatarkit.errors import BadData
from avatarkit.shapes import sizes

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

MAP_KEYS = (
    "phenotype_years",
    "phenotype_anny_age",
    "phenotype_average_height",
    "phenotype_to_betas",
    "phenotype_to_betas_exponents",
    "phenotype_from_betas",
    "phenotype_from_betas_exponents",
)
VARIABLES = ("sex", "child", "toddler", "old", "height", "weight", "muscle", "proportions")
OUTCOMES = ("sex", "age", "height", "weight", "muscle", "proportions")  # columns of phenotype_from_betas
LIMITS = {"sex": (0, 1), "age": (3, 90), "weight": (0, 1), "muscle": (0, 1), "proportions": (0, 1)}
NEWTON_STEPS, NEWTON_TOLERANCE = 12, 0.05  # centimetres


@dataclass(frozen=True)
class Phenotype:
    """What a person looks like, in everyday numbers; what is left out is average."""

    sex: float = 0.5  # 0 male … 1 female
    age: float = 30.0  # years, 3 to 90
    height: float | None = None  # centimetres, crown to soles; None: the average of that age and sex
    weight: float = 0.5  # 0 thin … 0.5 average … 1 heavy
    muscle: float = 0.5  # 0 slack … 0.5 average … 1 muscular
    proportions: float = 0.5  # 0 ideal … 0.5 average … 1 uncommon, as MakeHuman has it

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise BadData(f"phenotype: {name} is {value:g}; expected {low:g} to {high:g}")
        if self.height is not None and not 50 <= self.height <= 250:
            raise BadData(f"phenotype: height is {self.height:g}; expected centimetres, 50 to 250")

    def betas(self, model: BodyModel) -> np.ndarray:
        """Betas (B,) float64 of this person, whose height on the mesh is `height` to a millimetre where it can be."""
        return PhenotypeMaps.of(model).betas(self)


def phenotype_of(model: BodyModel, betas: np.ndarray) -> Phenotype:
    """The phenotype that betas (≤ B,) look like; the height is measured on the mesh."""
    (given,) = sizes("B", betas)
    full = np.zeros(model.shapedirs.shape[-1])
    full[:given] = betas
    return PhenotypeMaps.of(model).phenotype_of(full)


@dataclass(frozen=True)
class PhenotypeMaps:
    """The maps of one body file, and the heights of its vertices."""

    arrays: dict[str, np.ndarray]  # the keys MAP_KEYS
    template_y: np.ndarray  # (V,) metres
    directions_y: np.ndarray  # (V, B)

    @classmethod
    def of(cls, model: BodyModel) -> PhenotypeMaps:
        """The maps of a body model; BadData when its file carries none (official SMPL-X files do not)."""
        held = model.phenotypes or {}
        missing = [key for key in MAP_KEYS if key not in held]
        if missing:
            raise BadData(
                f"body {model.name}: no {missing[0]}; a person in words needs the built-in body (--body builtin)"
            )
        return cls(
            {key: np.asarray(held[key], np.float64) for key in MAP_KEYS},
            model.v_template[:, 1].double().cpu().numpy(),
            model.shapedirs[:, 1].double().cpu().numpy(),
        )

    def height(self, betas: np.ndarray) -> float:
        """Crown to soles in T-pose, centimetres, of betas (B,)."""
        y = self.template_y + self.directions_y @ betas
        return float(np.ptp(y) * 100)

    def betas(self, person: Phenotype) -> np.ndarray:
        """Betas (B,): the polynomial, its height variable corrected by the secant method until the mesh agrees."""
        wanted = person.height if person.height is not None else float(self.average_height(person.sex, person.age))
        asked, guess, before = wanted, self._map(replace(person, height=wanted)), None
        for _ in range(NEWTON_STEPS):
            error = self.height(guess) - wanted
            if abs(error) < NEWTON_TOLERANCE:
                break
            slope = 1.0 if before is None or asked == before[0] else (error - before[1]) / (asked - before[0])
            before = asked, error
            asked -= error / max(slope, 0.2)
            guess = self._map(replace(person, height=float(np.clip(asked, 50, 250))))
        return guess

    def phenotype_of(self, betas: np.ndarray) -> Phenotype:
        """The phenotype that betas (B,) look like; height is measured, the rest comes from the stored map."""
        terms = monomials(np.asarray(betas, np.float64)[None], self.arrays["phenotype_from_betas_exponents"])
        found = dict(zip(OUTCOMES, (terms @ self.arrays["phenotype_from_betas"])[0], strict=True))
        found["age"] = np.interp(found["age"], self.arrays["phenotype_anny_age"], self.arrays["phenotype_years"])
        clipped = {name: float(np.clip(found[name], *limits)) for name, limits in LIMITS.items()}
        return Phenotype(height=float(np.clip(self.height(betas), 50, 250)), **clipped)

    def average_height(self, sex: np.ndarray | float, age: np.ndarray | float) -> np.ndarray:
        """Average height in centimetres at an age in years; between the sexes, in between."""
        years, table = self.arrays["phenotype_years"], self.arrays["phenotype_average_height"]
        man, woman = (np.interp(age, years, row) for row in table)
        return man + (woman - man) * np.asarray(sex)

    def _map(self, person: Phenotype) -> np.ndarray:
        assert person.height is not None
        given = np.array([[person.sex, person.age, person.height, person.weight, person.muscle, person.proportions]])
        return self.polynomial(given)[0]

    def polynomial(self, given: np.ndarray) -> np.ndarray:
        """Betas (P, B) straight from the polynomial, of `given` (P, 6) as `variables` takes it."""
        terms = monomials(self.variables(given), self.arrays["phenotype_to_betas_exponents"])
        return terms @ self.arrays["phenotype_to_betas"]

    def variables(self, given: np.ndarray) -> np.ndarray:
        """What the polynomial is in, (P, 8) in the order of VARIABLES, each about −1 to 1.

        From `given` (P, 6): sex, age, height (cm), weight, muscle, proportions. Age enters by Anny's own kinks: how far
        below a young adult, how far below a child, how far above a young adult; height relative to age and sex.
        """
        (P,) = sizes("P 6", given)
        sex, age, height, weight, muscle, proportions = given.T
        anny_age = np.interp(age, self.arrays["phenotype_years"], self.arrays["phenotype_anny_age"])
        child, toddler, old = (np.maximum(0, 3 * d) for d in (2 / 3 - anny_age, 1 / 3 - anny_age, anny_age - 2 / 3))
        relative = (height / self.average_height(sex, age) - 1) * 8
        halves = [2 * value - 1 for value in (weight, muscle, proportions)]
        return np.stack([2 * sex - 1, child, toddler, old, relative, *halves], axis=1).reshape(P, len(VARIABLES))


def monomials(variables: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Π_i v_i ^ e_ti, (P, T), of variables (P, N) and exponents (T, N)."""
    P, N, T = sizes("P N, T N", variables, exponents)
    product = np.ones((P, T))
    for column in range(N):
        product *= variables[:, column, None] ** exponents[:, column]
    return product
