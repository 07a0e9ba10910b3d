"""The colour of cloth, leather and hair at a place of the resting body, for kernels; sRGB in 0 … 1."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance.noise import clamp, mix, noise2, noise3, step
from avatarkit.appearance.patterns import LOGO, PLAIN, emblem, motif
from avatarkit.kernels import inlined, outlined

BINS = 24
"""Cross-sections of a panel along its axis."""
NONE, PLAIN_WEAVE, TWILL, KNIT, SLUB, NAP = range(6)
UPRIGHT, SLEEVE = range(2)
"""How a panel runs: up the body, or out along an arm."""


class Rows(NamedTuple):
    """What each piece's panels are made of, M rows; lengths in metres, colours sRGB."""

    kind: NDArray[np.int64]
    pattern: NDArray[np.int64]
    colours: NDArray[np.float64]
    """(M,4,3)"""
    tally: NDArray[np.int64]
    """colours of the pattern"""
    stitch: NDArray[np.float64]
    """(M,3)"""
    scale: NDArray[np.float64]
    turn: NDArray[np.float64]
    axis: NDArray[np.int64]
    sections: NDArray[np.float64]
    """(M,BINS,4) centre and half widths across the axis"""
    span: NDArray[np.float64]
    """(M,2) lowest place along the axis, and metres of a bin"""
    emblem: NDArray[np.float64]
    """(M,3) u, v and half width of a logo"""
    weave: NDArray[np.int64]
    cloth: NDArray[np.float64]
    """(M,5) mottle, melange, grain, thread, wear"""
    bumps: NDArray[np.float64]
    """(M,3,4) height and wavelengths of what is felt on the surface"""
    shine: NDArray[np.float64]
    """(M,4) roughness, gloss, fuzz, how much light passes below the surface"""
    seed: NDArray[np.int64]


@outlined
def unrolled(rows, m, x, y, z):
    """(u, v, angle, half width) of a place on panel m: cut open along the front, and mirrored at the sides."""
    along = abs(x) if rows.axis[m] == SLEEVE else y
    place = clamp((along - rows.span[m, 0]) / rows.span[m, 1], 0.0, BINS - 1.001)
    i = int(place)
    t = place - i
    sections = rows.sections[m]
    c, d = mix(sections[i, 0], sections[i + 1, 0], t), mix(sections[i, 1], sections[i + 1, 1], t)
    a, b = mix(sections[i, 2], sections[i + 1, 2], t), mix(sections[i, 3], sections[i + 1, 3], t)
    across, outward = (z, y) if rows.axis[m] == SLEEVE else (x, z)
    angle = math.atan2((across - c) / a, (outward - d) / b)
    half = 0.5 * (a + b)
    if abs(angle) > 0.5 * math.pi:
        return math.copysign(half * (math.pi - abs(angle)), angle), along, angle, half
    return half * angle, along, angle, half


@inlined
def line(distance, width, pixel):
    """How much of a pixel a line of `width` takes at `distance` from its middle, metres."""
    reach = 0.5 * (width + pixel)
    return min(width / pixel, 1.0) * clamp((reach - abs(distance)) / (0.5 * min(width, pixel) + 1e-6), 0.0, 1.0)


@outlined
def woven(weave, u, v, thread, pixel, seed):
    """How much darker or lighter threads make the cloth here, about -1 … 1."""
    if weave == KNIT:
        size = max(thread, 2.6 * pixel)
        s = u / size
        column = s - math.floor(s) - 0.5
        lean = v / (0.8 * size) + 0.55 * abs(column)
        row = lean - math.floor(lean) - 0.5
        return 1.6 * (0.25 - column * column) * 2 - 0.55 - 0.5 * abs(row)
    fade = step(2.0 * thread, 0.6 * thread, pixel)
    if fade <= 0:
        return 0.0
    if weave == TWILL:
        return fade * math.sin(2 * math.pi * (u + v) / (1.4 * thread))
    if weave == PLAIN_WEAVE:
        return fade * math.sin(2 * math.pi * u / thread) * math.sin(2 * math.pi * v / thread)
    if weave == SLUB:
        warp, weft = noise2(u / thread, v / (14 * thread), seed), noise2(u / (14 * thread), v / thread, seed + 1)
        return fade * 1.2 * (warp + weft)
    return fade * noise2(u / thread, v / thread, seed)


@outlined
def dyed_cloth(rows, m, u, v, angle, pixel):
    """The pattern's colour at (u, v)."""
    colours, kind = rows.colours[m], rows.pattern[m]
    r, g, b = colours[0, 0], colours[0, 1], colours[0, 2]
    if kind == PLAIN or rows.tally[m] < 2:
        return r, g, b
    if kind == LOGO:
        size = rows.emblem[m, 2]
        if abs(angle) > 1.4 or size <= 0:
            return r, g, b
        s, t = (u - rows.emblem[m, 0]) / size, (v - rows.emblem[m, 1]) / size
        if abs(s) > 1.1 or abs(t) > 1.1:
            return r, g, b
        first, second = emblem(s, t, pixel / size, rows.seed[m])
    else:
        first, second = motif(kind, u, v, rows.scale[m], rows.turn[m], rows.tally[m], pixel, rows.seed[m])
    last = 2 if rows.tally[m] > 2 else 1
    r, g, b = mix(r, colours[1, 0], first), mix(g, colours[1, 1], first), mix(b, colours[1, 2], first)
    return mix(r, colours[last, 0], second), mix(g, colours[last, 1], second), mix(b, colours[last, 2], second)


