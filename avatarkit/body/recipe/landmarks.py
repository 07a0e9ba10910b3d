"""Named points on the surface, found by geometric rules on the mean person; left ones first, right ones mirrored.

- `nose_tip`, `chin`, `upper_lip`, `lower_lip`: foremost points of the midline between their neighbours
- `left_eye`: the cornea's foremost point; `left_eye_inner`, `left_eye_outer`: ends of the opening between the lids
- `left_mouth_corner`: end of the opening between the lips; `left_ear`: the tragus
- `contour_00` … `contour_16`: the face's outline seen from the front, from the left ear over the chin to the right
- `left_thumb_tip` …: farthest along the finger; `left_big_toe`, `left_small_toe`, `left_heel`: ends of the foot
- `crown`: top of the head; `crotch`: lowest point of the midline
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.body.recipe.outer_skin import boundary_loops, cavities
from avatarkit.body.recipe.regions import PART_NAMES
from avatarkit.body.recipe.skeleton import FINGERS, INDEX
from avatarkit.body.recipe.template import Template

CONTOUR = 17
Point = tuple[int, np.ndarray]  # a face and barycentric coordinates on it


@dataclass(frozen=True)
class Surface:
    """The mean person, with everything that the rules look at."""

    template: Template
    vertices: np.ndarray  # (V, 3)
    joints: np.ndarray  # (55, 3)
    part: np.ndarray  # (V,) indices into PART_NAMES
    tragus: int  # the left one
    toes: dict[str, np.ndarray]  # `big`, `small` -> vertices of the left foot's

    def of(self, *parts: str) -> np.ndarray:
        """Vertices of the named parts, ascending."""
        return np.flatnonzero(np.isin(self.part, [PART_NAMES.index(name) for name in parts]))

    def middle(self, *parts: str) -> np.ndarray:
        """Vertices of the named parts on the midline."""
        found = self.of(*parts)
        return found[self.template.vertices[found, 0] == 0]

    def farthest(self, among: np.ndarray, direction: tuple[float, float, float] | np.ndarray) -> int:
        """The vertex of `among` that lies farthest in a direction."""
        return int(among[np.argmax(self.vertices[among] @ np.asarray(direction, float))])


def landmarks(surface: Surface) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, faces (L,) and barycentric coordinates (L, 3) float32 of all landmarks, by name."""
    template = surface.template
    points = {name: _on_face(template, vertex) for name, vertex in _midline(surface).items()}
    for name, vertex in (_left_face(surface) | _left_limbs(surface)).items():
        points[f"left_{name}"] = _on_face(template, vertex)
        points[f"right_{name}"] = _mirrored(template, points[f"left_{name}"])
    for k, point in enumerate(_contour(surface)):
        points[f"contour_{k:02d}"] = point
        points.setdefault(f"contour_{CONTOUR - 1 - k:02d}", _mirrored(template, point))
    names = sorted(points)
    faces, bary = zip(*(points[name] for name in names), strict=True)
    return names, np.array(faces), np.array(bary, np.float32)


def _on_face(template: Template, vertex: int) -> Point:
    """A vertex as a point of one of its faces."""
    face = int(np.flatnonzero((template.faces == vertex).any(axis=1))[0])
    return face, (template.faces[face] == vertex).astype(np.float64)


def _mirrored(template: Template, point: Point) -> Point:
    """The mirror image of a point: on the mirrored face, with the coordinates of the corners that these come from."""
    face, bary = point
    other = int(template.face_mirror[face])
    corners = template.mirror[template.faces[face]].tolist()
    return other, np.array([bary[corners.index(corner)] for corner in template.faces[other].tolist()])


