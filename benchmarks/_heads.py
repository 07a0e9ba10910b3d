"""Could face landmarks tell heads apart? An oracle: exact places of points of the face, frontal, and noise on them."""

from __future__ import annotations

import numpy as np
import torch

from avatarkit import individual, population
from avatarkit.body import BodyModel
from avatarkit.fitting.starting import rotation_between

POINTS, KEPT, RIDGES = 478, 40, (3.0, 10.0, 30.0, 100.0, 300.0)


def head_points(model: BodyModel) -> np.ndarray:
    names = np.array([model.part_names[part] for part in model.part])  # type: ignore[union-attr]
    return np.isin(names, ("head", "face", "hair_cap"))


def apart(surface: np.ndarray, true: np.ndarray) -> float:
    """Millimetres between two head surfaces (N,3), placed upon each other."""
    a, b = surface - surface.mean(0), true - true.mean(0)
    return 1000 * float(np.linalg.norm(a @ rotation_between(surface, true).T - b, axis=1).mean())


def oracle(
    model: BodyModel, seed: int, count: int, noises: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 3.0)
) -> dict[str, float]:
    """Median surface error of heads that a ridge regression (leave-one-out, its weight chosen at best) reads off points
    of the face known to so many millimetres (white noise in x and y); and of the mean head on the same body."""
    assert model.head_betas is not None and model.part is not None
    names = np.array([model.part_names[part] for part in model.part])
    face, head = np.flatnonzero(names == "face"), np.flatnonzero(head_points(model))[::3]
    face = face[:: max(1, len(face) // POINTS)]
    betas, shown, sizes, surfaces = [], [], [], []
    for index in range(count):
        drawn = population.draw(population.generator_of(seed, index), heldout=False)
        row = individual.betas_of(model, drawn.phenotype, seed=drawn.seed, variation=drawn.variation)
        vertices = model.shaped(row).vertices.double().numpy()
        flat = vertices[face, :2] - vertices[face, :2].mean(0)
        size = np.sqrt((flat**2).sum() / len(flat))  # a photo has no scale
        betas.append(row)
        shown.append(flat / size)
        sizes.append(size)
        surfaces.append(vertices[head])
    mean = [torch.where(torch.arange(len(row)) < model.head_betas.start, row, 0) for row in betas]
    found = {"mean_head": float(np.median(_errors(model, mean, surfaces, head)))}
    random = np.random.default_rng([seed, 1])
    for noise in noises:
        rows = [
            flat + random.normal(0, noise / 1000 / size, flat.shape) for flat, size in zip(shown, sizes, strict=True)
        ]
        guesses = _guesses(np.array(rows).reshape(count, -1), torch.stack(betas).double().numpy()[:, model.head_betas])
        tried = []
        for guess in guesses:
            heads = [
                torch.cat([row[: model.head_betas.start], torch.from_numpy(g).float()])
                for row, g in zip(betas, guess, strict=True)
            ]
            tried.append(float(np.median(_errors(model, heads, surfaces, head))))
        found[f"at_{noise:g}_mm"] = min(tried)
    return found


def _errors(model: BodyModel, betas: list[torch.Tensor], surfaces: list[np.ndarray], head: np.ndarray) -> list[float]:
    return [
        apart(model.shaped(row).vertices.double().numpy()[head], true)
        for row, true in zip(betas, surfaces, strict=True)
    ]


def _guesses(looks: np.ndarray, wanted: np.ndarray) -> list[np.ndarray]:
    """Of each ridge weight: what leave-one-out regression on the looks' principal components says of each person."""
    U, *_ = np.linalg.svd(looks - looks.mean(0), full_matrices=False)
    scores = U[:, :KEPT] * np.sqrt(len(looks))
    found = []
    for ridge in RIDGES:
        hat = scores @ np.linalg.solve(scores.T @ scores + ridge * np.eye(scores.shape[1]), scores.T)
        leverage = hat.diagonal()[:, None]
        found.append((hat @ wanted - leverage * wanted) / (1 - leverage))
    return found
