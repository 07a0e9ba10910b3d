"""Clothes drawn by a diffusion model: the body's normals, words and a photo in, a front and a back out [Chupa]."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from avatarkit.errors import BadData
from avatarkit.maps import PARTS, Maps, View
from avatarkit.normals.keeping import bodily
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
    painter: Any = None,
    guidance: float = 2.0,
    seed: int = 0,
    steps: int = 20,
    front: Tensor | None = None,
    back: Tensor | None = None,
) -> Maps:
    """Normals of front and back as a `dual` pipeline draws them for this body, in the model's own resolution.

    With a `painter`, any pipeline of Stable Diffusion's kind, the front is painted first, the back drawn to it, and
    then both again. A `front` (4,S,S) made elsewhere stays as it is. BadData for a model of another kind.
    """
    from avatarkit import diffusion  # seconds, which those who draw nothing need not wait

    if not isinstance(dual, diffusion.DualNormalPipeline):
        raise BadData(f"--model: a {type(dual).__name__} draws no backs, expected a DualNormalPipeline (see --painter)")
    chance, side = torch.Generator().manual_seed(seed), dual.side or sitter.size
    body, words = _at(sitter.maps, side)[None], words or ""
    photo = None
    if sitter.photo is not None and sitter.mask is not None:
        shown = torch.cat([sitter.photo.movedim(-1, 0) * sitter.mask, sitter.mask[None]])
        photo = _at(shown[None], side)
    asked: dict[str, Any] = {"guidance_scale": guidance, "generator": chance, "num_inference_steps": steps}
    with diffusion.told_of_memory(ROOM):
        known = None if front is None else _at(front[None], side)
        if known is None and painter is not None:
            known = diffusion.painted(painter, body[0, 0], _at(sitter.depth[None, None], side)[0, 0], words,
                                      generator=chance)[None]  # fmt: skip
        repeats = 1 if known is None else REPEATS
        likely = [body[0, 0, 3], *(given[0, 3] for given in (photo, known) if given is not None)]
        strip = strip_of(torch.stack(likely).amax(dim=0), align=dual.codec.config.patch)
        maps = _within(strip, dual, body, [words], photo, front=known, repeats=repeats, **asked)
        for _ in range(REPEATS if front is None and known is not None else 0):
            maps = _within(strip, dual, body, [words], photo, start=maps, strength=AGAIN, **asked)
    return _as_maps(sitter, _at(maps[0], sitter.size), front, back)


def _within(
    strip: tuple[int, int], dual: Any, body: Tensor, words: list[str], photo: Tensor | None, **asked: Any
) -> Tensor:
    """(B,2,4,S,S): what a dual pipeline says of the upright strip in which somebody stands; nobody is beside it."""
    left, right = strip
    cut = {name: value[..., left:right] if isinstance(value, Tensor) else value for name, value in asked.items()}
    shown = None if photo is None else photo[..., left:right]
    found: Tensor = dual(body[..., left:right], words, shown, **cut).maps
    return pad(found, (left, body.shape[-1] - right))


def _as_maps(sitter: Sitter, found: Tensor, front: Tensor | None, back: Tensor | None) -> Maps:
    """The drawn pair (2,4,S,S), hands and face as the body has them, sides made elsewhere as they were."""
    found, skin = bodily(sitter, found)
    cover = found[0, 3] if front is None else front[3]
    sides = [given if given is not None else own for own, given in zip(found, (front, back), strict=True)]
    normals = torch.stack([torch.cat([side[:3] * (cover > 0), cover[None]]) for side in sides])
    labels = np.zeros((2, sitter.size, sitter.size, 2), np.float32)
    labels[..., 0] = PARTS.index("skin") * (skin > 0.5).numpy()
    labels[..., 1] = (cover > 0).numpy()
    views = (View(sitter.camera), View(sitter.camera, "farthest"))
    return Maps(views, normals.movedim(1, -1).numpy().astype(np.float32), None, labels)


def _at(maps: Tensor, side: int) -> Tensor:
    """Maps (N,C,H,W) in another resolution; of four channels, the normals are made unit again."""
    found = interpolate(maps, (side, side), mode="bilinear", antialias=True) if maps.shape[-1] != side else maps
    if maps.shape[1] != 4:
        return found
    length = found[:, :3].norm(dim=1, keepdim=True).clamp(min=1e-6)
    return torch.cat([found[:, :3] / length * (found[:, 3:] > 0), found[:, 3:]], dim=1)
