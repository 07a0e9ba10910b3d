"""Colours that a diffusion model draws: the back of who is photographed from the front, and how long it takes."""

from __future__ import annotations

import colorsys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from _sitters import Case, cases
from torch import Tensor

from avatarkit import normals
from avatarkit.appearance.mapping import mapped
from avatarkit.body import BodyModel
from avatarkit.flats import UNLIT, flat, in_parts
from avatarkit.maps import PARTS, View

GARMENTS = ("top", "bottom", "dress", "outer")
COLOURFUL, SHOWN = 0.12, 400
"""The least saturation of a colour whose hue is looked at; the least pixels of a garment on either side."""
Row = dict[str, float]


def of_photos(model: BodyModel, dual: Any, seed: int, count: int) -> Row:
    """Of people photographed in light, their normals and parts given: how far the hue of each garment's back is from
    the truth, drawn and as one colour a part; and the mean error of sRGB, of 255, front and back."""
    hues: dict[str, list[float]] = {"drawn": [], "flat": []}
    errors: dict[str, list[float]] = {}
    for case in cases(model, seed, count):
        truth, made = of_photo(model, dual, case)
        labels = truth["labels"]
        for name, sides in made.items():
            there = (labels > 0) & (truth["cover"] > 0.99)
            for k, side in enumerate(("front", "back")):
                error = 255 * (sides[k] - truth["colours"][k]).abs().mean(dim=0)[there[k]].mean()
                errors.setdefault(f"photo_{side}_{name}", []).append(float(error))
            for part in map(PARTS.index, GARMENTS):
                seen = labels == part
                if int(seen[0].sum()) > SHOWN and int(seen[1].sum()) > SHOWN:
                    right, found = (_hue(colours[1], seen[1]) for colours in (truth["colours"], sides))
                    if right[1] > COLOURFUL:
                        hues[name].append(abs((found[0] - right[0] + 180) % 360 - 180))
    found = {name: float(np.mean(values)) for name, values in errors.items()}
    for name, values in hues.items():
        found[f"back_hue_{name}_median"] = float(np.median(values)) if values else float("nan")
    return found | {"back_hues": float(len(hues["drawn"]))}


def of_photo(model: BodyModel, dual: Any, case: Case) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """True `colours` (2,3,S,S), `labels` (2,S,S) and `cover` (2,S,S); and the colours (2,3,S,S) that are drawn, and one
    a part, of what the photo shows."""
    sitter = normals.seated(model, case.person, size=512)
    views = (View(sitter.camera), View(sitter.camera, "farthest"))
    maps = mapped(case.met.looks, case.met.dressed, views)
    colours, labels = torch.from_numpy(maps.albedo).movedim(-1, 1), torch.from_numpy(maps.labels[..., 0]).long()
    shown = torch.where(sitter.mask > 0.9, labels[0], 0)
    seen, there = flat(sitter.photo.movedim(-1, 0)[None], shown[None], share=UNLIT)
    own = in_parts(torch.where(there[:, None], seen, 0.5), labels)
    row = torch.cat([own, colours[:, 3:]], dim=1).movedim(1, -1).numpy().astype(np.float32)
    drawn = normals.coloured(sitter, replace(maps, albedo=row), dual, case.caption)
    found = torch.from_numpy(drawn.albedo).movedim(-1, 1)[:, :3]
    truth = {"colours": colours[:, :3], "labels": labels, "cover": torch.from_numpy(maps.normals[..., 3])}
    return truth, {"drawn": found, "flat": own}


def seconds(model: BodyModel, dual: Any, seed: int) -> float:
    """Wall seconds in which colours of 512² are drawn by two threads."""
    case, spent = next(cases(model, seed, 1)), []
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    sitter = normals.seated(model, case.person, size=512)
    maps = mapped(case.met.looks, case.met.dressed, (View(sitter.camera), View(sitter.camera, "farthest")))
    for _ in range(3):
        start = time.perf_counter()
        normals.coloured(sitter, maps, dual, case.caption)
        spent.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return float(np.median(spent))


def _hue(colours: Tensor, where: Tensor) -> tuple[float, float]:
    """Degrees and saturation of the mean colour (3,S,S) where (S,S)."""
    red, green, blue = colours[:, where].mean(dim=1).clamp(0, 1).tolist()
    hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
    return 360 * hue, saturation
