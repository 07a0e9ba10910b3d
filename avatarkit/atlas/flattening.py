"""Charts flattened: rims pinned on rectangles, what is inside in balance.

Each vertex is the mean of its neighbours, with positive weights (Tutte 1963, Floater 1997): with a convex rim, no face
can turn over and no two overlap, whatever the surface. It is drawn towards where the template has it besides, which
smooths what the template says; where that would turn a face over, the pull is let go.
"""

import torch
from torch import Tensor

from avatarkit.shapes import sizes
from avatarkit.springs import Springs

LEAST_WEIGHT = 0.05
"""The least cotangent: weights stay positive."""


def springs(corners: Tensor, faces: Tensor, count: int, stiffness: Tensor | None = None) -> Springs:
    """Cotangent weights of faces (F,3) with `corners` (F,3,3) in space, times the `stiffness` (F) of each face."""
    sizes("F 3 3, F 3", corners, faces)
    corners = corners.double()
    before, after = corners.roll(1, 1) - corners, corners.roll(-1, 1) - corners
    sine = torch.linalg.cross(after, before).norm(dim=-1).clamp(min=1e-14)
    weights = ((before * after).sum(dim=-1) / sine).clamp(LEAST_WEIGHT, 10)
    if stiffness is not None:
        weights = weights * stiffness.double()[:, None]
    return merged(torch.stack([faces.roll(-1, 1), faces.roll(1, 1)], dim=-1).reshape(-1, 2), weights.reshape(-1), count)


