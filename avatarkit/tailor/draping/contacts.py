"""Which planes each vertex of a cloth must stay in front of, in numba."""

import numpy as np

from avatarkit.kernels import compiled, outlined
from avatarkit.tailor.draping.nearest import NOWHERE, far_vertex, nearest_face, nearest_vertex, walked


@compiled
def seek(grid, points, reach, where, clearance):
    """The vertex of the grid nearest to each point, -1 beyond `reach`, into `where`; how far it is into `clearance`."""
    for i in range(len(points)):
        near, found = 0.05, -1
        while found < 0 and near < 2 * reach:
            found, square = nearest_vertex(grid, points[i, 0], points[i, 1], points[i, 2], min(near, reach))
            near *= 2
        where[i] = found
        clearance[i] = np.sqrt(square) if found >= 0 else NOWHERE


@outlined
def plane_at(shell, x, y, z, v):
    """The plane of the surface where it is nearest to (x, y, z) about v: its normal, how far from the origin it is,
    how far in front of it the point is, and whether the rim is what is nearest."""
    face, s, t, _ = nearest_face(shell.vertices, shell, x, y, z, v)
    a, b, c = shell.faces[face, 0], shell.faces[face, 1], shell.faces[face, 2]
    r = 1 - s - t
    nx = r * shell.normals[a, 0] + s * shell.normals[b, 0] + t * shell.normals[c, 0]
    ny = r * shell.normals[a, 1] + s * shell.normals[b, 1] + t * shell.normals[c, 1]
    nz = r * shell.normals[a, 2] + s * shell.normals[b, 2] + t * shell.normals[c, 2]
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    nx, ny, nz = nx / length, ny / length, nz / length
    px = r * shell.vertices[a, 0] + s * shell.vertices[b, 0] + t * shell.vertices[c, 0]
    py = r * shell.vertices[a, 1] + s * shell.vertices[b, 1] + t * shell.vertices[c, 1]
    pz = r * shell.vertices[a, 2] + s * shell.vertices[b, 2] + t * shell.vertices[c, 2]
    along = nx * px + ny * py + nz * pz
    rim = (r < 1e-9 or shell.rim[a]) and (s < 1e-9 or shell.rim[b]) and (t < 1e-9 or shell.rim[c])
    return nx, ny, nz, along, nx * x + ny * y + nz * z - along, rim


@compiled
def touch(shell, points, offset, deepest, where, skin, planes):
    """For each point the plane of its layer, followed from the vertex `where` it touched last, into `planes` (V,4):
    normal, and the least that a place along it may be. None (0, 0, 0, -NOWHERE) beside a rim, `deepest` m inside, or
    where the layer lies in folds that look elsewhere than the `skin` (V,4) below, if that is known."""
    for i in range(len(points)):
        planes[i, 0], planes[i, 1], planes[i, 2], planes[i, 3] = 0.0, 0.0, 0.0, -NOWHERE
        if where[i] >= 0:
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            v = walked(shell.vertices, shell, x, y, z, where[i])
            where[i] = v
            nx, ny, nz, along, ahead, rim = plane_at(shell, x, y, z, v)
            known = skin[i, 0] != 0 or skin[i, 1] != 0 or skin[i, 2] != 0
            turned = known and nx * skin[i, 0] + ny * skin[i, 1] + nz * skin[i, 2] < 0.3
            if not rim and not turned and ahead > -deepest:
                planes[i, 0], planes[i, 1], planes[i, 2], planes[i, 3] = nx, ny, nz, along + offset[i]


@compiled
def touch_others(grid, shell, points, offset, rest, loose, own, reach, planes):
    """As `touch`, of other limbs, which lie apart from the point at `rest` (V,3).

    Of a surface that faces the skin of the point's own (its planes `own`) any depth counts: a sleeve beside the waist.
    Of one that looks the same way it counts where the cloth is `loose` (V) bool or goes just under it: a skirt in front
    of both legs; otherwise a point between arm and trunk would be pulled out through the arm.
    """
    for i in range(len(points)):
        planes[i, 0], planes[i, 1], planes[i, 2], planes[i, 3] = 0.0, 0.0, 0.0, -NOWHERE
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        ox, oy, oz = own[i, 0], own[i, 1], own[i, 2]
        v = far_vertex(grid, shell, x, y, z, reach, rest[i, 0], rest[i, 1], rest[i, 2], ox, oy, oz)
        if v >= 0:
            nx, ny, nz, along, ahead, rim = plane_at(shell, x, y, z, v)
            facing = nx * ox + ny * oy + nz * oz
            if not rim and (facing < 0 or loose[i] or ahead > -0.002):
                planes[i, 0], planes[i, 1], planes[i, 2], planes[i, 3] = nx, ny, nz, along + offset[i]


@compiled
def measure(grid, shell, points, reach, ahead):
    """How far in front of the nearest face each point is, metres, below zero behind it, into `ahead` (N);
    NOWHERE beyond `reach`, or beside the rim."""
    for i in range(len(points)):
        ahead[i] = NOWHERE
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        v, _ = nearest_vertex(grid, x, y, z, reach)
        if v >= 0:
            _, _, _, _, distance, rim = plane_at(shell, x, y, z, v)
            if not rim:
                ahead[i] = distance


@compiled
def tuck(grid, shell, skin_grid, skin, points, normals, gap):
    """Move each point that is less than `gap` beneath a surface that looks its way to there, or to the skin."""
    for i in range(len(points)):
        v, _ = nearest_vertex(grid, points[i, 0], points[i, 1], points[i, 2], 0.025)
        if v >= 0:
            nx, ny, nz, _, ahead, rim = plane_at(shell, points[i, 0], points[i, 1], points[i, 2], v)
            alike = nx * normals[i, 0] + ny * normals[i, 1] + nz * normals[i, 2] > 0.3
            if not rim and alike and -gap < ahead and ahead < 0.02:
                points[i, 0] -= (ahead + gap) * nx
                points[i, 1] -= (ahead + gap) * ny
                points[i, 2] -= (ahead + gap) * nz
                w, _ = nearest_vertex(skin_grid, points[i, 0], points[i, 1], points[i, 2], 0.06)
                if w >= 0:
                    nx, ny, nz, _, ahead, _ = plane_at(skin, points[i, 0], points[i, 1], points[i, 2], w)
                    lack = max(0.0, 0.0005 - ahead)
                    points[i, 0] += lack * nx
                    points[i, 1] += lack * ny
                    points[i, 2] += lack * nz
