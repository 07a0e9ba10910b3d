"""Shoes on the T-posed feet: an upper on the last, a sole under it, laces, straps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from avatarkit.outfit import Item
from avatarkit.tailor.fitted import Fitted, Part, eased, fan_faces, frames, joined, sheet_faces, tubes, unit
from avatarkit.tailor.lasts import Last, lasts_of

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

COLUMNS, RIM = 34, 44


@dataclass(frozen=True)
class Kind:
    """How a shoe is built: metres on a foot of 0.26 m."""

    offset: float = 0.0035
    """how far the upper stands off"""
    back: float = 0.025
    """where the top line is at the heel: t on the last, below zero up the shin"""
    side: float = 0.05
    front: float = 0.09
    """at the instep: from 0.09 (the bend) towards the toes"""
    collar: float = 0.002
    """how thick the top line is rolled"""
    sole: float = 0.014
    heel: float = 0.0
    """what the sole lacks under the arch"""
    welt: float = 0.003
    """how far the sole stands out"""
    wall: float = 0.010
    """how far the sole reaches up"""
    toe: float = 0.010
    """room in front of the toes"""
    laces: int = 0
    cap: float = 0.0
    """how long the toe cap is"""
    pointed: float = 0.0


KINDS = {
    "sneakers": Kind(0.005, 0.006, 0.026, 0.082, 0.004, 0.020, 0.0, 0.004, 0.013, 0.012, 5, 0.045),
    "boots": Kind(0.007, -0.16, -0.165, -0.17, 0.003, 0.026, 0.016, 0.004, 0.010, 0.012, 7, 0.0),
    "ankle boots": Kind(0.006, -0.055, -0.045, -0.055, 0.002, 0.024, 0.018, 0.003, 0.008, 0.014, 0, 0.0),
    "loafers": Kind(0.0035, 0.012, 0.032, 0.108, 0.002, 0.016, 0.010, 0.003, 0.008, 0.012, 0, 0.0),
    "heels": Kind(0.003, 0.014, 0.044, 0.165, 0.001, 0.030, 0.027, 0.001, 0.003, 0.016, 0, 0.0, 1.0),
    "ballet flats": Kind(0.0025, 0.017, 0.045, 0.160, 0.0012, 0.009, 0.0, 0.0015, 0.005, 0.008, 0, 0.0),
    "sandals": Kind(0.0035, 0.0, 0.0, 0.0, 0.001, 0.020, 0.0, 0.004, 0.004, 0.006),
}


def shod(model: BodyModel, betas: Any, item: Item) -> Fitted | None:
    """Both shoes of a person of betas (≤ B,), None for bare feet. Soles lie below the bare foot's."""
    kind = KINDS.get(item.kind)
    if kind is None:
        return None
    covers = np.zeros(len(model.v_template), bool)
    parts: list[Part] = []
    for foot in lasts_of(model, betas):
        last = replace(foot, toe=kind.toe * foot.scale)
        if item.kind == "sandals":
            made = [_sole(last, kind), *_straps(last)]
        else:
            made = [_upper(last, kind), _sole(last, kind), *_laces(last, kind)]
            t, theta = last.places[:, 0], last.places[:, 1]
            # behind, a little of t is a long way down the heel
            margin = 0.0065 + 0.0045 * np.cos(theta)
            covers[last.skin] |= t > _top_line(last, kind, theta) + margin * last.scale
        parts += [_on_side(part, last) for part in made]
    return joined(parts, covers)


def _on_side(part: Part, last: Last) -> Part:
    if last.side == "left":
        return part
    return Part(part.vertices * [-1, 1, 1], part.faces[:, ::-1], part.lbs_weights, part.panel)


def _top_line(last: Last, kind: Kind, theta: np.ndarray) -> np.ndarray:
    """t at which the upper begins, by angle: heel, sides, instep."""
    turn = np.abs(np.angle(np.exp(1j * np.asarray(theta)))) / np.pi  # 0 instep … 1 heel
    ahead = np.interp(turn, (0, 0.16, 0.25, 0.32, 0.42, 0.55), (1, 0.98, 0.85, 0.55, 0.22, 0))
    behind = np.interp(turn, (0.55, 0.75, 0.92, 1), (0, 0.55, 1, 1))
    return last.scale * (kind.side + ahead * (kind.front - kind.side) + behind * (kind.back - kind.side))


