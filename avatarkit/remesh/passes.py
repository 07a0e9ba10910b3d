"""Split, collapse and flip over a whole mesh by target edge lengths, in numba [Palfinger 2022; Botsch, Kobbelt 2004].

A move is refused when it would bend a face over, flatten it, or join what is not joined; so a closed manifold stays
one. Each pass visits edges in an order that depends on the mesh alone: the same input gives the same bytes.
"""

import numpy as np

from avatarkit.kernels import compiled, outlined
from avatarkit.remesh.halfedges import (
    FREE,
    FROZEN,
    RIM,
    HalfEdges,
    are_joined,
    back,
    blend,
    collapse,
    flip,
    onward,
    outward,
    split,
)
from avatarkit.remesh.layout import packed
from avatarkit.remesh.triangles import agree, at, cosine, cross, quality, square

# of `quality`, 1 for an equilateral triangle: an angle of 3.3 degrees in a needle or of 170 in a cap; none; well formed
FLAT, ZERO, GOOD = 0.1**2, 1e-12, 0.6**2
UPRIGHT = 0.5  # a face's normal may turn by 60 degrees in a collapse,
LEVEL = 0.85  # and from its pair's mean normal by 32 degrees in a flip
OUTWARD = 0.5  # small turns add up: a face may lean by 78 degrees from where its vertices looked at first


@outlined
def relative_square(half, a, b):
    """The squared length of an edge over its squared target, the mean of its ends' targets."""
    target = (half.targets[a] + half.targets[b]) / 2
    return square(at(half.points, a), at(half.points, b)) / (target * target)


@outlined
def middle(half, a, b, single):
    """The midpoint, rounded to float32 where that is what goes out: what is checked here is then what comes out."""
    x = (half.points[a, 0] + half.points[b, 0]) / 2
    y = (half.points[a, 1] + half.points[b, 1]) / 2
    z = (half.points[a, 2] + half.points[b, 2]) / 2
    if single:
        return float(np.float32(x)), float(np.float32(y)), float(np.float32(z))
    return x, y, z


@outlined
def is_fixed(half, h):
    """Is the half-edge dead, on the rim, or between two vertices that are kept?"""
    if half.corners[h] < 0 or half.twins[h] < 0:
        return True
    return half.kinds[half.corners[h]] != FREE and half.kinds[half.corners[half.twins[h]]] != FREE


@compiled
def gather(half, low, high, found, keys):
    """`found` and `keys` get the half-edges with low <= (length / target)² < high, one an edge; how many there are."""
    n = 0
    for h in range(3 * half.used[1]):
        if h < half.twins[h] and not is_fixed(half, h):
            ratio = relative_square(half, half.corners[h], half.corners[half.twins[h]])
            if low <= ratio and ratio < high:
                found[n], keys[n] = h, ratio
                n += 1
    return n


@outlined
def splits_flat(half, h, m):
    """Would a vertex at m turn or flatten a face on either side of h?"""
    for e in (h, half.twins[h]):
        a, b = at(half.points, half.corners[e]), at(half.points, half.corners[onward(e)])
        c = at(half.points, half.corners[back(e)])
        before = cross(a, b, c)
        if not (agree(before, cross(a, m, c), UPRIGHT) and agree(before, cross(m, b, c), UPRIGHT)):
            return True
    return False


@compiled
def split_long(half, order, single):
    for h in order:
        m = middle(half, half.corners[h], half.corners[half.twins[h]], single)
        if not splits_flat(half, h, m):
            split(half, h, m)


@outlined
def are_linked_once(half, h):
    """The link condition: do the ends of h share just the two vertices that face it, and can those spare one?"""
    a, b = half.corners[h], half.corners[half.twins[h]]
    c, d = half.corners[back(h)], half.corners[back(half.twins[h])]
    if c == d or half.valences[c] < 4 or half.valences[d] < 4:
        return False
    half.used[2] += 1
    stamp = half.used[2]
    e = start = half.spokes[a]
    while True:
        half.stamps[half.corners[onward(e)]] = stamp
        e = half.twins[back(e)]
        if e == start:
            break
    shared = 0
    e = start = half.spokes[b]
    while True:
        shared += half.stamps[half.corners[onward(e)]] == stamp
        e = half.twins[back(e)]
        if e == start:
            return shared == 2


@outlined
def leans(looks, before, after):
    """Does a face lean far out from where its vertices look, and further than before?"""
    return not agree(looks, after, OUTWARD) and cosine(looks, after) < cosine(looks, before)


