"""How far two sets of people are apart, each person a row of features: kernel inception distance, Fréchet's, diversity.

The kernel distance is unbiased, so that it is about 0 for two sets from the same people whatever their size, and may be
below 0; Fréchet's is biased upwards for small sets (compare only equal sizes).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from avatarkit.shapes import sizes

SUBSETS = 50
FEW = 32
"""People in a set, below which distances say little."""


class Spread(NamedTuple):
    """A distance, and its standard deviation over SUBSETS random halves."""

    distance: float
    deviation: float


def kernel_distance(features: Tensor, others: Tensor) -> float:
    """The unbiased squared maximum mean discrepancy of sets (N,C) and (M,C) under the kernel (x·y / C + 1)³
    [Bińkowski, Sutherland, Arbel, Gretton: Demystifying MMD GANs, ICLR 2018]. ValueError for sets of one."""
    N, C, M = sizes("N C, M C", features, others)
    if min(N, M) < 2:
        raise ValueError(f"kernel_distance: sets of {N} and {M}, expected two or more in each")
    x, y = features.double(), others.double()
    xx, yy, xy = ((a @ b.T / C + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    return float(_apart(xx) + _apart(yy) - 2 * xy.mean())


def _apart(kernel: Tensor) -> Tensor:
    """The mean of a square matrix without its diagonal."""
    n = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))


def kernel_distances(features: Tensor, others: Tensor, *, seed: int = 0) -> Spread:
    """The kernel distance of the whole sets, and how much it varies over SUBSETS pairs of random halves."""
    generator = np.random.default_rng(seed)
    found = [kernel_distance(_half(features, generator), _half(others, generator)) for _ in range(SUBSETS)]
    return Spread(kernel_distance(features, others), float(np.std(found)))


def floor(features: Tensor, *, seed: int = 0) -> Spread:
    """The kernel distance between two random halves of one set: what cannot be told from nothing."""
    generator, found = np.random.default_rng(seed), []
    for _ in range(SUBSETS):
        order = generator.permutation(len(features))
        middle = len(order) // 2
        found.append(kernel_distance(features[order[:middle]], features[order[middle:]]))
    return Spread(float(np.mean(found)), float(np.std(found)))


def _half(features: Tensor, generator: np.random.Generator) -> Tensor:
    some = generator.permutation(len(features))[: max(2, len(features) // 2)]
    return features[torch.from_numpy(some)]


def frechet(features: Tensor, others: Tensor) -> float:
    """|μ - μ'|² + tr(Σ + Σ' - 2 (Σ Σ')^½) of sets (N,C), (M,C) [Heusel et al. 2017]."""
    sizes("N C, M C", features, others)
    x, y = features.double(), others.double()
    root = _root(torch.cov(x.T))
    cross = torch.linalg.eigvalsh(root @ torch.cov(y.T) @ root).clamp(min=0).sqrt().sum()
    total = (x.mean(0) - y.mean(0)).square().sum() + torch.cov(x.T).trace() + torch.cov(y.T).trace() - 2 * cross
    return max(0.0, float(total))


def _root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def diversity(features: Tensor) -> float:
    """The mean distance between two different rows of (N,C)."""
    (N, _) = sizes("N C", features)
    return float(torch.pdist(features.double()).mean()) if N > 1 else 0.0
