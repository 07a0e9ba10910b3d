"""Which points of a person a camera sees: four to a pixel where things meet, one where a pixel shows one thing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import camera as cameras
from avatarkit.appearance.looks import Looks
from avatarkit.camera import Camera, Surface
from avatarkit.kernels import compiled
from avatarkit.render import Topology
from avatarkit.render.frame import look_clip

Array = NDArray[np.float64]

FINE = 2
"""Points across a pixel's width."""
STEP = 3.0
"""Where the depth within a pixel changes by more than so many pixel widths, one thing stands before another."""


class Sight(NamedTuple):
    """P points: the `pixel` (P) of each, row by row, its share `weight` (P) of it; `face` (P), `barycentric` (P,3)."""

    pixel: NDArray[np.int64]
    weight: Array
    face: NDArray[np.int64]
    barycentric: Array


def seen(looks: Looks, camera: Camera, *, footprint: float, surface: Surface = "nearest") -> Sight:
    """What `camera` sees of the person, or the farthest surface; `footprint` is a pixel's width on them, metres."""
    W, H = camera.size
    fine = cameras.resized(camera, (W * FINE, H * FINE))
    vertices = looks.mesh.vertices.detach().cpu().float()
    _, depth = cameras.project(fine, vertices)
    near, far = float(depth.min()), float(depth.max())
    near = max(0.95 * near, 0.02) if camera.kind == "perspective" else near - 0.1
    clip_from_world = cameras.clip_from_world(fine, near, max(far, near) + 0.1)
    clip = (vertices @ clip_from_world[:, :3].T + clip_from_world[:, 3])[None]
    frame = look_clip(clip, Topology.of(looks.mesh.faces, len(vertices)), fine.size, surface)
    P = int((frame.ids > 0).sum())
    pixel, weight = np.empty(P, np.int64), np.empty(P)
    face, barycentric = np.empty(P, np.int64), np.empty((P, 3))
    corners = torch.cat([clip[0, :, :2], clip[0, :, 3:], depth[:, None]], dim=1).double().numpy()
    P = gather(frame.ids[0, 0], frame.entries, looks.corners, looks.row, corners, STEP * footprint, pixel, weight, face,
               barycentric)  # fmt: skip
    return Sight(pixel[:P], weight[:P], face[:P], barycentric[:P])


@compiled
def gather(ids, entries, corners, row, clip, step, pixel, weight, face, barycentric):
    """Fill in the points of all pixels; how many there are."""
    H, W = ids.shape[0] // FINE, ids.shape[1] // FINE
    count = 0
    for y in range(H):
        for x in range(W):
            alike, covered = True, 0
            nearest, farthest, first = np.inf, -np.inf, -1
            for s in range(FINE * FINE):
                entry = ids[FINE * y + s // FINE, FINE * x + s % FINE]
                if entry == 0:
                    alike = False
                    continue
                covered += 1
                f = entries[entry - 1]
                if first < 0:
                    first = row[f]
                elif row[f] != first:
                    alike = False
                depth = (clip[corners[f, 0], 3] + clip[corners[f, 1], 3] + clip[corners[f, 2], 3]) / 3
                nearest, farthest = min(nearest, depth), max(farthest, depth)
            if covered == 0:
                continue
            alike = alike and farthest - nearest < step + 0.004
            for s in range(1 if alike else FINE * FINE):
                i, j = FINE * y + s // FINE, FINE * x + s % FINE
                if ids[i, j] == 0:
                    continue
                f = entries[ids[i, j] - 1]
                # one point for all stands in the pixel's middle
                u, v = (j + 1.0, i + 1.0) if alike else (j + 0.5, i + 0.5)
                weigh(clip, corners[f, 0], corners[f, 1], corners[f, 2], 2 * u / (FINE * W) - 1, 2 * v / (FINE * H) - 1,
                      barycentric[count])  # fmt: skip
                pixel[count], weight[count], face[count] = y * W + x, 1.0 if alike else 1.0 / (FINE * FINE), f
                count += 1
    return count


@compiled
def weigh(clip, a, b, c, x, y, weights):
    """Perspective-correct weights of a triangle's corners, clip (x, y, w), at (x, y) of the image in -1 … 1."""
    pa, qa = clip[a, 0] - x * clip[a, 2], clip[a, 1] - y * clip[a, 2]
    pb, qb = clip[b, 0] - x * clip[b, 2], clip[b, 1] - y * clip[b, 2]
    pc, qc = clip[c, 0] - x * clip[c, 2], clip[c, 1] - y * clip[c, 2]
    wa, wb, wc = pb * qc - qb * pc, pc * qa - qc * pa, pa * qb - qa * pb
    total = wa + wb + wc
    if abs(total) < 1e-30:
        weights[0], weights[1], weights[2] = 1 / 3, 1 / 3, 1 / 3
        return
    # beyond an edge by no more than the pixel: the nearest point of the triangle, nearly
    wa, wb, wc = max(wa / total, 0.0), max(wb / total, 0.0), max(wc / total, 0.0)
    total = wa + wb + wc
    weights[0], weights[1], weights[2] = wa / total, wb / total, wc / total
