"""What does not hang together with the body: bags beside it, unrolled from a cut on the side that they turn to it."""

import torch
from torch import Tensor

from avatarkit.atlas import panels
from avatarkit.mesh import Mesh, connected, edges


def apart(mesh: Mesh) -> Tensor:
    """(V) int64: 0 for the largest piece of a mesh, which is the body's, 1, 2 … for the others."""
    found = connected(edges(mesh.faces).vertices, len(mesh.vertices))
    order = torch.bincount(found).argsort(descending=True, stable=True)
    return order.argsort()[found]


def cylinder(mesh: Mesh) -> Tensor:
    """(V,3): of vertices that are not the body's, metres away from it, to the right as seen from there, and down, from
    the middle of their piece, which is narrowest away from the body; NaN elsewhere."""
    piece, found = apart(mesh), torch.full_like(mesh.vertices, torch.nan)
    middle = mesh.vertices[piece == 0].mean(dim=0)
    for k in range(1, int(piece.max()) + 1):
        points = mesh.vertices[piece == k]
        centre = (points.amin(dim=0) + points.amax(dim=0)) / 2
        level = (points - points.mean(dim=0))[:, [0, 2]]
        narrow = torch.linalg.eigh(level.T @ level).eigenvectors[:, 0]
        narrow = narrow * (1 if narrow @ (centre - middle)[[0, 2]] >= 0 else -1)
        away = torch.stack([narrow[0], torch.zeros(()), narrow[1]])
        up = torch.tensor([0.0, 1.0, 0.0])
        found[piece == k] = (points - centre) @ torch.stack([away, torch.linalg.cross(up, away), -up]).T
    return found


def leans(mesh: Mesh) -> dict[str, Tensor]:
    """How much each vertex (V) belongs to a bag's outer side, and to the two halves of its inner side; NaN: no bag."""
    away, right, _ = (cylinder(mesh) / 0.02).clamp(-2, 2).unbind(1)
    return {"bag_outer": away, "bag_front": right / 2 - away, "bag_back": -right / 2 - away}


def placed(points: Tensor, panel: Tensor) -> Tensor:
    """(N,2): where in their chart's rectangle points (N,3) of `cylinder` lie, the outer side in the middle."""
    found = torch.full((len(points), 2), torch.nan)
    own = torch.isin(panel, torch.tensor([panels.index(name) for name in panels.BAG]))
    if bool(own.any()):
        away, right, down = points[own].unbind(1)
        down = (down - down.min()) / (down.max() - down.min()).clamp(min=1e-6)
        found[own] = torch.stack([0.5 + torch.atan2(right, away) / (2 * torch.pi), down], dim=1)
    return found
