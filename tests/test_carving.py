"""Carving: a body inflated by known clothes comes back from its maps; kept parts stay; bad maps are refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_evidence import maps_of

from avatarkit import camera as cameras
from avatarkit import carving, files, fitting
from avatarkit.errors import BadData, QualityGate
from avatarkit.keeping import kept_parts
from avatarkit.maps import Maps, View
from avatarkit.mesh import Mesh, edges, is_closed, is_manifold, vertex_normals
from avatarkit.offsets import smoothed
from avatarkit.rotation import similarity
from avatarkit.surface import Surface

S, THICKNESS = 256, 0.03


@pytest.fixture(scope="module")
def scene():
    """The model, a person, the true clothed surface (torso and limbs thicker by THICKNESS), and its two maps."""
    model = files.read_body_model("builtin")
    person = fitting.from_words(model, "a woman in an a-pose", seed=0)
    skin = carving.skin(model, person)
    bare = kept_parts(skin.attributes["part"], model.part_names, ("hands", "face", "feet")) >= 0
    bare |= torch.isin(skin.attributes["part"], torch.tensor([model.part_names.index(n) for n in ("head", "hair_cap")]))
    pairs = edges(skin.faces).vertices
    worn = (~bare).float()
    for _ in range(10):
        a, b = pairs.unbind(1)
        sums = torch.zeros(len(worn)).index_add(0, a, worn[b]).index_add(0, b, worn[a])
        worn = torch.where(bare, 0.0, sums / torch.bincount(pairs.reshape(-1)))
    outwards = smoothed(vertex_normals(skin.vertices, skin.faces), pairs)
    truth = Mesh(skin.vertices + THICKNESS * worn[:, None] * outwards, skin.faces)
    camera = cameras.framing(truth.vertices, (S, S))
    return model, person, truth, maps_of(truth, [View(camera), View(camera, "farthest")])


def error(mesh, truth):
    """Mean distance in metres from the true surface's vertices."""
    return float(Surface(mesh.vertices, mesh.faces).closest(truth.vertices).distance.mean())


@pytest.fixture(scope="module")
def found(scene):
    model, person, _, maps = scene
    return carving.carved(model, person, maps, steps=4, detail=0.02)


def test_the_clothed_surface_comes_back_closed_from_two_maps(scene, found):
    model, person, truth, _ = scene
    assert is_closed(found.mesh.faces) and is_manifold(found.mesh.faces)
    assert error(found.mesh, truth) < 0.42 * error(carving.skin(model, person), truth)
    assert found.residuals["degrees_0"] < 10 and found.residuals["iou_0"] > 0.96


def test_hands_and_face_are_the_templates_moved_by_one_similarity(scene, found):
    model, person, _, _ = scene
    mesh, posed = found.mesh, model.shaped(person.betas, person.expression).posed(person.pose).vertices
    kept = kept_parts(mesh.attributes["part"], model.part_names, ("hands", "face"))
    for k in range(3):
        home, there = posed[mesh.attributes["template"][kept == k]], mesh.vertices[kept == k]
        linear, shift = similarity(home, there)
        off = (home @ linear.T + shift - there).norm(dim=1)  # some fingers and lips are drawn out of one another
        assert len(home) > 500 and off.median() < 2e-4 and (off < 1e-3).float().mean() > 0.95
        assert shift.abs().max() < 0.05


def test_the_same_maps_give_the_same_bytes(scene, found):
    model, person, _, maps = scene
    again = carving.carved(model, person, maps, steps=4, detail=0.02)
    assert torch.equal(again.mesh.vertices, found.mesh.vertices) and torch.equal(again.mesh.faces, found.mesh.faces)


def test_perspective_cameras_and_single_sided_views_are_as_good(scene):
    model, person, truth, _ = scene
    views = [View(cameras.framing(truth.vertices, (S, S), kind="perspective", yaw=yaw)) for yaw in (0, 90, 180, 270)]
    carved = carving.carved(model, person, maps_of(truth, views), steps=3, detail=0.02)
    assert error(carved.mesh, truth) < 0.42 * error(carving.skin(model, person), truth)


def test_maps_of_8_bits_do(scene):
    model, person, truth, maps = scene
    coarse = Maps(maps.views, np.round((maps.normals + 1) * 127.5).astype(np.float32) / 127.5 - 1)
    carved = carving.carved(model, person, coarse, steps=3, detail=0.02)
    assert error(carved.mesh, truth) < 0.42 * error(carving.skin(model, person), truth)


def test_maps_of_somebody_elsewhere_are_refused(scene):
    model, person, _, maps = scene
    away = replace(person, pose=replace(person.pose, transl=person.pose.transl + torch.tensor([1.5, 0, 0])))
    with pytest.raises(BadData, match="overlap"):
        carving.carved(model, away, maps)


def test_the_worst_view_is_named_at_the_gate():
    residuals = {"degrees_0": 5.0, "iou_0": 0.9, "degrees_1": 44.0, "iou_1": 0.9}
    carving.check_residuals(residuals, 50)
    with pytest.raises(QualityGate, match="view 1 is off by 44"):
        carving.check_residuals(residuals, 35)


def test_the_picture_shows_the_maps_above_and_the_mesh_below(scene, found):
    _, _, truth, maps = scene
    picture = carving.pictured(truth, maps).astype(int)
    assert picture.shape == (2 * S, 2 * S, 3)
    own = np.abs(picture[:S] - picture[S:]).mean()  # the truth is its own maps
    assert own < 0.2 and np.abs(picture[:S] - carving.pictured(found.mesh, maps)[S:]).mean() > 2 * own


def test_the_stage_writes_the_attributes_of_carved_glb(scene, tmp_path, avatarkit):
    _, person, _, maps = scene
    files.write_person(tmp_path / "body.npz", person)
    files.write_normals(tmp_path / "normals.png", maps)
    done = avatarkit(
        "carve-mesh", tmp_path / "body.npz", "--steps", 2, "--detail", 0.02, "--log-every", 2, "--threads", 2
    )
    assert done.returncode == 0, done.stderr.decode()
    assert sorted(path.name for path in tmp_path.glob("carved-*.png")) == ["carved-02.png"]
    mesh = files.read_mesh(tmp_path / "carved.glb")
    V = len(mesh.vertices)
    assert is_closed(mesh.faces)
    assert torch.equal(mesh.attributes["_VERTEX"], torch.arange(V).float())
    assert int(mesh.attributes["_TEMPLATE"].max()) <= 65535 and mesh.attributes["_PART"].dtype == torch.int32
    few = ("--steps", 2, "--detail", 0.02, "--threads", 1)
    again = avatarkit("carve-mesh", tmp_path / "body.npz", *few, "-o", tmp_path / "again.glb")
    assert again.returncode == 0
    assert (tmp_path / "again.glb").read_bytes() == (
        tmp_path / "carved.glb"
    ).read_bytes()  # guards temporary names and threads
    refused = avatarkit("carve-mesh", tmp_path / "body.npz", "--keep", "ears", "-o", tmp_path / "b.glb")
    assert refused.returncode == 2 and b"ears" in refused.stderr
    gated = avatarkit("carve-mesh", tmp_path / "body.npz", "--steps", 1, "--gate", 1, "-o", tmp_path / "c.glb")
    assert gated.returncode == 70 and not (tmp_path / "c.glb").exists()
