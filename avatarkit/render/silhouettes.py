"""Antialiasing: where a silhouette edge passes between two pixels' centres (Laine et al. 2020, section 3.5).

            front    edge    back              d = crossing's distance from the front pixel's centre, 0 … 1
        +----------+--\\-------+----------+    d > 1/2: the front surface covers d - 1/2 of the back pixel
        |     o . .|. .\\. . . o          |    d < 1/2: the back shows through 1/2 - d of the front pixel
        +----------+-----\\----+----------+    steep edges part horizontal pairs, flat ones vertical pairs

The paper looks at the edges of the face seen in front. At two pixels a face, mostly another, unseen one owns the
silhouette: here the segment between the centres is followed over the faces' adjacency until it leaves the surface.
"""

import numpy as np

from avatarkit.kernels import compiled, inlined, outlined
from avatarkit.render.engine import BANDS
from avatarkit.render.projection import CLIPPED
from avatarkit.render.view import at, rows_of, view_of
from avatarkit.render.visibility import DOWNWARDS, RIGHTWARDS

STEPS = 48
"""Faces that are crossed within a pixel before the search gives up."""


@inlined
def leaving_edge(view, f, came, axis, centre, across, direction):
    """(d, edge) where the line through the pixels' centres leaves face f; edge -1 where it does not."""
    best, leaving = -1e30, -1
    for k in range(3):
        p, q = 4 * view.faces[at(3 * f + k)], 4 * view.faces[at(3 * f + (k + 1) % 3)]
        po, qo = np.float64(view.points[at(p + 1 - axis)]), np.float64(view.points[at(q + 1 - axis)])
        if k != came and (po <= across) != (qo <= across):
            pa, qa = np.float64(view.points[at(p + axis)]), np.float64(view.points[at(q + axis)])
            d = (pa + (qa - pa) * ((across - po) / (qo - po)) - centre) * direction
            if d > best:
                best, leaving = d, k
    return best, leaving


@outlined
def walk(view, f, axis, centre, across, direction):
    """From a pixel's centre (`centre` along the axis) in face f to the silhouette: (d, vertex, vertex), or d = -1.

    At a fold the walk goes on beneath it: of several folds within a pixel, the farthest is the silhouette.
    """
    side = view.facing[f]
    came, farthest, best_a, best_b = -1, -1.0, -1, -1
    if side == 0 or side == CLIPPED:
        return farthest, best_a, best_b
    for _ in range(STEPS):
        d, leaving = leaving_edge(view, f, came, axis, centre, across, direction)
        if d >= 1.0:
            return -1.0, -1, -1
        if leaving < 0 or (d < 0.0 and came >= 0):
            break
        a, b = view.faces[3 * f + leaving], view.faces[3 * f + (leaving + 1) % 3]
        beyond = view.neighbours[3 * f + leaving]
        turned = view.facing[beyond] if beyond >= 0 else -side
        if turned == CLIPPED:
            return -1.0, -1, -1
        if turned == -side:
            if d > farthest:
                farthest, best_a, best_b = max(d, 0.0), a, b
            side = turned
        if beyond < 0:
            break
        for k in range(3):
            if view.faces[3 * beyond + k] == b and view.faces[3 * beyond + (k + 1) % 3] == a:
                came = k
        f = beyond
    if farthest >= 0:
        along = abs(view.points[4 * best_a + axis] - view.points[4 * best_b + axis])
        steep = abs(view.points[4 * best_a + 1 - axis] - view.points[4 * best_b + 1 - axis])
        # an edge of exactly 45 degrees belongs to the horizontal pairs
        if steep < along or (steep == along and axis == 1):
            farthest = -1.0
    return farthest, best_a, best_b


