"""What rises from the neckline: shirt collars, turtlenecks, hoods on the back, lapels, straps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatarkit.tailor import sewing
from avatarkit.tailor.cutting import RestGarment
from avatarkit.tailor.details import front
from avatarkit.tailor.parts import Fine, Part, patch, swept
from avatarkit.tailor.sewing import eased

STRAP_GAP = 0.0045
"""Metres between straps and the close surface."""


def collars(rest: RestGarment, fine: Fine) -> list[Part]:
    """The parts around the neck of this garment."""
    if rest.slot == "bottom":
        return []
    makers = {"collar": _shirt_collar, "turtle": _turtleneck, "hood": _hood, "lapels": _lapels, "straps": _straps}
    maker = makers.get(rest.garment.neckline)
    return [] if maker is None else [part for part in maker(rest, fine) if part is not None]


@dataclass(frozen=True, eq=False)
class Path:
    """Points along the neckline, from the front over the person's left shoulder, around the neck, to the front."""

    anchor: np.ndarray
    """(n,2)"""
    bary: np.ndarray
    points: np.ndarray
    out: np.ndarray
    """(n,3) unit, level, away from the neck"""
    normals: np.ndarray
    """(n,3) of the sheet"""
    closed: bool
    behind: np.ndarray
    """(n) 0 in front … 1 behind the neck"""

    def lifted(self, out: np.ndarray, up: np.ndarray, *, clear: float | np.ndarray = -1.0,
               along: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
        """(n,K,3) offsets from amounts (n,K) outwards and upwards, kept `clear` of the sheet's tangent plane."""
        offsets = out[..., None] * self.out[:, None] + up[..., None] * np.array([0.0, 1.0, 0.0])
        if along is not None:
            offsets = offsets + along[..., None] * self.tangents[:, None]
        below = np.maximum(clear - np.einsum("nkc,nc->nk", offsets, self.normals), 0)
        return offsets + below[..., None] * self.normals[:, None]

    @property
    def tangents(self) -> np.ndarray:
        steps = np.gradient(self.points, axis=0)
        return steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)

    @property
    def length(self) -> np.ndarray:
        """(n) metres from the start"""
        return np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])


def neck_path(rest: RestGarment, fine: Fine, count: int, *, split: float = 0.0, gap: float = 0.0) -> Path | None:
    """The neckline as `count` even points; an open path begins and ends `gap` metres from the middle of the front."""
    rim = fine.edges["neck"]
    if len(rim) < 8:
        return None
    chain = sewing.loops(rim)[0][::-1]
    closed = bool(chain[0] == chain[-1])
    if closed:
        chain = chain[:-1]
        points = fine.rest[chain]
        ahead = points[:, 2] > points[:, 2].mean()
        first = int(np.where(ahead, np.abs(points[:, 0]), 9).argmin())
        chain = np.concatenate([chain[first:], chain[: first + 1]])
    points = fine.rest[chain]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    opened = gap > 0 or not closed
    low, high = (gap, length[-1] - gap) if opened else (0.0, length[-1] * (1 - 1 / count))
    wanted = np.linspace(low, high, count)
    left = np.clip(np.searchsorted(length, wanted, side="right") - 1, 0, len(chain) - 2)
    t = (wanted - length[left]) / np.maximum(length[left + 1] - length[left], 1e-9)
    anchor, bary = np.stack([chain[left], chain[left + 1]], 1), np.stack([1 - t, t], 1)
    at = (bary[..., None] * fine.rest[anchor]).sum(1)
    normals = (bary[..., None] * fine.normals[anchor]).sum(1)
    middle = rest.measures.neck.mean(0)
    out = (at - middle) * (1, 0, 1)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    behind = 0.5 - 0.5 * out[:, 2]
    return Path(anchor, bary, at, out, normals / np.linalg.norm(normals, axis=1, keepdims=True), not opened, behind)


