"""A subject's pictures, all of one size: drawn once, for the page and for the contact sheet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from avatarkit import camera as cameras
from avatarkit import drawing, picture, portrait
from avatarkit.avatar import Played
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.picture import Image
from avatarkit.portrait import Style
from avatarkit.reporting.dossier import Dossier

YAW = 25.0
VEIL = 0.72
"""How much of the photo the body over it hides."""
LETTERS = 15


class Tile(NamedTuple):
    """A picture (H,W,3): the step that it is of, what it is called there, what is to be seen in it."""

    step: str
    label: str
    alt: str
    image: Image


def tiles_of(dossier: Dossier, size: tuple[int, int]) -> list[Tile]:
    """Every picture of the subject, in the order of the chain."""
    found = [*_input(dossier, size), *_body(dossier, size)]
    found += _maps(dossier.maps, size) if dossier.maps is not None else []
    for file, mesh in dossier.meshes.items():
        found += _mesh(file, mesh, size)
    return found + _avatar(dossier, size)


def turntable(dossier: Dossier, size: tuple[int, int], frames: int) -> np.ndarray | None:
    """(N,H,W,3) of the newest mesh, None where there is none."""
    final = dossier.final()
    if final is None:
        return None
    return portrait.turntable(final[1], frames, replace(_style(final[1], size), shadows=False, supersampling=1))


def _input(dossier: Dossier, size: tuple[int, int]) -> list[Tile]:
    found = []
    if dossier.photo is not None:
        left, top, width, height = _window(dossier, size)
        photo = picture.on_background(dossier.photo)[top : top + height, left : left + width]
        found.append(Tile("input", dossier.photo_name, "The photo.", portrait.framed(photo, size)))
    if dossier.words is not None:
        found.append(Tile("input", "prompt.txt", f"The words: {dossier.words}", _written(dossier.words, size)))
    return found


def _window(dossier: Dossier, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part (left, top, width, height) of the photo that is shown: the person with room for the shape of `size`,
    or all of it where the person is not known to be in this very photo."""
    assert dossier.photo is not None
    (H, W), person = dossier.photo.shape[:2], dossier.person
    if person is None or person.crop is None or person.camera.size != (W, H):
        return 0, 0, W, H
    height, width = person.crop.shape[:2]
    scale = max(width / size[0], height / size[1])
    wide, high = min(round(scale * size[0]), W), min(round(scale * size[1]), H)
    left, top = (round(at + (has - is_) / 2) for at, has, is_ in
                 zip(person.crop_offset, (width, height), (wide, high), strict=True))  # fmt: skip
    return min(max(left, 0), W - wide), min(max(top, 0), H - high), wide, high


def _written(words: str, size: tuple[int, int]) -> Image:
    """The words on paper, in lines that fit."""
    width, lines, height = size[0] - 3 * LETTERS, [""], round(1.5 * LETTERS)
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if picture.text_width(longer, LETTERS) <= width else [*lines, word]
    room = size[1] // height - 2
    lines = lines if len(lines) <= room else [*lines[: room - 1], "…"]
    top = (size[1] - height * len(lines)) / 2
    spelt = [picture.shortened(line, width, LETTERS) for line in lines]
    middle = size[0] / 2
    return picture.written(
        portrait.paper(size),
        [picture.Line(line, (middle, top + (i + 0.5) * height), LETTERS, anchor="mm") for i, line in enumerate(spelt)],
    )


def _body(dossier: Dossier, size: tuple[int, int]) -> list[Tile]:
    if dossier.body is None or dossier.person is None:
        return []
    found = []
    if dossier.photo is not None:
        over = _over(dossier, dossier.person, dossier.body, size)
        found.append(Tile("body.npz", "over the photo", "The body drawn over the photo.", over))
    style = Style("shaded", size)
    front, side = portrait.around(dossier.body, [0.0, 90.0], style)
    found.append(Tile("body.npz", "front", "The bare body from the front.", front))
    found.append(Tile("body.npz", "side", "The bare body from its left.", side))
    return found


