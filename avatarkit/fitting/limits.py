"""How far joints usually turn, and how far they can: degrees about the T-pose's own axes.

      left arm  x: rolls the hand over     y: swings to the back (−) and front      z: lowers (−) and lifts
      legs      x: to the back (+), front (−)    y: turns the toes outward (left, +)      z: out (left, +)

Anatomical ranges (AAOS, rounded) widened by what loose axes need; right-hand joints are the mirror images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body import JOINT_INDEX, JOINT_NAMES
from avatarkit.fitting.rig import Array, J

Range = tuple[float, float]
ANY: Range = (-180, 180)
# usual spread about x, y, z; then the limits about each
TRUNK: dict[str, tuple[tuple[float, float, float], Range, Range, Range]] = {
    "left_hip": ((45, 20, 20), (-130, 25), (-50, 50), (-35, 65)),
    "left_knee": ((70, 5, 4), (0, 150), (-12, 12), (-8, 8)),
    "left_ankle": ((20, 10, 10), (-35, 55), (-25, 25), (-25, 25)),
    "left_foot": ((8, 5, 5), (-30, 30), (-10, 10), (-10, 10)),
    "spine1": ((12, 12, 10), (-20, 40), (-30, 30), (-25, 25)),
    "spine2": ((12, 12, 10), (-20, 40), (-30, 30), (-25, 25)),
    "spine3": ((12, 12, 10), (-20, 40), (-30, 30), (-25, 25)),
    "neck": ((16, 20, 12), (-40, 45), (-50, 50), (-30, 30)),
    "head": ((16, 20, 12), (-40, 45), (-50, 50), (-30, 30)),
    "left_collar": ((6, 10, 10), (-15, 15), (-25, 30), (-15, 40)),
    "left_shoulder": ((60, 60, 60), (-110, 110), (-120, 60), (-110, 110)),
    "left_elbow": ((30, 70, 6), (-80, 80), (-150, 3), (-12, 12)),
    "left_wrist": ((28, 16, 25), (-75, 75), (-35, 35), (-75, 75)),
    "jaw": ((8, 2, 2), (-3, 30), (-5, 5), (-3, 3)),
    "left_eye": ((10, 12, 2), (-25, 25), (-35, 35), (-5, 5)),
}
KNUCKLE = ((5.0, 8.0, 40.0), (-15.0, 15.0), (-20.0, 20.0), (-90.0, 25.0))
FINGER = ((4.0, 4.0, 40.0), (-8.0, 8.0), (-8.0, 8.0), (-105.0, 8.0))
THUMB = (
    ((20.0, 20.0, 20.0), (-50.0, 50.0), (-50.0, 50.0), (-50.0, 50.0)),
    ((12.0, 20.0, 15.0), (-30.0, 30.0), (-50.0, 50.0), (-40.0, 40.0)),
    ((10.0, 30.0, 15.0), (-30.0, 30.0), (-70.0, 70.0), (-40.0, 40.0)),
)


@dataclass(frozen=True, eq=False)
class Limits:
    """Radians: usual spread, least and greatest turn of every joint, (55,3) each; the pelvis is free."""

    spread: Array
    low: Array
    high: Array


def limits() -> Limits:
    """The limits of all 55 joints."""
    rows = {name: row for name, row in TRUNK.items()}
    for finger in ("index", "middle", "pinky", "ring"):
        rows |= {f"left_{finger}{bone}": KNUCKLE if bone == 1 else FINGER for bone in (1, 2, 3)}
    rows |= {f"left_thumb{bone}": THUMB[bone - 1] for bone in (1, 2, 3)}
    spread, low, high = np.full((J, 3), 1e3), np.full((J, 3), -1e3), np.full((J, 3), 1e3)
    for name in JOINT_NAMES[1:]:
        mirrored = name.startswith("right_")
        around, *ranges = rows[name.replace("right_", "left_")]
        joint = JOINT_INDEX[name]
        spread[joint] = around
        for axis, (least, most) in enumerate(ranges):
            low[joint, axis], high[joint, axis] = (-most, -least) if mirrored and axis else (least, most)
    return Limits(*(np.deg2rad(table) for table in (spread, low, high)))
