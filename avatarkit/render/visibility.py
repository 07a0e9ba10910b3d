"""Which face is seen at each pixel's centre: fixed-point edge functions, top-left rule, z-buffer.

    ids  (N,L,H,W) int32     1 + the place in `entries` of the face that is seen, 0 = background
    keys (N,L,H,W) float32   its depth key times the layer's sign (1 nearest, -1 farthest); inf = background
    near_edge (N,H,W) uint8  1 where a silhouette edge may pass between this pixel's centre and the next ones'

A triangle of whole 1/256 px, its edge functions exact int64: two triangles on an edge never both cover a pixel's
centre, and never leave it uncovered.
"""

import math

import numpy as np

from avatarkit.kernels import compiled, inlined, outlined
from avatarkit.render.engine import BANDS
from avatarkit.render.projection import CLIPPED, GUARD, fixed, rows_per_band
from avatarkit.render.view import at


@inlined
def top_left_bias(dx, dy):
    return 0 if dy < 0 or (dy == 0 and dx > 0) else -1


@inlined
def fill(ids, keys, view, signs, entry, top, bottom, ax, ay, z0, bx, by, z1, cx, cy, z2):
    """One triangle, 1/256 pixels and keys, into rows top … bottom - 1."""
    left = max((min(ax, bx, cx) + 127) >> 8, 0)
    right = min((max(ax, bx, cx) - 128) >> 8, ids.shape[3] - 1)
    top = max((min(ay, by, cy) + 127) >> 8, top)
    bottom = min((max(ay, by, cy) - 128) >> 8, bottom - 1)
    if left > right or top > bottom:
        return
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area == 0:
        return
    za, zb, zc = np.float64(z0), np.float64(z1), np.float64(z2)
    if area < 0:
        bx, by, zb, cx, cy, zc = cx, cy, zc, bx, by, zb
        area = -area
    abx, aby, bcx, bcy, cax, cay = bx - ax, by - ay, cx - bx, cy - by, ax - cx, ay - cy
    px, py = (np.int64(left) << 8) + 128, (np.int64(top) << 8) + 128
    row_c = abx * (py - ay) - aby * (px - ax)
    row_b = cax * (py - cy) - cay * (px - cx)
    row_a = bcx * (py - by) - bcy * (px - bx)
    per_area = 1.0 / np.float64(area)
    zb, zc = (zb - za) * per_area, (zc - za) * per_area
    z_row = za + zb * row_b + zc * row_c
    z_right = -(zb * cay + zc * aby) * 256.0
    z_down = (zb * cax + zc * abx) * 256.0
    width, plane = ids.shape[3], ids.shape[2] * ids.shape[3]
    flat_ids, flat_keys = ids[view].reshape(-1), keys[view].reshape(-1)
    row_a += top_left_bias(bcx, bcy)
    row_b += top_left_bias(cax, cay)
    row_c += top_left_bias(abx, aby)
    for y in range(top, bottom + 1):
        a, b, c, z = row_a, row_b, row_c, z_row
        for x in range(left, right + 1):
            if (a | b | c) >= 0:
                for layer in range(len(signs)):
                    pixel = at(layer * plane + y * width + x)
                    key = np.float32(z) * signs[layer]
                    if key < flat_keys[pixel]:
                        flat_keys[pixel] = key
                        flat_ids[pixel] = entry + 1
            a -= bcy << 8
            b -= cay << 8
            c -= aby << 8
            z += z_right
        row_a += bcx << 8
        row_b += cax << 8
        row_c += abx << 8
        z_row += z_down


@inlined
def distance(polygon, corner, plane):
    """Signed distance of a homogeneous corner to a clip plane: near, far, and the guard band's four."""
    x, y, z, w = polygon[corner, 0], polygon[corner, 1], polygon[corner, 2], polygon[corner, 3]
    if plane == 0:
        return z + w
    if plane == 1:
        return w - z
    if plane == 2:
        return x + GUARD * 0.5 * w
    if plane == 3:
        return GUARD * 0.5 * w - x
    if plane == 4:
        return y + GUARD * 0.5 * w
    return GUARD * 0.5 * w - y


