"""Kernels of the way back: from the gradient of an image to vertices and attributes.

Each entry (a face in a band) that is seen has its own row of sums, so no two tasks write to one place; silhouettes
have rows of their own. `collect` adds the rows of a view in their order, `gather` adds the views.

    sums (entries, 9 + 3 C) float32   for each corner (x', y', w) in homogeneous pixels, then its C attributes

While a band is under way the first nine are moments: with a0, a1, a2 the areas of `weigh`, h = d loss / d a at each
pixel and (x, y) its centre from the face's origin, they are the sums of h, h x and h y. The areas are linear in
(x, y), their coefficients products of two corners: from moments to corners is a step a face, not one a pixel.
"""

import numpy as np

from avatarkit.kernels import compiled, inlined, outlined
from avatarkit.render.engine import BANDS
from avatarkit.render.painting import HALF, ONE, ZERO, colour_at, corners_of, weigh
from avatarkit.render.projection import part_of
from avatarkit.render.silhouettes import pull
from avatarkit.render.view import at, rows_of, view_of


@inlined
def add_pixel(view, y, x, g, pixel_of_g, scale, sums, seen, channels):
    """Add what `scale` times the gradient g (pixels of C) means for the face seen at a pixel's centre."""
    C = len(channels)
    entry = view.ids[at(y * view.width + x)]
    row = (entry - 1) * (9 + 3 * C)
    if seen[at(entry - 1)] == 0:
        seen[at(entry - 1)] = 1
        for n in range(9 + 3 * C):
            sums[at(row + n)] = ZERO
    (i, j, k), corners, clipped = corners_of(view, entry)
    b0, b1, b2, per_total = weigh(corners, clipped, x, y)
    h0, h1, h2 = ZERO, ZERO, ZERO
    for c in range(C):
        gc = scale * g[at(pixel_of_g * C + c)]
        h0 += gc * view.attributes[at(i * C + c)]
        h1 += gc * view.attributes[at(j * C + c)]
        h2 += gc * view.attributes[at(k * C + c)]
        sums[at(row + 9 + c)] += gc * b0
        sums[at(row + 9 + C + c)] += gc * b1
        sums[at(row + 9 + 2 * C + c)] += gc * b2
    mean = h0 * b0 + h1 * b1 + h2 * b2
    px = np.float32(x) + HALF - view.points[at(4 * i)]
    py = np.float32(y) + HALF - view.points[at(4 * i + 1)]
    h0, h1, h2 = (h0 - mean) * per_total, (h1 - mean) * per_total, (h2 - mean) * per_total
    sums[at(row)] += h0
    sums[at(row + 1)] += h0 * px
    sums[at(row + 2)] += h0 * py
    sums[at(row + 3)] += h1
    sums[at(row + 4)] += h1 * px
    sums[at(row + 5)] += h1 * py
    sums[at(row + 6)] += h2
    sums[at(row + 7)] += h2 * px
    sums[at(row + 8)] += h2 * py


@inlined
def corner_gradient(before, after, x1, y1, w1, x2, y2, w2, origin_x, origin_y):
    """The gradient (x', y', w) of corner 0 from the moments of the areas a_before = 2 0 and a_after = 0 1.

    a_after = p0 q1 - q0 p1 with p = x - px w, q = y - py w: d / d p0 = q1, d / d q0 = -p1; and the other way round.
    """
    gx = after[0] * y1 - after[2] * w1 - before[0] * y2 + before[2] * w2
    gy = after[1] * w1 - after[0] * x1 + before[0] * x2 - before[1] * w2
    gw = after[2] * x1 - after[1] * y1 - before[2] * x2 + before[1] * y2
    return gx, gy, gw - origin_x * gx - origin_y * gy


@outlined
def unfold_moments(view, entry, row, sums):
    """Turn the nine moments of an entry into the gradients of its corners."""
    (i, _, _), (x0, y0, w0, x1, y1, w1, x2, y2, w2), clipped = corners_of(view, entry)
    ox, oy = view.points[at(4 * i)], view.points[at(4 * i + 1)]
    if clipped:
        x0, y0, x1, y1, x2, y2 = x0 - ox * w0, y0 - oy * w0, x1 - ox * w1, y1 - oy * w1, x2 - ox * w2, y2 - oy * w2
    else:
        x0, y0, x1, y1 = (x0 - ox) * w0, (y0 - oy) * w0, (x1 - ox) * w1, (y1 - oy) * w1
        x2, y2 = (x2 - ox) * w2, (y2 - oy) * w2
    m0 = sums[at(row)], sums[at(row + 1)], sums[at(row + 2)]
    m1 = sums[at(row + 3)], sums[at(row + 4)], sums[at(row + 5)]
    m2 = sums[at(row + 6)], sums[at(row + 7)], sums[at(row + 8)]
    sums[at(row)], sums[at(row + 1)], sums[at(row + 2)] = corner_gradient(m1, m2, x1, y1, w1, x2, y2, w2, ox, oy)
    sums[at(row + 3)], sums[at(row + 4)], sums[at(row + 5)] = corner_gradient(m2, m0, x2, y2, w2, x0, y0, w0, ox, oy)
    sums[at(row + 6)], sums[at(row + 7)], sums[at(row + 8)] = corner_gradient(m0, m1, x0, y0, w0, x1, y1, w1, ox, oy)


