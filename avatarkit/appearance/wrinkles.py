"""Lines of the face: those of the lips that all have, and those of age."""

import math

from avatarkit.appearance.features import (
    ACROSS_BROW,
    ALONG_BROW,
    BOTTOM,
    COLUMNS,
    EYE,
    LEFT,
    LIPS,
    ROWS,
    TEXEL,
)  # fmt: skip
from avatarkit.appearance.noise import clamp, noise2, step
from avatarkit.appearance.skin import FACE_BACK, brow, feature
from avatarkit.kernels import inlined, outlined


@inlined
def furrow(distance, width):
    """A groove of depth 1 around distance 0."""
    return -math.exp(-((distance / width) ** 2))


@outlined
def wrinkled(skin, x, y, z, flush, scalp, pixel):
    """Metres of relief at the template's (x, y, z): lips, brows, and with age forehead, crow's feet, folds."""
    height = 0.0
    if scalp > 0.3 and skin.scalp > 0:
        size = max(0.0025, 2.2 * pixel)
        height += 0.16 * size * skin.scalp * noise2((x + 0.6 * z) / size, (y - 0.5 * z) / (2.5 * size), skin.seed + 41)
    if z < FACE_BACK or y < BOTTOM:
        return height
    side = abs(x)
    column, row = (side - LEFT) / TEXEL, (y - BOTTOM) / TEXEL
    if not (0 <= column < COLUMNS - 1 and 0 <= row < ROWS - 1):
        return height
    if y < 0.62:
        lips = feature(skin.features, column, row, LIPS)
        if lips < 0.002:
            size = max(0.0012, 2.5 * pixel)
            height += 0.05 * size * noise2(x / size, y / 0.01, skin.seed + 42) * step(0.001, -0.001, lips)
    else:
        hairs = brow(
            skin,
            feature(skin.features, column, row, ALONG_BROW),
            feature(skin.features, column, row, ACROSS_BROW),
            pixel,
        )
        height += 0.0006 * hairs
    aged = clamp((skin.age - 38) / 45, 0.0, 1.0)
    if aged > 0:
        height += 0.0012 * aged * aging(skin, side, x, y)
    return height


@outlined
def aging(skin, side, x, y):
    """Grooves of an old face, deepest 1."""
    wave = 0.0022 * noise2(x / 0.02, 3.1, skin.seed + 43)
    depth = 0.0
    for n in range(4):
        level = 0.674 + 0.0085 * n + 0.002 * noise2(1.7 * n, 8.3, skin.seed + 44)
        depth += 0.5 * furrow(y - level - wave - 0.12 * x * x / 0.05, 0.0013) * step(0.050, 0.032, side)
    depth += 0.6 * furrow(side - 0.0060 - 0.1 * (y - 0.655), 0.0011) * step(0.010, 0.004, abs(y - 0.655))
    dx, dy = side - 0.044, y - EYE[1]
    if dx > 0:
        ray = math.atan2(dy, dx + 0.008) * 4.5 + 0.35 * noise2(side / 0.006, y / 0.006, skin.seed + 45)
        near = step(0.016, 0.009, dx) * step(0.0, 0.003, dx)
        depth += 0.55 * near * step(0.20, 0.0, abs(ray - math.floor(ray + 0.5))) * -1.0 * step(3.6, 2.6, abs(ray))
    # from the nostril past the corner of the mouth
    fold = side - 0.0195 - 0.62 * (0.603 - y) + 4.0 * (0.603 - y) ** 2
    depth += 1.1 * furrow(fold, 0.0034) * step(0.610, 0.600, y) * step(0.556, 0.570, y)
    bag = (y - EYE[1] + 0.013) + 6.0 * (side - EYE[0]) ** 2 * -3.0
    depth += 0.5 * furrow(bag, 0.0014) * step(0.017, 0.012, abs(side - EYE[0]))
    return depth
