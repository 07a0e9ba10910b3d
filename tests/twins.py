"""Slow, obvious versions of what the library does fast: a test compares the two."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor


def rotation_by_series(axis_angle: Tensor) -> Tensor:
    """Rotation matrices (N, 3, 3) of axis-angle vectors (N, 3), as exponentials of cross-product matrices."""
    crosses = torch.zeros(len(axis_angle), 3, 3, dtype=axis_angle.dtype)
    for cross, (x, y, z) in zip(crosses, axis_angle.tolist(), strict=True):
        cross[:] = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=axis_angle.dtype)
    return torch.linalg.matrix_exp(crosses)


def skinned_one_vertex_at_a_time(
    rest_vertices: Tensor, rest_joints: Tensor, axis_angles: Tensor, parents: tuple[int, ...], lbs_weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Posed vertices (V, 3) and world_from_joint (J, 4, 4): parents first, then each vertex by 4×4 matrices."""
    world_from_joint: list[Tensor] = []
    for joint, parent in enumerate(parents):
        parent_from_joint = torch.eye(4, dtype=rest_joints.dtype)
        parent_from_joint[:3, :3] = rotation_by_series(axis_angles[joint : joint + 1])[0]
        parent_from_joint[:3, 3] = rest_joints[joint] - (rest_joints[parent] if parent >= 0 else 0)
        world_from_joint.append(world_from_joint[parent] @ parent_from_joint if parent >= 0 else parent_from_joint)
    posed = []
    for vertex, weights in zip(rest_vertices, lbs_weights, strict=True):
        place = torch.zeros(4, dtype=rest_vertices.dtype)
        for joint, weight in enumerate(weights):
            joint_from_rest = torch.eye(4, dtype=rest_joints.dtype)
            joint_from_rest[:3, 3] = -rest_joints[joint]
            place += weight * (world_from_joint[joint] @ joint_from_rest @ torch.cat([vertex, vertex.new_ones(1)]))
        posed.append(place[:3])
    return torch.stack(posed), torch.stack(world_from_joint)


