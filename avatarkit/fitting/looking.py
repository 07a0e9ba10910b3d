"""What there is to see in a photo: the detector's landmarks, a mask; and what it says about who is there."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatarkit import detect, picture
from avatarkit.detect import Detection
from avatarkit.errors import BadData
from avatarkit.fitting.calibration import observed
from avatarkit.fitting.landmarks import ANKLES, FACE, KNEES, LEFT_HAND, NOSE, POSE, RIGHT_HAND, WRISTS
from avatarkit.fitting.rig import Array

log = logging.getLogger("avatarkit")

LONGEST_SIDE = 1280
Mask = NDArray[np.float32]
BACKGROUND = (200, 200, 200)
LEAST_VISIBLE = 0.55
CUT_OUT = 0.05
"""The least share of transparent pixels in a photo that was cut out by its maker."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What is seen of one person, in the photo's pixels."""

    size: tuple[int, int]
    """(width, height) of the photo"""
    pixels: Array
    """(145,2) landmarks; NaN where nothing was seen"""
    sure: Array
    """(145) 0 to 1"""
    doubt: Array
    """(145) pixels that the detector disagrees with itself"""
    cue: Array | None
    """(33,3) metres in camera axes; None without a 3D cue"""
    hands: tuple[Array | None, Array | None]
    """(21,3) of the left and of the right hand, in camera axes, any unit"""
    mask: Mask | None
    """(H,W) 0 to 1"""
    height: float
    """how tall the person is in the image, pixels"""


def seen(
    photo: picture.Image,
    *,
    mask: NDArray[np.uint8] | None = None,
    at: tuple[float, float] | None = None,
    allow_cropped: bool = False,
) -> Sight:
    """What the detector sees in a photo (H,W,3|4). `mask` (H,W) replaces its own, `at` (x, y) pixels chooses a person.

    BadData where it sees nobody, several people or somebody cut off; NotInstalled where there is no detector.
    """
    H, W = photo.shape[:2]
    opaque = picture.on_background(photo, BACKGROUND)
    left, top, right, bottom = 0, 0, W, H
    scale = min(1.0, LONGEST_SIDE / max(H, W))
    small = opaque if scale == 1 else picture.resized(opaque, (round(W * scale), round(H * scale)))
    found, faces = detect.detected(small)
    if at is not None and len(faces):
        left, top, right, bottom = _around(faces / scale, at, (W, H))
        part = opaque[top:bottom, left:right]
        scale = min(1.0, LONGEST_SIDE / max(part.shape[:2]))
        found, _ = detect.detected(picture.resized(part, (round(part.shape[1] * scale), round(part.shape[0] * scale))))
    elif len(faces) > 1:
        where = ", ".join(f"{x:.0f},{y:.0f}" for x, y in (faces[:, :2] + faces[:, 2:] / 2) / scale)
        raise BadData(f"found {len(faces)} people (faces at {where}), expected one: choose with --person x,y, or crop")
    if found is None or found.visibility.mean() < LEAST_VISIBLE:
        raise BadData(
            "found nobody in the photo, expected one person from head to feet: try another photo, or --keypoints"
        )
    sight = _sight(found, (W, H), 1 / scale, np.array([left, top], float), (right - left, bottom - top))
    sight = replace(sight, mask=mask_of(photo, mask, sight.mask))
    _check_whole(sight, allow_cropped)
    return sight


def _sight(found: Detection, size: tuple[int, int], scale: float, origin: Array, window: tuple[int, int]) -> Sight:
    pixels, sure = observed(found)
    _doubt_hands(pixels, sure)
    pixels = pixels * scale + origin
    doubt = np.zeros(len(pixels))
    doubt[POSE] = found.doubt * scale
    certain = pixels[POSE][found.visibility > 0.5]
    mask = np.zeros((size[1], size[0]), np.float32)
    x, y = origin.astype(int)
    mask[y : y + window[1], x : x + window[0]] = picture.resized((found.mask * 255).astype(np.uint8), window) / 255.0
    return Sight(
        size,
        pixels,
        sure,
        doubt,
        found.world.astype(float),
        (found.left_hand, found.right_hand),
        mask,
        extent(certain),
    )


def extent(points: Array) -> float:
    """How tall a person is whose landmarks these are: the detector's highest and lowest points are eyes and toes."""
    return max(float(np.ptp(points, axis=0).max()), 1.0) * 1.08 if len(points) > 1 else 1.0


def _doubt_hands(pixels: Array, sure: Array) -> None:
    """Leave out hands that are not at the wrist, or as big as no hand, and a face that is not at the nose."""
    height = extent(pixels[POSE][sure[POSE] > 0.5])
    for rows, wrist in ((LEFT_HAND, WRISTS[0]), (RIGHT_HAND, WRISTS[1])):
        hand = pixels[rows]
        far = np.linalg.norm(hand[0] - pixels[wrist])
        if not (far < 0.07 * height and np.linalg.norm(hand[9] - hand[0]) < 0.12 * height and sure[wrist] > 0.3):
            pixels[rows], sure[rows] = np.nan, 0
    tip = pixels[FACE][30]  # iBUG's tip of the nose
    if not np.linalg.norm(tip - pixels[NOSE]) < 0.06 * height:
        pixels[FACE], sure[FACE] = np.nan, 0


def mask_of(photo: picture.Image, given: NDArray[np.uint8] | None, found: Mask | None) -> Mask | None:
    """The user's mask, or that of a photo which was cut out, or the detector's."""
    if given is not None:
        return given.astype(np.float32) / 255
    if photo.shape[2] == 4 and (photo[..., 3] < 128).mean() > CUT_OUT:
        return photo[..., 3].astype(np.float32) / 255
    return found


def _around(faces: Array, at: tuple[float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The window (left, top, right, bottom) around the person whose face is nearest to `at`."""
    middles = faces[:, :2] + faces[:, 2:] / 2
    chosen = int(np.linalg.norm(middles - at, axis=1).argmin())
    (x, y), side = middles[chosen], float(faces[chosen, 3])
    others = np.abs(middles[:, 0] - x)
    others = others[others > side / 2]
    reach = min(5 * side, 0.6 * others.min()) if len(others) else 5 * side
    # people are eight heads tall, a face is two thirds of a head
    window = (x - reach, y - 2.5 * side, x + reach, y + 12 * side)
    return (max(0, int(window[0])), max(0, int(window[1])), min(size[0], int(window[2])), min(size[1], int(window[3])))


def _check_whole(sight: Sight, allowed: bool) -> None:
    """BadData, or a warning where it is allowed, when the legs are cut off by the photo's border."""
    W, H = sight.size
    ankles = sight.pixels[list(ANKLES)]
    hidden = bool((sight.sure[list(ANKLES)] < 0.5).any())
    beyond = bool(((ankles < 0) | (ankles > [W, H])).any())
    if sight.mask is None or not (hidden or beyond):
        return
    if (sight.mask[-3:] > 0.5).mean() < 0.03:
        return
    knees = bool((sight.sure[list(KNEES)] < 0.5).any() or (sight.pixels[list(KNEES), 1] > H).any())
    where = "above the knees" if knees else "below the knees"
    if not allowed:
        raise BadData(f"the photo cuts the person off {where}, expected all of them: --allow cropped guesses the rest")
    log.warning("the photo cuts the person off %s: the rest is guessed", where)
