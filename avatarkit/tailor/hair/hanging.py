"""Hair that hangs: lines from the scalp that fall and rest on what is under them, and the mesh that rides on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avatarkit.kernels import compiled, outlined
from avatarkit.tailor.draping import Obstacle
from avatarkit.tailor.draping.nearest import nearest_face, nearest_vertex, walked
from avatarkit.tailor.fitted import Fitted, unit

ROUNDS = 14
COHESION = 1.2
"""How much a lock keeps between its neighbours: gravity is 0.6."""


@dataclass(frozen=True, eq=False)
class Locks:
    """L lines of n points on the T-posed body, and the vertices that ride on them."""

    lines: np.ndarray
    """(L,n,3) metres"""
    held: np.ndarray
    """(L) int64: so many points go with the head"""
    room: np.ndarray
    """(L,n) metres kept from the skin"""
    lean: np.ndarray
    """(L,3) where it would rather fall, in the axes of the resting chest"""
    stiffness: np.ndarray
    """(L) 0 limp … 1 keeps its first direction"""
    between: np.ndarray
    """(L) bool: falls with the locks before and after it"""
    line_of: np.ndarray
    """(V) which line a vertex rides on"""
    row_of: np.ndarray
    """(V) float: where on it"""


def settled(
    hair: Fitted,
    world_from_head: np.ndarray,
    world_from_chest: np.ndarray,
    start: np.ndarray,
    obstacles: Sequence[Obstacle],
) -> np.ndarray:
    """(V,3) the hair where gravity and the body leave it.

    Takes it skinned to the pose (V,3), where head and chest took the resting body (4,4 each), and what it rests on:
    the posed skin first, then garments.
    """
    locks = hair.locks
    if locks is None:
        return np.asarray(start, np.float64)
    turn = world_from_head[:3, :3]
    first = locks.lines @ turn.T + world_from_head[:3, 3]
    lines = np.ascontiguousarray(first)
    lengths = np.ascontiguousarray(np.linalg.norm(np.diff(locks.lines, axis=1), axis=-1))
    lean = np.ascontiguousarray(locks.lean @ world_from_chest[:3, :3].T)
    for k, each in enumerate(obstacles):
        where = np.full(lines.shape[:2], -1)
        touched = np.zeros(lines.shape[:2])
        room, rounds = locks.room + each.thickness, ROUNDS if k == 0 else 6
        _fall(
            lines,
            first,
            locks.held,
            lengths,
            room,
            lean,
            locks.stiffness,
            locks.between,
            each.grid,
            each.shell,
            where,
            touched,
            rounds,
        )
    rest = hair.vertices[-len(locks.line_of) :]
    vertices = np.array(start, np.float64)
    moved = _carried(locks, rest, lines, turn)
    loose = (locks.row_of > locks.held[locks.line_of] - 0.5) & (locks.held[locks.line_of] < lines.shape[1])
    n = lines.shape[1]
    section = locks.line_of * n + np.rint(locks.row_of).astype(np.int64)
    for each in obstacles:
        shift = np.zeros((len(lines) * n, 3))
        _push(moved, loose, section, shift, each.thickness + 0.0015, each.grid, each.shell)
        moved += shift[section]
    vertices[-len(rest) :] = moved
    return vertices


def _carried(locks: Locks, rest: np.ndarray, lines: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """The vertices (V,3) of the locks on lines that moved: each section turns as its line does."""
    before, after = unit(np.gradient(locks.lines, axis=1)) @ turn.T, unit(np.gradient(lines, axis=1))
    # the least turn from one tangent to the other: R = I + [w]ₓ + [w]ₓ² / (1 + cos)
    w, cosine = np.cross(before, after), (before * after).sum(-1)[..., None]
    row = np.minimum(locks.row_of.astype(np.int64), lines.shape[1] - 2)
    share = (locks.row_of - row)[:, None]
    found = np.zeros_like(rest)
    for r, weight in ((row, 1 - share), (row + 1, share)):
        at = (locks.line_of, r)
        offset = (rest - locks.lines[at]) @ turn.T
        axis = np.cross(w[at], offset)
        found += weight * (lines[at] + offset + axis + np.cross(w[at], axis) / np.maximum(1 + cosine[at], 0.05))
    return found


@compiled
def _fall(lines, first, held, lengths, room, lean, stiffness, between, grid, shell, where, touched, rounds):
    """Lay each line anew from root to tip: a piece points as it did, drawn downwards, and ends outside of the shell."""
    L, N, _ = lines.shape
    for turn in range(rounds):
        for i in range(L):
            for k in range(held[i], N):
                x, y, z = lines[i, k - 1, 0], lines[i, k - 1, 1], lines[i, k - 1, 2]
                dx, dy, dz = lines[i, k, 0] - x, lines[i, k, 1] - y, lines[i, k, 2] - z
                far = np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12
                dx, dy, dz = dx / far, dy / far, dz / far
                # bends little from the piece above it, less from where it grew than from gravity further down
                px, py, pz = dx, dy, dz
                if k > 1:
                    px, py, pz = x - lines[i, k - 2, 0], y - lines[i, k - 2, 1], z - lines[i, k - 2, 2]
                    far = np.sqrt(px * px + py * py + pz * pz) + 1e-12
                    px, py, pz = px / far, py / far, pz / far
                ox, oy, oz = (
                    first[i, k, 0] - first[i, k - 1, 0],
                    first[i, k, 1] - first[i, k - 1, 1],
                    first[i, k, 2] - first[i, k - 1, 2],
                )
                far = np.sqrt(ox * ox + oy * oy + oz * oz) + 1e-12
                own = stiffness[i] / far
                # where it lies on the body it slides to its side of the shoulder
                slide = 0.15 + 1.6 * touched[i, k]
                dx = dx + 0.5 * px + own * ox + 1.6 * touched[i, k] * lean[i, 0]
                dy = dy + 0.5 * py + own * oy + slide * lean[i, 1] - 0.6
                dz = dz + 0.5 * pz + own * oz + slide * lean[i, 2]
                if between[i]:
                    pull = COHESION / lengths[i, k - 1]
                    dx += pull * (0.5 * (lines[i - 1, k, 0] + lines[i + 1, k, 0]) - lines[i, k, 0])
                    dz += pull * (0.5 * (lines[i - 1, k, 2] + lines[i + 1, k, 2]) - lines[i, k, 2])
                far = lengths[i, k - 1] / (np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12)
                x, y, z = x + far * dx, y + far * dy, z + far * dz
                ax, ay, az = x, y, z
                x, y, z, where[i, k] = kept_out(x, y, z, where[i, k], room[i, k], grid, shell, turn % 4 == 0)
                pushed = np.sqrt((x - ax) * (x - ax) + (y - ay) * (y - ay) + (z - az) * (z - az))
                # only what lies on top of something slides: cheeks and backs push to the side
                touched[i, k] = (y - ay) / pushed if pushed > 1e-4 and y > ay else 0.5 * touched[i, k]
                lines[i, k, 0], lines[i, k, 1], lines[i, k, 2] = x, y, z


@compiled
def _push(points, loose, section, shift, room, grid, shell):
    """Fill in how far each section must move so that its deepest point comes out: whole, so that a lock's under side
    never comes through its face."""
    for i in range(len(points)):
        if loose[i]:
            x, y, z, _ = kept_out(points[i, 0], points[i, 1], points[i, 2], -1, room, grid, shell, True)
            x, y, z = x - points[i, 0], y - points[i, 1], z - points[i, 2]
            best = shift[section[i]]
            if x * x + y * y + z * z > best[0] * best[0] + best[1] * best[1] + best[2] * best[2]:
                best[0], best[1], best[2] = x, y, z


@outlined
def kept_out(x, y, z, near, room, grid, shell, anew):
    """The point, at least `room` in front of the shell, and the vertex that is nearest to it (-1 far away)."""
    if anew:
        near, _ = nearest_vertex(grid, x, y, z, 0.05)
    elif near >= 0:
        near = walked(shell.vertices, shell, x, y, z, near)
    if near < 0:
        return x, y, z, near
    face, s, t, _ = nearest_face(shell.vertices, shell, x, y, z, near)
    if face < 0:
        return x, y, z, near
    a, b, c = shell.faces[face, 0], shell.faces[face, 1], shell.faces[face, 2]
    r = 1 - s - t
    nx = r * shell.normals[a, 0] + s * shell.normals[b, 0] + t * shell.normals[c, 0]
    ny = r * shell.normals[a, 1] + s * shell.normals[b, 1] + t * shell.normals[c, 1]
    nz = r * shell.normals[a, 2] + s * shell.normals[b, 2] + t * shell.normals[c, 2]
    far = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    nx, ny, nz = nx / far, ny / far, nz / far
    ahead = (
        (x - (r * shell.vertices[a, 0] + s * shell.vertices[b, 0] + t * shell.vertices[c, 0])) * nx
        + (y - (r * shell.vertices[a, 1] + s * shell.vertices[b, 1] + t * shell.vertices[c, 1])) * ny
        + (z - (r * shell.vertices[a, 2] + s * shell.vertices[b, 2] + t * shell.vertices[c, 2])) * nz
    )
    rim = shell.rim[a] or shell.rim[b] or shell.rim[c]
    lack = room - ahead
    if lack > 0 and not (rim and ahead < -0.01):
        lack = min(lack, 0.03)
        x, y, z = x + lack * nx, y + lack * ny, z + lack * nz
    return x, y, z, near