def png_filtered_rows(rows: np.ndarray, kinds: Sequence[int], pixel_bytes: int) -> bytes:
    """PNG scanlines of `rows` (H, bytes) uint8, each after its filter's number, byte by byte (PNG 1.2, section 6)."""
    out = bytearray()
    for y, kind in enumerate(kinds):
        out.append(kind)
        for x in range(rows.shape[1]):
            a = int(rows[y, x - pixel_bytes]) if x >= pixel_bytes else 0
            b = int(rows[y - 1, x]) if y else 0
            c = int(rows[y - 1, x - pixel_bytes]) if y and x >= pixel_bytes else 0
            paeth = min((a, b, c), key=lambda value: abs(a + b - c - value))  # the first of equals
            out.append((int(rows[y, x]) - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
    return bytes(out)


def parts_by_walking(faces: Tensor, V: int) -> list[int]:
    """Label of each vertex' connected part: flood fill from the first vertex that has none."""
    neighbours: list[set[int]] = [set() for _ in range(V)]
    for face in faces.tolist():
        for vertex in face:
            neighbours[vertex] |= set(face)
    labels = [-1] * V
    for start in range(V):
        reached = [start] if labels[start] < 0 else []
        label = max(labels) + 1
        while reached:
            vertex = reached.pop()
            labels[vertex] = label
            reached += [other for other in neighbours[vertex] if labels[other] < 0]
    return labels


def cotangent_laplacian_by_angles(vertices: Tensor, faces: Tensor) -> Tensor:
    """Dense (V, V): half the cotangent of each corner's angle, measured by arccos, on the edge across from it."""
    matrix = torch.zeros(len(vertices), len(vertices), dtype=vertices.dtype)
    for face in faces.tolist():
        for k in range(3):
            apex, a, b = face[k], face[(k + 1) % 3], face[(k + 2) % 3]
            u, v = vertices[a] - vertices[apex], vertices[b] - vertices[apex]
            weight = 0.5 / torch.tan(torch.arccos(u @ v / (u.norm() * v.norm())))
            matrix[a, b] += weight
            matrix[b, a] += weight
    return matrix - torch.diag(matrix.sum(dim=1))


def first_hit_by_every_triangle(
    vertices: Tensor, faces: Tensor, origin: Tensor, direction: Tensor
) -> tuple[float, int]:
    """Distance and face of the ray's first hit, (inf, -1) for none: solve o + t d = a + u (b - a) + v (c - a)."""
    nearest, hit = float("inf"), -1
    for index, face in enumerate(faces.tolist()):
        a, b, c = vertices[face]
        system = torch.stack([-direction, b - a, c - a], dim=1)
        if system.det().abs() < 1e-12:
            continue
        t, u, v = torch.linalg.solve(system, origin - a).tolist()
        if u >= 0 and v >= 0 and u + v <= 1 and 0 < t < nearest:
            nearest, hit = t, index
    return nearest, hit


def rasterised_pixel_by_pixel(clip: Tensor, faces: Tensor, size: tuple[int, int], farthest: bool = False) -> Tensor:
    """nvdiffrast's rast (H, W, 4) of one view's clip-space vertices (V, 4): every pixel against every triangle.

    Where a pixel's centre lies on an edge, both triangles cover it here. Differentiable in u and v.
    """
    rows = []
    for y in range(size[1]):
        for x in range(size[0]):
            ndc = clip.new_tensor([(x + 0.5) * 2 / size[0] - 1, (y + 0.5) * 2 / size[1] - 1])
            best, pixel = float("inf"), clip.new_zeros(4)
            for index, face in enumerate(faces.tolist()):
                corners = clip[face]
                p = corners[:, :2] - ndc * corners[:, 3:]
                areas = p[[1, 2, 0], 0] * p[[2, 0, 1], 1] - p[[1, 2, 0], 1] * p[[2, 0, 1], 0]
                if not torch.isfinite(areas).all() or areas.sum() == 0:
                    continue
                weights = areas / areas.sum()
                z, w = (weights @ corners[:, 2:]).unbind()
                if weights.min() < 0 or not -w <= z <= w:
                    continue
                depth = float((z / w).detach()) * (-1 if farthest else 1)
                if depth < best:
                    best = depth
                    pixel = torch.stack([*weights[:2], (z / w).detach(), z.new_tensor(index + 1.0)])
            rows.append(pixel)
    return torch.stack(rows).reshape(size[1], size[0], 4)


def interpolated_pixel_by_pixel(attributes: Tensor, rast: Tensor, faces: Tensor) -> Tensor:
    """The attributes (V, C) at the surface of rast (H, W, 4), zero where nothing is: (H, W, C)."""
    image = []
    for u, v, _, triangle in rast.reshape(-1, 4):
        weights = torch.stack([u, v, 1 - u - v])
        corners = attributes[faces[int(triangle) - 1]]
        image.append(weights @ corners if triangle > 0 else attributes.new_zeros(attributes.shape[1]))
    return torch.stack(image).reshape(*rast.shape[:2], -1)


def crossing_by_every_pair(vertices: Tensor, faces: Tensor) -> list[bool]:
    """Faces that cross others: every edge against every other face, where it meets its plane, in fractions."""
    points = [[Fraction(x) for x in point] for point in vertices.tolist()]
    found = [False] * len(faces)
    for i, face in enumerate(faces.tolist()):
        for j, other in enumerate(faces.tolist()):
            for a, b in ((face[0], face[1]), (face[1], face[2]), (face[2], face[0])):
                if (
                    i != j
                    and not {a, b} & set(other)
                    and _edge_passes(points[a], points[b], [points[k] for k in other])
                ):
                    found[i] = found[j] = True
    return found


def _edge_passes(a: list[Fraction], b: list[Fraction], corners: list[list[Fraction]]) -> bool:
    """Does the segment from a to b, or a vertex' breadth above it, meet the open triangle?"""
    p, q, r = corners
    normal = _cross(_minus(q, p), _minus(r, p))
    heights = [_dot(_minus(end, p), normal) for end in (a, b)]
    if (heights[0] >= 0) == (heights[1] >= 0):
        return False
    share = heights[0] / (heights[0] - heights[1])
    meeting = [x + share * (y - x) for x, y in zip(a, b, strict=True)]
    turns = [_dot(_cross(_minus(v, u), _minus(meeting, u)), normal) for u, v in ((p, q), (q, r), (r, p))]
    return min(turns) > 0


def _minus(a: list[Fraction], b: list[Fraction]) -> list[Fraction]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def _cross(a: list[Fraction], b: list[Fraction]) -> list[Fraction]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
