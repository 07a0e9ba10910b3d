"""Locks of hair laid on the head: along a flow, strewn, hanging, wound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatarkit.tailor.fitted import eased, unit
from avatarkit.tailor.hair import growing
from avatarkit.tailor.hair.growing import Coat, Flow
from avatarkit.tailor.scalp import Head, to_directions


@dataclass(frozen=True, eq=False)
class Mop:
    """Locks before they are joined: lines (L,n,3) with outward directions, half sizes (L,n), and how they fall."""

    lines: np.ndarray
    outward: np.ndarray
    width: np.ndarray
    thick: np.ndarray
    held: np.ndarray
    lean: np.ndarray
    stiffness: float = 0.1
    wave: np.ndarray | None = None
    """(L,n,3) added to the mesh, not to the lines"""
    room: np.ndarray | None = None
    """(L,n) metres kept from the body, where it is not the locks' thickness"""
    section: str = "round"
    together: bool = False
    """side by side, in order: they fall as one"""
    roots: np.ndarray | None = None
    """(L,2) directions on the head: whose weights it has there, where that is not the head's"""


def laid(
    head: Head, flow: Flow, coat: Coat, u: np.ndarray, begin: np.ndarray, end: np.ndarray, n: int, lift: np.ndarray,
    *, least: float = 0.002, ears: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Lines (L,n,3) along the flow from `begin` to `end` (L), on the coat and `lift` (L,n) metres higher; normals."""
    v = begin[:, None] + (end - begin)[:, None] * np.linspace(0, 1, n)
    directions = to_directions(flow.at(np.broadcast_to(u[:, None], v.shape), v))
    points, normals = head.at(directions, ears=ears)
    height = np.maximum(coat.height(directions), least) + lift
    return points + head.scale * height[..., None] * normals, normals


def hung(
    lines: np.ndarray, normals: np.ndarray, n: int, length: np.ndarray, *, curl: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Lines prolonged by n points over `length` (L) metres, from their last direction to straight down; `curl` turns
    the ends in (below zero: out)."""
    step = length / n
    along = unit(lines[:, -1] - lines[:, -2])
    out = unit(normals[:, -1] * [1, 0, 1])
    points, outward, last = [lines], [normals], lines[:, -1]
    # the first steps, where it turns downwards, are shorter
    steps = step[:, None] * (0.5 + np.arange(n) / max(n - 1, 1))
    for k in range(n):
        t, step = (k + 1) / n, steps[:, k, None]
        along = unit(along + [0, -0.55, 0] + 0.06 * out * (1 - t) - 0.9 * curl * t * t * out)
        last = last + step * along
        points.append(last[:, None])
        outward.append(out[:, None])
    return np.concatenate(points, 1), np.concatenate(outward, 1)


def over_ears(head: Head, lines: np.ndarray) -> np.ndarray:
    """Lines (...,3) that pass an ear on its outer side."""
    ears = head.eared.reshape(-1, 3)[head.chart.ear]
    far, middle = np.abs(ears[:, 0]).max() + 0.006 * head.scale, 0.5 * (ears.min(0) + ears.max(0))
    off = (lines[..., 1:] - middle[1:]) / (head.scale * np.array([0.060, 0.055]))
    near = 1 - eased(0.45, 1.0, np.linalg.norm(off, axis=-1))
    aside = np.maximum(far - np.abs(lines[..., 0]), 0) * near * eased(0.03, 0.06, np.abs(lines[..., 0]) / head.scale)
    return lines + np.stack([np.sign(lines[..., 0]) * aside, 0 * aside, 0 * aside], -1)


def spread(generator: np.random.Generator, count: int) -> np.ndarray:
    return (np.arange(count) + generator.uniform(-0.35, 0.35, count)) / count


def tufts(
    head: Head, flow: Flow, coat: Coat, generator: np.random.Generator, count: int, *, length: float, rise: float,
    width: float, thick: float, begin: tuple[float, float] = (0.0, 0.85), n: int = 5, stray: float = 0.02,
    sink: float = 0.002, where: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Mop:  # fmt: skip
    """Short locks strewn over the coat, their roots `sink` metres in it and their tips `rise` above."""
    # as many on every piece of the scalp, however the flow crowds there
    v0 = generator.uniform(*begin, 4 * count)
    u = generator.uniform(0, 1, 4 * count)
    here, aside, ahead = flow.at(u, v0), flow.at(u + 0.004, v0), flow.at(u, v0 + 0.01)
    area = np.linalg.norm(np.cross(aside - here, ahead - here), axis=1)
    taken = np.argsort(generator.uniform(0, 1, 4 * count) / np.maximum(area, 1e-12), kind="stable")[:count]
    u, v0 = u[taken], v0[taken]
    if where is not None:
        keep = where(to_directions(flow.at(u, v0)))
        u, v0 = u[keep], v0[keep]
    L, s = len(u), np.linspace(0, 1, n)
    size = generator.uniform(0.7, 1.3, (L, 1))
    reach = np.minimum(length / 0.16 * size[:, 0], 1.05 - v0)
    lines, normals = laid(head, flow, coat, u, v0, v0 + reach, n, (rise + sink) * size * s - sink)
    across = np.cross(normals, unit(np.gradient(lines, axis=1)))
    lines = lines + generator.normal(0, stray, (L, 1, 1)) * across * (s**1.5)[None, :, None] * head.scale
    return mop_of(head, lines, normals, width * size * growing.profile(n, root=0.55), thick / width, n)


def curled(mop: Mop, generator: np.random.Generator, head: Head, *, radius: float = 0.0075, turns: float = 1.3) -> Mop:
    """The locks wound around the lines that they lay along, more and more towards their tips."""
    L, n = mop.width.shape
    s = np.linspace(0, 1, n)
    phase = generator.uniform(0, 2 * np.pi, (L, 1)) + 2 * np.pi * turns * generator.choice([-1, 1], (L, 1)) * s
    across = np.cross(mop.outward, unit(np.gradient(mop.lines, axis=1)))
    wide = (radius * head.scale * generator.uniform(0.7, 1.3, (L, 1)) * (0.25 + 0.75 * s))[..., None]
    wound = wide * (np.cos(phase)[..., None] * across + (0.8 + np.sin(phase)[..., None]) * mop.outward)
    return replace(mop, lines=mop.lines + wound)


def mop_of(
    head: Head, lines: np.ndarray, normals: np.ndarray, width: np.ndarray, flat: float, held: int, **more: Any
) -> Mop:  # fmt: skip
    """Locks of half widths (L,n), metres on a grown head, `flat` times as thick."""
    L, width = len(lines), np.broadcast_to(width * head.scale, lines.shape[:2])
    section, thick = "round", flat * width
    if flat < 0.6:
        section = "arch" if held >= lines.shape[1] else "lens"
        thick = thick * (np.arange(lines.shape[1]) < lines.shape[1] - 1)
    return Mop(
        lines, normals, width, thick, np.full(L, held), more.pop("lean", np.zeros((L, 3))), section=section, **more
    )


def combed(
    head: Head, flow: Flow, coat: Coat, generator: np.random.Generator, count: int, *, width: float, thick: float,
    begin: tuple[float, float] = (0.0, 0.1), end: tuple[float, float] = (0.9, 1.0), n: int = 8, bow: float = 0.0,
    rise: float = 0.0015, stray: float = 0.004, ears: float = 0.0, tip: float = 0.25,
    span: tuple[float, float] = (0.0, 1.0),
) -> Mop:  # fmt: skip
    """Locks that lie side by side along the flow, `rise` metres above the coat, `bow` higher in their middle."""
    u = span[0] + (span[1] - span[0]) * spread(generator, count)
    v0, v1 = generator.uniform(*begin, count), generator.uniform(*end, count)
    s = np.linspace(0, 1, n)
    size = generator.uniform(0.75, 1.25, (count, 1))
    lift = (
        rise * generator.uniform(0.3, 1.7, (count, 1))
        + bow * size * np.sin(np.pi * s) ** 0.8
        - 0.004 * (1 - eased(0, 0.12, s))
    )
    lines, normals = laid(head, flow, coat, u, v0, v1, n, lift, ears=ears)
    across = np.cross(normals, unit(np.gradient(lines, axis=1)))
    lines = lines + head.scale * generator.normal(0, stray, (count, 1, 1)) * np.sin(np.pi * s)[:, None] * across
    return mop_of(head, lines, normals, width * size * growing.profile(n, root=0.5, tip=tip), thick / width, n)


def falling(
    head: Head, flow: Flow, coat: Coat, generator: np.random.Generator, count: int, length: float, *, begin: float,
    width: float, thick: float, rise: float = 0.0, curl: float = 0.0, ragged: float = 0.12,
    waves: tuple[float, float] | None = None, points: tuple[int, int] = (5, 7), bow: float = 0.0,
    stiffness: float = 0.08, tip: float = 0.4,
) -> Mop:  # fmt: skip
    """Locks that follow the flow from `begin` to its end and hang from there by `length` metres; `waves`: how far they
    swing and where they begin to, radians."""
    u = 0.012 + 0.976 * spread(generator, count).clip(0, 1)
    s = np.linspace(0, 1, points[0])
    size = generator.uniform(0.8, 1.2, (count, 1))
    lift = (
        rise
        + bow * np.sin(np.pi * s**0.8)
        + generator.uniform(-0.001, 0.002, (count, 1))
        - 0.005 * (1 - eased(0, 0.3, s))
    )
    v0 = begin + generator.uniform(0, 0.06, count)
    lines, normals = laid(head, flow, coat, u, v0, np.ones(count), points[0], lift, least=0.005, ears=1.0)
    reach = length * (1 + ragged * generator.uniform(-1, 0.6, count))
    lines, normals = hung(lines, normals, points[1], reach, curl=curl)
    lines = over_ears(head, lines)
    n = sum(points)
    azimuth = to_directions(flow.at(u, np.ones(count)))[:, 0]
    front = 1 - eased(1.15, 1.5, np.abs(azimuth))
    # before or behind the shoulders, and not down them
    lean = np.stack([-0.35 * np.sin(azimuth), 0 * front, 0.45 * (2 * front - 1)], 1)
    wave = None
    if waves:
        # neighbours, and layers one over another, wave nearly as one
        phase = (
            waves[1]
            + 1.7 * np.sin(2 * azimuth + waves[1])
            + 0.9 * np.sin(5 * azimuth)
            + generator.normal(0, 0.2, count)
        )
        phase = phase[:, None] - 2 * np.pi / (0.1 * head.scale) * lines[..., 1]
        across = np.cross(normals, unit(np.gradient(lines, axis=1)))
        top = head.centre[1]
        grow = waves[0] * eased(0.02, 0.16, (top + 0.06 * head.scale - lines[..., 1]) / head.scale)
        wave = (grow * np.sin(phase))[..., None] * across + (0.5 * grow * np.cos(phase))[..., None] * normals
    shape = growing.profile(n, root=0.35, full=0.25, tip=tip)
    return mop_of(
        head, lines, normals, width * size * shape, thick / width, points[0] - 1, lean=lean, stiffness=stiffness,
        wave=wave, together=True, room=0.3 * thick * head.scale + 0.006 * head.scale + 0 * lines[..., 0],
    )  # fmt: skip
