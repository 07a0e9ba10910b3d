"""Meshes in and out: GLB by our own codec, .ply and .obj through trimesh; the only door to trimesh."""

import io
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avatarkit import gltf, imprint, provenance, record
from avatarkit import mesh as meshes
from avatarkit.atomic import write_bytes
from avatarkit.errors import BadData, UsageError
from avatarkit.files.pictures import decode_photo
from avatarkit.files.reading import naming, read_bytes
from avatarkit.gltf import Primitive, Scene
from avatarkit.mesh import Mesh
from avatarkit.picture import encode_png, srgb_from_linear

log = logging.getLogger("avatarkit")

MESH_SUFFIXES = (".glb", ".gltf", ".vrm", ".ply", ".obj")
MOST_ELEMENTS = 20_000_000


def read_mesh(path: Path) -> Mesh:
    """The triangles of a mesh file in the world frame, one mesh of all its parts; metres, float32.

    Custom vertex attributes (`_TEMPLATE`, `_PART`, …) keep their names; `colours` are (V,4) float, linear.
    Raises BadData for a file that is damaged, empty, or of another kind.
    """
    suffix = path.suffix.lower()
    if suffix not in MESH_SUFFIXES:
        raise BadData(f"{path}: cannot be read as a mesh, expected {', '.join(MESH_SUFFIXES)}")
    record.note_ingredient(path, provenance.ELSEWHERE)
    content = read_bytes(path)
    with naming(path):
        found = mesh_of(gltf.decode(content)) if suffix in (".glb", ".gltf", ".vrm") else _foreign(content, suffix)
        if len(found.faces) == 0:
            raise BadData("found no triangles, expected a mesh")
        return found


def write_mesh(path: Path, mesh: Mesh) -> None:
    """Write .glb (with images, and the attributes that glTF can hold), or .ply or .obj (vertices and faces alone)."""
    suffix = path.suffix.lower()
    if suffix == ".glb":
        write_scene(path, _scene(mesh))
    elif suffix in (".ply", ".obj"):
        import trimesh

        if mesh.attributes or mesh.uvs is not None:
            log.warning("%s: %s holds vertices and faces alone: use .glb to keep the rest", path, suffix)
        plain = trimesh.Trimesh(mesh.vertices.cpu().numpy(), mesh.faces.cpu().numpy(), process=False)
        written: Any = plain.export(file_type=suffix[1:])
        plain_bytes = written if isinstance(written, bytes) else written.encode()
        write_bytes(path, imprint.imprinted(plain_bytes, provenance.here()))
    else:
        raise UsageError(f"{path}: cannot write a mesh as {suffix or 'a file without suffix'}, use .glb, .ply or .obj")


def write_scene(path: Path, scene: Scene) -> None:
    """Write a whole scene as .glb, with what it was made from in it."""
    write_bytes(path, gltf.encode(imprinted(scene)))


def imprinted(scene: Scene) -> Scene:
    """The scene whose extras, and whose pictures, say what it was made from."""
    said = provenance.here()
    images = tuple(replace(image, data=imprint.imprinted(image.data, said)) for image in scene.images)
    return replace(scene, extras=scene.extras | {imprint.KEY: said}, images=images)


def _scene(mesh: Mesh) -> Scene:
    """The mesh alone; not named after its file, whose name is a temporary one while it is written."""
    material, images = material_of(mesh)
    primitive = replace(primitive_of(mesh), material=0 if images else None)
    return Scene(
        meshes=(gltf.Mesh((primitive,)),),
        nodes=(gltf.Node("person", mesh=0),),
        materials=(material,) if images else (),
        images=images,
    )


def material_of(mesh: Mesh) -> tuple[gltf.Material, tuple[gltf.Image, ...]]:
    """What the mesh is painted with, and its pictures, none where it has none or no UVs."""
    names = [name for name in ("base_colour", "normal") if name in mesh.images and mesh.uvs is not None]
    images = tuple(gltf.Image(encode_png(mesh.images[name].cpu().numpy()), name) for name in names)
    base_colour, normal = (names.index(name) if name in names else None for name in ("base_colour", "normal"))
    return gltf.Material("person", base_color_image=base_colour, normal_image=normal, roughness=0.8), images


