"""Motions as values: poses over time, and what can be asked of them without knowing where they come from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from avatarkit.body import Pose
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Clip:
    """A named motion: T poses and when each is taken.

    `pose.transl` is how far the pelvis is, in metres, from where it is in the rest pose of a person who stands with
    soles at y = 0 and faces +Z. Between two times every joint turns about one axis, evenly. ValueError for times that
    do not rise, and for a pose with a field that is not (T, n).
    """

    name: str
    times: Tensor
    """(T) seconds, rising"""
    pose: Pose
    """every field (T, n): axis-angle, radians, each joint relative to its parent"""

    def __post_init__(self) -> None:
        (T,) = sizes("T", self.times)
        shapes = {field.name: tuple(getattr(self.pose, field.name).shape[:-1]) for field in fields(self.pose)}
        if T == 0 or set(shapes.values()) != {(T,)}:
            raise ValueError(f"clip {self.name}: expected {T} > 0 poses in every field, got {shapes}")
        if not bool((self.times.diff() > 0).all()):
            raise ValueError(f"clip {self.name}: expected times that rise")

    @property
    def duration(self) -> float:
        """Seconds from the first pose to the last."""
        return float(self.times[-1] - self.times[0])


def resampled(clip: Clip, fps: float) -> Clip:
    """The same motion at `fps` frames a second, or as nearly as a whole number of frames allows: the first and the last
    pose stay, so that a loop stays closed. Times begin at 0."""
    if not 0 < fps < math.inf:
        raise ValueError(f"expected frames a second above 0, got {fps}")
    frames = max(round(clip.duration * fps), 1) if len(clip.times) > 1 else 0
    times = torch.linspace(0, clip.duration, frames + 1, dtype=torch.float64).to(clip.times)
    return Clip(clip.name, times, at(clip, clip.times[0] + times))


def at(clip: Clip, times: Tensor) -> Pose:
    """The poses (N) at these times (N): joints by spherical linear interpolation [Shoemake 1985], places by straight
    lines; before the first pose and after the last one there are no others."""
    sizes("N", times)
    last = len(clip.times) - 1
    after = torch.searchsorted(clip.times, times.contiguous(), right=True).clamp(min(1, last), last)
    before = (after - 1).clamp(min=0)
    span = (clip.times[after] - clip.times[before]).clamp(min=torch.finfo(clip.times.dtype).tiny)
    share = ((times - clip.times[before]) / span).clamp(0, 1)[:, None]
    full, transl = clip.pose.full(), clip.pose.transl
    turns = between(rotation_from_axis_angle(full[before]), rotation_from_axis_angle(full[after]), share)
    return Pose.from_full(axis_angle_from_rotation(turns), transl[before] + share * (transl[after] - transl[before]))


def between(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """The rotations (..., 3, 3) at `share` (...) of the shortest way from `first` (..., 3, 3) to `second`."""
    sizes("... 3 3, ... 3 3", first, second)
    way = axis_angle_from_rotation(first.mT @ second)
    return first @ rotation_from_axis_angle(share[..., None] * way)


def seam(clip: Clip) -> tuple[float, float]:
    """How far the last pose is from the first: the largest turn of any joint, in degrees, and the pelvis, in metres.

    Both are next to nothing where the motion is a loop in place.
    """
    turns = rotation_from_axis_angle(clip.pose.full()[[0, -1]].double())
    angle = axis_angle_from_rotation(turns[0].mT @ turns[1]).norm(dim=-1).max()
    return math.degrees(float(angle)), float((clip.pose.transl[-1] - clip.pose.transl[0]).norm())
