"""Which face is seen at each pixel's centre: fixed-point edge functions, top-left rule, z-buffer.

    ids  (N,L,H,W) int32     1 + the place in `entries` of the face that is seen, 0 = background
    keys (N,L,H,W) float32   its depth key times the layer's sign (1 nearest, -1 farthest); inf = background
    parted (N,H,W) uint8     bits: a silhouette edge may pass between this pixel's centre and the next one's
                             RIGHTWARDS or DOWNWARDS; rows are padded to whole words of 8

A triangle of whole 1/256 px, its edge functions exact int64: two triangles on an edge never both cover a pixel's
centre, and never leave it uncovered.
"""

import math

import numpy as np

from avatarkit.kernels import compiled, inlined, outlined
from avatarkit.render.clipping import clip_polygon
from avatarkit.render.engine import BANDS
from avatarkit.render.projection import CLIPPED, fixed
from avatarkit.render.view import at, rows_of

RIGHTWARDS, DOWNWARDS = np.uint8(1), np.uint8(2)
SLACK = 1 / 64
"""Pixels by which an edge is taken to be wider, as centres are inside of faces whose corners are rounded."""


@inlined
def top_left_bias(dx, dy):
    return 0 if dy < 0 or (dy == 0 and dx > 0) else -1


@inlined
def fill(ids, keys, width, plane, signs, entry, top, bottom, ax, ay, za, bx, by, zb, cx, cy, zc):
    """One triangle, 1/256 pixels and keys, into rows top … bottom - 1 of the layers of `plane` pixels each."""
    left = max((min(ax, bx, cx) + 127) >> 8, 0)
    right = min((max(ax, bx, cx) - 128) >> 8, width - 1)
    top = max((min(ay, by, cy) + 127) >> 8, top)
    bottom = min((max(ay, by, cy) - 128) >> 8, bottom - 1)
    if left > right or top > bottom:
        return
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area == 0:
        return
    if area < 0:
        bx, by, zb, cx, cy, zc = cx, cy, zc, bx, by, zb
        area = -area
    abx, aby, bcx, bcy, cax, cay = bx - ax, by - ay, cx - bx, cy - by, ax - cx, ay - cy
    bias_a, bias_b, bias_c = top_left_bias(bcx, bcy), top_left_bias(cax, cay), top_left_bias(abx, aby)
    px, py = (left << 8) + 128, (top << 8) + 128
    row_a = bcx * (py - by) - bcy * (px - bx) + bias_a
    row_b = cax * (py - cy) - cay * (px - cx) + bias_b
    row_c = abx * (py - ay) - aby * (px - ax) + bias_c
    per_area = 1.0 / np.float64(area)
    slope_b, slope_c = (zb - za) * per_area, (zc - za) * per_area
    for y in range(top, bottom + 1):
        a, b, c = row_a, row_b, row_c
        for pixel in range(y * width + left, y * width + right + 1):
            if (a | b | c) >= 0:
                z = np.float32(za + slope_b * (b - bias_b) + slope_c * (c - bias_c))
                for layer in range(len(signs)):
                    place = at(layer * plane + pixel)
                    key = z * signs[layer]
                    if key < keys[place]:
                        keys[place] = key
                        ids[place] = entry + 1
            a -= bcy << 8
            b -= cay << 8
            c -= aby << 8
        row_a += bcx << 8
        row_b += cax << 8
        row_c += abx << 8


@outlined
def fill_clipped(ids, keys, width, plane, signs, entry, top, bottom, clips, i, j, k, offset, polygon, cut):
    for n in range(4):
        polygon[0, n], polygon[1, n], polygon[2, n] = clips[4 * i + n], clips[4 * j + n], clips[4 * k + n]
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
            ids, keys, width, plane, signs, entry, top, bottom,
            fixed(polygon[0, 0]), fixed(polygon[0, 1]), polygon[0, 2],
            fixed(polygon[n, 0]), fixed(polygon[n, 1]), polygon[n, 2],
            fixed(polygon[n + 1, 0]), fixed(polygon[n + 1, 1]), polygon[n + 1, 2],
        )  # fmt: skip


