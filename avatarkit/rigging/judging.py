"""Is this rig good enough to hand out? What is wrong with it, in words."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_NAMES
from avatarkit.errors import QualityGate
from avatarkit.stress import crossed, mixed, unweighted

log = logging.getLogger("avatarkit")

BODY = JOINT_NAMES[:22]
"""The joints that must lie inside of the mesh."""


@dataclass(frozen=True)
class Gate:
    """What a rig may not be worse than: joints this far outside of the mesh, in metres; this share of its area mended;
    this share of the vertices far over on one side with weights of the other side's limbs; this
    share of the fingers' vertices on two of them, as the webs between them are."""

    outside: float = 0.02
    mended: float = 0.15
    crossed: float = 0.01
    mixed: float = 0.06


def judge(avatar: Avatar, mended: float, *, allow_poor: bool = False) -> None:
    """Say what is wrong with the rig; raises QualityGate if anything is and it is not allowed."""
    found = faults(avatar, mended)
    for fault in found:
        log.warning("%s", fault)
    if found and not allow_poor:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise QualityGate(f"rig: {found[0]}{more}: is body.npz its body? --allow-poor writes it all the same")
    if mended > 0:
        level = logging.WARNING if mended > MUCH else logging.INFO
        log.log(level, "%.1f %% of the surface was torn by un-posing, and mended", 100 * mended)


MUCH = 0.05
"""The share of the surface whose mending a user should know of: wide skirts of people who stride."""


def faults(avatar: Avatar, mended: float, gate: Gate | None = None) -> list[str]:
    """What is wrong with the rig, a line each; none for a good one."""
    gate = gate or Gate()
    found = []
    if not bool(torch.isfinite(avatar.lbs_weights).all()) or not bool(torch.isfinite(avatar.joints).all()):
        return ["weights or joints are not finite"]
    bare = unweighted(avatar)
    if bare:
        found.append(f"{bare} vertices have weights that do not sum to one")
    share = crossed(avatar)
    if share > gate.crossed:
        found.append(f"{100 * share:.1f} % of the vertices far on one side hang on the other side's limb")
    share = mixed(avatar)
    if share > gate.mixed:
        found.append(f"{100 * share:.1f} % of the fingers' vertices hang on another finger too")
    if mended > gate.mended:
        found.append(
            f"{100 * mended:.1f} % of the surface was torn by un-posing, expected at most {100 * gate.mended:.0f} %"
        )
    for name, depth in zip(BODY, outside(avatar), strict=True):
        if float(depth) > gate.outside:
            found.append(f"the joint {name} is {100 * float(depth):.1f} cm outside of the mesh")
    return found


def outside(avatar: Avatar) -> Tensor:
    """(22) metres: how far outside of the mesh each joint of the body lies, 0 inside; by the solid angle that the
    surface fills around it [generalised winding number, Jacobson et al. 2013]."""
    corners = avatar.mesh.vertices[avatar.mesh.faces].double()
    places = avatar.joints[: len(BODY)].double()
    a, b, c = (corners[None, :, k] - places[:, None] for k in range(3))
    la, lb, lc = (v.norm(dim=2) for v in (a, b, c))
    volume = (a * torch.linalg.cross(b, c)).sum(dim=2)
    below = la * lb * lc + (a * b).sum(dim=2) * lc + (b * c).sum(dim=2) * la + (c * a).sum(dim=2) * lb
    winding = torch.atan2(volume, below).sum(dim=1) / (2 * torch.pi)
    near = torch.cdist(places, avatar.mesh.vertices.double()).amin(dim=1)
    return torch.where(winding.abs() > 0.5, 0.0, near)
