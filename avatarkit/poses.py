"""Named poses, made for one person: the same words put a child's and a heavy man's hands on their own hips.

Rotations are in the T-pose frame of SMPL-X's joints (the person faces +Z, their left is +X; axis-angle, radians).
What is symmetric is said for the left side and mirrored. Angles alone do not fit every build, so three things are
solved for the body at hand, by bisection: arms hang as close as the trunk lets them, hands that touch do touch, and
of two feet both stand on the ground.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from avatarkit.body import Body, Pose
from avatarkit.errors import BadData
from avatarkit.reaching import Hand, carried_by, clearances, rising, touching
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

Turns = dict[str, tuple[float, float, float]]

# The rest pose's fingers are spread (7, -7, -17 and -24 degrees from +X); these turns about +Y bring them together.
FINGERS = {"index": 0.10, "middle": -0.03, "ring": -0.12, "pinky": -0.17}
ARM_GAP = 0.012
"""Metres between a hanging arm and the trunk."""


def pose_of(name: str, body: Body) -> Pose:
    """The named pose of `POSES` for this one person, float32, the pelvis at the origin; BadData for another name."""
    if name not in POSES:
        raise BadData(f"pose: {name!r} is not known, expected one of {', '.join(POSES)}")
    return POSES[name](body).to(dtype=torch.float32)


def turned(*turns: Turns) -> Pose:
    """The rest pose with these joints turned, float64; a later table's joint replaces an earlier one's."""
    return Pose.rest(dtype=torch.float64).turned({joint: turn for table in turns for joint, turn in table.items()})


def both(left: Turns) -> Turns:
    """The turns of the left side, and their mirror images on the right."""
    mirrored = {name.replace("left", "right"): (x, -y, -z) for name, (x, y, z) in left.items()}
    return mirrored | left


def right(left: Turns) -> Turns:
    """The mirror image alone."""
    return {name: turn for name, turn in both(left).items() if name.startswith("right")}


def arm(down: float, *, forward: float = 0.0, twist: float = 0.0, bend: float = 0.0) -> Turns:
    """The left arm from the T-pose: turned about its length, lowered, swung to the front; the elbow bent."""
    angles = torch.tensor([[-forward, 0, 0], [0, 0, -down], [twist, 0, 0]], dtype=torch.float64)
    swing, lower, turn = rotation_from_axis_angle(angles)
    x, y, z = axis_angle_from_rotation(swing @ lower @ turn).tolist()
    return {"left_collar": (0.0, 0.0, -0.06 * down), "left_shoulder": (x, y, z), "left_elbow": (0.0, -bend, 0.0)}


def leg(forward: float, *, bend: float = 0.0, ankle: float = 0.0, out: float = 0.0, toes: float = 0.0) -> Turns:
    """The left leg: thigh raised to the front, knee bent, toes of the foot lowered by `ankle`, its front bent up."""
    turns: Turns = {"left_hip": (-forward, 0, out), "left_knee": (bend, 0, 0)}
    return turns | {"left_ankle": (ankle, 0, 0), "left_foot": (-toes, 0, 0)}


def hand(curl: float, *, thumb: float = 0.3) -> Turns:
    """The left hand with its fingers bent by about `curl` a joint, the little finger most."""
    turns: Turns = {}
    for k, (finger, together) in enumerate(FINGERS.items()):
        for bone, share in ((1, 0.9), (2, 1.1), (3, 0.8)):
            turns[f"left_{finger}{bone}"] = (0, together if bone == 1 else 0, -curl * share * (0.85 + 0.12 * k))
    # The thumb lies at 45° between +X and +Z: towards the fingers about +Y, towards the palm about (1, 0, -1).
    turns["left_thumb1"] = (0.5 * thumb, 0.8 * thumb, -0.5 * thumb)
    return turns | {f"left_thumb{bone}": (0.35 * thumb, 0, -0.35 * thumb) for bone in (2, 3)}


RELAXED = both(hand(0.28))
HANGING = both(arm(1.2, forward=0.03, bend=0.22, twist=0.1))


def _t_pose(body: Body) -> Pose:
    return turned({})


def _a_pose(body: Body) -> Pose:
    return turned(both(arm(math.radians(45)) | leg(0.0, out=0.08)), both({"left_ankle": (0, 0, -0.08)}))


def _standing(body: Body) -> Pose:
    return arms_cleared(body, turned(RELAXED, HANGING))


def _arms_raised(body: Body) -> Pose:
    raised = arm(-1.05, forward=0.05, bend=0.25) | {"left_collar": (0.0, 0.0, 0.35)}
    return turned(both(hand(0.12)), both(raised), {"head": (-0.1, 0, 0)})


def _waving(body: Body) -> Pose:
    pose = arms_cleared(body, turned(RELAXED, HANGING, right(hand(0.06))))
    up = {"left_collar": (0.0, 0.0, 0.12)} | arm(0.15, forward=0.15, twist=-1.35, bend=1.7)
    return pose.turned(right(up) | {"right_wrist": (0.0, 0.15, 0.0)})


def _pointing(body: Body) -> Pose:
    pose = arms_cleared(body, turned(RELAXED, HANGING))
    ahead = {name: turn for name, turn in right(hand(1.3, thumb=0.9)).items() if "index" not in name}
    straight: Turns = {f"right_index{bone}": (0, 0, 0) for bone in (1, 2, 3)}
    forward: Turns = {"left_shoulder": (0, -1.35, 0), "left_collar": (0, -0.15, 0), "left_elbow": (0, -0.06, 0)}
    return pose.turned(ahead | straight | right(forward))


def _hands_on_hips(body: Body) -> Pose:
    pose = turned(both(hand(0.3, thumb=-0.4)))
    trunk = _trunk(body)
    scale = body.joints.double()[15, 1] - body.joints.double()[1, 1]
    rest = body.vertices.double()
    waist = float(body.joints[3, 1] + 0.1 * scale)
    level = trunk[(rest[trunk, 1] - waist).abs() < 0.03 * scale]
    beside = rest[level][rest[level, 0].argmax()]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        flip = rest.new_tensor([sign, 1, 1])
        wrist = beside + scale * rest.new_tensor([0.06, 0.02, -0.08])
        where = Hand(
            wrist=wrist * flip,
            fingers=rest.new_tensor([-0.35, -0.45, 1.0]) * flip,
            palm=rest.new_tensor([-1.0, -0.5, -0.3]) * flip,
            pole=rest.new_tensor([1.0, 0.1, -0.5]) * flip,
        )
        outward = rest.new_tensor([1.0, 0.0, 0.0]) * flip
        pose = touching(body, pose, side, where, outward, _hand(body, side), trunk, gap=-0.004)
    return pose


def _arms_crossed(body: Body) -> Pose:
    pose = turned(both(hand(0.4)), both({"left_collar": (0.0, -0.15, 0.0)}))
    rest, joints, trunk = body.vertices.double(), body.joints.double(), _trunk(body)
    scale = joints[15, 1] - joints[1, 1]
    height = joints[9, 1] - 0.08 * scale
    level = trunk[((rest[trunk, 1] - height).abs() < 0.08 * scale) & (rest[trunk, 0].abs() < 0.15 * scale)]
    chest = rest[level, 2].max()
    solid = trunk
    for side, sign, up in (("left", 1.0, 0.0), ("right", -1.0, 0.04)):
        flip = rest.new_tensor([sign, 1, 1])
        wrist = torch.stack([-0.10 * scale, height + up * scale, chest + 0.04])
        where = Hand(
            wrist=wrist * flip,
            fingers=rest.new_tensor([-0.9, 0.3, -0.5]) * flip,
            palm=rest.new_tensor([-0.3, 0.0, -1.0]) * flip,
            pole=rest.new_tensor([1.0, -1.0, 0.2]) * flip,
        )
        outward = rest.new_tensor([0.0, 0.0, 1.0])
        pose = touching(body, pose, side, where, outward, _forearm(body, side), solid, gap=0.0)
        solid = torch.cat([solid, _arm(body, side)])
    return pose


def _walking(body: Body) -> Pose:
    front, back = leg(0.34, bend=0.08, out=-0.03), leg(-0.22, ankle=0.05, out=-0.03, toes=0.5)
    arms = arm(1.2, forward=-0.4, bend=0.2, twist=0.1) | right(arm(1.2, forward=0.35, bend=0.45, twist=0.1))
    trunk: Turns = {"spine1": (0.03, -0.08, 0), "spine3": (0, 0.12, 0), "head": (0, -0.04, 0)}
    pose = arms_cleared(body, turned(RELAXED, arms, front, right(back), trunk))
    return level(body, lambda bend: pose.turned({"right_knee": (bend, 0, 0)}), "left", "right", 0.0, 0.9)


def _running(body: Body) -> Pose:
    front, back = leg(1.0, bend=1.5, ankle=-0.15, out=-0.04), leg(-0.28, bend=0.25, ankle=0.45, out=-0.04, toes=0.4)
    arms = arm(1.15, forward=-0.65, bend=1.5, twist=0.1) | right(arm(1.15, forward=0.55, bend=1.6, twist=0.1))
    trunk: Turns = {"pelvis": (0.12, 0, 0), "spine1": (0.08, -0.12, 0), "spine3": (0, 0.2, 0), "head": (-0.1, -0.08, 0)}
    return arms_cleared(body, turned(both(hand(0.75, thumb=0.6)), arms, front, right(back), trunk))


def _sitting(body: Body) -> Pose:
    quarter = math.pi / 2
    pose = turned(both(hand(0.2, thumb=-0.1)), both(leg(quarter, bend=quarter, out=0.08)), {"spine1": (0.05, 0, 0)})
    return _hand_on_thigh(body, _hand_on_thigh(body, pose, "left"), "right")


def _hand_on_thigh(body: Body, pose: Pose, side: str) -> Pose:
    """The palm on the thigh; the bigger the belly, the nearer to the knee, so that the forearm keeps out of it."""
    torso = carried_by(body, ("pelvis", "spine1", "spine2", "spine3"))
    for share in (0.62, 0.74, 0.86):
        laid = _palm_on_thigh(body, pose, side, share)
        if clearances(body, laid, carried_by(body, (f"{side}_elbow",)), torso).min() > -0.004:
            break
    return laid


def _palm_on_thigh(body: Body, pose: Pose, side: str, share: float) -> Pose:
    """The palm on the thigh, `share` of the way from hip to knee."""
    posed = body.posed(pose.to(dtype=body.vertices.dtype))
    thigh = carried_by(body, (f"{side}_hip", f"{side}_knee"))
    hip, knee = (posed.joints[k].double() for k in ((1, 4) if side == "left" else (2, 5)))
    flip = hip.new_tensor([1.0 if side == "left" else -1.0, 1, 1])
    place = hip + share * (knee - hip)
    size = (knee - hip).norm()
    where = Hand(
        wrist=place + size * hip.new_tensor([0.02, 0.35, -0.2]) * flip,
        fingers=hip.new_tensor([-0.25, -0.12, 1.0]) * flip,
        palm=hip.new_tensor([0.0, -1.0, 0.0]),
        pole=hip.new_tensor([0.7, -0.3, -1.0]) * flip,
    )
    return touching(body, pose, side, where, hip.new_tensor([0, 1.0, 0]), _hand(body, side), thigh, gap=-0.003)


def _kneeling(body: Body) -> Pose:
    quarter = math.pi / 2
    back = leg(0.0, bend=quarter + 0.2, ankle=-0.15, toes=0.9)
    pose = arms_cleared(body, turned(RELAXED, hand(0.2, thumb=-0.1), HANGING, right(back)))
    pose = level(
        body, lambda up: pose.turned({"left_hip": (-up, 0, 0.06), "left_knee": (up, 0, 0)}), "left", "right", 2.2, 0.9
    )
    return _hand_on_thigh(body, pose, "left")


POSES: dict[str, Callable[[Body], Pose]] = {
    "standing": _standing,
    "t-pose": _t_pose,
    "a-pose": _a_pose,
    "hands on hips": _hands_on_hips,
    "arms crossed": _arms_crossed,
    "arms raised": _arms_raised,
    "waving": _waving,
    "pointing": _pointing,
    "walking": _walking,
    "running": _running,
    "sitting": _sitting,
    "kneeling": _kneeling,
}


def arms_cleared(body: Body, pose: Pose) -> Pose:
    """Both arms lifted sideways, as little as `ARM_GAP` asks for, 50 degrees at most."""
    trunk = torch.cat([_trunk(body), carried_by(body, ("left_knee", "right_knee"))])
    limbs = torch.cat([_forearm(body, "left"), _forearm(body, "right")])

    def lifted(angle: float) -> Pose:
        turns = torch.stack([pose.full()[16], pose.full()[17]])
        lifts = rotation_from_axis_angle(turns.new_tensor([[0, 0, angle], [0, 0, -angle]]))
        left, right = axis_angle_from_rotation(lifts @ rotation_from_axis_angle(turns))
        return pose.turned({"left_shoulder": left, "right_shoulder": right})

    return lifted(rising(lambda angle: float(clearances(body, lifted(angle), limbs, trunk).min()) - ARM_GAP, -0.1, 0.9))


def level(body: Body, pose_at: Callable[[float], Pose], one: str, other: str, low: float, high: float) -> Pose:
    """`pose_at` the angle where the lowest points of both legs are at one height; between `low`, where the leg `one`
    reaches less high, and `high`."""
    legs = [carried_by(body, tuple(f"{side}_{j}" for j in ("hip", "knee", "ankle", "foot"))) for side in (one, other)]

    def difference(angle: float) -> float:
        y = body.posed(pose_at(angle).to(dtype=body.vertices.dtype)).vertices[:, 1]
        return float(y[legs[1]].min() - y[legs[0]].min())

    return pose_at(rising(difference, low, high))


def _trunk(body: Body) -> Tensor:
    return carried_by(body, ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip"))


def _hand(body: Body, side: str) -> Tensor:
    bones = [f"{side}_{finger}{bone}" for finger in (*FINGERS, "thumb") for bone in (1, 2, 3)]
    return carried_by(body, (f"{side}_wrist", *bones))


def _forearm(body: Body, side: str) -> Tensor:
    return torch.cat([carried_by(body, (f"{side}_elbow",)), _hand(body, side)])


def _arm(body: Body, side: str) -> Tensor:
    return torch.cat([carried_by(body, (f"{side}_shoulder",)), _forearm(body, side)])
