"""Fine ups and downs of a surface that the mesh does not have: yarn, grain, crumples, strands, wrinkles of skin.

A height h lives on the resting body. Its slopes along two edges of the resting triangle are those along the posed
triangle's edges, so that the relief turns and bends with the cloth: n' = n - (∇h - (∇h · n) n).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance.albedo import DEFAULT_FOOTPRINT
from avatarkit.appearance.cloth import KNIT, unrolled, woven
from avatarkit.appearance.looks import CLOTH, STRANDS, Looks, points_of
from avatarkit.appearance.noise import noise2, noise3, step
from avatarkit.appearance.regions import SKIN
from avatarkit.appearance.wrinkles import wrinkled
from avatarkit.kernels import compiled, inlined, outlined

PIXELS_A_WAVE = 3.0
"""A bump finer than this is widened until it can be seen, and keeps most of its slope."""
STEEPEST = 1.2


def relief(
    looks: Looks, face: Any, barycentric: Any, normals: Any, *, footprint: float = DEFAULT_FOOTPRINT
) -> NDArray[np.float32]:
    """(P,3) float32 unit: world `normals` (P,3) bent by the relief of the points `face` (P), `barycentric` (P,3).

    `footprint`: metres that a pixel spans.
    """
    face, barycentric = points_of(face, barycentric)
    bent = np.array(normals, np.float32, order="C")
    vertices = looks.mesh.vertices.detach().cpu().numpy().astype(np.float64)
    bumps = _visible(looks.rows.bumps, footprint)
    bend_points(looks.corners, looks.places, vertices, looks.row, looks.rows, bumps, looks.skin, face, barycentric,
                footprint, bent)  # fmt: skip
    return bent


def _visible(bumps: NDArray[np.float64], footprint: float) -> NDArray[np.float64]:
    """Heights and wavelengths (M,3,4), wavelengths stretched to what pixels can show."""
    finest = bumps[..., 1:].min(axis=-1, keepdims=True)
    stretch = np.maximum(PIXELS_A_WAVE * footprint / finest, 1)
    return np.concatenate([bumps[..., :1] * stretch**0.5, bumps[..., 1:] * stretch], axis=-1)


@inlined
def rolling(bumps, m, x, y, z, seed):
    """The sum of a row's bumps."""
    height = 0.0
    for n in range(3):
        if bumps[m, n, 0] > 0:
            height += bumps[m, n, 0] * noise3(x / bumps[m, n, 1], y / bumps[m, n, 2], z / bumps[m, n, 3], seed + 7 * n)
    return height


@outlined
def height_at(rows, bumps, skin, m, p, pixel):
    """Metres above the mesh at a place p (x, y, z and five fields)."""
    kind, seed = rows.kind[m], rows.seed[m] + 50
    x, y, z = p[0], p[1], p[2]
    if kind == CLOTH:
        height = rolling(bumps, m, x, y, z, seed)
        border = min(p[3], abs(p[4]))
        # a seam lies in a groove, and the cloth beside it is doubled
        height += 0.0009 * step(0.013, 0.010, border) * step(0.0, 0.0022 + pixel, border)
        if rows.weave[m] == KNIT:
            u, v, _, _ = unrolled(rows, m, x, y, z)
            height += 0.00055 * woven(KNIT, u, v, rows.cloth[m, 3], pixel, seed)
        return height
    if kind == STRANDS:
        curly = rows.cloth[m, 4] > 0.5
        if p[5] > 0.5 and not curly:
            width = max(0.0014, 1.5 * pixel)
            fine = noise2(p[4] / width, 3 * p[3], seed)
            return 0.30 * width * fine + 0.0022 * noise2(p[4] / 0.012, 1.5 * p[3], seed + 1)
        if curly:
            size = max(0.006, 2.5 * pixel)
            return (
                0.35 * size * noise3((x + 0.6 * y) / size, (y - 0.5 * z) / size, (z + 0.4 * x) / size, seed)
                + rolling(bumps, m, x, y, z, seed) * 0.5
            )
        return rolling(bumps, m, x, y, z, seed)
    if kind == SKIN:
        return rolling(bumps, m, x, y, z, seed) + wrinkled(skin, x, y, z, p[3], p[5], pixel)
    return 0.0


@inlined
def place_at(places, i, j, k, s, t, q):
    """The place of weights (s, t, q), as far as heights ask for it."""
    return (
        s * places[i, 0] + t * places[j, 0] + q * places[k, 0],
        s * places[i, 1] + t * places[j, 1] + q * places[k, 1],
        s * places[i, 2] + t * places[j, 2] + q * places[k, 2],
        s * places[i, 3] + t * places[j, 3] + q * places[k, 3],
        s * places[i, 4] + t * places[j, 4] + q * places[k, 4],
        s * places[i, 5] + t * places[j, 5] + q * places[k, 5],
    )


@inlined
def edge(points, i, j):
    return points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]


@inlined
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled
def bend_points(corners, places, vertices, row, rows, bumps, skin, face, barycentric, pixel, normals):
    for p in range(len(face)):
        f = face[p]
        m = row[f]
        i, j, k = corners[f, 0], corners[f, 1], corners[f, 2]
        rest_e, rest_g = edge(places, i, j), edge(places, i, k)
        length_e, length_g = math.sqrt(dot(rest_e, rest_e)), math.sqrt(dot(rest_g, rest_g))
        e, g = edge(vertices, i, j), edge(vertices, i, k)
        ee, eg, gg = dot(e, e), dot(e, g), dot(g, g)
        area = ee * gg - eg * eg
        if length_e < 1e-7 or length_g < 1e-7 or area < 1e-6 * ee * gg:
            continue
        s, t, q = barycentric[p, 0], barycentric[p, 1], barycentric[p, 2]
        # a step of half a pixel along each edge, as a share of it
        to_e, to_g = 0.5 * pixel / length_e, 0.5 * pixel / length_g
        here = height_at(rows, bumps, skin, m, place_at(places, i, j, k, s, t, q), pixel)
        a = height_at(rows, bumps, skin, m, place_at(places, i, j, k, s - to_e, t + to_e, q), pixel) - here
        b = height_at(rows, bumps, skin, m, place_at(places, i, j, k, s - to_g, t, q + to_g), pixel) - here
        a, b = a / to_e, b / to_g
        along_e, along_g = (a * gg - b * eg) / area, (b * ee - a * eg) / area
        x, y, z = (along_e * e[0] + along_g * g[0], along_e * e[1] + along_g * g[1], along_e * e[2] + along_g * g[2])
        n = normals[p, 0], normals[p, 1], normals[p, 2]
        out = x * n[0] + y * n[1] + z * n[2]
        x, y, z = x - out * n[0], y - out * n[1], z - out * n[2]
        steep = math.sqrt(x * x + y * y + z * z)
        limit = min(1.0, STEEPEST / steep) if steep > 0 else 1.0
        x, y, z = n[0] - limit * x, n[1] - limit * y, n[2] - limit * z
        length = math.sqrt(x * x + y * y + z * z)
        normals[p, 0], normals[p, 1], normals[p, 2] = x / length, y / length, z / length
