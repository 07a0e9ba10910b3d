"""Kernels that make an image of a frame: interpolation, antialiasing, and the L1 distance to targets."""

import numpy as np

from avatarkit.kernels import compiled, inlined
from avatarkit.render.engine import BANDS
from avatarkit.render.projection import CLIPPED
from avatarkit.render.silhouettes import search_band
from avatarkit.render.view import at, rows_of, view_of


@inlined
def corners_of(view, entry):
    """(i, j, k) vertices of the face, and x0, y0, w0 … x2, y2, w2: homogeneous pixels, or pixels and their w.

    The last is whether they are homogeneous.
    """
    f = view.entries[at(entry - 1)]
    i, j, k = view.faces[at(3 * f)], view.faces[at(3 * f + 1)], view.faces[at(3 * f + 2)]
    clipped = view.facing[at(f)] == CLIPPED
    p = view.clips if clipped else view.points
    return (
        (i, j, k),
        (
            p[at(4 * i)], p[at(4 * i + 1)], p[at(4 * i + 3)],
            p[at(4 * j)], p[at(4 * j + 1)], p[at(4 * j + 3)],
            p[at(4 * k)], p[at(4 * k + 1)], p[at(4 * k + 3)],
        ),
        clipped,
    )  # fmt: skip


HALF, ZERO, ONE, SLACK, TINY = np.float32(0.5), np.float32(0), np.float32(1), np.float32(-0.1), np.float32(1e-30)


@inlined
def weigh(corners, clipped, column, row):
    """Perspective-correct weights of a face's corners in a pixel's centre, and what their gradient needs.

    With p = x' - x w, q = y' - y w of each corner: a0 = p1 q2 - q1 p2 …, weights a / (a0 + a1 + a2).
    Returns weights and 1 / sum. Outside by more than a tenth they are clamped and 1 / sum is 0: no gradient.
    """
    x0, y0, w0, x1, y1, w1, x2, y2, w2 = corners
    x, y = np.float32(column) + HALF, np.float32(row) + HALF
    if clipped:
        p0, q0, p1, q1, p2, q2 = x0 - x * w0, y0 - y * w0, x1 - x * w1, y1 - y * w1, x2 - x * w2, y2 - y * w2
    else:
        p0, q0, p1 = (x0 - x) * w0, (y0 - y) * w0, (x1 - x) * w1
        q1, p2, q2 = (y1 - y) * w1, (x2 - x) * w2, (y2 - y) * w2
    a0, a1 = p1 * q2 - q1 * p2, p2 * q0 - q2 * p0
    total = a0 + a1 + (p0 * q1 - q0 * p1)
    per_total = ONE / total if abs(total) > TINY else ZERO
    b0, b1 = a0 * per_total, a1 * per_total
    b2 = ONE - b0 - b1
    if min(b0, b1, b2) < SLACK or per_total == ZERO:
        b0, b1, b2 = max(b0, ZERO), max(b1, ZERO), max(b2, ZERO)
        total = b0 + b1 + b2
        b0, b1, b2, per_total = b0 / total, b1 / total, b2 / total, ZERO
    return b0, b1, b2, per_total


@inlined
def colour_at(view, y, x, out):
    """The colour (C) and the coverage (last) of a pixel's centre, into `out` (C + 1)."""
    C = len(out) - 1
    entry = view.ids[at(y * view.width + x)]
    if entry == 0:
        for c in range(C):
            out[c] = view.background[c]
        out[C] = 0.0
        return
    (i, j, k), corners, clipped = corners_of(view, entry)
    found = weigh(corners, clipped, x, y)
    for c in range(C):
        out[c] = (
            found[0] * view.attributes[at(i * C + c)]
            + found[1] * view.attributes[at(j * C + c)]
            + found[2] * view.attributes[at(k * C + c)]
        )
    out[C] = 1.0


@compiled
def write_raster(first, stride, tasks, scene, signs, rast):
    """`rast` (N,L,H,W,4) as `operators.rasterize` gives it: u, v, z / w, 1 + face at the pixels' centres."""
    for task in range(first, tasks, stride):
        n, (top, bottom) = task // BANDS, rows_of(scene.ids.shape[2], task % BANDS)
        rast[n, :, top:bottom] = 0.0
        for layer in range(scene.ids.shape[1]):
            view, out = view_of(scene, n, layer), rast[n, layer].reshape(-1)
            for y in range(top, bottom):
                for x in range(view.width):
                    pixel = y * view.width + x
                    entry = view.ids[at(pixel)]
                    if entry > 0:
                        _, corners, clipped = corners_of(view, entry)
                        u, v, _, _ = weigh(corners, clipped, x, y)
                        out[at(4 * pixel)], out[at(4 * pixel + 1)] = u, v
                        out[at(4 * pixel + 2)] = signs[layer] * view.keys[at(pixel)]
                        out[at(4 * pixel + 3)] = view.entries[at(entry - 1)] + 1