def _upper(last: Last, kind: Kind) -> Part:
    k = last.scale
    u = np.arange(COLUMNS) / COLUMNS
    theta = 2 * np.pi * u
    top = _top_line(last, kind, theta)
    end = last.tip + last.toe
    share = np.concatenate([np.linspace(0, 1, 15) ** 0.9 * 0.90, [0.94, 0.97, 0.988, 0.997]])
    t = _paced(last, top, end, theta, share)
    theta = np.broadcast_to(theta, t.shape)
    offset = np.full(t.shape, kind.offset * k)
    offset += 0.002 * k * eased(last.bend + 0.02 * k, last.bend + 0.08 * k, t) * (1 - kind.pointed)
    offset += 0.0015 * k * (-np.cos(theta)).clip(0) * (t < last.bend)
    if kind.laces:
        # the tongue lies deeper than the quarters beside it
        throat = (1 - eased(0.42, 0.56, np.abs(np.angle(np.exp(1j * theta))))) * (1 - eased(0.175 * k, 0.185 * k, t))
        offset += 0.0025 * k * (1 - throat) - 0.001 * k * throat
    if kind.cap:
        offset += 0.0015 * k * eased(last.tip - kind.cap * k, last.tip - (kind.cap - 0.004) * k, t)
    offset[0] += 0.5 * kind.collar * k
    points = last.points(t, theta, offset)
    # the rim is rolled in and ends at the skin
    roll = [(0.4, 1.0, -0.6), (0.5, 0.2, -0.9), (1.0, -0.8, 0.6)]
    rolled = [
        last.points(top + fall * kind.collar * k, theta[0], (kind.offset * (out > 0) + kind.collar * out) * k)
        for _, out, fall in roll
    ]
    rows = np.concatenate([np.stack(rolled[::-1]), points])
    low = last.floor - 0.0005 * k
    rows[..., 1] = np.maximum(rows[..., 1], low)
    vertices = rows.reshape(-1, 3)
    places = np.concatenate([np.broadcast_to(top, (3, COLUMNS)), t]).reshape(-1)
    middle = rows[-1].mean(0)
    faces = np.concatenate([
        sheet_faces(len(rows), COLUMNS)[:, ::-1],
        fan_faces((len(rows) - 1) * COLUMNS + np.arange(COLUMNS), len(vertices))[:, ::-1],
    ])  # fmt: skip
    weights = last.lbs_weights(np.append(places, end))
    return Part(np.append(vertices, middle[None], 0), faces, weights, "upper")


