"""First kernels of a frame: vertices to pixels, faces to bands of rows.

points (N,V,4) float32   x, y in pixels; key: what the z-buffer compares, linear on the screen; w, or 0 where the
                         vertex lies outside of the clip volume, or NaN where it is not finite
clips  (N,V,4) float32   x', y', z, w: homogeneous pixels (x = x' / w) and clip depth, -w <= z <= w inside
grid   (N,V,2) int32     x, y in 1/256 pixels
facing (N,F)   int8      sign of the area on the screen; CLIPPED where a corner is outside of the clip volume
reach  (N,F,2) uint8     first and last band of rows that the face may touch; (1, 0) for none
"""

import math

import numpy as np

from avatarkit.kernels import compiled, inlined
from avatarkit.render.engine import BANDS
from avatarkit.render.view import at, rows_of

CLIPPED = 2
GUARD = 2.0**20
"""Pixels from the image's corner within which 1/256 px edge functions fit in int64."""


@inlined
def part_of(count, part):
    return count * part // BANDS, count * (part + 1) // BANDS


@inlined
def fixed(pixels):
    return np.int64(math.floor(pixels * 256.0 + 0.5))


@inlined
def place(points, clips, grid, view, vertex, x, y, z, w, offset):
    ok = abs(x) < 1e30 and abs(y) < 1e30 and abs(z) < 1e30 and abs(w) < 1e30
    clips[view, vertex, 0] = x if ok else np.nan
    clips[view, vertex, 1] = y if ok else np.nan
    clips[view, vertex, 2] = z if ok else np.nan
    clips[view, vertex, 3] = w if ok else np.nan
    inside = ok and w > 1e-30 and -w <= z <= w and abs(x) <= GUARD * w and abs(y) <= GUARD * w
    points[view, vertex, 0] = x / w if inside else 0.0
    points[view, vertex, 1] = y / w if inside else 0.0
    grid[view, vertex, 0] = fixed(points[view, vertex, 0])
    grid[view, vertex, 1] = fixed(points[view, vertex, 1])
    points[view, vertex, 2] = z / w + offset if inside else 0.0
    points[view, vertex, 3] = w if inside else (0.0 if ok else np.nan)


@compiled
def project(first, stride, tasks, vertices, matrices, offsets, points, clips, grid):
    """World `vertices` (V,3) by `matrices` (N,4,4) float64 to homogeneous pixels; key = z / w + offset."""
    for task in range(first, tasks, stride):
        view = task // BANDS
        m = matrices[view]
        begin, end = part_of(len(vertices), task % BANDS)
        for i in range(begin, end):
            a, b, c = np.float64(vertices[i, 0]), np.float64(vertices[i, 1]), np.float64(vertices[i, 2])
            x = m[0, 0] * a + m[0, 1] * b + m[0, 2] * c + m[0, 3]
            y = m[1, 0] * a + m[1, 1] * b + m[1, 2] * c + m[1, 3]
            z = m[2, 0] * a + m[2, 1] * b + m[2, 2] * c + m[2, 3]
            w = m[3, 0] * a + m[3, 1] * b + m[3, 2] * c + m[3, 3]
            place(points, clips, grid, view, i, x, y, z, w, offsets[view])


@compiled
def project_clip(first, stride, tasks, clip, width, height, points, clips, grid):
    """Clip space (N,V,4), NDC y down, to homogeneous pixels; key = z / w."""
    for task in range(first, tasks, stride):
        view = task // BANDS
        begin, end = part_of(clip.shape[1], task % BANDS)
        for i in range(begin, end):
            x, y, z, w = (
                np.float64(clip[view, i, 0]),
                np.float64(clip[view, i, 1]),
                np.float64(clip[view, i, 2]),
                np.float64(clip[view, i, 3]),
            )
            place(points, clips, grid, view, i, (x + w) * 0.5 * width, (y + w) * 0.5 * height, z, w, 0.0)


@inlined
def unseen(clips, i, j, k):
    """Are all three corners beyond the near or the far plane?"""
    za, zb, zc = clips[at(4 * i + 2)], clips[at(4 * j + 2)], clips[at(4 * k + 2)]
    wa, wb, wc = clips[at(4 * i + 3)], clips[at(4 * j + 3)], clips[at(4 * k + 3)]
    return (za < -wa and zb < -wb and zc < -wc) or (za > wa and zb > wb and zc > wc)


@inlined
def facing_and_reach(points, clips, i, j, k, width, height, per_rows):
    """`facing` of the face with these corners, and the two of its `reach`."""
    w = np.float64(points[at(4 * i + 3)]) * points[at(4 * j + 3)] * points[at(4 * k + 3)]
    if w == 0 and not unseen(clips, i, j, k):
        return CLIPPED, 0, int((height - 1) * per_rows)
    if not w > 0:
        return CLIPPED, 1, 0
    ax, ay = np.float64(points[at(4 * i)]), np.float64(points[at(4 * i + 1)])
    bx, by = np.float64(points[at(4 * j)]), np.float64(points[at(4 * j + 1)])
    cx, cy = np.float64(points[at(4 * k)]), np.float64(points[at(4 * k + 1)])
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    side = 1 if area > 0 else (-1 if area < 0 else 0)
    # a pixel more on each side: an edge outside may still pass between two pixels' centres
    top, bottom = min(ay, by, cy) - 1.0, max(ay, by, cy) + 1.0
    if max(ax, bx, cx) < -1 or min(ax, bx, cx) > width + 1 or bottom < 0 or top > height:
        return side, 1, 0
    return side, int(max(top, 0.0) * per_rows), int(min(bottom, height - 1.0) * per_rows)


@compiled
def sort_out(first, stride, tasks, all_points, all_clips, faces, width, height, facing, reach, counts):
    """Fill `facing` and `reach`, and count the faces of each part in each band: `counts` (N, parts, bands)."""
    per_rows, corners = 1.0 / rows_of(height, 0)[1], faces.reshape(-1)
    for task in range(first, tasks, stride):
        view, part = task // BANDS, task % BANDS
        points, clips = all_points[view].reshape(-1), all_clips[view].reshape(-1)
        sides, reached, count = facing[view], reach[view].reshape(-1), counts[view, part]
        count[:] = 0
        begin, end = part_of(len(faces), part)
        for f in range(begin, end):
            i, j, k = corners[at(3 * f)], corners[at(3 * f + 1)], corners[at(3 * f + 2)]
            side, low, high = facing_and_reach(points, clips, i, j, k, width, height, per_rows)
            sides[at(f)] = side
            reached[at(2 * f)], reached[at(2 * f + 1)] = low, high
            for band in range(low, high + 1):
                count[at(band)] += 1


@compiled
def list_faces(first, stride, tasks, faces, reach, starts, entries):
    """The faces of each band, in increasing order: `entries` from `starts` (N, parts, bands) on, which is used up."""
    for task in range(first, tasks, stride):
        view, part = task // BANDS, task % BANDS
        reached, places = reach[view].reshape(-1), starts[view, part]
        begin, end = part_of(len(faces), part)
        for f in range(begin, end):
            for band in range(reached[at(2 * f)], np.int64(reached[at(2 * f + 1)]) + 1):
                entries[at(places[at(band)])] = f
                places[at(band)] += 1
