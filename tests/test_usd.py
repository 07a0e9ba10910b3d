"""USDZ: pxr's own validators find nothing, and its own skinning puts each vertex where ours does."""

import io
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from avatars import avatar

from avatarkit import gltf, usd
from avatarkit.errors import NotInstalled
from avatarkit.picture import encode_png

WHY = "SKIPPED: usd-core is not installed (pip install 'avatarkit[usd]'): USDZ is not tested"
PNG = encode_png(np.full((4, 4, 3), 128, np.uint8))


@pytest.fixture(scope="module")
def data():
    pytest.importorskip("pxr", reason=WHY)
    return usd.usdz(avatar())


def opened(data: bytes, folder):
    from pxr import Usd

    (folder / "avatar.usdz").write_bytes(data)
    return Usd.Stage.Open(str(folder / "avatar.usdz"))


def complaints(stage) -> list[str]:
    from pxr import UsdValidation

    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) > 20
    return [error.GetMessage() for error in UsdValidation.ValidationContext(validators).Validate(stage)]


def test_pxrs_validators_find_nothing(data, tmp_path):
    assert complaints(opened(data, tmp_path)) == []


def test_the_validators_do_look_at_skins(data, tmp_path):
    """Guards against a validation that passes everything."""
    from pxr import Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.Open(opened(data, tmp_path).Flatten())
    UsdSkel.BindingAPI.Apply(UsdGeom.Mesh.Define(stage, "/Loose").GetPrim())
    assert any("SkelRoot" in line for line in complaints(stage)), complaints(stage)


@pytest.mark.parametrize("time, smile", [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0)])
def test_usds_skinning_of_the_clip_is_ours(data, tmp_path, time, smile):
    from pxr import Usd, UsdGeom, UsdSkel

    stage, scene = opened(data, tmp_path), avatar()
    cache, frame = UsdSkel.Cache(), time * stage.GetTimeCodesPerSecond()
    cache.Populate(UsdSkel.Root(stage.GetDefaultPrim()), Usd.PrimDefaultPredicate)
    skeleton = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/Avatar/Skeleton")))
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Avatar/Mesh_0_0"))
    skinning, shapes = cache.GetSkinningQuery(mesh.GetPrim()), UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(mesh))
    weights = np.array(skeleton.GetAnimQuery().ComputeBlendShapeWeights(frame))
    points = mesh.GetPointsAttr().Get()
    sub_weights, indices, sub_shapes = shapes.ComputeSubShapeWeights(weights.tolist())
    shapes.ComputeDeformedPoints(
        sub_weights, indices, sub_shapes, shapes.ComputeBlendShapePointIndices(),
        shapes.ComputeSubShapePointOffsets(), points)  # fmt: skip
    skinning.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(frame), points, frame)
    part = scene.meshes[0].primitives[0]
    smiling = np.array([smile * name.startswith("mouthSmile") for name in scene.meshes[0].morph_names])
    shaped = part.vertices + np.einsum("m,mvi->vi", smiling, part.morphs).astype(np.float32)
    ours = replace(scene, meshes=(replace(scene.meshes[0], primitives=(replace(part, vertices=shaped),)),))
    expected = gltf.world_primitives(gltf.posed(ours, scene.animations[0], time))[0].vertices
    np.testing.assert_allclose(np.array(points), expected, atol=1e-5)


def test_the_same_scene_is_the_same_bytes_without_a_date_and_lies_as_usdz_must(data):
    assert usd.usdz(avatar()) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = archive.infolist()
    assert [file.filename for file in files] == ["avatar.usdc", "picture0.png"]
    for file in files:
        start = file.header_offset + 30 + len(file.filename) + len(file.extra)
        assert start % 64 == 0 and file.compress_type == 0 and file.date_time == (1980, 1, 1, 0, 0, 0)