@inlined
def clip_polygon(polygon, cut, count):
    """Sutherland-Hodgman in place; (16,4) corners, how many. A cut is computed from its inner end: twice the same."""
    for plane in range(6):
        found = 0
        for i in range(count):
            after = (i + 1) % count
            d, e = distance(polygon, i, plane), distance(polygon, after, plane)
            if d >= 0:
                for k in range(4):
                    cut[found, k] = polygon[i, k]
                found += 1
            if (d >= 0) != (e >= 0):
                inner, outer, share = (i, after, d / (d - e)) if d >= 0 else (after, i, e / (e - d))
                for k in range(4):
                    cut[found, k] = polygon[inner, k] + (polygon[outer, k] - polygon[inner, k]) * share
                found += 1
        for i in range(found):
            for k in range(4):
                polygon[i, k] = cut[i, k]
        count = found
        if count < 3:
            return 0
    return count


@outlined
def fill_clipped(ids, keys, view, signs, entry, top, bottom, clips, i, j, k, offset, polygon, cut):
    for n in range(4):
        polygon[0, n], polygon[1, n], polygon[2, n] = clips[view, i, n], clips[view, j, n], clips[view, k, n]
    count = clip_polygon(polygon, cut, 3)
    for n in range(count):
        w = polygon[n, 3]
        if not w > 1e-30:
            return
        polygon[n, 0] /= w
        polygon[n, 1] /= w
        polygon[n, 2] = polygon[n, 2] / w + offset
    for n in range(1, count - 1):
        fill(
            ids, keys, view, signs, entry, top, bottom,
            fixed(polygon[0, 0]), fixed(polygon[0, 1]), polygon[0, 2],
            fixed(polygon[n, 0]), fixed(polygon[n, 1]), polygon[n, 2],
            fixed(polygon[n + 1, 0]), fixed(polygon[n + 1, 1]), polygon[n + 1, 2],
        )  # fmt: skip


@inlined
def mark(near_edge, view, top, bottom, ax, ay, bx, by):
    """Mark the pixels of rows top … bottom - 1 whose centres the edge from a to b may part from the next."""
    left = max(math.floor(min(ax, bx) - 1.5), 0)
    right = min(math.floor(max(ax, bx) - 0.5), near_edge.shape[2] - 1)
    above = max(math.floor(min(ay, by) - 1.5), top)
    below = min(math.floor(max(ay, by) - 0.5), bottom - 1)
    for y in range(above, below + 1):
        for x in range(left, right + 1):
            near_edge[view, y, x] = 1


@inlined
def mark_silhouette(near_edge, view, top, bottom, points, faces, neighbours, facing, f):
    side = facing[view, f]
    for k in range(3):
        beyond = neighbours[f, k]
        if beyond < 0 or facing[view, beyond] != side:
            a, b = faces[f, k], faces[f, (k + 1) % 3]
            mark(
                near_edge,
                view,
                top,
                bottom,
                points[view, a, 0],
                points[view, a, 1],
                points[view, b, 0],
                points[view, b, 1],
            )


@compiled
def rasterise(
    first,
    stride,
    tasks,
    points,
    clips,
    grid,
    faces,
    neighbours,
    facing,
    starts,
    entries,
    signs,
    offsets,
    ids,
    keys,
    near_edge,
    polygons,
):
    """Fill `ids`, `keys` and `near_edge`, band by band."""
    rows = rows_per_band(ids.shape[2])
    for task in range(first, tasks, stride):
        view, band = task // BANDS, task % BANDS
        top, bottom = min(band * rows, ids.shape[2]), min((band + 1) * rows, ids.shape[2])
        polygon, cut = polygons[first, 0], polygons[first, 1]
        ids[view, :, top:bottom] = 0
        keys[view, :, top:bottom] = np.inf
        near_edge[view, top:bottom] = 0
        for entry in range(starts[task], starts[task + 1]):
            f = entries[entry]
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            if facing[view, f] == CLIPPED:
                fill_clipped(ids, keys, view, signs, entry, top, bottom, clips, i, j, k, offsets[view], polygon, cut)
                continue
            fill(
                ids, keys, view, signs, entry, top, bottom,
                np.int64(grid[view, at(i), 0]), np.int64(grid[view, at(i), 1]), points[view, at(i), 2],
                np.int64(grid[view, at(j), 0]), np.int64(grid[view, at(j), 1]), points[view, at(j), 2],
                np.int64(grid[view, at(k), 0]), np.int64(grid[view, at(k), 1]), points[view, at(k), 2],
            )  # fmt: skip
            mark_silhouette(near_edge, view, top, bottom, points, faces, neighbours, facing, f)
