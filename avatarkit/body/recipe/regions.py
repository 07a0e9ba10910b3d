"""A name for every vertex and face: limbs from the skin weights, the head by its profile, the rest by group."""

from __future__ import annotations

import numpy as np

from avatarkit.body.pose import JOINT_NAMES
from avatarkit.body.recipe.outer_skin import cavities
from avatarkit.body.recipe.skeleton import FINGERS
from avatarkit.body.recipe.template import Template

_LIMB_JOINTS = {
    "upper_arm": ("shoulder",),
    "lower_arm": ("elbow",),
    "hand": ("wrist",),
    **{finger: tuple(f"{finger}{k}" for k in (1, 2, 3)) for finger in FINGERS},
    "upper_leg": ("hip",),
    "lower_leg": ("knee",),
    "foot": ("ankle", "foot"),
}
_JOINTS = {
    "head": ("head", "jaw", "left_eye", "right_eye"),
    "neck": ("neck",),
    "torso": ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"),
    **{
        f"{side}_{limb}": tuple(f"{side}_{joint}" for joint in joints)
        for side in ("left", "right")
        for limb, joints in _LIMB_JOINTS.items()
    },
}
INNER = ("left_eye", "right_eye", "upper_teeth", "lower_teeth", "tongue", "mouth", "eye_socket")
INNER_MOUTH = ("upper_teeth", "lower_teeth", "tongue", "mouth")
PART_NAMES = (*_JOINTS, "face", "hair_cap", *INNER)
SMOOTHING = 12  # rounds of averaging with the neighbours, so that borders do not follow the weights' noise

# Side view of a head, nose to the right. Forward from the tragus and up from the eyes, in heads (chin to crown).
# Hair: forehead, temple, sideburn, over and behind the ear, nape; then round the outside.
HAIR = [
    (0.58, 0.355), (0.31, 0.31), (0.238, 0.167), (0.179, 0.048), (0.155, -0.036), (0.105, -0.075), (0.04, 0.0),
    (-0.012, 0.045), (-0.095, 0.03), (-0.131, -0.083), (-0.107, -0.202), (-0.131, -0.333), (-0.42, -0.36),
    (-0.8, -0.36), (-0.8, 0.9), (0.8, 0.9), (0.8, 0.355),
]  # fmt: skip
# Face: down in front of the ear to the corner of the jaw, along the jaw to under the chin; hair is taken out first.
FACE = [
    (0.155, 0.9), (0.07, -0.083), (0.071, -0.202), (0.119, -0.321), (0.226, -0.429), (0.39, -0.51), (0.8, -0.6),
    (0.8, 0.9),
]  # fmt: skip


def regions(
    template: Template, vertices: np.ndarray, weights: np.ndarray, ears: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Part of each vertex (V,) and face (F,), uint8 indices into PART_NAMES.

    `vertices` (V, 3) of the mean person, skin `weights` (V, 55), which vertices are `ears` (V,).
    """
    joints = {name: index for index, name in enumerate(JOINT_NAMES)}
    field = np.stack([weights[:, [joints[j] for j in names]].sum(axis=1) for names in _JOINTS.values()], axis=1)
    field = smoothed(field, template.faces, SMOOTHING)
    of_vertex = np.argmax(np.round(field, 6), axis=1)
    of_face = np.argmax(np.round(_over_quads(field, template.faces), 6), axis=1)
    centres = vertices[template.faces].mean(axis=1)
    origin, height = head_frame(template, vertices, ears)
    ear_faces = _over_quads(ears[:, None].astype(float), template.faces)[:, 0] > 0.5
    for labels, points, ear in ((of_vertex, vertices, ears), (of_face, centres, ear_faces)):
        head = (labels == PART_NAMES.index("head")) & ~ear
        profile = (points[:, [2, 1]] - origin) / height
        face, hair = (inside(profile, polygon) for polygon in (FACE, HAIR))
        labels[head & face] = PART_NAMES.index("face")
        labels[head & hair] = PART_NAMES.index("hair_cap")
    mouth, sockets = cavities(template)
    inner = {"mouth": mouth, "eye_socket": sockets}
    inner |= {name: template.face_group == k for k, name in enumerate(template.group_names) if name != "body"}
    for name, faces in inner.items():
        of_face[faces] = PART_NAMES.index(name)
        alone = np.setdiff1d(template.faces[faces], template.faces[~faces])  # a rim belongs to the outer skin
        of_vertex[alone] = PART_NAMES.index(name)
    return of_vertex.astype(np.uint8), of_face.astype(np.uint8)


def _over_quads(field: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Means (F, C) of a vertex field (V, C) over the quad of each triangle: borders then follow the mesh's rings.

    The template splits its quads into triangles 2k and 2k + 1.
    """
    corners = field[faces.reshape(-1, 6)]
    return np.repeat(corners.mean(axis=1), 2, axis=0)


def head_frame(template: Template, vertices: np.ndarray, ears: np.ndarray) -> tuple[np.ndarray, float]:
    """Where profiles are measured from, (z of the tragus, y of the eyes), and the head's height, chin to crown."""
    skin = template.vertices_of("body")
    eyes = vertices[template.vertices_of("left_eye")].mean(axis=0)
    middle = skin[template.vertices[skin, 0] == 0]
    crown = vertices[skin, 1].max()
    face = middle[(vertices[middle, 2] > eyes[2]) & (eyes[1] - vertices[middle, 1] < 1.3 * (crown - eyes[1]))]
    chin = vertices[face, 1].min()
    return np.array([vertices[tragus(vertices, ears), 2], eyes[1]]), float(crown - chin)


def tragus(vertices: np.ndarray, ears: np.ndarray) -> int:
    """The left tragus: the foremost vertex of the middle third of the ear's height."""
    left = np.flatnonzero(ears & (vertices[:, 0] > 0))
    low, high = vertices[left, 1].min(), vertices[left, 1].max()
    third = left[np.abs(vertices[left, 1] - (low + high) / 2) < (high - low) / 6]
    return int(third[np.argmax(vertices[third, 2])])


def smoothed(field: np.ndarray, faces: np.ndarray, rounds: int) -> np.ndarray:
    """`field` (V, C) averaged with the mean over neighbouring vertices, `rounds` times."""
    edges = np.unique(np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    degree = np.bincount(edges.ravel(), minlength=len(field))[:, None]
    for _ in range(rounds):
        around = np.zeros_like(field)
        np.add.at(around, edges[:, 0], field[edges[:, 1]])
        np.add.at(around, edges[:, 1], field[edges[:, 0]])
        field = (field + around / np.maximum(degree, 1)) / 2
    return field


def inside(points: np.ndarray, polygon: list[tuple[float, float]]) -> np.ndarray:
    """Which points (N, 2) lie inside a polygon: an odd number of its edges to the right of them."""
    x, y = points.T
    odd = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        crosses = (y0 > y) != (y1 > y)
        odd ^= crosses & (x < x0 + (y - y0) / (y1 - y0 + 1e-12) * (x1 - x0))
    return odd
