"""A mesh of fewer triangles whose vertices are some of its own, so that what hangs on them stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit.decimation.collapsing import collapse
from avatarkit.decimation.corners import FIXED, RIM, Corners
from avatarkit.mesh import Mesh, welded
from avatarkit.shapes import sizes


def decimated(
    mesh: Mesh, triangles: int, *, poses: Tensor | None = None, importance: Tensor | None = None
) -> tuple[Mesh, Tensor]:
    """The mesh with at most `triangles` faces, and (V') which of its vertices are left; no more than can go, go.

    Each collapse takes a vertex onto a neighbour, the one that moves the surface least: by quadric error [Garland,
    Heckbert 1997], summed over the `poses` (K,V,3) beside its own [DeCoro, Rusinkiewicz 2005], and by how far the
    charts' outlines move. `importance` (V) multiplies the error. No face turns over, in space or texture; seams and
    rims stay seams and rims; what is closed or manifold stays so. Vertices are one where `mesh.welded` says so.
    """
    V, F = sizes("V 3, F 3", mesh.vertices, mesh.faces)
    if F <= triangles:
        return mesh, torch.arange(V)
    joined, place = welded(mesh)
    shapes = mesh.vertices[None] if poses is None else torch.cat([mesh.vertices[None], poses.to(mesh.vertices)])
    first = torch.full((len(joined.vertices),), V).scatter_reduce(0, place, torch.arange(V), "amin")
    weight = (torch.ones(V) if importance is None else importance)[first].double().numpy()
    points = shapes[:, first].double().numpy()
    wedges, owners, uv = _wedges(mesh)
    whole = (joined.faces != joined.faces.roll(1, dims=1)).all(dim=1).numpy()
    corners = _corners(joined.faces.numpy()[whole], wedges[whole], uv, points, weight)
    collapse(corners, triangles)
    alive = corners.vertices.reshape(-1, 3)[:, 0] >= 0
    left = torch.from_numpy(corners.wedges.reshape(-1, 3)[alive])
    vertices = torch.from_numpy(owners)[left]
    kept, faces = torch.unique(vertices, return_inverse=True)
    found = replace(
        mesh,
        vertices=mesh.vertices[kept],
        faces=faces,
        attributes={name: values[kept] for name, values in mesh.attributes.items()},
        uvs=None if mesh.uvs is None else torch.from_numpy(uv)[left].to(mesh.uvs),
    )
    return found, kept


def _wedges(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The wedge at each corner (F,3), and of each its vertex (W) and coordinates (W,2) float64, 0 where are none."""
    flat = mesh.faces.reshape(-1, 1).double()
    uvs = flat.new_zeros(len(flat), 2) if mesh.uvs is None else mesh.uvs.reshape(-1, 2).double()
    found, wedges = np.unique(torch.cat([flat, uvs], dim=1).numpy(), axis=0, return_inverse=True)
    return wedges.reshape(-1, 3), found[:, 0].astype(np.int64), found[:, 1:].copy()


def _corners(faces: np.ndarray, wedges: np.ndarray, uv: np.ndarray, points: np.ndarray, weight: np.ndarray) -> Corners:
    """Ready to be collapsed: faces (F,3) over V vertices in K poses (K,V,3), and over W wedges with `uv` (W,2)."""
    V = points.shape[1]
    points = points - points.mean(axis=1, keepdims=True)
    flat = faces.reshape(-1)
    following, first = np.full(len(flat), -1), np.full(V, -1)
    order = np.argsort(flat, kind="stable")
    same = flat[order][1:] == flat[order][:-1]
    following[order[:-1][same]] = order[1:][same]
    starts = np.r_[True, ~same] if len(flat) else np.zeros(0, bool)
    first[flat[order][starts]] = order[starts]
    quadrics, areas = _quadrics(faces, points, weight)
    return Corners(
        flat.copy(), wedges.reshape(-1).copy(), following, first, _kinds(faces, V), points, quadrics, areas, uv,
        _outlines(faces, wedges, uv, points[0], weight), np.full(len(uv), -1), np.zeros(V, np.int64),
        np.zeros(V, np.int64), np.zeros(V, np.int64), np.zeros(V), np.full(V, -1), np.array([len(faces), 0]),
    )  # fmt: skip


def _kinds(faces: np.ndarray, V: int) -> np.ndarray:
    """(V) uint8: RIM on an edge of one face; FIXED where the surface is no single sheet."""
    tails, heads = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    keys, counts = np.unique(np.minimum(tails, heads) * V + np.maximum(tails, heads), return_counts=True)
    edge = np.stack([keys // V, keys % V], axis=1)
    kinds = np.zeros(V, np.uint8)
    kinds[edge[counts == 1]] = RIM
    spokes, fans = np.bincount(edge.reshape(-1), minlength=V), np.bincount(tails, minlength=V)
    kinds[spokes != fans + (kinds == RIM)] = FIXED
    kinds[edge[counts > 2]] = FIXED
    directed, times = np.unique(tails * V + heads, return_counts=True)
    twice = directed[times > 1]
    kinds[twice // V], kinds[twice % V] = FIXED, FIXED
    return kinds


def _quadrics(faces: np.ndarray, points: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V,K,10): squared distances to the faces' planes, times their areas at rest; (V) those areas.

    An edge on the rim has a plane too, upright on its face, which counts as the square on the edge.
    """
    K, V, _ = points.shape
    quadrics = np.zeros((V, K, 10))
    tails, heads = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    rim = np.nonzero(_alone(tails, heads, V))[0]
    start, end = tails[rim], heads[rim]
    for k in range(K):
        a, b, c = (points[k][faces[:, i]] for i in range(3))
        normals = np.cross(b - a, c - a)
        doubled = np.linalg.norm(normals, axis=1)
        normals /= np.maximum(doubled, 1e-30)[:, None]
        if k == 0:
            share = doubled / 6 * weight[faces].mean(axis=1)
        upright = np.cross(normals[rim // 3], points[k][end] - points[k][start])
        upright /= np.maximum(np.linalg.norm(upright, axis=1), 1e-30)[:, None]
        if k == 0:
            square = ((points[0][end] - points[0][start]) ** 2).sum(axis=1) * (weight[start] + weight[end]) / 2
        for at, normal, amount, ends in (
            (a, normals, share, faces.T),
            (points[k][start], upright, square, (start, end)),
        ):
            rows = _products(normal, at) * (amount / K)[:, None]
            for corner in ends:
                for column in range(10):
                    quadrics[:, k, column] += np.bincount(corner, rows[:, column], minlength=V)
    return quadrics, np.bincount(faces.reshape(-1), np.repeat(share, 3), minlength=V)


def _products(normals: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, (D+1) (D+2) / 2): of planes, or lines, through `points` (N,D): n nᵀ, row by row from its diagonal on."""
    plane = np.concatenate([normals, -(normals * points).sum(axis=1, keepdims=True)], axis=1)
    D = plane.shape[1]
    return np.stack([plane[:, i] * plane[:, j] for i in range(D) for j in range(i, D)], axis=1)


def _alone(tails: np.ndarray, heads: np.ndarray, count: int) -> np.ndarray:
    """(H) bool: which half-edges have no other on their edge, either way."""
    keys = np.minimum(tails, heads) * count + np.maximum(tails, heads)
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    found: np.ndarray = counts[place.reshape(-1)] == 1
    return found


def _outlines(
    faces: np.ndarray, wedges: np.ndarray, uv: np.ndarray, points: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """(W,6): squared distances in the texture to the lines of the charts' outlines, in metres on the surface."""
    W = len(uv)
    tails, heads = wedges.reshape(-1), np.roll(wedges, -1, axis=1).reshape(-1)
    alone = _alone(tails, heads, W)
    tails, heads = tails[alone], heads[alone]
    start, end = faces.reshape(-1)[alone], np.roll(faces, -1, axis=1).reshape(-1)[alone]
    along = uv[heads] - uv[tails]
    length = np.linalg.norm(along, axis=1)
    metres = np.linalg.norm(points[end] - points[start], axis=1)
    good = length > 1e-9
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length, 1e-9)[:, None]
    scale = good * (metres / np.maximum(length, 1e-9)) ** 2 * metres**2 * (weight[start] + weight[end]) / 2
    rows = _products(normal, uv[tails]) * scale[:, None]
    found = np.zeros((W, 6))
    for column in range(6):
        for side in (tails, heads):
            found[:, column] += np.bincount(side, rows[:, column], minlength=W)
    return found
