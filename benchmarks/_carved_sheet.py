"""A contact sheet of carved people, to be looked at: above the truth, below the result; from four sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from _sheets import Picture, tiled

from avatarkit import camera as cameras
from avatarkit import scores
from avatarkit.mesh import Mesh

YAWS = (0.0, 60.0, 90.0, 180.0)
HEIGHT, WIDTH = 280, 200
LIGHT = (0.4, 0.5, 0.77)
"""Where the lamp is, in view axes."""


def shaded(mesh: Mesh, like: Mesh, yaw: float) -> Picture:
    """(HEIGHT,WIDTH,3): the mesh in grey on white, framed as `like`; drawn at twice the size."""
    camera = cameras.framing(like.vertices, (2 * HEIGHT, 2 * HEIGHT), yaw=yaw, fill=0.94)
    views = scores.seen(mesh, [camera], two_sided=True)
    normals = cameras.view_normals(camera, views.normals[0])
    grey = (normals @ torch.tensor(LIGHT)).clamp(0, 1) * 0.85 + 0.12
    image = torch.where(views.masks[0], grey, 1.0).reshape(HEIGHT, 2, HEIGHT, 2).mean(dim=(1, 3))
    margin = (HEIGHT - WIDTH) // 2
    levels = (255 * image[:, margin : margin + WIDTH]).byte().numpy()
    return np.repeat(levels[..., None], 3, axis=2)


def pair(truth: Mesh, result: Mesh) -> Picture:
    """Two rows of four views, with a line around."""
    rows = [np.concatenate([shaded(mesh, truth, yaw) for yaw in YAWS], axis=1) for mesh in (truth, result)]
    return np.pad(np.concatenate(rows), ((0, 4), (0, 4), (0, 0)), constant_values=90)


def sheet(pairs: Sequence[tuple[Mesh, Mesh]], columns: int = 2) -> Picture:
    return tiled([pair(truth, result) for truth, result in pairs], columns)
