"""Named poses, made for one person: the same words put a child's and a heavy man's hands on their own hips.

Rotations are in the T-pose frame of SMPL-X's joints (the person faces +Z, their left is +X; axis-angle, radians).
What is symmetric is said for the left side and mirrored. Angles alone do not fit every build, so three things are
solved for the body at hand: arms hang as close as the trunk lets them, hands that touch do touch, and what stands on
the ground stands on one ground.
"""

from collections.abc import Callable

import torch

from avatarkit.body import Body, Pose
from avatarkit.errors import BadData
from avatarkit.poses.low import LOW
from avatarkit.poses.moving import MOVING
from avatarkit.poses.solving import arms_cleared, level
from avatarkit.poses.standing import STANDING
from avatarkit.poses.touching import TOUCHING
from avatarkit.poses.turns import RELAXED, both, hand, leg, right, turned
from avatarkit.poses.varying import varied

__all__ = ["POSES", "RELAXED", "arms_cleared", "both", "hand", "leg", "level", "pose_of", "right", "turned", "varied"]

POSES: dict[str, Callable[[Body], Pose]] = STANDING | TOUCHING | MOVING | LOW


def pose_of(name: str, body: Body) -> Pose:
    """The named pose of `POSES` for this one person, float32, the pelvis at the origin; BadData for another name."""
    if name not in POSES:
        raise BadData(f"pose: {name!r} is not known, expected one of {', '.join(POSES)}")
    return POSES[name](body).to(dtype=torch.float32)
