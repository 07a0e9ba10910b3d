"""The body's expressions on the mesh: shapes that its face takes, as offsets at rest."""

from __future__ import annotations

import logging
from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.avatar import Avatar
from avatarkit.body import BodyModel, Pose
from avatarkit.mesh import Mesh
from avatarkit.rigging.binding import parts_of
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

log = logging.getLogger("avatarkit")

JAW = {"aa": 0.35, "oh": 0.2}
"""Radians that the jaw is open for VRM's visemes, where no expression of the body's says how."""
NEAR = 0.015
"""Metres from the body's face at which an expression fades out."""
LEAST = 1e-5
"""Metres: what an expression moves less is left where it is."""


def morphs_of(mesh: Mesh, model: BodyModel, still: Tensor, rest: Tensor) -> Tensor:
    """(E,V,3) metres: each of the model's expressions on the mesh, of which `rest` (V,3) is where its vertices are when
    the body's are `still` (V',3), its head upright.

    The template's own vertices move as they do on the body, others as what is closest on its head, the less the
    farther from it they are.
    """
    (V,) = sizes("V 3, V 3", mesh.vertices, rest)
    _, template = parts_of(mesh, model)
    dirs = model.exprdirs.permute(2, 0, 1)  # (E,V',3)
    moved = dirs.abs().amax(dim=(0, 2)) > LEAST
    found = torch.zeros(len(dirs), V, 3)
    own = (template >= 0) & moved[template.clamp(min=0)]
    found[:, own] = dirs[:, template[own]]
    faces = model.faces[moved[model.faces].any(dim=1)]
    other = ~own & (template < 0)
    low, high = still[moved].amin(dim=0) - NEAR, still[moved].amax(dim=0) + NEAR
    rows = (other & ((rest > low) & (rest < high)).all(dim=1)).nonzero()[:, 0]
    if len(rows) and len(faces):
        near = Surface(still, faces).closest(rest[rows].float())
        share = (1 - near.distance / NEAR).clamp(min=0)
        at = (dirs[:, faces[near.face]] * near.barycentric[None, :, :, None]).sum(dim=2)
        found[:, rows] = at * share[None, :, None]
    return torch.where(found.abs() > LEAST, found, 0.0)


def named(avatar: Avatar, still: Pose, model: BodyModel) -> Avatar:
    """The avatar with names for its morphs: ARKit's as they are. Those of a body that names none, as official ones do,
    become exp00 …, and two visemes of its jaw are added, `aa` and `oh`. `still` is the pose in which it is bound."""
    if avatar.morphs is None or "jawOpen" in model.expression_names:
        return avatar
    log.warning("body model %s names no expressions: they become exp00 …; aa and oh open its jaw", model.name)
    rest = avatar.posed(still)
    spoken = [avatar.posed(replace(still, jaw_pose=still.jaw_pose.new_tensor([angle, 0, 0]))) for angle in JAW.values()]
    morphs = torch.cat([avatar.morphs, torch.stack(spoken) - rest])
    return replace(avatar, morph_names=(*(f"exp{k:02d}" for k in range(len(avatar.morphs))), *JAW), morphs=morphs)
