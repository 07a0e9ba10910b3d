"""The colour of skin, eyes and mouth at a place on the body's template, for kernels; sRGB in 0 … 1."""

import math

from avatarkit.appearance.features import (
    ACROSS_BROW,
    ALONG_BROW,
    BOTTOM,
    COLUMNS,
    EYE,
    IRIS,
    LEFT,
    LIPS,
    LOWER_LID,
    OPENING,
    PARTING,
    PUPIL,
    ROWS,
    TEXEL,
    UPPER_LID,
)  # fmt: skip
from avatarkit.appearance.noise import clamp, mix, noise2, noise3, step
from avatarkit.kernels import inlined, outlined

FACE_BACK = 0.085
"""Template z in front of which the features of the face lie, metres."""


@inlined
def feature(features, column, row, channel):
    """A channel of the feature map between its texels."""
    j, i = int(column), int(row)
    s, t = column - j, row - i
    low = mix(features[i, j, channel], features[i, j + 1, channel], s)
    return mix(low, mix(features[i + 1, j, channel], features[i + 1, j + 1, channel], s), t)


@inlined
def dyed(r, g, b, colour, share):
    return mix(r, colour[0], share), mix(g, colour[1], share), mix(b, colour[2], share)


@inlined
def darkened(r, g, b, red, green, blue, share):
    """Each channel taken down by its part of `share`."""
    return r * (1 - red * share), g * (1 - green * share), b * (1 - blue * share)


@outlined
def brow(skin, along, across, pixel):
    """How much brow there is: hairs that rise at the nose and lie down towards the temple."""
    if abs(across) > 1.6:
        return 0.0
    across /= skin.brow_width
    lean = mix(1.4, 0.35, step(0.0, 0.5, along))
    # a coordinate that is constant along a hair: hairs are 0.5 mm apart, or what the pixel can show
    spacing = max(0.0006, 0.9 * pixel)
    hair = noise2((0.040 * along - 0.0035 * across / lean) / spacing, 2.2 * across + 9 * along, skin.seed + 11)
    body = step(1.15, 0.35, abs(across)) * step(-0.02, 0.08, along) * step(1.02, 0.75, along)
    return clamp(body * (0.62 + 0.40 * hair), 0.0, 0.9)


@outlined
def face(skin, r, g, b, x, y, z, pixel):
    """Brows, lids, lips and make-up over the skin's colour."""
    side = abs(x)
    column, row = (side - LEFT) / TEXEL, (y - BOTTOM) / TEXEL
    if not (0 <= column < COLUMNS - 1 and 0 <= row < ROWS - 1):
        return r, g, b
    features, soft = skin.features, max(0.5 * pixel, 0.0004)
    if y > 0.62:
        upper, lower = feature(features, column, row, UPPER_LID), feature(features, column, row, LOWER_LID)
        opening = feature(features, column, row, OPENING)
        tired = math.exp(-(((lower + 0.0065) / 0.0035) ** 2)) * step(0.016, 0.024, side) * step(0.046, 0.034, side)
        r, g, b = darkened(r, g, b, 0.10, 0.15, 0.11, tired * (0.6 + 0.008 * skin.age))
        crease = math.exp(-(((upper - 0.0047) / 0.0011) ** 2)) * step(0.016, 0.022, side) * step(0.048, 0.042, side)
        r, g, b = darkened(r, g, b, 0.22, 0.27, 0.27, crease)
        r, g, b = darkened(r, g, b, 0.03, 0.07, 0.05, step(0.006, 0.0, opening))
        lash = step(0.0007 + soft, 0.0001, opening) if upper + lower > 0 else 0.55 * step(0.0005 + soft, 0.0, opening)
        lash *= step(0.0185, 0.024, side)
        r, g, b = mix(r, 0.06, lash * skin.lashes), mix(g, 0.04, lash * skin.lashes), mix(b, 0.04, lash * skin.lashes)
        hairs = brow(
            skin, feature(features, column, row, ALONG_BROW), feature(features, column, row, ACROSS_BROW), pixel
        )
        return dyed(r, g, b, skin.brows, hairs)
    lips = feature(features, column, row, LIPS)
    around = step(0.004, 0.0, lips)
    r, g, b = darkened(r, g, b, 0.02, 0.06, 0.05, around)
    if lips < 0.002:
        parting = feature(features, column, row, PARTING)
        inside = step(soft + 0.0003, -soft - 0.0003, lips) * mix(0.72, 0.95, skin.lipstick)
        lines = noise2(x / 0.0011, y / 0.012, skin.seed + 5) * step(0.0022, 0.001, pixel)
        shade = (1 + 0.05 * lines) * (0.93 if parting > 0 else 1.02)
        r = mix(r, skin.lips[0] * shade, inside)
        g, b = mix(g, skin.lips[1] * shade, inside), mix(b, skin.lips[2] * shade, inside)
        r, g, b = darkened(
            r, g, b, 0.55, 0.62, 0.60, step(0.0004 + soft, 0.0, abs(parting)) * step(0.0005, -0.0005, lips)
        )
    return r, g, b


