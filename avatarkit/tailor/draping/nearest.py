"""Where a surface is nearest, in numba: through a grid over its vertices, or by a walk over it from where one was."""

from typing import NamedTuple

import numpy as np

from avatarkit.kernels import compiled, inlined, outlined

NOWHERE = 1e30
AWAY, BEHIND = 0.12, 0.015


class Shell(NamedTuple):
    """A surface to be asked, and how it lies at rest, where no limb touches another."""

    vertices: np.ndarray  # (V,3)
    rest: np.ndarray  # (V,3)
    normals: np.ndarray  # (V,3) of unit length
    faces: np.ndarray  # (F,3) int64
    first: np.ndarray  # (V+1) int64: fan[first[v]] … are the faces around v
    fan: np.ndarray  # (3 F) int64
    rim: np.ndarray  # (V) bool: on an edge without a second face


class Grid(NamedTuple):
    """Points sorted into cubes."""

    points: np.ndarray  # (N,3) in the order of their cells
    indices: np.ndarray  # (N) int64 which they were
    first: np.ndarray  # (X Y Z + 1) int64
    low: np.ndarray  # (3)
    shape: np.ndarray  # (3) int64
    cell: float


def grid_over(points: np.ndarray, used: np.ndarray, cell: float) -> Grid:
    """Of the points (V,3) those that are `used` (V) bool, in cubes of `cell` metres."""
    indices = used.nonzero()[0]
    points = points[indices]
    low = points.min(0) if len(points) else np.zeros(3)
    places = np.floor((points - low) / cell).astype(np.int64)
    shape = places.max(0) + 1 if len(points) else np.ones(3, np.int64)
    cells = (places[:, 0] * shape[1] + places[:, 1]) * shape[2] + places[:, 2]
    order = np.argsort(cells, kind="stable")
    first = np.searchsorted(cells[order], np.arange(int(shape.prod()) + 1))
    return Grid(np.ascontiguousarray(points[order]), indices[order], first, low, shape, cell)


def fans_of(faces: np.ndarray, V: int) -> tuple[np.ndarray, np.ndarray]:
    """`first` (V+1) and `fan` (3 F) of a Shell."""
    order = np.argsort(faces.reshape(-1), kind="stable")
    return np.concatenate([[0], np.cumsum(np.bincount(faces.reshape(-1), minlength=V))]), order // 3


@compiled
def sum_normals(vertices, faces, normals):
    """Unit normals of the vertices, weighted by area, into `normals` (V,3)."""
    normals[:] = 0
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in range(3):
            v = faces[f, k]
            normals[v, 0] += x
            normals[v, 1] += y
            normals[v, 2] += z
    for v in range(len(normals)):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0:
            normals[v, 0] /= length
            normals[v, 1] /= length
            normals[v, 2] /= length


@inlined
def square_to(points, v, x, y, z):
    dx, dy, dz = points[v, 0] - x, points[v, 1] - y, points[v, 2] - z
    return dx * dx + dy * dy + dz * dz


@inlined
def clamped(value, low, high):
    return low if value < low else high if value > high else value


@inlined
def cells(grid, x, reach, axis):
    """The first cell along an axis that `reach` about x meets, and the one after the last."""
    low, cell, most = grid.low[axis], grid.cell, grid.shape[axis]
    first = clamped(int(np.floor((x - reach - low) / cell)), 0, most)
    return first, clamped(int(np.floor((x + reach - low) / cell)) + 1, 0, most)


@outlined
def nearest_vertex(grid, x, y, z, reach):
    """The nearest point of the grid within `reach`, or -1; and its squared distance."""
    best, found = reach * reach, -1
    (i0, i1), (j0, j1), (k0, k1) = cells(grid, x, reach, 0), cells(grid, y, reach, 1), cells(grid, z, reach, 2)
    for i in range(i0, i1):
        for j in range(j0, j1):
            row = (i * grid.shape[1] + j) * grid.shape[2]
            # the cells along z lie in one run
            for n in range(grid.first[row + k0], grid.first[row + k1] if k1 > k0 else grid.first[row + k0]):
                d = square_to(grid.points, n, x, y, z)
                if d < best:
                    best, found = d, grid.indices[n]
    return found, best


