"""Which triangles of a mesh are the template's own."""

import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh

NO_FACE = -1


def exact_faces(mesh: Mesh, model: BodyModel) -> Tensor:
    """(F) int64: the face of the model that each face of the mesh is, by `_TEMPLATE`; -1 where it is none."""
    keys, order = keys_of(model.faces).sort()
    asked = keys_of(mesh.attributes["_TEMPLATE"].long()[mesh.faces])
    place = torch.searchsorted(keys, asked).clamp(max=len(keys) - 1)
    return torch.where(keys[place] == asked, order[place], NO_FACE)


def keys_of(faces: Tensor) -> Tensor:
    """(F) int64: a number for the triangle of three vertices, wherever it starts."""
    first = faces.argmin(dim=1, keepdim=True)
    a, b, c = faces.gather(1, (first + torch.arange(3)) % 3).unbind(1)
    return (a * 65536 + b) * 65536 + c