@outlined
def painted(skin, x, y, z, flush, pale, scalp, beard, nail, pixel):
    """(r, g, b) of skin at the template's (x, y, z); `flush` … `nail` as `regions` gives them, `pixel` in metres."""
    large, fine = (
        noise3(x / 0.032, y / 0.032, z / 0.032, skin.seed),
        noise3(x / 0.009, y / 0.009, z / 0.009, skin.seed + 1),
    )
    r, g, b = (
        mix(skin.tone[0], skin.palm[0], pale),
        mix(skin.tone[1], skin.palm[1], pale),
        mix(skin.tone[2], skin.palm[2], pale),
    )
    blood = skin.blood * (flush + 0.10 * large + 0.10 * fine)
    r, g, b = darkened(r, g, b, 0.03, 0.20, 0.17, blood)
    pigment = 1 - 0.018 * large - 0.016 * fine
    if pixel < 0.003:
        pigment -= 0.022 * noise3(x / 0.0024, y / 0.0024, z / 0.0024, skin.seed + 2) * step(0.003, 0.0012, pixel)
    r, g, b = r * pigment, g * pigment, b * pigment
    if skin.freckles > 0 or skin.age > 45:
        spots = noise3(x / 0.0042, y / 0.0042, z / 0.0042, skin.seed + 3) + 0.35 * large
        r, g, b = darkened(r, g, b, 0.16, 0.30, 0.36, skin.freckles * flush * step(0.30, 0.62, spots))
        aged = (
            0.010 * max(skin.age - 45, 0.0) * step(0.72, 0.95, noise3(x / 0.008, y / 0.008, z / 0.008, skin.seed + 4))
        )
        r, g, b = darkened(r, g, b, 0.14, 0.22, 0.26, aged)
    if nail > 0.01:
        r, g, b = (
            mix(r, 0.5 * r + 0.46, 0.5 * nail),
            mix(g, 0.5 * g + 0.38, 0.5 * nail),
            mix(b, 0.5 * b + 0.37, 0.5 * nail),
        )
    if z > FACE_BACK and y > BOTTOM:
        cheek = math.exp(-(((abs(x) - 0.040) / 0.017) ** 2) - ((y - 0.606) / 0.015) ** 2)
        r, g, b = darkened(r, g, b, 0.00, 0.14, 0.10, skin.blush * cheek)
    if beard > 0.01 and skin.stubble > 0:
        spacing = max(0.0011, 1.3 * pixel)
        hairs = 0.62 + 0.38 * noise3(x / spacing, y / spacing, z / spacing, skin.seed + 6)
        share = clamp(skin.stubble * beard * hairs * 0.72, 0.0, 0.8)
        r, g, b = dyed(r, g, b, skin.brows, share)
    if z > FACE_BACK and y > BOTTOM:
        r, g, b = face(skin, r, g, b, x, y, z, pixel)
    if scalp > 0.01 and skin.scalp > 0:
        size = max(0.0013, 1.2 * pixel)
        grain = noise3(x / size, y / (5 * size), z / size, skin.seed + 7)
        share = skin.scalp * step(0.25, 0.80, scalp + 0.22 * grain) * (0.92 + 0.08 * grain)
        r, g, b = dyed(r, g, b, skin.hair, share)
    return r, g, b


@outlined
def eyeball(skin, x, y, z, pixel):
    """(r, g, b) of an eye: white with veins towards the corners, iris with fibres and a dark rim, pupil."""
    dx, dy = abs(x) - EYE[0], y - EYE[1]
    radius = math.hypot(dx, dy)
    veins = step(0.25, 0.0, abs(noise2(dx / 0.0045, dy / 0.0016, skin.seed + 21))) * step(0.005, 0.012, abs(dx))
    r, g, b = 0.76, 0.73, 0.705
    r, g, b = darkened(r, g, b, 0.02, 0.12, 0.11, veins * step(0.0025, 0.0008, pixel))
    r, g, b = darkened(r, g, b, 0.04, 0.13, 0.13, step(0.007, 0.013, abs(dx)))
    # lids and lashes throw a shadow that no shadow map resolves
    shade = (
        1 - 0.42 * step(-0.0005, 0.0042, dy) - 0.10 * step(-0.0025, -0.005, dy) - 0.20 * step(0.007, 0.0125, abs(dx))
    )
    soft = max(0.5 * pixel, 0.0003)
    if z > EYE[2]:
        angle = math.atan2(dy, dx)
        fibres = noise2(9.0 * angle + 40.0, radius / 0.0022, skin.seed + 22)
        fibres += 0.6 * noise2(23.0 * angle + 90.0, radius / 0.0035, skin.seed + 23)
        t = radius / IRIS
        light = (0.95 + 0.22 * fibres) * mix(1.25, 0.92, step(0.35, 0.8, t)) * mix(1.0, 0.32, step(0.78, 1.0, t))
        inside = step(IRIS + soft, IRIS - soft, radius)
        warm = step(0.62, 0.38, t) * 0.25
        r = mix(r, (skin.eyes[0] * (1 + warm) + 0.05) * light, inside)
        g, b = (
            mix(g, (skin.eyes[1] + 0.035) * light, inside),
            mix(b, (skin.eyes[2] * (1 - warm) + 0.03) * light, inside),
        )
        black = step(PUPIL + soft, PUPIL - soft, radius)
        r, g, b = mix(r, 0.015, black), mix(g, 0.013, black), mix(b, 0.013, black)
    return r * shade, g * shade, b * shade


@outlined
def tooth(x, y, z):
    """Ivory, in the cheeks' shadow towards the back."""
    gap = step(0.0006, 0.0, abs(x / 0.0075 - math.floor(x / 0.0075) - 0.5) * 0.0075)
    lit = step(0.021, 0.010, abs(x))
    lit *= 1 - 0.17 * gap
    return mix(0.16, 0.86, lit), mix(0.06, 0.82, lit), mix(0.06, 0.74, lit)


@outlined
def mouth(skin, x, y, z):
    """Gums, palate, tongue: darker towards the throat."""
    depth = step(0.145, 0.085, z)
    wet = 1 + 0.08 * noise3(x / 0.003, y / 0.003, z / 0.003, skin.seed + 31)
    return mix(0.40, 0.12, depth) * wet, mix(0.17, 0.04, depth) * wet, mix(0.16, 0.04, depth) * wet
