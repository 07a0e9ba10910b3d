"""Pictures of synthetic people, and what they show of what was asked for: for the classifier to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import people
from avatarkit.appearance.mapping import mapped
from avatarkit.body import JOINT_INDEX, BodyModel
from avatarkit.maps import View
from avatarkit.outfit import GARMENTS, LEGGED, Outfit
from avatarkit.people import Synthetic

TRAIN_SEED, TEST_SEED = 7001, 7002
SIDE, WIDE, CHEST, HEAD, FOOT = 384, 88, 112, 72, 48
PLACES = ("head", "spine2", "left_foot", "right_foot")
VIEWS = ("body", "chest", "head", "feet")
TURN = 35.0
"""Degrees that the second view of a person in training is turned at most."""

UPPER = {
    "t-shirt": "t-shirt, polo shirt, tank top, crop top",
    "shirt": "shirt, blouse, tunic",
    "sweater": "sweater, sweatshirt, turtleneck, long-sleeved top, hoodie, cardigan",
    "jacket": "jacket, denim jacket, leather jacket, bomber jacket",
    "blazer": "blazer",
    "waistcoat": "waistcoat",
    "coat": "coat, trench coat, parka",
    "dress": "dress, sundress, shirt dress, sheath dress, gown",
    "one-piece": "jumpsuit, dungarees",
}
LOWER = {
    "trousers": "trousers, jeans, wide trousers, joggers, leggings",
    "shorts": "shorts",
    "skirt": "skirt, mini skirt, pencil skirt, pleated skirt, long skirt",
    "dress": UPPER["dress"],
    "one-piece": UPPER["one-piece"],
}
HAIR = {
    "bald": "bald",
    "short": "buzz cut, crew cut, side part, slicked back, pixie cut, mohawk",
    "curly": "curly, afro",
    "loose": "bob, shoulder-length, long, wavy",
    "tied": "ponytail, bun, braid, two braids",
}
SHOES = {
    "barefoot": "barefoot",
    "sneakers, loafers": "sneakers, loafers",
    "boots": "boots, ankle boots",
    "heels": "heels",
    "sandals": "sandals",
    "flats": "ballet flats",
}
SWEEPING = (frozenset(GARMENTS) & frozenset((LOWER["dress"] + ", " + LOWER["skirt"]).split(", "))) - LEGGED
"""What may hide the shoes."""
HEMS = ((0.0, 1.65), (1.8, 2.3), (2.5, 9.0))
SLEEVES = ((-1.0, 0.1), (0.2, 1.05), (1.25, 9.0))
"""Classes of lengths on outfit.Garment's scales; between them one is as right as the other."""
CLASSES = {"upper": len(UPPER), "lower": len(LOWER), "hem": len(HEMS), "sleeve": len(SLEEVES), "hair": len(HAIR),
           "shoes": len(SHOES)}  # fmt: skip
HIDDEN = -1


def truth_of(outfit: Outfit) -> list[int]:
    """The class of each attribute of CLASSES, HIDDEN where it does not show or lies between two."""
    outermost = outfit.outer or outfit.dress or outfit.top
    lower = outfit.dress or outfit.bottom
    hem = HIDDEN if lower is None else _between(HEMS, lower.hem)
    if lower is not None and outfit.outer is not None and outfit.outer.hem > lower.hem - 0.15:
        hem = HIDDEN
    worn = [garment for garment in (outfit.top, outfit.dress, outfit.outer) if garment is not None]
    return [
        HIDDEN if outermost is None else _family(UPPER, outermost.kind),
        HIDDEN if lower is None else _family(LOWER, lower.kind),
        hem,
        _between(SLEEVES, max((garment.sleeve for garment in worn), default=0.0)),
        HIDDEN if outfit.hat is not None else _family(HAIR, outfit.hair.style),
        HIDDEN if _to_the_ground(outfit) else _family(SHOES, outfit.shoes.kind),
    ]


def _family(families: dict[str, str], kind: str) -> int:
    return next((k for k, kinds in enumerate(families.values()) if kind in kinds.split(", ")), HIDDEN)