@outlined
def can_move(half, v, p, other, longest):
    """Can v move to p, its faces with `other` dying? No face may turn, flatten, or get an edge to be split at once."""
    here = at(half.points, v)
    e = start = half.spokes[v]
    while True:
        b, c = half.corners[onward(e)], half.corners[back(e)]
        if b != other and c != other:
            q, r = at(half.points, b), at(half.points, c)
            limit = longest * (half.targets[v] + half.targets[b]) / 2
            if square(p, q) > max(limit * limit, square(here, q)):
                return False
            before, after = cross(here, q, r), cross(p, q, r)
            if not agree(before, after, UPRIGHT) and quality(here, q, r) > ZERO:
                return False
            shape = quality(p, q, r)
            if shape < FLAT and shape < max(quality(here, q, r), ZERO):
                return False
            if leans(outward(half, v, b, c), before, after):
                return False
        e = half.twins[back(e)]
        if e == start:
            return True


@compiled
def collapse_short(half, order, shortest, longest, single):
    for h in order:
        if is_fixed(half, h):
            continue
        a, b = half.corners[h], half.corners[half.twins[h]]
        if half.kinds[a] == RIM or half.kinds[b] == RIM:
            continue
        if relative_square(half, a, b) >= shortest * shortest or not are_linked_once(half, h):
            continue
        keep = min(a, b)
        if half.kinds[a] == FROZEN or half.kinds[b] == FROZEN:
            keep = a if half.kinds[a] == FROZEN else b
            p = at(half.points, keep)
        else:
            p = middle(half, a, b, single)
        if can_move(half, a, p, b, longest) and can_move(half, b, p, a, longest):
            if half.kinds[keep] == FREE:
                half.points[keep, 0], half.points[keep, 1], half.points[keep, 2] = p
                blend(half, keep, a, b)
            collapse(half, h, keep)


@outlined
def gains_by_flip(half, h, longest):
    """Does turning the edge make valences more alike or slivers fewer, bend nothing, and make no worse triangle?"""
    corners, valences, t = half.corners, half.valences, half.twins[h]
    a, b, c, d = corners[h], corners[t], corners[back(h)], corners[back(t)]
    # sum over the four of (valence - 6)^2, before - after, = 2 (gain - 2)
    gain = valences[a] + valences[b] - valences[c] - valences[d]
    if c == d or gain < 2 or valences[a] < 4 or valences[b] < 4:
        return False
    p, q, r, s = at(half.points, a), at(half.points, b), at(half.points, c), at(half.points, d)
    worst, best = min(quality(p, q, r), quality(q, p, s)), min(quality(p, s, r), quality(s, q, r))
    if (gain == 2 and best < 1.2 * worst) or best < max(min(worst, GOOD), ZERO):
        return False
    left, right = cross(p, q, r), cross(q, p, s)
    mean = (left[0] + right[0], left[1] + right[1], left[2] + right[2])
    for first, second, new in ((a, d, cross(p, s, r)), (d, b, cross(s, q, r))):
        if not agree(mean, new, LEVEL) or leans(outward(half, first, second, c), mean, new):
            return False
    if relative_square(half, c, d) > max(longest * longest, relative_square(half, a, b)):
        return False
    if half.kinds[c] != RIM:
        return not are_joined(half, c, d)
    return half.kinds[d] != RIM and not are_joined(half, d, c)


@compiled
def flip_uneven(half, longest):
    for h in range(3 * half.used[1]):
        if h < half.twins[h] and not is_fixed(half, h) and gains_by_flip(half, h, longest):
            flip(half, h)


def remesh(half: HalfEdges, shortest: float, longest: float, single: bool) -> tuple[int, int]:
    """One round of split, collapse, flip, in place; how many vertices and faces there are then."""
    split_long(half, urgent(half, longest, np.inf), single)
    collapse_short(half, urgent(half, 0.0, shortest), shortest, longest, single)
    flip_uneven(half, longest)
    return packed(half)


def urgent(half: HalfEdges, low: float, high: float) -> np.ndarray:
    """Half-edges with low <= length / target < high, one an edge, the longest first, or with `low` = 0 the shortest."""
    H = 3 * half.used[1]
    found, keys = np.empty(H, np.int64), np.empty(H)
    n = gather(half, low * low, high * high, found, keys)
    return found[:n][np.argsort(-keys[:n] if low > 0 else keys[:n], kind="stable")]
