"""How far a carved mesh is from what views say and from the body under it: the squares that `offsets` minimises.

Vertices are x = home + d: `home` (V,3) the body's place of each, d (V,3) its offset. All are half of a weighted sum of
squared lengths (square metres), differentiable, none depends on the triangles' size.
"""

import torch
from torch import Tensor

from avatarkit.shapes import sizes


def normal_loss(vertices: Tensor, faces: Tensor, normals: Tensor, weights: Tensor) -> Tensor:
    """Edges of a face that leave the plane of the normal (F,3) wanted of it: 1/2 sum w (n . (x_j - x_i))^2.

    The integration of normals (Nehab 2005, eq. 6), on the mesh: what occludes is not joined to what lies behind.
    """
    sizes("V 3, F 3, F 3, F", vertices, faces, normals, weights)
    corners = vertices[faces]
    along = ((corners.roll(-1, dims=1) - corners) * normals[:, None]).sum(dim=-1)
    return 0.5 * (weights[:, None] * along.square()).sum()


def offset_loss(offsets: Tensor, pairs: Tensor, turns: Tensor, weights: Tensor, drift: Tensor) -> Tensor:
    """Offsets that change along edges (E,2) otherwise than the body bends: 1/2 sum w |d_b - T d_a - drift|^2.

    With the least turn `turns` (E,3,3) from the body's normal at a to that at b, clothes that stand off equally far
    all around cost nothing: a sleeve that is wider from the front is taken to be deeper too.
    """
    sizes("V 3, E 2, E 3 3, E, E 3", offsets, pairs, turns, weights, drift)
    bent = offsets[pairs[:, 1]] - torch.einsum("eij,ej->ei", turns, offsets[pairs[:, 0]]) - drift
    return 0.5 * (weights * bent.square().sum(dim=1)).sum()


def outline_loss(vertices: Tensor, directions: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Contour points (P,3) off the mask's outline: 1/2 sum w (g . x - t)^2 of directions g (P,3) and places t (P)."""
    sizes("P 3, P 3, P, P", vertices, directions, places, weights)
    return 0.5 * (weights * ((vertices * directions).sum(dim=1) - places).square()).sum()


def skin_loss(offsets: Tensor, normals: Tensor, ease: Tensor, weights: Tensor) -> Tensor:
    """Clothes less than `ease` (V) metres off the body: 1/2 sum w min(0, n . d - ease)^2 over its normals (V,3).

    Chupa's side loss (no less than the body's silhouette at +-90 degrees), in every direction.
    """
    sizes("V 3, V 3, V, V", offsets, normals, ease, weights)
    return 0.5 * (weights * ((offsets * normals).sum(dim=1) - ease).clamp(max=0).square()).sum()
