"""What the template has no vertex for: skirts, coats below the hip, robes."""

import torch
from torch import Tensor

from avatarkit.atlas import panels
from avatarkit.body import JOINT_INDEX, PosedBody
from avatarkit.mesh import Mesh, unit, vertex_normals

UNDER = 0.5
"""The cosine to the legs' direction from which on what a surface closes below is meant."""


def axes_of(posed: PosedBody) -> tuple[Tensor, Tensor, Tensor]:
    """The pelvis (3), and unit vectors down the thighs, ahead of them and to the person's left (3,3)."""
    joints = posed.joints
    pelvis, knees = joints[0], joints[[JOINT_INDEX[f"{side}_knee"] for side in panels.SIDES]].mean(dim=0)
    down = unit(knees - pelvis)
    ahead, up = posed.world_from_joint[0, :3, 2], posed.world_from_joint[0, :3, 1]
    # of someone who sits, a skirt's front is above
    ahead = unit(ahead - (ahead @ down) * (down - up) / (1 - down @ up).clamp(min=1e-3))
    ahead = unit(ahead - (ahead @ down) * down)
    return pelvis, torch.stack([down, ahead, torch.linalg.cross(-down, ahead)]), knees


def cylinder(mesh: Mesh, posed: PosedBody) -> Tensor:
    """(V,3): metres down, ahead and to the left of the pelvis, along the thighs."""
    pelvis, axes, _ = axes_of(posed)
    return (mesh.vertices - pelvis) @ axes.T


def leans(mesh: Mesh, posed: PosedBody) -> dict[str, Tensor]:
    """How much each vertex (V) belongs to a skirt's front, back and underside."""
    _, axes, _ = axes_of(posed)
    ahead = (cylinder(mesh, posed)[:, 1] / 0.05).clamp(-1, 1)
    below = 4 * (vertex_normals(mesh.vertices, mesh.faces) @ axes[0] - UNDER)
    return {"skirt_front": ahead, "skirt_back": -ahead, "skirt_under": below.clamp(-2, 2)}


def placed(points: Tensor, panel: Tensor) -> Tensor:
    """(N,2): where in their charts' rectangles points (N,3) of `cylinder` lie: a skirt's hem is below."""
    found = torch.full((len(points), 2), torch.nan)
    down, ahead, left = points.unbind(1)
    round_ = torch.atan2(left, ahead)
    for name, across in (("front", round_), ("back", torch.atan2(-left, -ahead)), ("under", left)):
        own = panel == panels.index(f"skirt_{name}")
        if bool(own.any()):
            along = -ahead if name == "under" else down
            if name == "under":
                low, high = across[own].min(), across[own].max()
                across = (across - low) / (high - low).clamp(min=1e-6)
            else:
                across = (0.5 + across / torch.pi).clamp(0, 1)
            low, high = along[own].quantile(0.02), along[own].quantile(0.98)
            found[own] = torch.stack([across, ((along - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)], dim=1)[own]
    return found
