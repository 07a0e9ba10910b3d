"""Poses near the ground: sitting on a chair or the floor, kneeling, squatting."""

from __future__ import annotations

from collections.abc import Callable

from avatarkit.body import Body, Pose
from avatarkit.poses.solving import LEG, Place, arms_cleared, grounded, hand_at, hand_of, level
from avatarkit.poses.touching import PELVIS
from avatarkit.poses.turns import HANGING, QUARTER, RELAXED, arm, both, hand, leg, right, thigh, trunk, turned
from avatarkit.reaching import Hand, carried_by, clearances, touching

BELLY = ("pelvis", "spine1", "spine2", "spine3")


def sitting(body: Body) -> Pose:
    """On a chair that is not there, the hands on the thighs."""
    pose = turned(both(hand(0.2, thumb=-0.1)), both(leg(QUARTER, bend=QUARTER, out=0.08)), {"spine1": (0.05, 0, 0)})
    return hand_on_thigh(body, hand_on_thigh(body, pose, "left"), "right")


def legs_crossed(body: Body) -> Pose:
    """On a chair that is not there, the right thigh over the left one, the hands on the upper knee and beside it."""
    below = thigh(QUARTER - 0.02, yaw=-0.03) | {"left_knee": (QUARTER, 0, 0)}
    above = right(thigh(QUARTER + 0.36, yaw=-0.30, turn=0.1) | {"left_knee": (1.5, 0, 0), "left_ankle": (0.35, 0, 0)})
    pose = turned(both(hand(0.2, thumb=-0.1)), below, above, trunk(0.05))
    shares = (0.62, 0.78, 0.94)
    return hand_on_thigh(body, hand_on_thigh(body, pose, "right", shares), "left", shares)


def hand_on_thigh(body: Body, pose: Pose, side: str, shares: tuple[float, ...] = (0.62, 0.74, 0.86)) -> Pose:
    """The palm on the thigh; the bigger the belly, the nearer to the knee, so that the forearm keeps out of it."""
    torso = carried_by(body, BELLY)
    for share in shares:
        laid = _palm_on_thigh(body, pose, side, share)
        if clearances(body, laid, carried_by(body, (f"{side}_elbow",)), torso).min() > -0.004:
            break
    return laid


def _palm_on_thigh(body: Body, pose: Pose, side: str, share: float) -> Pose:
    """The palm on the thigh, `share` of the way from hip to knee, fingers along it."""
    posed = body.posed(pose.to(dtype=body.vertices.dtype))
    hip, knee = (posed.joints[k].double() for k in ((1, 4) if side == "left" else (2, 5)))
    flip = hip.new_tensor([1.0 if side == "left" else -1.0, 1, 1])
    size = (knee - hip).norm()
    ahead = (knee - hip) * hip.new_tensor([1.0, 0.0, 1.0]) / size
    where = Hand(
        wrist=hip + share * (knee - hip) - 0.2 * size * ahead + size * hip.new_tensor([0.02, 0.35, 0.0]) * flip,
        fingers=ahead + hip.new_tensor([-0.33, -0.12, 0.0]) * flip,
        palm=hip.new_tensor([0.0, -1.0, 0.0]),
        pole=hip.new_tensor([0.7, -0.3, -1.0]) * flip,
    )
    solid = carried_by(body, ("left_hip", "left_knee", "right_hip", "right_knee"))
    return touching(body, pose, side, where, hip.new_tensor([0, 1.0, 0]), hand_of(body, side), solid, gap=-0.003)


def sitting_cross_legged(body: Body) -> Pose:
    """On the floor, the shins crossed, the hands on the knees."""
    pose = turned(both(hand(0.2, thumb=-0.1)), trunk(0.08))

    def lowered(angle: float) -> Pose:
        near = thigh(angle, yaw=0.92, turn=1.68) | {"left_knee": (2.42, 0, 0), "left_ankle": (0.45, 0, 0)}
        far = right(thigh(angle, yaw=0.85, turn=1.58) | {"left_knee": (2.15, 0, 0), "left_ankle": (0.45, 0, 0)})
        return pose.turned(near | far)

    shins = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in LEG[1:])
    pose = grounded(body, lowered, shins, PELVIS, 0.9, 2.3)
    for side in ("left", "right"):
        pose = hand_on_thigh(body, pose, side, shares=(0.8, 0.9))
    return pose


