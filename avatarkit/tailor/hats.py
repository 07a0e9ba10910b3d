"""Hats: crowns and brims lofted around the head, and how hair is pressed under them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.tailor.fitted import Fitted, Part, fan_faces, joined, of_joint, sheet_faces, unit
from avatarkit.tailor.hair.growing import grain
from avatarkit.tailor.scalp import Head, to_directions, to_vectors

COLUMNS = 56
SEAT = {
    "cap": ((0, 25), (40, 20), (90, 9), (135, 0), (180, -8)),
    "beanie": ((0, 25), (40, 19), (80, 3), (95, -1), (135, -10), (180, -16)),
    "fedora": ((0, 27), (40, 22), (90, 9), (135, 3), (180, -2)),
    "sun hat": ((0, 29), (40, 23), (90, 9), (135, 2), (180, -4)),
}
"""Where the rim sits on the head: azimuth and elevation, degrees."""


@dataclass(frozen=True, eq=False)
class Roof:
    """Where a hat sits, and what room hair has under it."""

    seat: np.ndarray
    """(n,2) degrees"""
    room: float = 0.004

    def height(self, directions: np.ndarray) -> np.ndarray:
        """(...) metres above the skin that hair may have."""
        rim = np.interp(np.abs(np.degrees(directions[..., 0])), self.seat[:, 0], self.seat[:, 1])
        below = rim - np.degrees(directions[..., 1])
        return self.room + 0.0016 * np.maximum(below + 1, 0)


def roof_of(kind: str) -> Roof:
    return Roof(np.array(SEAT[kind], float))


def pressed(points: np.ndarray, head: Head, roof: Roof) -> np.ndarray:
    """Points (P,3) of hair, lowered to what the hat leaves."""
    directions = to_directions(points - head.centre)
    for _ in range(2):
        skin, normals = head.at(directions)
        directions = directions + to_directions(points - head.centre) - to_directions(skin - head.centre)
        directions[:, 0] = np.mod(directions[:, 0] + np.pi, 2 * np.pi) - np.pi
    skin, normals = head.at(directions)
    high = ((points - skin) * normals).sum(1)
    half = 0.5 * roof.height(directions) * head.scale
    # softly, so that what lay on top stays on top
    low = np.where(high > half, half + half * (1 - np.exp(-np.maximum(high - half, 0) / half)), high)
    return points + (low - high)[:, None] * normals


def hat(head: Head, kind: str, generator: np.random.Generator) -> Fitted:
    """A hat on the head."""
    parts = {"cap": _cap, "beanie": _beanie, "fedora": _fedora, "sun hat": _sun_hat}[kind](head, generator)
    head_joint = JOINT_INDEX["head"]
    rigid = [replace(part, lbs_weights=of_joint(len(part.vertices), head_joint)) for part in parts]
    return joined(rigid, np.zeros(len(head.vertices), bool), roof=roof_of(kind))


def _rim(head: Head, kind: str, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """(COLUMNS,2) directions of the rim, from the front to the left, and its points `offset` metres off the skin."""
    seat = np.array(SEAT[kind], float)
    a = 360 * np.arange(COLUMNS) / COLUMNS
    a = np.where(a > 180, a - 360, a)
    directions = np.radians(np.stack([a, np.interp(np.abs(a), seat[:, 0], seat[:, 1])], 1))
    points, normals = head.at(directions)
    return directions, points + offset * head.scale * normals


def _dome(head: Head, rim: np.ndarray, offset: np.ndarray, *, rows: int = 13) -> np.ndarray:
    """(rows,COLUMNS,3) from the rim's directions to the crown, `offset` (rows) or (rows,COLUMNS) off the skin."""
    pole = to_vectors(np.radians(np.array([180.0, 84.0])))
    share = np.linspace(0, 0.985, rows)[:, None, None]
    vectors = unit((1 - share) * to_vectors(rim) + share * pole)
    points, normals = head.at(to_directions(vectors))
    offset = np.asarray(offset)
    return points + head.scale * (offset[:, None] if offset.ndim == 1 else offset)[..., None] * normals


def _closed(rows: np.ndarray, panel: str, *, top: bool = True) -> Part:
    """A loft of closed rows that go up and turn from the front to the left; closed at its top."""
    n, k, _ = rows.shape
    vertices, faces = rows.reshape(-1, 3), sheet_faces(n, k)
    if top:
        vertices = np.append(vertices, rows[-1].mean(0)[None], 0)
        faces = np.append(faces, fan_faces((n - 1) * k + np.arange(k), n * k), 0)
    return Part(vertices, faces, np.zeros((len(vertices), 1)), panel)