def merged(pairs: Tensor, strength: Tensor, count: int) -> Springs:
    """Springs with parallel ones made one."""
    low, high = pairs.amin(dim=1), pairs.amax(dim=1)
    keys, place = torch.unique(low * count + high, return_inverse=True)
    total = torch.zeros(len(keys), dtype=torch.float64).index_add(0, place, strength)
    return Springs(count, torch.stack([keys // count, keys % count], dim=1), total)


def filled(count: int, rings: list[Tensor]) -> Springs:
    """Springs that close holes: each ring to a vertex of its own in the hole's middle, numbered from `count`."""
    pairs = [
        torch.stack([ring, torch.full_like(ring, count + number)], dim=1) for number, ring in enumerate(rings)
    ]  # fmt: skip
    pairs.append(torch.zeros(0, 2, dtype=torch.int64))
    every = torch.cat(pairs)
    return Springs(count + len(rings), every, torch.ones(len(every), dtype=torch.float64))


CORNERS = ((-1, -1), (-1, 1), (1, 1), (1, -1))
"""A rim runs against the clock: top left, bottom left, bottom right, top right; v is down."""


def corners_of(places: Tensor) -> Tensor:
    """(4) which of a rim's places (R,2) are its corners, in the order of CORNERS."""
    low, high = places.amin(dim=0), places.amax(dim=0)
    unit = 2 * (places - low) / (high - low).clamp(min=1e-9) - 1
    found = torch.stack([(unit * unit.new_tensor(corner)).sum(dim=1).argmax() for corner in CORNERS])
    after = (found - found[0]) % len(places)
    if bool((after.diff() > 0).all()):
        return found
    share = torch.tensor([0.0, 0.25, 0.5, 0.75])  # a rim that knows no corners
    return (found[0] + (share * len(places)).long()) % len(places)


SNAP = 0.2
"""How near to the rectangle's side a chart's is put on it."""
BY_LENGTH = 0.35
"""The share of the places along a side that the length of the rim decides."""


def pinned(
    places: Tensor,
    lengths: Tensor,
    corners: Tensor,
    *,
    by_length: float = BY_LENGTH,
    snap: float = SNAP,
    least: float = 0.0,
) -> Tensor:
    """(R,2): a rim's places (R,2; in 0 … 1) put on the sides of a rectangle, in their order.

    `lengths` (R) metres to the next; `corners` (4) as `corners_of` finds them. A side lies at 0 or 1 where its places
    do by `snap`, or else at their mean: what a skirt hides of a leg is left free. The top is at `least`.
    """
    (R,) = sizes("R 2, R", places, lengths)
    sides = []
    for k in range(4):
        count = int((corners[(k + 1) % 4] - corners[k]) % R)
        sides.append((corners[k] + torch.arange(count + 1)) % R)
    levels = []
    for k, side in enumerate(sides):
        axis, full = (0, 1, 0, 1)[k], (0.0, 1.0, 1.0, 0.0)[k]
        mean = float(places[side, axis].mean())
        levels.append(full if abs(mean - full) < snap else mean)
    left, bottom, right, top = levels
    top = min(max(top, least), bottom - 0.05)
    ends = places.new_tensor([[left, top], [left, bottom], [right, bottom], [right, top]])
    found = places.clone()
    for k, side in enumerate(sides):
        start, end = ends[k], ends[(k + 1) % 4]
        axis = (1, 0, 1, 0)[k]
        along = (places[side, axis] - start[axis]) / (end - start)[axis]
        share = along_side(along, lengths[side[:-1]], by_length)
        found[side] = start + share[:, None] * (end - start)
    return found


def along_side(share: Tensor, lengths: Tensor, by_length: float) -> Tensor:
    """(n): places 0 … 1 along a side made strictly increasing, from 0 to 1: smoothed, and mixed with the length."""
    walked = torch.cat([lengths.new_zeros(1), lengths.clamp(min=1e-7).cumsum(0)])
    walked = walked / walked[-1]
    if by_length >= 1:
        return walked
    share = share.clamp(0, 1).clone()
    share[0], share[-1] = 0, 1
    for _ in range(4):
        share[1:-1] = (share[:-2] + 2 * share[1:-1] + share[2:]) / 4
    up = share.cummax(dim=0).values
    down = share.flip(0).cummin(dim=0).values.flip(0)
    found = by_length * walked + (1 - by_length) * (up + down) / 2
    found[0], found[-1] = 0, 1
    return found


def untangled(places: Tensor, faces: Tensor, least: Tensor, loose: Tensor, rounds: int = 1000) -> Tensor:
    """(N,2): the few faces (F,3) of less than the `least` area (F; v down) pushed open, by moving what is `loose` (N).

    Each round each of them pushes its corners away from the opposite edges, as in position-based dynamics.
    """
    place = places.clone()
    around = torch.zeros(len(places), dtype=torch.bool)
    around[faces[areas_of(place[faces]) < least]] = True
    for _ in range(4):
        around[faces[around[faces].any(dim=1)]] = True
    near = around[faces].any(dim=1)
    faces, least = faces[near], least[near]
    for _ in range(rounds):
        corners = place[faces]
        lacking = least - areas_of(corners)
        bad = lacking > 0
        if not bool(bad.any()):
            break
        opposite = corners[bad].roll(-2, 1) - corners[bad].roll(-1, 1)
        # away from the edge, on the side where the area grows
        away = torch.stack([opposite[..., 1], -opposite[..., 0]], dim=-1)
        slope = away.square().sum(dim=(1, 2)).clamp(min=1e-18) / 4
        push = (1.05 * lacking[bad] / slope)[:, None, None] * away / 2
        total = torch.zeros_like(place).index_add(0, faces[bad].reshape(-1), push.reshape(-1, 2))
        count = torch.bincount(faces[bad].reshape(-1), minlength=len(place)).clamp(min=1)
        place = place + torch.where(loose[:, None], total / count[:, None], 0)
    return place


def areas_of(corners: Tensor) -> Tensor:
    """(F): areas of triangles (F,3,2), v down, positive where they are seen as painted."""
    a, b, c = corners.unbind(1)
    (x, y), (p, q) = (b - a).unbind(1), (c - a).unbind(1)
    return (y * p - x * q) / 2
