"""A person's colours in a texture."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import render
from avatarkit.appearance.albedo import albedo
from avatarkit.appearance.looks import Looks
from avatarkit.shapes import sizes


def baked(looks: Looks, faces: Any, uvs: Any, size: int, *, margin: int = 8) -> NDArray[np.uint8]:
    """(size,size,3) uint8 sRGB: the albedo of `faces` (K) of `looks.mesh` where `uvs` (K,3,2) put them (v down).

    Colours are spread `margin` texels beyond the charts, so that filters do not reach what is not painted.
    """
    faces, uvs = torch.as_tensor(faces).long(), torch.as_tensor(uvs).float()
    (K,) = sizes("K, K 3 2", faces, uvs)
    corners = torch.cat([uvs.reshape(-1, 2) * 2 - 1, torch.zeros(3 * K, 1), torch.ones(3 * K, 1)], dim=1)
    raster = render.rasterize(corners[None], torch.arange(3 * K).reshape(-1, 3), (size, size))[0]
    row, column = raster[..., 3].nonzero(as_tuple=True)
    at = raster[row, column]
    weights = torch.cat([at[:, :2], 1 - at[:, :2].sum(dim=1, keepdim=True)], dim=1)
    image = np.zeros((size, size, 3), np.float32)
    face = faces[at[:, 3].long() - 1].numpy()
    texels = _metres_a_texel(looks, faces, uvs, size)
    rows = looks.row[face]
    for m in np.unique(rows):
        there, own = rows == m, looks.row[faces.numpy()] == m
        # the finer parts of a chart set the detail: a face beside a trunk, an iris beside the white
        footprint = max(float(np.quantile(texels[own], 0.25)), 1e-5)
        painted = albedo(looks, face[there], weights[torch.from_numpy(there)], footprint=footprint)
        image[row.numpy()[there], column.numpy()[there]] = painted
    return np.rint(255 * dilated(image, (raster[..., 3] > 0).numpy(), margin)).astype(np.uint8)


def _metres_a_texel(looks: Looks, faces: torch.Tensor, uvs: torch.Tensor, size: int) -> NDArray[np.float64]:
    """(K) how wide a texel is on each face, metres of the resting body."""
    a, b, c = looks.rest[looks.corners[faces.numpy()]].transpose(1, 0, 2)
    surface = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    e, g = (uvs[:, 1] - uvs[:, 0]).double().numpy(), (uvs[:, 2] - uvs[:, 0]).double().numpy()
    chart = np.abs(e[:, 0] * g[:, 1] - e[:, 1] * g[:, 0])
    found: NDArray[np.float64] = np.sqrt(surface / np.maximum(chart, 1e-12)) / size
    return found


def dilated(image: NDArray[np.float32], known: NDArray[np.bool_], rounds: int) -> NDArray[np.float32]:
    """The image (H,W,3) with unknown pixels near known ones set to the mean of their known neighbours, ring by ring."""
    image, known = np.where(known[..., None], image, 0), known.astype(np.float32)
    mean = np.zeros_like(image)
    H, W = known.shape
    for _ in range(rounds):
        held, count = np.pad(image, ((1, 1), (1, 1), (0, 0))), np.pad(known, 1)
        total, weight = np.zeros_like(image), np.zeros_like(known)
        for dy in range(3):
            for dx in range(3):
                total += held[dy : dy + H, dx : dx + W]
                weight += count[dy : dy + H, dx : dx + W]
        new = (known == 0) & (weight > 0)
        if not new.any():
            break
        mean[new] = total[new] / weight[new][:, None]
        image, known = np.where(new[..., None], mean, image), np.where(new, 1, known).astype(np.float32)
    return image
