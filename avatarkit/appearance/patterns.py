"""What is woven into cloth or printed on it: how much of each colour there is at a place (u, v) of the cloth, metres.

u runs around the body, leg or sleeve from its front or top, v up the body and legs or along the sleeve. Edges are as
soft as a pixel is wide, so that patterns neither alias nor flicker: too fine to be seen, they become their mean.
"""

import math

from avatarkit.appearance.noise import clamp, mix, noise2, step, uniform
from avatarkit.kernels import inlined, outlined
from avatarkit.outfit import PATTERNS

PLAIN, STRIPES, CHECKS, DOTS, FLORAL, PRINT, LOGO, CAMOUFLAGE = range(len(PATTERNS))
TAU = 2 * math.pi


@inlined
def band(t, width, pixel):
    """How much of a pixel lies in bands of `width` (share of a period) around whole `t`; `pixel` in periods."""
    distance = abs(t - math.floor(t + 0.5))
    inside = clamp((0.5 * width - distance) / max(pixel, 1e-6) + 0.5, 0.0, 1.0)
    return mix(inside, width, step(0.5, 1.0, pixel))


@inlined
def stripes(u, v, pixel, colours):
    first = band(v, 0.5, pixel)
    return first, band(v + 0.37, 0.08, pixel) if colours > 2 else 0.0


@inlined
def checks(u, v, pixel, colours):
    across, along = band(u, 0.5, pixel), band(v, 0.5, pixel)
    line = max(band(u + 0.25, 0.05, pixel), band(v + 0.25, 0.05, pixel)) if colours > 2 else 0.0
    return 0.5 * (across + along), line


@inlined
def dots(u, v, pixel, colours, seed):
    row = math.floor(v)
    u += 0.5 * (int(row) & 1)
    column = math.floor(u)
    radius = math.hypot(u - column - 0.5, v - row - 0.5)
    inside = clamp((0.27 - radius) / max(pixel, 1e-6) + 0.5, 0.0, 1.0)
    inside = mix(inside, 0.23, step(0.5, 1.0, pixel))
    second = colours > 2 and uniform(int(column), int(row), 3, seed) < 0.4
    return (0.0, inside) if second else (inside, 0.0)


@outlined
def flowers(u, v, pixel, seed):
    """Flowers of five petals with an eye, of two sizes, and leaves between: (petals, eyes and leaves)."""
    petals, others = 0.0, 0.0
    for layer in range(2):
        size = 1.0 if layer == 0 else 0.55
        x, y = u / size + 17.3 * layer, v / size + 7.7 * layer
        row = math.floor(y)
        x += 0.5 * (row & 1)
        column = math.floor(x)
        dx = x - column - 0.5 - 0.24 * (uniform(column, row, 1, seed + layer) - 0.5)
        dy = y - row - 0.5 - 0.24 * (uniform(column, row, 2, seed + layer) - 0.5)
        radius, angle = math.hypot(dx, dy), math.atan2(dy, dx) + TAU * uniform(column, row, 3, seed + layer)
        reach = 0.34 * (0.75 + 0.25 * uniform(column, row, 4, seed + layer))
        soft = max(pixel / size, 0.02)
        if uniform(column, row, 5, seed + layer) < 0.72:
            edge = reach * (0.72 + 0.28 * abs(math.cos(2.5 * angle)))
            here = clamp((edge - radius) / soft + 0.5, 0.0, 1.0)
            eye = clamp((0.28 * reach - radius) / soft + 0.5, 0.0, 1.0)
            petals, others = mix(petals, 1.0, here) * (1 - eye), mix(others, 0.0, here) + eye * (1 - others)
        else:
            edge = reach * max(math.cos(angle), 0.0) ** 1.5 * abs(math.sin(2 * angle)) * 1.6
            leaf = clamp((edge - radius) / soft + 0.5, 0.0, 1.0)
            others, petals = mix(others, 0.85, leaf), petals * (1 - leaf)
    fade = step(0.4, 1.0, pixel)
    return mix(petals, 0.3, fade), mix(others, 0.1, fade)


