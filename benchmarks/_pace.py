"""How fast people are made, on one core, and where the time goes."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from avatarkit import appearance, individual, people, population, standing
from avatarkit import camera as cameras
from avatarkit.appearance.mapping import mapped
from avatarkit.body import BodyModel
from avatarkit.camera import Camera
from avatarkit.maps import View
from avatarkit.people import Synthetic
from avatarkit.tailor import accessories, dressing, hair, shoes

STEPS: dict[str, tuple[tuple[Any, str], ...]] = {
    "draw": ((population, "draw"),),
    "body": ((individual, "betas_of"),),
    "pose": ((people, "pose_of"), (people, "varied"), (standing, "seen")),
    "cut": ((dressing, "cut"),),
    "drape": ((dressing, "drape"),),
    "finish": ((dressing, "finished"), (dressing, "_tucked")),
    "shoes": ((shoes, "shod"),),
    "hair": ((hair, "grown"), (hair, "beard"), (hair, "settled")),
    "accessories": ((accessories, "made"), (accessories, "placed")),
    "looks": ((people, "prepared"),),
}
"""A step of `people.met`: the functions that do it."""
WARM_UP = 3


@contextmanager
def timed(spent: dict[str, float]) -> Iterator[None]:
    """CPU seconds of each step are added to `spent` meanwhile."""
    with ExitStack() as stack:
        for step, functions in STEPS.items():
            for owner, name in functions:
                stack.enter_context(patch.object(owner, name, _timing(getattr(owner, name), step, spent)))
        yield


def _timing(function: Callable[..., Any], step: str, spent: dict[str, float]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        start = time.process_time()
        try:
            return function(*args, **options)
        finally:
            spent[step] += time.process_time() - start

    return call


def square(found: Synthetic, side: int) -> Camera:
    return cameras.framing(found.looks.mesh.vertices, (side, side))


def dual(found: Synthetic, side: int) -> None:
    camera = square(found, side)
    mapped(found.looks, found.dressed, [View(camera), View(camera, "farthest")])


def photo(found: Synthetic, side: int) -> None:
    appearance.photograph(found.looks, square(found, side), np.random.default_rng(0))


def works_on(found: Synthetic) -> dict[str, Callable[[], Any]]:
    return {"map_256": partial(dual, found, 256), "map_512": partial(dual, found, 512),
            "photo_512": partial(photo, found, 512)}  # fmt: skip


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds; the faster of two runs, as others share the machine."""
    times = []
    for _ in range(2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measured(model: BodyModel, count: int, *, seed: int = 400) -> dict[str, float]:
    """People a minute of one core, the share of each step in one at 256², peak memory."""
    spent: dict[str, float] = dict.fromkeys(STEPS, 0.0)
    parts: dict[str, list[float]] = {}
    for index in range(-WARM_UP, count):
        meet = partial(people.met, model, seed=seed, index=max(index, 0))
        works = works_on(meet())
        if index < 0:
            for work in works.values():
                work()
            continue
        with timed(spent):
            meet()
        timed_works: dict[str, Callable[[], Any]] = {"met": meet, **works}
        for name, work in timed_works.items():
            parts.setdefault(name, []).append(seconds(work))
    mean = {name: float(np.mean(taken)) for name, taken in parts.items()}
    rows = {f"{name}_cpu_s": taken for name, taken in mean.items()}
    rows["met_slowest_cpu_s"] = max(parts["met"])
    rows |= {
        "people_per_minute_256": 60 / (mean["met"] + mean["map_256"]),
        "people_per_minute_512": 60 / (mean["met"] + mean["map_512"]),
        "people_per_minute_512_photo": 60 / (mean["met"] + mean["map_512"] + mean["photo_512"]),
    }
    unnamed = max(mean["met"] - sum(spent.values()) / count, 0.0)
    shares = {step: taken / count for step, taken in spent.items()} | {"other": unnamed, "map": mean["map_256"]}
    rows |= {f"share_{step}_percent": 100 * taken / sum(shares.values()) for step, taken in shares.items()}
    rows["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return rows


def measured_full(model: BodyModel, count: int, *, seed: int = 400) -> dict[str, float]:
    """The same with the finer cloth of preset `full`."""
    taken = []
    for index in range(-1, count):
        start = time.process_time()
        found = people.met(model, seed=seed, index=max(index, 0), preset="full")
        met = time.process_time() - start
        if index >= 0:
            taken.append((met, seconds(partial(dual, found, 512))))
    mean = np.mean(taken, axis=0)
    return {"full_met_cpu_s": float(mean[0]), "people_per_minute_512_full": 60 / float(mean.sum())}
