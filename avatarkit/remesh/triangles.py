"""Points, triangles and their normals as tuples, in numba."""

import numpy as np

from avatarkit.kernels import outlined


@outlined
def at(points, v):
    return points[v, 0], points[v, 1], points[v, 2]


@outlined
def square(a, b):
    """The squared distance of two points."""
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return x * x + y * y + z * z


@outlined
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@outlined
def cross(a, b, c):
    """The outward normal of a triangle times twice its area."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@outlined
def quality(a, b, c):
    """Squared, 4 sqrt(3) area / sum of squared edges: 1 for an equilateral triangle, 0 for one without area."""
    lengths = square(a, b) + square(b, c) + square(c, a)
    normal = cross(a, b, c)
    return 12 * dot(normal, normal) / (lengths * lengths) if lengths > 0 else 0.0


@outlined
def agree(before, after, least):
    """Is the cosine between two normals more than `least` ≥ 0? No, if one of them is zero."""
    along = dot(before, after)
    return along > 0 and along * along > least * least * dot(before, before) * dot(after, after)


@outlined
def cosine(a, b):
    """Of the angle between two vectors; -1 if one of them is zero."""
    lengths = dot(a, a) * dot(b, b)
    return dot(a, b) / np.sqrt(lengths) if lengths > 0 else -1.0
