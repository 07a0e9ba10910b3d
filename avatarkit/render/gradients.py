"""Kernels of the way back: from the gradient of an image to vertices and attributes.

Each entry (a face in a band) that is seen has its own row of sums, so no two tasks write to one place; silhouettes
have rows of their own. `collect` adds the rows of a view in their order, `gather` adds the views.

    sums (entries, 9 + 3 C) float32   for each corner (x', y', w) in homogeneous pixels, then its C attributes
"""

import numpy as np

from avatarkit.kernels import compiled, inlined
from avatarkit.render.engine import BANDS
from avatarkit.render.painting import HALF, ZERO, colour_at, corners_of, weigh
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
    b0, b1, b2, per_total, p0, q0, p1, q1, p2, q2 = weigh(corners, clipped, x, y)
    h0, h1, h2 = ZERO, ZERO, ZERO
    for c in range(C):
        gc = np.float32(scale) * g[at(pixel_of_g * C + c)]
        h0 += gc * view.attributes[at(i * C + c)]
        h1 += gc * view.attributes[at(j * C + c)]
        h2 += gc * view.attributes[at(k * C + c)]
        sums[at(row + 9 + c)] += gc * b0
        sums[at(row + 9 + C + c)] += gc * b1
        sums[at(row + 9 + 2 * C + c)] += gc * b2
    mean = h0 * b0 + h1 * b1 + h2 * b2
    h0, h1, h2 = (h0 - mean) * per_total, (h1 - mean) * per_total, (h2 - mean) * per_total
    gp0, gq0 = q1 * h2 - q2 * h1, p2 * h1 - p1 * h2
    gp1, gq1 = q2 * h0 - q0 * h2, p0 * h2 - p2 * h0
    gp2, gq2 = q0 * h1 - q1 * h0, p1 * h0 - p0 * h1
    px, py = np.float32(x) + HALF, np.float32(y) + HALF
    sums[at(row)] += gp0
    sums[at(row + 1)] += gq0
    sums[at(row + 2)] -= px * gp0 + py * gq0
    sums[at(row + 3)] += gp1
    sums[at(row + 4)] += gq1
    sums[at(row + 5)] -= px * gp1 + py * gq1
    sums[at(row + 6)] += gp2
    sums[at(row + 7)] += gq2
    sums[at(row + 8)] -= px * gp2 + py * gq2


@compiled
def backward_inside(first, stride, tasks, scene, g_image, sums, seen, channels):
    """Fill the rows of what each band sees: `sums` where `seen` is 1."""
    for task in range(first, tasks, stride):
        top, bottom = rows_of(scene.ids.shape[2], task % BANDS)
        seen[scene.starts[task] : scene.starts[task + 1]] = 0
        for layer in range(scene.ids.shape[1]):
            view = view_of(scene, task // BANDS, layer)
            g = g_image[task // BANDS, layer].reshape(-1)
            for y in range(top, bottom):
                for x in range(view.width):
                    if view.ids[at(y * view.width + x)] > 0:
                        add_pixel(view, y, x, g, y * view.width + x, 1.0, sums, seen, channels)


@compiled
def backward_silhouettes(
    first, stride, tasks, scene, g_image, g_coverage, sums, seen, channels, colours, counts, places, shares, pulls
):
    """Add to the rows what antialiasing mixed, and fill `pulls` (tasks,R,2,3) on the silhouettes' two vertices."""
    C = len(channels)
    for task in range(first, tasks, stride):
        here, there = colours[first, 0], colours[first, 1]
        top, bottom = rows_of(scene.ids.shape[2], task % BANDS)
        for layer in range(scene.ids.shape[1]):
            view = view_of(scene, task // BANDS, layer)
            begin, end = top * view.width, bottom * view.width
            g, g_covered = g_image[task // BANDS, layer].reshape(-1), g_coverage[task // BANDS, layer].reshape(-1)
            for item in range(counts[task]):
                if places[task, item, 5] != layer:
                    continue
                into, other, axis = places[task, item, 0], places[task, item, 1], places[task, item, 4]
                for mixed in range(2):
                    pixel = into if mixed else other
                    scale = -shares[task, item, 0] if mixed else shares[task, item, 0]
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
                a, b, direction = places[task, item, 2], places[task, item, 3], shares[task, item, 1]
                pull(view, a, b, axis, line + 0.5, slope * direction, pulls, task, item)


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
