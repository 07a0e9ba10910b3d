"""What each hair style is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from avatarkit.outfit import Hair
from avatarkit.tailor.fitted import unit
from avatarkit.tailor.hair import growing
from avatarkit.tailor.hair.flowing import DRAPE, back_flow, crown_flow, part_flow
from avatarkit.tailor.hair.growing import Coat, Shell
from avatarkit.tailor.hair.laying import Mop, combed, curled, falling, mop_of, tufts
from avatarkit.tailor.hair.tied import TIED
from avatarkit.tailor.scalp import Head, to_directions, to_vectors

Grown = tuple[list[Shell], list[Mop]]


def buzz_cut(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    tall = 0.003 + 0.003 * hair.length
    return [growing.cap(head, generator, Coat(tall, 0.8 * tall, fade=22), rough=0.1, columns=96, rows=24)], []


def crew_cut(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    tall = 0.006 + 0.010 * hair.length + 0.005 * hair.volume
    coat = Coat(tall, 0.003)
    top = tufts(
        head, crown_flow(), coat, generator, 440, length=0.032, rise=0.0012 + 0.003 * hair.volume, width=0.0055,
        thick=0.0026, begin=(0.02, 0.95), where=lambda d: d[:, 1] > 0.45, n=4, stray=0.006,
    )  # fmt: skip
    return [growing.cap(head, generator, coat)], [top]


def side_part(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    coat = Coat(0.008 + 0.007 * hair.length + 0.008 * hair.volume, 0.004)
    flow = part_flow(26.0 * generator.choice([-1, 1]))
    over = combed(
        head, flow, coat, generator, 56, width=0.011, thick=0.004, end=(0.72, 0.9), bow=0.002, n=14, span=(0.02, 0.98)
    )
    under = combed(
        head,
        flow,
        coat,
        generator,
        50,
        width=0.009,
        thick=0.003,
        begin=(0.3, 0.5),
        end=(0.85, 1.0),
        n=9,
        span=(0.02, 0.98),
    )
    return [growing.cap(head, generator, coat.lower(0.75))], [over, under]


def slicked_back(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    coat = Coat(0.007 + 0.010 * hair.volume, 0.005, fade=9)
    flow = back_flow()
    long = 0.8 + 0.2 * hair.length
    whole: Any = dict(span=(0.07, 0.93), stray=0.002)
    over = combed(
        head,
        flow,
        coat,
        generator,
        46,
        width=0.0115,
        thick=0.003,
        begin=(0.03, 0.08),
        end=(0.55 * long, 0.8 * long),
        n=14,
        **whole,
    )
    under = combed(
        head, flow, coat, generator, 44, width=0.0115, thick=0.003, begin=(0.35, 0.5), end=(0.88, 1.02), n=10, **whole
    )
    return [growing.cap(head, generator, coat.lower(0.75))], [over, under]


def curly(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    tall = 0.014 + 0.010 * hair.volume + 0.006 * hair.length
    coat = Coat(tall, 0.8 * tall, fade=30, full=True)
    curls = tufts(
        head, crown_flow(), coat, generator, 140, length=0.055 + 0.03 * hair.length, rise=0.004, width=0.008,
        thick=0.0065, begin=(0.02, 0.9), n=8, stray=0.012,
    )  # fmt: skip
    return [growing.cap(head, generator, coat, bumps=0.008, size=0.015, rough=0.25)], [curled(curls, generator, head)]


def afro(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    tall = 0.025 + 0.03 * hair.volume + 0.025 * hair.length
    coat = Coat(tall, 0.95 * tall, fade=45, full=True)
    return [growing.cap(head, generator, coat, bumps=0.004, size=0.009, rough=0.06, columns=104, rows=42)], []


def pixie_cut(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    coat = Coat(0.009 + 0.009 * hair.volume, 0.006)
    flow = part_flow(24.0 * generator.choice([-1, 1]))
    over = combed(
        head, flow, coat, generator, 56, width=0.011, thick=0.004, end=(0.95, 1.08), bow=0.002, n=14, span=(0.02, 0.98)
    )
    under = combed(
        head,
        flow,
        coat,
        generator,
        56,
        width=0.009,
        thick=0.0035,
        begin=(0.4, 0.6),
        end=(1.0, 1.08 + 0.06 * hair.length),
        n=9,
        span=(0.02, 0.98),
    )
    return [growing.cap(head, generator, coat.lower(0.75))], [over, under]


def mohawk(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    height = 0.035 + 0.045 * hair.length
    rows, L, n = 60, 60 * 3, 5
    share, side = np.repeat((np.arange(rows) + 0.5) / rows, 3), np.tile([-1.0, 0.0, 1.0], rows)
    e = np.where(share < 0.62, 38 + (90 - 38) * share / 0.62, 90 - (share - 0.62) / 0.38 * 115)
    roots = to_vectors(np.radians(np.stack([np.where(share < 0.62, 0.0, 180.0), e], 1)))
    roots = unit(roots + [0.07, 0, 0] * (side + generator.normal(0, 0.2, L))[:, None])
    points, normals = head.at(to_directions(roots))
    tall = (
        head.scale
        * height
        * np.sin(np.pi * np.clip(0.2 + 0.65 * share, 0, 1)) ** 0.6
        * generator.uniform(0.92, 1.06, L)
    )
    s = np.linspace(-0.05, 1, n)
    inwards = np.stack([-0.8 * points[:, 0], 0 * tall, -0.25 * tall], 1)
    lines = (
        points[:, None]
        + (s * tall[:, None])[..., None] * normals[:, None]
        + (np.maximum(s, 0) ** 1.5)[:, None] * inwards[:, None]
    )
    outward = unit(np.stack([side + 0.2, np.full(L, 0.1), np.full(L, 0.2)], 1))[:, None]
    crest = mop_of(
        head,
        lines,
        np.broadcast_to(outward, lines.shape),
        np.tile(0.0105 * growing.profile(n, root=0.9, tip=0.5), (L, 1)),
        0.7,
        n,
    )
    return [growing.cap(head, generator, Coat(0.002, 0.0018, fade=22), rough=0.1, columns=96, rows=24)], [crest]


def loose(
    head: Head, hair: Hair, generator: np.random.Generator, length: float, *, curl: float = 0.0, wave: float = 0.0,
    tip: float = 0.6,
) -> Grown:  # fmt: skip
    """Parted hair that hangs."""
    front = generator.choice([-1, 1]) * generator.uniform(4, 24)
    coat = Coat(0.006 + 0.012 * hair.volume, 0.006 + 0.004 * hair.volume)
    flow = part_flow(front, DRAPE, gap=44.0)
    inner = Coat(0.8 * coat.top, 0.6 * coat.sides)
    waves = (wave, generator.uniform(0, 2 * np.pi)) if wave else None
    near: Any = dict(curl=curl, waves=waves, tip=tip)
    more = 3 if wave else 0
    over = falling(
        head,
        flow,
        coat,
        generator,
        34,
        length,
        begin=0.0,
        width=0.019,
        thick=0.0055,
        bow=0.002,
        points=(10, 7 + more),
        **near,
    )
    middle = falling(
        head,
        flow,
        inner,
        generator,
        26,
        length * 0.97,
        begin=0.35,
        width=0.023,
        thick=0.004,
        rise=-0.003,
        points=(6, 7 + more),
        **near,
    )
    under = falling(
        head,
        flow,
        inner,
        generator,
        20,
        length * 0.94,
        begin=0.7,
        width=0.024,
        thick=0.004,
        rise=-0.004,
        points=(3, 6 + more),
        **near,
    )
    return [growing.cap(head, generator, inner)], [over, middle, under]


def bob(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    return loose(head, hair, generator, (0.10 + 0.05 * hair.length) * head.scale, curl=0.12, tip=0.75)


def shoulder_length(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    return loose(head, hair, generator, (0.18 + 0.06 * hair.length) * head.scale, curl=0.05)


def long(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    return loose(head, hair, generator, (0.28 + 0.22 * hair.length) * head.scale)


def wavy(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    return loose(head, hair, generator, (0.18 + 0.22 * hair.length) * head.scale, wave=0.009 * head.scale)


STYLES: dict[str, Callable[[Head, Hair, np.random.Generator], Grown]] = {
    "buzz cut": buzz_cut, "crew cut": crew_cut, "side part": side_part, "slicked back": slicked_back, "curly": curly,
    "afro": afro, "pixie cut": pixie_cut, "bob": bob, "shoulder-length": shoulder_length, "long": long, "wavy": wavy,
    "mohawk": mohawk, **TIED,
}  # fmt: skip
