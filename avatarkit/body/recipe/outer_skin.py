"""The closed outer skin: no eyes, teeth, tongue or cavities; the lids shut and the lips zipped, without new vertices."""

from __future__ import annotations

import numpy as np

from avatarkit.body.recipe.template import Template

SMALL_ISLAND = 1000  # triangles; the mouth bag has 796, a socket 586, the smallest piece of outer skin 2,144


def cavities(template: Template) -> tuple[np.ndarray, np.ndarray]:
    """Which faces (F,) line the mouth, and which an eye socket: MakeHuman unwraps each to a UV island of its own."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    skin = np.flatnonzero(template.face_group == template.group_names.index("body"))
    a, b, c = template.face_uvs[skin].T
    links = coo_matrix((np.ones(2 * len(skin)), (np.r_[a, b], np.r_[b, c])), (len(template.uv),) * 2)
    island = connected_components(links, directed=False)[1][a]
    mouth, sockets = np.zeros(len(template.faces), bool), np.zeros(len(template.faces), bool)
    for label in np.unique(island):
        faces = skin[island == label]
        if len(faces) < SMALL_ISLAND:
            in_middle = (template.vertices[template.faces[faces], 0] == 0).any()
            (mouth if in_middle else sockets)[faces] = True
    return mouth, sockets


def outer_skin(template: Template, vertices: np.ndarray) -> np.ndarray:
    """Triangles (F2, 3) of the closed skin, outward; holes are filled by the triangles of least area over their rims."""
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


def least_area_fill(loop: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """The triangulation (n - 2, 3) of a polygon in space with the least area [Barequet and Sharir 1995, section 3].

    Dynamic programming: cost[i, k] = min over i < j < k of cost[i, j] + cost[j, k] + area(i, j, k).
    """
    points, n = vertices[loop], len(loop)
    cost, best = np.zeros((n, n)), np.zeros((n, n), int)
    for span in range(2, n):
        for i in range(n - span):
            k = i + span
            j = np.arange(i + 1, k)
            area = np.linalg.norm(np.cross(points[j] - points[i], points[k] - points[i]), axis=1) / 2
            total = cost[i, j] + cost[j, k] + area
            best[i, k] = j[np.argmin(total)]
            cost[i, k] = total.min()
    triangles, todo = [], [(0, n - 1)]
    while todo:
        i, k = todo.pop()
        if k - i > 1:
            j = int(best[i, k])
            triangles.append((i, j, k))
            todo += [(i, j), (j, k)]
    return loop[np.array(triangles)]
