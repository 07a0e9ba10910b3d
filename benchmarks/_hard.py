"""Photos that ask much of the chain: unusual poses, faces turned away, drawn people, other resolutions, no colour."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _photographed import Case, photographed
from PIL import Image, ImageFilter, ImageOps

from avatarkit import evaluating, files
from avatarkit.body import BodyModel

ASKED = {
    "plain": ("a man in a green sweater and jeans, standing", 0.0),
    "crouching": ("a woman in a shirt and jeans, crouching", 0.0),
    "sitting": ("a man in a shirt and trousers, sitting", 0.0),
    "jumping": ("a woman in a t-shirt and shorts, jumping", 0.0),
    "from aside": ("a man in a hoodie and trousers, standing", 90.0),
    "face away": ("a woman in a dress, standing", 160.0),
}
"""Words and the camera's yaw, degrees."""
POINTS = 20_000


def photos(model: BodyModel, seed: int) -> Iterator[tuple[str, Case, Image.Image]]:
    """A name, whose truth, and the picture."""
    for row, (name, (words, yaw)) in enumerate(ASKED.items()):
        case = photographed(model, seed, row, prompt=words, yaw=yaw, level=True)
        picture = Image.fromarray(case.photo)
        yield name, case, picture
        if name == "plain":
            yield "160 pixels", case, picture.resize((160, 160), Image.Resampling.LANCZOS)
            yield "1536 pixels", case, picture.resize((1536, 1536), Image.Resampling.LANCZOS)
            yield "without colour", case, ImageOps.grayscale(picture).convert("RGB")
            yield "drawn", case, cartoon(picture)


def cartoon(picture: Image.Image) -> Image.Image:
    """Few flat colours and dark outlines."""
    flat = ImageOps.posterize(picture.filter(ImageFilter.ModeFilter(7)), 2)
    lines = ImageOps.grayscale(picture.filter(ImageFilter.FIND_EDGES)).point(lambda v: 0 if v > 50 else 255)
    return Image.composite(flat, Image.new("RGB", flat.size), lines)


def hard(model: BodyModel, seed: int, root: Path) -> tuple[dict[str, Any], Image.Image]:
    """Of each photo: the exit code, and where there is an avatar its Chamfer distance after the similarity of bodies,
    centimetres, over the bare body's; and a sheet of photos and avatars."""
    rows: dict[str, Any] = {}
    tiles = []
    for name, case, picture in photos(model, seed):
        key, folder = name.replace(" ", "_"), root / name.replace(" ", "_")
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / "photo.png")
        command = [sys.executable, "-m", "stages.main", "build", str(folder / "photo.png"), "-q"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        rows[f"hard_{key}_exit"] = done.returncode
        if done.returncode:
            print(f"{name}: exit {done.returncode}: {done.stderr.strip()}", file=sys.stderr)
        else:
            person = files.read_person(folder / "body.npz")
            own, true = evaluating.Sitter(person, model), evaluating.Sitter(case.person, model)
            mesh = files.read_result(folder / "textured.glb").mesh
            found = evaluating.evaluated(mesh, case.mesh, own=own, true=true, align="similarity", points=POINTS).flat()
            rows[f"hard_{key}_chamfer_cm"] = found["chamfer_cm"]
            rows[f"hard_{key}_over_nude"] = float(found["chamfer_cm"] or 0) / float(found["nude_chamfer_cm"] or 1)
        tiles.append(_tile(folder, picture))
    return rows, Image.fromarray(np.concatenate(tiles))


def _tile(folder: Path, picture: Image.Image, side: int = 256) -> np.ndarray:
    """The photo, and the avatar from the front, aside and behind, where there is one."""
    row = Image.new("RGB", (4 * side, side), (238, 238, 240))
    row.paste(picture.resize((side, side)), (0, 0))
    if (folder / "textured.glb").exists():
        from avatarkit import portrait

        views = portrait.views_of(files.read_mesh(folder / "textured.glb"), portrait.Style.named("texture", side))
        for place, view in enumerate(views[:3], 1):
            row.paste(Image.fromarray(view), (place * side + (side - view.shape[1]) // 2, 0))
    return np.asarray(row)