@inlined
def find(view, y, x, axis):
    """The silhouette between the pixel (y, x) and the next along the axis (0 right, 1 down).

    (alpha, into, edge's two vertices, direction): colour[into] += alpha (colour[other] - colour[into]), `into` 0 or 1
    the pair's first or second pixel; alpha = 0 where there is none. d alpha / d crossing = direction.
    """
    pixel = y * view.width + x
    next_pixel = pixel + (1 if axis == 0 else view.width)
    here, there = view.ids[at(pixel)], view.ids[at(next_pixel)]
    if here == there or (here > 0 and there > 0 and view.entries[at(here - 1)] == view.entries[at(there - 1)]):
        return 0.0, 0, -1, -1, 0.0
    first_in_front = view.keys[at(pixel)] < view.keys[at(next_pixel)]
    if here == 0 or there == 0:
        # against the background all layers follow the first: one silhouette
        front = view.first_ids[at(pixel if first_in_front else next_pixel)]
    else:
        front = here if first_in_front else there
    forwards = 1.0 if first_in_front else -1.0
    across = (y if axis == 0 else x) + 0.5
    centre = (x if axis == 0 else y) + (0.5 if first_in_front else 1.5)
    d, a, b = walk(view, view.entries[at(front - 1)], axis, centre, across, forwards)
    if d < 0:
        return 0.0, 0, -1, -1, 0.0
    if d > 0.5:
        return d - 0.5, 1 if first_in_front else 0, a, b, forwards
    return 0.5 - d, 0 if first_in_front else 1, a, b, -forwards


@inlined
def search_pixel(view, y, x, bits, layer, count, places, shares):
    """List the silhouettes of the pairs that `bits` name of a pixel; how many are found up to here."""
    for axis in range(2):
        wanted = bits & (DOWNWARDS if axis else RIGHTWARDS)
        if wanted == 0 or ((y + 1 >= view.height) if axis else (x + 1 >= view.width)):
            continue
        alpha, into, a, b, direction = find(view, y, x, axis)
        if alpha == 0.0:
            continue
        if count < len(places):
            pixel = y * view.width + x
            after = pixel + (view.width if axis else 1)
            places[count, 0] = after if into else pixel
            places[count, 1] = pixel if into else after
            places[count, 2], places[count, 3] = a, b
            places[count, 4], places[count, 5] = axis, layer
            shares[count, 0], shares[count, 1] = alpha, direction
        count += 1
    return count


@inlined
def search_band(scene, task, counts, places, shares):
    """List the silhouettes that reach into a band: `counts` (tasks) and, as many as there is room for,

    places (tasks,R,6): pixel into, pixel other, two vertices, axis, layer; shares (tasks,R,2): alpha, direction.
    """
    parted, padded = scene.parted[task // BANDS].reshape(-1), scene.parted.shape[2]
    # most of an image is not at a silhouette: eight pixels are looked at together
    words = parted.view(np.uint64)
    top, bottom = rows_of(scene.ids.shape[2], task % BANDS)
    count, its_places, its_shares = 0, places[task], shares[task]
    for layer in range(scene.ids.shape[1]):
        view = view_of(scene, task // BANDS, layer)
        for y in range(max(top - 1, 0), bottom):
            # the row above the band gives only its vertical pairs, the last one pairs that reach into the next
            wanted = DOWNWARDS if y < top else RIGHTWARDS | DOWNWARDS
            for word in range(y * padded // 8, (y + 1) * padded // 8):
                if words[at(word)] != 0:
                    for place in range(8 * word, 8 * word + 8):
                        bits = parted[at(place)] & wanted
                        if bits:
                            x = place - y * padded
                            count = search_pixel(view, y, x, bits, layer, count, its_places, its_shares)
    counts[task] = count


@compiled
def search(first, stride, tasks, scene, found):
    """`search_band` for all bands; `found` are counts, places, shares."""
    for task in range(first, tasks, stride):
        search_band(scene, task, *found)


@outlined
def pull(view, a, b, axis, across, slope, pulls):
    """Gradients (2,3) to the homogeneous pixels (x', y', w) of an edge's ends of `slope` times its crossing."""
    ao, bo = np.float64(view.points[4 * a + 1 - axis]), np.float64(view.points[4 * b + 1 - axis])
    share = (across - ao) / (bo - ao)
    tilt = (np.float64(view.points[4 * b + axis]) - view.points[4 * a + axis]) / (bo - ao)
    for end in range(2):
        vertex = 4 * (b if end else a)
        g = slope * (share if end else 1.0 - share)
        gx, gy = (g, -tilt * g) if axis == 0 else (-tilt * g, g)
        x, y, w = view.points[vertex], view.points[vertex + 1], np.float64(view.points[vertex + 3])
        pulls[end, 0] = gx / w
        pulls[end, 1] = gy / w
        pulls[end, 2] = -(gx * x + gy * y) / w
