"""Slow, obvious versions of what the library does fast: a test compares the two."""

from __future__ import annotations

from collections.abc import Sequence

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
