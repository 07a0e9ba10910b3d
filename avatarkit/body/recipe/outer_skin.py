"""The closed outer skin: no eyes, teeth, tongue or cavities; lids shut and lips zipped, without new vertices."""

from __future__ import annotations

import numpy as np

from avatarkit.body.recipe.template import Template
from avatarkit.remesh.holes import least_area_fill

SMALL_ISLAND = 1000  # triangles; the mouth bag has 796, a socket 586, the smallest piece of outer skin 2,144


def cavities(template: Template) -> tuple[np.ndarray, np.ndarray]:
    """Which faces (F,) line the mouth, and which an eye socket: MakeHuman unwraps each to a UV island of its own."""
    skin = np.flatnonzero(template.face_group == template.group_names.index("body"))
    island = components_of(template.face_uvs[skin])
    mouth, sockets = np.zeros(len(template.faces), bool), np.zeros(len(template.faces), bool)
    for label in np.unique(island):
        faces = skin[island == label]
        if len(faces) < SMALL_ISLAND:
            in_middle = (template.vertices[template.faces[faces], 0] == 0).any()
            (mouth if in_middle else sockets)[faces] = True
    return mouth, sockets


def outer_skin(template: Template, vertices: np.ndarray) -> np.ndarray:
    """Triangles (F2, 3) of the closed skin, outward; each hole is filled by the least area over its rim."""
    mouth, sockets = cavities(template)
    skin = template.faces[(template.face_group == template.group_names.index("body")) & ~mouth & ~sockets]
    patches = [skin]
    for loop in boundary_loops(skin):
        if np.any(template.vertices[loop, 0] == 0):
            patches += [fill := least_area_fill(left_half(loop, template.vertices), vertices)]
        elif template.vertices[loop, 0].mean() > 0:
            patches += [fill := least_area_fill(loop, vertices)]
        else:
            continue  # the right eye is the left one's mirror image
        patches += [template.mirror[fill][:, ::-1]]
    return np.concatenate(patches)


def components_of(faces: np.ndarray) -> np.ndarray:
    """A label (F,) for each triangle: the smallest vertex that can be reached from it over shared vertices."""
    label = np.arange(faces.max() + 1)
    while True:
        smallest = label[faces].min(axis=1)
        lower = label.copy()
        np.minimum.at(lower, faces.ravel(), np.repeat(smallest, 3))
        lower = lower[lower]  # follow the chain twice as far each round
        if np.array_equal(lower, label):
            return smallest
        label = lower


def boundary_loops(faces: np.ndarray) -> list[np.ndarray]:
    """The rims of a surface's holes, each a ring of vertices in the order in which a patch over the hole meets them."""
    half_edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    present = set(map(tuple, half_edges.tolist()))
    following = {b: a for a, b in present if (b, a) not in present}
    loops = []
    while following:
        loop = [min(following)]
        while (vertex := following.pop(loop[-1])) != loop[0]:
            loop.append(vertex)
        loops.append(np.array(loop))
    return sorted(loops, key=lambda ring: int(ring[0]))


def left_half(loop: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """The part of a ring across the middle that lies at x ≥ 0, from one middle vertex to the other."""
    first, second = np.flatnonzero(vertices[loop, 0] == 0)
    halves = loop[first : second + 1], np.r_[loop[second:], loop[: first + 1]]
    return max(halves, key=lambda half: float(vertices[half, 0].mean()))
