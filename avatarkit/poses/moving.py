"""Walking, dancing, sport: poses of a body under way. Where both feet are down, they stand on one ground."""

from __future__ import annotations

from collections.abc import Callable

from avatarkit.body import Body, Pose
from avatarkit.poses.solving import TRUNK, Place, arms_cleared, hand_at, hand_on, level, palms_met
from avatarkit.poses.standing import CHEST, forefinger
from avatarkit.poses.touching import PALMS_TOGETHER, PELVIS
from avatarkit.poses.turns import FIST, FLAT, PALMS, RELAXED, Turns, arm, both, hand, leg, right, thigh, trunk, turned


def walking(body: Body) -> Pose:
    """A step, the left leg ahead, the arms against the legs."""
    turn: Turns = {"spine1": (0.03, -0.08, 0), "spine3": (0, 0.12, 0), "head": (0, -0.04, 0)}
    return _step(body, 0.34, 0.22, 0.08, (0.4, 0.35, 0.45), turn)


def strolling(body: Body) -> Pose:
    """A small step, the head turned aside."""
    turn = trunk(0.0, twist=0.03) | {"neck": (0, 0.2, 0), "head": (-0.03, 0.3, 0.03)}
    return _step(body, 0.17, 0.20, 0.05, (0.18, 0.15, 0.3), turn)


def striding(body: Body) -> Pose:
    """A long, brisk step."""
    turn: Turns = {
        "pelvis": (0.05, -0.1, 0),
        "spine1": (0.03, 0.0, 0),
        "spine3": (0, 0.25, 0),
        "head": (-0.04, -0.1, 0),
    }
    return _step(body, 0.50, 0.34, 0.10, (0.6, 0.5, 0.75), turn)


def _step(body: Body, ahead: float, behind: float, bend: float, swing: tuple[float, float, float], turn: Turns) -> Pose:
    """The left leg `ahead`, the right one `behind` on its toes; `swing` back, forth, and the fore arm's bend."""
    front, back = leg(ahead, bend=bend, out=-0.03), leg(-behind, ankle=0.05, out=-0.03, toes=0.5)
    arms = arm(1.2, forward=-swing[0], bend=0.2, twist=0.1) | right(
        arm(1.2, forward=swing[1], bend=swing[2], twist=0.1)
    )
    pose = arms_cleared(body, turned(RELAXED, arms, front, right(back), turn))
    return level(body, lambda bend: pose.turned({"right_knee": (bend, 0, 0)}), "left", "right", 0.0, 0.9)


def running(body: Body) -> Pose:
    """In the air, the left knee up."""
    front, back = leg(1.0, bend=1.5, ankle=-0.15, out=-0.04), leg(-0.28, bend=0.25, ankle=0.45, out=-0.04, toes=0.4)
    arms = arm(1.15, forward=-0.65, bend=1.5, twist=0.1) | right(arm(1.15, forward=0.55, bend=1.6, twist=0.1))
    lean: Turns = {"pelvis": (0.12, 0, 0), "spine1": (0.08, -0.12, 0), "spine3": (0, 0.2, 0), "head": (-0.1, -0.08, 0)}
    return arms_cleared(body, turned(both(hand(0.75, thumb=0.6)), arms, front, right(back), lean))


def climbing_stairs(body: Body) -> Pose:
    """The left foot on a stair that is not there, the right leg pushing."""
    front, back = leg(1.05, bend=1.15, ankle=0.0, out=-0.02), leg(-0.08, bend=0.1, ankle=0.25, toes=0.3, out=-0.03)
    arms = arm(1.2, forward=-0.3, bend=0.4, twist=0.1) | right(arm(1.2, forward=0.35, bend=0.7, twist=0.1))
    return arms_cleared(body, turned(RELAXED, arms, front, right(back), trunk(0.14), {"pelvis": (0.08, 0, 0)}))


def jumping(body: Body) -> Pose:
    """In the air, knees bent back, arms thrown up."""
    legs = leg(0.45, bend=1.35, ankle=0.5, out=0.06) | right(leg(-0.1, bend=1.5, ankle=0.6, out=0.08))
    arms = arm(-0.75, forward=0.15, bend=0.35) | {"left_collar": (0, 0, 0.25)}
    lower = right(arm(-0.5, forward=0.1, bend=0.5) | {"left_collar": (0, 0, 0.2)})
    return turned(both(hand(0.1)), legs, arms, lower, trunk(-0.15), {"head": (-0.15, 0, 0)})


def star_jump(body: Body) -> Pose:
    """In the air, arms and legs spread."""
    arms = arm(-0.62, bend=0.06) | {"left_collar": (0, 0, 0.15)}
    return turned(FLAT, both(arms), both(leg(0.0, out=0.52, ankle=0.4)), {"head": (-0.08, 0, 0)})


