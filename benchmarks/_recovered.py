"""Do words show? Captions of held-out people, worn by the bodies that they tell of; an onlooker names what they see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from _classifier import Onlooker, answered, train
from _sitters import Row, Source
from _views import CLASSES, HIDDEN, PLACES, SIDE, load, parts_of, truth_of

from avatarkit import camera as cameras
from avatarkit import individual, normals, population, standing
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.maps import PARTS, Maps
from avatarkit.outfit import Outfit
from avatarkit.poses import pose_of
from avatarkit.words import Wishes, caption, understood

SLOTS = ("top", "outer", "bottom", "dress", "shoes", "hat", "glasses", "bag", "scarf")
FEW = 12
"""Pixels of 384² that a thing shows at least."""


def onlooker(cache: Path, epochs: int = 24) -> Onlooker:
    """The classifier of `synth.py`, trained on the pictures of that benchmark's cache, and kept beside them."""
    from safetensors.torch import load_file, save_file

    kept, net = cache / "onlooker.safetensors", Onlooker()
    if not kept.exists():
        save_file(train(load(cache / "train"), epochs).state_dict(), kept)
    net.load_state_dict(load_file(kept))
    return net.eval()


def recovered(model: BodyModel, source: Source, net: Onlooker | None, seed: int, count: int) -> Row:
    """Percent of what captions say that the onlooker sees in pixels, and of the things said that labels hold."""
    samples, truths, labels = [], [], []
    for index in range(count):
        generator = population.generator_of(seed, index, heldout=True)
        drawn = population.draw(generator, heldout=True)
        said = caption(drawn.outfit, drawn.phenotype, "standing", generator)
        betas = individual.betas_of(model, drawn.phenotype, seed=drawn.seed, variation=drawn.variation)
        body = model.shaped(betas)
        sitter = normals.seated(model, standing.seen(body, betas, pose_of("standing", body)), size=SIDE)
        maps = source(sitter, said, index)
        wishes = understood(said).outfit
        labels += held(maps, wishes)
        samples.append(_looked_at(maps, body.posed(sitter.person.pose).joints))
        truths.append(told(drawn.outfit, wishes))
    row = {"words_in_labels_percent": 100 * float(np.mean(labels))}
    if net is not None:
        row |= named(net, samples, torch.tensor(truths))
    return row


def told(outfit: Outfit, wishes: Wishes) -> list[int]:
    """The classes of what the caption says, HIDDEN for what it leaves open."""
    said = {slot for slot, wish in wishes.items() if wish.kinds}
    lower = "dress" if outfit.dress is not None else "bottom"
    upper = "outer" if outfit.outer is not None else "dress" if outfit.dress is not None else "top"
    cuts = {key for slot in ("top", "dress", "outer") if slot in wishes for key in wishes[slot].cut}
    known = (upper in said, lower in said, lower in said, "sleeve" in cuts, "hair" in said, "shoes" in said)
    return [truth if told else HIDDEN for truth, told in zip(truth_of(outfit), known, strict=True)]


def held(maps: Maps, wishes: Wishes) -> list[bool]:
    """Of each thing that was said to be worn, or not: do the labels say so?"""
    assert maps.labels is not None
    shown = {PARTS[int(k)] for k, n in zip(*np.unique(maps.labels[..., 0], return_counts=True), strict=True) if n > FEW}
    found = []
    for slot in SLOTS:
        wish = wishes.get(slot)
        if wish is not None and not (slot == "top" and "outer" in wishes) and wish.kinds != ("barefoot",):
            found.append((slot in shown) != wish.absent)
    return found


def _looked_at(maps: Maps, joints: torch.Tensor) -> dict[str, np.ndarray]:
    assert maps.albedo is not None
    cover = maps.normals[..., 3:]
    both = np.concatenate([(0.5 + 0.5 * maps.normals[..., :3]) * cover, maps.albedo[..., :3] * cover], axis=-1)
    pixels = np.rint(255 * np.concatenate([both[0], both[1]], axis=-1).clip(0, 1)).astype(np.uint8)
    places, _ = cameras.project(maps.views[0].camera, joints)
    return parts_of(pixels, np.stack([places[JOINT_INDEX[name]].numpy() for name in PLACES]))


def named(net: Onlooker, samples: Sequence[dict[str, np.ndarray]], truths: torch.Tensor) -> Row:
    """Percent of the classes (N,A) that were told which the onlooker names, HIDDEN ones left out."""
    data = {
        name: torch.from_numpy(np.stack([np.ascontiguousarray(np.moveaxis(s[name], -1, -3)) for s in samples]))
        for name in samples[0]
    }
    found, row = answered(net, {**data, "truth": truths}), {}
    for name, truth in zip(CLASSES, truths.T, strict=True):
        said = truth != HIDDEN
        if bool(said.any()):
            row[f"words_{name}_percent"] = 100 * float((found[name] == truth)[said].float().mean())
    return {"words_in_pixels_percent": float(np.mean(list(row.values()))), **row}
