"""Position-based cloth in numba: small steps with one sweep of constraints each [Macklin et al. 2019]."""

from typing import NamedTuple

import numpy as np

from avatarkit.kernels import compiled, inlined, outlined

AT_ONCE = 0.008
"""Metres that one step pushes at most: what starts deep inside comes out with its neighbours, not before them."""

UNDER, FORWARD = 0.15, 1.5
"""What is so many metres below a seat is under the chair, like the legs of trousers; what is nearer to its front edge
than so many times its depth is in front of it."""


class Sheet(NamedTuple):
    """What holds a cloth together."""

    edges: np.ndarray  # (E,2) int64, from top to bottom
    lengths: np.ndarray  # (E) metres
    hinges: np.ndarray  # (H,2) int64: the corners that face an inner edge
    spans: np.ndarray  # (H) metres between them when it is not bent
    bending: np.ndarray  # (H) 0 … 1: how much of a bend one sweep takes back
    weight: np.ndarray  # (V) factor on gravity
    mobility: np.ndarray  # (V) 1, or 0 for what does not move
    pull: np.ndarray  # (V) 0 … 1: share of the way to `home` in a sweep
    home: np.ndarray  # (V,3)
    anchor: np.ndarray  # (V) int64: the held vertex that is nearest along the cloth, or -1
    leash: np.ndarray  # (V) metres: no further from it


class Forces(NamedTuple):
    """How a cloth moves and gives way, a step."""

    drop: float  # metres that gravity adds to a step
    keep: float  # share of the last step's motion that goes on
    fastest: float  # metres
    stretch: float  # share of a lengthening that a sweep takes back
    squash: float  # share of a shortening
    friction: float
    floor: float  # height below which nothing falls


class Seat(NamedTuple):
    """What a sitting person sits on: level, from `back` behind to `front` before the hips."""

    height: float
    x: float  # between the hips
    z: float
    forward_x: float
    forward_z: float
    back: float
    front: float
    half_width: float


@inlined
def drawn(points, a, b, length, longer, shorter, mobility):
    """Move a and b along the line between them towards the distance `length`."""
    dx, dy, dz = points[a, 0] - points[b, 0], points[a, 1] - points[b, 1], points[a, 2] - points[b, 2]
    wide = np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12
    wa, wb = mobility[a], mobility[b]
    share = (wide - length) / wide * (longer if wide > length else shorter) / max(wa + wb, 1e-12)
    wa, wb = wa * share, wb * share
    points[a, 0] -= wa * dx
    points[a, 1] -= wa * dy
    points[a, 2] -= wa * dz
    points[b, 0] += wb * dx
    points[b, 1] += wb * dy
    points[b, 2] += wb * dz


@outlined
def sweep(points, sheet, stretch, squash, upward):
    """One pass over all hinges, two over all edges, from top to bottom and back or the other way round."""
    H, E = len(sheet.hinges), len(sheet.edges)
    for n in range(H):
        h = H - 1 - n if upward else n
        k = sheet.bending[h]
        drawn(points, sheet.hinges[h, 0], sheet.hinges[h, 1], sheet.spans[h], 0.3 * k, k, sheet.mobility)
    for n in range(2 * E):
        e = n if n < E else 2 * E - 1 - n
        e = E - 1 - e if upward else e
        drawn(points, sheet.edges[e, 0], sheet.edges[e, 1], sheet.lengths[e], stretch, squash, sheet.mobility)


@compiled
def iron(points, edges, hold, limit, sums, counts):
    """Smooth what is crumpled: each vertex goes half of the way to the mean of its neighbours, as far as it is further
    from it than `limit` of the mean edge's length. `hold` (V) 0 … 1 stays; `sums` (V,4), `counts` (V) are scratch."""
    sums[:], counts[:] = 0.0, 0.0
    for e in range(len(edges)):
        a, b = edges[e, 0], edges[e, 1]
        dx, dy, dz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        for v, sign in ((a, 1.0), (b, -1.0)):
            sums[v, 0] += sign * dx
            sums[v, 1] += sign * dy
            sums[v, 2] += sign * dz
            sums[v, 3] += length
            counts[v] += 1
    for v in range(len(points)):
        bent = np.sqrt(sums[v, 0] ** 2 + sums[v, 1] ** 2 + sums[v, 2] ** 2)
        # of an edge's length: bent / n over sums[3] / n
        excess = 1 - limit * sums[v, 3] / bent if bent > 0 else 0.0
        if excess > 0:
            k = 0.6 * excess * (1 - hold[v]) / counts[v]
            points[v, 0] += k * sums[v, 0]
            points[v, 1] += k * sums[v, 1]
            points[v, 2] += k * sums[v, 2]


@compiled
def tie(edges, lengths, held, anchor, leash):
    """For each vertex the nearest of those `held` (V) bool, along the edges, into `anchor` (V), -1 where none is; and
    how far it is, into `leash` (V)."""
    for v in range(len(held)):
        anchor[v] = v if held[v] else -1
        leash[v] = 0.0 if held[v] else np.inf
    changed = True
    while changed:
        changed = False
        for backward in range(2):
            for n in range(len(edges)):
                e = len(edges) - 1 - n if backward else n
                a, b = edges[e, 0], edges[e, 1]
                if leash[b] > leash[a] + lengths[e]:
                    leash[b], anchor[b], changed = leash[a] + lengths[e], anchor[a], True
                elif leash[a] > leash[b] + lengths[e]:
                    leash[a], anchor[a], changed = leash[b] + lengths[e], anchor[b], True