def _lip(head: Head, rim: np.ndarray, outer: float, inner: float = -0.001) -> np.ndarray:
    """(2,COLUMNS,3): what closes a rim to the skin from below."""
    points, normals = head.at(rim)
    return np.stack([points + head.scale * inner * normals, points + head.scale * outer * normals])


def _cap(head: Head, generator: np.random.Generator) -> list[Part]:
    rim, _ = _rim(head, "cap", 0.0)
    s = np.linspace(0, 1, 13)
    # six panels meet at the button
    seams = 1 - np.abs(np.sin(3 * rim[:, 0])) ** 0.25
    offset = (0.008 + 0.009 * np.sin(np.pi * np.minimum(s * 0.62 + 0.06, 1)))[:, None] - 0.0012 * seams
    crown = np.concatenate([_lip(head, rim, 0.0065), _dome(head, rim, offset)])
    top = crown[-1].mean(0)
    button = top + head.scale * (
        0.007
        * to_vectors(np.stack(np.meshgrid(2 * np.pi * np.arange(8) / 8, np.linspace(-0.5, 1.5, 4), indexing="xy"), -1))
    )
    # the peak: a crescent from the front of the rim, bent down at its sides
    a = np.radians(np.linspace(-68, 68, 25))
    seat = np.array(SEAT["cap"], float)
    base, normals = head.at(
        np.stack([a, np.radians(np.interp(np.abs(np.degrees(a)), seat[:, 0], seat[:, 1]) + 1.0)], 1)
    )
    base = base + 0.006 * head.scale * normals
    reach = 0.078 * head.scale * np.sqrt(np.clip(1 - (a / np.radians(69)) ** 2, 0, 1)) ** 0.8
    rows = []
    for share in np.linspace(0, 1, 7):
        out = base + share * reach[:, None] * unit(np.stack([0.30 * np.sin(a), 0 * a - 0.22, 0 * a + 1], 1))
        sag = 0.035 * (out[:, 0] / (0.075 * head.scale)) ** 2 * share - 0.006 * share * (1 - share)
        rows.append(out - head.scale * sag[:, None] * [0, 1, 0])
    upper = np.stack(rows)
    return [_closed(crown, "upper"), _closed(button, "upper"), _slab(upper, 0.003 * head.scale, "brim")]


