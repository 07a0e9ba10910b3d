"""The lesson of `regress`: a photo and a body's normals, so the normals, outline and parts of the clothed person."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, interpolate

from avatarkit import picture
from avatarkit.maps import PARTS
from avatarkit.regressor import Clothed, Regressor, angles, surprise
from avatarkit.training.augmenting import spoilt
from avatarkit.training.feeding import Sample, Samples
from avatarkit.training.views import degrees, drawn, masked, shown_of, unpacked, views

NORMAL, OUTLINE, PART, NOTHING = 5.0, 0.5, 1.0, 0.1
"""Weights of the normals [per radian], outline and parts beside the sureness'; of the background among the parts."""
RARE = (1.0, 0.6, 3.0, 1.0, 2.0, 0.7, 0.7, 0.8, 0.8, 1.5, 2.0, 4.0, 2.0, 2.0)
"""Weights of PARTS: what covers few pixels counts more."""
SHOWN = 6
"""People on a sheet."""


class RegressLesson:
    """What `regress` learns from; see Lesson."""

    name, rate, coarse = "regress", 2e-3, 0.35

    def sample(self, side: int) -> Sample:
        return partial(views, side=side)

    def network(self) -> Regressor:
        return Regressor()

    def augmented(self, batch: Samples, generator: np.random.Generator) -> dict[str, Tensor]:
        """Views spoilt as photos are."""
        return spoilt(unpacked(batch["views"]), generator)

    def loss(self, network: torch.nn.Module, given: dict[str, Tensor]) -> Tensor:
        return missed(network(given["shown"], given["body"]), given)

    def judged(self, network: torch.nn.Module, held: Samples) -> dict[str, float]:
        """Figures over held-out views: degrees where body and person are, front and back, and of the
        bare body's normals there; IoU of the outline; mean IoU of the parts; error of the least trusted fifth of the
        normals over that of the most trusted."""
        rows, counts = [], torch.zeros(len(PARTS), len(PARTS))
        for view in held["views"]:
            given = unpacked(view[None])
            found = answered(network, given)
            rows.append(_figures(found, given))
            counts += confusion(found, given)
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} | {"miou": mean_iou(counts)}

    def sheet(self, network: torch.nn.Module, held: Samples) -> np.ndarray:
        """(H,W,3) uint8, a row a person: photo, body, front as found and true, the same of back and parts, error to be
        expected."""
        rows = []
        for view in held["views"][:SHOWN]:
            given = unpacked(view[None])
            found = answered(network, given)
            cover = (found.cover[0] > 0).float()
            photo, body = masked(given["photo"][0], given["mask"][0, 0]), given["body"][0, 0]
            tiles = [photo, drawn(body[:3], body[3])]
            for k in (0, 1):
                tiles += [drawn(found.normals[0, k], cover), drawn(given["normals"][0, k], given["cover"][0])]
            for labels in (parts_of(found)[0, 0], given["labels"][0, 0]):
                tiles.append(torch.from_numpy(picture.palette(labels.numpy())[..., :3]).movedim(-1, 0))
            tiles.append((found.degrees[0, :1] / 45).clamp(0, 1).expand(3, -1, -1) * cover)
            rows.append([_bytes(tile) for tile in tiles])
        return picture.grid(rows)


def missed(found: Clothed, given: dict[str, Tensor]) -> Tensor:
    """How wrong an answer is about the true `normals`, `cover` and `labels`."""
    inside = (given["cover"] > 0.5)[:, None].expand(-1, 2, -1, -1)
    angle = angles(found, given["normals"])[inside]
    # every pixel counts alike: weighed by its own sureness, what is hard would be given up [Seitzer et al. 2022]
    normals = (NORMAL * angle + surprise(angle.detach(), found.sureness[inside])).mean()
    outline = binary_cross_entropy_with_logits(found.cover, given["cover"])
    labels, rare = given["labels"][..., ::2, ::2], found.parts.new_tensor(RARE)
    each = cross_entropy(found.parts.flatten(0, 1), labels.flatten(0, 1), reduction="none").reshape(labels.shape)
    # the background is most of a picture, and easy: its mean counts for itself
    parts = (rare[labels] * each)[labels > 0].mean() + NOTHING * each[labels == 0].mean()
    return normals + OUTLINE * outline + PART * parts


def answered(network: torch.nn.Module, given: dict[str, Tensor]) -> Clothed:
    """What the network, wherever it lives, says of an unspoilt photo."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        found: Clothed = network(shown_of(given).to(device), given["body"].to(device))
        return found.cpu()


def confusion(found: Clothed, given: dict[str, Tensor]) -> Tensor:
    """(PARTS,PARTS) pixels that are the first and are said to be the second."""
    pairs = len(PARTS) * given["labels"].flatten() + parts_of(found).flatten()
    return torch.bincount(pairs, minlength=len(PARTS) ** 2).reshape(len(PARTS), len(PARTS))


def mean_iou(counts: Tensor) -> float:
    """Of the parts that are there, by a `confusion`."""
    hit = counts.diagonal()
    return float((hit / (counts.sum(0) + counts.sum(1) - hit))[counts.sum(1) > 0].mean())


def parts_of(found: Clothed) -> Tensor:
    """(B,2,S,S) int64: the likeliest part of each pixel."""
    logits = interpolate(found.parts.flatten(0, 1), found.cover.shape[-2:], mode="bilinear")
    return logits.argmax(dim=1).unflatten(0, (-1, 2))


def _figures(found: Clothed, given: dict[str, Tensor]) -> dict[str, float]:
    inside = given["cover"][0] > 0.5
    both = inside & (given["body"][0, 0, 3] > 0.5)
    row = {}
    for k, side in enumerate(("front", "back")):
        error, body = (degrees(x[0, k], given["normals"][0, k]) for x in (found.normals, given["body"][:, :, :3]))
        row[side], row[f"{side}_body"] = float(error[both].mean()), float(body[both].mean())
        row[f"{side}_all"] = float(error[inside].mean())
        ranked = error[inside][found.sureness[0, k][inside].argsort()]
        fifth = max(1, len(ranked) // 5)
        row[f"{side}_trust"] = float(ranked[:fifth].mean() / ranked[-fifth:].mean().clamp(min=1e-6))
    cover = found.cover[0] > 0
    return row | {"iou": float((cover & inside).sum() / (cover | inside).sum().clamp(min=1))}


def _bytes(image: Tensor) -> np.ndarray:
    found: np.ndarray = (255 * image.clamp(0, 1)).byte().movedim(0, -1).numpy()
    return found
