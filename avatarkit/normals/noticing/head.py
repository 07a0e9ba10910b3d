"""Hair, beard and skin in a photo."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatarkit.appearance.complexion import tone_of
from avatarkit.normals.noticing.glimpse import SIDE, Array, Glimpse, oklab, srgb_of
from avatarkit.words import Wish

BALD = 0.09
"""Distance in OKLab of the scalp from the face, below which there is no hair."""
ALIKE = 0.16
"""Distance in OKLab within which a pixel is the hair's."""
LENGTHS = ((0.25, ("crew cut", "side part", "slicked back"), ("pixie cut",)), (0.75, ("bob",), ("bob",)),
           (1.25, ("shoulder-length",), ("shoulder-length",)), (9.0, ("long",), ("long",)))  # fmt: skip
"""Heights of a head that hair reaches below the chin … → styles, of little and of more volume."""
TALL = 0.3
"""Heights of a head that an afro stands off."""


def head_in(glimpse: Glimpse) -> dict[str, Wish]:
    """Wishes for hair (with beard) and complexion."""
    found = {"complexion": Wish(cut={"melanin": _melanin(glimpse), "lipstick": None, "freckles": 0.0})}
    scalp = glimpse.of("scalp")
    if scalp.sum() < 12:
        return found
    colour = np.median(glimpse.colour[scalp], axis=0)
    far = float(np.linalg.norm(colour - glimpse.tone))
    styles = ("bald",) if far < BALD else _style(glimpse, colour)
    dyed = {} if far < BALD else {"colour": srgb_of(colour)}
    return found | {"hair": Wish(styles, cut={**dyed, **_beard(glimpse, colour)})}


def _melanin(glimpse: Glimpse) -> float:
    steps = np.linspace(0.03, 0.96, 48)
    tones = oklab(np.stack([tone_of(step) for step in steps]))
    return round(float(steps[np.argmin(np.abs(tones[:, 0] - glimpse.tone[0]))]), 3)


def _style(glimpse: Glimpse, colour: Array) -> tuple[str, ...]:
    """By how far down pixels of the hair's colour reach beside face and neck, and how far off the skull they stand."""
    face = glimpse.of("face", "scalp")
    rows, columns = (np.flatnonzero(face.any(axis)) for axis in (1, 0))
    top, chin, left, right = rows[0], rows[-1], columns[0], columns[-1]
    height = max(chin - top, 1)
    off, from_skin = (np.linalg.norm(glimpse.colour - other, axis=-1) for other in (colour, glimpse.tone))
    hair = glimpse.mask & (off < np.minimum(ALIKE, 0.8 * from_skin))
    beside = np.zeros_like(hair)
    reach = round(0.45 * height)
    beside[:, max(left - reach, 0) : right + reach + 1] = True
    hair &= beside & ~glimpse.of("face", "hand", "arm")
    lowest = 0.0
    for row in range(chin - height // 4, min(chin + 2 * height, SIDE)):
        if hair[row].sum() < max(2, 0.12 * height):
            break
        lowest = (row - chin) / height
    above = top - np.flatnonzero((glimpse.mask & beside).any(axis=1))[0]
    if above / height > TALL and hair[max(top - 2, 0)].any():
        return ("afro",)
    wide = above / height > 0.12
    below = lowest if lowest > 0 else 0.0
    return next(fuller if wide else flat for most, flat, fuller in LENGTHS if below < most)


def _beard(glimpse: Glimpse, colour: Array) -> dict[str, Any]:
    """A full beard where the chin is neither skin nor far from the hair's colour."""
    face = glimpse.of("face")
    rows = np.flatnonzero(face.any(axis=1))
    chin = face.copy()
    chin[: rows[0] + round(0.72 * (rows[-1] - rows[0]))] = False
    if chin.sum() < 8:
        return {}
    lab = np.median(glimpse.colour[chin], axis=0)
    off, from_skin = (float(np.linalg.norm(lab - other)) for other in (colour, glimpse.tone))
    faded = np.linalg.norm(lab[1:]) < 0.5 * np.linalg.norm(glimpse.tone[1:])  # a white beard under dark hair
    bearded = (from_skin > 2 * BALD and off < 0.7 * from_skin) or (faded and glimpse.skin[chin].mean() < 0.15)
    return {"beard": "full beard", "stubble": 0.0} if bearded else {"beard": "none", "stubble": 0.0}
