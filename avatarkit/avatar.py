"""A rigged human: a mesh at rest, the skeleton that moves it, the shapes that its face takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.body import PARENTS, Pose
from avatarkit.body.skinning import place_joints, rest_removed, skinned
from avatarkit.clips import Clip
from avatarkit.mesh import Mesh
from avatarkit.rotation import rotation_from_axis_angle
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Avatar:
    """At rest it faces +Z with its soles at y = 0, and every joint stands unturned; metres."""

    mesh: Mesh
    """V vertices at rest"""
    joints: Tensor
    """(55,3) at rest, SMPL-X's, in the order of JOINT_NAMES"""
    lbs_weights: Tensor
    """(V,55); rows sum to one"""
    morph_names: tuple[str, ...] = ()
    morphs: Tensor | None = None
    """(M,V,3) metres, added to the vertices at rest"""
    bind: Tensor | None = None
    """(55,3,3) how each joint was turned, from the body's own rest pose, when it was bound; None: not at all"""
    clips: tuple[Clip, ...] = ()
    """what it can do; `transl` is counted from where its pelvis is at rest"""

    def __post_init__(self) -> None:
        sizes("V 3, 55 3, V 55", self.mesh.vertices, self.joints, self.lbs_weights)

    def posed(self, pose: Pose, expression: Mapping[str, float] | None = None) -> Tensor:
        """(..., V, 3): its vertices in a `pose` of the body, whose `transl` is counted from where it stands at rest.

        `expression`: how much of each named morph, 0 … 1. ValueError for one that it lacks.
        """
        vertices = self.mesh.vertices
        for name, amount in (expression or {}).items():
            if self.morphs is None or name not in self.morph_names:
                raise ValueError(f"the avatar has no expression {name!r}")
            vertices = vertices + amount * self.morphs[self.morph_names.index(name)]
        return skinned(vertices, self.lbs_weights, self.world_from_rest(pose))

    def turns(self, pose: Pose) -> Tensor:
        """(..., 55, 3, 3): each joint's rotation in its parent's frame, from this rest, of a `pose` of the body.

        With world rotations G of the pose and B of the bind, a joint's own frame stands at G Bᵀ.
        """
        local = rotation_from_axis_angle(pose.full())
        if self.bind is None:
            return local
        above = [parent if parent >= 0 else len(PARENTS) for parent in PARENTS]
        root = torch.eye(3, dtype=local.dtype, device=local.device)
        bound = torch.cat([self.bind, root[None]])[above]
        return bound @ local @ self.bind.transpose(-1, -2)

    def world_from_rest(self, pose: Pose) -> Tensor:
        """(..., 55, 4, 4): where each joint takes a point at rest."""
        return rest_removed(place_joints(self.turns(pose), self.joints, PARENTS, pose.transl), self.joints)


@dataclass(frozen=True, eq=False)
class Played:
    """An avatar's file as one looks at it: its mesh at `rest` and in poses of its clips, and what it can do."""

    meshes: Mapping[str, Mesh]
    joints: int
    shapes: tuple[str, ...]
    clips: Mapping[str, float]
    """seconds"""
