"""Landmarks that another detector found: OpenPose (BODY_25, hands, face) or COCO-WholeBody (133 points), as JSON.

They say nothing about depth, so the pose is guessed from poses that look alike, and is weaker in 3D than in the image.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from avatarkit.errors import BadData
from avatarkit.fitting.landmarks import COUNT, FACE, LEFT_HAND, RIGHT_HAND
from avatarkit.fitting.looking import Mask, Sight, extent
from avatarkit.fitting.rig import Array

log = logging.getLogger("avatarkit")

# our landmark: theirs
BODY_25 = {
    **{0: 0, 2: 16, 5: 15, 7: 18, 8: 17, 11: 5, 12: 2, 13: 6, 14: 3, 15: 7, 16: 4, 23: 12, 24: 9, 25: 13, 26: 10},
    **{27: 14, 28: 11, 29: 21, 30: 24, 31: 19, 32: 22},
}
COCO = {
    **{0: 0, 2: 1, 5: 2, 7: 3, 8: 4, 11: 5, 12: 6, 13: 7, 14: 8, 15: 9, 16: 10, 23: 11, 24: 12, 25: 13, 26: 14},
    **{27: 15, 28: 16, 29: 19, 30: 22, 31: 17, 32: 20},
}
FOREIGN_DOUBT = 0.008
"""Other detectors mean other places by "hip" and "heel": so far apart, as a share of the person's height."""
Found = tuple[Array, Array]
EXPECTED = "expected OpenPose (people, pose_keypoints_2d) or COCO-WholeBody (keypoints of 133 points)"


def sight_of(
    told: Any, size: tuple[int, int], mask: Mask | None, at: tuple[float, float] | None = None, scale: float = 1.0
) -> Sight:
    """What the keypoints of a file, times `scale`, tell about a photo of `size` (width, height); `at` (x, y) chooses a
    person.

    BadData for another format, for nobody, and for several people where none is chosen.
    """
    people = [(pixels * scale, sure) for pixels, sure in _people(told)]
    if not people:
        raise BadData(f"keypoints: found nobody, {EXPECTED}")
    if len(people) > 1 and at is None:
        where = ", ".join(f"{x:.0f},{y:.0f}" for x, y in (_middle(p) for p in people))
        raise BadData(f"keypoints: found {len(people)} people (at {where}), expected one: choose with --person x,y")
    pixels, sure = min(people, key=lambda p: np.linalg.norm(_middle(p) - (at if at is not None else 0)))
    pixels = np.where(sure[:, None] > 0, pixels, np.nan)
    certain = pixels[:33][sure[:33] > 0.3]
    log.warning("keypoints: no depth in them: the pose will be weaker in 3D than it looks in the image")
    height = extent(certain)
    return Sight(size, pixels, sure, np.full(COUNT, FOREIGN_DOUBT * height), None, (None, None), mask, height)


def _people(told: Any) -> Iterator[Found]:
    if isinstance(told, dict) and isinstance(told.get("people"), list):
        yield from (_openpose(person) for person in told["people"])
        return
    rows = told
    if isinstance(told, dict):
        rows = next((told[key] for key in ("annotations", "instances", "instance_info") if key in told), [told])
    if not isinstance(rows, list):
        raise BadData(f"keypoints: found no people, {EXPECTED}")
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("instances"), list):
            yield from (_wholebody(instance) for instance in row["instances"])
        else:
            yield _wholebody(row)


def _openpose(person: Any) -> Found:
    if not isinstance(person, dict):
        raise BadData(f"keypoints: a person is {type(person).__name__}, {EXPECTED}")
    parts = {
        "pose_keypoints_2d": (25, None),
        "hand_left_keypoints_2d": (21, LEFT_HAND),
        "hand_right_keypoints_2d": (21, RIGHT_HAND),
        "face_keypoints_2d": (70, FACE),
    }
    pixels, sure = np.zeros((COUNT, 2)), np.zeros(COUNT)
    for key, (count, rows) in parts.items():
        if rows is not None and not person.get(key):
            continue
        points = _triplets(person.get(key), key, count)
        if rows is None:
            ours, theirs = list(BODY_25), list(BODY_25.values())
            pixels[ours], sure[ours] = points[theirs, :2], points[theirs, 2]
        else:
            pixels[rows], sure[rows] = points[:, :2], points[:, 2]
    return pixels, np.clip(sure, 0, 1)


def _wholebody(person: Any) -> Found:
    if not isinstance(person, dict) or "keypoints" not in person:
        raise BadData(f"keypoints: found no keypoints, {EXPECTED}")
    if "face_kpts" in person:
        parts = (("keypoints", 17), ("foot_kpts", 6), ("face_kpts", 68), ("lefthand_kpts", 21), ("righthand_kpts", 21))
        points = np.concatenate([_triplets(person.get(key), key, count) for key, count in parts])
        points[:, 2] /= 2  # COCO's visibility: 2 seen, 1 guessed, 0 not labelled
    else:
        rows: Any = person["keypoints"]
        scores = person.get("keypoint_scores")
        if scores is not None and isinstance(rows, list) and isinstance(scores, list) and len(rows) == len(scores):
            rows = [[*row, score] for row, score in zip(rows, scores, strict=True) if isinstance(row, list)]
        points = _triplets(rows, "keypoints", 133)
    pixels, sure = np.zeros((COUNT, 2)), np.zeros(COUNT)
    ours, theirs = list(COCO), list(COCO.values())
    pixels[ours], sure[ours] = points[theirs, :2], points[theirs, 2]
    face = slice(FACE.start, FACE.start + 68)
    for rows, first in ((face, 23), (LEFT_HAND, 91), (RIGHT_HAND, 112)):
        their = slice(first, first + rows.stop - rows.start)
        pixels[rows], sure[rows] = points[their, :2], points[their, 2]
    return pixels, np.clip(sure, 0, 1)


def _triplets(numbers: Any, key: str, count: int) -> Array:
    """(count,3) of x, y, confidence."""
    try:
        rows = np.array(numbers, float).reshape(-1, 3)
    except (TypeError, ValueError):
        rows = np.zeros((0, 3))
    if len(rows) != count or not np.isfinite(rows).all() or np.abs(rows).max(initial=0) > 1e6:
        raise BadData(f"keypoints: {key} is no list of {count} times x, y, confidence: {EXPECTED}")
    return rows


def _middle(found: Found) -> Array:
    pixels, sure = found
    seen = pixels[:33][sure[:33] > 0.3]
    return seen.mean(0) if len(seen) else np.zeros(2)
