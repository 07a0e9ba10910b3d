"""Light that a point of a person sends to the camera, for kernels; linear RGB."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance.looks import STRANDS
from avatarkit.appearance.noise import clamp, mix, step
from avatarkit.appearance.regions import EYE
from avatarkit.appearance.relief import dot, edge
from avatarkit.kernels import compiled, inlined, outlined

SCATTER = (0.42, 0.16, 0.09)
"""How far light wraps around the terminator of skin: red goes furthest below it."""


class Scene(NamedTuple):
    """The light as kernels read it."""

    sh: NDArray[np.float64]
    """(9,3) radiance"""
    smooth: NDArray[np.float64]
    """(9,3) irradiance over π"""
    towards: NDArray[np.float64]
    colour: NDArray[np.float64]
    size: float
    glint: NDArray[np.float64]
    """(3) where a window stands that eyes mirror"""
    bright: float
    """light of that window"""


@inlined
def harmonic(sh, c, x, y, z):
    """Channel c of an expansion (9,3) in the direction (x, y, z)."""
    return (
        0.282095 * sh[0, c] + 0.488603 * (y * sh[1, c] + z * sh[2, c] + x * sh[3, c])
        + 1.092548 * (x * y * sh[4, c] + y * z * sh[5, c] + x * z * sh[7, c])
        + 0.315392 * (3 * z * z - 1) * sh[6, c] + 0.546274 * (x * x - y * y) * sh[8, c]
    )  # fmt: skip


@inlined
def linear(value):
    """Linear light of an sRGB value: a polynomial within 0.2 % of full scale (Chilliant)."""
    return value * (value * (value * 0.305306011 + 0.682171111) + 0.012522878)


@inlined
def unit3(x, y, z):
    length = math.sqrt(x * x + y * y + z * z) + 1e-12
    return x / length, y / length, z / length


@outlined
def lobe(facing_half, facing_light, facing_eye, roughness):
    """GGX's lobe with Smith's masking (Walter et al. 2007), times the cosine to the light, without Fresnel."""
    a = roughness * roughness
    d = facing_half * facing_half * (a * a - 1) + 1
    masking = 2 * (0.5 + 0.5 * a) * max(facing_light, 0.05) + a
    return a * a / (math.pi * d * d) * facing_light / (4 * masking * max(facing_eye, 0.1) + 1e-3) * 2


@inlined
def schlick(gloss, cosine):
    """Fresnel's reflectance at a cosine (Schlick 1994)."""
    g = 1 - clamp(cosine, 0.0, 1.0)
    return gloss + (1 - gloss) * g * g * g * g * g


@outlined
def strand_shine(scene, t, eye):
    """Kajiya and Kay 1989: (highlight, second highlight) of hair along the unit tangent t."""
    hx, hy, hz = unit3(scene.towards[0] + eye[0], scene.towards[1] + eye[1], scene.towards[2] + eye[2])
    along = t[0] * hx + t[1] * hy + t[2] * hz
    first = max(1 - (along + 0.08) ** 2, 0.0) ** 60
    second = max(1 - (along - 0.14) ** 2, 0.0) ** 18
    return first, second


@compiled
def comb(rows, row, corners, places, vertices, tangents):
    """Add up in `tangents` (V,3) where hair runs at each vertex: towards the tips, or else down the resting body."""
    for f in range(len(corners)):
        if rows.kind[row[f]] != STRANDS:
            continue
        i, j, k = corners[f, 0], corners[f, 1], corners[f, 2]
        e, g = edge(vertices, i, j), edge(vertices, i, k)
        if places[i, 5] > 0.5:
            a, b = places[j, 3] - places[i, 3], places[k, 3] - places[i, 3]
        else:
            a, b = places[i, 1] - places[j, 1], places[i, 1] - places[k, 1]
        ee, eg, gg = dot(e, e), dot(e, g), dot(g, g)
        area = ee * gg - eg * eg
        if area < 1e-16:
            continue
        s, t = (a * gg - b * eg) / area, (b * ee - a * eg) / area
        x, y, z = unit3(s * e[0] + t * g[0], s * e[1] + t * g[1], s * e[2] + t * g[2])
        for v in (i, j, k):
            tangents[v, 0] += x
            tangents[v, 1] += y
            tangents[v, 2] += z


