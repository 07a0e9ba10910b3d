"""Linear blend skinning: joints carry vertices. Pure functions of tensors, for any skeleton and any mesh.

The equations are SMPL's (Loper et al. 2015, eq. 2 to 4). Inside, coordinates are planes: (3, V), not (V, 3), so that
blending is one matrix product, nothing is padded to four coordinates, and no vertex has a 4×4 matrix of its own.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from avatarkit.shapes import sizes


def blended(template: Tensor, dirs: Tensor, coefficients: Tensor) -> Tensor:
    """template + Σ_b coefficients_b · dirs_b, (..., V, 3), of points (..., V, 3), directions (V, 3, B), and the first
    n ≤ B coefficients (..., n); the others are zero and cost nothing."""
    V, B = sizes("... V 3, V 3 B", template, dirs)
    n = coefficients.shape[-1]
    if n > B:
        raise ValueError(f"got {n} coefficients for {B} directions")
    # A view where the storage is (B, 3, V), as BodyModel keeps it; elsewhere a copy.
    planes = dirs.permute(2, 1, 0)[:n].reshape(n, 3 * V)
    offsets = (coefficients @ planes).unflatten(-1, (3, V))
    return (template.transpose(-1, -2) + offsets).transpose(-1, -2)


def place_joints(rotations: Tensor, joints: Tensor, parents: tuple[int, ...], transl: Tensor) -> Tensor:
    """world_from_joint (..., J, 4, 4): forward kinematics.

    Takes each joint's rotation relative to its parent (..., J, 3, 3), joints at rest (..., J, 3), parents (-1 for the
    root, and before their children), and the translation of the whole body (..., 3).
    """
    (J,) = sizes("... J 3 3, ... J 3, ... 3", rotations, joints, transl)
    if len(parents) != J:
        raise ValueError(f"got {len(parents)} parents for {J} joints")
    batch = torch.broadcast_shapes(rotations.shape[:-3], joints.shape[:-2], transl.shape[:-1])
    joints = joints.expand(*batch, J, 3)
    # What a joint's place is measured from: its parent, and for the root, whose parent is -1, minus the translation.
    origins = torch.cat([-transl[..., None, :].expand(*batch, 1, 3), joints], dim=-2)
    offsets = joints - origins[..., [parent + 1 for parent in parents], :]
    top = torch.cat([rotations.expand(*batch, J, 3, 3), offsets[..., None]], dim=-1)
    bottom = top.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*batch, J, 1, 4)
    chain = torch.cat([top, bottom], dim=-2)
    # One slot more: the world, which is its own ancestor. Each round doubles how many ancestors are multiplied in,
    # so a chain of 11 joints takes 4 batched products and not 10 one after the other.
    chain = torch.cat([chain, torch.eye(4, dtype=top.dtype, device=top.device).expand(*batch, 1, 4, 4)], dim=-3)
    for ancestors in _doubled_ancestors(parents):
        chain = chain[..., ancestors, :, :] @ chain
    return chain[..., :J, :, :]


def rest_removed(world_from_joint: Tensor, joints: Tensor) -> Tensor:
    """world_from_rest (..., J, 4, 4): where each joint (..., J, 4, 4) takes a point of the rest pose with joints
    (..., J, 3)."""
    sizes("... J 4 4, ... J 3", world_from_joint, joints)
    moved = world_from_joint[..., :3, 3] - (world_from_joint[..., :3, :3] @ joints[..., None]).squeeze(-1)
    top = torch.cat([world_from_joint[..., :3, :3], moved[..., None]], dim=-1)
    return torch.cat([top, world_from_joint[..., 3:, :]], dim=-2)


def skinned(vertices: Tensor, lbs_weights: Tensor, world_from_rest: Tensor) -> Tensor:
    """Posed vertices (..., V, 3): v' = Σ_j w_j (R_j v + t_j), of rest vertices (..., V, 3), weights (V, J) with rows
    that sum to one, and transforms (..., J, 4, 4)."""
    sizes("... V 3, V J, ... J 4 4", vertices, lbs_weights, world_from_rest)
    columns = world_from_rest[..., :3, :].movedim(-3, -1).transpose(-2, -3).flatten(-3, -2)  # (..., 4 · 3, J)
    *axes, posed = (columns @ lbs_weights.T).unflatten(-2, (4, 3)).unbind(-3)  # each (..., 3, V)
    for axis, plane in zip(axes, vertices.unbind(-1), strict=True):
        posed = torch.addcmul(posed, axis, plane[..., None, :])
    return posed.transpose(-1, -2).contiguous()


@lru_cache(maxsize=16)
def _doubled_ancestors(parents: tuple[int, ...]) -> tuple[list[int], ...]:
    """For each round k the ancestor 2^k above every joint, the world (index J) above the root, until all are there."""
    world = len(parents)
    ancestors = [world if parent < 0 else parent for parent in parents] + [world]
    rounds = []
    while any(ancestor != world for ancestor in ancestors):
        rounds.append(ancestors)
        ancestors = [ancestors[ancestor] for ancestor in ancestors]
    return tuple(rounds)
