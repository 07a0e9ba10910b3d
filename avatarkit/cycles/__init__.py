"""Motions that every avatar can do, made for one body: `idle`, `walk` in place, `wave`.

They are ours: joint angles by the curves of gait laboratories, written as small tables, and legs by inverse kinematics,
so that a child's and a heavy man's feet stand on the ground alike. Each ends with the pose that it begins with; `idle`
and `wave` begin with the same, so that they follow one another without a jump.
"""

from collections.abc import Callable

from avatarkit.body import Body
from avatarkit.clips import Clip
from avatarkit.cycles.standing import idle, wave
from avatarkit.cycles.walking import stride, walk

__all__ = ["CYCLES", "idle", "stride", "walk", "wave"]

CYCLES: dict[str, Callable[[Body], Clip]] = {"idle": idle, "walk": walk, "wave": wave}
