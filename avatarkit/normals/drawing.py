"""Clothes drawn by a diffusion model: the body's normals, words and what is seen in a photo in, a front and a back out
[Chupa]."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatarkit.errors import BadData
from avatarkit.mesh import connected
from avatarkit.normals.keeping import bodily
from avatarkit.normals.regressing import noticed
from avatarkit.regressor import Regressor
from avatarkit.sitter import Sitter

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
    guidance: float = 3.0,
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
    chance, body = torch.Generator().manual_seed(seed), sitter.maps[None]
    seen = _seen(sitter, network) if network is not None and dual.heeds else None
    given: dict[str, Any] = {"words": [words] if words else None, "known": seen}
    given |= {"guidance_scale": guidance, "generator": chance, "num_inference_steps": steps}
    with diffusion.told_of_memory(ROOM):
        known = None if front is None else front[None]
        if known is None and painter is not None:
            known = diffusion.painted(painter, sitter.maps[0], sitter.depth, words or "", generator=chance)[None]
        maps = diffusion.asked(dual, body, front=known, repeats=1 if known is None else REPEATS, **given)
        for _ in range(REPEATS if front is None and known is not None else 0):
            maps = diffusion.asked(dual, body, start=maps, strength=AGAIN, **given)
    found, _ = bodily(sitter, maps[0] * of_body(maps[0, 0, 3], sitter.maps[0, 3]))
    sides = [own if made is None else made for own, made in zip(found, (front, back), strict=True)]
    cover = sides[0][3]
    return torch.stack([torch.cat([side[:3] * (cover > 0), cover[None]]) for side in sides])


def of_body(cover: Tensor, body: Tensor) -> Tensor:
    """(S,S) bool: the pixels that are covered and hang together with some of the body; a model also draws clouds."""
    there, pixel = cover > 0, torch.arange(cover.numel()).reshape(cover.shape)
    beside = torch.stack([pixel[:, :-1], pixel[:, 1:]], dim=-1)[there[:, :-1] & there[:, 1:]]
    below = torch.stack([pixel[:-1], pixel[1:]], dim=-1)[there[:-1] & there[1:]]
    piece = connected(torch.cat([beside, below]), cover.numel()).reshape(cover.shape)
    return there & torch.isin(piece, piece[there & (body > 0.5)].unique())


def _seen(sitter: Sitter, network: Regressor) -> Tensor | None:
    """(1,2,4,S,S): the clothed pair as far as the sitter's photo tells; None without one."""
    if sitter.photo is None or sitter.mask is None:
        return None
    clothed, cover = noticed(sitter, network)
    pair = torch.cat([clothed.normals[0] * (cover > 0), cover.expand(2, 1, -1, -1)], dim=1)
    found = interpolate(pair, (sitter.size, sitter.size), mode="bilinear", antialias=True)
    length = found[:, :3].norm(dim=1, keepdim=True).clamp(min=1e-6)
    return torch.cat([found[:, :3] / length * (found[:, 3:] > 0), found[:, 3:]], dim=1)[None]
