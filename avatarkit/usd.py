"""A rigged scene as USDZ, for Apple's Quick Look, Reality Composer, Omniverse and Houdini. The only door to pxr.

    /Avatar (SkelRoot)  /Skeleton (joints as paths)  /Skeleton/Clip (SkelAnimation)
                        /Mesh_0_0 (skinned)  /Mesh_0_0/jawOpen (BlendShape)      /Materials/skin (UsdPreviewSurface)

USD multiplies row vectors, so that its matrices are ours transposed; its texture coordinates run up, glTF's down.
"""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatarkit import gltf
from avatarkit.errors import NotInstalled
from avatarkit.gltf import Animation, Material, Mesh, Primitive, Scene, Skin
from avatarkit.gltf.scene import parents_first

INSTALL = "USDZ needs usd-core: pip install 'avatarkit[usd]'"
ROOT = "/Avatar"
FPS = 30.0
SUFFIX = {"image/png": "png", "image/jpeg": "jpg"}


def usdz(scene: Scene, *, clip: str | None = None) -> bytes:
    """The scene's skinned and unskinned meshes as one USDZ: Y up, metres, the same bytes for the same scene.

    `clip` names the animation to take along, else it is the first that moves; its keys are kept, and between them USD
    interpolates linearly. Raises NotInstalled without usd-core, ValueError for a clip that is not there.
    """
    try:
        from pxr import Sdf, Usd
    except ImportError:
        raise NotInstalled(INSTALL) from None
    named = [animation for animation in scene.animations if clip in (None, animation.name)]
    moving = [animation for animation in named if any(len(channel.times) > 1 for channel in animation.channels)]
    if clip is not None and not named:
        raise ValueError(f"no animation {clip!r} among {[animation.name for animation in scene.animations]}")
    pictures = [f"picture{place}.{SUFFIX[image.mime]}" for place, image in enumerate(scene.images)]
    with tempfile.TemporaryDirectory(prefix="avatarkit-") as folder:
        path = Path(folder, "avatar.usdc")
        layer = Sdf.Layer.CreateNew(str(path))
        _write(Usd.Stage.Open(layer), scene, pictures, next(iter([*moving, *named]), None))
        layer.Save()
        held = {path.name: path.read_bytes()}
    return _packaged(held | {name: image.data for name, image in zip(pictures, scene.images, strict=True)})


def _packaged(files: dict[str, bytes]) -> bytes:
    """A zip as USDZ wants it: nothing compressed, the layer first, each file at a multiple of 64 bytes; no dates."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            padding = -(package.tell() + 30 + len(name) + 4) % 64
            info = zipfile.ZipInfo(name)
            info.extra = struct.pack("<HH", 0x1986, padding) + bytes(padding)
            archive.writestr(info, data)
    return package.getvalue()


@dataclass(frozen=True)
class _Rig:
    """A skin's joints in USD's order, each after its parent."""

    path: str
    joints: tuple[int, ...]
    """nodes"""
    names: tuple[str, ...]
    """each joint with all above it: hips/spine/head"""
    column_of: np.ndarray
    """(J) where a joint of the skin stands among `joints`"""


def _write(stage: Any, scene: Scene, pictures: list[str], clip: Animation | None) -> None:
    from pxr import Kind, Usd, UsdGeom, UsdSkel

    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(FPS)
    stage.SetFramesPerSecond(FPS)
    root = UsdSkel.Root.Define(stage, ROOT)
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    stage.SetMetadata("comment", scene.copyright)
    extras = {key: x if isinstance(x, str) else json.dumps(x, sort_keys=True) for key, x in scene.extras.items()}
    stage.SetMetadata("customLayerData", extras)
    materials = [_write_material(stage, scene, place, pictures) for place in range(len(scene.materials))]
    rigs = [_write_skeleton(stage, scene, place, skin) for place, skin in enumerate(scene.skins)]
    world = gltf.world_from_nodes(scene)
    for place, node in enumerate(scene.nodes):
        if node.mesh is None:
            continue
        mesh, rig = scene.meshes[node.mesh], rigs[node.skin] if node.skin is not None else None
        for part, primitive in enumerate(mesh.primitives):
            written = _write_mesh(stage, f"{ROOT}/Mesh_{place}_{part}", primitive)
            if rig is not None and primitive.joints is not None:
                _bind(stage, written, primitive, rig)
            else:
                UsdGeom.Xformable(written).AddTransformOp().Set(_matrix(world[place]))
            _write_blend_shapes(stage, written, mesh, primitive)
            if primitive.material is not None:
                _use_material(written, materials[primitive.material], scene.materials[primitive.material])
    if clip is not None and rigs:
        _write_clip(stage, scene, rigs[0], clip)


def _matrix(to: np.ndarray) -> Any:
    from pxr import Gf

    return Gf.Matrix4d(np.asarray(to, np.float64).T.tolist())


def _named(name: str) -> str:
    from pxr import Tf

    return Tf.MakeValidIdentifier(name)


def _vectors(kind: str, values: np.ndarray, dtype: type) -> Any:
    from pxr import Vt

    return getattr(Vt, f"{kind}Array").FromNumpy(np.ascontiguousarray(values, dtype))


def _write_skeleton(stage: Any, scene: Scene, place: int, skin: Skin) -> _Rig:
    from pxr import UsdSkel

    joints = tuple(node for node in parents_first(scene.nodes) if node in skin.joints)
    names: dict[int, str] = {}
    for node in joints:
        own, above = _named(scene.nodes[node].name or f"joint{node}"), _joint_above(scene, node, joints)
        names[node] = own if above is None else f"{names[above]}/{own}"
    binds = np.linalg.inv(skin.inverse_binds.astype(np.float64))
    skeleton = UsdSkel.Skeleton.Define(stage, f"{ROOT}/Skeleton{place or ''}")
    skeleton.CreateJointsAttr(list(names.values()))
    skeleton.CreateBindTransformsAttr([_matrix(binds[skin.joints.index(node)]) for node in joints])
    skeleton.CreateRestTransformsAttr([_matrix(to) for to in _local_transforms(scene, joints)])
    column_of = np.array([joints.index(node) for node in skin.joints])
    return _Rig(str(skeleton.GetPath()), joints, tuple(names.values()), column_of)


def _joint_above(scene: Scene, node: int, joints: tuple[int, ...]) -> int | None:
    above = scene.nodes[node].parent
    while above is not None and above not in joints:
        above = scene.nodes[above].parent
    return above


def _local_transforms(scene: Scene, joints: tuple[int, ...]) -> list[np.ndarray]:
    """Each joint's (4, 4) place in the joint above it, in the world for one that has none."""
    world = gltf.world_from_nodes(scene)
    above = [_joint_above(scene, node, joints) for node in joints]
    return [world[node] if up is None else np.linalg.solve(world[up], world[node])
            for node, up in zip(joints, above, strict=True)]  # fmt: skip


