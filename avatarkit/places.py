"""Places on a mesh's surface: the texels of an atlas, or any points whose colour is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, face_normals, unit, vertex_normals
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Places:
    """P places: `face` (P) int64 and `barycentric` (P,3) float32 on a mesh."""

    mesh: Mesh
    face: Tensor
    barycentric: Tensor

    def __len__(self) -> int:
        return len(self.face)

    @cached_property
    def corners(self) -> Tensor:
        """(P,3) int64: the vertices around each place."""
        return self.mesh.faces[self.face]

    @cached_property
    def points(self) -> Tensor:
        """(P,3) metres, world."""
        return self.of(self.mesh.vertices)

    @cached_property
    def normals(self) -> Tensor:
        """(P,3) unit: the surface's smooth normals."""
        smooth = unit(self.of(vertex_normals(self.mesh.vertices, self.mesh.faces)))
        flat = face_normals(self.mesh.vertices, self.mesh.faces)[self.face]
        return torch.where((smooth * flat).sum(dim=1, keepdim=True) < 0, flat, smooth)

    def of(self, values: Tensor) -> Tensor:
        """(P,C): values (V,C) of the vertices, mixed."""
        return mixed(values, self.corners, self.barycentric)

    def gathered(self, values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(V,C), (V): the weighted means at the vertices of values (P,C) of the places, and the weights' sums."""
        _, C = sizes("P C, P", values, weights)
        V = len(self.mesh.vertices)
        sums, total = values.new_zeros(V, C), values.new_zeros(V)
        for corner, share in zip(self.corners.T, self.barycentric.T, strict=True):
            weight = weights * share
            total.index_add_(0, corner, weight)
            sums.index_add_(0, corner, values * weight[:, None])
        return sums / total.clamp(min=1e-9)[:, None], total

    def some(self, which: Tensor) -> Places:
        """The places that an index or a mask (P) names."""
        return Places(self.mesh, self.face[which], self.barycentric[which])

    def split(self, count: int) -> Iterator[tuple[slice, Places]]:
        """These places, `count` at a time."""
        for start in range(0, len(self), count):
            part = slice(start, start + count)
            yield part, replace(self, face=self.face[part], barycentric=self.barycentric[part])


def mixed(values: Tensor, corners: Tensor, shares: Tensor) -> Tensor:
    """(P,C): values (V,C) at the corners (P,3), by their shares (P,3); a sum over dim 1 is slow."""
    a, b, c = (values[corner] * share[:, None] for corner, share in zip(corners.T, shares.T, strict=True))
    return a + b + c
