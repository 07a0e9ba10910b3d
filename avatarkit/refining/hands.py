"""Who gives pairs of normals anew: a hand takes pairs of the mesh as it is, and says what they should look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatarkit import shading
from avatarkit.errors import BadData
from avatarkit.mesh import unit
from avatarkit.progress import track
from avatarkit.refining.around import Pair, anchored
from avatarkit.regressor import Regressor, seen

SOURCES = ("maps", "regress", "diffusion")
STEPS = 20
"""Of all of the noise; a strength of 0.1 goes the last two of them."""
TOGETHER = 4
"""Pairs that a model draws at once."""


class Hand(Protocol):
    """Normals for pairs (B) of one size: (B,2,4,S,S), and how far they are to be trusted (B,2,S,S), 0 … 1."""

    def __call__(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True, eq=False)
class Resampled:
    """Pairs noised a little and drawn again by a DualNormalPipeline, `repeats` times [SDEdit; Chupa, §3.3]; what its
    codec cannot hold of them, and outlines, stay as they are.

    `head` is the model for views of the head, where another is given. Noise is `anchor`ed to the surface, or each
    view's own. BadData for a model of another kind.
    """

    dual: Any
    words: str = ""
    head: Any = None
    strength: float = 0.1
    repeats: int = 2
    anchor: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        from avatarkit import diffusion

        for model in (self.dual, self.head):
            if model is not None and not isinstance(model, diffusion.DualNormalPipeline):
                raise BadData(f"--model: a {type(model).__name__} draws no backs, expected a DualNormalPipeline")

    def __call__(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        chance = torch.Generator().manual_seed(self.seed)
        crop, own = pairs[0].crop, torch.stack([pair.mesh for pair in pairs])
        dual = self.head if crop and self.head is not None else self.dual
        found = own
        for _ in range(self.repeats):
            wide = dual.codec.config.patch * own.shape[-1] // (dual.side or own.shape[-1])
            noise = anchored(pairs, dual.codec.config.latents, wide, chance)
            if not self.anchor:
                noise = torch.randn(noise.shape, generator=chance)
            found = self._again(dual, found, torch.stack([pair.body for pair in pairs]), noise, crop)
        return found, own[:, :, 3]

    def _again(self, dual: Any, maps: Tensor, body: Tensor, noise: Tensor, crop: str) -> Tensor:
        from avatarkit import diffusion

        words = dual.words.numbers([self.words], [crop]).expand(len(maps), -1)
        found = []
        for k in track(range(0, len(maps), TOGETHER), "resampling"):
            some = slice(k, k + TOGETHER)
            drawn, plain = (
                diffusion.asked(
                    dual, body[some], words[some], start=maps[some], noise=noise[some], guidance_scale=1,
                    strength=strength, num_inference_steps=STEPS,
                )
                for strength in (self.strength, 0.0)
            )  # fmt: skip
            normals = unit((maps[some] + drawn - plain)[:, :, :3].movedim(2, -1)).movedim(-1, 2)
            both = torch.minimum(drawn, plain)[:, :, 3:] > 0.5  # elsewhere it draws nobody, and says nothing
            found.append(torch.where(both, torch.cat([normals, maps[some][:, :, 3:]], dim=2), maps[some]))
        return torch.cat(found)


@dataclass(frozen=True, eq=False)
class Estimated:
    """Pairs estimated from pictures of the mesh in clay, by the network that sees clothes in photos; each side as it
    looks from there. For orthographic pairs."""

    network: Regressor

    def __call__(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        found = [self._of(pair) for pair in track(pairs, "estimating")]
        normals, trust = (torch.stack(side) for side in zip(*found, strict=True))
        return normals, trust

    def _of(self, pair: Pair) -> tuple[Tensor, Tensor]:
        front, trust = self._front(pair.mesh, pair.body)
        back, behind = self._front(turned(pair.mesh), turned(pair.body))
        return torch.stack([front, turned(back[None])[0]]), torch.stack([trust, behind.flip(-1)])

    def _front(self, mesh: Tensor, body: Tensor) -> tuple[Tensor, Tensor]:
        cover = mesh[0, 3]
        maps, trust = estimated(self.network, torch.cat([_clay(mesh[0, :3]) * cover, cover[None]]), body)
        return maps[0], trust[0]


def hand(
    source: str,
    network: Regressor | None,
    dual: Any,
    head: Any,
    *,
    words: str = "",
    strength: float = 0.1,
    repeats: int = 2,
    seed: int = 0,
) -> Hand | None:
    """Whoever a source stands for, of SOURCES; nobody where the maps are carved in again."""
    if source == "diffusion":
        return Resampled(dual, words, head, strength, repeats, seed=seed)
    return Estimated(network) if network is not None else None


def estimated(network: Regressor, shown: Tensor, body: Tensor) -> tuple[Tensor, Tensor]:
    """(2,4,S,S), (2,S,S): what the network sees in a picture `shown` (4,S,S), sRGB and mask, of who has this `body`
    (2,4,S,S), within the mask; and how far it trusts that."""
    found, cover = seen(network, shown, body), shown[3].expand(2, 1, -1, -1)
    return torch.cat([found.normals[0] * (cover > 0), cover], dim=1), shown[3] * found.trust[0]


def turned(maps: Tensor) -> Tensor:
    """Sides (…,4,S,S) of an orthographic camera, the nearest first, as the camera behind the person has them."""
    return torch.cat([-maps[:, :1], maps[:, 1:]], dim=1).flip(0, -1)


def _clay(normals: Tensor) -> Tensor:
    """(3,S,S): sRGB of clay with these normals (3,S,S) under the studio's lamps."""
    points = normals.flatten(1).T
    full, up = torch.ones(len(points)), normals.new_tensor([0.0, 1.0, 0.0])
    clay = normals.new_tensor(shading.CLAY).expand_as(points)
    light = shading.lit(clay, unit(points), up, full, full, gloss=0.0)
    return shading.tone_mapped(light).T.reshape(normals.shape)


def resized(maps: Tensor, trust: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Maps (B,2,4,s,s) and trust (B,2,s,s) in `side` pixels, normals unit again."""
    if maps.shape[-1] == side:
        return maps, trust
    B = len(maps)
    found = interpolate(torch.cat([maps, trust[:, :, None]], dim=2).flatten(0, 1), (side, side), mode="bilinear")
    found = found.unflatten(0, (B, 2))
    normals = unit(found[:, :, :3].movedim(2, -1)).movedim(-1, 2)
    return torch.cat([normals, found[:, :, 3:4]], dim=2), found[:, :, 4]