@inlined
def add_inside(view, top, bottom, g, sums, seen, channels):
    """Add what the centres of all pixels of a band see."""
    for y in range(top, bottom):
        for x in range(view.width):
            if view.ids[at(y * view.width + x)] > 0:
                add_pixel(view, y, x, g, y * view.width + x, ONE, sums, seen, channels)


@inlined
def add_silhouettes(view, top, bottom, layer, g, g_covered, sums, seen, channels, count, places, shares, pulls, room):
    """Add what antialiasing mixed, and fill `pulls` (R,2,3) on the silhouettes' two vertices."""
    C = len(channels)
    here, there = room[0], room[1]
    begin, end = top * view.width, bottom * view.width
    for item in range(count):
        if places[item, 5] != layer:
            continue
        into, other, axis = places[item, 0], places[item, 1], places[item, 4]
        for mixed in range(2):
            pixel = into if mixed else other
            scale = -shares[item, 0] if mixed else shares[item, 0]
            if begin <= pixel < end and view.ids[pixel] > 0:
                add_pixel(view, pixel // view.width, pixel % view.width, g, into, scale, sums, seen, channels)
        slope = 0.0
        if begin <= into < end:
            colour_at(view, into // view.width, into % view.width, here)
            colour_at(view, other // view.width, other % view.width, there)
            slope = g_covered[into] * (there[C] - here[C])
            for c in range(C):
                slope += g[into * C + c] * (there[c] - here[c])
        line = into % view.width if axis else into // view.width
        pull(view, places[item, 2], places[item, 3], axis, line + 0.5, slope * shares[item, 1], pulls[item])


@compiled
def backward(first, stride, tasks, scene, g_image, g_coverage, sums, seen, channels, colours, found, pulls):
    """Fill the rows of what each band sees, `sums` where `seen` is 1, and the `pulls` (tasks,R,2,3) of silhouettes."""
    counts, places, shares = found
    for task in range(first, tasks, stride):
        n, (top, bottom) = task // BANDS, rows_of(scene.ids.shape[2], task % BANDS)
        begin, end = scene.starts[task], scene.starts[task + 1]
        seen[begin:end] = 0
        for layer in range(scene.ids.shape[1]):
            view = view_of(scene, n, layer)
            g, g_covered = g_image[n, layer].reshape(-1), g_coverage[n, layer].reshape(-1)
            add_inside(view, top, bottom, g, sums, seen, channels)
            add_silhouettes(
                view, top, bottom, layer, g, g_covered, sums, seen, channels,
                counts[task], places[task], shares[task], pulls[task], colours[first],
            )  # fmt: skip
        view = view_of(scene, n, 0)
        for entry in range(begin, end):
            if seen[at(entry)]:
                unfold_moments(view, entry + 1, entry * (9 + 3 * len(channels)), sums)


@compiled
def collect(first, stride, tasks, faces, starts, entries, sums, seen, counts, places, pulls, totals):
    """`totals` (N,V,3+C): the sums of a view at its vertices, in the order of bands, entries, silhouettes."""
    C = totals.shape[2] - 3
    for view in range(first, tasks, stride):
        totals[view] = 0.0
        for entry in range(starts[view * BANDS], starts[(view + 1) * BANDS]):
            if seen[entry]:
                f = entries[entry]
                for corner in range(3):
                    vertex = faces[f, corner]
                    for k in range(3):
                        totals[view, vertex, k] += sums[entry, 3 * corner + k]
                    for c in range(C):
                        totals[view, vertex, 3 + c] += sums[entry, 9 + corner * C + c]
        for task in range(view * BANDS, (view + 1) * BANDS):
            for item in range(counts[task]):
                for end in range(2):
                    for k in range(3):
                        totals[view, places[task, item, 2 + end], k] += pulls[task, item, end, k]


@compiled
def gather(first, stride, tasks, totals, matrices, g_vertices, g_attributes):
    """World gradients (V,3) and (V,C): the views' totals through their `matrices`, added in order."""
    N, V, C = totals.shape[0], totals.shape[1], totals.shape[2] - 3
    for task in range(first, tasks, stride):
        begin, end = part_of(V, task)
        for v in range(begin, end):
            x, y, z = 0.0, 0.0, 0.0
            for c in range(C):
                g_attributes[v, c] = 0.0
            for n in range(N):
                gx, gy, gw = totals[n, v, 0], totals[n, v, 1], totals[n, v, 2]
                x += matrices[n, 0, 0] * gx + matrices[n, 1, 0] * gy + matrices[n, 3, 0] * gw
                y += matrices[n, 0, 1] * gx + matrices[n, 1, 1] * gy + matrices[n, 3, 1] * gw
                z += matrices[n, 0, 2] * gx + matrices[n, 1, 2] * gy + matrices[n, 3, 2] * gw
                for c in range(C):
                    g_attributes[v, c] += totals[n, v, 3 + c]
            g_vertices[v, 0], g_vertices[v, 1], g_vertices[v, 2] = x, y, z