@outlined
def cloth(rows, m, x, y, z, rim, joint, pixel):
    """(r, g, b) of cloth or leather at (x, y, z) of the resting body, metres from a `rim` and from a sleeve's seam."""
    border = min(rim, abs(joint))
    u, v, angle, half = unrolled(rows, m, x, y, z)
    r, g, b = dyed_cloth(rows, m, u, v, angle, pixel)
    seed = rows.seed[m]
    mottle, melange, grain, thread, wear = (
        rows.cloth[m, 0], rows.cloth[m, 1], rows.cloth[m, 2], rows.cloth[m, 3], rows.cloth[m, 4]
    )  # fmt: skip
    large = noise3(x / 0.09, y / 0.13, z / 0.09, seed) + 0.5 * noise3(x / 0.030, y / 0.045, z / 0.030, seed + 1)
    light = 1 + mottle * large
    size = max(grain, 1.1 * pixel)
    light += melange * noise3(x / size, y / (1.5 * size), z / size, seed + 2) * math.sqrt(min(grain / size + 0.25, 1.0))
    if thread > 0:
        light += min(1.2 * melange + 0.03, 0.08) * woven(rows.weave[m], u, v, thread, pixel, seed + 3)
    # where panels meet: a groove in shadow, a swollen edge, and a line of stitches
    light -= 0.22 * line(border, 0.0016, pixel) - 0.035 * step(0.010, 0.002, border)
    seam = (
        half * abs(math.cos(angle))
        if rows.axis[m] == UPRIGHT
        else half * abs(math.sin(0.5 * (math.pi - abs(angle)))) * 2
    )
    light -= 0.10 * line(seam, 0.0014, pixel)
    r, g, b = r * light, g * light, b * light
    if wear > 0:
        bulge = max(math.cos(angle), 0.0) if rows.axis[m] == UPRIGHT else 0.3
        rubbed = step(0.0045 + pixel, 0.0, border) + 0.7 * step(0.15, 1.1, bulge + 0.8 * large - 0.35)
        rubbed = clamp(wear * rubbed * (0.75 + 0.25 * noise3(x / 0.004, y / 0.004, z / 0.004, seed + 4)), 0.0, 0.6)
        r, g, b = mix(r, 0.72 + 0.25 * r, rubbed), mix(g, 0.74 + 0.23 * g, rubbed), mix(b, 0.78 + 0.2 * b, rubbed)
    dash = 0.55 + 0.45 * step(-0.3, 0.3, math.sin(2 * math.pi * (u + v) / 0.0045)) if pixel < 0.0012 else 0.8
    stitches = line(min(rim, joint if joint > 0 else 1.0) - 0.0075, 0.0009, pixel) * dash
    if wear > 0.2:
        stitches = max(stitches, max(line(border - 0.0125, 0.0009, pixel), line(seam - 0.0045, 0.0009, pixel)) * dash)
    stitch = rows.stitch[m]
    return mix(r, stitch[0], stitches), mix(g, stitch[1], stitches), mix(b, stitch[2], stitches)


@outlined
def strands(rows, m, x, y, z, along, across, known, pixel):
    """(r, g, b) of hair: streaks along the strands, locks lighter and darker, dark roots, bleached tips."""
    seed, curly = rows.seed[m], rows.cloth[m, 4]
    width = max(0.0011, 0.85 * pixel)
    if known > 0.5 and curly < 0.5:
        streak = noise2(across / width, 2.5 * along, seed) + 0.6 * noise2(across / 0.006, 1.5 * along, seed + 1)
        lock, tip = noise2(across / 0.022, 0.8 * along, seed + 2), along
    else:
        stretch = mix(24.0, 1.6, curly)
        streak = noise3(x / width, y / (stretch * width), z / width, seed)
        streak += 0.6 * noise3(x / 0.006, y / (stretch * 0.006), z / 0.006, seed + 1)
        lock, tip = noise3(x / 0.022, y / (0.004 * stretch + 0.02), z / 0.022, seed + 2), 0.5
    if curly > 0.5:
        size = max(0.0055, 2 * pixel)
        # askew, so that the lattice of the noise does not show
        a, b, c = (x + 0.6 * y) / size, (y - 0.5 * z) / size, (z + 0.4 * x) / size
        streak, tip = 0.8 * noise3(a, b, c, seed + 3), along if known > 0.5 else 0.5
    light = 1 + 0.16 * streak + 0.13 * lock + 0.20 * (step(0.0, 1.0, tip) - 0.5)
    r, g, b = rows.colours[m, 0, 0] * light, rows.colours[m, 0, 1] * light, rows.colours[m, 0, 2] * light
    warm = 0.06 * clamp(streak, 0.0, 1.0) * step(0.05, 0.3, rows.colours[m, 0, 0])
    return r * (1 + warm), g, b * (1 - warm)
