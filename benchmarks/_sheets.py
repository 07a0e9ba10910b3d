"""Contact sheets of synthetic people, to be looked at: a crowd in photos, every garment beside the body that it is on,
every hair style."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatarkit import appearance, people, population, standing
from avatarkit import camera as cameras
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.drawing import draw
from avatarkit.individual import betas_of
from avatarkit.outfit import BEARDS, GARMENTS, HAIRSTYLES
from avatarkit.people import Synthetic
from avatarkit.poses import pose_of
from avatarkit.words import understood

Picture = NDArray[np.uint8]

CROWD_SEED, SHEET_SEED = 64, 12
YAWS = (0.0, 90.0, 180.0)
HEAD = 0.44
"""Metres about the head that a sheet of hair shows."""


def photo_of(found: Synthetic, index: int, side: int) -> Picture:
    """(side,side,3): as `avatarkit synth` takes it."""
    generator = np.random.default_rng([CROWD_SEED, index, 1])
    camera = viewpoint(found.looks.mesh.vertices, generator, side)
    return appearance.photograph(found.looks, camera, generator).image


def views_of(model: BodyModel, found: Synthetic, side: int, *, head: bool = False) -> Picture:
    """(side,3 side,3): from the front, the side and the back, in plain studio light."""
    shown, points = [], found.looks.mesh.vertices
    if head:
        posed = model.shaped(found.person.betas).posed(found.person.pose)
        middle = posed.joints[JOINT_INDEX["head"]] + points.new_tensor([0, 0.05, 0])
        points = middle + 0.5 * HEAD * points.new_tensor([[0, 1, 0], [0, -1, 0], [0, 0, 0]])
    for yaw in YAWS:
        camera = cameras.framing(points, (side, side), yaw=yaw, fill=0.94)
        light = appearance.random_light(np.random.default_rng(1), "studio")
        generator = np.random.default_rng(0)
        taken = appearance.photograph(found.looks, camera, generator, light=light, backdrop="plain", noise=False)
        shown.append(taken.image)
    return np.concatenate(shown, axis=1)


def beside_its_body(model: BodyModel, found: Synthetic, side: int) -> Picture:
    """(side,4 side,3): the body as a grey mannequin, of the same size, and the person dressed as `views_of`."""
    camera = cameras.framing(found.looks.mesh.vertices, (side, side), fill=0.94)
    pixels = draw(found.person.mesh(model), camera)
    cover = pixels[..., 3:].astype(float) / 255
    body = np.rint(pixels[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)
    return np.concatenate([body, views_of(model, found, side)], axis=1)


def crowd(model: BodyModel, count: int, side: int) -> Iterator[Picture]:
    for index in range(count):
        yield photo_of(people.met(model, seed=CROWD_SEED, index=index, preset="full"), index, side)


def in_garment(model: BodyModel, kind: str, index: int) -> Synthetic:
    """Someone who stands or walks in a garment of this kind, and in nothing that would hide it."""
    generator = population.generator_of(SHEET_SEED, index)
    slot = GARMENTS[kind][0]
    who = "woman" if index % 2 or slot == "dress" or "skirt" in kind or kind in ("blouse", "crop top") else "man"
    drawn = population.draw(generator, prompt=understood(f"a {who} in a {kind}, {('standing', 'walking')[index % 2]}"))
    worn = replace(drawn.outfit, hat=None, scarf=None, bag=None)
    if slot != "outer":
        worn = replace(worn, outer=None)
    return _made(model, replace(drawn, outfit=worn), generator)


def with_hair(model: BodyModel, style: str, beard: str, index: int) -> Synthetic:
    """Someone with hair of this style, who wears no hat."""
    generator = population.generator_of(SHEET_SEED, 1000 + index)
    who = "man" if beard != "none" or style in ("buzz cut", "crew cut", "mohawk", "side part") else "woman"
    drawn = population.draw(generator, prompt=understood(f"a young {who} in a t-shirt, standing"))
    hair = replace(drawn.outfit.hair, style=style, beard=beard)
    worn = replace(drawn.outfit, hair=hair, hat=None, scarf=None, bag=None, outer=None)
    return _made(model, replace(drawn, outfit=worn), generator)


def _made(model: BodyModel, drawn: population.Individual, generator: np.random.Generator) -> Synthetic:
    betas = betas_of(model, drawn.phenotype, seed=drawn.seed, variation=drawn.variation)
    body = model.shaped(betas)
    person = standing.seen(body, betas, pose_of(drawn.pose, body))
    return people.made(model, drawn, person, generator, preset="full")


def tiled(pictures: list[Picture], columns: int) -> Picture:
    """The pictures in rows of `columns`, the last row filled with white."""
    blank = np.full_like(pictures[0], 255)
    full = pictures + [blank] * (-len(pictures) % columns)
    return np.concatenate([np.concatenate(full[k : k + columns], axis=1) for k in range(0, len(full), columns)])


def scaled(photo: Picture, side: int) -> Picture:
    return np.asarray(Image.fromarray(photo).resize((side, side), 1))


def write(path: Path, picture: Picture, largest: int = 690_000) -> None:
    """A JPEG of the best quality that stays below `largest` bytes."""
    for quality in (90, 85, 80, 74, 68, 60, 50, 40):
        Image.fromarray(picture).save(path, quality=quality, optimize=True)
        if path.stat().st_size < largest:
            return


def write_sheets(model: BodyModel, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    photos = list(crowd(model, 64, 512))
    write(folder / "people.jpg", tiled([scaled(photo, 400) for photo in photos[:12]], 6))
    write(folder / "crowd.jpg", tiled([scaled(photo, 200) for photo in photos], 8))
    garments = [beside_its_body(model, in_garment(model, kind, k), 190) for k, kind in enumerate(GARMENTS)]
    write(folder / "garments.jpg", tiled(garments, 3))
    heads = [(style, "none") for style in HAIRSTYLES] + [("crew cut", beard) for beard in BEARDS if beard != "none"]
    found = [views_of(model, with_hair(model, *head, k), 190, head=True) for k, head in enumerate(heads)]
    write(folder / "hair.jpg", tiled(found, 3))