def _slab(rows: np.ndarray, thickness: float, panel: str) -> Part:
    """A sheet (n,k,3) that looks up, closed with its lower side."""
    n, k, _ = rows.shape
    lower = rows - thickness * np.array([0, 1, 0])
    upper_faces = sheet_faces(n, k, around=False)
    grid = np.arange(n * k).reshape(n, k)
    ring = np.concatenate([grid[0, :-1], grid[:-1, -1], grid[-1, :0:-1], grid[:0:-1, 0]])
    after = np.roll(ring, -1)
    edge = np.concatenate([np.stack([ring, after, after + n * k], 1), np.stack([ring, after + n * k, ring + n * k], 1)])
    faces = np.concatenate([upper_faces, upper_faces[:, ::-1] + n * k, edge[:, ::-1]])
    first = upper_faces[len(upper_faces) // 2]
    flat = rows.reshape(-1, 3)[first]
    up = np.cross(flat[1] - flat[0], flat[2] - flat[0])[1]
    vertices = np.concatenate([rows.reshape(-1, 3), lower.reshape(-1, 3)])
    return Part(vertices, faces if up > 0 else faces[:, ::-1], np.zeros((len(vertices), 1)), panel)


def _beanie(head: Head, generator: np.random.Generator) -> list[Part]:
    rim, _ = _rim(head, "beanie", 0.0)
    s = np.linspace(0, 1, 16)
    u = np.arange(COLUMNS) / COLUMNS
    loose = 0.005 + 0.016 * np.sin(np.pi * np.clip(s, 0, 1) ** 1.6) + 0.010 * s
    offset = loose[:, None] * (
        1
        + 0.18 * grain(generator, np.broadcast_to(u, (16, COLUMNS)), np.broadcast_to(s[:, None], (16, COLUMNS)), (7, 3))
    )
    crown = _dome(head, rim, offset, rows=16)
    # the turned-up band: out, up, and back to the crown
    band = [_lip(head, rim, 0.004)[0]]
    for share, out in ((0.0, 0.0085), (0.03, 0.0115), (0.13, 0.0125), (0.235, 0.0125), (0.255, 0.0105), (0.25, 0.004)):
        band.append(_dome(head, rim, np.full(16, out), rows=16)[0] if share == 0 else _row(head, rim, share, out))
    return [_closed(crown, "upper"), _closed(np.stack(band), "hem", top=False)]


def _row(head: Head, rim: np.ndarray, share: float, out: float) -> np.ndarray:
    pole = to_vectors(np.radians(np.array([180.0, 84.0])))
    points, normals = head.at(to_directions(unit((1 - share) * to_vectors(rim) + share * pole)))
    return points + head.scale * out * normals


def _crowned(head: Head, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The oval of a stiff hat's rim (COLUMNS,3), its middle, its axis and how tall the head is above it."""
    _, loop = _rim(head, kind, 0.009)
    middle = loop.mean(0)
    axis = unit(np.linalg.svd(loop - middle)[2][2])
    axis = axis * np.sign(axis[1])
    flat = loop - ((loop - middle) @ axis)[:, None] * axis
    skull = head.points[len(head.points) // 2 :].reshape(-1, 3)
    return flat, middle, axis, float(((skull - middle) @ axis).max())


def _stiff(head: Head, kind: str, crown: list[tuple[float, float]], pinch: float, brim: np.ndarray) -> list[Part]:
    """A crown of (height share, width share) rows with a `pinch`, a band, and a brim (rows,COLUMNS,2): out and up."""
    k = head.scale
    loop, middle, axis, tall = _crowned(head, kind)
    tall += 0.012 * k
    out = loop - middle
    a = np.arctan2(out[:, 0], out[:, 2])
    rows = []
    for height, width in crown:
        dent = pinch * k * height**3
        ring = middle + width * out + height * tall * axis
        side = np.sin(a)[:, None] * np.cos(a).clip(0)[:, None] ** 0.5
        rows.append(ring - 0.8 * dent * side * [1, 0, 0] - (dent * (1 - width) * 0.7) * axis)
    crowned = np.stack(rows)
    band = np.stack(
        [middle + (w * out) + h * tall * axis for h, w in ((0.02, 1.0), (0.02, 1.028), (0.20, 1.012), (0.21, 0.97))]
    )
    radial = unit(out)
    lines = np.stack([loop + row[:, :1] * k * radial + row[:, 1:] * k * axis for row in brim])
    inner = loop - 0.012 * k * radial
    lower = lines - 0.0028 * k * axis
    sheet = np.concatenate([inner[None] - 0.0028 * k * axis, lower, lines[::-1], inner[None]])
    # rows that go outwards below and come back above look outwards all round
    return [_closed(crowned, "upper"), _closed(band, "band", top=False), _closed(sheet, "brim", top=False)]


def _fedora(head: Head, generator: np.random.Generator) -> list[Part]:
    a = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    out = np.array([0.0, 0.018, 0.036, 0.054])[:, None] + 0 * a
    # up at the sides and behind, down in front
    up = (0.35 * np.sin(a) ** 2 - 0.16 * np.cos(a).clip(0) + 0.12 * (-np.cos(a)).clip(0)) * out**1.15 * 1.2
    crown = [
        (0.0, 1.0),
        (0.2, 0.99),
        (0.5, 0.95),
        (0.8, 0.89),
        (0.95, 0.83),
        (1.02, 0.74),
        (1.0, 0.60),
        (0.96, 0.40),
        (0.94, 0.15),
    ]
    return _stiff(head, "fedora", [(1.25 * h, w) for h, w in crown], 0.016, np.stack([out, up], -1))


def _sun_hat(head: Head, generator: np.random.Generator) -> list[Part]:
    a = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    out = np.linspace(0, 0.115, 7)[:, None] + 0 * a
    waves = sum(generator.normal(0, 1) * np.sin(k * a + generator.uniform(0, 6)) for k in (2, 3, 5))
    up = -0.25 * out - 1.1 * out**2 + 0.035 * waves * out
    crown = [(0.0, 1.0), (0.2, 0.99), (0.45, 0.96), (0.7, 0.88), (0.88, 0.74), (0.98, 0.54), (1.03, 0.3), (1.04, 0.1)]
    return _stiff(head, "sun hat", crown, 0.0, np.stack([out, up], -1))
