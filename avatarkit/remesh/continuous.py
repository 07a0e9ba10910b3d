"""Continuous remeshing: one round of split, collapse and flip by a target edge length per vertex [Palfinger 2022]."""

import math

import numpy as np
import torch
from torch import Tensor

from avatarkit.mesh import Mesh
from avatarkit.shapes import sizes


def remeshed(
    mesh: Mesh, target: Tensor, *, frozen: Tensor | None = None, longest: float = 1.5, shortest: float = 0.5
) -> Mesh:
    """The mesh after one round: edges over `longest` x target split, those under `shortest` x target collapsed, flips.

    `target` (V,) metres; an edge's is its ends' mean. Attributes are the state that goes along: at a split the mean of
    the ends for floating point, the end with the smaller index for integers; at a collapse the same, or all of the
    frozen end. UVs and images do not go along.

    `frozen` (V,) bool: those vertices keep index, position and attributes, and edges between two of them stay. So do
    vertices on the rim of an open mesh, or where it is not manifold. Others may move to another index: carry
    `torch.arange(V)` as an attribute to know where. If so many vertices vanish that a frozen one's index is beyond
    their number, rows that no face uses stay below it; none do when the frozen ones come first.

    A closed manifold stays one; no face turns over or loses its area. Vertices that lie on one another but are not the
    same have rims between them: weld them before. Runs on the CPU, the same bytes each time. Its kernels are compiled
    at the first call after installation (about 10 s, said on the logger "avatarkit").

    Raises ValueError for a target not finite and above 0, for shapes that do not agree, or 0 <= shortest < longest not
    so. Faces without area, or on one vertex twice, are no error: they stay, or go.
    """
    V, _ = sizes("V 3, F 3", mesh.vertices, mesh.faces)
    frozen = torch.zeros(V, dtype=torch.bool) if frozen is None else frozen
    sizes(f"{V}, {V}", target, frozen)
    if not 0 <= shortest < longest:
        raise ValueError(f"remeshed: shortest {shortest}, longest {longest}; expected 0 <= shortest < longest")
    if not bool((torch.isfinite(target) & (target > 0)).all()):
        raise ValueError("remeshed: a target length is not finite and above 0")
    from avatarkit.remesh import layout, passes  # numba takes half a second to import

    state = [_columns(name, values) for name, values in mesh.attributes.items()]
    half = layout.half_edges(
        _columns("vertices", mesh.vertices),
        mesh.faces.detach().cpu().numpy(),
        _columns("target", target)[:, 0],
        np.concatenate([np.zeros((V, 0)), *(columns for columns in state if columns.dtype == np.float64)], axis=1),
        np.concatenate(
            [np.zeros((V, 0), np.int64), *(columns for columns in state if columns.dtype == np.int64)], axis=1
        ),
        frozen.detach().cpu().numpy(),
    )
    V, F = passes.remesh(half, float(shortest), float(longest), mesh.vertices.dtype != torch.float64)
    vertices = torch.from_numpy(half.points[:V].copy()).to(mesh.vertices)
    faces = torch.from_numpy(half.corners[: 3 * F].reshape(F, 3).copy()).to(mesh.faces)
    return Mesh(vertices, faces, _attributes(mesh, half.values[:V], half.labels[:V]))


def _columns(name: str, values: Tensor) -> np.ndarray:
    """(V,C) float64 to blend, or int64 to copy."""
    if values.is_complex():
        raise ValueError(f"remeshed: {name} is complex, expected real numbers")
    kind = torch.float64 if values.is_floating_point() else torch.int64
    return values.detach().reshape(len(values), math.prod(values.shape[1:])).to("cpu", kind).numpy()


def _attributes(mesh: Mesh, values: np.ndarray, labels: np.ndarray) -> dict[str, Tensor]:
    """The columns as attributes again, in shape and dtype as they came."""
    found, first = {}, {True: 0, False: 0}
    for name, old in mesh.attributes.items():
        real = old.is_floating_point()
        columns, width = values if real else labels, math.prod(old.shape[1:])
        rows = torch.from_numpy(columns[:, first[real] : first[real] + width].copy())
        found[name] = rows.reshape(len(rows), *old.shape[1:]).to(old)
        first[real] += width
    return found
