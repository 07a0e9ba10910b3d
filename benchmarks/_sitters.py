"""Photographed people whose clothes are known, as sitters; and how near maps of them come to the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from avatarkit import appearance, files, fitting, normals, people
from avatarkit import camera as cameras
from avatarkit.appearance.mapping import mapped
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import BodyModel
from avatarkit.errors import AvatarError
from avatarkit.maps import PARTS, Maps, View
from avatarkit.mesh import Mesh
from avatarkit.normals import Sitter
from avatarkit.people import Synthetic

SIDE = 512
HANDS_AND_FACE = ("hand", "thumb", "index", "middle", "ring", "pinky", "face")
SKIN = tuple(PARTS.index(name) for name in ("skin", "eyes"))
Source = Callable[[Sitter, str | None, int], Maps]
"""Who makes maps: of a sitter, words and a seed."""
Row = dict[str, float]


@dataclass(frozen=True, eq=False)
class Case:
    """One photo with its truth: `sides` (2,5,SIDE,SIDE), front and back: normals, coverage and label in the photo's own
    pixels; and who was met."""

    person: Any
    sides: Tensor
    met: Synthetic

    @property
    def caption(self) -> str:
        return self.met.caption

    @property
    def mesh(self) -> Mesh:
        return self.met.looks.mesh

    def seen(self, sitter: Sitter) -> Tensor:
        """(2,5,S,S): the truth as the sitter's camera has it."""
        left, top, side = sitter.rect
        places = cameras.pixel_centres((sitter.size, sitter.size), self.sides) * side / sitter.size
        grid = (places + torch.tensor([left, top])) / SIDE * 2 - 1
        return grid_sample(self.sides, grid.expand(2, -1, -1, -1), mode="nearest", align_corners=False)


def cases(model: BodyModel, seed: int, count: int, first: int = 0) -> Iterator[Case]:
    """People `first` … first + count - 1 of a seed, in garments that nothing was tuned on, photographed."""
    for index in range(first, first + count):
        found = people.met(model, seed=seed, index=index, heldout=True)
        generator = np.random.default_rng([seed, index, 1])
        camera = viewpoint(found.looks.mesh.vertices, generator, SIDE)
        taken = appearance.photograph(found.looks, camera, generator)
        maps = mapped(found.looks, found.dressed, [View(camera), View(camera, "farthest")], coloured=False)
        assert maps.labels is not None
        sides = torch.from_numpy(np.concatenate([maps.normals, maps.labels[..., :1]], axis=-1)).movedim(-1, 1)
        crop = np.concatenate([taken.image, taken.mask[..., None]], axis=-1)
        person = replace(found.person, camera=camera, crop=crop)
        yield Case(person, sides, found)


def refitted(figure: Any, case: Case) -> Any | None:
    """The case's person as fit-smpl finds them, true focal length and height given; None where it fails."""
    photo, mask = case.person.crop[..., :3], case.person.crop[..., 3]
    height = 100 * float(figure.model.shaped(case.person.betas).height)
    lens = fitting.Lens(float(case.person.camera.K[0, 0]), "given")
    try:
        return fitting.from_photo(figure, np.ascontiguousarray(photo), lens=lens, mask=mask, height=height, force=True)
    except AvatarError:
        return None


def angles(a: Tensor, b: Tensor, where: Tensor) -> float:
    """Mean angle in degrees between maps (3+,S,S) where (S,S) bool."""
    cosine = (a[:3] * b[:3]).sum(dim=0)[where].clamp(-1, 1)
    return float(torch.rad2deg(torch.arccos(cosine)).mean()) if len(cosine) else float("nan")


def iou(a: Tensor, b: Tensor) -> float:
    return float((a & b).sum() / (a | b).sum())


def agreement(sitter: Sitter, maps: Maps) -> Row:
    """What needs no truth: silhouettes against the photo's, and the body's share that is covered."""
    assert sitter.mask is not None
    front, back = (torch.from_numpy(maps.normals[k, ..., 3]) > 0.5 for k in (0, 1))
    mask, body = sitter.mask > 0.5, sitter.maps[0, 3] > 0.5
    return {
        "iou": iou(front, mask),
        "iou_body": iou(body, mask),
        "sides_differ": float((front != back).sum()),
        "body_covered": float((front & body & mask).sum() / (body & mask).sum()),
    }


