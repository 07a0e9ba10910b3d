"""The layer of hair on the scalp, and meshes of locks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from avatarkit.kernels import compiled
from avatarkit.tailor.fitted import eased, frames, sheet_faces, tubes, unit
from avatarkit.tailor.hair.flowing import FULL, LINE, Flow, around, loop
from avatarkit.tailor.scalp import Head, to_directions, to_vectors


@dataclass(frozen=True)
class Coat:
    """How thick the hair lies: metres on top and at the sides, and in how many degrees it begins at the hairline."""

    top: float
    sides: float
    fade: float = 6.0
    full: bool = False
    """stands out over ears and temples, as curls do"""

    def lower(self, share: float) -> Coat:
        return replace(self, top=share * self.top, sides=share * self.sides)

    def height(self, directions: np.ndarray) -> np.ndarray:
        """(...) metres above the skin in the directions (...,2)."""
        a, e = np.abs(np.degrees(directions[..., 0])), directions[..., 1]
        line = FULL if self.full else LINE
        inside = np.degrees(e) > np.interp(a, line[:, 0], line[:, 1])
        share = inside * np.clip(from_line(directions, self.full) / self.fade, 0, 1)
        # rises like the quarter of a circle: hair that stands out is round at its edge
        risen = eased(0, 1, share) if self.fade < 30 else np.sin(0.5 * np.pi * share) ** 0.8
        return (self.sides + (self.top - self.sides) * eased(0.05, 0.75, e)) * risen


@lru_cache(maxsize=2)
def _edge(full: bool) -> np.ndarray:
    return loop(FULL if full else LINE, 220)


def from_line(directions: np.ndarray, full: bool = False) -> np.ndarray:
    """(...) degrees from the hairline to the directions (...,2)."""
    return np.degrees(nearest_angle(to_vectors(directions), _edge(full)))


def grain(generator: np.random.Generator, u: np.ndarray, v: np.ndarray, waves: tuple[int, int]) -> np.ndarray:
    """Smooth noise -1 … 1 over u, v in 0 … 1, periodic in u, with so many waves along each."""
    knots = generator.uniform(-1, 1, (waves[1] + 2, waves[0]))
    x, y = np.mod(u, 1) * waves[0], np.clip(v, 0, 1) * waves[1]
    i, j = y.astype(np.int64), x.astype(np.int64) % waves[0]
    s, t = (f * f * (3 - 2 * f) for f in (y - i, x - np.floor(x)))
    k = (j + 1) % waves[0]
    return (1 - s) * ((1 - t) * knots[i, j] + t * knots[i, k]) + s * ((1 - t) * knots[i + 1, j] + t * knots[i + 1, k])


def nearest_angle(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(...) radians from unit vectors (...,3) to the nearest of `others` (M,3). Not by a matrix product, whose last
    bits differ from run to run."""
    cosine = np.empty(vectors.shape[:-1])
    _largest_cosine(np.ascontiguousarray(vectors.reshape(-1, 3)), np.ascontiguousarray(others), cosine.reshape(-1))
    return np.arccos(np.clip(cosine, -1, 1))


@compiled
def _largest_cosine(vectors, others, found):
    for p in range(len(vectors)):
        x, y, z = vectors[p, 0], vectors[p, 1], vectors[p, 2]
        best = -1.0
        for q in range(len(others)):
            best = max(best, x * others[q, 0] + y * others[q, 1] + z * others[q, 2])
        found[p] = best


def knobs(generator: np.random.Generator, vectors: np.ndarray, size: float) -> np.ndarray:
    """Round heads of curls, 0 … 1, strewn over the unit vectors (...,3), about `size` radians wide [Worley 1996]."""
    count = int(15 / size**2)
    seeds = unit(generator.normal(0, 1, (count, 3)))
    far = nearest_angle(vectors, seeds[seeds[:, 1] > -0.75]) / size
    found: np.ndarray = np.sqrt(np.maximum(1 - far**2, 0))
    return found


@dataclass(frozen=True, eq=False)
class Shell:
    """A layer of hair on the scalp, its rim under the skin: vertices, faces, strand (V,2), directions (V,2)."""

    vertices: np.ndarray
    faces: np.ndarray
    strand: np.ndarray
    directions: np.ndarray