def _profile(path: Path, rows: Sequence[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """(n,K) amounts out and up from K pairs, each a number or (n)."""
    n = len(path.points)
    out, up = (np.stack([np.broadcast_to(row[k], n) for row in rows], axis=1) for k in (0, 1))
    return out, up


def _shirt_collar(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """A stand around the neck and a fall over it, with points in front."""
    s = rest.measures.scale
    path = neck_path(rest, fine, 44, gap=0.004 * s)
    if path is None:
        return
    ends = np.minimum(path.length, path.length[-1] - path.length)
    point = np.exp(-ends / (0.035 * s))
    stand, fall = 0.026 * s * (1 - 0.35 * point), (0.042 + 0.024 * point) * s
    reach = (0.014 + 0.013 * point) * s
    t = 0.0022
    rows = [
        (-0.002, stand + 0.002), (0.45 * reach, stand - 0.10 * fall), (reach, stand - fall),
        (reach - t, stand - fall - 0.0006), (0.45 * reach - t, stand - 0.13 * fall - t), (0.0018, 0.35 * stand),
        (0.0018, -0.003), (-0.0016, -0.004), (-0.0052, stand - 0.001),
    ]  # fmt: skip
    out, up = _profile(path, rows)
    side = np.where(np.arange(len(ends)) < len(ends) / 2, 1, -1)
    along = np.zeros_like(out)
    along[:, 2] = along[:, 3] = side * 0.030 * s * point
    along[:, 1] = along[:, 4] = 0.4 * along[:, 2]
    clear = np.array([-1, 0.004, 0.0045, 0.002, -1, -1, -1, -1, -1])
    yield swept(path.anchor, path.bary, path.lifted(out, up, clear=clear, along=along), "collar", closed_path=False)


def _turtleneck(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """A folded tube around the neck."""
    s = rest.measures.scale
    path = neck_path(rest, fine, 44)
    if path is None:
        return
    neck = rest.measures.neck_tube()
    # in front no higher than chins of bent heads come: they begin about 0.37 of the way up to the head's joint
    below_head = np.maximum(rest.measures.joint("head")[1] - path.points[:, 1], 0.02 * s)
    high = np.minimum(0.052 * s, (0.24 + 0.3 * path.behind) * below_head)
    start = np.linalg.norm((path.points - neck_axis(rest, path.points[:, 1])) * (1, 0, 1), axis=1)
    angle = np.arctan2(path.out[:, 0], path.out[:, 2])

    def skin(up: np.ndarray) -> np.ndarray:
        return neck.radius(angle, path.points[:, 1] + up) - start

    rows = [(skin(high) + 0.004, high), (skin(0.94 * high) + 0.0105, 0.97 * high),
            (skin(0.5 * high) + 0.012, 0.5 * high), (np.maximum(skin(0.2 * high) + 0.012, 0.006), 0.18 * high),
            (np.maximum(skin(0.2 * high) + 0.007, 0.002), 0.15 * high), (0.001, -0.002), (-0.002, -0.002),
            (skin(0.5 * high) + 0.003, 0.5 * high)]  # fmt: skip
    yield swept(path.anchor, path.bary, path.lifted(*_profile(path, rows)), "collar", closed_path=True)


def neck_axis(rest: RestGarment, y: np.ndarray) -> np.ndarray:
    centre = rest.measures.neck_tube().centre(y)
    return np.stack([centre[:, 0], y, centre[:, 1]], axis=1)


def _hood(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """A hood that lies on the back: a roll around the neck that widens into a bag."""
    s = rest.measures.scale
    path = neck_path(rest, fine, 48, gap=0.012 * s)
    if path is None:
        return
    b, ends = eased(0.2, 1.0, path.behind), np.minimum(path.length, path.length[-1] - path.length)
    # towards the zip the hood's edge runs out into a flat facing
    f = (0.3 + 0.7 * eased(0.0, 0.11 * s, ends)) * s
    rows = [
        (0.003 + 0.000 * b, (0.016 + 0.026 * b) * f), ((0.010 + 0.016 * b) * f, (0.020 + 0.028 * b) * f),
        ((0.019 + 0.036 * b) * f, (0.010 + 0.018 * b) * f), ((0.023 + 0.054 * b) * f, (-0.010 - 0.020 * b) * f),
        ((0.021 + 0.056 * b) * f, (-0.020 - 0.085 * b) * f), ((0.017 + 0.042 * b) * f, (-0.024 - 0.145 * b) * f),
        ((0.012 + 0.022 * b) * f, (-0.020 - 0.160 * b) * f), (0.004 * f, (-0.006 - 0.03 * b) * f), (-0.003, -0.003),
        (-0.002 - 0.002 * b, (0.010 + 0.010 * b) * f),
    ]  # fmt: skip
    out, up = _profile(path, rows)
    clear = np.array([-1, -1, 0.006, 0.008, 0.008, 0.006, 0.003, 0.001, -1, -1])
    yield swept(path.anchor, path.bary, path.lifted(out, up, clear=clear), "hood", closed_path=False)


def _lapels(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """Flaps folded over along the V of the front, a notch, and a collar around the neck."""
    measures = rest.measures
    s, d, y = measures.scale, fine.marks["neck"], fine.rest[:, 1]
    ahead = front(rest, fine)
    top = measures.neck[:, 1].mean()
    low = (d < 0.02) & (np.abs(fine.rest[:, 0]) < 0.05 * s) & (fine.rest[:, 2] > measures.neck[:, 2].mean())
    bottom = float(y[low].min()) if low.any() else measures.y(-0.3)
    q = (top - y) / (top - bottom)
    width = 0.11 * s * np.clip(1 - q, 0, 1) ** 0.75
    height = 0.0040 + 0.003 * np.exp(-np.maximum(d, 0) / 0.012)
    notch = top - 0.30 * (top - bottom) + 0.3 * d
    yield patch(fine, [width - d, notch - 0.010 * s - y], height, "collar", sink=rest.thickness + 0.001, keep=ahead)
    near = sewing.of_faces(fine.faces, d < 0.12)
    yield patch(fine, [0.062 * s - d, y - notch], height + 0.001, "collar", sink=rest.thickness + 0.001, keep=near)
    path = neck_path(rest, fine, 60)
    if path is None:
        return
    b = eased(top - 0.10 * (top - bottom), top, path.points[:, 1]) * s
    rows = [(0.002 - 0 * b, 0.030 * b), (0.010 * b + 0.003, 0.024 * b), (0.026 * b + 0.002, -0.004 * b),
            (0.001 + 0 * b, -0.002 * b), (-0.002 - 0 * b, -0.003 * b), (-0.002 + 0 * b, 0.02 * b)]  # fmt: skip
    out, up = _profile(path, rows)
    clear = np.array([-1, 0.005, 0.006, -1, -1, -1])
    lifted = path.lifted(out, up, clear=clear)
    yield swept(path.anchor, path.bary, lifted, "collar", closed_path=path.closed)


def _straps(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """Bands over the shoulders that hang on the body itself."""
    measures, s = rest.measures, rest.measures.scale
    bib = "bib" in rest.garment.details
    half = (0.019 if bib else 0.009) * s
    for side in (1, -1):
        x = side * 0.46 * measures.joint("left_shoulder")[0]
        ends = (measures.y(-0.9) - 0.03 * s, measures.y(0.1) if bib else measures.y(-0.95) - 0.03 * s)
        found = _over_shoulder(rest, x, *ends)
        if found is None:
            continue
        points, weights = found
        tangents = np.gradient(points, axis=0)
        across = np.tile([1.0, 0.0, 0.0], (len(points), 1))
        normals = np.cross(across, tangents)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        normals *= np.sign((normals * (points - measures.joint("spine3"))).sum(1).mean())
        corners = [(-1, 0.0), (-1, 0.002), (1, 0.002), (1, 0.0)]
        # dungarees are worn over a shirt, which stands off the small of the back
        gap = STRAP_GAP + bib * (0.008 + 0.016 * eased(0.6, 1.0, np.linspace(0, 1, len(points))))
        ring = np.stack([points + u * half * across + (v + gap)[:, None] * normals for u, v in corners], axis=1)
        nowhere = np.zeros((len(points), 1))
        part = swept(nowhere.astype(np.int64), nowhere, ring, "strap", closed_path=False)
        a, b, c = (part.offset[part.faces[:, k]] for k in range(3))
        outwards = np.einsum("fc,fc->", a, np.cross(b, c)) > 0
        faces = part.faces if outwards else part.faces[:, ::-1]
        yield replace(part, faces=faces, lbs_weights=np.repeat(weights, len(corners), axis=0))


def _over_shoulder(rest: RestGarment, x: float, low: float, low_behind: float) -> tuple[np.ndarray, np.ndarray] | None:
    """The close surface's section at x, from the chest over the shoulder to the back: points and skin weights."""
    measures, sheet = rest.measures, rest.measures.sheet
    ends = sheet.edges[(sheet.arm[sheet.edges] < 0.5).all(1)]
    a, b = measures.vertices[ends[:, 0]], measures.vertices[ends[:, 1]]
    crossing = (a[:, 0] - x) * (b[:, 0] - x) < 0
    ends, a, b = ends[crossing], a[crossing], b[crossing]
    t = ((x - a[:, 0]) / (b[:, 0] - a[:, 0]))[:, None]
    points = (1 - t) * a + t * b
    weights = (1 - t) * sheet.lbs_weights[ends[:, 0]] + t * sheet.lbs_weights[ends[:, 1]]
    z = measures.joint("spine3")[2]
    high = points[:, 1] > np.where(points[:, 2] > z, low, low_behind)
    points, weights = points[high], weights[high]
    if len(points) < 8:
        return None
    middle = np.array([low, points[:, 2].mean()])
    order = np.argsort(np.arctan2(points[:, 1] - middle[0], -(points[:, 2] - middle[1])))[::-1]
    points, weights = points[order], weights[order]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    wanted = np.linspace(0, length[-1], 40)
    even = np.stack([np.interp(wanted, length, column) for column in points.T], 1)
    return even, np.stack([np.interp(wanted, length, column) for column in weights.T], 1)
