"""Loop subdivision, as a linear operator on whatever vertices carry [Loop 1987]."""

import math

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, edges


def subdivided(mesh: Mesh) -> Mesh:
    """Four faces for each: the old vertices, moved, then one for each edge in the order of `edges`.

    Attributes in floating point go through the same operator; of integers an edge takes the end with the smaller
    index. UVs are halved along the edges, images stay.
    """
    operator, faces = loop_operator(mesh.faces, len(mesh.vertices), dtype=mesh.vertices.dtype)
    first = edges(mesh.faces).vertices[:, 0]
    attributes = {}
    for name, values in mesh.attributes.items():
        if values.is_floating_point():
            rows = values.reshape(len(values), math.prod(values.shape[1:])).to(operator.dtype)
            attributes[name] = (operator @ rows).reshape(len(operator), *values.shape[1:]).to(values.dtype)
        else:
            attributes[name] = torch.cat([values, values[first]])
    return Mesh(operator @ mesh.vertices, faces, attributes, _halved(mesh.uvs), mesh.images)


def loop_operator(faces: Tensor, V: int, *, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Sparse (V + E, V) weights of the old vertices in each new one, and the new faces (4 F, 3).

        c                An edge with a face on either side: 3/8 of its ends, 1/8 of what faces it.
       / \\               A vertex with n neighbours: w of each, 1 - n w of itself, with
      x---y                  w = (5/8 - (3/8 + cos(2 pi / n) / 4)^2) / n.
     / \\ / \\             On the rim: edges 1/2, 1/2; vertices 1/8, 3/4, 1/8 of those before and after,
    a---z---b            unless not two rim edges meet there, where the vertex stays.
    """
    mesh_edges = edges(faces)
    E, a, b = len(mesh_edges.vertices), *mesh_edges.vertices.unbind(dim=1)
    inside = (mesh_edges.counts == 1).all(dim=1)
    smooth = torch.where(inside, 3 / 8, 1 / 2).to(dtype)
    facing = faces.roll(1, dims=1).reshape(-1)
    of_faces = mesh_edges.of_faces.reshape(-1)
    counted = inside[of_faces]
    rows, columns = [V + of_faces[counted]], [facing[counted]]
    weights = [torch.full((int(counted.sum()),), 1 / 8, dtype=dtype, device=faces.device)]
    slots = V + torch.arange(E, device=faces.device)
    rows, columns, weights = [*rows, slots, slots], [*columns, a, b], [*weights, smooth, smooth]

    rim = torch.bincount(mesh_edges.vertices[~inside].reshape(-1), minlength=V)
    degree = torch.bincount(mesh_edges.vertices.reshape(-1), minlength=V)
    most = int(degree.max()) if V else 0
    table = [(5 / 8 - (3 / 8 + math.cos(2 * math.pi / n) / 4) ** 2) / n for n in range(1, most + 1)]
    inner = torch.tensor([0.0, *table], dtype=dtype, device=faces.device)[degree]
    of_inner = torch.where(rim == 0, inner, 0)
    of_rim = torch.where(rim == 2, 1 / 8, 0).to(dtype)
    for here, there in ((a, b), (b, a)):
        rows, columns = [*rows, here], [*columns, there]
        weights.append(torch.where(inside, of_inner[here], of_rim[here]))
    own = torch.where(rim == 0, 1 - degree * inner, 1 - rim * of_rim)
    vertices = torch.arange(V, device=faces.device)
    index = torch.stack([torch.cat([*rows, vertices]), torch.cat([*columns, vertices])])
    operator = torch.sparse_coo_tensor(index, torch.cat([*weights, own]), (V + E, V), check_invariants=False)
    z, y, x = (V + mesh_edges.of_faces).unbind(dim=1)
    a, b, c = faces.unbind(dim=1)
    new = torch.stack([a, z, x, z, b, y, x, y, c, z, y, x], dim=1).reshape(-1, 3)
    return operator.coalesce(), new


def _halved(uvs: Tensor | None) -> Tensor | None:
    if uvs is None:
        return None
    a, b, c = uvs.unbind(dim=1)
    z, y, x = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return torch.stack([a, z, x, z, b, y, x, y, c, z, y, x], dim=1).reshape(-1, 3, 2)
