"""The lesson of `normals`: a body, words and a photo, so a pair of normals that may be worn there [Chupa, §3.2]."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import diffusion, people, picture
from avatarkit.body import BodyModel
from avatarkit.people import Synthetic
from avatarkit.training.augmenting import spoilt
from avatarkit.training.feeding import Sample, Samples
from avatarkit.training.views import CROPS, degrees, drawn, masked, shown_of, unpacked, views

WITHOUT_PHOTO, WITHOUT_WORDS = 0.4, 0.15
"""The shares of views that are learnt without."""
FITTED = 24
"""People whose maps the codecs are fitted to."""
JUDGED, STEPS = 12, 10
"""Views that are judged, and steps in which they are drawn: each takes as long as many steps of training."""
WORDS = 32
"""Of a sentence, at most."""


class DualLesson:
    """What `normals` learns from; see Lesson. `prediction`: what the network says, `sample` or `v_prediction`."""

    rate, coarse = 1e-3, 0.6

    def __init__(
        self, name: str, read_model: Any, *, prediction: str = "sample", widths: Sequence[int] = (64, 128, 192),
        fitted: int = FITTED,
    ) -> None:  # fmt: skip
        self.name, self.read_model, self.prediction = name, read_model, prediction
        self.widths, self.count = tuple(widths), fitted

    def sample(self, side: int) -> Sample:
        return partial(told, side=side)

    def network(self) -> Any:
        torch.manual_seed(0)
        worn, photos = self.fitted
        return diffusion.Denoiser(diffusion.begun(worn, photos, widths=self.widths, prediction=self.prediction))

    @cached_property
    def fitted(self) -> tuple[Tensor, Tensor]:
        """What some people's maps have that their bodies' have not, and photos, for the codecs."""
        model = self.read_model()
        met = (people.met(model, seed=0, index=k) for k in range(self.count))
        made = [
            unpacked(views(model, found, np.random.default_rng(k), side=256)["views"]) for k, found in enumerate(met)
        ]
        given = {name: torch.cat([one[name] for one in made]) for name in made[0]}
        return (maps_of(given) - given["body"]).flatten(0, 1), shown_of(given)

    def augmented(self, batch: Samples, generator: np.random.Generator) -> dict[str, Tensor]:
        """Views spoilt as photos are; what is given of each, and when in the noise it is asked for."""
        given = spoilt(unpacked(batch["views"]), generator)
        B, _, H, W = given["shown"].shape
        times = diffusion.TIMES * (np.arange(B) + generator.uniform(size=B)) / B  # evenly over the noise
        kept = generator.uniform(size=(2, B)) >= [[WITHOUT_PHOTO], [WITHOUT_WORDS]]
        noise = generator.standard_normal(
            (B, 2 * diffusion.LATENTS, H // diffusion.PATCH, W // diffusion.PATCH), np.float32
        )
        return {
            "maps": maps_of(given), "body": given["body"], "shown": given["shown"], "words": batch["words"],
            "photographed": torch.from_numpy(kept[0]), "said": torch.from_numpy(kept[1]),
            "time": torch.from_numpy(times.astype(np.int64)),
            "noise": torch.from_numpy(noise),
        }  # fmt: skip

    def loss(self, network: torch.nn.Module, given: dict[str, Tensor]) -> Tensor:
        kept = given["photographed"], given["said"]
        errors: Tensor = network(
            given["maps"], given["body"], given["shown"], given["words"], kept, given["time"], given["noise"]
        )
        return errors.mean()

    def judged(self, network: torch.nn.Module, held: Samples) -> dict[str, float]:
        """Figures over the first of the held-out views: degrees where body and person are, of the bare body, and as
        drawn of words alone and of words and photo, front and back; IoU of the outline."""
        found: dict[str, list[float]] = {}
        for given, made in self._drawn(network, held, JUDGED):
            cover = given["cover"][0] > 0.5
            both = cover & (given["body"][0, 0, 3] > 0.5)
            for name, maps in {"body": given["body"], **made}.items():
                for k, side in enumerate(("front", "back")):
                    error = degrees(maps[0, k, :3], given["normals"][0, k])[both].mean()
                    found.setdefault(f"{side}_{name}", []).append(float(error))
                drawn_there = maps[0, 0, 3] > 0.5
                iou = (drawn_there & cover).sum() / (drawn_there | cover).sum().clamp(min=1)
                found.setdefault(f"iou_{name}", []).append(float(iou))
        return {name: float(np.mean(values)) for name, values in found.items()}

    def sheet(self, network: torch.nn.Module, held: Samples) -> np.ndarray:
        """(H,W,3) uint8, a row a person: photo, body, front and back of words alone, of words and photo, and true."""
        rows = []
        for given, made in self._drawn(network, held, JUDGED // 2):
            tiles = [masked(given["photo"][0], given["mask"][0])]
            tiles.append(drawn(given["body"][0, 0, :3], given["body"][0, 0, 3]))
            for maps in (*made.values(), maps_of(given)):
                tiles += [drawn(side[:3], side[3]) for side in maps[0]]
            rows.append([(255 * tile.clamp(0, 1)).byte().movedim(0, -1).numpy() for tile in tiles])
        return picture.grid(rows)

    def _drawn(self, network: Any, held: Samples, count: int) -> Any:
        """Each of `count` views, and what is drawn of it, by name, on the network's device."""
        pipeline, device = network.pipeline, next(network.parameters()).device
        for k in range(min(count, len(held["views"]))):
            given = unpacked(held["views"][k : k + 1])
            body, words, made = given["body"].to(device), held["words"][k : k + 1], {}
            for name, photo in (("words", None), ("photo", shown_of(given).to(device))):
                chance = torch.Generator().manual_seed(k)
                maps = pipeline(body, words, photo, num_inference_steps=STEPS, guidance_scale=1, generator=chance).maps
                made[name] = maps.cpu()
            yield given, made


def told(model: BodyModel, found: Synthetic, generator: np.random.Generator, *, side: int) -> Samples:
    """Views of a person, and numbers (N,WORDS) of the words that say what they show."""
    made = views(model, found, generator, side=side)
    crops = [list(CROPS)[crop] for crop in made["crop"].tolist()]
    return {**made, "words": diffusion.numbered([found.caption] * len(crops), _vocabulary(), WORDS, crops)}


@lru_cache
def _vocabulary() -> list[str]:
    return diffusion.known_words()


def maps_of(given: dict[str, Tensor]) -> Tensor:
    """(B,2,4,H,W): the true normals of both sides with their coverage."""
    cover = given["cover"][:, None, None]
    return torch.cat([given["normals"] * (cover > 0), cover.expand(-1, 2, -1, -1, -1)], dim=2)