def _rims(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """The rings of vertices around the mouth's opening and the left eye's."""
    template = surface.template
    mouth, sockets = cavities(template)
    skin = template.faces[(template.face_group == template.group_names.index("body")) & ~mouth & ~sockets]
    loops = boundary_loops(skin)
    mouth_rim = next(ring for ring in loops if np.any(template.vertices[ring, 0] == 0))
    eye_rim = max(loops, key=lambda ring: float(template.vertices[ring, 0].mean()))
    return mouth_rim, eye_rim


def _midline(surface: Surface) -> dict[str, int]:
    x = surface.vertices
    mouth_rim, _ = _rims(surface)
    head = surface.middle("face", "head", "hair_cap")
    eyes = x[surface.of("left_eye"), 1].mean()
    lips = x[mouth_rim[surface.template.vertices[mouth_rim, 0] == 0], 1].mean()
    unit = eyes - lips  # about 6 cm in an adult

    def foremost(low: float, high: float) -> int:
        band = head[(x[head, 1] > lips + low * unit) & (x[head, 1] < lips + high * unit)]
        return surface.farthest(band[x[band, 2] > x[surface.of("left_eye"), 2].mean()], (0, 0, 1))

    trunk = surface.middle("torso", "left_upper_leg", "right_upper_leg")
    return {
        "nose_tip": foremost(0.3, 0.9),
        "upper_lip": foremost(0.0, 0.25),
        "lower_lip": foremost(-0.25, 0.0),
        "chin": foremost(-0.8, -0.45),
        "crown": surface.farthest(head, (0, 1, 0)),
        "crotch": surface.farthest(trunk, (0, -1, 0)),
    }


def _left_face(surface: Surface) -> dict[str, int]:
    mouth_rim, eye_rim = _rims(surface)
    return {
        "eye": surface.farthest(surface.of("left_eye"), (0, 0, 1)),
        "eye_inner": surface.farthest(eye_rim, (-1, 0, 0)),
        "eye_outer": surface.farthest(eye_rim, (1, 0, 0)),
        "mouth_corner": surface.farthest(mouth_rim, (1, 0, 0)),
        "ear": surface.tragus,
    }


def _left_limbs(surface: Surface) -> dict[str, int]:
    x, found = surface.vertices, {}
    for finger in FINGERS:
        along = surface.joints[INDEX[f"left_{finger}3"]] - surface.joints[INDEX[f"left_{finger}2"]]
        found[f"{finger}_tip"] = surface.farthest(surface.of(f"left_{finger}"), along)
    foot = surface.of("left_foot")
    low = foot[x[foot, 1] < x[foot, 1].min() + 0.03]
    found["heel"] = surface.farthest(low, (0, 0, -1))
    found |= {f"{name}_toe": surface.farthest(toe, (0, 0, 1)) for name, toe in surface.toes.items()}
    return found


def _contour(surface: Surface) -> list[Point]:
    """Contour points 0 to 8, left tragus to below the chin: where rays in the frontal plane leave the face.

    The rays fan out evenly from a centre halfway between the tragus's height and the chin's.
    """
    x, ear = surface.vertices, surface.tragus
    chin = surface.farthest(surface.middle("face"), (0, -1, 0))
    below = surface.of("head")  # the chin's underside still counts, the throat does not
    below = below[(x[below, 2] > (x[ear, 2] + x[chin, 2]) / 2) & (x[below, 1] >= x[chin, 1])]
    inside = np.isin(np.arange(len(x)), np.union1d(surface.of("face"), below))
    faces = np.flatnonzero(inside[surface.template.faces].all(axis=1))
    centre = np.array([0.0, (x[ear, 1] + x[chin, 1]) / 2])
    start = np.arctan2(x[ear, 1] - centre[1], x[ear, 0])
    angles = np.linspace(start, -np.pi / 2, CONTOUR // 2 + 1)[1:-1]
    points = [_leaving(surface, faces, centre, np.array([np.cos(angle), np.sin(angle)])) for angle in angles]
    template = surface.template
    return [_on_face(template, ear), *points, _on_face(template, chin)]


def _leaving(surface: Surface, faces: np.ndarray, centre: np.ndarray, direction: np.ndarray) -> Point:
    """The outermost point on the edges of `faces` along a ray in the frontal plane."""
    corners = surface.template.faces[faces]
    offsets = surface.vertices[:, :2] - centre
    along, aside = offsets @ direction, offsets @ np.array([-direction[1], direction[0]])
    best, found = 0.0, None
    for k in range(3):
        i, j = corners[:, k], corners[:, (k + 1) % 3]
        crossing = (aside[i] < 0) != (aside[j] < 0)
        t = np.where(crossing, aside[i] / np.where(crossing, aside[i] - aside[j], 1), 0)
        reach = np.where(crossing, along[i] * (1 - t) + along[j] * t, 0)
        if reach.max() > best:
            face = int(np.argmax(reach))
            best, bary = float(reach[face]), np.zeros(3)
            bary[[k, (k + 1) % 3]] = 1 - t[face], t[face]
            found = int(faces[face]), bary
    if found is None:
        raise ValueError("landmarks: a ray of the contour misses the face")
    return found