def dancing(body: Body) -> Pose:
    """The hips to the left, one arm up, one out."""
    sway: Turns = {"pelvis": (0.0, 0.18, 0.12), "left_hip": (0.0, 0.0, -0.14)}
    upper = trunk(twist=-0.3, side=-0.28) | {"neck": (0, 0.05, 0.06), "head": (-0.05, 0.15, 0.1)}
    arms = arm(0.35, forward=0.35, twist=-0.5, bend=1.0) | {"left_collar": (0, 0, 0.05)}
    up = right(arm(-0.65, forward=0.25, twist=-0.6, bend=1.0) | {"left_collar": (0, 0, 0.28)})
    pose = turned(both(hand(0.3)), sway, upper, arms, up)

    def bent(angle: float) -> Pose:
        loose = thigh(angle, out=0.30, turn=0.35) | {"left_knee": (2 * angle, 0, 0), "left_ankle": (-angle, 0, -0.12)}
        return pose.turned(right(loose))

    return level(body, bent, "left", "right", 0.0, 0.8)


def disco_dancing(body: Body) -> Pose:
    """The right arm points up aside, the left hand is on the hip, the left knee is bent."""
    upper = trunk(twist=-0.15, side=-0.12) | {"neck": (0, -0.2, 0), "head": (-0.1, -0.3, 0)}
    wide = right({"left_hip": (0, 0, 0.22), "left_ankle": (0, 0, -0.18)})
    up = right(arm(-0.72, forward=0.2, bend=0.05) | {"left_collar": (0, 0, 0.25)})
    pose = turned(both(hand(0.3, thumb=-0.4)), {"pelvis": (0, 0, -0.08)}, upper, wide, up, forefinger("right"))

    def bent(angle: float) -> Pose:
        loose = thigh(angle, out=0.24, turn=0.5) | {"left_knee": (2 * angle, 0, 0), "left_ankle": (-angle, 0, -0.1)}
        return pose.turned(loose)

    pose = level(body, bent, "right", "left", 0.0, 0.8)
    hip = Place(PELVIS, (1.35, 0.9, -0.6), (-0.35, -0.45, 1.0), (-1.0, -0.5, -0.3), (1.0, 0.1, -0.5), (1.0, 0, 0))
    return hand_on(body, pose, "left", hip, gap=-0.004, solid=TRUNK)


def ballet(body: Body) -> Pose:
    """Arabesque: on the right leg, the left one stretched back, one arm ahead and one aside."""
    tip: Turns = {"pelvis": (0.55, 0, 0), "right_hip": (-0.55, 0, 0.03)}
    back = thigh(-0.75, turn=0.4, out=0.1) | {
        "left_knee": (0.05, 0, 0),
        "left_ankle": (0.7, 0, 0),
        "left_foot": (0.2, 0, 0),
    }
    upper = trunk(-0.45) | {"neck": (-0.1, 0, 0), "head": (-0.2, 0, 0)}
    ahead = right({"left_shoulder": (0, -1.25, 0.35), "left_elbow": (0, -0.15, 0), "left_collar": (0, -0.1, 0.1)})
    aside = arm(0.1, forward=-0.1, bend=0.2)
    return turned(both(hand(0.15)), tip, back, upper, aside, ahead)


def lunging(body: Body) -> Pose:
    """A long step, the left knee bent, the right one low."""
    arms = arm(1.2, forward=-0.3, bend=0.3, twist=0.1) | right(arm(1.2, forward=0.35, bend=0.5, twist=0.1))
    return arms_cleared(body, _lunge(body, turned(RELAXED, arms, trunk(0.06))))


def pushing(body: Body) -> Pose:
    """A long step, both palms against something heavy that is not there."""
    pose = _lunge(body, turned(FLAT, trunk(0.2), {"pelvis": (0.25, 0, 0), "head": (-0.15, 0, 0)}), tip=0.25)
    place = Place(CHEST, (0.95, 0.5, 4.0), (0.0, 1.0, 0.1), (0.0, -0.1, 1.0), (1.0, -0.8, -0.2), (0, 0, 1))
    return hand_at(body, hand_at(body, pose, "left", place), "right", place)


def _lunge(body: Body, pose: Pose, tip: float = 0.0) -> Pose:
    """The left leg bent ahead under a pelvis that is turned forward by `tip`, the right one back on its toes."""
    pose = pose.turned(leg(1.0 + tip, bend=1.0, out=0.02))

    def bent(angle: float) -> Pose:
        return pose.turned(right(leg(-0.62 + tip, bend=angle, ankle=-0.1, out=0.03, toes=0.55)))

    return level(body, bent, "left", "right", 0.0, 1.3)


