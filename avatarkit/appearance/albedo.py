"""The colour of a person at points of their surface, without light."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance.cloth import cloth, strands
from avatarkit.appearance.looks import CLOTH, STRANDS, Looks, points_of
from avatarkit.appearance.noise import clamp
from avatarkit.appearance.regions import EYE, MOUTH, TEETH
from avatarkit.appearance.skin import eyeball, mouth, painted, tooth
from avatarkit.kernels import compiled

DEFAULT_FOOTPRINT = 0.0035
"""Metres that a pixel spans where a grown person fills an image of 512."""


def albedo(looks: Looks, face: Any, barycentric: Any, *, footprint: float = DEFAULT_FOOTPRINT) -> NDArray[np.float32]:
    """(P,3) float32 sRGB in 0 … 1 at points on `looks.mesh`: `face` (P) int, `barycentric` (P,3).

    `footprint`: metres that a pixel or texel spans; what is finer comes out as its mean.
    """
    face, barycentric = points_of(face, barycentric)
    colours = np.empty((len(face), 3), np.float32)
    colour_points(looks.corners, looks.places, looks.row, looks.rows, looks.skin, face, barycentric, footprint, colours)
    return colours


@compiled
def colour_points(corners, places, row, rows, skin, face, barycentric, pixel, colours):
    for p in range(len(face)):
        f = face[p]
        i, j, k = corners[f, 0], corners[f, 1], corners[f, 2]
        s, t, q = barycentric[p, 0], barycentric[p, 1], barycentric[p, 2]
        x = s * places[i, 0] + t * places[j, 0] + q * places[k, 0]
        y = s * places[i, 1] + t * places[j, 1] + q * places[k, 1]
        z = s * places[i, 2] + t * places[j, 2] + q * places[k, 2]
        a = s * places[i, 3] + t * places[j, 3] + q * places[k, 3]
        b = s * places[i, 4] + t * places[j, 4] + q * places[k, 4]
        c = s * places[i, 5] + t * places[j, 5] + q * places[k, 5]
        m = row[f]
        kind = rows.kind[m]
        if kind == CLOTH:
            red, green, blue = cloth(rows, m, x, y, z, a, b, pixel)
        elif kind == STRANDS:
            red, green, blue = strands(rows, m, x, y, z, a, b, c, pixel)
        elif kind == EYE:
            red, green, blue = eyeball(skin, x, y, z, pixel)
        elif kind == TEETH:
            red, green, blue = tooth(x, y, z)
        elif kind == MOUTH:
            red, green, blue = mouth(skin, x, y, z)
        else:
            d = s * places[i, 6] + t * places[j, 6] + q * places[k, 6]
            e = s * places[i, 7] + t * places[j, 7] + q * places[k, 7]
            red, green, blue = painted(skin, x, y, z, a, b, c, d, e, pixel)
        colours[p, 0], colours[p, 1], colours[p, 2] = (
            clamp(red, 0.0, 1.0),
            clamp(green, 0.0, 1.0),
            clamp(blue, 0.0, 1.0),
        )
