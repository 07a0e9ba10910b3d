"""Hair that is tied: ponytail, bun, braids."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avatarkit.outfit import Hair
from avatarkit.tailor.fitted import eased, fan_faces, sheet_faces, unit
from avatarkit.tailor.hair import growing
from avatarkit.tailor.hair.flowing import halves_flow, tie_flow
from avatarkit.tailor.hair.growing import Coat, Shell
from avatarkit.tailor.hair.laying import Mop, combed, mop_of
from avatarkit.tailor.scalp import Head

Grown = tuple[list[Shell], list[Mop]]
LOW = (180.0, -24.0)


def drawn_to(head: Head, generator: np.random.Generator, tie: tuple[float, float], coat: Coat) -> Grown:
    """A head of hair combed tightly to one tie."""
    flow = tie_flow(tie)
    over = combed(
        head,
        flow,
        coat,
        generator,
        60,
        width=0.012,
        thick=0.0026,
        begin=(0.01, 0.05),
        end=(0.9, 0.99),
        n=15,
        stray=0.002,
        rise=0.0018,
    )
    return [growing.cap(head, generator, coat.lower(0.7))], [over]


def core(
    head: Head, tie: tuple[float, float], length: float, n: int, *, out: float = 0.03
) -> tuple[np.ndarray, np.ndarray]:
    """(n,3) the middle of a tail: out of the head at its tie, then down; and the outward directions."""
    point, normal = head.at(np.radians(np.array(tie))[None])
    step, along = length / (n - 1), normal[0] + [0, 0.25, 0]
    line, last = [point[0] - 0.004 * head.scale * normal[0]], point[0]
    for k in range(1, n):
        bend = eased(0.3 * out * head.scale, 1.6 * out * head.scale, k * step)
        along = unit(unit(along) + (0.15 + 0.75 * bend) * min(1.0, step / 0.02) * np.array([0, -1, 0]))
        last = last + step * along
        line.append(last)
    return np.array(line), np.broadcast_to(unit(normal[0] * [1, 0, 1] + [0, 0, -1e-3]), (n, 3))


def bundle(
    head: Head, generator: np.random.Generator, line: np.ndarray, outward: np.ndarray, *, count: int, radius: float,
    width: float, lean: tuple[float, float, float], waves: float = 0.0,
) -> Mop:  # fmt: skip
    """A tail: locks side by side around one line, that move as one."""
    n, k = len(line), head.scale
    s = np.linspace(0, 1, n)
    _, side, up = growing.frames(line, outward)
    swell = radius * k * (0.35 + 0.65 * eased(0.02, 0.3, s)) * (1 - 0.75 * eased(0.5, 1, s))
    angle = 2 * np.pi * np.arange(count) / count + generator.uniform(-0.2, 0.2, count)
    reach = np.where(np.arange(count) % 3 == 0, 0.35, 0.85) * generator.uniform(0.85, 1.15, count)
    turn = angle[:, None] + 0.5 * generator.normal(0, 1, (count, 1)) * s
    offset = swell * reach[:, None]
    wave = (offset * np.cos(turn))[..., None] * side + (offset * np.sin(turn))[..., None] * up
    ends = 1 + 0.08 * generator.uniform(-1, 1, (count, 1))
    wave = wave + ((ends - 1) * np.maximum(s - 0.5, 0) * 2)[..., None] * (line[-1] - line[n // 2])
    if waves:
        wave += waves * k * np.sin(2 * np.pi * s * 3 + angle[:, None])[..., None] * side
    lines = np.broadcast_to(line, (count, n, 3)).copy()
    radial = unit(np.cos(turn)[..., None] * side + np.sin(turn)[..., None] * up)
    room = np.broadcast_to(0.6 * swell + 0.004 * k, (count, n))
    return mop_of(
        head, lines, radial, np.broadcast_to(width * growing.profile(n, root=0.6, tip=0.25), (count, n)), 0.55, 2,
        lean=np.tile(np.array(lean, float), (count, 1)), stiffness=0.15, wave=wave, room=room,
    )  # fmt: skip


def band(line: np.ndarray, outward: np.ndarray, radius: float, thick: float, tie: tuple[float, float]) -> Shell:
    """What ties a tail near its root."""
    n, k = 14, 6
    _, side, up = (each[1] for each in growing.frames(line[:3], outward[:3]))
    along = unit(line[2] - line[0])
    a, b = 2 * np.pi * np.arange(n)[:, None] / n, 2 * np.pi * np.arange(k) / k
    out = np.cos(a)[..., None] * side + np.sin(a)[..., None] * up
    middle = line[0] + (0.6 * radius + thick) * along
    rings = middle + (radius + thick * np.cos(b)[:, None]) * out + 1.5 * thick * np.sin(b)[:, None] * along
    faces = np.mod(sheet_faces(n + 1, k), n * k)
    directions = np.broadcast_to(np.radians(np.array(tie)), (n * k, 2))
    return Shell(rings.reshape(-1, 3), faces[:, ::-1], np.full((n * k, 2), 0.3), directions)


def woven(
    head: Head, line: np.ndarray, outward: np.ndarray, *, radius: float, lean: tuple[float, float, float]
) -> list[Mop]:
    """A braid of three around one line, and its tuft."""
    n, k = len(line), head.scale
    s = np.linspace(0, 1, n)
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    _, side, up = growing.frames(line, outward)
    t = 2 * np.pi * s * length / (0.075 * k) + 2 * np.pi * np.arange(3)[:, None] / 3
    size = radius * k * (1 - 0.45 * s) * eased(-0.03, 0.05, s)
    wave = (size * np.sin(t))[..., None] * side + (0.5 * size * np.sin(2 * t))[..., None] * up
    wave *= 1 - 0.9 * eased(0.9, 0.95, s)[:, None]
    width = 0.9 * size * (1 - 0.45 * eased(0.9, 0.94, s) + 0.5 * eased(0.95, 0.98, s)) * (1 - 0.6 * eased(0.98, 1.0, s))
    lines = np.broadcast_to(line, (3, n, 3)).copy()
    room = np.broadcast_to(size + 0.003, (3, n))
    return [mop_of(
        head, lines, np.broadcast_to(up, lines.shape), np.broadcast_to(width / k, (3, n)), 0.75, 3,
        lean=np.tile(np.array(lean, float), (3, 1)), stiffness=0.15, wave=wave, room=room,
    )]  # fmt: skip


def ponytail(head: Head, hair: Hair, generator: np.random.Generator, low: bool = False) -> Grown:
    tie = LOW if low else (180.0, float(generator.uniform(8, 30)))
    coat = Coat(0.005 + 0.005 * hair.volume, 0.0045, fade=15)
    shells, mops = drawn_to(head, generator, tie, coat)
    line, outward = core(head, tie, (0.16 + 0.24 * hair.length) * head.scale, 12)
    tail = bundle(
        head,
        generator,
        line,
        outward,
        count=16,
        radius=0.018 + 0.012 * hair.volume,
        width=0.011,
        lean=(0, 0, -0.05),
        waves=0.002,
    )
    return [*shells, band(line, outward, 0.013 * head.scale, 0.005 * head.scale, tie)], [*mops, tail]


def bun(head: Head, hair: Hair, generator: np.random.Generator, low: bool = False) -> Grown:
    tie = LOW if low else (180.0, float(generator.uniform(5, 45)))
    coat = Coat(0.005 + 0.005 * hair.volume, 0.0045, fade=15)
    shells, mops = drawn_to(head, generator, tie, coat)
    point, normal = (each[0] for each in head.at(np.radians(np.array(tie))[None]))
    size = (0.026 + 0.010 * hair.volume + 0.006 * hair.length) * head.scale
    middle = point + (0.6 * size + 0.004 * head.scale) * normal
    across = unit(np.cross([0.0, 1.0, 0.0], normal))
    above = np.cross(normal, across)
    axes = np.stack([across, above, 0.85 * normal])
    # a ball, and strands wound over it in two crossing spirals
    e, a = np.meshgrid(np.linspace(-0.5 * np.pi, 0.5 * np.pi, 9)[1:-1], 2 * np.pi * np.arange(16) / 16, indexing="ij")
    ball = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], -1).reshape(-1, 3)
    ends = np.array([[0, 0, -1.0], [0, 0, 1.0]])
    vertices = middle + 0.93 * size * np.concatenate([ball, ends]) @ axes
    faces = np.concatenate(
        [sheet_faces(7, 16), fan_faces(np.arange(16), 112)[:, ::-1], fan_faces(96 + np.arange(16), 113)]
    )
    directions = np.broadcast_to(np.radians(np.array(tie)), (len(vertices), 2))
    shells.append(Shell(vertices, faces, np.stack([0 * vertices[:, 0] + 0.5, vertices[:, 0]], 1), directions))
    count, n = 11, 15
    s = np.linspace(0, 1, n)
    turn = 2 * np.pi * np.arange(count)[:, None] / count + (2.6 + 0.3 * generator.normal(0, 1, (count, 1))) * s
    height = -0.75 + (1.6 + 0.1 * generator.normal(0, 1, (count, 1))) * s
    height = np.clip(height, -0.95, 0.93)
    wide = np.sqrt(1 - height**2)
    lines = middle + size * np.stack([wide * np.cos(turn), wide * np.sin(turn), height], -1) @ axes
    wound = mop_of(
        head,
        lines,
        unit(lines - middle),
        np.broadcast_to(0.0095 * size / 0.035 / head.scale * growing.profile(n, root=0.7, tip=0.5), (count, n)),
        0.5,
        n,
    )
    return shells, [*mops, wound]


def braid(head: Head, hair: Hair, generator: np.random.Generator, low: bool = False) -> Grown:
    tie = (180.0, -20.0 if low else float(generator.uniform(-22, 5)))
    coat = Coat(0.005 + 0.005 * hair.volume, 0.0045, fade=15)
    shells, mops = drawn_to(head, generator, tie, coat)
    line, outward = core(head, tie, (0.2 + 0.24 * hair.length) * head.scale, 34)
    shells.append(band(line, outward, 0.012 * head.scale, 0.004 * head.scale, tie))
    return shells, [*mops, *woven(head, line, outward, radius=0.016 + 0.006 * hair.volume, lean=(0, 0, -0.05))]


def two_braids(head: Head, hair: Hair, generator: np.random.Generator) -> Grown:
    tie = (122.0, -26.0)
    coat = Coat(0.005 + 0.005 * hair.volume, 0.0045, fade=15)
    flow = halves_flow(tie)
    shells, mops = [growing.cap(head, generator, coat.lower(0.7))], []
    for span in ((0.01, 0.49), (0.51, 0.99)):
        mops.append(
            combed(
                head,
                flow,
                coat,
                generator,
                30,
                width=0.0105,
                thick=0.0028,
                begin=(0.01, 0.05),
                end=(0.92, 0.99),
                n=15,
                stray=0.002,
                span=span,
                rise=0.0018,
            )
        )
    for side in (1, -1):
        line, outward = core(head, (side * tie[0], tie[1]), (0.18 + 0.22 * hair.length) * head.scale, 30, out=0.015)
        mops += woven(head, line, outward, radius=0.012 + 0.005 * hair.volume, lean=(-side * 0.1, 0, 0.6))
    return shells, mops


TIED: dict[str, Callable[[Head, Hair, np.random.Generator], Grown]] = {
    "ponytail": ponytail, "bun": bun, "braid": braid, "two braids": two_braids,
}  # fmt: skip
