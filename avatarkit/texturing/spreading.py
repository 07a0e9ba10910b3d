"""Values known at some vertices, continued over a mesh: never from one label to another."""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.shapes import sizes
from avatarkit.springs import conjugate_gradients

TINY = 1e-6


def spread(
    pairs: Tensor,
    labels: Tensor,
    values: Tensor,
    weights: Tensor,
    *,
    screen: float = 0.0,
    towards: Tensor | None = None,
    iterations: int = 400,
) -> Tensor:
    """(V,C): the x of least  sum w_v |x_v - values_v|^2 + sum |x_a - x_b|^2 + screen sum |x_v - towards_v|^2,

    over edges `pairs` (E,2) whose ends have one label (V): a harmonic continuation. What no known value reaches
    gets the mean of its label's, or else of all. `towards` (V,C; default that mean).
    """
    _, V, _ = sizes("E 2, V, V C, V", pairs, labels, values, weights)
    a, b = pairs[labels[pairs[:, 0]] == labels[pairs[:, 1]]].unbind(dim=1)
    towards = means(labels, values, weights) if towards is None else towards
    degree = torch.bincount(torch.cat([a, b]), minlength=V).to(values)
    diagonal = (weights + max(screen, TINY) + degree)[:, None]
    index = torch.stack([torch.cat([a, b]), torch.cat([b, a])])
    ones = torch.ones(index.shape[1], dtype=values.dtype)
    joined = torch.sparse_coo_tensor(index, ones, (V, V), check_invariants=False).coalesce()
    side = weights[:, None] * values + max(screen, TINY) * towards

    def applied(x: Tensor) -> Tensor:
        return diagonal * x - joined @ x

    x = torch.where(weights[:, None] > 0, values, towards)
    return conjugate_gradients(applied, side - applied(x), x, diagonal, rounds=iterations, exact=1e-5)


def means(labels: Tensor, values: Tensor, weights: Tensor) -> Tensor:
    """(V,C): the weighted mean of each vertex' label, or of all where its label has no weight."""
    _, C = sizes("V, V C, V", labels, values, weights)
    K = int(labels.max()) + 1
    totals = weights.new_zeros(K).index_add(0, labels, weights)
    sums = values.new_zeros(K, C).index_add(0, labels, weights[:, None] * values)
    overall = sums.sum(dim=0) / totals.sum().clamp(min=1e-9)
    each = torch.where(totals[:, None] > 1e-6, sums / totals.clamp(min=1e-9)[:, None], overall)
    return each[labels]
