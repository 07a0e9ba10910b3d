"""A glTF document to a `Scene`; every index, length and number is checked, and BadData says which was wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from avatarkit.errors import BadData
from avatarkit.gltf.accessors import PACKED, Accessors, split
from avatarkit.gltf.fields import Fields, found
from avatarkit.gltf.primitives import read_mesh
from avatarkit.gltf.scene import (
    FURTHEST,
    Animation,
    Channel,
    Image,
    Material,
    Mesh,
    Node,
    Primitive,
    Scene,
    Skin,
    world_from_nodes,
)

LIMIT_BYTES = 384 << 20
# Extensions that may be required without changing what we read; any other is refused.
HARMLESS = ("KHR_materials_", "KHR_lights_punctual", "KHR_mesh_quantization", "VRMC_")
WIDTHS = {"translation": 3, "rotation": 4, "scale": 3, "weights": 1}
INTERPOLATIONS = ("LINEAR", "STEP", "CUBICSPLINE")


def decode(data: bytes, *, resources: Mapping[str, bytes] | None = None, limit_bytes: int = LIMIT_BYTES) -> Scene:
    """The scene in a GLB, or in a .gltf whose data is inline or in `resources` (by uri).

    Strips and fans become triangles, points and lines are left out, as are cameras, lights, tangents, second UV sets
    (`uv` is the set that the base colour uses), samplers, morph weights at rest; nodes outside the default scene lose
    their mesh. Material extensions are kept only while texture i is image i, as in our own files. BadData for
    anything damaged, compressed, linked from elsewhere, not finite, or whose arrays take more than `limit_bytes`.
    """
    document, binary = split(data)
    _check_asset(document)
    accessors = Accessors(document, binary, resources, limit_bytes)
    images = tuple(_image(item, accessors) for item in document.items("images"))
    textures = [_texture(item, len(images)) for item in document.items("textures")]
    materials, uv_sets = [], []
    for item in document.items("materials"):
        material, uv_set = _material(item, textures)
        materials.append(material)
        uv_sets.append(uv_set)
    meshes = tuple(read_mesh(item, accessors, uv_sets) for item in document.items("meshes"))
    node_items = document.items("nodes")
    skins = tuple(_skin(item, accessors, len(node_items)) for item in document.items("skins"))
    asset = document.item("asset")
    scene = Scene(
        meshes=meshes,
        nodes=_nodes(document, node_items, meshes, skins),
        skins=skins,
        materials=tuple(materials),
        images=images,
        animations=tuple(_animation(item, accessors, len(node_items)) for item in document.items("animations")),
        extensions=document.json("extensions"),
        extras=asset.json("extras"),
        copyright=asset.text("copyright"),
        generator=asset.text("generator"),
    )
    _check_places(scene)
    return scene


def _check_asset(document: Fields) -> None:
    version = document.item("asset").text("version", None)
    if version.split(".")[0] != "2":
        raise BadData(f"glTF asset.version: expected 2.0, found {found(version)}")
    required = document.value.get("extensionsRequired", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise document.bad("extensionsRequired", "a list of names")
    for name in required:
        if name in PACKED:
            raise BadData(f"glTF: packed with {name}, which is not read: export without compression")
        if not name.startswith(HARMLESS):
            raise BadData(f"glTF: needs the extension {found(name)}, which is not read: export without it")


def _check_places(scene: Scene) -> None:
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            world = world_from_nodes(scene)
    except ValueError as error:
        raise BadData(f"glTF nodes: {error}: expected a tree") from error
    if not (np.abs(world) < FURTHEST).all():
        raise BadData(f"glTF nodes: expected places and scales below {FURTHEST:g}, found larger ones")


def _image(item: Fields, accessors: Accessors) -> Image:
    if "bufferView" in item.value:
        view, _ = accessors.view(item.integer("bufferView", below=len(accessors.views)))
        accessors.charge(len(view), item.where)
        data = bytes(view)
    else:
        data = accessors.linked(item)
    image = Image(data, item.text("name"))
    if not image.mime:
        raise BadData(f"glTF {item.where}: expected a PNG or a JPEG, found {data[:12]!r}: convert the textures")
    return image


def _texture(item: Fields, count: int) -> int:
    if "source" not in item.value:
        others = ", ".join(map(found, item.json("extensions"))) or "no source"
        raise BadData(f"glTF {item.where}: expected a PNG or JPEG image, found {others}: convert the textures")
    return item.integer("source", below=count)


def _material(item: Fields, textures: list[int]) -> tuple[Material, int]:
    """The material, and the UV set that its base colour uses."""
    metallic_roughness = item.item("pbrMetallicRoughness")
    images, uv_set = {}, 0
    for name, slot in (("base", metallic_roughness.item("baseColorTexture")), ("normal", item.item("normalTexture"))):
        place = slot.place("index", len(textures))
        images[name] = None if place is None else textures[place]
        uv_set = slot.integer("texCoord", 0, below=64) if name == "base" else uv_set
    r, g, b, a = metallic_roughness.numbers("baseColorFactor", (1.0, 1.0, 1.0, 1.0))
    mode = item.text("alphaMode", "OPAQUE")
    if mode not in ("OPAQUE", "MASK", "BLEND"):
        raise item.bad("alphaMode", "OPAQUE, MASK or BLEND")
    extensions = dict(item.json("extensions"))
    unlit = extensions.pop("KHR_materials_unlit", None) is not None
    return Material(
        name=item.text("name"),
        base_color=(r, g, b, a),
        base_color_image=images["base"],
        normal_image=images["normal"],
        metallic=metallic_roughness.number("metallicFactor", 1.0),
        roughness=metallic_roughness.number("roughnessFactor", 1.0),
        double_sided=item.flag("doubleSided"),
        alpha_mode=mode,
        alpha_cutoff=item.number("alphaCutoff", 0.5),
        unlit=unlit,
        extensions=extensions if textures == list(range(len(textures))) else {},
        extras=item.json("extras"),
    ), uv_set


def _skin(item: Fields, accessors: Accessors, nodes: int) -> Skin:
    joints = item.places("joints", nodes)
    if not joints or len(set(joints)) < len(joints):
        raise item.bad("joints", "each joint once")
    accessors.charge(64 * len(joints), item.where)
    inverse_binds = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
    place = item.place("inverseBindMatrices", len(accessors.items))
    if place is not None:
        columns = accessors.array(place, ("MAT4",), f"{item.where}.inverseBindMatrices")
        if len(columns) < len(joints) or np.abs(columns[:, 3::4] - (0, 0, 0, 1)).max() > 1e-3:
            raise BadData(f"glTF {item.where}.inverseBindMatrices: expected {len(joints)} affine matrices")
        inverse_binds[:, :3] = columns[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)[:, :3]
    return Skin(tuple(joints), inverse_binds, item.text("name"))


def _nodes(
    document: Fields, items: list[Fields], meshes: tuple[Mesh, ...], skins: tuple[Skin, ...]
) -> tuple[Node, ...]:
    parents: list[int | None] = [None] * len(items)
    for place, item in enumerate(items):
        for child in item.places("children", len(items)):
            if parents[child] is not None:
                raise BadData(f"glTF nodes[{child}]: found below two nodes, expected one parent")
            parents[child] = place
    shown = _shown(document, items)
    nodes = []
    joints_used = [max((_most_joint(p) for p in mesh.primitives), default=-1) for mesh in meshes]
    for place, item in enumerate(items):
        mesh = item.place("mesh", len(meshes)) if shown[place] else None
        skin = item.place("skin", len(skins)) if mesh is not None else None
        if mesh is not None and skin is not None and joints_used[mesh] >= len(skins[skin].joints):
            raise BadData(
                f"glTF {item.where}: mesh {mesh} uses joint {joints_used[mesh]}, skin {skin} has "
                f"{len(skins[skin].joints)} joints"
            )
        nodes.append(_node(item, parents[place], mesh, skin))
    return tuple(nodes)


def _most_joint(primitive: Primitive) -> int:
    return -1 if primitive.joints is None else int(primitive.joints.max())


def _shown(document: Fields, items: list[Fields]) -> list[bool]:
    """Whether each node is in the default scene; all are where a file names no scenes."""
    scenes = document.items("scenes")
    if not scenes:
        return [True] * len(items)
    shown = [False] * len(items)
    stack = list(scenes[document.integer("scene", 0, below=len(scenes))].places("nodes", len(items)))
    while stack:
        place = stack.pop()
        if not shown[place]:
            shown[place] = True
            stack += items[place].places("children", len(items))
    return shown


def _node(item: Fields, parent: int | None, mesh: int | None, skin: int | None) -> Node:
    x, y, z, w = item.numbers("rotation", (0.0, 0.0, 0.0, 1.0))
    length = math.hypot(x, y, z, w)
    if not 1e-3 < length < 1e3:
        raise item.bad("rotation", "a unit quaternion")
    if abs(length - 1) > 1e-6:
        x, y, z, w = x / length, y / length, z / length, w / length
    t0, t1, t2 = item.numbers("translation", (0.0, 0.0, 0.0))
    s0, s1, s2 = item.numbers("scale", (1.0, 1.0, 1.0))
    matrix = None
    if "matrix" in item.value:
        matrix = np.array(item.numbers("matrix", (0.0,) * 16)).reshape(4, 4).T
        if np.abs(matrix[3] - (0, 0, 0, 1)).max() > 1e-3:
            raise item.bad("matrix", "16 numbers, column by column, the last row 0, 0, 0, 1")
    return Node(
        name=item.text("name"),
        parent=parent,
        translation=(t0, t1, t2),
        rotation=(x, y, z, w),
        scale=(s0, s1, s2),
        matrix=matrix,
        mesh=mesh,
        skin=skin,
        extensions=item.json("extensions"),
        extras=item.json("extras"),
    )


def _animation(item: Fields, accessors: Accessors, nodes: int) -> Animation:
    samplers, channels = item.items("samplers"), []
    for entry in item.items("channels"):
        target = entry.item("target")
        node, path = target.place("node", nodes), target.text("path", None)
        if node is None or path not in WIDTHS:  # moved by an extension that we do not read
            continue
        sampler = samplers[entry.integer("sampler", below=len(samplers))]
        interpolation = sampler.text("interpolation", "LINEAR")
        if interpolation not in INTERPOLATIONS:
            raise sampler.bad("interpolation", f"one of {INTERPOLATIONS}")
        source, result = (sampler.integer(key, below=len(accessors.items)) for key in ("input", "output"))
        times = accessors.array(source, ("SCALAR",), f"{sampler.where}.input")[:, 0]
        values = accessors.array(result, ("SCALAR", "VEC3", "VEC4"), f"{sampler.where}.output")
        rows = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
        if path == "weights" and values.shape[1] == 1 and len(values) % rows == 0:
            values = values.reshape(rows, -1)
        elif values.shape != (rows, WIDTHS[path]):
            raise BadData(f"glTF {sampler.where}.output: {path}: expected {rows} rows, found {values.shape}")
        if times.dtype != np.float32 or values.dtype != np.float32 or times[0] < 0 or (np.diff(times) <= 0).any():
            raise BadData(f"glTF {sampler.where}: expected floats, at times that rise from 0 s or later")
        channels.append(Channel(node, path, times, values, interpolation))
    return Animation(tuple(channels), item.text("name"))