def kicking(body: Body) -> Pose:
    """The right leg kicks to the front, the fists are up."""
    pose = turned(FIST, {"pelvis": (-0.25, 0.15, 0), "neck": (0.12, 0, 0)}, trunk(0.12, twist=-0.1))
    pose = pose.turned(leg(-0.19, bend=0.12, ankle=0.2) | right(leg(1.25, bend=0.18, ankle=0.35)))
    return _guard(body, pose)


def fighting_stance(body: Body) -> Pose:
    """Boxing: the left foot and fist ahead, knees loose, chin down."""
    pose = turned(
        FIST, {"pelvis": (0.05, -0.45, 0)}, trunk(0.12, twist=0.1), {"neck": (0.1, 0.15, 0), "head": (0, 0.2, 0)}
    )
    ahead: Turns = {**thigh(0.42, yaw=0.2, out=0.1, turn=0.2), "left_knee": (0.5, 0, 0), "left_ankle": (0.02, 0, -0.08)}

    def bent(angle: float) -> Pose:
        back = thigh(-0.18, out=0.14, turn=0.15) | {"left_knee": (angle, 0, 0), "left_foot": (-0.3, 0, 0)}
        return pose.turned(ahead | right(back))

    return _guard(body, level(body, bent, "left", "right", 0.0, 1.2))


def _guard(body: Body, pose: Pose) -> Pose:
    """Both fists up before the chin, the left one further ahead."""
    left = Place(CHEST, (0.75, 0.9, 3.4), (-0.35, 0.9, 0.55), (-0.9, -0.1, -0.35), (0.8, -1.0, 0.1), (0, 0, 1))
    near = Place(CHEST, (0.6, 0.9, 2.3), (-0.35, 1.0, 0.25), (-0.9, 0.0, -0.35), (0.9, -1.0, 0.1), (0, 0, 1))
    return hand_at(body, hand_at(body, pose, "left", left), "right", near)


def throwing(body: Body) -> Pose:
    """The right hand drawn back beside the head, the left arm pointing ahead."""
    turn = trunk(-0.1, twist=-0.45) | {"pelvis": (0.0, -0.3, 0), "neck": (0, 0.3, 0), "head": (0, 0.35, 0)}
    cocked = right(arm(-0.05, forward=-0.25, twist=-1.5, bend=1.5) | {"left_collar": (0, 0.1, 0.15)})
    ahead = arm(0.15, forward=0.0, bend=0.15) | {"left_shoulder": (0, -0.7, -0.05), "left_collar": (0, -0.15, 0)}
    pose = turned(both(hand(0.4)), turn, cocked, ahead, thigh(0.45, yaw=0.2, out=0.05, turn=0.1))
    pose = pose.turned({"left_knee": (0.15, 0, 0), "left_ankle": (-0.15, 0, 0)})

    def bent(angle: float) -> Pose:
        back = thigh(-0.3, out=0.08, turn=0.3) | {"left_knee": (angle, 0, 0), "left_foot": (-0.45, 0, 0)}
        return pose.turned(right(back))

    return level(body, bent, "left", "right", 0.0, 1.2)


def tree_pose(body: Body) -> Pose:
    """Yoga: the left foot at the right thigh, the palms together."""
    raised = thigh(0.95, yaw=1.42, turn=0.5) | {"left_knee": (2.35, 0, 0), "left_ankle": (0.5, 0, 0)}
    return palms_met(body, turned(PALMS, raised, {"right_hip": (0, 0, 0.04)}), PALMS_TOGETHER)


def warrior_pose(body: Body) -> Pose:
    """Yoga: legs wide, the left knee bent aside, arms level, looking along the left one."""
    bent = thigh(1.05, yaw=1.3) | {"left_knee": (1.05, 0, 0)}
    look: Turns = {"neck": (0, 0.55, 0), "head": (0, 0.75, 0)}
    pose = turned(FLAT, both(arm(0.0)), bent, look)

    def wide(out: float) -> Pose:
        return pose.turned(right({"left_hip": (0, 0.2, out), "left_ankle": (0, 0, -out / 2)}))

    return level(body, wide, "left", "right", 0.4, 1.1)


MOVING: dict[str, Callable[[Body], Pose]] = {
    "walking": walking,
    "strolling": strolling,
    "striding": striding,
    "running": running,
    "climbing stairs": climbing_stairs,
    "jumping": jumping,
    "star jump": star_jump,
    "dancing": dancing,
    "disco dancing": disco_dancing,
    "ballet": ballet,
    "lunging": lunging,
    "pushing": pushing,
    "kicking": kicking,
    "fighting stance": fighting_stance,
    "throwing": throwing,
    "tree pose": tree_pose,
    "warrior pose": warrior_pose,
}
