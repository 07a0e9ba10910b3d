"""What of a mesh is the template's own: its triangles, and the texture coordinates that its maker drew for them."""

import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh, connected

NO_FACE = -1


def exact_faces(mesh: Mesh, model: BodyModel) -> Tensor:
    """(F) int64: the face of the model that each face of the mesh is, by `_TEMPLATE`; -1 where it is none."""
    keys, order = _keys(model.faces).sort()
    asked = _keys(mesh.attributes["_TEMPLATE"].long()[mesh.faces])
    place = torch.searchsorted(keys, asked).clamp(max=len(keys) - 1)
    return torch.where(keys[place] == asked, order[place], NO_FACE)


def _keys(faces: Tensor) -> Tensor:
    """(F) int64: a number for the triangle of three vertices, wherever it starts."""
    first = faces.argmin(dim=1, keepdim=True)
    a, b, c = faces.gather(1, (first + torch.arange(3)) % 3).unbind(1)
    return (a * 65536 + b) * 65536 + c


def islands_of(model: BodyModel) -> Tensor:
    """(F) int64: which of the model's faces hang together in its own texture."""
    assert model.uv is not None and model.uv_faces is not None
    joined = connected(torch.cat([model.uv_faces[:, :2], model.uv_faces[:, 1:]]), len(model.uv))
    return joined[model.uv_faces[:, 0]]


def fitted(model: BodyModel, own: Tensor, into: Tensor) -> Tensor:
    """(F,3,2): the model's texture coordinates (v down), those faces that are its `own` (F) as large as `into` (2,2)
    holds, in its middle."""
    assert model.uv is not None and model.uv_faces is not None
    uvs = (model.uv * model.uv.new_tensor([1, -1]))[model.uv_faces]
    low, high = uvs[own].amin((0, 1)), uvs[own].amax((0, 1))
    start, end = into.float()
    scale = ((end - start) / (high - low)).min()
    return (uvs - (low + high) / 2) * scale + (start + end) / 2
