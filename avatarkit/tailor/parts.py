"""Parts that ride on a draped sheet: each vertex hangs on a point of the sheet and is carried along with its frame.

    place = Σ bary · sheet[anchor] + M · offset

M turns offsets from the T-pose to the pose: the skin's rotation there and, for what lies on the cloth (hems, pockets,
buttons), then the smallest turn that brings the resting normal to the draped one. Straps hang on no sheet but on the
body: `bary` zero, `offset` their resting place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.tailor import sewing
from avatarkit.tailor.piece import PANEL

BEVEL = 0.9
"""How far the foot of a wall stands out, of its height: what is sewn on shows from straight ahead too."""


@dataclass(frozen=True, eq=False)
class Fine:
    """The sheet as it was draped (subdivided), with all that parts need to know of it."""

    rest: np.ndarray
    """(V,3)"""
    normals: np.ndarray
    """(V,3) at rest"""
    faces: np.ndarray
    panel: np.ndarray
    """(F)"""
    lbs_weights: np.ndarray
    marks: dict[str, np.ndarray]
    """(V) metres from each named edge"""
    edges: dict[str, np.ndarray]
    """(B,2) the rim edges of each name"""


@dataclass(frozen=True, eq=False)
class Part:
    anchor: np.ndarray
    """(P,≤ 4) int64 vertices of the sheet"""
    bary: np.ndarray
    """(P,≤ 4)"""
    offset: np.ndarray
    """(P,3) metres, in the T-pose"""
    faces: np.ndarray
    """(F,3)"""
    panel: np.ndarray
    """(F) uint8"""
    lying: bool = True
    """turned with the cloth, not only with the body"""
    lbs_weights: np.ndarray | None = None
    """(P,55) of what hangs on the body itself"""

    def rest(self, fine: Fine) -> np.ndarray:
        return (self.bary[..., None] * fine.rest[self.anchor]).sum(1) + self.offset

    def weights(self, fine: Fine) -> np.ndarray:
        if self.lbs_weights is not None:
            return self.lbs_weights
        return (self.bary[..., None] * fine.lbs_weights[self.anchor]).sum(1)

    def normals(self, normals: np.ndarray) -> np.ndarray:
        """(P,3) unit normals of the sheet at the anchors, from those at its vertices."""
        sums = (self.bary[..., None] * normals[self.anchor]).sum(1)
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)

    def placed(
        self, fine: Fine, vertices: np.ndarray, normals: np.ndarray, world_from_rest: np.ndarray | None
    ) -> np.ndarray:
        """(P,3) on the draped sheet."""
        on_sheet = (self.bary[..., None] * vertices[self.anchor]).sum(1)
        moved, before = self.offset, self.normals(fine.normals)
        if world_from_rest is not None:
            blend = (self.weights(fine) @ world_from_rest[:, :3].reshape(-1, 12)).reshape(-1, 3, 4)
            moved = np.einsum("pab,pb->pa", blend[:, :, :3], moved)
            before = np.einsum("pab,pb->pa", blend[:, :, :3], before)
            if self.lbs_weights is not None:
                return moved + blend[:, :, 3]
        if self.lying:
            before = before / np.maximum(np.linalg.norm(before, axis=1, keepdims=True), 1e-9)
            moved = _turned(moved, before, self.normals(normals))
        return on_sheet + moved


def _turned(vectors: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Vectors (P,3) after the smallest rotation from unit a to unit b: v + w × v + w × (w × v) / (1 + a · b)."""
    w = np.cross(a, b)
    cosine = np.maximum((a * b).sum(1, keepdims=True), -0.9)
    first = np.cross(w, vectors)
    return vectors + first + np.cross(w, first) / (1 + cosine)


def patch(fine: Fine, fields: list[np.ndarray], height: np.ndarray | float, panel: str, *, sink: float = 0.0012,
          keep: np.ndarray | None = None) -> Part | None:  # fmt: skip
    """A raised piece of the sheet where all fields (V) are positive, with sloping walls around it, at the
    sheet's own edges `sink` deep.

    `height` (V) or one number, metres; below zero the piece is a lining: turned inwards, with walls up to the sheet.
    None where nothing is left. `keep` (F) bool: of these faces alone.
    """
    faces = fine.faces if keep is None else fine.faces[keep]
    values = np.stack([*fields, np.broadcast_to(height, len(fine.rest))], axis=1)
    for field in fields:
        faces = faces[sewing.of_faces(faces, field > 0, every=False)]
    V = len(fine.rest)
    at_edge = np.zeros((V, 1))
    for edge in fine.edges.values():
        at_edge[edge] = 1
    values = np.concatenate([values, fine.normals, at_edge], axis=1)
    rows = _Rows(np.arange(V)[:, None], np.ones((V, 1)), values, fine.rest)
    for k in range(len(fields)):
        if len(faces):
            cutting = sewing.cut_along(faces, rows.values[:, k], snap=0.06)
            faces, rows = cutting.faces, rows.carried(cutting)
    return _walled(rows, faces, panel, sink) if len(faces) else None