@outlined
def brushwork(u, v, pixel, seed):
    """Large bent shapes with an outline beside them."""
    x = u + 0.6 * noise2(0.9 * u + 3.1, 0.9 * v, seed + 1)
    y = v + 0.6 * noise2(0.9 * u, 0.9 * v + 5.7, seed + 2)
    level = noise2(1.3 * x, 2.2 * y, seed)
    soft = max(2.5 * pixel, 0.02)
    return step(-soft, soft, level - 0.12), step(0.09 + soft, 0.09, abs(level + 0.22))


@outlined
def camouflage(u, v, pixel, seed):
    """Three layers of blots, as (second, third colour); the fourth is the second's darkest (over 1)."""
    soft = max(2 * pixel, 0.03)
    first = noise2(1.1 * u, 1.6 * v, seed) + 0.45 * noise2(2.7 * u, 3.7 * v, seed + 1)
    second = noise2(1.1 * u + 9.2, 1.6 * v, seed + 2) + 0.45 * noise2(2.7 * u, 3.7 * v + 4.1, seed + 3)
    return step(-soft, soft, first - 0.1), step(-soft, soft, second - 0.25)


@outlined
def emblem(u, v, pixel, seed):
    """One sign around (0, 0), two units wide: a roundel, a mirrored bitmap, or a line of letters."""
    kind = int(3 * uniform(0, 0, 0, seed))
    soft = max(pixel, 1e-3)
    if kind == 0:
        radius = math.hypot(u, v)
        ring = clamp((0.12 - abs(radius - 0.78)) / soft + 0.5, 0.0, 1.0)
        bar = clamp((0.14 - abs(v)) / soft + 0.5, 0.0, 1.0) * clamp((0.98 - abs(u)) / soft + 0.5, 0.0, 1.0)
        return ring * (1 - bar), bar
    if kind == 1:
        column, row = math.floor(abs(u) * 3.5 + 0.5), math.floor(v * 3.5 + 0.5)
        inside = column <= 3 and abs(row) <= 3 and uniform(column, row, 1, seed) < 0.52
        return 1.0 if inside else 0.0, 0.0
    letter = math.floor((u + 1) * 3.5)
    x, y = (u + 1) * 3.5 - letter, v / 0.42
    if not (0 <= letter < 7 and abs(y) < 1 and 0.12 < x < 0.88):
        return 0.0, clamp((0.05 - abs(v + 0.62)) / soft + 0.5, 0.0, 1.0) * (1.0 if abs(u) < 0.98 else 0.0)
    stroke = 0.0
    for bar in range(3):
        across = uniform(int(letter), bar, 2, seed)
        if bar == 0 or across < 0.4:
            at = 0.22 if bar == 0 else (0.5 if bar == 1 else 0.78)
            stroke = max(stroke, clamp((0.1 - abs(x - at)) / (3.5 * soft) + 0.5, 0.0, 1.0))
        else:
            at = 0.84 if bar == 1 else (-0.84 if across > 0.7 else 0.0)
            stroke = max(stroke, clamp((0.17 - abs(y - at)) / (2.4 * soft) + 0.5, 0.0, 1.0))
    return stroke, 0.0


@outlined
def motif(kind, u, v, scale, turn, colours, pixel, seed):
    """(first, second): the shares of the pattern's second and third colour at (u, v) of the cloth; the rest is ground.

    The third lies over the second. `pixel` is the width of a pixel, in metres like u, v and the repeat `scale`.
    """
    c, s = math.cos(turn), math.sin(turn)
    x, y, pixel = (c * u + s * v) / scale, (c * v - s * u) / scale, pixel / scale
    if kind == STRIPES:
        return stripes(x, y, pixel, colours)
    if kind == CHECKS:
        return checks(x, y, pixel, colours)
    if kind == DOTS:
        return dots(x, y, pixel, colours, seed)
    if kind == FLORAL:
        return flowers(x, y, pixel, seed)
    if kind == PRINT:
        return brushwork(1.4 * x, 1.4 * y, 1.4 * pixel, seed)
    if kind == CAMOUFLAGE:
        return camouflage(x, y, pixel, seed)
    return 0.0, 0.0
