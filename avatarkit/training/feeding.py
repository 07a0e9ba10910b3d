"""Samples from workers that meet one person after the other, in a buffer from which batches are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from avatarkit.body import BodyModel
from avatarkit.people import Stream, Synthetic

Sample = Callable[[BodyModel, Synthetic, np.random.Generator], Tensor]
"""Views (N,C,S,S) uint8 of a person."""


APART = 10_000_000
"""People between those of one process and of the next."""


class Feed:
    """Batches (B,C,S,S) uint8 of the last `room` samples; each is drawn `reuse` times on the mean, so that learning
    waits for people where it would else learn the same ones by heart.

    `first`: the person to begin with, of a process's own (`rank`); `workers`, or none: then people are met here.
    """

    def __init__(
        self,
        read_model: Callable[[], BodyModel],
        sample: Sample,
        *,
        seed: int,
        first: int = 0,
        workers: int = 1,
        room: int = 1024,
        reuse: float = 16.0,
        heldout: bool = False,
        rank: int = 0,
    ) -> None:
        first += rank * APART
        stream = Stream(read_model, sample, seed=seed, first=first, heldout=heldout)
        spawned = {"multiprocessing_context": "spawn", "prefetch_factor": 4} if workers else {}
        self.people: Iterator[Tensor] = iter(DataLoader(stream, None, num_workers=workers, **spawned))  # type: ignore[arg-type]
        self.generator = np.random.default_rng([seed, first])
        self.room, self.reuse = room, reuse
        self.held: list[Tensor] = []
        self.came, self.drawn = 0, 0

    def batch(self, count: int) -> Tensor:
        """`count` different samples, where there are so many."""
        while self.came * self.reuse < self.drawn + count or self.came < count:
            for sample in next(self.people):
                self._keep(sample)
        self.drawn += count
        chosen = self.generator.choice(len(self.held), count, replace=len(self.held) < count)
        return torch.stack([self.held[k] for k in chosen])

    def _keep(self, sample: Tensor) -> None:
        if len(self.held) < self.room:
            self.held.append(sample.clone())
        else:
            self.held[self.came % self.room] = sample.clone()
        self.came += 1
