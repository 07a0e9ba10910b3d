"""The loop that every model of ours is trained by: an average of the weights is what is kept [EMA], learning is slow at
first and at the end [cosine], and all of it can be stopped at any step and gone on with.

Several processes (torchrun, gloo or NCCL) each meet people of their own and share their gradients.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from avatarkit.errors import UsageError
from avatarkit.training.feeding import Feed, Sample, Samples

SLOWEST = 0.005
"""Of the rate, at the end."""


class Lesson(Protocol):
    """What is learnt: a new network; its samples, made in workers; what they look like to it; what was wrong.

    `rate` at its highest; `coarse`: the share of the steps that see views of half the size."""

    name: str
    rate: float
    coarse: float

    def sample(self, side: int) -> Sample: ...
    def network(self) -> nn.Module: ...
    def augmented(self, batch: Samples, generator: np.random.Generator) -> dict[str, Tensor]: ...
    def loss(self, network: nn.Module, given: dict[str, Tensor]) -> Tensor: ...
    def judged(self, network: nn.Module, held: Samples) -> dict[str, float]: ...
    def sheet(self, network: nn.Module, held: Samples) -> np.ndarray: ...


@dataclass(frozen=True)
class Schedule:
    """`phases`: up to which share of the steps, views of how many pixels, how many a step; `rate` at its highest;
    `average`: what is kept of the averaged weights each step; `every` seconds a report."""

    steps: int
    phases: Sequence[tuple[float, int, int]]
    rate: float = 2e-3
    warm: int = 100
    average: float = 0.998
    every: float = 300.0
    bfloat16: bool = True

    @classmethod
    def of(cls, lesson: Lesson, steps: int, size: int, batch: int, every: float) -> Schedule:
        """Views of `size` pixels, at first half as large and four times as many; UsageError where halves do not go."""
        if size % 128:
            raise UsageError(f"--size {size}: expected a multiple of 128")
        phases = (lesson.coarse, size // 2, 4 * batch), (1.0, size, batch)
        return cls(steps, phases, rate=lesson.rate, every=every)

    def at(self, step: int) -> tuple[int, int, float]:
        """Pixels, batch and rate of a step."""
        share = step / self.steps
        side, batch = next((side, batch) for until, side, batch in self.phases if share < until or until == 1.0)
        falling = 0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))
        return side, batch, self.rate * min(1.0, (step + 1) / self.warm) * (SLOWEST + (1 - SLOWEST) * falling)


@dataclass(frozen=True, eq=False)
class Report:
    """Where training stands: `state` is all that is needed to go on, `network` has the averaged weights."""

    step: int
    figures: dict[str, float]
    network: nn.Module
    sheet: np.ndarray
    state: dict[str, Any]
    last: bool


def trained(
    lesson: Lesson,
    schedule: Schedule,
    feed_of: Callable[[Sample, int], Feed],
    held: Callable[[Sample], Samples],
    *,
    state: dict[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Report]:
    """Train from the beginning or from a report's `state`; reports now and then, and at the end.

    `feed_of(sample, first)` gives the samples from person `first` on: a run that goes on meets new people.
    `held(sample)` gives the held-out views, of the last phase's size. Only the first of several processes reports.
    """
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.manual_seed(seed)
    network = lesson.network().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = lesson.network().to(device)
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=1e-2)
    step, met, seconds = 0, 0, 0.0
    if state is not None:
        step, met, seconds = int(state["step"]), int(state["met"]), float(state["seconds"])
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    run: nn.Module = nn.parallel.DistributedDataParallel(network) if world > 1 else network
    judged_on = held(lesson.sample(schedule.phases[-1][1])) if rank == 0 else None
    course = _Course(lesson, schedule, feed_of, step, met, (seed, rank))
    batches = _ahead(course)
    losses: list[float] = []
    start = reported = time.monotonic()
    while True:
        due = step >= schedule.steps
        rate = schedule.at(step)[2]
        if due or time.monotonic() - reported > schedule.every:
            spent = seconds + time.monotonic() - start
            now = {"step": step, "met": course.met, "seconds": spent, "network": network.state_dict(),
                   "average": average.state_dict(), "optimiser": optimiser.state_dict()}  # fmt: skip
            figures = {"step": float(step), "seconds": spent, "views": float(now["met"]), "rate": rate,
                       "loss": float(np.mean(losses or [math.nan]))}  # fmt: skip
            if judged_on is not None:
                average.eval()
                figures |= lesson.judged(average, judged_on)
                sheet = lesson.sheet(average, judged_on)
                yield Report(step, figures, average, sheet, now, due)
            losses, reported = [], time.monotonic()
        if due:
            return
        losses.append(_stepped(lesson, run, optimiser, next(batches), rate, device, schedule.bfloat16))
        step += 1
        _averaged(average, network, min(schedule.average, (step + 1) / (step + 10)))


class _Course:
    """The batches of a schedule from a step on, made ready to be learnt from; `met` samples came so far."""

    def __init__(self, lesson: Lesson, schedule: Schedule, feed_of: Callable[[Sample, int], Feed], step: int, met: int,
                 seed: tuple[int, ...]) -> None:  # fmt: skip
        self.lesson, self.schedule, self.feed_of = lesson, schedule, feed_of
        self.step, self.before, self.seed = step, met, seed
        self.feed: Feed | None = None

    @property
    def met(self) -> int:
        return self.before + (self.feed.came if self.feed else 0)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        seen = 0
        for step in range(self.step, self.schedule.steps):
            side, batch, _ = self.schedule.at(step)
            if self.feed is None or side != seen:
                self.before, seen = self.met, side
                self.feed = self.feed_of(self.lesson.sample(side), self.before)
            yield self.lesson.augmented(self.feed.batch(batch), np.random.default_rng([*self.seed, step]))


def _ahead(course: _Course) -> Iterator[dict[str, Tensor]]:
    """The batches, each made while the one before it is learnt from."""
    coming = iter(course)
    with ThreadPoolExecutor(1) as thread:
        batch = thread.submit(next, coming, None)
        while (found := batch.result()) is not None:
            batch = thread.submit(next, coming, None)
            yield found


def _stepped(lesson: Lesson, network: nn.Module, optimiser: torch.optim.Optimizer, given: dict[str, Tensor],
             rate: float, device: str, bfloat16: bool) -> float:  # fmt: skip
    """One step; its loss."""
    given = {name: value.to(device) for name, value in given.items()}
    for group in optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
        loss = lesson.loss(network, given)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _averaged(average: nn.Module, network: nn.Module, kept: float) -> None:
    with torch.no_grad():
        for own, new in zip(average.parameters(), network.parameters(), strict=True):
            own.lerp_(new, 1 - kept)


def device_of(name: str) -> str:
    """`auto`, `cpu` or `cuda` as torch's device; the GPU of this process among several."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if name == "cuda" else name


@contextmanager
def together(device: str) -> Iterator[None]:
    """Inside, the processes that torchrun started are one group."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield
        return
    torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()
