"""How a person holds their body: the rotations of SMPL-X's 55 joints, in smplx's own keys.

Axis-angle in radians, each joint relative to its parent; hands are absolute, relative to the flat hand of the rest
pose (what smplx calls `flat_hand_mean=True, use_pca=False`). Any leading batch axes; parts broadcast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from avatarkit.shapes import sizes

_SIDES, _FINGERS = ("left", "right"), ("index", "middle", "pinky", "ring", "thumb")
JOINT_NAMES: tuple[str, ...] = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle"),
    *("spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "jaw", "left_eye", "right_eye"),
    *(f"{side}_{finger}{bone}" for side in _SIDES for finger in _FINGERS for bone in (1, 2, 3)),
)
_TRUNK_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15)
# Three bones a finger: the first hangs from the wrist (20, 21), the others from the bone before.
_HANDS = ((20, 25), (21, 40))
_HAND_PARENTS = tuple(wrist if k % 3 == 0 else first + k - 1 for wrist, first in _HANDS for k in range(15))
PARENTS: tuple[int, ...] = (*_TRUNK_PARENTS, *_HAND_PARENTS)
JOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(JOINT_NAMES)}

_PARTS = ("global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose", "left_hand_pose", "right_hand_pose")
_JOINTS_OF_PART = (1, 21, 1, 1, 1, 15, 15)


def _other_side(name: str) -> str:
    side, _, rest = name.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)


_MIRRORED = tuple(JOINT_INDEX[_other_side(name)] for name in JOINT_NAMES)


@dataclass(frozen=True, eq=False)
class Pose:
    """Rotations of all joints (axis-angle, radians) and the whole body's translation (metres)."""

    global_orient: Tensor
    """(..., 3) the pelvis, in the world."""
    body_pose: Tensor
    """(..., 63) left_hip to right_wrist."""
    jaw_pose: Tensor
    """(..., 3)"""
    leye_pose: Tensor
    """(..., 3)"""
    reye_pose: Tensor
    """(..., 3)"""
    left_hand_pose: Tensor
    """(..., 45) index, middle, pinky, ring, thumb; zero is the flat hand."""
    right_hand_pose: Tensor
    """(..., 45)"""
    transl: Tensor
    """(..., 3) metres, added after posing."""

    def __post_init__(self) -> None:
        parts = (getattr(self, field.name) for field in fields(self))
        sizes("... 3, ... 63, ... 3, ... 3, ... 3, ... 45, ... 45, ... 3", *parts)

    @staticmethod
    def rest(*batch: int, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Pose:
        """The rest pose, all zero, for a batch of people or, with no sizes given, for one."""
        return Pose.from_full(torch.zeros(*batch, len(JOINT_NAMES), 3, device=device, dtype=dtype))

    @staticmethod
    def from_full(axis_angle: Tensor, transl: Tensor | None = None) -> Pose:
        """The pose of all joints' axis-angles (..., 55, 3) in SMPL-X's order, standing at `transl` or the origin."""
        sizes("... 55 3", axis_angle)
        parts = [part.flatten(-2) for part in axis_angle.split(_JOINTS_OF_PART, dim=-2)]
        return Pose(*parts, torch.zeros_like(axis_angle[..., 0, :]) if transl is None else transl)  # type: ignore[call-arg]

    def full(self) -> Tensor:
        """Axis-angles of all joints, (..., 55, 3), in the order of JOINT_NAMES."""
        parts = [getattr(self, name).unflatten(-1, (-1, 3)) for name in _PARTS]
        batch = torch.broadcast_shapes(*(part.shape[:-2] for part in parts))
        return torch.cat([part.expand(*batch, *part.shape[-2:]) for part in parts], dim=-2)

    def turned(self, joints: Mapping[str, Sequence[float] | Tensor]) -> Pose:
        """The pose with the named joints' axis-angles replaced: `pose.turned({"left_shoulder": (0, 0, -1.2)})`."""
        unknown = sorted(set(joints) - set(JOINT_INDEX))
        if unknown:
            raise ValueError(f"unknown joints {unknown}; the joints are {', '.join(JOINT_NAMES)}")
        rows = list(self.full().unbind(-2))
        for name, axis_angle in joints.items():
            rows[JOINT_INDEX[name]] = torch.as_tensor(axis_angle, dtype=rows[0].dtype, device=rows[0].device)
        return Pose.from_full(torch.stack(torch.broadcast_tensors(*rows), dim=-2), self.transl)

    def mirrored(self) -> Pose:
        """The pose seen in a mirror: left and right swapped by the plane x = 0."""
        # A mirror M = diag(-1, 1, 1) turns R(r) into M R(r) M = R(-M r), as r is a pseudovector.
        flip = self.transl.new_tensor([1.0, -1.0, -1.0])
        return Pose.from_full(self.full()[..., _MIRRORED, :] * flip, self.transl * -flip)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Pose:
        """The same pose on another device, in another float type."""
        moved = {f.name: getattr(self, f.name).to(device=device, dtype=dtype) for f in fields(self)}
        return replace(self, **moved)
