"""The lesson of `normals`: a body, words and what is seen in a photo, so a pair of normals that may be worn there
[Chupa, §3.2]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatarkit import diffusion
from avatarkit.body import BodyModel
from avatarkit.errors import UsageError
from avatarkit.people import Synthetic
from avatarkit.regressor import SIDE, Regressor
from avatarkit.training.augmenting import seen_otherwise, spoilt_photos
from avatarkit.training.dual import JUDGED, DualLesson, Views, at_some_noise, numbers_of, tiled
from avatarkit.training.feeding import Sample, Samples
from avatarkit.training.views import (
    CHANNELS,
    degrees,
    drawn,
    masked,
    packed_pair,
    unpacked,
    unpacked_pair,
    views,
)

CODED = 256
"""Height of the views that a codec's numbers are learnt for."""


NOISES = 4
"""In which a pair is seen at once: a codec's numbers cost more than their denoiser."""


class NormalsLesson(DualLesson):
    """What `normals` learns from; see Lesson. `read_network`: the regressor that sees the photos; `read_codec`: what is
    drawn in its numbers, else in principal components."""

    def __init__(
        self, name: str, read_model: Callable[[], BodyModel], read_network: Callable[[], Regressor],
        read_codec: Callable[[], diffusion.DualCodec] | None = None, **kind: Any,
    ) -> None:  # fmt: skip
        super().__init__(name, read_model, **kind)
        self.read_network, self.read_codec = read_network, read_codec
        self.numbers, self.noises = (diffusion.LATENTS, diffusion.PATCH), 1
        self.coarse = DualLesson.coarse if read_codec is None else 0.0  # a cell is as wide in every view

    def network(self) -> Any:
        if self.read_codec is None:
            return super().network()
        torch.manual_seed(0)
        codec = self.read_codec()
        self.numbers, self.noises = (codec.config.latents, codec.config.patch), NOISES
        return diffusion.Denoiser(diffusion.begun_in(codec, side=CODED, prediction=self.prediction))

    def sample(self, side: int) -> Sample:
        side = side if self.read_codec is None else of_codec_size(side)
        return partial(told, side=side, read_network=self.read_network)

    def codec_maps(self) -> tuple[Tensor, ...]:
        made = [unpacked(views(self.read_model(), *found, side=256)["views"]) for found in self.met()]
        return (torch.cat([(maps_of(given) - given["body"]).flatten(0, 1) for given in made]),)

    def augmented(self, batch: Samples, generator: np.random.Generator) -> Views:
        """Views seen otherwise; what is given of each, and when in the noise it is asked for."""
        given = seen_views(batch, generator)
        asked, photographed = at_some_noise(batch["words"], given["cover"], generator, self.numbers, self.noises)
        return {"maps": maps_of(given), "given": given["body"], "known": known_of(given, photographed), **asked}

    def judged(self, network: torch.nn.Module, held: Samples) -> dict[str, float]:
        """Figures over the first of the held-out views: degrees where body and person are, of the bare body, of what is
        seen in the photo, and as drawn of words alone and of words and photo, front and back; IoU of the outline."""
        found: dict[str, list[float]] = {}
        for given, made in self._drawn(network, held, JUDGED):
            cover = given["cover"][0] > 0.5
            both = cover & (given["body"][0, 0, 3] > 0.5)
            for name, maps in {"body": given["body"], "seen": given["seen"], **made}.items():
                for k, side in enumerate(("front", "back")):
                    error = degrees(maps[0, k, :3], given["normals"][0, k])[both].mean()
                    found.setdefault(f"{side}_{name}", []).append(float(error))
                drawn_there = maps[0, 0, 3] > 0.5
                iou = (drawn_there & cover).sum() / (drawn_there | cover).sum().clamp(min=1)
                found.setdefault(f"iou_{name}", []).append(float(iou))
        return {name: float(np.mean(values)) for name, values in found.items()}

    def sheet(self, network: torch.nn.Module, held: Samples) -> np.ndarray:
        """(H,W,3) uint8, a row a person: photo, body, front and back of words alone, as seen in the photo, of words and
        photo, and true."""
        rows = []
        for given, made in self._drawn(network, held, JUDGED // 2):
            tiles = [masked(given["photo"][0], given["mask"][0])]
            tiles.append(drawn(given["body"][0, 0, :3], given["body"][0, 0, 3]))
            for maps in (made["words"], given["seen"], made["photo"], maps_of(given)):
                tiles += [drawn(side[:3], side[3]) for side in maps[0]]
            rows.append(tiles)
        return tiled(rows)

    def _drawn(self, network: Any, held: Samples, count: int) -> Iterator[tuple[Views, Views]]:
        """Each of `count` views, and what is drawn of it, by name."""
        for k in range(min(count, len(held["views"]))):
            given = {**unpacked(held["views"][k : k + 1]), "seen": unpacked_pair(held["seen"][k : k + 1])}
            known = {"words": given["body"], "photo": given["seen"]}
            words = held["words"][k : k + 1]
            yield given, {name: self.asked(network, given["body"], words, pair, k) for name, pair in known.items()}


def told(
    model: BodyModel, found: Synthetic, generator: np.random.Generator, *, side: int,
    read_network: Callable[[], Regressor],
) -> Samples:  # fmt: skip
    """Views of a person; `seen` (N,8,H,W), what our regressor says of their photos, spoilt; and numbers (N,WORDS) of
    the words that say what they show."""
    made = views(model, found, generator, side=max(side, SIDE))
    given = unpacked(made["views"])
    shown = spoilt_photos(given, generator)
    with torch.inference_mode():
        clothed = _network(read_network)(shown, given["body"])
    cover = clothed.cover.sigmoid()[:, None, None].expand(-1, 2, -1, -1, -1)
    seen = packed_pair(torch.cat([clothed.normals, cover], dim=2))
    words = numbers_of(found.caption, made["crop"])
    return {"views": _shrunk(made["views"], side), "seen": _shrunk(seen, side), "crop": made["crop"], "words": words}


def of_codec_size(side: int) -> int:
    """UsageError for views of a height that a codec's cells are not made for."""
    if side != CODED:
        raise UsageError(f"--size {side}: a codec and what is drawn in its numbers learn from views of {CODED} pixels")
    return side


def known_of(given: Views, photographed: Tensor) -> Tensor:
    """(B,2,4,H,W): what the regressor sees of who is `photographed` (B) bool, of others the body."""
    return torch.where(photographed[:, None, None, None, None], given["seen"], given["body"])


def seen_views(batch: Samples, generator: np.random.Generator) -> Views:
    """Body, normals, cover, labels and `seen` (B,2,4,H,W) of views, seen otherwise."""
    given = unpacked(batch["views"])
    learnt = {name: given[name] for name in ("body", "normals", "cover", "labels")}
    return seen_otherwise({**learnt, "seen": unpacked_pair(batch["seen"])}, generator)


def _shrunk(packed: Tensor, side: int) -> Tensor:
    """Views (N,C,H,W) uint8, `side` high; of pixels put together, labels are that of one."""
    step = packed.shape[-2] // side
    means = avg_pool2d(packed.float(), step).round().to(torch.uint8)
    labels = sum(CHANNELS.values()) - CHANNELS["labels"]
    return torch.cat([means[:, :labels], packed[:, labels:, ::step, ::step]], dim=1)


@lru_cache
def _network(read: Callable[[], Regressor]) -> Regressor:
    return read()


def maps_of(given: Views) -> Tensor:
    """(B,2,4,H,W): the true normals of both sides with their coverage."""
    cover = given["cover"][:, None, None]
    return torch.cat([given["normals"] * (cover > 0), cover.expand(-1, 2, -1, -1, -1)], dim=2)
