"""From arrays to half-edges and back, in numba."""

import numpy as np

from avatarkit.kernels import compiled, outlined
from avatarkit.remesh.halfedges import FREE, FROZEN, RIM, HalfEdges, back, onward
from avatarkit.remesh.triangles import at, cross, dot


def half_edges(points, faces, targets, values, labels, frozen) -> HalfEdges:
    """The mesh in arrays with room for a split of every edge; pages that stay empty cost nothing."""
    V, F = len(points), len(faces)
    room = V + 3 * F // 2
    half = HalfEdges(
        points=_roomy(points, room),
        normals=np.zeros((room, 3)),
        targets=_roomy(targets, room),
        values=_roomy(values, room),
        labels=_roomy(labels, room),
        kinds=_roomy(np.where(frozen, FROZEN, FREE).astype(np.uint8), room),
        corners=_roomy(faces.reshape(-1), 12 * F),
        twins=np.empty(12 * F, np.int64),
        spokes=np.empty(room, np.int64),
        valences=np.zeros(room, np.int64),
        stamps=np.zeros(room, np.int64),
        used=np.array([V, F, 0]),
    )
    pair(half, np.empty(3 * F, np.int64), np.zeros(V + 1, np.int64), *np.empty((3, V), np.int64))
    spread(half)
    look(half)
    return half


def _roomy(rows: np.ndarray, room: int) -> np.ndarray:
    found = np.empty((room, *rows.shape[1:]), rows.dtype)
    found[: len(rows)] = rows
    return found


@compiled
def pair(half, order, ends, first, second, counts):
    """Find the twins; mark as rim the ends of edges that are not on one face on either side.

    The half-edges are sorted by their smaller vertex by counting; `first[v]` is then the one that led to v.
    `order` (3 F,), `ends` (V + 1,) of zeros, `first`, `second`, `counts` (V,) are scratch.
    """
    V, F = half.used[0], half.used[1]
    corners, twins, kinds = half.corners, half.twins, half.kinds
    for h in range(3 * F):
        ends[min(corners[h], corners[onward(h)]) + 1] += 1
    for v in range(V):
        ends[v + 1] += ends[v]
    for h in range(3 * F):
        low = min(corners[h], corners[onward(h)])
        order[ends[low]] = h
        ends[low] += 1
    for v in range(V):
        first[v] = -1
    begin = 0
    for low in range(V):
        end = ends[low]
        for i in range(begin, end):
            h = order[i]
            high = max(corners[h], corners[onward(h)])
            if first[high] < 0:
                first[high], counts[high] = h, 0
            second[high] = h
            counts[high] += 1
        for i in range(begin, end):
            h = order[i]
            high = max(corners[h], corners[onward(h)])
            g, t = first[high], second[high]
            if counts[high] == 2 and corners[g] != corners[t]:
                twins[g], twins[t] = t, g
            else:
                twins[h] = -1
                kinds[low] = kinds[high] = RIM
        for i in range(begin, end):
            first[max(corners[order[i]], corners[onward(order[i])])] = -1
        begin = end


@compiled
def spread(half):
    """Find spokes and valences; mark as rim the vertices on more than one fan."""
    V, F = half.used[0], half.used[1]
    for v in range(V):
        half.spokes[v] = -1
    for h in range(3 * F):
        half.spokes[half.corners[h]] = h
        half.valences[half.corners[h]] += 1
    for v in range(V):
        if half.kinds[v] != RIM and half.spokes[v] >= 0:
            fan, h = 1, half.twins[back(half.spokes[v])]
            while h != half.spokes[v]:
                fan, h = fan + 1, half.twins[back(h)]
            if fan != half.valences[v]:
                half.kinds[v] = RIM


@compiled
def look(half):
    """Find the vertices' unit normals; zero where there is none."""
    points, normals = half.points, half.normals
    for h in range(0, 3 * half.used[1], 3):
        a, b, c = half.corners[h], half.corners[h + 1], half.corners[h + 2]
        normal = cross(at(points, a), at(points, b), at(points, c))
        for v in (a, b, c):
            for axis in range(3):
                normals[v, axis] += normal[axis]
    for v in range(half.used[0]):
        length = np.sqrt(dot(at(normals, v), at(normals, v)))
        for axis in range(3):
            normals[v, axis] /= length if length > 0 else 1.0


@outlined
def is_kept(half, v):
    return half.spokes[v] >= 0 or half.kinds[v] != FREE


@compiled
def packed(half):
    """Move the last free vertices into the slots of dead ones, drop dead faces; how many vertices and faces remain.

    A slot below the last frozen vertex that nothing can fill stays, without faces.
    """
    new = half.stamps
    for v in range(half.used[0]):
        new[v] = v
    slot, mover, V = 0, half.used[0] - 1, 0
    while True:
        while slot < mover and is_kept(half, slot):
            slot += 1
        while mover > slot and (half.spokes[mover] < 0 or half.kinds[mover] != FREE):
            mover -= 1
        if slot >= mover:
            break
        new[mover] = slot
        for axis in range(3):
            half.points[slot, axis] = half.points[mover, axis]
        for column in range(half.values.shape[1]):
            half.values[slot, column] = half.values[mover, column]
        for column in range(half.labels.shape[1]):
            half.labels[slot, column] = half.labels[mover, column]
        half.spokes[slot], half.spokes[mover] = half.spokes[mover], -1
    for v in range(half.used[0]):
        if is_kept(half, v):
            V = v + 1
    n = 0
    for h in range(3 * half.used[1]):
        if half.corners[h] >= 0:
            half.corners[n] = new[half.corners[h]]
            n += 1
    return V, n // 3