@compiled
def shade_points(scene, rows, row, corners, tangents, face, barycentric, albedo, normals, eyes, free, seen, light):
    """`light` (P,3) of points with `albedo` (P,3) sRGB, `normals` (P,3), directions to the camera `eyes` (P,3).

    `free` (P,3) is the share of the environment's light that arrives, `seen` (P,) that of the lamp's.
    """
    for p in range(len(face)):
        f = face[p]
        m = row[f]
        n = normals[p, 0], normals[p, 1], normals[p, 2]
        eye = eyes[p, 0], eyes[p, 1], eyes[p, 2]
        lamp = scene.towards[0], scene.towards[1], scene.towards[2]
        facing_eye, facing_lamp = dot(n, eye), dot(n, lamp)
        h = unit3(lamp[0] + eye[0], lamp[1] + eye[1], lamp[2] + eye[2])
        roughness, gloss, fuzz, below = rows.shine[m, 0], rows.shine[m, 1], rows.shine[m, 2], rows.shine[m, 3]
        rough = math.sqrt(min(roughness * roughness + 0.4 * scene.size, 1.0))
        shine = lobe(max(dot(n, h), 0.0), max(facing_lamp, 0.0), max(facing_eye, 0.0), rough)
        shine *= schlick(gloss, dot(h, eye)) * math.pi * seen[p]
        # the environment mirrored in a rough surface is a dim one
        r = 2 * facing_eye * n[0] - eye[0], 2 * facing_eye * n[1] - eye[1], 2 * facing_eye * n[2] - eye[2]
        mirrored = (gloss + (1 - gloss) * (1 - roughness) ** 2 * (1 - clamp(facing_eye, 0.0, 1.0)) ** 5) * (
            1 - 0.6 * roughness
        )
        grazing = (1 - clamp(facing_eye, 0.0, 1.0)) ** 3
        hair, hair2 = 0.0, 0.0
        if rows.kind[m] == STRANDS:
            # the rim of a lock is made of fibres that do not graze: it would be a row of white dots
            mirrored, grazing = gloss * (1 - 0.6 * roughness), 0.3 * grazing
            i, j, k = corners[f, 0], corners[f, 1], corners[f, 2]
            u, v, w = barycentric[p, 0], barycentric[p, 1], barycentric[p, 2]
            t = unit3(
                u * tangents[i, 0] + v * tangents[j, 0] + w * tangents[k, 0],
                u * tangents[i, 1] + v * tangents[j, 1] + w * tangents[k, 1],
                u * tangents[i, 2] + v * tangents[j, 2] + w * tangents[k, 2],
            )
            hair, hair2 = strand_shine(scene, t, eye)
            # curls point everywhere: no band of light
            hair, hair2 = hair * (1 - rows.cloth[m, 4]), hair2 * (1 - 0.8 * rows.cloth[m, 4])
            hair, hair2 = (
                0.16 * hair * seen[p] * step(-0.2, 0.3, facing_lamp),
                0.55 * hair2 * seen[p] * step(-0.2, 0.4, facing_lamp),
            )
            shine *= 0.25
        catch = 0.0
        if rows.kind[m] == EYE:
            across = r[0] * scene.glint[0] + r[1] * scene.glint[1] + r[2] * scene.glint[2]
            catch = scene.bright * step(0.925, 0.965, across)
        for c in range(3):
            colour = linear(albedo[p, c])
            wrap = below * SCATTER[c]
            # light that wraps also enters where a thin shadow lies
            arriving = mix(seen[p], math.sqrt(seen[p]), 0.5 * wrap)
            diffuse = max((facing_lamp + wrap) / ((1 + wrap) * (1 + wrap)), 0.0) * arriving * scene.colour[c]
            around = max(harmonic(scene.smooth, c, n[0], n[1], n[2]), 0.0)
            # what is hidden from the sky still sees the person, in the person's colours
            ambient = around * (free[p, c] + 0.45 * (1 - free[p, c]) * colour)
            sky = max(harmonic(scene.sh, c, r[0], r[1], r[2]), 0.0)
            total = colour * (diffuse + ambient) + shine * scene.colour[c] + mirrored * sky * free[p, c]
            total += fuzz * grazing * (0.35 * ambient + 0.25 * diffuse) * (0.25 + 0.75 * colour)
            total += (hair + hair2 * colour) * scene.colour[c] + hair2 * 0.25 * colour * around * free[p, c]
            light[p, c] = total + catch
