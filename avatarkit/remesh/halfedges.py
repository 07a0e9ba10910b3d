"""A triangle mesh that is edited in place, in numba: half-edges, and the three moves on an edge.

             c                        half-edge h = 3 face + corner runs a -> b, from corners[h]
            / \\                       onward(h): b -> c, the next of its face;  back(h): c -> a
           /   \\                      twins[h]: b -> a, in the face on the other side; -1 on the rim
          /  f  \\
         /   h   \\                    The rim: vertices of an edge without exactly one face on either side,
        a ------> b                   and vertices on several fans of faces. They are kept as they are,
         \\ twins /                    so what is open or not manifold stays so and spoils nothing.
          \\  g  /
           \\   /                      A dead face has the corners -1, a dead vertex the spoke -1.
            \\ /
             d
"""

from typing import NamedTuple

import numpy as np

from avatarkit.kernels import outlined
from avatarkit.remesh.triangles import at

FREE, FROZEN, RIM = 0, 1, 2


class HalfEdges(NamedTuple):
    """Arrays with room for every split; `used` says how far they are filled."""

    points: np.ndarray  # (V,3) float64
    normals: np.ndarray  # (V,3) float64: as they were at first, not always of length 1
    targets: np.ndarray  # (V,) float64
    values: np.ndarray  # (V,C) float64: what is blended
    labels: np.ndarray  # (V,K) int64: what is taken from one end
    kinds: np.ndarray  # (V,) uint8: FREE, FROZEN or RIM
    corners: np.ndarray  # (3 F,) int64
    twins: np.ndarray  # (3 F,) int64
    spokes: np.ndarray  # (V,) int64: a half-edge that starts at the vertex
    valences: np.ndarray  # (V,) int64
    stamps: np.ndarray  # (V,) int64: scratch, to mark sets of vertices
    used: np.ndarray  # (3,) int64: vertices, faces, stamps


@outlined
def onward(h):
    return h + 1 if h % 3 < 2 else h - 2


@outlined
def back(h):
    return h - 1 if h % 3 > 0 else h + 2


@outlined
def outward(half, a, b, c):
    """Where a face should look: the sum of the normals that its vertices had at first."""
    p, q, r = at(half.normals, a), at(half.normals, b), at(half.normals, c)
    return p[0] + q[0] + r[0], p[1] + q[1] + r[1], p[2] + q[2] + r[2]


@outlined
def are_joined(half, v, w):
    """Is there an edge between v, not on the rim, and w?"""
    h = start = half.spokes[v]
    while True:
        if half.corners[onward(h)] == w:
            return True
        h = half.twins[back(h)]
        if h == start:
            return False


@outlined
def blend(half, v, a, b):
    """Give v the mean of what a and b carry."""
    half.targets[v] = (half.targets[a] + half.targets[b]) / 2
    for axis in range(3):
        half.normals[v, axis] = (half.normals[a, axis] + half.normals[b, axis]) / 2
    for column in range(half.values.shape[1]):
        half.values[v, column] = (half.values[a, column] + half.values[b, column]) / 2


@outlined
def split(half, h, point):
    """A new vertex m at `point` on the edge of h: a m c stays in h's place, m b c is new; b m d stays, m a d is new."""
    corners, twins, spokes = half.corners, half.twins, half.spokes
    t, h1 = twins[h], onward(h)
    t1 = onward(t)
    a, b, c, d = corners[h], corners[t], corners[back(h)], corners[back(t)]
    m, f = half.used[0], 3 * half.used[1]
    g = f + 3
    corners[f], corners[f + 1], corners[f + 2] = m, b, c
    corners[g], corners[g + 1], corners[g + 2] = m, a, d
    corners[h1] = corners[t1] = m
    twins[f + 1], twins[g + 1] = twins[h1], twins[t1]
    for e in (f + 1, g + 1):
        if twins[e] >= 0:
            twins[twins[e]] = e
    twins[h], twins[g], twins[t], twins[f] = g, h, f, t
    twins[h1], twins[f + 2], twins[t1], twins[g + 2] = f + 2, h1, g + 2, t1
    spokes[m], spokes[a], spokes[b] = f, h, t
    half.valences[m] = 4
    half.valences[c] += 1
    half.valences[d] += 1
    half.points[m, 0], half.points[m, 1], half.points[m, 2] = point
    for column in range(half.labels.shape[1]):
        half.labels[m, column] = half.labels[min(a, b), column]
    blend(half, m, a, b)
    half.kinds[m] = FREE
    half.used[0] += 1
    half.used[1] += 2


@outlined
def flip(half, h):
    """Turn the edge a b of h into c d: the faces a b c and b a d become a d c and d b c."""
    corners, twins, spokes = half.corners, half.twins, half.spokes
    t = twins[h]
    f, g = h - h % 3, t - t % 3
    a, b, c, d = corners[h], corners[t], corners[back(h)], corners[back(t)]
    bc, ca, ad, db = twins[onward(h)], twins[back(h)], twins[onward(t)], twins[back(t)]
    corners[f], corners[f + 1], corners[f + 2] = a, d, c
    corners[g], corners[g + 1], corners[g + 2] = d, b, c
    twins[f], twins[f + 1], twins[f + 2] = ad, g + 2, ca
    twins[g], twins[g + 1], twins[g + 2] = db, bc, f + 1
    for e in (f, f + 2, g, g + 1):
        if twins[e] >= 0:
            twins[twins[e]] = e
    spokes[a], spokes[b], spokes[c], spokes[d] = f, g + 1, f + 2, g
    half.valences[a] -= 1
    half.valences[b] -= 1
    half.valences[c] += 1
    half.valences[d] += 1


@outlined
def collapse(half, h, keep):
    """Join the ends of h, neither on the rim, in `keep`, one of them; its two faces and its other end die."""
    corners, twins, spokes, valences = half.corners, half.twins, half.spokes, half.valences
    t = twins[h]
    a, b, c, d = corners[h], corners[t], corners[back(h)], corners[back(t)]
    gone = a + b - keep
    e = start = spokes[gone]
    while True:
        corners[e] = keep
        e = twins[back(e)]
        if e == start:
            break
    bc, ca, ad, db = twins[onward(h)], twins[back(h)], twins[onward(t)], twins[back(t)]
    twins[bc], twins[ca], twins[ad], twins[db] = ca, bc, db, ad
    f, g = h - h % 3, t - t % 3
    for corner in range(3):
        corners[f + corner] = corners[g + corner] = -1
    # ca, the twin of c -> a, runs from the joined vertex to c; bc from c to it; ad from d to it
    spokes[keep], spokes[c], spokes[d], spokes[gone] = ca, bc, ad, -1
    valences[keep] = valences[a] + valences[b] - 4
    valences[c] -= 1
    valences[d] -= 1
