"""The silhouette: the body lies inside the mask, and the mask's outline is where the body's is, or a little outside.

  ·····              body point outside the mask: pulled in, by the slope of the signed distance
·┌─────┐             point of the mask's outline: pulls the nearest body point outwards along its normal,
·│body │· mask       less the more the clothes stand off
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import picture, render
from avatarkit.body import JOINT_NAMES, BodyModel
from avatarkit.camera import Camera, clip_from_world
from avatarkit.fitting.landmarks import all_dirs
from avatarkit.fitting.rig import Array, Points
from avatarkit.fitting.terms import Sum, projected

SIDE = 176
"""Pixels of the longer side in which the mask is looked at."""
EDGE_POINTS = 320


@dataclass(frozen=True, eq=False)
class Outline:
    """A mask as the fit sees it, in pixels of the photo."""

    distance: Array
    """(h,w) how far outside the mask a place is; negative inside"""
    scale: float
    """places of `distance` per pixel of the photo"""
    origin: Array
    """(2) the photo's pixel at which it begins"""
    edge: Array
    """(M,2) points of the outline"""
    normal: Array
    """(M,2) outwards"""
    size: tuple[int, int]
    """(width, height) of the photo; nobody knows what is beyond it"""

    @staticmethod
    def of(mask: NDArray[np.float32]) -> Outline | None:
        """The outline of a mask (H,W) in 0 … 1, what is at the photo's own border left out; None for an empty one."""
        H, W = mask.shape
        rows, columns = (np.flatnonzero((mask > 0.5).any(axis)) for axis in (1, 0))
        if len(rows) < 2 or len(columns) < 2:
            return None
        pad = int(0.12 * max(np.ptp(rows), np.ptp(columns))) + 2
        top, left = rows[0] - pad, columns[0] - pad
        box = np.zeros((np.ptp(rows) + 2 * pad, np.ptp(columns) + 2 * pad), np.float32)
        y0, x0, y1, x1 = max(top, 0), max(left, 0), min(top + box.shape[0], H), min(left + box.shape[1], W)
        box[y0 - top : y1 - top, x0 - left : x1 - left] = mask[y0:y1, x0:x1]
        scale = min(1.0, SIDE / max(box.shape))
        size = (max(2, round(box.shape[1] * scale)), max(2, round(box.shape[0] * scale)))
        small = picture.resized((box * 255).astype(np.uint8), size) > 127
        edge, _ = _edges(small)
        if len(edge) < 8:
            return None
        distance = _signed_distance(small, edge)
        gy, gx = np.gradient(distance)
        kept = np.linspace(0, len(edge) - 1, min(EDGE_POINTS, len(edge))).astype(int)
        edge = edge[kept]
        at = np.clip(edge.astype(int), 0, np.array(distance.shape)[::-1] - 1)
        normal = np.stack([gx[at[:, 1], at[:, 0]], gy[at[:, 1], at[:, 0]]], axis=1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-6)[:, None]
        origin = np.array([left, top], float)
        pixels = edge / scale + origin
        inside = ((pixels > 2 / scale) & (pixels < np.array([W, H]) - 2 / scale)).all(1)
        return Outline(distance / scale, scale, origin, pixels[inside], normal[inside], (W, H))

    def outside(self, pixels: Array) -> tuple[Array, Array]:
        """How far outside (N) [pixels] these pixels (N,2) are, and the slope (N,2)."""
        h, w = self.distance.shape
        at = (pixels - self.origin) * self.scale - 0.5
        held = np.clip(at, 0, [w - 1.001, h - 1.001])
        x, y = held.astype(int).T
        u, v = (held - held.astype(int)).T
        d = self.distance
        a, b, c, e = d[y, x], d[y, x + 1], d[y + 1, x], d[y + 1, x + 1]
        value = (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + e * u) * v
        slope = np.stack([(b - a) * (1 - v) + (e - c) * v, (c - a) * (1 - u) + (e - b) * u], axis=1) * self.scale
        beyond = (at - held) / self.scale
        far = np.linalg.norm(beyond, axis=1)
        slope = np.where(far[:, None] > 0, beyond / np.maximum(far, 1e-9)[:, None], slope)
        return value + far, slope