def _paced(last: Last, top: np.ndarray, end: float, theta: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(rows, columns) t from the top line to the toe so that each column's steps are as its `share` of its length:
    behind, where sections fan out, t runs slowly."""
    dense = np.linspace(0, 1, 48)[:, None]
    t = top + (end - top) * dense
    steps = np.linalg.norm(np.diff(last.points(t, np.broadcast_to(theta, t.shape), 0.0), axis=0), axis=-1)
    walked = np.concatenate([np.zeros((1, len(top))), np.cumsum(steps, 0)])
    walked /= walked[-1]
    # towards the toes all columns run alike, so that rows stay across the foot
    walked = 0.85 * walked + 0.15 * dense
    return np.stack([np.interp(share, w, column) for w, column in zip(walked.T, t.T, strict=True)], 1)


def _outline(last: Last, kind: Kind) -> np.ndarray:
    """(RIM,2) x and z of the sole's edge, turning from the heel's outer side to the toes."""
    k = last.scale
    t = np.linspace(0.25 * last.bend, last.tip + last.toe, 60)[:, None]
    theta = np.linspace(0.35 * np.pi, 1.65 * np.pi, 40)
    points = last.points(t, theta, kind.offset * k).reshape(-1, 3)
    points = points[points[:, 1] < last.floor + 0.035 * k][:, [0, 2]]
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    # a stretched circle of directions, so that the ends are as round as the sides
    aspect = np.array([1.0, (high[1] - low[1]) / (high[0] - low[0])])
    flat = (points - middle) / aspect
    angle = np.arange(RIM) * (2 * np.pi / RIM)
    directions = np.stack([np.cos(angle), np.sin(angle)], 1)
    support = (flat @ directions.T).max(0)
    turn = np.cos(angle[:, None] - angle)
    radius = (support / np.where(turn > 0.2, turn, 1) + 1e3 * (turn <= 0.2)).min(1)
    edge = radius[:, None] * directions * aspect + middle
    # the waist of the sole, more on the inner side
    along = (edge[:, 1] - low[1]) / (high[1] - low[1])
    waist = np.exp(-(((along - 0.42) / 0.17) ** 2))
    edge[:, 0] -= waist * np.where(directions[:, 0] < 0, -0.008, 0.003) * k
    return edge


def _sole(last: Last, kind: Kind) -> Part:
    k = last.scale
    edge = _outline(last, kind)
    out = unit(np.roll(edge, -1, 0) - np.roll(edge, 1, 0)) @ np.array([[0.0, -1.0], [1.0, 0.0]])
    low = last.floor - kind.sole * k
    arch = (
        kind.heel
        * k
        * eased(last.heel + 0.070 * k, last.heel + 0.080 * k, edge[:, 1])
        * (1 - eased(last.ball - 0.05 * k, last.ball - 0.015 * k, edge[:, 1]))
    )
    spring = 0.006 * k * eased(last.ball + 0.03 * k, last.ball + 0.11 * k, edge[:, 1])
    wall = last.floor + kind.wall * k
    profile = [
        (wall - 0.002 * k, -0.006 * k, 0.0), (wall, kind.welt * k - 0.001 * k, 0.0),
        (wall - 0.002 * k, kind.welt * k, 0.0), (last.floor - 0.4 * kind.sole * k, kind.welt * k, 0.45),
        (low + 0.002 * k, (kind.welt - 0.0005) * k, 1.0), (low, (kind.welt - 0.003) * k, 1.0),
        (low, -0.012 * k, 1.0),
    ]  # fmt: skip
    rings = [
        np.stack([edge[:, 0] + far * out[:, 0], y + rise * np.maximum(arch, spring), edge[:, 1] + far * out[:, 1]], 1)
        for y, far, rise in profile
    ]
    rows = np.stack(rings)
    vertices = rows.reshape(-1, 3)
    # the edge turns from +x to +z, and rows go down: outwards as it is
    faces = np.concatenate([
        sheet_faces(len(rows), RIM), _strips(0, RIM)[:, ::-1], _strips((len(rows) - 1) * RIM, RIM)
    ])  # fmt: skip
    return Part(vertices, faces, last.lbs_weights(last.t_along(vertices[:, 2])), "sole")


def _strips(first: int, count: int) -> np.ndarray:
    """Faces across a long ring from one flank to the other, that starts at the middle of one (even count)."""
    half = count // 2
    # ring index 0 is at +x, count/4 at the toes: pair the outer flank with the inner one
    left = np.mod(count // 4 - np.arange(half + 1), count)
    right = np.mod(count // 4 + np.arange(half + 1), count)
    a, b, c, d = left[:-1], right[:-1], right[1:], left[1:]
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])]
    return first + faces


SECTION = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)])


def _laces(last: Last, kind: Kind) -> list[Part]:
    if not kind.laces:
        return []
    k, n = last.scale, 7
    # over the bend in front of the ankle there is no room for any
    foot = kind.laces if kind.front > 0 else kind.laces // 2
    t = np.linspace(0.096, 0.165, foot)
    t = np.concatenate([np.linspace(-0.12, -0.012, kind.laces - foot), t])[:, None] * k
    reach = 0.55
    theta = np.linspace(-reach, reach, n)
    slant = 0.008 * k * np.linspace(-1, 1, n)
    lines, inner = (
        np.concatenate([last.points(t + s * slant, theta, offset * k) for s in (1, -1)])
        for offset in (kind.offset + 0.0035, kind.offset - 0.005)
    )
    lines[:, [0, -1]] = inner[:, [0, -1]] * 0.4 + lines[:, [0, -1]] * 0.6
    _, side, up = frames(lines, unit(lines - inner))
    vertices, faces = tubes(lines, side * 0.0028 * k, up * 0.0016 * k, SECTION)
    places = np.repeat(np.concatenate([t, t])[:, 0], len(vertices) // (2 * kind.laces))
    return [Part(vertices, faces, last.lbs_weights(places), "lace")]


def _straps(last: Last) -> list[Part]:
    """The straps of a sandal: over the toes, over the instep, around the heel."""
    k = last.scale
    toes = last.bend + last.ball - last.pivot[2] - 0.005 * k
    bands = [
        (np.full(25, toes), 0.014 * k, np.linspace(-2.0, 2.0, 25)),
        (np.full(25, last.bend + 0.022 * k), 0.011 * k, np.linspace(-2.2, 2.2, 25)),
    ]
    theta = np.linspace(-0.99 * np.pi, 0.99 * np.pi, 37)
    bands.append((0.012 * k + 0.016 * k * eased(0.2, 1.0, np.abs(theta) / np.pi), 0.009 * k, theta))
    parts = []
    for t, half, theta in bands:
        profile = [(-1.0, -0.002), (-1.0, 0.002), (-0.8, 0.0032), (0.8, 0.0032), (1.0, 0.002), (1.0, -0.002)]
        rows = np.stack([last.points(t + along * half, theta, out * k) for along, out in profile])
        faces = sheet_faces(len(profile), len(theta), around=False)[:, ::-1]
        ends = last.lbs_weights(np.tile(t, len(profile)))
        parts.append(Part(rows.reshape(-1, 3), faces, ends, "strap"))
    return parts