def primitive_of(mesh: Mesh) -> Primitive:
    """The mesh with its vertices split where a corner's UV differs from its neighbour's."""
    arrays = {name: values.cpu().numpy() for name, values in mesh.attributes.items()}
    vertices, faces, uv = mesh.vertices.cpu().numpy(), mesh.faces.cpu().numpy(), None
    if mesh.uvs is not None:
        kept, faces, uv = (x.numpy() for x in meshes.split_at_seams(mesh.faces.cpu(), mesh.uvs.cpu()))
        arrays, vertices = {name: values[kept] for name, values in arrays.items()}, vertices[kept]
    custom = {name: _narrowed(values) for name, values in arrays.items() if name.startswith("_")}
    return Primitive(
        vertices.astype(np.float32), faces, arrays.get("normals"), uv, arrays.get("colours"), custom=custom
    )


def _narrowed(values: np.ndarray) -> np.ndarray:
    """Integers in a type that glTF's attributes have; float32 for those beyond 65535, exact up to 2^24.

    None in 8 bits: Blender 5.0 does not open a file in which a custom attribute is one byte.
    """
    if values.dtype.kind not in "iu":
        return values
    return values.astype(np.uint16 if values.size and 0 <= values.min() <= values.max() < 1 << 16 else np.float32)


def mesh_of(scene: Scene) -> Mesh:
    """The triangles of a scene in the world frame, one mesh of all its parts. Raises BadData where there are none."""
    primitives = gltf.world_primitives(scene)
    parts = [_part(primitive) for primitive in primitives]
    if not parts:
        raise BadData("found no triangles, expected a mesh")
    pictures: dict[Any, np.ndarray] = {}
    for primitive in primitives:
        if primitive.material is not None and primitive.uv is not None:
            image = scene.materials[primitive.material].base_color_image
            if image is not None and image not in pictures:
                pictures[image] = decode_photo(scene.images[image].data)[..., :3]
    if not pictures:
        return meshes.combined(parts)
    keys: list[Any] = []
    for place, primitive in enumerate(primitives):
        keys.append(_picture_of(scene, primitive, pictures))
        if keys[-1] is None:
            keys[-1] = f"colours of {place}"
            parts[place], pictures[keys[-1]] = _painted_faces(parts[place], primitive)
    found = _textured(parts, keys, pictures)
    normals = {material.normal_image for material in scene.materials}
    if len(pictures) == 1 and len(normals) == 1 and None not in normals:
        relief = decode_photo(scene.images[normals.pop() or 0].data)[..., :3]
        found = replace(found, images={**found.images, "normal": torch.from_numpy(relief.copy())})
    return found


def _picture_of(scene: Scene, primitive: Primitive, pictures: dict[Any, np.ndarray]) -> Any:
    """The key of a primitive's picture, None for one with colours of vertices; one that has neither gets a plain one of
    its own colour."""
    material = None if primitive.material is None else scene.materials[primitive.material]
    if material is not None and material.base_color_image in pictures and primitive.uv is not None:
        return material.base_color_image
    if primitive.colors is not None:
        return None
    light = (1.0, 1.0, 1.0) if material is None else material.base_color[:3]
    pictures[light] = np.tile(srgb_from_linear(np.array(light)), (8, 8, 1))
    return light