@dataclass(frozen=True, eq=False)
class _Rows:
    """Vertices of a patch under way, each on a few of the sheet's; `values` end with height, normal and whether it
    lies on the sheet's own edge."""

    anchor: np.ndarray
    bary: np.ndarray
    values: np.ndarray
    points: np.ndarray

    def carried(self, cutting: sewing.Cutting) -> _Rows:
        a, b, t = cutting.ends[:, 0], cutting.ends[:, 1], cutting.t[:, None]
        anchor = np.concatenate([self.anchor[a], self.anchor[b]], axis=1)
        bary = np.concatenate([(1 - t) * self.bary[a], t * self.bary[b]], axis=1)
        # a vertex may come from both ends: its shares are added up, and the four heaviest kept
        order = np.argsort(anchor, axis=1, kind="stable")
        anchor, bary = np.take_along_axis(anchor, order, 1), np.take_along_axis(bary, order, 1)
        for k in range(1, anchor.shape[1]):
            same = anchor[:, k] == anchor[:, k - 1]
            bary[:, k] += np.where(same, bary[:, k - 1], 0)
            bary[:, k - 1] = np.where(same, 0, bary[:, k - 1])
        heaviest = np.argsort(-bary, axis=1, kind="stable")[:, :4]
        anchor, bary = np.take_along_axis(anchor, heaviest, 1), np.take_along_axis(bary, heaviest, 1)
        return _Rows(anchor, bary / bary.sum(1, keepdims=True), cutting.carried(self.values),
                     cutting.carried(self.points))  # fmt: skip


def _walled(rows: _Rows, faces: np.ndarray, panel: str, sink: float) -> Part:
    P = len(rows.anchor)
    rim = sewing.rims(faces)
    ring, slots = np.unique(rim, return_inverse=True)
    a0, b0 = rim.T
    # the upper ring is there twice: normals do not run smoothly over a crease
    (a, b), (c, d) = P + slots.reshape(-1, 2).T, P + len(ring) + slots.reshape(-1, 2).T
    walls = np.concatenate([np.stack([b, a, c], 1), np.stack([b, c, d], 1)])
    normals, heights, at_edge = rows.values[:, -4:-1], rows.values[:, -5:-4], rows.values[ring, -1:] > 0.98
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    offset = normals * heights
    outwards = np.zeros((P, 3))
    for end in (a0, b0):
        np.add.at(outwards, end, np.cross(rows.points[b0] - rows.points[a0], normals[a0] + normals[b0]))
    outwards = outwards[ring] / np.maximum(np.linalg.norm(outwards[ring], axis=1, keepdims=True), 1e-9)
    slope = np.where(at_edge, 0.0, BEVEL * np.abs(heights[ring]) + 0.001) * (heights[ring] > 0)
    foot = slope * outwards - np.where(at_edge, sink, 0.0006 * (sink > 0)) * normals[ring]
    offset = np.concatenate([offset, offset[ring], foot])
    faces = np.concatenate([faces, walls])
    faces = faces[:, ::-1] if heights.mean() < 0 else faces
    return Part(
        np.concatenate([rows.anchor, rows.anchor[ring], rows.anchor[ring]]),
        np.concatenate([rows.bary, rows.bary[ring], rows.bary[ring]]),
        offset, faces, np.full(len(faces), PANEL[panel], np.uint8),
    )  # fmt: skip


def swept(anchor: np.ndarray, bary: np.ndarray, offsets: np.ndarray, panel: str, *, closed_path: bool,
          closed_profile: bool = True, lying: bool = False) -> Part:  # fmt: skip
    """A tube along a path of n anchors with profiles `offsets` (n,K,3); ends are closed by fans where the path is open.

    Outwards is towards you when the path runs to the right and the profile down.
    """
    n, K = offsets.shape[:2]
    number = np.arange(n * K).reshape(n, K)
    along = np.concatenate([number, number[:1]]) if closed_path else number
    across = np.concatenate([along, along[:, :1]], axis=1) if closed_profile else along
    a, b, c, d = across[:-1, :-1], across[:-1, 1:], across[1:, :-1], across[1:, 1:]
    faces = [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([c, b, d], -1).reshape(-1, 3)]
    if closed_profile and not closed_path:
        fan = np.stack([np.zeros(K - 2, int), np.arange(1, K - 1), np.arange(2, K)], 1)
        faces += [number[0][fan[:, ::-1]], number[-1][fan]]
    found = np.concatenate(faces)
    return Part(
        np.repeat(anchor, K, axis=0), np.repeat(bary, K, axis=0), offsets.reshape(-1, 3), found,
        np.full(len(found), PANEL[panel], np.uint8), lying,
    )  # fmt: skip


def disc(fine: Fine, point: np.ndarray, radius: float, height: float, panel: str, *, sides: int = 12,
         squash: float = 1.0) -> Part:  # fmt: skip
    """A button on the sheet near a point: a low cylinder with a bevelled edge."""
    at = int(np.linalg.norm(fine.rest - point, axis=1).argmin())
    n = fine.normals[at]
    t = np.cross([0.0, 1.0, 0.0], n)
    t /= max(np.linalg.norm(t), 1e-9)
    b = np.cross(n, t)
    turn = 2 * np.pi * np.arange(sides) / sides
    circle = np.cos(turn)[:, None] * t + squash * np.sin(turn)[:, None] * b
    near = point - fine.rest[at]
    near = near - (near @ n) * n
    rings = [near + radius * circle - 0.001 * n, near + radius * circle + 0.7 * height * n,
             near + 0.8 * radius * circle + height * n, near + 0.5 * radius * circle + 0.75 * height * n,
             near[None] + 0.75 * height * n]  # fmt: skip
    offsets = np.concatenate(rings)
    i, j = np.arange(sides), (np.arange(sides) + 1) % sides
    faces = [np.stack([i + k, j + k, i + k + sides], 1) for k in range(0, 3 * sides, sides)]
    faces += [np.stack([j + k, j + k + sides, i + k + sides], 1) for k in range(0, 3 * sides, sides)]
    faces.append(np.stack([i + 3 * sides, j + 3 * sides, np.full(sides, 4 * sides)], 1))
    found = np.concatenate(faces)
    P = len(offsets)
    return Part(np.full((P, 2), at), np.tile([1.0, 0.0], (P, 1)), offsets, found,
                np.full(len(found), PANEL[panel], np.uint8))  # fmt: skip
