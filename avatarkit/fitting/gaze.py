"""Where the eyes look: an iris, seen between the corners of its eye, lies on an eyeball whose middle is known.

       corner   iris     corner       the seen corners are laid upon the fitted ones, so that what the face is off by
    seen  ×──────o────────×           does not become a gaze; the line of sight through the iris meets the eyeball,
           ╲   (   )    ╱             and the turn from where it would be straight ahead is the gaze

Both eyes turn alike (people look at what is far). Small eyes tell little: the turn is shrunk by how exact it is, and
where no eye is seen, open and turned to the camera, people look straight ahead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from avatarkit.fitting.landmarks import EYES, FACE, FACE_IDS, IRISES, unit
from avatarkit.fitting.limits import limits
from avatarkit.fitting.looking import Sight
from avatarkit.fitting.rig import Array, Frames, Points, Rig, State, frames, places, rotations
from avatarkit.fitting.starting import turn_of
from avatarkit.fitting.terms import projected

HEAD = 15
EYEBALLS = (24, 23)
"""The joints of the right and the left eye, in the order of iBUG's landmarks."""
USUAL = np.deg2rad(12.0)
"""How far people usually look aside (one standard deviation)."""
EXACT, EXACT_PIXELS = 0.06, 0.5
"""How exact an iris is, as a share of the eye's width, and in pixels."""
OPEN, FACING = 0.14, 0.5
"""The least height of an open eye as a share of its width; the least cosine between it and the way to the camera."""


def gazing(rig: Rig, landmarks: Points, state: State, sight: Sight, K: Array) -> State:
    """The state whose eyes look where the irises among the landmarks (145) say, in the camera's axes."""
    turns = state.turns.copy()
    turns[list(EYEBALLS)] = 0
    state = replace(state, turns=turns)
    at = frames(rig, state)
    marks = places(rig, landmarks, state, at)
    image, _ = projected(marks, K)
    found = [_turned(at, marks, image, sight, K, eye) for eye in range(2)]
    told = [one for one in found if one is not None]
    if not told:
        return state
    turned, sigma = np.array([turn for turn, _ in told]), np.array([sigma for _, sigma in told])
    # both eyes err alike, so they count as one; where they disagree, that is how far they are off
    doubt = (sigma**2).mean() + turned.var(axis=0)
    pitch, yaw = turned.mean(axis=0) * USUAL**2 / (USUAL**2 + doubt)
    turn = turn_of(rotations(np.array([0.0, yaw, 0.0])) @ rotations(np.array([pitch, 0.0, 0.0])))
    bounds = limits()
    for eye in EYEBALLS:
        turns[eye] = np.clip(turn, bounds.low[eye], bounds.high[eye])
    return replace(state, turns=turns)


def _turned(at: Frames, marks: Array, image: Array, sight: Sight, K: Array, eye: int) -> tuple[Array, float] | None:
    """Pitch (down) and yaw (to the person's left) of an eye (0 right, 1 left) in radians, and how exact they are."""
    lids = FACE.start + FACE_IDS.index(EYES[0]) + 6 * eye + np.arange(6)
    corners, iris = lids[[0, 3]], FACE.start + FACE_IDS.index(IRISES[eye])
    seen = sight.pixels[[*lids, iris]]
    if np.isnan(seen).any() or sight.sure[[*lids, iris]].min() < 0.3:
        return None
    start, end = seen[[0, 3]]
    width = float(np.linalg.norm(end - start))
    across = unit(np.array([-(end - start)[1], (end - start)[0]]))
    height = float(np.ptp(seen[[1, 2, 4, 5]] @ across))
    middle = at.placed[EYEBALLS[eye]]
    ahead = marks[iris] - middle
    if width < 1 or height < OPEN * width or unit(ahead) @ unit(-middle) < FACING:
        return None
    fitted = image[corners]
    scale = float(np.linalg.norm(fitted[1] - fitted[0])) / width
    pixel = fitted.mean(0) + (seen[6] - (start + end) / 2) * scale
    looked = _on_eyeball(middle, float(np.linalg.norm(ahead)), pixel, K) @ at.turned[HEAD]
    rest = ahead @ at.turned[HEAD]
    turn = np.array([_down(looked) - _down(rest), np.arctan2(looked[0], looked[2]) - np.arctan2(rest[0], rest[2])])
    radius = float(np.linalg.norm(ahead)) * K[0, 0] / middle[2] / scale
    return turn, float(np.hypot(EXACT * width, EXACT_PIXELS)) / radius


def _down(way: Array) -> float:
    return float(-np.arcsin(way[1] / np.linalg.norm(way)))


def _on_eyeball(middle: Array, radius: float, pixel: Array, K: Array) -> Array:
    """From an eyeball's middle (3) to where the ray through a pixel first meets it, or passes it nearest."""
    ray = unit(np.array([*(pixel - K[:2, 2]) / K[[0, 1], [0, 1]], 1.0]))
    near = float(ray @ middle)
    aside = near * ray - middle
    half = np.sqrt(max(radius**2 - float(aside @ aside), 0.0))
    found: Array = aside - half * ray
    return found