@outlined
def mark(parted, stride, width, top, bottom, ax, ay, bx, by):
    """Mark the pairs of pixels whose centres the edge from a to b parts, in rows top … bottom - 1.

    A steep edge parts pixels side by side on each row of centres that it crosses, a flat one pixels above each other.
    """
    steep = abs(by - ay) >= abs(bx - ax)
    if not steep:
        ax, ay, bx, by = ay, ax, by, bx
    begin, end = (top, bottom) if steep else (0, width)
    slope = (bx - ax) / (by - ay) if by != ay else 0.0
    begin = max(math.ceil(min(ay, by) - 0.5 - SLACK), begin)
    end = min(math.floor(max(ay, by) - 0.5 + SLACK) + 1, end)
    low, high = (0, width) if steep else (top, bottom)
    for line in range(begin, end):
        crossing = ax + (line + 0.5 - ay) * slope - 0.5
        for before in range(max(math.floor(crossing - SLACK), low), min(math.floor(crossing + SLACK) + 1, high)):
            if steep:
                parted[line * stride + before] |= RIGHTWARDS
            else:
                parted[before * stride + line] |= DOWNWARDS


@inlined
def mark_silhouettes(parted, stride, width, top, bottom, points, faces, neighbours, facing, f):
    """Mark the silhouette edges of a face: of two faces on an edge, the one that faces the viewer more does so."""
    side = facing[at(f)]
    for k in range(3):
        beyond = neighbours[at(3 * f + k)]
        if beyond < 0 or facing[at(beyond)] < side:
            a, b = 4 * faces[at(3 * f + k)], 4 * faces[at(3 * f + (k + 1) % 3)]
            ax, ay = np.float64(points[at(a)]), np.float64(points[at(a + 1)])
            bx, by = np.float64(points[at(b)]), np.float64(points[at(b + 1)])
            mark(parted, stride, width, top, bottom, ax, ay, bx, by)


@compiled
def rasterise(first, stride, tasks, scene, signs, offsets, polygons):
    """Fill the scene's `ids`, `keys` and `parted`, band by band."""
    faces, neighbours, entries = scene.faces.reshape(-1), scene.neighbours.reshape(-1), scene.entries
    height, width, padded = scene.ids.shape[2], scene.ids.shape[3], scene.parted.shape[2]
    for task in range(first, tasks, stride):
        view = task // BANDS
        top, bottom = rows_of(height, task % BANDS)
        points, clips = scene.points[view].reshape(-1), scene.clips[view].reshape(-1)
        grid, facing = scene.grid[view].reshape(-1), scene.facing[view]
        ids, keys, parted = scene.ids[view].reshape(-1), scene.keys[view].reshape(-1), scene.parted[view].reshape(-1)
        polygon, cut = polygons[first, 0], polygons[first, 1]
        scene.ids[view, :, top:bottom] = 0
        scene.keys[view, :, top:bottom] = np.inf
        parted[top * padded : bottom * padded] = 0
        for entry in range(scene.starts[task], scene.starts[task + 1]):
            f = entries[at(entry)]
            i, j, k = faces[at(3 * f)], faces[at(3 * f + 1)], faces[at(3 * f + 2)]
            if facing[at(f)] == CLIPPED:
                fill_clipped(
                    ids, keys, width, height * width, signs, entry, top, bottom,
                    clips, i, j, k, offsets[view], polygon, cut,
                )  # fmt: skip
                continue
            fill(
                ids, keys, width, height * width, signs, entry, top, bottom,
                np.int64(grid[at(2 * i)]), np.int64(grid[at(2 * i + 1)]), np.float64(points[at(4 * i + 2)]),
                np.int64(grid[at(2 * j)]), np.int64(grid[at(2 * j + 1)]), np.float64(points[at(4 * j + 2)]),
                np.int64(grid[at(2 * k)]), np.int64(grid[at(2 * k + 1)]), np.float64(points[at(4 * k + 2)]),
            )  # fmt: skip
            mark_silhouettes(parted, padded, width, top, bottom, points, faces, neighbours, facing, f)
