"""The body: a model of people's shapes (`BodyModel`), one of them (`Body`), in a pose (`Pose`, `PosedBody`)."""

from avatarkit.body.cloth import ClothSurface
from avatarkit.body.model import Body, BodyModel, Landmarks, PosedBody
from avatarkit.body.official import arrays_from_npz, arrays_from_pickle, normalised
from avatarkit.body.pose import JOINT_INDEX, JOINT_NAMES, PARENTS, Pose
from avatarkit.body.skinning import blended, place_joints, rest_removed, skinned

__all__ = [
    "JOINT_INDEX",
    "JOINT_NAMES",
    "PARENTS",
    "Body",
    "BodyModel",
    "ClothSurface",
    "Landmarks",
    "Pose",
    "PosedBody",
    "arrays_from_npz",
    "arrays_from_pickle",
    "blended",
    "normalised",
    "place_joints",
    "rest_removed",
    "skinned",
]