@outlined
def far_vertex(grid, shell, x, y, z, reach, ox, oy, oz, nx, ny, nz):
    """As `nearest_vertex`, of those that are another limb to what lies at (ox, oy, oz) at rest: there more than
    `AWAY` from it, or half of that and now facing (nx, ny, nz) from hardly behind: deep behind it is the other side of
    the very limb that the point lies on, along which a sleeve may slide."""
    best, found = reach * reach, -1
    (i0, i1), (j0, j1), (k0, k1) = cells(grid, x, reach, 0), cells(grid, y, reach, 1), cells(grid, z, reach, 2)
    for i in range(i0, i1):
        for j in range(j0, j1):
            row = (i * grid.shape[1] + j) * grid.shape[2]
            for n in range(grid.first[row + k0], grid.first[row + k1] if k1 > k0 else grid.first[row + k0]):
                d = square_to(grid.points, n, x, y, z)
                if d < best:
                    v = grid.indices[n]
                    apart = square_to(shell.rest, v, ox, oy, oz)
                    facing = nx * shell.normals[v, 0] + ny * shell.normals[v, 1] + nz * shell.normals[v, 2]
                    ahead = (x - grid.points[n, 0]) * shell.normals[v, 0]
                    ahead += (y - grid.points[n, 1]) * shell.normals[v, 1]
                    ahead += (z - grid.points[n, 2]) * shell.normals[v, 2]
                    if apart > AWAY * AWAY or (4 * apart > AWAY * AWAY and facing < -0.3 and ahead > -BEHIND):
                        best, found = d, v
    return found


@outlined
def walked(points, shell, x, y, z, v):
    """From the vertex v downhill to one that has no neighbour nearer to (x, y, z)."""
    best = square_to(points, v, x, y, z)
    while True:
        here = v
        for n in range(shell.first[here], shell.first[here + 1]):
            for k in range(3):
                w = shell.faces[shell.fan[n], k]
                d = square_to(points, w, x, y, z)
                if d < best:
                    best, v = d, w
        if v == here:
            return v


@outlined
def on_triangle(points, a, b, c, x, y, z):
    """Weights of b and c at the nearest point of a triangle [Ericson 2005, 5.1.5], and its squared distance."""
    ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
    bx, by, bz = points[b, 0] - ax, points[b, 1] - ay, points[b, 2] - az
    cx, cy, cz = points[c, 0] - ax, points[c, 1] - ay, points[c, 2] - az
    px, py, pz = x - ax, y - ay, z - az
    bb, bc, cc = bx * bx + by * by + bz * bz, bx * cx + by * cy + bz * cz, cx * cx + cy * cy + cz * cz
    bp, cp = bx * px + by * py + bz * pz, cx * px + cy * py + cz * pz
    area = bb * cc - bc * bc
    s, t = cc * bp - bc * cp, bb * cp - bc * bp  # barycentric, times the area
    if s >= 0 and t >= 0 and s + t <= area and area > 0:
        s, t = s / area, t / area
    else:
        # the nearest of the points on the three edges
        s1 = clamped(bp / bb if bb > 0 else 0.0, 0.0, 1.0)
        t2 = clamped(cp / cc if cc > 0 else 0.0, 0.0, 1.0)
        ee = bb - 2 * bc + cc
        t3 = clamped((cp - bp + bb - bc) / ee if ee > 0 else 0.0, 0.0, 1.0)
        d1 = bb * s1 * s1 - 2 * bp * s1
        d2 = cc * t2 * t2 - 2 * cp * t2
        s3 = 1 - t3
        d3 = bb * s3 * s3 + 2 * bc * s3 * t3 + cc * t3 * t3 - 2 * (bp * s3 + cp * t3)
        if d1 <= d2 and d1 <= d3:
            s, t = s1, 0.0
        elif d2 <= d3:
            s, t = 0.0, t2
        else:
            s, t = s3, t3
    dx, dy, dz = px - s * bx - t * cx, py - s * by - t * cy, pz - s * bz - t * cz
    return s, t, dx * dx + dy * dy + dz * dz


@outlined
def around(points, shell, x, y, z, v, skip):
    """The nearest of the faces around v (not `skip`): face, weights of its second and third corner, square."""
    face, s, t, best = -1, 0.0, 0.0, NOWHERE
    for n in range(shell.first[v], shell.first[v + 1]):
        f = shell.fan[n]
        if f != skip:
            p, q, d = on_triangle(points, shell.faces[f, 0], shell.faces[f, 1], shell.faces[f, 2], x, y, z)
            if d < best:
                face, s, t, best = f, p, q, d
    return face, s, t, best


@outlined
def nearest_face(points, shell, x, y, z, v):
    """The nearest face to (x, y, z) about the vertex v, one ring further where that is nearer."""
    face, s, t, best = around(points, shell, x, y, z, v, -1)
    if face >= 0 and (s <= 0 or t <= 0 or s + t >= 1):
        middle = face
        for k in range(3):
            w = shell.faces[middle, k]
            if w != v:
                f, p, q, d = around(points, shell, x, y, z, w, middle)
                if d < best:
                    face, s, t, best = f, p, q, d
    return face, s, t, best
