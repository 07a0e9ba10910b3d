"""Springs between points, and where they come to rest: one sparse system, by conjugate gradients.

The products go row by row in one order, so that the same springs give the same bytes on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.kernels import compiled
from avatarkit.mesh import connected
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Springs:
    """Springs (E,2) between `count` points, and their strengths (E) float64."""

    count: int
    pairs: Tensor
    strength: Tensor


def filled(springs: Springs, known: Tensor, values: Tensor, *, rounds: int = 300, exact: float = 1e-4) -> Tensor:
    """(N,C) float64: `values` (N,C) where `known` (N), else harmonic: the mean of its neighbours by their strength.

    What no spring joins to anything known keeps its value.
    """
    part = connected(springs.pairs, springs.count)
    heard = torch.zeros(springs.count, dtype=torch.bool)
    heard[part[known]] = True
    return balanced(springs, values, known | ~heard[part], torch.zeros_like(values), rounds=rounds, exact=exact)


def smoothed(springs: Springs, values: Tensor, fixed: Tensor, rounds: int) -> Tensor:
    """(N,C) float64: free points' `values` (N,C) made half their own, half their neighbours' mean, `rounds` times."""
    N, _ = sizes("N C, N", values, fixed)
    evenly = Springs(N, springs.pairs, torch.ones_like(springs.strength))
    count = torch.bincount(springs.pairs.reshape(-1), minlength=N).double()
    product, free, found = _product(evenly), (~fixed & (count > 0))[:, None], values.double()
    for _ in range(rounds):
        found = torch.where(free, 0.5 * found + 0.5 * product(found) / count.clamp(min=1)[:, None], found)
    return found


def balanced(
    springs: Springs,
    start: Tensor,
    fixed: Tensor,
    push: Tensor,
    pull: Tensor | None = None,
    *,
    rounds: int = 300,
    exact: float = 1e-4,
) -> Tensor:
    """(N,C) float64: the x with (L + pull) x = `push` (N,C) where free, L the springs' Laplacian, `pull` (N) ≥ 0.

    `fixed` (N) stay at `start`, and so does what neither spring nor pull holds. Conjugate gradients from `start`.
    """
    N, _ = sizes("N C, N, N C", start, fixed, push)
    held = fixed[springs.pairs].all(dim=1)
    if pull is None and 2 * int(held.sum()) > len(held):  # most of them are of no account
        own, pairs = torch.unique(springs.pairs[~held], return_inverse=True)
        fewer = Springs(len(own), pairs, springs.strength[~held])
        found = balanced(fewer, start[own], fixed[own], push[own], rounds=rounds, exact=exact)
        return start.double().index_copy(0, own, found)
    a, b = springs.pairs.unbind(1)
    degree = torch.zeros(N, dtype=torch.float64)
    degree = degree.index_add(0, a, springs.strength).index_add(0, b, springs.strength)
    degree = degree if pull is None else degree + pull
    free = (~fixed & (degree > 0)).double()[:, None]
    degree = degree.clamp(min=1e-30)[:, None]
    product = _product(springs)
    x = start.double().clone()
    residual = free * (push.double() - degree * x + product(x))
    return conjugate_gradients(
        lambda y: free * (degree * y - product(y)), residual, x, degree, rounds=rounds, exact=exact
    )


def conjugate_gradients(
    applied: Callable[[Tensor], Tensor], residual: Tensor, x: Tensor, diagonal: Tensor, *, rounds: int, exact: float
) -> Tensor:
    """(N,C): x (N,C) improved until the residual of a symmetric system, a column at a time, is `exact` of what it was.

    `applied`: the system's product with (N,C); `diagonal` (N,1): its preconditioner [Hestenes, Stiefel 1952].
    """
    step = residual / diagonal
    direction, power = step, (residual * step).sum(dim=0)
    enough = exact**2 * power.clamp(min=1e-30)
    for _ in range(rounds):
        if bool((power <= enough).all()):
            break
        image = applied(direction)
        length = (power > enough) * power / (direction * image).sum(dim=0).clamp(min=1e-30)
        x, residual = x + length * direction, residual - length * image
        step = residual / diagonal
        power, before = (residual * step).sum(dim=0), power
        direction = step + power / before.clamp(min=1e-30) * direction
    return x


def _product(springs: Springs) -> Callable[[Tensor], Tensor]:
    """What the springs' symmetric matrix (N,N) makes of (N,C) float64."""
    a, b = springs.pairs.unbind(1)
    rows, others = torch.cat([a, b]), torch.cat([b, a])
    order = torch.argsort(rows, stable=True)
    starts = torch.zeros(springs.count + 1, dtype=torch.int64)
    starts[1:] = torch.bincount(rows, minlength=springs.count).cumsum(0)
    given = (starts.numpy(), others[order].numpy(), springs.strength.repeat(2)[order].numpy())

    def product(x: Tensor) -> Tensor:
        found = torch.zeros_like(x, memory_format=torch.contiguous_format)
        _multiplied(*given, x.contiguous().numpy(), found.numpy())
        return found

    return product


@compiled
def _multiplied(starts, others, strength, x, found):  # type: ignore[no-untyped-def]
    for row in range(len(starts) - 1):
        for k in range(starts[row], starts[row + 1]):
            for column in range(x.shape[1]):
                found[row, column] += strength[k] * x[others[k], column]