def _painted_faces(part: Mesh, primitive: Primitive) -> tuple[Mesh, np.ndarray]:
    """The part with UVs into a picture of a texel a face, which has the mean colour of its corners."""
    assert primitive.colors is not None
    F = len(primitive.faces)
    side = max(1, int(np.ceil(np.sqrt(F))))
    picture = np.zeros((side * side, 3), np.uint8)
    picture[:F] = srgb_from_linear(primitive.colors[primitive.faces][..., :3].mean(axis=1))
    k = torch.arange(F)
    uvs = (torch.stack([k % side, k // side], dim=1) + 0.5) / side
    return replace(part, uvs=uvs[:, None].repeat(1, 3, 1)), picture.reshape(side, side, 3)


def _textured(parts: list[Mesh], keys: list[Any], pictures: dict[Any, np.ndarray]) -> Mesh:
    """One mesh whose pictures (H,W,3) stand side by side in one."""
    if len(set(keys)) == 1:
        atlas, placed = pictures[keys[0]], parts
    else:
        H, W = (sum_or_max(picture.shape[k] for picture in pictures.values()) for k, sum_or_max in ((0, max), (1, sum)))
        atlas, placed, starts, x = np.zeros((H, W, 3), np.uint8), [], {}, 0
        for key, picture in pictures.items():
            h, w = picture.shape[:2]
            atlas[:h, x : x + w], starts[key], x = picture, x, x + w
        for part, key in zip(parts, keys, strict=True):
            h, w = pictures[key].shape[:2]
            uvs = torch.full((len(part.faces), 3, 2), 0.5) if part.uvs is None else part.uvs
            inside = torch.where((uvs < 0) | (uvs > 1), uvs - uvs.floor(), uvs)
            moved = (inside * torch.tensor([w, h]) + torch.tensor([starts[key], 0])) / torch.tensor([W, H])
            placed.append(replace(part, uvs=moved))
    return replace(meshes.combined(placed), images={"base_colour": torch.from_numpy(atlas.copy())})


def _part(primitive: Primitive) -> Mesh:
    faces = torch.from_numpy(primitive.faces.astype(np.int64))
    attributes = {name: torch.from_numpy(np.asarray(v, _kept(v.dtype))) for name, v in primitive.custom.items()}
    if primitive.colors is not None:
        attributes["colours"] = torch.from_numpy(primitive.colors)
    uvs = torch.from_numpy(primitive.uv)[faces] if primitive.uv is not None else None
    return Mesh(torch.from_numpy(primitive.vertices), faces, attributes, uvs)


def _kept(dtype: np.dtype) -> type:
    """torch has no arithmetic for uint16: what does not fit its types is widened."""
    return np.float32 if dtype.kind == "f" else np.uint8 if dtype == np.uint8 else np.int32


def _foreign(content: bytes, suffix: str) -> Mesh:
    import trimesh

    if suffix == ".ply":
        _check_ply_header(content)
    try:
        read: Any = trimesh.load(
            io.BytesIO(content), file_type=suffix[1:], process=False, force="mesh", skip_materials=True
        )
        vertices, faces = np.asarray(read.vertices, np.float32), np.asarray(read.faces, np.int64)
    except MemoryError:
        raise
    except Exception as error:  # its readers raise whatever numpy does over a damaged file
        raise BadData(f"the mesh is damaged ({type(error).__name__}: {str(error)[:80]}): export it again") from None
    if vertices.ndim != 2 or faces.ndim != 2 or vertices.shape[1:] != (3,) or faces.shape[1:] != (3,):
        raise BadData("found no triangles, expected a mesh")
    return Mesh(torch.from_numpy(vertices), torch.from_numpy(faces))


def _check_ply_header(content: bytes) -> None:
    """trimesh allocates what a header promises; refuse promises that the file is too short to keep."""
    for line in content[: 64 << 10].split(b"end_header")[0].splitlines():
        words = line.split()
        if words[:1] == [b"element"] and (len(words) != 3 or not words[2].isdigit() or len(words[2]) > 9):
            raise BadData(f"header says {line[:60]!r}, expected: element name count")
        if words[:1] == [b"element"] and int(words[2]) > min(len(content), MOST_ELEMENTS):
            raise BadData(f"header promises {int(words[2])} elements in {len(content)} bytes: the file is cut off")