def errors(sitter: Sitter, truth: Tensor, found: dict[str, Maps]) -> Row:
    """Degrees between maps and the truth (2,5,S,S), of each of `found` and of the bare body: where all of them are; of
    the found alone, wherever truth and mask are; on hands and face that are bare; trust; outlines."""
    assert sitter.mask is not None
    sides = {name: torch.from_numpy(maps.normals).movedim(-1, 1) for name, maps in found.items()}
    inside = (sitter.mask > 0.5) & (truth[0, 3] > 0.5)
    common = inside & (sitter.maps[0, 3] > 0.5)
    for side in sides.values():
        common &= side[0, 3] > 0.5
    bare = torch.isin(truth[0, 4], torch.tensor(SKIN).float()) & (sitter.shares(*HANDS_AND_FACE).sum(dim=-1) > 0.95)
    row = {}
    for k, back in enumerate(("", "back_")):
        row[f"{back}body_degrees"] = angles(sitter.maps[k], truth[k], common)
        for name, side in sides.items():
            row[f"{name}_{back}degrees"] = angles(side[k], truth[k], common)
            row[f"{name}_{back}all_degrees"] = angles(side[k], truth[k], inside & (side[k, 3] > 0.5))
    first = next(iter(sides.values()))
    labels = next(iter(found.values())).labels
    row["hands_face_degrees"] = angles(first[0], sitter.maps[0], bare & common)
    row["iou_truth"] = iou(first[0, 3] > 0.5, truth[0, 3] > 0.5)
    if labels is not None:
        row["trust_follows_error"] = _ranked(torch.from_numpy(labels[0, ..., 1]), first[0], truth[0], common)
        row["back_trust_follows_error"] = _ranked(torch.from_numpy(labels[1, ..., 1]), first[1], truth[1], common)
    return row


def confusion(truth: Tensor, maps: Maps) -> Tensor:
    """(PARTS, PARTS) pixels of front and back that are the first and are said to be the second."""
    assert maps.labels is not None
    pairs = len(PARTS) * truth[:, 4].long() + torch.from_numpy(maps.labels[..., 0]).long()
    return torch.bincount(pairs.flatten(), minlength=len(PARTS) ** 2).reshape(len(PARTS), len(PARTS))


def ious(confusions: Tensor) -> dict[str, float]:
    """Of each of PARTS that people wear, in all pixels of all people."""
    hit = confusions.diagonal().double()
    union = confusions.sum(0) + confusions.sum(1) - hit
    return {name: float(hit[k] / union[k]) for k, name in enumerate(PARTS) if int(confusions[k].sum())}


def _ranked(trust: Tensor, side: Tensor, truth: Tensor, where: Tensor) -> float:
    """Mean degrees of the least trusted fifth over those of the most trusted one."""
    cosine = (side[:3] * truth[:3]).sum(dim=0)[where].clamp(-1, 1)
    degrees = torch.rad2deg(torch.arccos(cosine))[trust[where].argsort()]
    fifth = len(degrees) // 5
    return float(degrees[:fifth].mean() / degrees[-fifth:].mean().clamp(min=1e-6))


def tailor(sitter: Sitter, words: str | None, seed: int) -> Maps:
    return normals.tailored(sitter, words, seed=seed, glance=files.read_glance())


def regress(folder: Path | None) -> Source:
    """That of a network which `avatarkit train regress` made."""
    network = files.read_regressor(folder)
    return lambda sitter, words, seed: normals.regressed(sitter, network)


def diffusion(folder: str | None) -> Source:
    """A diffusion model's, which begins with what our regressor sees in a photo; parts and colours are the tailor's."""
    dual, network = files.read_dual(folder), files.read_regressor()

    def source(sitter: Sitter, words: str | None, seed: int) -> Maps:
        front, back = normals.drawn(sitter, dual, words, network=network, seed=seed)
        return normals.tailored(sitter, words, seed=seed, front=front, back=back, glance=files.read_glance())

    return source
