"""The lesson of `colours`: normals, parts' colours or a photo, and words, so a pair of albedo [En3D, §3.3: texture by
what geometry shows; Get3DHuman, §3.4]."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.flats import UNLIT, flat, in_parts
from avatarkit.people import Synthetic
from avatarkit.training.augmenting import DYED, dyed, dyes, photographed, seen_otherwise
from avatarkit.training.dual import JUDGED, DualLesson, Views, at_some_noise, numbers_of, tiled
from avatarkit.training.feeding import Sample, Samples
from avatarkit.training.normals import maps_of
from avatarkit.training.views import drawn, masked, unpacked, views

OFF = 0.05
"""How far a colour that words name is from the part's own: a standard deviation, of sRGB 0 … 1."""


class ColoursLesson(DualLesson):
    """What `colours` learns from; see Lesson."""

    coarse = 0.0  # a patch is as wide in every view

    def sample(self, side: int) -> Sample:
        return partial(coloured, side=side)

    def codec_maps(self) -> tuple[Tensor, ...]:
        made = []
        for found, generator in self.met():
            batch = coloured(self.read_model(), found, generator, side=256)
            made.append(self.augmented(batch, generator))
        drawn_of = torch.cat([given["maps"] - given["known"] for given in made]).flatten(0, 1)
        return drawn_of, torch.cat([given["given"] for given in made]).flatten(0, 1)

    def augmented(self, batch: Samples, generator: np.random.Generator) -> Views:
        """Views seen otherwise, half of them dyed; what is known of the colours of each, and when in the noise it is
        asked for."""
        given = _of(batch)
        given = seen_otherwise(given, generator)
        for k in range(len(given["labels"])):
            if generator.uniform() < DYED:
                gains = dyes(generator)
                given["albedo"][k] = dyed(given["albedo"][k], given["labels"][k], gains)
                given["photo"][k] = dyed(given["photo"][k], given["labels"][k, 0], gains)
        asked, shown = at_some_noise(batch["words"], given["cover"], generator)
        known = []
        for k, with_photo in enumerate(shown.tolist()):
            photo = photographed(given["photo"][k], given["mask"][k], generator) if with_photo else None
            known.append(_known(given, k, photo, generator))
        return {"maps": _centred(given["albedo"], given["cover"]), "given": maps_of(given),
                "known": _centred(torch.stack(known), given["cover"]), **asked}  # fmt: skip

    def judged(self, network: torch.nn.Module, held: Samples) -> dict[str, float]:
        """Figures over the first of the held-out views: the mean error of sRGB, of 255, of what is known and of what is
        drawn, of words alone and of a photo, front and back."""
        found: dict[str, list[float]] = {}
        for truth, made in self._drawn(network, held, JUDGED):
            where = truth[0, 0, 3] > 0.5
            for name, maps in made.items():
                for k, side in enumerate(("front", "back")):
                    error = 127.5 * (maps[0, k, :3] - truth[0, k, :3]).abs().mean(dim=0)[where].mean()
                    found.setdefault(f"{side}_{name}", []).append(float(error))
        return {name: float(np.mean(values)) for name, values in found.items()}

    def sheet(self, network: torch.nn.Module, held: Samples) -> np.ndarray:
        """(H,W,3) uint8, a row a person: normals; what is known by words and drawn of it, the same of a photo, and the
        true colours, front and back each."""
        rows = []
        for k, (truth, made) in enumerate(self._drawn(network, held, JUDGED // 2)):
            normals = maps_of(unpacked(held["views"][k : k + 1]))[0, 0]
            tiles = [drawn(normals[:3], normals[3])]
            for maps in (*made.values(), truth):
                tiles += [masked(0.5 + 0.5 * side[:3] / side[3:].clamp(min=1e-3), side[3]) for side in maps[0]]
            rows.append(tiles)
        return tiled(rows)

    def _drawn(self, network: Any, held: Samples, count: int) -> Iterator[tuple[Tensor, Views]]:
        """The true colours of `count` views, and what is known and drawn of each, by name."""
        for k in range(min(count, len(held["views"]))):
            given = _of({name: value[k : k + 1] for name, value in held.items()})
            made, generator = {}, np.random.default_rng(k)
            for name, photo in (("words", None), ("photo", torch.cat([given["photo"][0], given["mask"][0]]))):
                known = _centred(_known(given, 0, photo, generator)[None], given["cover"])
                made[f"known_{name}"] = known
                made[name] = self.asked(network, maps_of(given), held["words"][k : k + 1], known, k)
            yield _centred(given["albedo"], given["cover"]), made


def coloured(model: BodyModel, found: Synthetic, generator: np.random.Generator, *, side: int) -> Samples:
    """Views of a person with `albedo` (N,6,H,W) uint8, and numbers (N,WORDS) of the words that say what they show."""
    made = views(model, found, generator, side=side, coloured=True)
    return {**made, "words": numbers_of(found.caption, made["crop"])}


def _of(batch: Samples) -> Views:
    given = unpacked(batch["views"])
    albedo = batch["albedo"].unflatten(1, (2, 3)).float() / 255
    return {name: given[name] for name in ("photo", "mask", "normals", "cover", "labels")} | {"albedo": albedo}


def _known(given: Views, k: int, photo: Tensor | None, generator: np.random.Generator) -> Tensor:
    """(2,3,H,W): the colours of a view's parts as words may name them; with a `photo` (4,H,W), that in front, and of
    the back what it shows of each part."""
    labels, cover = given["labels"][k], given["cover"][k]
    named, _ = flat(given["albedo"][k], labels)
    named = (named + torch.from_numpy(generator.normal(0, OFF, named.shape)).float()).clamp(0, 1)
    if photo is None:
        return in_parts(named, labels)
    there = (photo[3] > 0.9) & (cover > 0.5)
    seen, shown = flat(photo[None, :3], torch.where(there, labels[:1], 0), share=UNLIT)
    sides = in_parts(torch.where(shown[:, None], seen, named), labels)
    front = torch.where(there, photo[:3], sides[0])
    return torch.stack([front, sides[1]])


def _centred(colours: Tensor, cover: Tensor) -> Tensor:
    """(B,2,4,H,W): colours (B,2,3,H,W) 0 … 1 as -1 … 1, times their coverage (B,H,W), and that."""
    cover = cover[:, None, None].expand(-1, 2, -1, -1, -1)
    return torch.cat([(2 * colours - 1) * cover, cover], dim=2)
