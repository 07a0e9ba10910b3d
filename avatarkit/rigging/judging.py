"""Is this rig good enough to hand out? What is wrong with it, in words."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_INDEX, JOINT_NAMES
from avatarkit.errors import QualityGate
from avatarkit.rigging.binding import FINGERS

log = logging.getLogger("avatarkit")

BODY = JOINT_NAMES[:22]
"""The joints that must lie inside of the mesh."""


FINGER_JOINTS = [
    [JOINT_INDEX[f"{side}_{finger}{bone}"] for bone in (1, 2, 3)] for side in ("left", "right") for finger in FINGERS
]


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
ASIDE = 0.1
"""Metres from the middle, at rest, from where on a limb is known to be the left or the right one."""


def faults(avatar: Avatar, mended: float, gate: Gate | None = None) -> list[str]:
    """What is wrong with the rig, a line each; none for a good one."""
    gate = gate or Gate()
    found = []
    sums = avatar.lbs_weights.sum(dim=1)
    if not bool(torch.isfinite(avatar.lbs_weights).all()) or not bool(torch.isfinite(avatar.joints).all()):
        return ["weights or joints are not finite"]
    bare = int(((sums - 1).abs() > 1e-3).sum())
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


def crossed(avatar: Avatar) -> float:
    """The share of the vertices more than ASIDE from the middle with over half of their weight on the other side."""
    x = avatar.mesh.vertices[:, 0]
    side = torch.tensor([name.startswith("left") - name.startswith("right") for name in JOINT_NAMES])
    on_left, on_right = (avatar.lbs_weights[:, side == k].sum(dim=1) for k in (1, -1))
    wrong = ((x > ASIDE) & (on_right > 0.5)) | ((x < -ASIDE) & (on_left > 0.5))
    return float(wrong.double().mean())


def mixed(avatar: Avatar) -> float:
    """The share of the fingers' vertices with over a fifth of their weight on another finger than most of it."""
    weights = torch.stack([avatar.lbs_weights[:, own].sum(dim=1) for own in FINGER_JOINTS], dim=1)
    first, second = weights.topk(2, dim=1).values.unbind(dim=1)
    of_finger = first > 0.5
    return float((second[of_finger] > 0.2).double().mean()) if bool(of_finger.any()) else 0.0


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
