"""Half-edge collapses by quadric error, in numba: a vertex goes onto a neighbour, and its two faces are gone.

       p                     p       A vertex is a place; a wedge is a place with its texture coordinates. Of a
      /|\\                   / \\      collapse a -> b, the faces at the edge say which wedge of b each wedge of a
     / | \\                 /   \\     becomes. Where a seam runs through a, it must run on along the edge, or there
--- a--+--b ---     =>   -- b --      is a wedge of a that becomes none, and the collapse is refused.
     \\ | /                 \\   /
      \\|/                   \\ /      Corners c = 3 face + k at a vertex are a list; dead ones have vertex -1.
       q                     q
"""

import numpy as np

from avatarkit.decimation.corners import FIXED, RIM, back, ends, onward, sift, tidy, valence
from avatarkit.kernels import compiled, outlined

UPRIGHT = 0.5  # a face's normal may turn by 60 degrees in a collapse
FLAT = 0.05  # and its quality, 1 for an equilateral triangle, fall to this
SHORT = 3e-4  # of an edge's squared length counts as squared error: where all is flat, the shortest goes


@outlined
def crossed(p, q, r):
    ux, uy, uz = q[0] - p[0], q[1] - p[1], q[2] - p[2]
    vx, vy, vz = r[0] - p[0], r[1] - p[1], r[2] - p[2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@outlined
def square(p, q):
    return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2


@outlined
def turned_over(p, q, r, moved):
    """Does the face p q r turn far, or become a needle, when p is moved?"""
    ax, ay, az = crossed(p, q, r)
    bx, by, bz = crossed(moved, q, r)
    before, after = ax * ax + ay * ay + az * az, bx * bx + by * by + bz * bz
    lengths = square(p, q) + square(q, r) + square(r, p)
    moved_lengths = square(moved, q) + square(q, r) + square(r, moved)
    if after <= 1e-24 * moved_lengths * moved_lengths:
        return True
    if before > 1e-24 * lengths * lengths:
        along = ax * bx + ay * by + az * bz
        if along < 0 or along * along < UPRIGHT * UPRIGHT * before * after:
            return True
    # 2 sqrt(3) twice the area over the sum of the squared edges
    shape, was = 12 * after / moved_lengths**2, 12 * before / max(lengths, 1e-30) ** 2
    return shape < FLAT * FLAT and shape < was


@outlined
def area_in_texture(uv, p, q, r):
    return (uv[q, 0] - uv[p, 0]) * (uv[r, 1] - uv[p, 1]) - (uv[q, 1] - uv[p, 1]) * (uv[r, 0] - uv[p, 0])


@outlined
def squared(quadric, x, y, z):
    q = quadric
    return (
        x * (q[0] * x + 2 * (q[1] * y + q[2] * z + q[3]))
        + y * (q[4] * y + 2 * (q[5] * z + q[6]))
        + z * (q[7] * z + 2 * q[8])
        + q[9]
    )


@outlined
def off_outline(outline, u, v):
    return u * (outline[0] * u + 2 * (outline[1] * v + outline[2])) + v * (outline[3] * v + 2 * outline[4]) + outline[5]


@outlined
def error(mesh, a, b):
    """What a -> b costs: squared metres times area, of the surface in all poses and of the charts' outlines."""
    total = SHORT * mesh.areas[a] * square(mesh.points[0, a], mesh.points[0, b])
    for k in range(len(mesh.points)):
        x, y, z = mesh.points[k, b, 0], mesh.points[k, b, 1], mesh.points[k, b, 2]
        total += squared(mesh.quadrics[a, k], x, y, z) + squared(mesh.quadrics[b, k], x, y, z)
    _, wa, wb, va, vb = ends(mesh, a, b)
    if wa >= 0:
        u, v = mesh.uv[wb, 0], mesh.uv[wb, 1]
        total += off_outline(mesh.outlines[wa], u, v) + off_outline(mesh.outlines[wb], u, v)
    if va != wa:
        u, v = mesh.uv[vb, 0], mesh.uv[vb, 1]
        total += off_outline(mesh.outlines[va], u, v) + off_outline(mesh.outlines[vb], u, v)
    return max(total, 0.0)


@outlined
def shared(mesh, a, b):
    """How many neighbours a and b have in common; and -1 where one of those could not spare a face."""
    mesh.used[1] += 1
    stamp, n = mesh.used[1], 0
    c = mesh.first[a]
    while c >= 0:
        if mesh.vertices[c] == a:
            mesh.stamps[mesh.vertices[onward(c)]] = stamp
            mesh.stamps[mesh.vertices[back(c)]] = stamp
        c = mesh.following[c]
    c = mesh.first[b]
    while c >= 0:
        if mesh.vertices[c] == b:
            for other in (onward(c), back(c)):
                v = mesh.vertices[other]
                if mesh.stamps[v] == stamp:
                    mesh.stamps[v] = 0
                    n += 1
                    if v != a and mesh.kinds[v] != RIM and valence(mesh, v) < 4:
                        return -1
        c = mesh.following[c]
    return n


@outlined
def may(mesh, a, b):
    """May a go onto b: with the link condition, along rims and seams, with no face turned over, in space or texture?"""
    n, wa, wb, va, vb = ends(mesh, a, b)
    if mesh.kinds[a] == FIXED or n != (1 if mesh.kinds[a] == RIM else 2) or (wa == va and wb != vb):
        return False
    if shared(mesh, a, b) != n:
        return False
    c = mesh.first[a]
    while c >= 0:
        if mesh.vertices[c] == a:
            w, p, q = mesh.wedges[c], mesh.vertices[onward(c)], mesh.vertices[back(c)]
            if w != wa and w != va:
                return False
            if p != b and q != b:
                if turned_over(mesh.points[0, a], mesh.points[0, p], mesh.points[0, q], mesh.points[0, b]):
                    return False
                wp, wq = mesh.wedges[onward(c)], mesh.wedges[back(c)]
                before = area_in_texture(mesh.uv, w, wp, wq)
                after = area_in_texture(mesh.uv, wb if w == wa else vb, wp, wq)
                if (before > 0 and after <= 0) or (before < 0 and after >= 0):
                    return False
        c = mesh.following[c]
    return True


@outlined
def choose(mesh, v):
    """The cheapest neighbour that v may go onto."""
    mesh.cost[v], mesh.goal[v] = np.inf, -1
    c = mesh.first[v]
    while c >= 0:
        if mesh.vertices[c] == v:
            for k in range(1 + (mesh.kinds[v] == RIM)):
                u = mesh.vertices[onward(c) if k == 0 else back(c)]
                found = error(mesh, v, u)
                if found < mesh.cost[v] and may(mesh, v, u):
                    mesh.cost[v], mesh.goal[v] = found, u
        c = mesh.following[c]


@outlined
def move(mesh, a, b):
    """a goes onto b: its corners become b's, the faces between them die."""
    _, wa, wb, va, vb = ends(mesh, a, b)
    mesh.becomes[wa], mesh.becomes[va] = wb, vb
    for i in range(6):
        mesh.outlines[wb, i] += mesh.outlines[wa, i]
        if va != wa:
            mesh.outlines[vb, i] += mesh.outlines[va, i]
    for k in range(len(mesh.points)):
        for i in range(10):
            mesh.quadrics[b, k, i] += mesh.quadrics[a, k, i]
    mesh.areas[b] += mesh.areas[a]
    c = mesh.first[a]
    while c >= 0:
        after = mesh.following[c]
        if mesh.vertices[c] == a:
            p, q = onward(c), back(c)
            if mesh.vertices[p] == b or mesh.vertices[q] == b:
                mesh.vertices[c] = mesh.vertices[p] = mesh.vertices[q] = -1
                mesh.used[0] -= 1
            else:
                mesh.vertices[c], mesh.wedges[c] = b, mesh.becomes[mesh.wedges[c]]
                mesh.following[c], mesh.first[b] = mesh.first[b], c
        c = after
    mesh.first[a] = -1


@compiled
def collapse(mesh, faces):
    """Collapse the cheapest until at most `faces` are left, or none may go."""
    size = len(mesh.first)
    for v in range(size):
        choose(mesh, v)
    for v in range(size):
        mesh.heap[v] = mesh.place[v] = v
        sift(mesh, v, v + 1)
    while mesh.used[0] > faces:
        a = mesh.heap[0]
        b = mesh.goal[a]
        if b < 0:
            return
        if not may(mesh, a, b):  # what is two edges away has changed
            choose(mesh, a)
            sift(mesh, a, size)
            continue
        move(mesh, a, b)
        mesh.cost[a], mesh.goal[a] = np.inf, -1
        sift(mesh, a, size)
        tidy(mesh, b)
        c = mesh.first[b]
        while c >= 0:
            for other in (onward(c), back(c)):
                v = mesh.vertices[other]
                tidy(mesh, v)
                choose(mesh, v)
                sift(mesh, v, size)
            c = mesh.following[c]
        choose(mesh, b)
        sift(mesh, b, size)
