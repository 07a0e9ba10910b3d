"""Work on a sheet of cloth: cutting it along a line, sewing rings of vertices together, smoothing. numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.kernels import compiled
from avatarkit.shapes import sizes

SNAP = 0.28
"""A vertex nearer to the line than this share of an edge is moved onto it: no slivers."""


@dataclass(frozen=True, eq=False)
class Cutting:
    """What is left of a sheet: new vertex k lies at (1 - t) a + t b of the old ones `ends[k] = a, b`."""

    faces: np.ndarray
    """(F',3) int64"""
    ends: np.ndarray
    """(V',2) int64"""
    t: np.ndarray
    """(V')"""
    face_of: np.ndarray
    """(F') the old face that a face is a part of"""
    on_line: np.ndarray
    """(V') bool"""

    def carried(self, values: np.ndarray) -> np.ndarray:
        """Values (V, …) of the old vertices at the new ones."""
        t = self.t.reshape(-1, *([1] * (values.ndim - 1)))
        return (1 - t) * values[self.ends[:, 0]] + t * values[self.ends[:, 1]]


def cut_along(faces: np.ndarray, field: np.ndarray, *, snap: float = SNAP) -> Cutting:
    """The part of a sheet where `field` (V) > 0, its triangles split along the line field = 0."""
    V, _ = sizes("V, F 3", field, faces)
    field = np.array(field, dtype=np.float64)
    ends, t = np.stack([np.arange(V)] * 2, axis=1), np.zeros(V)
    _snap(faces, field, ends, t, snap)
    signs = np.sign(field).astype(np.int64)
    corner = signs[faces]
    above, below = (corner > 0).sum(1), (corner < 0).sum(1)
    whole = (above > 0) & (below == 0)
    mixed = np.flatnonzero((above > 0) & (below > 0))
    pieces, owners = [faces[whole]], [np.flatnonzero(whole)]
    crossings, keys = _crossings(faces[mixed], signs, V)
    at = V + np.arange(len(keys))
    split = np.stack([keys // V, keys % V], axis=1)
    crossing_t = field[split[:, 0]] / (field[split[:, 0]] - field[split[:, 1]])
    for lone, count in ((1, 1), (2, 1), (1, 2)):
        found = np.flatnonzero((above[mixed] == lone) & (below[mixed] == count))
        parts = _parts(faces[mixed[found]], corner[mixed[found]], crossings[found], at, lone, count)
        pieces += parts
        owners += [mixed[found]] * len(parts)
    kept, face_of = np.concatenate(pieces), np.concatenate(owners)
    ends, t = np.concatenate([ends, split]), np.concatenate([t, crossing_t])
    used, kept = np.unique(kept, return_inverse=True)
    on_line = np.concatenate([signs == 0, np.ones(len(keys), dtype=bool)])[used]
    return Cutting(kept.reshape(-1, 3), ends[used], t[used], face_of, on_line)


def _snap(faces: np.ndarray, field: np.ndarray, ends: np.ndarray, t: np.ndarray, snap: float) -> None:
    """Moves vertices close to the line onto it: along the edge on which they are closest."""
    tails, heads = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    tails, heads = np.concatenate([tails, heads]), np.concatenate([heads, tails])
    crossing = field[tails] * field[heads] < 0
    tails, heads = tails[crossing], heads[crossing]
    share = field[tails] / (field[tails] - field[heads])
    near = share < snap
    tails, heads, share = tails[near], heads[near], share[near]
    order = np.lexsort((heads, share, tails))
    tails, heads, share = tails[order], heads[order], share[order]
    first = np.ones(len(tails), dtype=bool)
    first[1:] = tails[1:] != tails[:-1]
    tails, heads, share = tails[first], heads[first], share[first]
    ends[tails, 1], t[tails], field[tails] = heads, share, 0.0


def _crossings(faces: np.ndarray, signs: np.ndarray, V: int) -> tuple[np.ndarray, np.ndarray]:
    """(M,3) which crossed edge lies from each corner to the next, -1 for none; and the edges as a · V + b."""
    onwards = np.roll(faces, -1, axis=1)
    crossed = signs[faces] * signs[onwards] < 0
    keys = np.minimum(faces, onwards) * V + np.maximum(faces, onwards)
    unique, slots = np.unique(keys[crossed], return_inverse=True)
    found = np.full(faces.shape, -1)
    found[crossed] = slots.reshape(-1)
    return found, unique


def _parts(
    faces: np.ndarray, corner: np.ndarray, crossings: np.ndarray, at: np.ndarray, above: int, below: int
) -> list[np.ndarray]:
    """The triangles of the upper side of faces with so many corners above and below, turned to a standard position."""
    if not len(faces):
        return []
    rows = np.arange(len(faces))
    # the corner above that is followed by one not above, or, for two above, the corner below
    wanted = corner < 0 if above == 2 else corner > 0
    first = wanted.argmax(1)
    turn = (first[:, None] + np.arange(3)) % 3
    f, c, sign = faces[rows[:, None], turn], crossings[rows[:, None], turn], corner[rows[:, None], turn]
    if above == 2:  # f0 is below: the quad f1 f2 q p, where p is on f0 f1, q on f2 f0
        p, q = at[c[:, 0]], at[c[:, 2]]
        return [np.stack([f[:, 1], f[:, 2], q], 1), np.stack([f[:, 1], q, p], 1)]
    if below == 2:
        return [np.stack([f[:, 0], at[c[:, 0]], at[c[:, 2]]], 1)]
    after = sign[:, 1] == 0  # + 0 -: the crossing lies on f2 f0; + - 0: on f0 f1
    second = np.where(after, f[:, 1], at[c[:, 0]])
    third = np.where(after, at[c[:, 2]], f[:, 2])
    return [np.stack([f[:, 0], second, third], 1)]


def zipped(
    upper: np.ndarray, lower: np.ndarray, t_upper: np.ndarray, t_lower: np.ndarray, *, closed: bool
) -> np.ndarray:
    """Triangles (F,3) between two rows of vertices, `t` their rising places along them; closed rows return to their
    first vertex after t = 1.

        upper  0───1───2─
               │ ╲ │ ╲ │     outwards is towards you when t rises to the right
        lower  0───1───2─
    """
    if closed:
        upper, lower = np.append(upper, upper[0]), np.append(lower, lower[0])
        t_upper, t_lower = np.append(t_upper, t_upper[0] + 1), np.append(t_lower, t_lower[0] + 1)
    middles = np.concatenate([t_upper[1:] + t_upper[:-1], t_lower[1:] + t_lower[:-1]])
    is_upper = np.concatenate([np.ones(len(upper) - 1, bool), np.zeros(len(lower) - 1, bool)])
    is_upper = is_upper[np.argsort(middles, kind="stable")]
    i = np.cumsum(is_upper) - is_upper
    j = np.cumsum(~is_upper) - ~is_upper
    third = np.where(is_upper, upper[np.minimum(i + 1, len(upper) - 1)], lower[np.minimum(j + 1, len(lower) - 1)])
    return np.stack([upper[i], lower[j], third], axis=1)


def edges_of(faces: np.ndarray) -> np.ndarray:
    """(E,2) int64, each once, a < b."""
    halves = np.concatenate([faces[:, :2], faces[:, 1:], faces[:, [2, 0]]])
    halves.sort(axis=1)
    V = int(faces.max()) + 1 if len(faces) else 1
    keys = np.unique(halves[:, 0] * V + halves[:, 1])
    return np.stack([keys // V, keys % V], axis=1)


def rims(faces: np.ndarray) -> np.ndarray:
    """(B,2) int64 the edges with one face, in the direction of that face."""
    halves = np.concatenate([faces[:, :2], faces[:, 1:], faces[:, [2, 0]]])
    V = int(faces.max()) + 1 if len(faces) else 1
    keys = halves.min(1) * V + halves.max(1)
    _, slots, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return halves[counts[slots.reshape(-1)] == 1]


def loops(rim: np.ndarray) -> list[np.ndarray]:
    """Rim edges (B,2) chained, the longest first; a closed loop ends with its first vertex."""
    onwards: dict[int, list[int]] = {}
    for tail, head in rim.tolist():
        onwards.setdefault(tail, []).append(head)
    heads = set(rim[:, 1].tolist())
    chains = []
    for start in sorted(onwards, key=lambda vertex: (vertex in heads, vertex)):
        while onwards[start]:
            chain = [start]
            while onwards.get(chain[-1]):
                chain.append(onwards[chain[-1]].pop())
                if chain[-1] == start:
                    break
            chains.append(np.array(chain))
    return sorted(chains, key=len, reverse=True)


def smoothed(
    values: np.ndarray, faces: np.ndarray, *, steps: int, amount: np.ndarray | float = 0.5, boundary: bool = True
) -> np.ndarray:
    """Values (V,C) moved `steps` times by `amount` towards their neighbours' mean; rims move along themselves only,
    or with `boundary` false not at all."""
    V = len(values)
    edges = edges_of(faces)
    rim = rims(faces)
    on_rim = np.zeros(V, dtype=bool)
    on_rim[rim.reshape(-1)] = True
    edges = edges[~(on_rim[edges[:, 0]] & on_rim[edges[:, 1]])]
    into = np.concatenate([edges, edges[:, ::-1]])
    into = into[~on_rim[into[:, 0]]]
    into = np.concatenate([into, rim, rim[:, ::-1]])
    order = np.argsort(into[:, 0], kind="stable")
    into = into[order]
    degree = np.bincount(into[:, 0], minlength=V)
    starts = np.concatenate([[0], np.cumsum(degree)])
    amount = np.broadcast_to(amount, V) * (degree > 0)
    if not boundary:
        amount = amount * ~on_rim
    heads, moved = np.ascontiguousarray(into[:, 1]), np.flatnonzero(amount)
    values, other = np.array(values, dtype=np.float64), np.array(values, dtype=np.float64)
    for _ in range(steps):
        _step(values, other, starts, heads, moved, amount)
        values, other = other, values
    return values


@compiled
def _step(values, new, starts, heads, moved, amount):
    """`new` of the `moved` vertices: `values` moved by `amount` towards the mean of their neighbours."""
    for v in moved:
        first, last = starts[v], starts[v + 1]
        for c in range(values.shape[1]):
            total = 0.0
            for k in range(first, last):
                total += values[heads[k], c]
            new[v, c] = values[v, c] + amount[v] * (total / (last - first) - values[v, c])


def normals_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V,3) unit normals, the faces' weighted by area."""
    a, b, c = vertices[faces[:, 0]], vertices[faces[:, 1]], vertices[faces[:, 2]]
    crosses = np.cross(b - a, c - a)
    sums = np.stack(
        [np.bincount(faces.reshape(-1), np.repeat(crosses[:, k], 3), minlength=len(vertices)) for k in range(3)], axis=1
    )
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def of_faces(faces: np.ndarray, inside: np.ndarray, *, every: bool = True) -> np.ndarray:
    """(F) bool: has every corner, or any, the property `inside` (V)?"""
    a, b, c = inside[faces[:, 0]], inside[faces[:, 1]], inside[faces[:, 2]]
    return a & b & c if every else a | b | c


def eased(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high` (or the other way round where low > high), a smooth step between."""
    s = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return s * s * (3 - 2 * s)