@outlined
def kept_near(points, sheet):
    """Draw back what is further from its anchor than the cloth is long [Kim et al. 2012]."""
    for i in range(len(points)):
        a = sheet.anchor[i]
        if a >= 0 and a != i:
            dx, dy, dz = points[i, 0] - points[a, 0], points[i, 1] - points[a, 1], points[i, 2] - points[a, 2]
            far = np.sqrt(dx * dx + dy * dy + dz * dz)
            if far > sheet.leash[i]:
                k = sheet.leash[i] / far
                points[i, 0] = points[a, 0] + k * dx
                points[i, 1] = points[a, 1] + k * dy
                points[i, 2] = points[a, 2] + k * dz


@inlined
def lifted(points, i, seat, floor):
    """How far the point was below the floor or the seat, from which it is lifted; or pushed out of the chair to the
    front, where that is near: the back of a skirt starts below the seat, and hangs behind the calves."""
    level = floor
    if seat.height - UNDER < points[i, 1] < seat.height:
        dx, dz = points[i, 0] - seat.x, points[i, 2] - seat.z
        ahead, aside = dx * seat.forward_x + dz * seat.forward_z, dx * seat.forward_z - dz * seat.forward_x
        if seat.back < ahead and ahead < seat.front and abs(aside) < seat.half_width:
            if seat.front - ahead < FORWARD * (seat.height - points[i, 1]):
                push = min(seat.front - ahead, AT_ONCE)
                points[i, 0] += push * seat.forward_x
                points[i, 2] += push * seat.forward_z
            else:
                level = max(level, seat.height)
    lack = level - points[i, 1]
    if lack > 0:
        points[i, 1] = level
    return lack


@outlined
def pushed_out(points, before, planes, friction, seat, floor):
    """Move every point in front of its planes (1 + L,V,4), the last of which counts most; what is pushed slides less.

    The first planes are other limbs': where one leaves less room than is asked for, half of it is given.
    """
    for i in range(len(points)):
        pressed, nx, ny, nz = lifted(points, i, seat, floor), 0.0, 1.0, 0.0
        for k in range(len(planes)):
            x, y, z = planes[k, i, 0], planes[k, i, 1], planes[k, i, 2]
            lack = planes[k, i, 3] - points[i, 0] * x - points[i, 1] * y - points[i, 2] * z
            if lack > 0:
                lack = min(lack, AT_ONCE)
                points[i, 0] += lack * x
                points[i, 1] += lack * y
                points[i, 2] += lack * z
                if lack > pressed:
                    pressed, nx, ny, nz = lack, x, y, z
        x, y, z = planes[0, i, 0], planes[0, i, 1], planes[0, i, 2]
        lack = planes[0, i, 3] - points[i, 0] * x - points[i, 1] * y - points[i, 2] * z
        if lack > 0:
            lack = min(0.5 * lack, AT_ONCE)
            points[i, 0] += lack * x
            points[i, 1] += lack * y
            points[i, 2] += lack * z
        if pressed > 0 and friction > 0:
            dx, dy, dz = points[i, 0] - before[i, 0], points[i, 1] - before[i, 1], points[i, 2] - before[i, 2]
            along = dx * nx + dy * ny + dz * nz
            dx, dy, dz = dx - along * nx, dy - along * ny, dz - along * nz
            slid = np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12
            # Coulomb: what slides is held back by as much as it is pressed, times the friction
            held = min(1.0, friction * pressed / slid)
            points[i, 0] -= held * dx
            points[i, 1] -= held * dy
            points[i, 2] -= held * dz


@compiled
def fall(points, before, sheet, forces, seat, planes, steps, first):
    """`steps` small steps of the cloth at `points` (V,3), which was at `before`; `first` is how many were done."""
    for step in range(steps):
        for i in range(len(points)):
            w = sheet.mobility[i]
            dx = (points[i, 0] - before[i, 0]) * forces.keep
            dy = (points[i, 1] - before[i, 1]) * forces.keep - forces.drop * sheet.weight[i]
            dz = (points[i, 2] - before[i, 2]) * forces.keep
            far = np.sqrt(dx * dx + dy * dy + dz * dz)
            w = w * forces.fastest / far if far > forces.fastest else w
            before[i, 0], before[i, 1], before[i, 2] = points[i, 0], points[i, 1], points[i, 2]
            points[i, 0] += w * dx
            points[i, 1] += w * dy
            points[i, 2] += w * dz
            k = sheet.pull[i]
            if k > 0:
                points[i, 0] += k * (sheet.home[i, 0] - points[i, 0])
                points[i, 1] += k * (sheet.home[i, 1] - points[i, 1])
                points[i, 2] += k * (sheet.home[i, 2] - points[i, 2])
        sweep(points, sheet, forces.stretch, forces.squash, (first + step) % 2 == 1)
        kept_near(points, sheet)
        pushed_out(points, before, planes, forces.friction, seat, forces.floor)