def test_what_is_in_it_matrices_as_rows_coordinates_upward(data, tmp_path):
    from pxr import UsdGeom, UsdSkel

    stage, scene = opened(data, tmp_path), avatar()
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    skeleton = UsdSkel.Skeleton(stage.GetPrimAtPath("/Avatar/Skeleton"))
    joints = list(skeleton.GetJointsAttr().Get())
    assert len(joints) == 55 and joints[0] == "pelvis" and "pelvis/left_hip/left_knee" in joints
    binds = np.array(skeleton.GetBindTransformsAttr().Get())[joints.index("pelvis/left_hip")]
    np.testing.assert_allclose(binds[3, :3], gltf.world_from_nodes(scene)[2, :3, 3], atol=1e-6)
    rest = np.array(skeleton.GetRestTransformsAttr().Get())[joints.index("pelvis/left_hip")]
    np.testing.assert_allclose(rest[3, :3], scene.nodes[2].translation, atol=1e-6)
    part = scene.meshes[0].primitives[0]
    mesh = stage.GetPrimAtPath("/Avatar/Mesh_0_0")
    st = np.array(UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st").Get())
    np.testing.assert_allclose(st, np.stack([part.uv[:, 0], 1 - part.uv[:, 1]], 1), atol=1e-6)
    jaw = UsdSkel.BlendShape(stage.GetPrimAtPath("/Avatar/Mesh_0_0/jawOpen"))
    moved = np.array(jaw.GetPointIndicesAttr().Get())
    morph = part.morphs[scene.meshes[0].morph_names.index("jawOpen")]
    np.testing.assert_array_equal(moved, np.flatnonzero(morph.any(1)))
    np.testing.assert_array_equal(np.array(jaw.GetOffsetsAttr().Get()), morph[moved])


def glass() -> gltf.Scene:
    """A still pane below a node that is moved and grown, see-through by its picture, with relief."""
    pane = gltf.Primitive(
        np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32), np.array([[0, 1, 2]]),
        uv=np.array([[0, 1], [1, 1], [0, 0]], np.float32), material=0,
    )  # fmt: skip
    material = gltf.Material("pane of glass", (1, 0.5, 0.25, 1), base_color_image=0, normal_image=1, roughness=0.1,
                             metallic=0.2, double_sided=True, alpha_mode="MASK", alpha_cutoff=0.3)  # fmt: skip
    nodes = (gltf.Node("window", None, (0, 2, 0), scale=(3, 3, 3)), gltf.Node("pane", 0, (1, 0, 0), mesh=0))
    images = (gltf.Image(PNG), gltf.Image(PNG))
    return gltf.Scene((gltf.Mesh((pane,)),), nodes, materials=(material,), images=images)


def test_a_still_mesh_stands_where_its_node_does_and_its_material_is_whole(tmp_path):
    pytest.importorskip("pxr", reason=WHY)
    from pxr import UsdGeom, UsdShade

    stage = opened(usd.usdz(glass()), tmp_path)
    assert complaints(stage) == []
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Avatar/Mesh_1_0"))
    placed = UsdGeom.Xformable(mesh).ComputeLocalToWorldTransform(0).Transform((1, 0, 0))
    assert tuple(placed) == (6, 2, 0) and mesh.GetDoubleSidedAttr().Get()
    material = UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()[0]
    surface = material.ComputeSurfaceSource()[0]
    values = {name: surface.GetInput(name).Get() for name in ("roughness", "metallic", "opacityThreshold")}
    assert values == pytest.approx({"roughness": 0.1, "metallic": 0.2, "opacityThreshold": 0.3})
    colour, relief = (surface.GetInput(name).GetConnectedSources()[0][0].source for name in ("diffuseColor", "normal"))
    assert colour.GetInput("file").Get().path == "picture0.png" and relief.GetInput("file").Get().path == "picture1.png"
    assert tuple(colour.GetInput("scale").Get()) == (1, 0.5, 0.25, 1)
    assert tuple(relief.GetInput("bias").Get()) == (-1, -1, -1, 0)
    assert [colour.GetInput("sourceColorSpace").Get(), relief.GetInput("sourceColorSpace").Get()] == ["sRGB", "raw"]


def test_a_clip_can_be_named_and_one_that_is_not_there_is_told(tmp_path):
    pytest.importorskip("pxr", reason=WHY)
    still = replace(avatar(), animations=())
    assert not opened(usd.usdz(still), tmp_path).GetPrimAtPath("/Avatar/Skeleton/Clip")
    (wave,) = avatar().animations
    frozen = gltf.Animation(tuple(replace(c, times=c.times[:1], values=c.values[:1]) for c in wave.channels), "pose")
    assert usd.usdz(replace(avatar(), animations=(frozen, wave))) == usd.usdz(avatar())
    assert usd.usdz(replace(avatar(), animations=(frozen, wave)), clip="wave") == usd.usdz(avatar())
    with pytest.raises(ValueError, match="no animation 'walk' among"):
        usd.usdz(avatar(), clip="walk")


def test_without_usd_core_the_line_that_installs_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pxr", None)
    with pytest.raises(NotInstalled, match=r"pip install 'avatarkit\[usd\]'"):
        usd.usdz(glass())