def sitting_on_floor(body: Body) -> Pose:
    """The left leg stretched out, the right knee up, the hands on the floor behind."""
    pose = turned(both(hand(0.05, thumb=-0.3)), {"pelvis": (-0.25, 0, 0)}, trunk(-0.05), {"neck": (0.15, 0, 0)})

    shin = LEG[1:]

    def stretched(angle: float) -> Pose:
        about = right(leg(2.2, bend=1.75, out=0.1))  # a raised thigh lifts the seat's skin too
        return pose.turned(leg(angle, bend=0.12, out=0.12, ankle=0.2) | about)

    def drawn_up(angle: float) -> Pose:
        return flat.turned(right(leg(angle, bend=1.75, ankle=angle - 1.5, out=0.1)))

    flat = grounded(body, stretched, tuple(f"left_{joint}" for joint in shin), PELVIS, 1.2, 2.2)
    pose = grounded(body, drawn_up, tuple(f"right_{joint}" for joint in shin), PELVIS, 1.4, 2.9)
    place = Place(PELVIS, (1.3, -1.05, -2.6), (0.5, 0.1, -1.0), (0.0, -1.0, -0.25), (0.6, 0.0, -1.0), (0, 1, 0))
    return hand_at(body, hand_at(body, pose, "left", place), "right", place)


def kneeling(body: Body) -> Pose:
    """On the right knee, the left hand on its thigh."""
    back = leg(0.0, bend=QUARTER + 0.2, ankle=-0.15, toes=0.9)
    pose = arms_cleared(body, turned(RELAXED, hand(0.2, thumb=-0.1), HANGING, right(back)))
    pose = level(
        body, lambda up: pose.turned({"left_hip": (-up, 0, 0.06), "left_knee": (up, 0, 0)}), "left", "right", 2.2, 0.9
    )
    return hand_on_thigh(body, pose, "left")


def squatting(body: Body) -> Pose:
    """Low on both feet, the arms ahead for balance."""
    legs = thigh(1.75, yaw=0.35, turn=0.15) | {"left_knee": (2.0, 0, 0), "left_ankle": (-0.5, 0, 0)}
    arms = arm(0.0) | {
        "left_shoulder": (0.0, -1.35, -0.1),
        "left_collar": (0.0, -0.2, 0.0),
        "left_elbow": (0, -0.15, 0),
    }
    return turned(both(hand(0.2)), both(legs), both(arms), {"pelvis": (0.25, 0, 0), "head": (-0.2, 0, 0)}, trunk(0.2))


def crouching(body: Body) -> Pose:
    """Ducked, the left foot flat, the right one on its toes, the forearms on the left thigh and beside."""
    pose = turned(RELAXED, {"pelvis": (0.35, 0, 0)}, trunk(0.35), {"neck": (-0.2, 0, 0), "head": (-0.25, 0, 0)})
    pose = pose.turned(leg(1.9, bend=1.75, ankle=-0.2, out=0.1))

    def bent(angle: float) -> Pose:
        return pose.turned(right(leg(1.0, bend=angle, ankle=-0.35, toes=0.85, out=0.08)))

    pose = level(body, bent, "left", "right", 1.2, 2.5)
    pose = hand_on_thigh(body, pose, "left", shares=(0.75, 0.86))
    return pose.turned(right(arm(1.15, forward=0.75, bend=0.5)))


LOW: dict[str, Callable[[Body], Pose]] = {
    "sitting": sitting,
    "legs crossed": legs_crossed,
    "sitting cross-legged": sitting_cross_legged,
    "sitting on the floor": sitting_on_floor,
    "kneeling": kneeling,
    "squatting": squatting,
    "crouching": crouching,
}
