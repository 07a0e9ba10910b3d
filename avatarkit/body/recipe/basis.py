"""What people differ in: principal components of T-posed people, first of the whole body, then of the head alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body.recipe.skeleton import INDEX

OUTSIDE_MOUTH = ("eye", "brow", "noseSneer", "cheekSquint")
FADE_FROM, FADE_TO = 0.002, 0.012  # metres beyond the midline
FAINT = 2e-5  # metres; an expression moves a vertex by more than this, or not at all


@dataclass(frozen=True)
class Basis:
    """vertices = mean + directions · betas, betas ~ N(0, 1) over the population."""

    mean: np.ndarray  # (V, 3) metres
    directions: np.ndarray  # (V, 3, B) metres per standard deviation; body components first, then the head's
    body_count: int  # how many are the whole body's


def fit_basis(
    people: np.ndarray, faces: np.ndarray, mirror: np.ndarray, head_mask: np.ndarray, counts: tuple[int, int]
) -> Basis:
    """Components of `people` (P, V, 3): first the body's, weighted by area, then the head's of what is left.

    `counts` says how many of each; `head_mask` (V,) is 0 where the head's shall not reach. All are made exactly
    symmetric: people are, but sums of floats are not.
    """
    mean = people.mean(axis=0, dtype=np.float64)
    left = people - mean.astype(np.float32)
    area = vertex_areas(mean, faces)
    scores, body = components(left, area, counts[0])
    left -= np.einsum("pb,vcb->pvc", scores, body).astype(np.float32)
    left *= head_mask[:, None].astype(np.float32)
    _, head = components(left, np.sqrt(area), counts[1])  # smaller triangles, finer features: the face counts more
    directions = np.concatenate([body, head], axis=-1)
    mean = (mean + mean[mirror] * (-1, 1, 1)) / 2
    return Basis(mean, (directions + directions[mirror] * np.array([[-1], [1], [1]])) / 2, counts[0])


def components(deviations: np.ndarray, area: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores (P, B), each of variance 1, and directions (V, 3, B) of the `count` largest, by the (P, P) Gram matrix."""
    people = len(deviations)
    gram = np.zeros((people, people))
    for rows in np.array_split(np.arange(deviations.shape[1]), 32):
        block = (deviations[:, rows] * np.sqrt(area[rows, None])).reshape(people, -1).astype(np.float64)
        gram += block @ block.T
    _, vectors = np.linalg.eigh(gram)
    scores = vectors[:, ::-1][:, :count] * np.sqrt(people)
    directions = np.einsum("pvc,pb->vcb", deviations, scores.astype(np.float32), optimize=True) / people
    sums = (directions * area[:, None, None]).sum(axis=(0, 1))
    signs = np.where(sums + directions[:, 1].max(axis=0) * 1e-9 < 0, -1.0, 1.0)  # an eigenvector's sign means nothing
    return scores * signs, directions.astype(np.float64) * signs


def head_mask(vertices: np.ndarray, weights: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """1 on the head, fading to 0 down the neck (V,): the head's own weights, and the neck's by a smooth step."""
    rigid = weights[:, [INDEX[name] for name in ("head", "jaw", "left_eye", "right_eye")]].sum(axis=1)
    low, high = joints[INDEX["neck"], 1], joints[INDEX["head"], 1]
    t = np.clip((vertices[:, 1] - low) / (high - low), 0, 1)
    return rigid + weights[:, INDEX["neck"]] * t * t * (3 - 2 * t)


def vertex_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """A third of the area around each vertex (V,), square metres."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    thirds = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(thirds, 3), len(vertices))


def fit_betas(basis: Basis, people: np.ndarray, area: np.ndarray) -> np.ndarray:
    """The betas (P, B) nearest to `people` (P, V, 3) in the mean square over the surface."""
    rows = basis.directions.reshape(-1, basis.directions.shape[-1])
    weighted = rows * np.repeat(area, 3)[:, None]
    deviations = (people - basis.mean).reshape(len(people), -1)
    return np.linalg.solve(rows.T @ weighted, (deviations @ weighted).T).T


def expression_shapes(
    offsets: np.ndarray, names: list[str], rotations: np.ndarray, weights: np.ndarray, mirror: np.ndarray
) -> np.ndarray:
    """Expressions (V, 3, E) in the T-pose: rest `offsets` (E, V, 3) turned as the skin is (`rotations` (55, 3, 3)).

    Left and right are exact mirror images of one another; movements below FAINT are taken as none.
    """
    turned = np.einsum("vj,jab,evb->eva", weights, rotations, offsets, optimize=True)
    swap = {"Left": "Right", "Right": "Left"}
    other = [names.index(n[: -len(s)] + swap[s]) if (s := _side(n)) else k for k, n in enumerate(names)]
    turned = (turned + turned[other][:, mirror] * (-1, 1, 1)) / 2
    turned[np.linalg.norm(turned, axis=-1) < FAINT] = 0
    return np.moveaxis(turned, 0, -1)


def keep_in_place(expressions: np.ndarray, names: list[str], x: np.ndarray, inner_mouth: np.ndarray) -> np.ndarray:
    """Expressions (V, 3, E) of eyes, brows, nose and cheeks without their strays: MakeHuman's blinks bend the palate.

    They leave the vertices `inner_mouth` alone, and those of one side fade out over the nose, `x` (V,) metres.
    """
    kept = expressions.copy()
    for k, name in enumerate(names):
        if name.startswith(OUTSIDE_MOUTH):
            kept[inner_mouth, :, k] = 0
            beyond = -x * {"Left": 1, "Right": -1, "": 0}[_side(name)]
            fade = np.clip((beyond - FADE_FROM) / (FADE_TO - FADE_FROM), 0, 1)
            kept[:, :, k] *= 1 - (fade * fade * (3 - 2 * fade))[:, None]
    return kept


def _side(name: str) -> str:
    return next((side for side in ("Left", "Right") if name.endswith(side)), "")