@inlined
def paint_centres(view, top, bottom, pixels, covered, channels):
    """Fill a band of `pixels` (H W C) and `covered` (H W) with what is at the pixels' centres."""
    C = len(channels)
    for y in range(top, bottom):
        begin = y * view.width * C
        for n in range(view.width * C):
            pixels[at(begin + n)] = view.background[at(n)]
        for x in range(view.width):
            covered[at(y * view.width + x)] = ZERO
        for x in range(view.width):
            pixel = y * view.width + x
            entry = view.ids[at(pixel)]
            if entry > 0:
                (i, j, k), corners, clipped = corners_of(view, entry)
                b0, b1, b2, _ = weigh(corners, clipped, x, y)
                covered[at(pixel)] = ONE
                for c in range(C):
                    a0, a1 = view.attributes[at(i * C + c)], view.attributes[at(j * C + c)]
                    pixels[at(pixel * C + c)] = b0 * a0 + b1 * a1 + b2 * view.attributes[at(k * C + c)]


@inlined
def smooth(view, top, bottom, layer, pixels, covered, count, places, shares, room):
    """Antialias what `paint_centres` made, by the silhouettes of the band."""
    C = room.shape[1] - 1
    here, there = room[0], room[1]
    for item in range(min(count, len(places))):
        into, other, alpha = places[item, 0], places[item, 1], shares[item, 0]
        if places[item, 5] != layer or into < top * view.width or into >= bottom * view.width:
            continue
        colour_at(view, into // view.width, into % view.width, here)
        colour_at(view, other // view.width, other % view.width, there)
        for c in range(C):
            pixels[into * C + c] += alpha * (there[c] - here[c])
        covered[into] += alpha * (there[C] - here[C])


@inlined
def paint_band(scene, task, image, coverage, channels, room, counts, places, shares):
    """Look for the silhouettes of a band, and paint it."""
    n, (top, bottom) = task // BANDS, rows_of(scene.ids.shape[2], task % BANDS)
    search_band(scene, task, counts, places, shares)
    for layer in range(scene.ids.shape[1]):
        view = view_of(scene, n, layer)
        pixels, covered = image[n, layer].reshape(-1), coverage[n, layer].reshape(-1)
        paint_centres(view, top, bottom, pixels, covered, channels)
        smooth(view, top, bottom, layer, pixels, covered, counts[task], places[task], shares[task], room)


@compiled
def paint(first, stride, tasks, scene, image, coverage, channels, rooms, found):
    """Antialiased `image` (N,L,H,W,C) and `coverage` (N,L,H,W), and the silhouettes `found` on the way."""
    for task in range(first, tasks, stride):
        paint_band(scene, task, image, coverage, channels, rooms[first], *found)


LANES = 16
"""Sums are added in this many lanes, which fit vector registers: float additions may not be reordered otherwise."""


@inlined
def compare_values(values, wanted, begin, end, strength, lanes):
    """Add the L1 distance of values[begin:end] to `lanes`; the values become its slope, `strength` times the sign."""
    whole = begin + (end - begin) // LANES * LANES
    for start in range(begin, whole, LANES):
        for k in range(LANES):
            e = values[at(start + k)] - wanted[at(start + k)]
            lanes[at(k)] += abs(e)
            values[at(start + k)] = strength * (np.float32(e > 0) - np.float32(e < 0))
    for i in range(whole, end):
        e = values[i] - wanted[i]
        lanes[i - whole] += abs(e)
        values[i] = strength * (np.float32(e > 0) - np.float32(e < 0))


@inlined
def compare_weighted(values, wanted, begin, end, strength, weight, C, lanes):
    """The same with a weight a pixel of C values."""
    for pixel in range(begin, end):
        w = weight[at(pixel)]
        for i in range(pixel * C, pixel * C + C):
            e = values[at(i)] - wanted[at(i)]
            lanes[at(i % LANES)] += w * abs(e)
            values[at(i)] = strength * w * (np.float32(e > 0) - np.float32(e < 0))


@inlined
def compare_band(task, image, coverage, targets, masks, weights, strengths, lanes, sums):
    """Into `sums` the weighted L1 distance of a band; `image` and `coverage` become its gradient to them."""
    n, W, C = task // BANDS, image.shape[3], image.shape[4]
    top, bottom = rows_of(image.shape[2], task % BANDS)
    sums[task] = 0.0
    for layer in range(image.shape[1]):
        pixels, wanted = image[n, layer].reshape(-1), targets[n, layer].reshape(-1)
        covered, mask = coverage[n, layer].reshape(-1), masks[n, layer].reshape(-1)
        for y in range(top, bottom):
            begin, end = y * W, (y + 1) * W
            for part in range(2):
                lanes[:] = 0.0
                if weights.size and part == 0:
                    weight = weights[n, layer].reshape(-1)
                    compare_weighted(pixels, wanted, begin, end, strengths[0], weight, C, lanes)
                elif weights.size:
                    weight = weights[n, layer].reshape(-1)
                    compare_weighted(covered, mask, begin, end, strengths[1], weight, 1, lanes)
                elif part == 0:
                    compare_values(pixels, wanted, begin * C, end * C, strengths[0], lanes)
                else:
                    compare_values(covered, mask, begin, end, strengths[1], lanes)
                for k in range(LANES):
                    sums[task] += np.float64(strengths[part]) * lanes[k]


@compiled
def paint_and_compare(first, stride, tasks, scene, image, coverage, channels, rooms, wanted, all_lanes, sums, found):
    """`paint` and, while a band is at hand, its distance from `wanted`: targets, masks, weights, strengths."""
    for task in range(first, tasks, stride):
        paint_band(scene, task, image, coverage, channels, rooms[first], *found)
        compare_band(task, image, coverage, *wanted, all_lanes[first], sums)
