"""Skin, eyes and mouth of a person as numbers for `skin`: tones from melanin and blood, hair on skin, make-up."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance.features import feature_map
from avatarkit.outfit import Colour, Complexion, Hair

TONES = (
    (0.915, 0.785, 0.715), (0.870, 0.715, 0.620), (0.785, 0.600, 0.485), (0.650, 0.455, 0.345), (0.460, 0.312, 0.235),
    (0.300, 0.208, 0.172),
)  # fmt: skip
"""sRGB of skin in even steps of melanin, 0 to 1: light passes the melanin twice (it takes blue most, then green) and is
coloured by the blood below; with much melanin little light comes back from below, and the colour turns neutral."""
RED = (0.012, 0.075, 0.060)
"""How much of sRGB blood takes, per unit of redness, in fair skin."""
SHADOW = {"bald": 0.0, "buzz cut": 0.72, "crew cut": 0.85, "mohawk": 0.35}
"""How far hair hides the scalp in colour; 0.9 for longer hair, whose gaps then do not show."""


class Skin(NamedTuple):
    """What `skin.painted` reads; colours (3) float64 sRGB."""

    tone: NDArray[np.float64]
    palm: NDArray[np.float64]
    lips: NDArray[np.float64]
    hair: NDArray[np.float64]
    brows: NDArray[np.float64]
    eyes: NDArray[np.float64]
    lipstick: float
    blood: float
    blush: float
    freckles: float
    stubble: float
    scalp: float
    brow_width: float
    lashes: float
    age: float
    seed: int
    features: NDArray[np.float32]


def tone_of(melanin: float, redness: float = 0.5) -> NDArray[np.float64]:
    """(3) sRGB of skin."""
    steps = np.linspace(0, 1, len(TONES))
    tone = np.array([np.interp(melanin, steps, channel) for channel in zip(*TONES, strict=True)])
    fair: NDArray[np.float64] = tone * (1 - (redness - 0.5) * (1 - 0.6 * melanin) * np.array(RED) * 2)
    return fair


def skin_of(complexion: Complexion, hair: Hair, *, age: float, sex: float, seed: int) -> Skin:
    """`age` in years, `sex` 0 male … 1 female."""
    melanin, tone = complexion.melanin, tone_of(complexion.melanin, complexion.redness)
    palm = tone_of(0.55 * melanin, complexion.redness + 0.2)
    natural = tone * np.array([0.93, 0.70, 0.70]) if melanin < 0.6 else tone * np.array([0.98, 0.80, 0.84])
    lips = np.array(complexion.lipstick) if complexion.lipstick is not None else natural
    brows = _brows(hair.colour, tone)
    fine = hair.style not in SHADOW
    bearded = {"none": 0.0, "moustache": 0.0, "goatee": 0.15}.get(hair.beard, 0.6)
    return Skin(
        tone, palm, lips, np.array(hair.colour), brows, np.array(complexion.eyes),
        lipstick=0.0 if complexion.lipstick is None else 0.85,
        blood=(0.35 + complexion.redness) * (1 - 0.55 * melanin),
        blush=complexion.blush, freckles=complexion.freckles, stubble=max(hair.stubble, bearded),
        scalp=0.9 if fine else SHADOW[hair.style],
        brow_width=1.15 - 0.35 * sex if age > 12 else 0.75,
        lashes=0.45 + 0.4 * sex, age=age, seed=seed, features=feature_map(),
    )  # fmt: skip


def _brows(hair: Colour, tone: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brows are darker than fair hair and never as vivid; grey hair keeps some of its grey."""
    colour = np.array(hair)
    grey = colour.mean()
    muted = 0.55 * colour + 0.45 * grey
    brows: NDArray[np.float64] = np.minimum(muted * (0.85 if grey > 0.25 else 1.0), 0.72 * tone)
    return brows
