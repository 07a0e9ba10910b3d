"""What the lessons of dual diffusion models share: the network that is begun, its noise, its error, what it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import diffusion, people, picture
from avatarkit.body import BodyModel
from avatarkit.people import Synthetic
from avatarkit.training.views import CROPS

WITHOUT_PHOTO, WITHOUT_WORDS = 0.5, 0.15
"""The shares of views that are learnt without."""
FITTED = 24
"""People whose maps the codecs are fitted to."""
JUDGED, STEPS = 12, 10
"""Views that are judged, and steps in which they are drawn: each takes as long as many steps of training."""
WORDS = 32
"""Of a sentence, at most."""
Views = dict[str, Tensor]


class DualLesson:
    """A lesson (see Lesson) whose network says `sample` or `v_prediction` of pairs of maps, told of what is given and
    what is known of them."""

    rate, coarse = 4e-4, 0.72

    def __init__(
        self, name: str, read_model: Callable[[], BodyModel], *, side: int = 512, prediction: str = "sample",
        widths: Sequence[int] = (64, 128, 192), fitted: int = FITTED,
    ) -> None:  # fmt: skip
        self.name, self.read_model, self.prediction = name, read_model, prediction
        self.side, self.widths, self.count = side, tuple(widths), fitted

    def codec_maps(self) -> tuple[Tensor, ...]:
        """(N,4,H,W): what is drawn less what is known, and what is given if it is of another kind."""
        raise NotImplementedError

    def network(self) -> Any:
        torch.manual_seed(0)
        begun = diffusion.begun(*self.fitted, side=self.side, widths=self.widths, prediction=self.prediction)
        return diffusion.Denoiser(begun)

    @cached_property
    def fitted(self) -> tuple[Tensor, ...]:
        return self.codec_maps()

    def met(self) -> Iterator[tuple[Synthetic, np.random.Generator]]:
        """The people that codecs are fitted to."""
        model = self.read_model()
        for k in range(self.count):
            yield people.met(model, seed=0, index=k), np.random.default_rng(k)

    def loss(self, network: torch.nn.Module, given: Views) -> Tensor:
        errors: Tensor = network(*(given[name] for name in ("maps", "given", "known", "words", "time", "noise")))
        return errors.mean()

    def asked(self, network: Any, maps: Tensor, words: Tensor, known: Tensor, seed: int) -> Tensor:
        """What is drawn of `maps` that are given and `known`, on the network's device."""
        device = next(network.parameters()).device
        found: Tensor = network.pipeline(
            maps.to(device), words, known.to(device), num_inference_steps=STEPS, guidance_scale=1,
            generator=torch.Generator().manual_seed(seed),
        ).maps  # fmt: skip
        return found.cpu()


def at_some_noise(
    words: Tensor, like: Tensor, generator: np.random.Generator,
    numbers: tuple[int, int] = (diffusion.LATENTS, diffusion.PATCH), noises: int = 1,
) -> tuple[Views, Tensor]:  # fmt: skip
    """`words` (B,T), some left out, and so many `noises` for maps `like` (B,…,H,W), of a side so many `numbers` for
    patches so wide, at times evenly over the noise; and whose photos are shown (B) bool."""
    B, (H, W), (latents, patch) = len(like), like.shape[-2:], numbers
    N = noises * B
    times = diffusion.TIMES * (generator.permutation(N) + generator.uniform(size=N)) / N
    photographed, said = torch.from_numpy(generator.uniform(size=(2, B)) >= [[WITHOUT_PHOTO], [WITHOUT_WORDS]])
    noise = torch.from_numpy(generator.standard_normal((N, 2 * latents, H // patch, W // patch), np.float32))
    asked = {"words": words * said[:, None], "time": torch.from_numpy(times.astype(np.int64)), "noise": noise}
    return asked, photographed


def numbers_of(caption: str, crops: Tensor) -> Tensor:
    """(N,WORDS): the words of a person's views, of which each is a crop of CROPS, or whole."""
    names = [list(CROPS)[crop] for crop in crops.tolist()]
    return diffusion.numbered([caption] * len(names), _vocabulary(), WORDS, names)


@lru_cache
def _vocabulary() -> list[str]:
    return diffusion.known_words()


def tiled(rows: list[list[Tensor]]) -> np.ndarray:
    """(H,W,3) uint8: rows of pictures (3,H,W) 0 … 1."""
    return picture.grid([[(255 * tile.clamp(0, 1)).byte().movedim(0, -1).numpy() for tile in row] for row in rows])
