"""Two sets of people: how far apart they are in our encoder's features, and how diverse each is."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from avatarkit import camera as cameras
from avatarkit import distances, fidelity, scores
from avatarkit.encoder import KINDS, SIDE, Encoder, pictured
from avatarkit.evaluating.report import Report, mean
from avatarkit.mesh import Mesh
from avatarkit.progress import track

log = logging.getLogger("avatarkit")

YAWS = (0.0, 90.0, 180.0)
FINE = 3
"""Samples along a pixel's side."""
INCEPTION = 299
MANY = 2048
"""Pictures in a set below which Fréchet's distance of Inception's 2048 features means nothing."""

LABELS = {
    "kernel": ("kernel distance, unbiased", 4),
    "kernel_deviation": ("  ± over random halves", 4),
    "floor": ("between two halves of the real set", 4),
    "floor_deviation": ("  ± over random halves", 4),
    "frechet": ("Fréchet distance", 3),
    "diversity_real": ("diversity, real", 3),
    "diversity_fake": ("diversity, fake", 3),
    "fid": ("Fréchet distance, Inception (FID)", 2),
}

Pictures = dict[str, Tensor]
"""By kind: (YAWS,3,SIDE,SIDE) of a person, 0 … 1."""


def compared(
    real: Sequence[Mesh], fake: Sequence[Mesh], encoder: Encoder, *, inception: Any = None, seed: int = 0
) -> Report:
    """Kernel distance, Fréchet's and diversity of two sets of people, two or more in each, by kind of picture; each is
    the mean over YAWS, so that a set has one row a person. `inception`: a network that gives (N,2048), or none."""
    sets = {"real": [photographed(mesh) for mesh in track(real, "real")]}
    sets["fake"] = [photographed(mesh) for mesh in track(fake, "fake")]
    few = min(len(real), len(fake))
    if few < distances.FEW:
        log.warning("%d people in a set: below %d the distances say little", few, distances.FEW)
    if inception is not None and few * len(YAWS) < MANY:
        log.warning("%d pictures in a set: below %d FID means little", few * len(YAWS), MANY)
    found: dict[str, dict[str, float | None]] = {}
    for kind in KINDS:
        if all(kind in person for people in sets.values() for person in people):
            pictures = {name: torch.stack([person[kind] for person in people]) for name, people in sets.items()}
            found[kind] = {**of_kind(pictures, encoder, seed)}
            found[kind]["fid"] = None if inception is None else fid(pictures, inception)
    notes = {
        "compared": f"{len(real)} real and {len(fake)} fake people, views from {', '.join(f'{y:g}°' for y in YAWS)}",
        "colours": "both sets" if "textured" in found else "not compared: somebody has no colours",
        "inception": "not available, nor is FID: no --inception" if inception is None else "as the file has it",
    }
    return Report(notes, found, LABELS)


def photographed(mesh: Mesh) -> Pictures:
    """What a mesh looks like from YAWS, orthographic, its height 450/512 of the picture's."""
    size = (FINE * SIDE, FINE * SIDE)
    around = [cameras.framing(mesh.vertices, size, yaw=yaw) for yaw in YAWS]
    views = scores.seen(mesh, around, two_sided=True)
    turned = [cameras.view_normals(camera, normals) for camera, normals in zip(around, views.normals, strict=True)]
    masks = views.masks[:, None].float()
    cover = avg_pool2d(masks, FINE)
    normals = avg_pool2d(torch.stack(turned).movedim(-1, 1) * masks, FINE) / cover.clamp(min=1e-3)
    albedo = None
    if fidelity.is_coloured(mesh):
        small = [cameras.resized(camera, (SIDE, SIDE)) for camera in around]
        albedo = torch.stack([fidelity.unlit(mesh, camera, fine=FINE) for camera in small]).movedim(-1, 1)
    return pictured(normals, cover, albedo)


def of_kind(pictures: dict[str, Tensor], encoder: Encoder, seed: int = 0) -> dict[str, float]:
    """The figures of one kind of `pictures` (N,views,3,SIDE,SIDE), real and fake: means over views."""
    with torch.no_grad():
        real, fake = (
            torch.stack([encoder(people[:, view]) for view in range(people.shape[1])])
            for people in (pictures["real"], pictures["fake"])
        )
    both = list(zip(real, fake, strict=True))
    kernels = [distances.kernel_distances(x, y, seed=seed) for x, y in both]
    floors = [distances.floor(x, seed=seed) for x in real if len(x) >= 4]
    return {
        "kernel": mean([found.distance for found in kernels]),
        "kernel_deviation": mean([found.deviation for found in kernels]),
        "floor": mean([found.distance for found in floors]),
        "floor_deviation": mean([found.deviation for found in floors]),
        "frechet": mean([distances.frechet(x, y) for x, y in both]),
        "diversity_real": mean([distances.diversity(x) for x in real]),
        "diversity_fake": mean([distances.diversity(x) for x in fake]),
    }


def fid(pictures: dict[str, Tensor], inception: Any) -> float:
    """Fréchet's distance of all views in the features of an Inception network; not a number for views too few."""
    rows = []
    with torch.no_grad():
        for people in (pictures["real"], pictures["fake"]):
            shown = people.flatten(0, 1)
            large = [interpolate(picture[None], (INCEPTION, INCEPTION), mode="bilinear") for picture in shown]
            features = [inception((255 * one).round().to(torch.uint8), return_features=True) for one in large]
            rows.append(torch.cat(features).flatten(1))
    return distances.frechet(*rows) if min(map(len, rows)) > 1 else math.nan
