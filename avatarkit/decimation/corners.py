"""What is collapsed: corners of faces in lists, quadrics, and a heap of the vertices by what their collapse costs."""

from typing import NamedTuple

import numpy as np

from avatarkit.kernels import outlined

FREE, RIM, FIXED = 0, 1, 2


class Corners(NamedTuple):
    """What is edited in place."""

    vertices: np.ndarray  # (3F) int64: at each corner, -1 where its face is dead
    wedges: np.ndarray  # (3F) int64
    following: np.ndarray  # (3F) int64: the next corner at the same vertex, -1 at the end
    first: np.ndarray  # (V) int64
    kinds: np.ndarray  # (V) uint8: FREE, RIM or FIXED
    points: np.ndarray  # (K,V,3) float64: in K poses, the first one at rest
    quadrics: np.ndarray  # (V,K,10) float64
    areas: np.ndarray  # (V) float64
    uv: np.ndarray  # (W,2) float64
    outlines: np.ndarray  # (W,6) float64: squared distances to the charts' outlines
    becomes: np.ndarray  # (W) int64: what a wedge became, -1 not yet
    stamps: np.ndarray  # (V) int64: scratch, to mark sets of vertices
    heap: np.ndarray  # (V) int64: vertices, the cheapest to collapse on top
    place: np.ndarray  # (V) int64: where in the heap a vertex is
    cost: np.ndarray  # (V) float64
    goal: np.ndarray  # (V) int64: onto which neighbour, -1 none
    used: np.ndarray  # (2,) int64: faces, stamps


@outlined
def onward(c):
    return c + 1 if c % 3 < 2 else c - 2


@outlined
def back(c):
    return c - 1 if c % 3 > 0 else c + 2


@outlined
def tidy(mesh, v):
    """Take dead corners out of the list."""
    last, c = -1, mesh.first[v]
    mesh.first[v] = -1
    while c >= 0:
        if mesh.vertices[c] == v:
            if last < 0:
                mesh.first[v] = c
            else:
                mesh.following[last] = c
            last = c
        c = mesh.following[c]
    if last >= 0:
        mesh.following[last] = -1


@outlined
def valence(mesh, v):
    n, c = 0, mesh.first[v]
    while c >= 0:
        n += mesh.vertices[c] == v
        c = mesh.following[c]
    return n


@outlined
def ends(mesh, a, b):
    """How many faces a and b share, and which wedges of a and b are in the first and in the last of them."""
    n, wa, wb, va, vb = 0, -1, -1, -1, -1
    c = mesh.first[a]
    while c >= 0:
        for other in (onward(c), back(c)):
            if mesh.vertices[c] == a and mesh.vertices[other] == b:
                n += 1
                if n == 1:
                    wa, wb = mesh.wedges[c], mesh.wedges[other]
                va, vb = mesh.wedges[c], mesh.wedges[other]
        c = mesh.following[c]
    return n, wa, wb, va, vb


@outlined
def sift(mesh, v, size):
    """Move v, whose cost has changed, to where it belongs in the heap; of equal costs the smaller vertex is first."""
    heap, place, cost = mesh.heap, mesh.place, mesh.cost
    i = place[v]
    while i > 0:
        u = heap[(i - 1) // 2]
        if cost[u] < cost[v] or (cost[u] == cost[v] and u < v):
            break
        heap[i], place[u] = u, i
        i = (i - 1) // 2
    while True:
        j = 2 * i + 1
        if j >= size:
            break
        if j + 1 < size:
            left, right = heap[j], heap[j + 1]
            if cost[right] < cost[left] or (cost[right] == cost[left] and right < left):
                j += 1
        u = heap[j]
        if cost[v] < cost[u] or (cost[v] == cost[u] and v < u):
            break
        heap[i], place[u] = u, i
        i = j
    heap[i], place[v] = v, i