def _write_mesh(stage: Any, path: str, primitive: Primitive) -> Any:
    from pxr import Sdf, UsdGeom

    mesh = UsdGeom.Mesh.Define(stage, path)
    points = _vectors("Vec3f", primitive.vertices, np.float32)
    mesh.CreatePointsAttr(points)
    mesh.CreateFaceVertexCountsAttr(_vectors("Int", np.full(len(primitive.faces), 3), np.int32))
    mesh.CreateFaceVertexIndicesAttr(_vectors("Int", primitive.faces.reshape(-1), np.int32))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(points))
    if primitive.normals is not None:
        mesh.CreateNormalsAttr(_vectors("Vec3f", primitive.normals, np.float32))
        mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    painted = UsdGeom.PrimvarsAPI(mesh)
    if primitive.uv is not None:
        st = painted.CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
        st.Set(_vectors("Vec2f", primitive.uv * (1, -1) + (0, 1), np.float32))
    if primitive.colors is not None:
        mesh.CreateDisplayColorPrimvar(UsdGeom.Tokens.vertex).Set(
            _vectors("Vec3f", primitive.colors[:, :3], np.float32)
        )
    return mesh


def _bind(stage: Any, mesh: Any, primitive: Primitive, rig: _Rig) -> None:
    from pxr import Gf, UsdSkel

    assert primitive.joints is not None and primitive.weights is not None
    influences = primitive.joints.shape[1]
    joints, weights = gltf.normalised(primitive.joints, primitive.weights)
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([rig.path])
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    binding.CreateJointIndicesPrimvar(False, influences).Set(
        _vectors("Int", rig.column_of[joints].reshape(-1), np.int32)
    )
    binding.CreateJointWeightsPrimvar(False, influences).Set(_vectors("Float", weights.reshape(-1), np.float32))


def _write_blend_shapes(stage: Any, mesh: Any, of: Mesh, primitive: Primitive) -> None:
    """Each morph as a child of its mesh, of the vertices that it moves."""
    from pxr import UsdSkel

    if primitive.morphs is None or not of.morph_names:
        return
    targets = []
    for name, morph in zip(of.morph_names, primitive.morphs, strict=True):
        moved = np.flatnonzero(morph.any(1))
        shape = UsdSkel.BlendShape.Define(stage, mesh.GetPath().AppendChild(_named(name)))
        shape.CreateOffsetsAttr(_vectors("Vec3f", morph[moved], np.float32))
        shape.CreatePointIndicesAttr(_vectors("Int", moved, np.int32))
        targets.append(shape.GetPath())
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateBlendShapesAttr([_named(name) for name in of.morph_names])
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)


