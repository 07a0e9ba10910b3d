"""Contact sheets of gen-normals: photos with their bodies, normals and colours; and sentences worn.

python benchmarks/_dressed_sheet.py words SHEET.png
python benchmarks/_dressed_sheet.py photos SHEET.png BODY.npz …
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from avatarkit import files, fitting, normals, picture
from avatarkit.maps import Maps
from avatarkit.picture import Image

SENTENCES = (
    "a young man in a red t-shirt, blue jeans and white sneakers", "an old woman in a long grey wool coat, bun",
    "a girl of 8 in a yellow sundress and sandals, two braids", "a businessman in a navy suit, white shirt, loafers",
    "a heavy man in a checked shirt and brown trousers, full beard", "a slim woman in a black sheath dress and heels",
    "a teenage boy in a green hoodie and grey joggers", "a tall woman in a white blouse and a pleated skirt",
    "a muscular man in a tank top and shorts, mohawk", "a woman in a trench coat, boots and a red scarf",
    "an old man in a cardigan over a shirt, glasses, cap", "a woman in a long red silk gown, long blond hair",
    "a boy of 6 in denim dungarees and a striped t-shirt", "a woman in a leather jacket, mini skirt, ankle boots",
    "a man in a parka and a beanie, backpack, walking", "a woman in leggings and a crop top, ponytail, yoga",
    "a short heavy woman in a floral dress, curly hair", "a man in a turtleneck and a blazer, side part",
    "a woman in a jumpsuit, afro, hands on hips", "a man in a bomber jacket and black jeans, sunglasses, arms crossed",
    "a woman in a tunic over wide trousers, sun hat", "an elderly man in a waistcoat, white hair and a moustache",
    "a girl of 12 in a denim jacket and a pink skirt, waving", "a bald man in a polo shirt and chinos, barefoot",
)  # fmt: skip
COLUMNS, SIDE = 6, 320
GROUND = 0.93


def shown(values: np.ndarray, cover: np.ndarray) -> Image:
    return np.rint(255 * (values * cover + GROUND * (1 - cover))).clip(0, 255).astype(np.uint8)


def tiles(maps: Maps) -> list[Image]:
    """Normals of front and back, then their colours."""
    assert maps.albedo is not None
    cover = maps.normals[..., 3:]
    normals_of = [shown((maps.normals[k, ..., :3] + 1) / 2, cover[k]) for k in (0, 1)]
    return normals_of + [shown(maps.albedo[k, ..., :3], cover[k]) for k in (0, 1)]


def trimmed(image: Image) -> Image:
    """Without the empty sides of a standing person's square."""
    margin = image.shape[1] // 5
    return image[:, margin:-margin]


def of_words(sheet: Path) -> None:
    model, cells = files.read_body_model("builtin"), []
    for index, words in enumerate(SENTENCES):
        person = fitting.from_words(model, words, seed=index, variation=1.0)
        found = tiles(normals.tailored(normals.seated(model, person, size=SIDE), words, seed=index))
        cells.append(np.concatenate([trimmed(found[k]) for k in (0, 1, 2)], axis=1))
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    names = [list(SENTENCES[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    labels = [[picture.shortened(name, cells[0].shape[1], 15) for name in row] for row in names]
    files.write_picture(sheet, picture.grid(rows, labels=labels, font_size=15))


def of_photos(sheet: Path, bodies: list[Path]) -> None:
    rows = []
    for body in bodies:
        person = files.read_person(body)
        sitter = normals.seated(files.read_body_model_of(person), person)
        if sitter.photo is None or sitter.mask is None:
            raise SystemExit(f"{body}: no photo in it")
        photo, own = sitter.photo.numpy(), sitter.maps[0].movedim(0, -1).numpy()
        rows.append([shown(photo, sitter.mask[..., None].numpy()), shown((own[..., :3] + 1) / 2, own[..., 3:]),
                     *tiles(normals.tailored(sitter))])  # fmt: skip
    files.write_picture(sheet, picture.grid([[trimmed(tile) for tile in row] for row in rows]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    kind, sheet, *bodies = sys.argv[1:]
    if kind == "words":
        of_words(Path(sheet))
    else:
        of_photos(Path(sheet), [Path(body) for body in bodies])
