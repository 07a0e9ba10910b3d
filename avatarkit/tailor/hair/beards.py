"""Beards: layers on lip, chin and jaw, and locks on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avatarkit.outfit import Hair
from avatarkit.tailor.fitted import eased, sheet_faces, unit
from avatarkit.tailor.hair import growing
from avatarkit.tailor.hair.growing import Shell, grain
from avatarkit.tailor.hair.laying import Mop, mop_of
from avatarkit.tailor.scalp import Head

Grown = tuple[list[Shell], list[Mop]]
Edge = tuple[tuple[float, float], ...]

# azimuth and elevation, degrees; the lips are at elevation -36 … -42 within 15 degrees
CHEEK: Edge = ((0, -44.5), (12, -44.5), (17, -42), (20, -38), (28, -37.5), (40, -34), (55, -26), (64, -18), (72, -14))
THROAT: Edge = ((0, -66), (20, -66), (40, -63), (55, -56), (66, -44), (72, -30))
CHIN_TOP: Edge = ((0, -44.5), (8, -45.5), (14, -44), (18, -39), (22, -37))
CHIN_LOW: Edge = ((0, -64), (12, -63), (18, -58), (22, -48))
LIP_TOP: Edge = ((0, -30.5), (6, -30), (12, -31.5), (18, -35), (22, -39))
LIP_LOW: Edge = ((0, -34.6), (6, -34.4), (12, -35.8), (16, -39.0), (20, -43.5))


def at(edge: Edge, azimuth: np.ndarray) -> np.ndarray:
    return np.interp(np.abs(azimuth), *np.array(edge).T)


def patch(
    head: Head, generator: np.random.Generator, top: Edge, low: Edge, tall: float, *, columns: int = 40, rows: int = 9
) -> Shell:  # fmt: skip
    """A layer between two edges, `tall` metres in its middle, its rim under the skin."""
    reach = min(top[-1][0], low[-1][0])
    a = np.linspace(-reach, reach, columns)
    v = np.linspace(0, 1, rows)[:, None]
    ragged = grain(generator, (a / 360) % 1, 0 * a, (180, 1)) * np.array([[1.0]])
    e = at(top, a) + 0.8 * ragged + (at(low, a) - at(top, a)) * v
    directions = np.radians(np.stack([np.broadcast_to(a, e.shape), e], -1))
    points, normals = head.at(directions)
    rim = np.minimum(eased(0, 0.45, v) * eased(0, 0.35, 1 - v), thinned(a, reach))
    full = 1 + 0.3 * grain(generator, (a / 360) % 1, v + 0 * a, (60, 3))
    height = tall * rim * full + 0.001 - 0.0025 * (1 - eased(0, 0.25, rim))
    vertices = (points + head.scale * height[..., None] * normals).reshape(-1, 3)
    strand = np.stack([np.broadcast_to(v, e.shape), np.broadcast_to(a / 600, e.shape)], -1).reshape(-1, 2)
    return Shell(vertices, sheet_faces(rows, columns, around=False)[:, ::-1], strand, directions.reshape(-1, 2))


def thinned(a: np.ndarray, reach: float) -> np.ndarray:
    """How full a beard is at azimuths: less towards its ends."""
    return eased(0, 0.35, 1 - np.abs(a) / reach)


def tufts(
    head: Head, generator: np.random.Generator, top: Edge, low: Edge, count: int, *, length: float, lift: float,
    rise: float, width: float, sideways: float = 0.0, n: int = 5, hang: float = 0.0, margin: float = 0.06,
) -> Mop:  # fmt: skip
    """Locks strewn between two edges, that grow downwards; `sideways` away from the middle; `hang` makes them leave the
    face straight down."""
    reach = min(top[-1][0], low[-1][0])
    a = generator.uniform(-0.97, 0.97, count) * reach
    share = generator.uniform(margin, 1 - margin, count)
    e = at(top, a) + (at(low, a) - at(top, a)) * share
    s = np.linspace(0, 1, n)
    size = generator.uniform(0.75, 1.25, (count, 1))
    turn = np.degrees(length / (0.11 * head.scale)) * size * s
    directions = np.radians(
        np.stack(
            [
                a[:, None] + sideways * np.sign(a)[:, None] * turn * np.abs(a)[:, None] / reach,
                # not over the edge: a moustache ends at the lip
                np.maximum(e[:, None] - turn, np.maximum(at(low, a)[:, None] - 1.5, -71)),
            ],
            -1,
        )
    )
    points, normals = head.at(directions)
    full = thinned(a, reach)[:, None]
    height = full * (lift * eased(-0.2, 0.4, s) + rise * size * s**1.3) - 0.002 * (1 - s)
    lines = points + head.scale * height[..., None] * normals
    if hang:
        root, normal = lines[:, :1], normals[:, :1]
        away = unit(0.5 * normal * [1, 0.3, 1] + [0, -1.0, 0.12])
        lines = (
            root
            + (length * size * s)[..., None] * away
            + (0.012 * head.scale * np.sin(np.pi * np.minimum(s * 1.5, 1)))[:, None] * normal
        )
        lines[..., 0] *= 1 - 0.35 * s**1.5
        normals = np.broadcast_to(unit(normal * [1, 0, 1] + [0, 0, 0.5]), lines.shape)
    held = 1 if hang else n
    return mop_of(
        head, lines, normals, width * size * growing.profile(n, root=0.6, tip=0.3), 0.5, held,
        stiffness=0.25, roots=np.radians(np.stack([a, e], 1)), lean=np.tile([0.0, 0.0, 0.12], (count, 1)),
    )  # fmt: skip


def moustache(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    tall = 0.0028 + 0.002 * hair.volume
    over = tufts(
        head,
        generator,
        LIP_TOP,
        LIP_LOW,
        110,
        length=0.006 + 0.005 * hair.length,
        lift=tall,
        rise=0.0006,
        width=0.0019,
        sideways=1.2,
        n=4,
    )
    return [patch(head, generator, LIP_TOP, LIP_LOW, tall, columns=26, rows=6)], [over]


def goatee(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    shells, mops = moustache(head, hair, generator)
    tall = 0.005 + 0.004 * hair.length
    over = tufts(
        head,
        generator,
        CHIN_TOP,
        CHIN_LOW,
        110,
        length=0.014 + 0.010 * hair.length,
        lift=tall,
        rise=0.002,
        width=0.0028,
        n=4,
    )
    return [*shells, patch(head, generator, CHIN_TOP, CHIN_LOW, tall, columns=26)], [*mops, over]


def full_beard(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    shells, mops = moustache(head, hair, generator)
    tall = 0.005 + 0.006 * hair.length + 0.003 * hair.volume
    over = tufts(
        head,
        generator,
        CHEEK,
        THROAT,
        330,
        length=0.016 + 0.010 * hair.length,
        lift=tall,
        rise=0.002,
        width=0.0034,
        n=4,
    )
    return [*shells, patch(head, generator, CHEEK, THROAT, tall, columns=56, rows=10)], [*mops, over]


def long_beard(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    shells, mops = full_beard(head, hair, generator)
    length = (0.08 + 0.14 * hair.length) * head.scale
    low: Edge = ((0, -60), (20, -60), (40, -56), (50, -50))
    hanging = tufts(
        head,
        generator,
        ((0, -46), (20, -46), (40, -44), (50, -42)),
        low,
        44,
        length=length,
        lift=0.004,
        rise=0.0,
        width=0.0075,
        n=9,
        hang=1.0,
    )
    return shells, [*mops, hanging]


BEARDS: dict[str, Callable[[Head, Hair, np.random.Generator], Grown]] = {
    "moustache": moustache, "goatee": goatee, "full beard": full_beard, "long beard": long_beard,
}  # fmt: skip
