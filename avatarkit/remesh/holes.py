"""Small holes closed by the triangulation of least area over their rims [Barequet and Sharir 1995]."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from avatarkit.mesh import Mesh, boundary_loops, edges


def filled(mesh: Mesh, *, most: int = 200) -> Mesh:
    """The mesh with holes of up to `most` rim vertices closed, without new vertices; UVs and images do not go along.

    A hole stays where a patch would need a triangle without area, or an edge that the mesh has elsewhere; a triangle on
    its own stays one. Takes O(n³) for a rim of n: 0.2 s for 100 vertices, 1 s for 200.
    """
    taken = {(a, b) for a, b in edges(mesh.faces).vertices.tolist()}
    there = {tuple(corners) for corners in mesh.faces.sort(dim=1).values.tolist()}
    vertices = mesh.vertices.detach().cpu().double().numpy()
    patches = [mesh.faces]
    for loop in boundary_loops(mesh.faces):
        alone = len(loop) == 3 and tuple(sorted(loop.tolist())) in there
        if 3 <= len(loop) <= most and len(set(loop.tolist())) == len(loop) and not alone:
            rim = loop.cpu().numpy()[::-1]  # a patch runs along the rim against the faces around it
            patch = least_area_fill(rim, vertices, barred=_joined(rim, taken))
            patches.append(torch.from_numpy(patch).to(mesh.faces))
            taken |= {(min(a, b), max(a, b)) for t in patch.tolist() for a, b in zip(t, t[1:] + t[:1], strict=True)}
    return replace(mesh, faces=torch.cat(patches), uvs=None, images={})


def _joined(rim: np.ndarray, taken: set[tuple[int, int]]) -> np.ndarray:
    """(n,n) bool: are two vertices of the rim, not neighbours along it, joined by an edge?"""
    n = len(rim)
    barred = np.array([[(min(a, b), max(a, b)) in taken for b in rim.tolist()] for a in rim.tolist()])
    i = np.arange(n)
    barred[i, (i + 1) % n] = barred[(i + 1) % n, i] = False
    return barred


def least_area_fill(loop: np.ndarray, vertices: np.ndarray, *, barred: np.ndarray | None = None) -> np.ndarray:
    """The triangulation (n - 2, 3) of a polygon in space with the least area [Barequet and Sharir 1995, section 3].

    Dynamic programming: cost[i, k] = min over i < j < k of cost[i, j] + cost[j, k] + area(i, j, k).
    With `barred` (n,n) no edge joins those two corners, and no triangle is without area; (0, 3) if that cannot be.
    """
    points, n = vertices[loop], len(loop)
    cost, best = np.zeros((n, n)), np.zeros((n, n), int)
    for span in range(2, n):
        for i in range(n - span):
            k = i + span
            between = np.arange(i + 1, k)
            area = np.linalg.norm(np.cross(points[between] - points[i], points[k] - points[i]), axis=1) / 2
            total = cost[i, between] + cost[between, k] + area
            if barred is not None:
                total[barred[i, k] | (area <= 1e-4 * ((points[between] - points[i]) ** 2).sum(axis=1))] = np.inf
            best[i, k] = between[np.argmin(total)]
            cost[i, k] = total.min()
    if not np.isfinite(cost[0, n - 1]):
        return np.zeros((0, 3), loop.dtype)
    triangles, todo = [], [(0, n - 1)]
    while todo:
        i, k = todo.pop()
        if k - i > 1:
            j = int(best[i, k])
            triangles.append((i, j, k))
            todo += [(i, j), (j, k)]
    return loop[np.array(triangles)]
