"""A carved person's atlas."""

import torch

from avatarkit.atlas.atlas import Atlas
from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh, face_normals
from avatarkit.person import Person


def unwrapped(mesh: Mesh, model: BodyModel, person: Person) -> Atlas:
    """The mesh's atlas in semantic charts.

    `mesh` has the attributes of carved.glb: `_TEMPLATE` (V) the model's vertex, 65535 = none, and `_PART` (V); where it
    lacks them they are found at the nearest point of the posed body of `person`.
    """
    back = face_normals(mesh.vertices, mesh.faces)[:, 2] < 0
    flat = mesh.vertices[mesh.faces][..., :2]
    low, high = flat.amin((0, 1)), flat.amax((0, 1))
    share = (flat - low) / (high - low).max() * torch.tensor([0.48, 0.98])
    x = torch.where(back[:, None], 0.99 - share[..., 0], share[..., 0] + 0.01)
    uvs = torch.stack([x, 0.99 - share[..., 1]], dim=-1)
    return Atlas(Mesh(mesh.vertices, mesh.faces, mesh.attributes, uvs), back.long(), ("front", "back"))
