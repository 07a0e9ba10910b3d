"""Normals made elsewhere, brought into the sitter's own view and checked against the body."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from avatarkit import camera as cameras
from avatarkit.errors import BadData
from avatarkit.sitter import Sitter

SPACES, UPS = ("camera", "world"), ("up", "down")
ROUNDING = 0.3
"""How far from 1 the length of a normal may be in an image without alpha; what is farther is background."""
LEAST_IOU = 0.5
WORST = 60.0
"""Degrees between the maps' normals and the body's, on the mean; clothes differ by 15 to 25."""
BETTER = 0.75
"""Another convention that fits so much better is the right one."""


def given(sitter: Sitter, image: np.ndarray, *, name: str, space: str = "camera", y: str = "up", back: bool = False
          ) -> Tensor:  # fmt: skip
    """(4,S,S): unit normals in view axes and coverage, of an `image` (H,W,4) uint16 of another estimator.

    `space` says whether its normals are the camera's or the world's, `y` whether green is up or down. The image shows
    what the body's own camera sees, or any crop of it: the outlines tell. A `back` may be pixel-aligned with the front
    or seen from behind. BadData, beginning with `name`, where outline or normals are not this body's.
    """
    options = {False: image, True: image[:, ::-1]} if back else {False: image}
    found = []
    for mirrored, pixels in options.items():
        vectors, cover = _unpacked(pixels)
        vectors, cover = _placed(sitter, vectors, cover, name)
        found.append(_best(sitter, vectors, cover, space, y, mirrored, back))
    normals, cover, error, other = min(found, key=lambda entry: entry[2])
    if error > WORST or (other is not None and other[1] < BETTER * error):
        hint = f"; as {other[0]} they would be {other[1]:.0f}° off" if other is not None else ""
        raise BadData(f"{name}: its normals, as {space} space with y {y}, are {error:.0f}° from the body's{hint}: see "
                      "--space and --y, and whether it shows this person")  # fmt: skip
    ahead = torch.cat([normals[..., :2], normals[..., 2:].clamp(min=0)], dim=-1)
    ahead = ahead / ahead.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    return torch.cat([ahead * (cover > 0)[..., None], cover[..., None]], dim=-1).movedim(-1, 0)


def _unpacked(image: np.ndarray) -> tuple[Tensor, Tensor]:
    """Vectors (H,W,3), and where there is somebody (H,W): by alpha, or where the vectors are about unit."""
    levels = torch.from_numpy(image.astype(np.float32) / 65535)
    vectors, alpha = 2 * levels[..., :3] - 1, levels[..., 3]
    length = vectors.norm(dim=-1)
    if bool((alpha > 0.99).all()):
        alpha = ((length - 1).abs() < ROUNDING).float()
    return vectors / length.clamp(min=1e-6)[..., None] * (alpha > 0)[..., None], alpha


def _placed(sitter: Sitter, vectors: Tensor, cover: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """The image as the sitter's view: as if of the body's whole camera, or laid over the outline by its box, whichever
    agrees better."""
    reference = sitter.mask if sitter.mask is not None else sitter.maps[0, 3]
    H, W = cover.shape
    if not bool((cover > 0.5).any()):
        raise BadData(f"{name}: found nobody in it, expected a normal map, background in one colour or transparent")
    width, _ = sitter.person.camera.size
    left, top, side = sitter.rect
    own, box = _box(reference), _box(cover)
    scales = {"whole": side / sitter.size * W / width, "box": (box[3] - box[1]) / max(own[3] - own[1], 1)}
    origins = {
        "whole": (left * W / width, top * W / width),
        "box": tuple((box[k] + box[k + 2] - scales["box"] * (own[k] + own[k + 2])) / 2 for k in (0, 1)),
    }
    best, best_iou = None, -1.0
    for kind, scale in scales.items():
        places = cameras.pixel_centres((sitter.size, sitter.size), reference) * scale + torch.tensor(origins[kind])
        grid = places / torch.tensor([W, H]) * 2 - 1
        layers = torch.cat([vectors * cover[..., None], cover[..., None]], dim=-1).movedim(-1, 0)
        moved = grid_sample(layers[None], grid[None], align_corners=False)[0].movedim(0, -1)
        iou = float(_iou(moved[..., 3], reference))
        if iou > best_iou:
            best, best_iou = moved, iou
    if best is None or best_iou < LEAST_IOU:
        raise BadData(
            f"{name}: its outline covers {100 * best_iou:.0f} % of this person's, expected {100 * LEAST_IOU:.0f}"
        )
    length = best[..., :3].norm(dim=-1, keepdim=True).clamp(min=1e-6)
    return best[..., :3] / length, best[..., 3]


def _best(sitter: Sitter, vectors: Tensor, cover: Tensor, space: str, y: str, mirrored: bool, back: bool
          ) -> tuple[Tensor, Tensor, float, tuple[str, float] | None]:  # fmt: skip
    """The normals in view axes as was stated, how far they are from the body's, and the best other convention."""
    errors: dict[tuple[str, str], float] = {}
    turned: dict[tuple[str, str], Tensor] = {}
    body = sitter.maps[int(back)]
    both = (cover > 0.5) & (body[3] > 0.5)
    for kind in SPACES:
        for up in UPS:
            normals = vectors * torch.tensor([1.0, 1.0 if up == "up" else -1.0, 1.0])
            if kind == "world":
                normals = cameras.view_normals(sitter.camera, normals, "farthest" if back else "nearest")
            elif mirrored:
                normals = normals * torch.tensor([-1.0, 1.0, 1.0])  # the camera behind has x the other way
            cosine = (normals * body[:3].movedim(0, -1)).sum(dim=-1)[both].clamp(-1, 1)
            errors[kind, up] = float(torch.rad2deg(torch.arccos(cosine)).mean()) if bool(both.any()) else 180.0
            turned[kind, up] = normals
    others = {key: error for key, error in errors.items() if key != (space, y)}
    kind, up = min(others, key=lambda key: others[key])
    return turned[space, y], cover, errors[space, y], (f"{kind} space with y {up}", others[kind, up])


def _box(mask: Tensor) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    rows, columns = ((mask > 0.5).any(dim=axis).nonzero()[:, 0] for axis in (1, 0))
    if len(rows) == 0:
        return 0.0, 0.0, 1.0, 1.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _iou(a: Tensor, b: Tensor) -> Tensor:
    one, other = a > 0.5, b > 0.5
    return (one & other).sum() / (one | other).sum().clamp(min=1)
