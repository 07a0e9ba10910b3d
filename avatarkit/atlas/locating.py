"""Where on the template a mesh lies that does not say so itself."""

import torch

from avatarkit.body import BodyModel, PosedBody
from avatarkit.errors import BadData
from avatarkit.evidence import NO_TEMPLATE
from avatarkit.mesh import Mesh
from avatarkit.surface import Surface

FARTHEST = 0.15
"""Metres; what is farther from the body's skin than this belongs to no part of it."""


def located(mesh: Mesh, model: BodyModel, posed: PosedBody) -> Mesh:
    """The mesh with `_TEMPLATE` and `_PART` (V), if it lacks them: those of the nearest point of the posed body's skin.

    Raises BadData for a body without parts or closed skin, and where the mesh is nowhere near the body.
    """
    if {"_TEMPLATE", "_PART"} <= mesh.attributes.keys():
        return mesh
    if model.part is None or model.outer_faces is None:
        raise BadData(f"body {model.name}: its file has no parts or no closed skin: use --atlas xatlas")
    near = Surface(posed.vertices, model.outer_faces).closest(mesh.vertices)
    corner = near.barycentric.argmax(dim=1, keepdim=True)
    template = model.outer_faces[near.face].gather(1, corner)[:, 0]
    far = near.distance > FARTHEST
    if bool(far.float().mean() > 0.5):
        raise BadData("mesh: most of it is far from the body: was this body fitted to it? Try --atlas xatlas")
    part = model.part[template]
    return mesh.having(_TEMPLATE=torch.where(far, NO_TEMPLATE, template), _PART=part.to(torch.uint8))