def _over(dossier: Dossier, person: Person, body: Mesh, size: tuple[int, int]) -> Image:
    """The body as the photo's camera sees it, half transparent, over the photo."""
    assert dossier.photo is not None
    left, top, width, height = window = _window(dossier, size)
    photo = picture.on_background(dossier.photo)
    scale = min(size[0] / width, size[1] / height)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    plain = picture.resized(photo[top : top + height, left : left + width], small).astype(np.float32)
    camera = cameras.cropped(cameras.resized(person.camera, (photo.shape[1], photo.shape[0])), window)
    drawn = drawing.draw(body, cameras.resized(camera, small)).astype(np.float32)
    share = drawn[..., 3:] / 255 * VEIL
    return portrait.framed(np.rint(plain * (1 - share) + drawn[..., :3] * share).astype(np.uint8), size)


def _maps(maps: Maps, size: tuple[int, int]) -> list[Tile]:
    found = []
    for band, views in portrait.bands_of(maps).items():
        for name, tile in views.items():
            side = name.split(",")[0]
            seen = {"normals": "Normals", "albedo": "Colours", "labels": "Parts of the clothes"}[band]
            found.append(Tile("normals.png", f"{band}, {side}", f"{seen}, {side}.", portrait.framed(tile, size)))
    return found


def _mesh(file: str, mesh: Mesh, size: tuple[int, int]) -> list[Tile]:
    style = _style(mesh, size)
    if style.mode == "shaded":
        front, back = portrait.around(mesh, [0.0, 180.0], style)
        return [Tile(file, "front", "The mesh from the front, in clay.", front),
                Tile(file, "back", "The mesh from behind, in clay.", back)]  # fmt: skip
    images = zip(portrait.VIEWS, portrait.views_of(mesh, style), strict=True)
    found = [Tile(file, view, f"The painted mesh: {view}.", image) for view, image in images]
    atlas = mesh.images["base_colour"].cpu().numpy()
    return [*found, Tile(file, "texture", "The texture, unfolded.", portrait.framed(atlas, size))]


def _avatar(dossier: Dossier, size: tuple[int, int]) -> list[Tile]:
    if dossier.avatar is None:
        return []
    meshes = dict(dossier.avatar.meshes)
    stills = {name: meshes.pop(name) for name in ("idle", "rest") if name in meshes}
    shown = [*meshes.items(), *stills.items()][:2]
    return [
        Tile("avatar.glb", name, f"The avatar: {name}.", portrait.around(mesh, [YAW], _style(mesh, size))[0])
        for name, mesh in shown
    ]


def lit(avatar: Played) -> Played:
    """The avatar with the light that its poses share, as of the first but the one at rest: half of what they cost."""
    first = next((name for name in avatar.meshes if name != "rest"), "rest")
    light = portrait.prepared(avatar.meshes[first])
    sky = light.attributes["open_sky"]
    shaded = {name: light if name == first else mesh.having(open_sky=sky) for name, mesh in avatar.meshes.items()}
    return replace(avatar, meshes=shaded)


def _style(mesh: Mesh, size: tuple[int, int]) -> Style:
    """Clay shows its shape by its shadows; paint shows colours, without."""
    painted = mesh.uvs is not None and "base_colour" in mesh.images
    return Style("texture", size, shadows=False) if painted else Style("shaded", size)


def sheet_of(tiles: list[Tile], most: int = 6) -> Image:
    """The contact sheet (H,W,3): what a reader looks at first, each under its file's name, at most so many a row."""
    wanted = [
        *(tile for tile in tiles if tile.step == "input"),
        *_of(tiles, "body.npz", ("over the photo", "front"))[:1],
        *_band(tiles, "normals")[:2],
        *_band(tiles, "albedo")[:1],
        *_of(tiles, "carved.glb", ("front",)),
        *_of(tiles, "refined.glb", ("front",)),
        *_of(tiles, "textured.glb", tuple(portrait.VIEWS)),
        *_of(tiles, "avatar.glb", ()),
    ] or tiles
    columns = math.ceil(len(wanted) / math.ceil(len(wanted) / most))
    rows = [wanted[i : i + columns] for i in range(0, len(wanted), columns)]
    labels = [[tile.label if tile.step == "input" else f"{tile.step}: {tile.label}" for tile in row] for row in rows]
    return picture.grid([[tile.image for tile in row] for row in rows], labels=labels, font_size=14)


def _band(tiles: list[Tile], name: str) -> list[Tile]:
    """The maps of a band, from whichever side a photo was taken."""
    return [tile for tile in tiles if tile.step == "normals.png" and tile.label.startswith(f"{name}, ")]


def _of(tiles: list[Tile], step: str, labels: tuple[str, ...]) -> list[Tile]:
    return [tile for tile in tiles if tile.step == step and (tile.label in labels or not labels)]
