"""Which way hair lies: from a crown, from a parting, to a tie, to the back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.tailor.fitted import unit
from avatarkit.tailor.scalp import slerped, to_vectors

LINE = np.array([
    (0, 39), (14, 38.5), (24, 35), (30, 29), (36, 22), (42, 15), (48, 3), (53, -7), (57, -16), (64, -17), (68, -8),
    (73, 0), (82, 5), (94, 6.5), (102, 3), (107, -14), (111, -30), (117, -38), (130, -41), (150, -41), (180, -40),
], float)  # fmt: skip
"""The hairline from the forehead to the nape: azimuth and elevation in degrees."""
FULL = np.array([(0, 38), (25, 31), (50, 8), (75, -12), (100, -22), (130, -38), (180, -41)], float)
"""The hairline of hair that stands out, without the notches at the ears."""
DRAPE = np.array([(38, 14), (50, 6), (65, 2), (90, -3), (120, -12), (150, -18), (180, -20)], float)
"""Where hair that hangs leaves the head."""


@dataclass(frozen=True, eq=False)
class Flow:
    """Hair's way over the scalp: from `roots` to `ends`, two loops of U unit vectors (U,3)."""

    roots: np.ndarray
    ends: np.ndarray
    via: np.ndarray | None = None
    """(U,3) what the way bends towards"""

    def at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Unit vectors (...,3) at u (0 … 1 around) and v (0 root … 1 end)."""
        place = np.mod(u, 1) * len(self.roots)
        low = place.astype(np.int64) % len(self.roots)
        share, high = (place - np.floor(place))[..., None], (low + 1) % len(self.roots)
        a, c = (unit((1 - share) * loop[low] + share * loop[high]) for loop in (self.roots, self.ends))
        if self.via is None:
            return slerped(a, c, v)
        b = unit((1 - share) * self.via[low] + share * self.via[high])
        return slerped(slerped(a, b, v), slerped(b, c, v), v)


def loop(line: np.ndarray, count: int, first: float = 0.0, *, lift: float = 0.0, gap: float = 0.0) -> np.ndarray:
    """(count,3) unit vectors along a line of (azimuth, elevation) and its mirror image, equal steps, from the azimuth
    `first` towards the person's left; degrees. `gap` leaves out so much of the front."""
    a = np.concatenate([line[:, 0], 360 - line[-2::-1, 0]])
    e = np.concatenate([line[:, 1], line[-2::-1, 1]])
    dense = np.linspace(gap, 360 - gap, 1441)
    vectors = to_vectors(np.radians(np.stack([dense, np.interp(dense, a, e) + lift], -1)))
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(vectors, axis=0), axis=-1))])
    begin = np.interp(np.clip(np.mod(first, 360), gap, 360 - gap), dense, walked)
    steps = np.mod(begin + walked[-1] * np.arange(count) / count, walked[-1])
    return unit(np.stack([np.interp(steps, walked, axis) for axis in vectors.T], -1))


def around(pole: tuple[float, float], ends: np.ndarray, size: float = 0.03) -> np.ndarray:
    """(U,3) a small ring around a pole (azimuth, elevation; degrees), each point on its end's side."""
    middle = to_vectors(np.radians(np.array(pole)))
    return unit(middle + size * unit(ends - (ends @ middle)[:, None] * middle))


def parting(front: tuple[float, float], back: tuple[float, float], ends: np.ndarray) -> np.ndarray:
    """(U,3) out along one side of a parting and back on the other; the ends start at its front."""
    count = len(ends)
    a, b = (to_vectors(np.radians(np.array(point))) for point in (front, back))
    away = 1 - np.abs(2 * np.arange(count) / count - 1)
    line = slerped(np.broadcast_to(a, (count, 3)), np.broadcast_to(b, (count, 3)), away)
    side = unit(np.cross(line, b - a))
    turned = np.where(np.arange(count) < count / 2, 1.0, -1.0)[:, None]
    sign = np.sign(((ends - line) * side * turned).sum())
    return unit(line + 0.012 * sign * turned * side)


def crown_flow(line: np.ndarray = LINE, pole: tuple[float, float] = (180.0, 74.0), count: int = 112) -> Flow:
    ends = loop(line, count)
    return Flow(around(pole, ends), ends)


def part_flow(
    front: float, line: np.ndarray = LINE, *, gap: float = 0.0, back: tuple[float, float] = (178.0, 66.0),
    count: int = 112,
) -> Flow:  # fmt: skip
    """From a parting that begins at the azimuth `front` of the hairline (degrees)."""
    ends = loop(line, count, front, gap=gap)
    height = float(np.interp(abs(front), LINE[:, 0], LINE[:, 1]))
    return Flow(parting((front, height - 1), back, ends), ends)


def tie_flow(tie: tuple[float, float], size: float = 0.09, count: int = 128) -> Flow:
    """From the hairline to a tie."""
    starts = loop(LINE, count)
    ends = around(tie, starts, size)
    return Flow(starts, ends, _over(starts, ends))


def back_flow(count: int = 96) -> Flow:
    """From the forehead's hairline and the temples over the head and the ears to the nape; u from left to right."""
    t = np.linspace(1, -1, count)
    front, back = np.radians(
        np.stack([[80 * t, np.interp(np.abs(80 * t), LINE[:, 0], LINE[:, 1])], [180 - 62 * t, -40 - 0 * t]], 1)
    ).transpose(1, 2, 0)
    roots, ends = to_vectors(front), to_vectors(back)
    return Flow(roots, ends, _over(roots, ends))


def _over(roots: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The middle of the way, the further the nearer to the top of the head."""
    apart = 1 - (roots * ends).sum(1, keepdims=True)
    return unit(roots + ends + apart * np.array([0, 0.75, -0.15]))


def halves_flow(tie: tuple[float, float], count: int = 96) -> Flow:
    """From a parting all along the middle to a tie on either side: u below 1/2 is the person's left."""
    along = np.linspace(0, 1, count // 2)
    a = np.radians(38 + along * 180)
    left = unit(np.stack([0 * a + 0.02, np.sin(a), np.cos(a)], 1))
    ends = around(tie, left, 0.06)
    mirror = np.array([-1, 1, 1])
    return Flow(np.concatenate([left, left[::-1] * mirror]), np.concatenate([ends, ends[::-1] * mirror]))