def cap(
    head: Head, generator: np.random.Generator, coat: Coat, *, bumps: float = 0.0, size: float = 0.014,
    line: np.ndarray = LINE, columns: int = 72, rows: int = 14, ragged: float = 1.0, rough: float = 0.2,
    depth: float = 0.002,
) -> Shell:  # fmt: skip
    """The layer of a coat, that ends at the hairline; with `bumps` metres high and `size` wide."""
    u = np.arange(columns) / columns
    v = 1 - (1 - np.linspace(0, 1, rows)) ** 1.35
    U, W = np.meshgrid(u, v)
    ends = loop(line, columns)
    jag = grain(generator, u, 0 * u, (columns // 2, 1)) + 0.8 * grain(generator, u, 0 * u, (17, 1))
    vectors = Flow(around((0.0, 90.0), ends), ends).at(U, W * (1 + 0.018 * ragged * jag))
    directions = to_directions(vectors)
    points, normals = head.at(directions)
    height = coat.height(directions) * (1 + rough * grain(generator, U, W, (9, 3)) * eased(0, 0.3, W))
    if bumps:
        height += bumps * knobs(generator, vectors, size / 0.11) * np.minimum(1, 2 * height / coat.top)
    # it slides under the skin at a shallow angle: no step where it ends
    dip = 1 - eased(0, 3.0, from_line(directions, coat.full))
    height = np.where(W > 0.999, -depth, np.maximum(height, 0.001) - 0.6 * depth * dip) * head.scale
    if bumps:
        normals = unit(normals + 2 * vectors)  # tall hair grows away from the middle, whatever the skull does
    vertices = (points + height[..., None] * normals).reshape(-1, 3)
    middle = vertices[:columns].mean(0)
    fan = np.stack([np.arange(columns), np.roll(np.arange(columns), -1), np.full(columns, len(vertices))], 1)
    faces = np.concatenate([sheet_faces(rows, columns)[:, ::-1], fan])
    # as far across everywhere, and without a seam ahead or behind: finer strands there would be a line of dots
    strand = np.append(np.stack([W, 0.09 * np.abs(directions[..., 0])], -1).reshape(-1, 2), [[0, 0.14]], 0)
    directions = np.concatenate([directions.reshape(-1, 2), [[0, np.pi / 2]]])
    return Shell(np.concatenate([vertices, middle[None]]), faces, strand, directions)


ROUND = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -0.7)])
ARCH, UNDER = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]), np.array([(-1.0, 0.0), (1.0, 0.0)])
SECTIONS = {"round": (ROUND,), "lens": (ARCH, UNDER), "arch": (ARCH,)}
"""Outlines of locks, turning from side to up: a tube; an arch with a sheet under it; the arch alone, for what lies on
other hair. Arch and sheet share no vertices: smooth normals of one would look aside at the rim."""


def locks_mesh(
    lines: np.ndarray, outward: np.ndarray, width: np.ndarray, thick: np.ndarray, section: str = "round"
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Locks of hair along lines (L,n,3), half widths and half thicknesses (L,n), with a section of SECTIONS: vertices,
    faces, strand (V,2), and of each vertex the line and the row."""
    L, n, _ = lines.shape
    _, side, up = frames(lines, outward)
    side, up = side * width[..., None], up * thick[..., None]
    if section == "round":
        vertices, faces = tubes(lines, side, up, ROUND)
        row = np.concatenate([np.repeat(np.arange(n), 4), [0, n - 1]]).astype(np.float64)
        across = np.concatenate([np.tile(ROUND[:, 0], n), [0, 0]])
    else:
        sheets = SECTIONS[section]
        vertices = np.concatenate(
            [
                (lines[:, :, None] + ring[:, :1] * side[:, :, None] + ring[:, 1:] * up[:, :, None]).reshape(L, -1, 3)
                for ring in sheets
            ],
            1,
        )
        starts = np.cumsum([0, *(n * len(ring) for ring in sheets)])
        each = [sheet_faces(n, len(ring), around=False, first=k) for ring, k in zip(sheets, starts[:-1], strict=True)]
        faces = (np.concatenate(each) + starts[-1] * np.arange(L)[:, None, None]).reshape(-1, 3)
        vertices = vertices.reshape(-1, 3)
        row = np.concatenate([np.repeat(np.arange(n), len(ring)) for ring in sheets]).astype(np.float64)
        across = np.concatenate([np.tile(ring[:, 0], n) for ring in sheets])
    line_of, row_of = np.repeat(np.arange(L), len(row)), np.tile(row, L)
    strand = np.stack(
        [row_of / (n - 1), 0.037 * line_of + np.tile(across, L) * width[line_of, row_of.astype(np.int64)]], 1
    )
    return vertices, faces, strand, line_of, row_of


def profile(n: int, *, root: float = 0.5, tip: float = 0.12, full: float = 0.3) -> np.ndarray:
    """(n) how wide a lock is along it: from `root`, full at that share, to the tip."""
    s = np.linspace(0, 1, n)
    return np.minimum(root + (1 - root) * eased(0, full, s), tip + (1 - tip) * (1 - eased(0.45, 1.0, s) ** 1.2))
