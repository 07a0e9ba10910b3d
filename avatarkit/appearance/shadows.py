"""What hides the light: depth maps of a mesh from directions around it, and how much of them points see."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatarkit.kernels import compiled

Array = NDArray[np.float64]


class DepthMaps(NamedTuple):
    """D parallel views of a scene: `axes` (D,3,3) right, up, towards the light; `depths` (D,N,N) highest along the
    third; a point's place in the map is (axes @ (point - centre)) / reach."""

    axes: Array
    centre: Array
    reach: float
    depths: NDArray[np.float32]


def depth_maps(points: Array, faces: NDArray[np.int64] | None, directions: Array, N: int) -> DepthMaps:
    """Maps of N² pixels of the mesh `points` (V,3), `faces` (F,3) towards unit `directions` (D,3).

    Without faces the points alone count: enough where pixels are wider than triangles, and cheaper.
    """
    low, high = points.min(0), points.max(0)
    centre, reach = 0.5 * (low + high), 0.5 * float(np.linalg.norm(high - low)) * 1.02
    axes = np.stack([_frame(direction) for direction in directions])
    depths = np.full((len(axes), N, N), -np.inf, np.float32)
    scaled = (points - centre) / reach
    placed = np.empty((len(points), 3), np.float32)
    for axis, depth in zip(axes, depths, strict=True):
        placed[:] = scaled @ axis.T
        if faces is None:
            dot_depth(placed, depth)
        else:
            fill_depth(placed, faces, depth)
    return DepthMaps(axes, centre, reach, depths)


def _frame(towards: Array) -> Array:
    """(3,3) rotation whose last row is `towards`."""
    other = np.array([0.0, 1.0, 0.0]) if abs(towards[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(other, towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


@compiled
def fill_depth(placed, faces, depth):
    """The highest third coordinate over each pixel's centre; small triangles count where their middle lies."""
    N = len(depth)
    half = 0.5 * N
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = (placed[i, 0] + 1) * half - 0.5, (placed[i, 1] + 1) * half - 0.5, placed[i, 2]
        bx, by, bz = (placed[j, 0] + 1) * half - 0.5, (placed[j, 1] + 1) * half - 0.5, placed[j, 2]
        cx, cy, cz = (placed[k, 0] + 1) * half - 0.5, (placed[k, 1] + 1) * half - 0.5, placed[k, 2]
        left, right = max(int(np.ceil(min(ax, bx, cx))), 0), min(int(np.floor(max(ax, bx, cx))), N - 1)
        top, bottom = max(int(np.ceil(min(ay, by, cy))), 0), min(int(np.floor(max(ay, by, cy))), N - 1)
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if left > right or top > bottom or abs(area) < 1e-12:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                v = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
                w = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
                if v >= -1e-4 and w >= -1e-4 and v + w <= 1.0001:
                    z = az + v * (bz - az) + w * (cz - az)
                    if z > depth[y, x]:
                        depth[y, x] = z


@compiled
def dot_depth(placed, depth):
    """The highest point in each pixel."""
    N = len(depth)
    for p in range(len(placed)):
        x, y = int((placed[p, 0] + 1) * 0.5 * N), int((placed[p, 1] + 1) * 0.5 * N)
        if 0 <= x < N and 0 <= y < N and placed[p, 2] > depth[y, x]:
            depth[y, x] = placed[p, 2]


@compiled
def see_light(points, normals, axes, centre, reach, depths, bias, seen):
    """`seen` (D,P) in 0 … 1: how far each point is free in each direction, over the four pixels around it."""
    D, N = len(axes), depths.shape[1]
    for d in range(D):
        a = axes[d]
        for p in range(len(points)):
            # lifted off the surface: half a pixel of the map must not hide it from itself
            x = (points[p, 0] + bias * normals[p, 0] - centre[0]) / reach
            y = (points[p, 1] + bias * normals[p, 1] - centre[1]) / reach
            z = (points[p, 2] + bias * normals[p, 2] - centre[2]) / reach
            u = (a[0, 0] * x + a[0, 1] * y + a[0, 2] * z + 1) * 0.5 * N - 0.5
            v = (a[1, 0] * x + a[1, 1] * y + a[1, 2] * z + 1) * 0.5 * N - 0.5
            height = a[2, 0] * x + a[2, 1] * y + a[2, 2] * z + 0.35 * bias / reach
            i, j = int(np.floor(v)), int(np.floor(u))
            s, t = u - j, v - i
            free = 0.0
            for di in range(2):
                for dj in range(2):
                    share = (t if di else 1 - t) * (s if dj else 1 - s)
                    inside = 0 <= i + di < N and 0 <= j + dj < N
                    if not inside or depths[d, i + di, j + dj] <= height:
                        free += share
            seen[d, p] = free


@compiled
def see_lamp(points, normals, axes, centre, reach, depth, bias, soft, offsets, seen):
    """`seen` (P,) in 0 … 1: how much of a lamp points see, looked up at `offsets` (K,2) within `soft` metres."""
    N = len(depth)
    per = 0.5 * N / reach
    for p in range(len(points)):
        x = points[p, 0] + bias * normals[p, 0] - centre[0]
        y = points[p, 1] + bias * normals[p, 1] - centre[1]
        z = points[p, 2] + bias * normals[p, 2] - centre[2]
        u = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) * per + 0.5 * N - 0.5
        v = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) * per + 0.5 * N - 0.5
        height = (axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z + 0.5 * bias) / reach
        free = 0.0
        for o in range(len(offsets)):
            i = int(np.floor(v + offsets[o, 1] * soft * per + 0.5))
            j = int(np.floor(u + offsets[o, 0] * soft * per + 0.5))
            if not (0 <= i < N and 0 <= j < N) or depth[i, j] <= height:
                free += 1.0
        seen[p] = free / len(offsets)
