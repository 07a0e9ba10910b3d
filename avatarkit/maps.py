"""What `normals.png` holds: square views of a clothed person, in bands of one grid (DESIGN §2).

    normals   (n+1)/2 in view axes (x right, y up, z to the viewer); A = coverage
    albedo    sRGB; A = how far the colour is to be trusted
    labels    R = part id, G = how far the normal is to be trusted; nearest neighbour, never blended

A `farthest` view is pixel-aligned with its front view, not mirrored, and stores (nx, ny, -nz): the two share one
silhouette. The views' cameras travel in the PNG's text as JSON.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatarkit import camera
from avatarkit.camera import Camera
from avatarkit.errors import BadData
from avatarkit.shapes import sizes

COLUMNS = 8
BANDS = ("normals", "albedo", "labels")
TEXT_KEY = "avatarkit"
SHORTEST = 0.5
"""The length of a stored normal below which a pixel shows nothing."""
SCALE = 65535.0
LABELS = 255.0
PARTS = ("nothing", "skin", "eyes", "hair", "beard", "top", "bottom", "dress", "outer", "shoes", "hat", "glasses",
         "bag", "scarf")  # fmt: skip
"""What the `labels` band tells apart: part id k is PARTS[k]."""


@dataclass(frozen=True)
class View:
    """A camera, and which of the surfaces along its rays is meant: nearest or farthest."""

    camera: Camera
    surface: str = "nearest"


@dataclass(frozen=True, eq=False)
class Maps:
    """N square views of S pixels, float32: `normals` (N,S,S,4) holds unit normals (x, y, z) and coverage 0..1;
    `albedo` (N,S,S,4) sRGB 0..1 and trust 0..1; `labels` (N,S,S,2) part id 0..255 and trust 0..1."""

    views: tuple[View, ...]
    normals: np.ndarray
    albedo: np.ndarray | None = None
    labels: np.ndarray | None = None

    def __post_init__(self) -> None:
        sizes("N S S 4", self.normals)
        for band, channels in (("albedo", 4), ("labels", 2)):
            found = getattr(self, band)
            if found is not None and found.shape != (*self.normals.shape[:3], channels):
                raise ValueError(f"{band}: found {found.shape}, expected {(*self.normals.shape[:3], channels)}")
        if len(self.views) != len(self.normals):
            raise ValueError(f"{len(self.normals)} maps, but {len(self.views)} views")

    def grid(self) -> np.ndarray:
        """The image of `normals.png`, (H,W,4) uint16."""
        bands = [np.concatenate([(self.normals[..., :3] + 1) / 2, self.normals[..., 3:]], -1)]
        bands += [self.albedo] if self.albedo is not None else []
        if self.labels is not None:
            part, trust = self.labels[..., :1] / LABELS, self.labels[..., 1:]  # so that 8 bits hold the id too
            bands.append(np.concatenate([part, trust, np.zeros_like(part), np.ones_like(part)], -1))
        levels = [np.round(np.clip(band, 0, 1) * SCALE).astype(np.uint16) for band in bands]
        return np.concatenate([_tiled(band) for band in levels])

    def layout(self) -> dict[str, Any]:
        """Where each view and band lies in the grid, with the cameras; JSON."""
        rects = _rects(len(self.views), self.normals.shape[1])
        views = [
            {"rect": rect, "camera": camera.to_json(view.camera), "surface": view.surface}
            for rect, view in zip(rects, self.views, strict=True)
        ]
        bands = [band for band in BANDS if getattr(self, band) is not None]
        return {"bands": bands, "views": views}

    @classmethod
    def from_grid(cls, image: np.ndarray, layout: Any) -> "Maps":
        """The maps of a `normals.png` ((H,W,4) uint16) from its layout. Raises BadData for one that does not fit."""
        views, bands, rects = _checked(layout)
        band_height = image.shape[0] // len(bands)
        if image.shape[0] % len(bands) or any(x + w > image.shape[1] or y + h > band_height for x, y, w, h in rects):
            found = f"{image.shape[1]} x {image.shape[0]} pixels"
            raise BadData(f"image: found {found}, too few for the views of its layout in {len(bands)} bands")
        read = {}
        for index, band in enumerate(bands):
            tiles = [image[y + index * band_height :, x:][:h, :w] for x, y, w, h in rects]
            read[band] = np.stack(tiles).astype(np.float32) / SCALE
        normals = read["normals"]
        vector = normals[..., :3] * 2 - 1
        length = np.linalg.norm(vector, axis=-1, keepdims=True)
        shown = length > SHORTEST  # of an image without alpha the normals' length is the mask
        normals = np.concatenate([vector / np.maximum(length, 1e-6) * shown, normals[..., 3:] * shown], -1)
        labels = read.get("labels")
        if labels is not None:
            labels = np.concatenate([np.round(labels[..., :1] * LABELS), labels[..., 1:2]], -1)
        return cls(tuple(views), normals, read.get("albedo"), labels)


def layout_in(text: dict[str, str]) -> Any | None:
    """The layout in a PNG's text, or None where an editor dropped it."""
    try:
        return json.loads(text[TEXT_KEY]) if TEXT_KEY in text else None
    except (ValueError, RecursionError) as error:
        raise BadData(f"{TEXT_KEY} text: {error}, expected JSON") from None


def _checked(layout: Any) -> tuple[list[View], list[str], list[list[int]]]:
    views = layout.get("views") if isinstance(layout, dict) else None
    if not isinstance(views, list) or not 1 <= len(views) <= 256:
        raise BadData("views: expected a list of 1 to 256 views with rect, camera and surface")
    bands = layout.get("bands")
    if not isinstance(bands, list) or bands[:1] != ["normals"] or [b for b in BANDS if b in bands] != bands:
        raise BadData(f"bands: found {str(bands)[:80]}, expected normals, then perhaps albedo and labels")
    found, rects = [], []
    for index, view in enumerate(views):
        where = f"views[{index}]"
        if not isinstance(view, dict) or view.get("surface") not in ("nearest", "farthest"):
            raise BadData(f"{where}: expected surface nearest or farthest")
        rect = view.get("rect")
        if not isinstance(rect, list) or len(rect) != 4 or any(type(n) is not int or n < 0 or n >> 16 for n in rect):
            raise BadData(f"{where}.rect: found {str(rect)[:80]}, expected [x, y, width, height] in pixels")
        rects.append(rect)
        found.append(View(camera.from_json(view.get("camera"), where=f"{where}.camera"), view["surface"]))
    if len({n for rect in rects for n in rect[2:]}) != 1 or rects[0][2] < 1:
        raise BadData("views: expected square rects of one size")
    return found, bands, rects


def _rects(count: int, size: int) -> list[list[int]]:
    """[x, y, width, height] of each view in the first band."""
    return [[i % COLUMNS * size, i // COLUMNS * size, size, size] for i in range(count)]


def _tiled_height(count: int, size: int) -> int:
    return size * -(-count // COLUMNS)


def _tiled(band: np.ndarray) -> np.ndarray:
    N, size = sizes("N S S 4", band)
    grid = np.zeros((_tiled_height(N, size), size * min(N, COLUMNS), 4), band.dtype)
    for tile, (x, y, w, h) in zip(band, _rects(N, size), strict=True):
        grid[y : y + h, x : x + w] = tile
    return grid
