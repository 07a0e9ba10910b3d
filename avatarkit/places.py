"""Places on a mesh's surface: the texels of an atlas, or any points whose colour is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from avatarkit.kernels import compiled
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
        given = (self.corners, self.barycentric.to(values.dtype), values, weights)
        _gathered(*(tensor.contiguous().numpy() for tensor in given), sums.numpy(), total.numpy())  # type: ignore[call-arg]
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
    """(P,C): values (V,C) at the corners (P,3), by their shares (P,3)."""
    _, C, P = sizes("V C, P 3, P 3", values, corners, shares)
    found = torch.empty(P, C, dtype=torch.promote_types(values.dtype, shares.dtype))
    given = (values.to(found.dtype), corners, shares.to(found.dtype))
    _mixed(*(tensor.contiguous().numpy() for tensor in given), found.numpy())  # type: ignore[call-arg]
    return found


@compiled
def _mixed(values, corners, shares, found):  # type: ignore[no-untyped-def]
    for p in range(len(corners)):
        i, j, k = corners[p, 0], corners[p, 1], corners[p, 2]
        for c in range(values.shape[1]):
            found[p, c] = values[i, c] * shares[p, 0] + values[j, c] * shares[p, 1] + values[k, c] * shares[p, 2]


@compiled
def _gathered(corners, shares, values, weights, sums, total):  # type: ignore[no-untyped-def]
    for k in range(3):
        for p in range(len(corners)):
            corner, weight = corners[p, k], weights[p] * shares[p, k]
            total[corner] += weight
            for c in range(values.shape[1]):
                sums[corner, c] += values[p, c] * weight