def _write_material(stage: Any, scene: Scene, place: int, pictures: list[str]) -> Any:
    from pxr import Gf, Sdf, UsdShade

    given = scene.materials[place]
    types = Sdf.ValueTypeNames
    material = UsdShade.Material.Define(stage, f"{ROOT}/Materials/{_named(given.name or 'material')}_{place}")

    def shader(name: str, kind: str, **inputs: tuple[Any, Any]) -> Any:
        made = UsdShade.Shader.Define(stage, material.GetPath().AppendChild(name))
        made.CreateIdAttr(kind)
        for key, (of_type, value) in inputs.items():
            made.CreateInput(key, of_type).Set(value)
        return made

    surface = shader("Surface", "UsdPreviewSurface", roughness=(types.Float, given.roughness),
                     metallic=(types.Float, given.metallic))  # fmt: skip
    material.CreateSurfaceOutput().ConnectToSource(surface.CreateOutput("surface", types.Token))
    coordinates = shader("Coordinates", "UsdPrimvarReader_float2", varname=(types.String, "st"))
    uv = coordinates.CreateOutput("result", types.Float2)

    def texture(name: str, image: int, space: str, scale: tuple[float, ...], bias: float) -> Any:
        made = shader(name, "UsdUVTexture", file=(types.Asset, Sdf.AssetPath(pictures[image])),
                      sourceColorSpace=(types.Token, space), wrapS=(types.Token, "clamp"),
                      wrapT=(types.Token, "clamp"), scale=(types.Float4, Gf.Vec4f(*scale)),
                      bias=(types.Float4, Gf.Vec4f(bias, bias, bias, 0)))  # fmt: skip
        made.CreateInput("st", types.Float2).ConnectToSource(uv)
        return made

    base = given.base_color
    if given.base_color_image is not None:
        picture = texture("BaseColour", given.base_color_image, "sRGB", base, 0.0)
        diffuse = surface.CreateInput("diffuseColor", types.Color3f)
        diffuse.ConnectToSource(picture.CreateOutput("rgb", types.Float3))
        if given.alpha_mode != "OPAQUE":
            surface.CreateInput("opacity", types.Float).ConnectToSource(picture.CreateOutput("a", types.Float))
    else:
        surface.CreateInput("diffuseColor", types.Color3f).Set(Gf.Vec3f(*base[:3]))
        surface.CreateInput("opacity", types.Float).Set(base[3] if given.alpha_mode != "OPAQUE" else 1.0)
    if given.alpha_mode == "MASK":
        surface.CreateInput("opacityThreshold", types.Float).Set(given.alpha_cutoff)
    if given.normal_image is not None:
        relief = texture("Relief", given.normal_image, "raw", (2, 2, 2, 1), -1.0)
        normal = surface.CreateInput("normal", types.Normal3f)
        normal.ConnectToSource(relief.CreateOutput("rgb", types.Float3))
    return material


def _use_material(mesh: Any, material: Any, given: Material) -> None:
    from pxr import UsdShade

    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)
    mesh.CreateDoubleSidedAttr(given.double_sided)


def _write_clip(stage: Any, scene: Scene, rig: _Rig, clip: Animation) -> None:
    """The clip as one SkelAnimation: at each time that any channel has, all joints, and the weights of the morphs."""
    from pxr import UsdSkel

    animation = UsdSkel.Animation.Define(stage, f"{rig.path}/Clip")
    animation.CreateJointsAttr(list(rig.names))
    times = np.unique(np.concatenate([channel.times for channel in clip.channels]))
    stage.SetStartTimeCode(float(times[0]) * FPS)
    stage.SetEndTimeCode(float(times[-1]) * FPS)
    for time in times:
        local = _local_transforms(gltf.posed(scene, clip, time), rig.joints)
        animation.SetTransforms([_matrix(to) for to in local], float(time) * FPS)
    weights: dict[str, np.ndarray] = {}
    for channel in (channel for channel in clip.channels if channel.path == "weights"):
        names = scene.meshes[scene.nodes[channel.node].mesh or 0].morph_names
        weights.update(zip(map(_named, names), gltf.sampled(channel, times).T, strict=True))
    if weights:
        animation.CreateBlendShapesAttr(list(weights))
        attribute = animation.CreateBlendShapeWeightsAttr()
        for row, time in zip(np.stack(list(weights.values()), 1), times, strict=True):
            attribute.Set(_vectors("Float", row, np.float32), float(time) * FPS)
    skeleton = UsdSkel.BindingAPI.Apply(stage.GetPrimAtPath(rig.path))
    skeleton.CreateAnimationSourceRel().SetTargets([animation.GetPath()])
