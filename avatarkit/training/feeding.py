"""Samples from workers that meet one person after the other, in a buffer from which batches are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from avatarkit.body import BodyModel
from avatarkit.people import Stream, Synthetic

Samples = dict[str, Tensor]
"""What is known of N views, by name, (N,…) each."""
Sample = Callable[[BodyModel, Synthetic, np.random.Generator], Samples]
"""Of a person."""

APART = 10_000_000
"""People between those of one process and of the next."""


class Feed:
    """Batches of the last `room` views; each is drawn `reuse` times on the mean, so that learning
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
        self.people: Iterator[Samples] = iter(DataLoader(stream, None, num_workers=workers, **spawned))  # type: ignore[arg-type]
        self.generator = np.random.default_rng([seed, first])
        self.room, self.reuse = room, reuse
        self.held: list[Samples] = []
        self.came, self.drawn = 0, 0

    def batch(self, count: int) -> Samples:
        """`count` different views, where there are so many."""
        while self.came * self.reuse < self.drawn + count or self.came < count:
            made = next(self.people)
            for view in zip(*made.values(), strict=True):
                self._keep({name: value.clone() for name, value in zip(made, view, strict=True)})
        self.drawn += count
        chosen = self.generator.choice(len(self.held), count, replace=len(self.held) < count)
        views = [self.held[k] for k in chosen]
        return {name: torch.stack([view[name] for view in views]) for name in views[0]}

    def _keep(self, view: Samples) -> None:
        if len(self.held) < self.room:
            self.held.append(view)
        else:
            self.held[self.came % self.room] = view
        self.came += 1
