"""Where the features of a face lie on the body's template, as maps of distances that pixels look up.

All in metres of the template, seen from the front, for the left half (x >= 0): the right one mirrors it. A shaped face
carries its features along, because its vertices know their place on the template.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LEFT, BOTTOM, TEXEL = -0.002, 0.52, 0.0005
COLUMNS, ROWS = 170, 410
LIPS, PARTING, UPPER_LID, LOWER_LID, OPENING, ALONG_BROW, ACROSS_BROW = range(7)
"""Channels: signed distances to the lips' outline (inside negative), to the line between the lips (above positive), to
the margin of the upper and of the lower lid (above positive), to the eye's opening (inside negative); and a place in
the brow, along from 0 at the nose to 1, across from -1 to 1."""

LIP_TOP = ((0.0000, 0.5786), (0.0025, 0.5791), (0.0055, 0.5800), (0.0085, 0.5796), (0.0130, 0.5772), (0.0190, 0.5733),
           (0.0232, 0.5712))  # fmt: skip
LIP_BOTTOM = (
    (0.0000, 0.5606),
    (0.0050, 0.5608),
    (0.0100, 0.5622),
    (0.0150, 0.5650),
    (0.0200, 0.5690),
    (0.0232, 0.5712),
)
LIP_PARTING = ((0.0000, 0.5714), (0.0060, 0.5717), (0.0120, 0.5716), (0.0180, 0.5713), (0.0240, 0.5711))
LID_TOP = ((0.0192, 0.6374), (0.0222, 0.6409), (0.0260, 0.6427), (0.0300, 0.6432), (0.0345, 0.6424), (0.0390, 0.6406),
           (0.0421, 0.6386))  # fmt: skip
LID_BOTTOM = ((0.0192, 0.6374), (0.0222, 0.6357), (0.0260, 0.6350), (0.0305, 0.6348), (0.0350, 0.6354), 
              (0.0390, 0.6368), (0.0421, 0.6386))  # fmt: skip
BROW = ((0.0125, 0.6560), (0.0180, 0.6592), (0.0250, 0.6622), (0.0330, 0.6640), (0.0400, 0.6630), (0.0475, 0.6585))
BROW_HALF = (0.0030, 0.0040, 0.0038, 0.0034, 0.0026, 0.0008)
EYE, EYE_RADIUS = (0.0295, 0.6397, 0.1325), 0.0145
IRIS, PUPIL = 0.0056, 0.0021


def smooth(corners: tuple[tuple[float, float], ...], steps: int = 8) -> Points:
    """A Catmull-Rom curve through the corners (N,2)."""
    p = np.asarray(corners, np.float64)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.arange(steps)[:, None] / steps
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([curve.reshape(-1, 2), p[-2:-1]])


def distances(points: Points, line: Points) -> tuple[Points, Points]:
    """For points (P,2) the distance to a polyline (N,2), and where along it, 0 … 1."""
    a, edge = line[:-1], np.diff(line, axis=0)
    reach = np.hypot(edge[:, 0], edge[:, 1])
    offsets = points[:, None] - a
    t = np.clip((offsets * edge).sum(-1) / np.maximum(reach**2, 1e-18), 0, 1)
    each = np.linalg.norm(offsets - t[..., None] * edge, axis=-1)
    nearest = each.argmin(1)
    rows = np.arange(len(points))
    walked = np.concatenate([[0], np.cumsum(reach)])
    return each[rows, nearest], (walked[nearest] + t[rows, nearest] * reach[nearest]) / walked[-1]


def above(points: Points, line: Points) -> NDArray[np.bool_]:
    """Which points (P,2) lie above a line that runs rightwards."""
    inside: NDArray[np.bool_] = points[:, 1] > np.interp(points[:, 0], line[:, 0], line[:, 1])
    return inside


def _signed(points: Points, line: Points) -> Points:
    found: Points = distances(points, line)[0] * np.where(above(points, line), 1, -1)
    return found


def _closed(points: Points, top: Points, bottom: Points) -> Points:
    """Signed distance to what lies between two lines with common ends, negative inside."""
    distance = np.minimum(distances(points, top)[0], distances(points, bottom)[0])
    between = ~above(points, top) & above(points, bottom)
    between &= (points[:, 0] > min(top[0, 0], bottom[0, 0]) - 1e-9) & (points[:, 0] < max(top[-1, 0], bottom[-1, 0]))
    found: Points = np.where(between, -distance, distance)
    return found


def _beyond(points: Points, line: Points, along: Points) -> Points:
    """`along` (P) of a polyline, below 0 before its beginning and above 1 after its end."""
    length = np.hypot(*np.diff(line, axis=0).T).sum()
    before, after = (
        (points - end) @ _unit(end - inner) / length for end, inner in zip(line[[0, -1]], line[[1, -2]], strict=True)
    )
    found: Points = np.where(along <= 0, -np.maximum(before, 0), np.where(along >= 1, 1 + np.maximum(after, 0), along))
    return found


def _unit(vector: Points) -> Points:
    found: Points = vector / np.linalg.norm(vector)
    return found


@lru_cache(maxsize=1)
def feature_map() -> NDArray[np.float32]:
    """(ROWS, COLUMNS, 7) float32 of the channels above; row 0 is the lowest."""
    x, y = LEFT + TEXEL * np.arange(COLUMNS), BOTTOM + TEXEL * np.arange(ROWS)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    mirrored = np.stack([np.abs(points[:, 0]), points[:, 1]], axis=-1)
    channels: list[Any] = [None] * 7
    channels[LIPS] = _closed(mirrored, smooth(LIP_TOP), smooth(LIP_BOTTOM))
    channels[PARTING] = _signed(mirrored, smooth(LIP_PARTING))
    channels[UPPER_LID], channels[LOWER_LID] = (_signed(points, smooth(line)) for line in (LID_TOP, LID_BOTTOM))
    channels[OPENING] = _closed(points, smooth(LID_TOP), smooth(LID_BOTTOM))
    distance, along = distances(points, smooth(BROW))
    half = np.interp(along, np.linspace(0, 1, len(BROW_HALF)), BROW_HALF)
    channels[ALONG_BROW] = _beyond(points, smooth(BROW), along)
    channels[ACROSS_BROW] = distance * np.where(above(points, smooth(BROW)), 1, -1) / half
    return np.stack(channels, axis=-1).astype(np.float32).reshape(ROWS, COLUMNS, -1)