def _edges(mask: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """The middles (M,2) of the sides between pixels inside and outside, (x, y); and which of them are upright."""
    across = np.argwhere(mask[:, 1:] != mask[:, :-1])
    down = np.argwhere(mask[1:] != mask[:-1])
    points = np.concatenate([across[:, ::-1] + [1.0, 0.5], down[:, ::-1] + [0.5, 1.0]])
    upright = np.arange(len(points)) < len(across)
    order = np.lexsort(points.T)
    return points[order], upright[order]


def _signed_distance(mask: NDArray[np.bool_], edge: Array) -> Array:
    h, w = mask.shape
    y, x = np.mgrid[:h, :w] + 0.5
    places = torch.from_numpy(np.stack([x.ravel(), y.ravel()], axis=1)).float()
    near = torch.cdist(places, torch.from_numpy(edge).float()).amin(1).double().numpy().reshape(h, w)
    return np.where(mask, -near, near)


STANDOFF = {
    **dict.fromkeys(("pelvis", "spine", "collar"), 0.0115),
    **dict.fromkeys(("hip", "knee", "elbow", "shoulder", "head", "jaw", "neck"), 0.0095),
    **dict.fromkeys(("ankle", "foot"), 0.0125),
}
"""How far the mask's outline is from the nearest of these points of a dressed person's skin, as a share of the height:
medians of 160 synthetic people. Half a centimetre of it is the points' own distance apart."""
STANDOFF_ELSEWHERE = 0.006


def standoffs(points: Points) -> Array:
    """(N) the usual standoff at each point."""
    names = [JOINT_NAMES[joint] for joint in points.weights.argmax(1)]
    return np.array([next((v for k, v in STANDOFF.items() if k in name), STANDOFF_ELSEWHERE) for name in names])


def surface_points(model: BodyModel, count: int = 640) -> Points:
    """Vertices spread over the skin, fewer on the hands; the same for the same model."""
    faces = model.faces if model.outer_faces is None else model.outer_faces
    corners = model.v_template[faces].double()
    areas = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).norm(dim=1).numpy()
    share = np.zeros(len(model.v_template))
    for k in range(3):
        np.add.at(share, faces[:, k].numpy(), areas)
    share[(model.lbs_weights[:, 25:].sum(1) > 0.5).numpy()] *= 0.5
    rows = np.sort(np.random.default_rng(0).choice(len(share), count, replace=False, p=share / share.sum()))
    kept = torch.from_numpy(rows)
    return Points(
        model.v_template[kept].double().numpy(), all_dirs(model, rows), model.lbs_weights[kept].double().numpy()
    )


@dataclass(frozen=True, eq=False)
class Silhouette:
    """The term: `rows` of the points are the skin's; lengths are shares of the person's height in the image."""

    outline: Outline
    rows: slice
    height: float
    """pixels"""
    standoff: Array
    """(rows) how far clothes and hair usually stand off at each point"""
    weight_in: float = 1.0
    weight_out: float = 0.3
    exact_in: float = 0.006
    exact_out: float = 0.008

    def add(self, total: Sum, places: Array, slopes: Array, K: Array) -> None:
        image, by_place = projected(places[self.rows], K)
        skin = slopes[self.rows]
        far, slope = self.outline.outside(image)
        out = (far > 0) & ((image >= 0) & (image < self.outline.size)).all(1)
        if out.any():
            sigma = self.exact_in * self.height
            by = np.einsum("na,nab->nb", slope[out], by_place[out])[:, None] @ skin[out] / sigma
            total.add(far[out, None] / sigma, by, weight=self.weight_in, forgiving=16.0)
        edge, normal = self.outline.edge, self.outline.normal
        gaps = torch.cdist(torch.from_numpy(edge), torch.from_numpy(image))
        nearest = gaps.argmin(1).numpy()
        sigma = self.exact_out * self.height
        gap = ((image[nearest] - edge) * normal).sum(1) + self.standoff[nearest] * self.height
        by = np.einsum("na,nab->nb", normal, by_place[nearest])[:, None] @ skin[nearest] / sigma
        total.add(gap[:, None] / sigma, by, weight=self.weight_out, forgiving=9.0)


def covered(vertices: torch.Tensor, faces: torch.Tensor, camera: Camera) -> NDArray[np.bool_]:
    """Which pixels (H,W) of the camera the mesh covers."""
    depth = (vertices @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3])[:, 2]
    near, far = max(0.05, 0.9 * float(depth.min())), 1.1 * float(depth.max()) + 0.1
    homogeneous = torch.cat([vertices, torch.ones_like(vertices[:, :1])], dim=1)
    clip = homogeneous @ clip_from_world(camera, near, far).T
    return render.rasterize(clip[None], faces, camera.size)[0, ..., 3].numpy() > 0