def _between(classes: tuple[tuple[float, float], ...], value: float) -> int:
    return next((k for k, (low, high) in enumerate(classes) if low <= value <= high), HIDDEN)


def _to_the_ground(outfit: Outfit) -> bool:
    lower = outfit.dress or outfit.bottom
    return lower is not None and lower.kind in SWEEPING and lower.hem > 2.75


def sample_of(model: BodyModel, found: Synthetic, yaw: float) -> dict[str, NDArray[Any]]:
    """`pixels` (S,S,12) uint8: normals and albedo of front and back; `places` (4,2): where PLACES are in them."""
    camera = cameras.framing(found.looks.mesh.vertices, (SIDE, SIDE), yaw=yaw)
    maps = mapped(found.looks, found.dressed, [View(camera), View(camera, "farthest")])
    assert maps.albedo is not None
    cover = maps.normals[..., 3:]
    both = np.concatenate([(0.5 + 0.5 * maps.normals[..., :3]) * cover, maps.albedo[..., :3] * cover], axis=-1)
    pixels = np.rint(255 * np.concatenate([both[0], both[1]], axis=-1).clip(0, 1)).astype(np.uint8)
    posed = model.shaped(found.person.betas, found.person.expression).posed(found.person.pose)
    places, _ = cameras.project(camera, posed.joints)
    return {"pixels": pixels, "places": np.stack([places[JOINT_INDEX[name]].numpy() for name in PLACES])}


def parts_of(pixels: NDArray[np.uint8], places: NDArray[np.float32]) -> dict[str, NDArray[np.uint8]]:
    """What the net looks at: `body` (128,88,12) of the whole, `chest` (112,112,12), `head` (72,72,12), `feet`
    (2,48,48,12)."""
    margin = (SIDE - 3 * WIDE) // 2
    middle = pixels[:, margin : margin + 3 * WIDE].reshape(SIDE // 3, 3, WIDE, 3, -1)
    head, chest, *feet = places
    return {
        "body": middle.astype(np.float32).mean((1, 3)).round().astype(np.uint8),
        "chest": _cut_out(pixels, chest + [0, 12], CHEST),
        "head": _cut_out(pixels, head - [0, 8], HEAD),
        "feet": np.stack([_cut_out(pixels, foot, FOOT) for foot in feet]),
    }


def _cut_out(pixels: NDArray[np.uint8], centre: Any, side: int) -> NDArray[np.uint8]:
    padded = np.pad(pixels, ((side, side), (side, side), (0, 0)))
    column, row = (int(np.clip(round(float(x)) + side // 2, 0, SIDE + side)) for x in centre)
    return padded[row : row + side, column : column + side]


def generate(model: BodyModel, folder: Path, count: int, *, test: bool) -> None:
    """Samples of people 0 … count - 1 of a seed, each into a file that is kept: may be stopped and gone on with."""
    folder = folder / ("test" if test else "train")
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"{index:05d}.npz"
        if path.exists():
            continue
        found = people.met(model, seed=TEST_SEED if test else TRAIN_SEED, index=index)
        turn = float(np.random.default_rng([TRAIN_SEED, index]).uniform(-TURN, TURN))
        samples = [sample_of(model, found, yaw) for yaw in ((0.0,) if test else (0.0, turn))]
        stacked: dict[str, Any] = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez_compressed(file, truth=truth_of(found.drawn.outfit), **stacked)
        unfinished.rename(path)


def load(folder: Path) -> dict[str, Tensor]:
    """All samples of a folder: VIEWS (N,C,H,W) uint8, feet (N,2,C,H,W); `truth` (N,A) int64."""
    found: dict[str, list[Any]] = {name: [] for name in ("truth", *VIEWS)}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            for pixels, places in zip(file["pixels"], file["places"], strict=True):
                found["truth"].append(file["truth"])
                for name, view in parts_of(pixels, places).items():
                    found[name].append(np.ascontiguousarray(np.moveaxis(view, -1, -3)))
    return {name: torch.from_numpy(np.stack(arrays)) for name, arrays in found.items()}
