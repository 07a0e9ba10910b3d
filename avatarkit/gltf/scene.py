"""What a glTF file says, as frozen dataclasses of arrays, and where its triangles are in the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from avatarkit.errors import BadData
from avatarkit.shapes import sizes

Json = dict[str, Any]
FURTHEST = 1e9


@dataclass(frozen=True, eq=False)
class Image:
    """An encoded picture: the bytes of a PNG or a JPEG file."""

    data: bytes
    name: str = ""

    @property
    def mime(self) -> str:
        """image/png or image/jpeg, by its first bytes; "" for neither."""
        if self.data[:8] == b"\x89PNG\r\n\x1a\n":
            return "image/png"
        return "image/jpeg" if self.data[:3] == b"\xff\xd8\xff" else ""


@dataclass(frozen=True, eq=False)
class Material:
    """Metallic-roughness: `base_color` linear RGBA factors; images by place in `Scene.images`.

    The base colour image is sRGB; the normal map is linear, tangent space, green = +V up (OpenGL). `extensions` may
    name textures: texture i is image i.
    """

    name: str = ""
    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    base_color_image: int | None = None
    normal_image: int | None = None
    metallic: float = 0.0
    roughness: float = 1.0
    double_sided: bool = False
    alpha_mode: str = "OPAQUE"
    alpha_cutoff: float = 0.5
    unlit: bool = False
    extensions: Json = field(default_factory=dict)
    extras: Json = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Primitive:
    """Triangles of one material.

    vertices (V, 3) float32 metres; faces (F, 3) int64; normals (V, 3) float32 unit; uv (V, 2) float32, v down;
    colors (V, 4) float32 linear RGBA; joints (V, 4n) uint16, places in `Skin.joints`, with weights (V, 4n) float32;
    morphs (M, V, 3) float32, added to vertices, in the order of `Mesh.morph_names`; custom: name ("_TEMPLATE", …) to
    (V) or (V, 2..4) of float32, int8, uint8, int16 or uint16; tangents (V, 4) float32: unit along +u, and ±1, so that
    w · normal × tangent points to the top of the texture.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray | None = None
    uv: np.ndarray | None = None
    colors: np.ndarray | None = None
    joints: np.ndarray | None = None
    weights: np.ndarray | None = None
    morphs: np.ndarray | None = None
    custom: dict[str, np.ndarray] = field(default_factory=dict)
    material: int | None = None
    tangents: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Mesh:
    """Primitives with one list of morph targets; `extras` without the `targetNames` that `morph_names` holds."""

    primitives: tuple[Primitive, ...]
    name: str = ""
    morph_names: tuple[str, ...] = ()
    extras: Json = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Node:
    """A place: `matrix` (4, 4) where the file gives one, else translation, rotation (x, y, z, w) and scale."""

    name: str = ""
    parent: int | None = None
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    matrix: np.ndarray | None = None
    mesh: int | None = None
    skin: int | None = None
    extensions: Json = field(default_factory=dict)
    extras: Json = field(default_factory=dict)

    @property
    def parent_from_node(self) -> np.ndarray:
        """(4, 4) float64."""
        if self.matrix is not None:
            return np.asarray(self.matrix, np.float64)
        x, y, z, w = self.rotation
        to = np.eye(4)
        to[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        to[:3, :3] *= self.scale
        to[:3, 3] = self.translation
        return to


@dataclass(frozen=True, eq=False)
class Skin:
    """joints: places in `Scene.nodes`; inverse_binds (J, 4, 4) float32: joint_from_mesh when the mesh was bound."""

    joints: tuple[int, ...]
    inverse_binds: np.ndarray
    name: str = ""


@dataclass(frozen=True, eq=False)
class Channel:
    """One property of one node over time: times (K) float32 seconds, rising; values (K, n) float32.

    path: "translation", "rotation" (x, y, z, w), "scale", or "weights" of the morphs; with CUBICSPLINE values are
    (3K, n): in-tangent, value, out-tangent for each time.
    """

    node: int
    path: str
    times: np.ndarray
    values: np.ndarray
    interpolation: str = "LINEAR"


@dataclass(frozen=True, eq=False)
class Animation:
    """Channels that play together."""

    channels: tuple[Channel, ...]
    name: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything in the file; `extras` and `copyright` are the asset's, `extensions` the document's (VRMC_vrm …)."""

    meshes: tuple[Mesh, ...] = ()
    nodes: tuple[Node, ...] = ()
    skins: tuple[Skin, ...] = ()
    materials: tuple[Material, ...] = ()
    images: tuple[Image, ...] = ()
    animations: tuple[Animation, ...] = ()
    extensions: Json = field(default_factory=dict)
    extras: Json = field(default_factory=dict)
    copyright: str = ""
    generator: str = "avatarkit"


def skeleton(
    names: Sequence[str], parents: Sequence[int], joints: np.ndarray, *, first: int = 0
) -> tuple[tuple[Node, ...], Skin]:
    """Nodes and skin of joints that stand unturned at `joints` (J, 3), metres; a parent of -1 is the root.

    The nodes are meant to stand in `Scene.nodes` from place `first` on.
    """
    (J,) = sizes("J 3", joints)
    places = np.asarray(joints, np.float64)
    nodes = []
    for name, parent, place in zip(names, parents, places, strict=True):
        x, y, z = (float(d) for d in (place - places[parent] if parent >= 0 else place))
        nodes.append(Node(name, first + parent if parent >= 0 else None, (x, y, z)))
    inverse_binds = np.tile(np.eye(4, dtype=np.float32), (J, 1, 1))
    inverse_binds[:, :3, 3] = -places
    return tuple(nodes), Skin(tuple(range(first, first + J)), inverse_binds)


def parents_first(nodes: Sequence[Node]) -> list[int]:
    """The places of the nodes, each after its parent; ValueError if some node is its own ancestor."""
    children: list[list[int]] = [[] for _ in nodes]
    order = [place for place, node in enumerate(nodes) if node.parent is None]
    for place, node in enumerate(nodes):
        if node.parent is not None:
            children[node.parent].append(place)
    for place in order:  # grows while it is walked
        order += children[place]
    if len(order) < len(nodes):
        raise ValueError(f"node {min(set(range(len(nodes))) - set(order))} is its own ancestor, or below one that is")
    return order


def world_from_nodes(scene: Scene) -> np.ndarray:
    """(N, 4, 4) float64: where each node stands, as the file is at rest."""
    world = np.tile(np.eye(4), (len(scene.nodes), 1, 1))
    for place in parents_first(scene.nodes):
        node = scene.nodes[place]
        above = world[node.parent] if node.parent is not None else np.eye(4)
        world[place] = above @ node.parent_from_node
    return world


def world_primitives(scene: Scene) -> tuple[Primitive, ...]:
    """Each primitive once for each node that shows it, in world coordinates: placed by its node, or its skin at rest.

    Morphs are left in mesh coordinates, unweighted, and tangents out. A mirroring node turns its triangles around.
    BadData beyond 1e9 m.
    """
    world = world_from_nodes(scene)
    found = []
    for place, node in enumerate(scene.nodes):
        for primitive in scene.meshes[node.mesh].primitives if node.mesh is not None else ():
            to: np.ndarray = world[place]
            if node.skin is not None and primitive.joints is not None and primitive.weights is not None:
                skin = scene.skins[node.skin]
                bones = world[list(skin.joints)] @ skin.inverse_binds
                to = np.zeros((len(primitive.vertices), 4, 4))
                for joint, weight in zip(primitive.joints.T, primitive.weights.T, strict=True):
                    to += weight[:, None, None] * bones[joint]
            found.append(_placed(primitive, to))
    return tuple(found)


def _placed(primitive: Primitive, world_from_mesh: np.ndarray) -> Primitive:
    """The primitive moved by one (4, 4), or by one for each vertex (V, 4, 4)."""
    linear, offset = world_from_mesh[..., :3, :3], world_from_mesh[..., :3, 3]
    vertices = np.einsum("...ij,...j->...i", linear, primitive.vertices.astype(np.float64)) + offset
    if not (np.abs(vertices) < FURTHEST).all():
        raise BadData(f"glTF nodes: expected vertices within {FURTHEST:g} m of the origin: check the scale")
    normals = primitive.normals
    if normals is not None:
        # Normals go by the inverse transpose; the cofactors are that, times the determinant, and need no inverse.
        a, b, c = linear[..., 0], linear[..., 1], linear[..., 2]
        cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], -1)
        normals = np.einsum("...ij,...j->...i", cofactors, normals.astype(np.float64))
        normals *= np.sign(np.linalg.det(linear))[..., None]
        normals = (normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-30)).astype(np.float32)
    mirrored = linear.ndim == 2 and np.linalg.det(linear) < 0
    faces = np.ascontiguousarray(primitive.faces[:, ::-1]) if mirrored else primitive.faces
    return replace(primitive, vertices=vertices.astype(np.float32), faces=faces, normals=normals, tangents=None)
