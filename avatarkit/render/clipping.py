"""Triangles that leave the clip volume, cut to what lies within (Sutherland and Hodgman), in homogeneous pixels."""

from avatarkit.kernels import inlined
from avatarkit.render.projection import GUARD


@inlined
def distance(polygon, corner, plane):
    """Signed distance of a homogeneous corner to a clip plane: near, far, and the guard band's four."""
    x, y, z, w = polygon[corner, 0], polygon[corner, 1], polygon[corner, 2], polygon[corner, 3]
    if plane == 0:
        return z + w
    if plane == 1:
        return w - z
    if plane == 2:
        return x + GUARD * 0.5 * w
    if plane == 3:
        return GUARD * 0.5 * w - x
    if plane == 4:
        return y + GUARD * 0.5 * w
    return GUARD * 0.5 * w - y


@inlined
def clip_polygon(polygon, cut, count):
    """The polygon (16,4) cut in place; how many corners are left. A cut is made from its inner end: twice the same."""
    for plane in range(6):
        found = 0
        for i in range(count):
            after = (i + 1) % count
            d, e = distance(polygon, i, plane), distance(polygon, after, plane)
            if d >= 0:
                for k in range(4):
                    cut[found, k] = polygon[i, k]
                found += 1
            if (d >= 0) != (e >= 0):
                inner, outer, share = (i, after, d / (d - e)) if d >= 0 else (after, i, e / (e - d))
                for k in range(4):
                    cut[found, k] = polygon[inner, k] + (polygon[outer, k] - polygon[inner, k]) * share
                found += 1
        for i in range(found):
            for k in range(4):
                polygon[i, k] = cut[i, k]
        count = found
        if count < 3:
            return 0
    return count
