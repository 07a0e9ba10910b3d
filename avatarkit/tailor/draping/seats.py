"""What a sitting person sits on, read off the pose: no chair is drawn, but skirts lie on it."""

import numpy as np

from avatarkit.body import JOINT_INDEX
from avatarkit.tailor.draping.falling import Seat
from avatarkit.tailor.draping.nearest import NOWHERE

NO_SEAT = Seat(-NOWHERE, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


def seat_under(vertices: np.ndarray, joints: np.ndarray) -> Seat | None:
    """The seat of a person with skin `vertices` (V,3) and `joints` (55,3) in the world, metres; None if no one sits."""
    sides = ("left", "right")
    hips, knees, ankles = (joints[[JOINT_INDEX[f"{s}_{name}"] for s in sides]] for name in ("hip", "knee", "ankle"))
    thighs, shins = knees - hips, ankles - knees
    steep = np.abs(thighs[:, 1]) > 0.5 * np.linalg.norm(thighs, axis=1)
    folded = shins[:, 1] > -0.5 * np.linalg.norm(shins, axis=1)
    if steep.any() or folded.any():
        return None
    middle, forward = hips.mean(0), thighs.mean(0) * [1, 0, 1]
    length = float(np.linalg.norm(forward))
    forward = forward / max(length, 1e-9)
    if ((ankles - middle) @ forward).min() < 0.75 * length:
        return None  # feet where a chair would be: a squat
    ahead = (vertices - middle) @ forward
    aside = (vertices - middle) @ [forward[2], 0, -forward[0]]
    lap = (ahead > -0.5 * length) & (ahead < 0.6 * length) & (np.abs(aside) < 0.75 * length)
    lap &= np.abs(vertices[:, 1] - middle[1]) < 0.6 * length
    if not lap.any():
        return None
    height = float(vertices[lap, 1].min()) - 0.004
    back, front, half_width = -1.2 * length, 0.6 * length, 0.9 * length
    return Seat(height, middle[0], middle[2], forward[0], forward[2], back, front, half_width)
