"""Clothes drawn by a diffusion model: the body's normals, words and what is seen in a photo in, a front and a back out
[Chupa]."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from avatarkit.errors import BadData
from avatarkit.normals.keeping import bodily
from avatarkit.normals.regressing import noticed
from avatarkit.regressor import Regressor
from avatarkit.sitter import Sitter
from avatarkit.strip import strip_of

REPEATS = 5
"""How often a step of the back is gone, the front held fixed; and how often a painted pair is drawn again."""
AGAIN = 0.1
"""The share of the noise with which a painted pair is drawn again, to be of the dual model's kind."""
ROOM = "take a smaller --size, or a smaller model"


def drawn(
    sitter: Sitter,
    dual: Any,
    words: str | None = None,
    *,
    network: Regressor | None = None,
    painter: Any = None,
    guidance: float = 2.0,
    seed: int = 0,
    steps: int = 20,
    front: Tensor | None = None,
    back: Tensor | None = None,
) -> Tensor:
    """(2,4,S,S): normals and coverage of front and back as a `dual` pipeline draws them for this body, in the model's
    own resolution; hands, face and feet that stay bare as the body has them.

    Of a sitter with a photo, `network` says what is seen there. With a `painter`, any pipeline of Stable Diffusion's
    kind, the front is painted first, the back drawn to it, and then both again. A `front` (4,S,S) made elsewhere stays
    as it is. BadData for a model of another kind.
    """
    from avatarkit import diffusion  # seconds, which those who draw nothing need not wait

    if not isinstance(dual, diffusion.DualNormalPipeline):
        raise BadData(f"--model: a {type(dual).__name__} draws no backs, expected a DualNormalPipeline (see --painter)")
    chance, side = torch.Generator().manual_seed(seed), dual.side or sitter.size
    body, said = _at(sitter.maps, side)[None], [words] if words else None
    seen = _seen(sitter, network, side) if network is not None and dual.heeds else None
    asked: dict[str, Any] = {"guidance_scale": guidance, "generator": chance, "num_inference_steps": steps}
    with diffusion.told_of_memory(ROOM):
        known = None if front is None else _at(front[None], side)
        if known is None and painter is not None:
            known = diffusion.painted(painter, body[0, 0], _at(sitter.depth[None, None], side)[0, 0], words or "",
                                      generator=chance)[None]  # fmt: skip
        repeats = 1 if known is None else REPEATS
        likely = body[0, 0, 3]
        for front_of in (known, None if seen is None else seen[:, 0]):
            likely = likely if front_of is None else torch.maximum(likely, front_of[0, 3])
        strip = strip_of(likely, align=dual.codec.config.patch)
        maps = _within(strip, dual, body, said, seen, front=known, repeats=repeats, **asked)
        for _ in range(REPEATS if front is None and known is not None else 0):
            maps = _within(strip, dual, body, said, seen, start=maps, strength=AGAIN, **asked)
    found, _ = bodily(sitter, _at(maps[0], sitter.size))
    given = [own if made is None else made for own, made in zip(found, (front, back), strict=True)]
    cover = given[0][3]
    return torch.stack([torch.cat([side[:3] * (cover > 0), cover[None]]) for side in given])


def _seen(sitter: Sitter, network: Regressor, side: int) -> Tensor | None:
    """(1,2,4,side,side): the clothed pair as far as the sitter's photo tells; None without one."""
    if sitter.photo is None or sitter.mask is None:
        return None
    clothed, cover = noticed(sitter, network)
    return _at(torch.cat([clothed.normals[0] * (cover > 0), cover.expand(2, 1, -1, -1)], dim=1), side)[None]


def _within(
    strip: tuple[int, int], dual: Any, body: Tensor, words: list[str] | None, seen: Tensor | None, **asked: Any
) -> Tensor:
    """(B,2,4,S,S): what a dual pipeline says of the upright strip in which somebody stands; nobody is beside it."""
    left, right = strip
    cut = {name: value[..., left:right] if isinstance(value, Tensor) else value for name, value in asked.items()}
    seen = None if seen is None else seen[..., left:right]
    found: Tensor = dual(body[..., left:right], words, seen, **cut).maps
    return pad(found, (left, body.shape[-1] - right))


def _at(maps: Tensor, side: int) -> Tensor:
    """Maps (N,C,H,W) in another resolution; of four channels, the normals are made unit again."""
    found = interpolate(maps, (side, side), mode="bilinear", antialias=True) if maps.shape[-1] != side else maps
    if maps.shape[1] != 4:
        return found
    length = found[:, :3].norm(dim=1, keepdim=True).clamp(min=1e-6)
    return torch.cat([found[:, :3] / length * (found[:, 3:] > 0), found[:, 3:]], dim=1)
