"""evaluate: perfect for the truth itself, by formula for balls, and not fooled by where or how a result stands."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from avatars import avatar, builtin
from solids import ball, mapped_ball

from avatarkit import evaluating, files, gltf
from avatarkit.body import JOINT_INDEX, Pose
from avatarkit.camera import framing
from avatarkit.encoder import Encoder
from avatarkit.errors import BadData, InputMissing, UsageError
from avatarkit.evaluating import Sitter, evaluated
from avatarkit.evaluating.report import Report
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.record import Model
from avatarkit.rotation import rotation_from_axis_angle

COUNT = 2000


@pytest.fixture
def small(monkeypatch):
    """Fewer pixels: what is asked here is right at any size."""
    monkeypatch.setattr("avatarkit.scores.SIDE", 64)
    monkeypatch.setattr("avatarkit.evaluating.against.SIDE", 64)


def sitter(pose=None, betas=0.0):
    model = builtin()
    pose = pose or Pose.rest()
    camera = framing(model.v_template, (64, 64))
    person = Person(Model("builtin", "0" * 64, "CC0"), torch.full((10,), betas), torch.zeros(10), pose, camera)
    return Sitter(person, model)


def painted(mesh, seed=0):
    image = torch.randint(0, 255, (64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    return replace(mesh, images={"base_colour": image})


def test_the_truth_itself_is_perfect(small):
    truth = painted(mapped_ball(n=16))
    found = evaluated(truth, truth, points=COUNT).columns["result"]
    assert found["chamfer_cm"] < 1e-3 and found["f_score_10mm"] == found["mask_iou"] == 1.0
    assert found["normal_consistency"] > 0.999 and found["normal_degrees"] < 0.1
    assert found["psnr_db"] == math.inf and found["ssim"] == pytest.approx(1.0)
    assert found["atlas_charts"] == 1 and found["atlas_flips"] == 0


def test_balls_are_apart_by_their_radii_and_colours_by_their_values(small):
    truth, larger = painted(mapped_ball(n=16)), mapped_ball(n=16)
    larger = replace(larger, vertices=1.05 * larger.vertices, images={"base_colour": truth.images["base_colour"] // 2})
    found = evaluated(larger, truth, points=COUNT)
    result = found.columns["result"]
    assert result["chamfer_cm"] == pytest.approx(5, abs=0.1) and result["f_score_10mm"] == 0.0
    assert result["normal_consistency"] > 0.99 and 8 < result["psnr_db"] < 16 and result["ssim"] < 0.9
    flat = json.loads(found.json())
    assert flat["alignment"] == "none" and flat["chamfer_cm"] == result["chamfer_cm"]
    assert "Chamfer [cm]" in found.table() and "rig" not in found.table()


def test_alignment_recovers_a_known_similarity(small):
    """Guards the inverse being applied, and the mesh being moved by its own middle instead of the body's."""
    true = sitter()
    turn = torch.tensor([0.0, 0.4, 0.0])
    own = sitter(Pose.rest().turned({"pelvis": tuple(turn.tolist())}))
    own = Sitter(replace(own.person, pose=replace(own.person.pose, transl=torch.tensor([0.3, 0.0, -0.2]))), own.model)
    truth, mesh = (evaluating.against.bare(body) for body in (true, own))
    report = evaluated(mesh, truth, own=own, true=true, align="similarity", points=COUNT)
    assert report.columns["result"]["chamfer_cm"] < 0.01 and report.columns["nude"]["chamfer_cm"] < 0.01
    assert "turned 22.9°" in report.notes["alignment"] and "scale 1.000" in report.notes["alignment"]
    move = evaluating.against.moved("similarity", own, true)
    assert torch.allclose(move.linear.float(), rotation_from_axis_angle(-turn), atol=1e-4)
    pelvis = evaluating.against.moved("pelvis", own, true)
    assert "pelvis" in pelvis.told and torch.equal(pelvis.linear, pelvis.linear[0, 0] * torch.eye(3))
    assert torch.allclose(pelvis(mesh).vertices.mean(0)[1], truth.vertices.mean(0)[1], atol=0.02)


def test_an_alignment_wants_its_bodies():
    with pytest.raises(UsageError, match="--true-body"):
        evaluating.check("similarity", True, False)
    with pytest.raises(UsageError, match="none, pelvis, similarity"):
        evaluating.check("icp", True, True)


def rigged(tmp_path, *, posed):
    """The body as an avatar, whose animation turns an arm and moves it by (1, 2, 3)."""
    scene = avatar()
    (mesh,), primitive = scene.meshes, scene.meshes[0].primitives[0]
    bare = replace(mesh, primitives=(replace(primitive, morphs=None, uv=None, material=None),), morph_names=())
    scene = replace(scene, meshes=(bare,), materials=(), images=())
    place = next(k for k, node in enumerate(scene.nodes) if node.name == "left_shoulder")
    hips = next(k for k, node in enumerate(scene.nodes) if node.name == "pelvis")
    still = np.zeros(1, np.float32)
    there = np.array([scene.nodes[hips].translation], np.float32) + np.array([[1, 2, 3]], np.float32)
    turn = np.array([[0, 0, -np.sin(0.5), np.cos(0.5)]], np.float32)
    channels = gltf.Channel(place, "rotation", still, turn), gltf.Channel(hips, "translation", still, there)
    animations = (gltf.Animation(channels, "pose"),) if posed else ()
    path = tmp_path / "avatar.glb"
    path.write_bytes(gltf.encode(replace(scene, animations=animations)))
    return path


def test_an_avatar_is_compared_in_the_pose_of_its_photo(tmp_path, small):
    """The animation's arm comes down, and the body's place undoes where the animation stands."""
    found = files.read_result(rigged(tmp_path, posed=True))
    own = sitter(Pose.rest().turned({"left_shoulder": (0, 0, -1.0)}))
    truth = evaluating.against.bare(own)
    assert "`pose`" in found.told and found.avatar is not None
    assert found.avatar.lbs_weights.shape[1] == 55 and found.pelvis is not None
    report = evaluated(found.mesh, truth, told=found.told, pelvis=found.pelvis, own=own, points=COUNT)
    assert report.columns["result"]["chamfer_cm"] < 0.6  # eyes, and no correctives of poses in a file


def test_an_avatar_without_that_pose_gives_way_to_the_mesh_beside_it(tmp_path, caplog):
    path = rigged(tmp_path, posed=False)
    assert "at rest" in files.read_result(path).told and "has no animation" in caplog.text
    files.write_mesh(tmp_path / "textured.glb", ball(0.5, n=8))
    found = files.read_result(path)
    assert "textured.glb" in found.told and len(found.mesh.vertices) < 200 and found.avatar is not None
    index = JOINT_INDEX["left_wrist"]
    assert torch.allclose(found.avatar.joints[index], torch.from_numpy(
        gltf.world_from_nodes(avatar())[[n.name for n in avatar().nodes].index("left_wrist"), :3, 3]
    ).float(), atol=1e-5)  # fmt: skip


def test_people_are_a_mesh_or_a_folder_each(tmp_path):
    (tmp_path / "ana").mkdir()
    for name in ("carved.glb", "textured.glb"):
        files.write_mesh(tmp_path / "ana" / name, ball(0.5, n=8))
    files.write_mesh(tmp_path / "bob.ply", ball(0.4, n=8))
    assert [name for name, _ in files.read_people(tmp_path)] == ["bob.ply", "ana/textured.glb"]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputMissing, match="found no mesh"):
        files.read_people(tmp_path / "none")


class Mean(torch.nn.Module):
    def forward(self, images: torch.Tensor, return_features: bool) -> torch.Tensor:
        return images.float().mean(dim=(2, 3))


def test_sets_are_compared_and_too_small_ones_are_said_to_be(tmp_path, caplog, monkeypatch):
    people = [replace(ball(0.5, n=8), vertices=ball(0.5, n=8).vertices * torch.tensor([1.0, 2.0, width]))
              for width in (0.5, 0.6, 0.7)]  # fmt: skip
    wide = [Mesh(mesh.vertices * torch.tensor([3.0, 1.0, 3.0]), mesh.faces) for mesh in people]
    torch.jit.script(Mean()).save(str(tmp_path / "net.pt"))
    torch.manual_seed(0)
    network = Encoder().eval()
    monkeypatch.setattr(evaluating.crowds, "FINE", 1)
    same = evaluating.compared(people, people, network)
    other = evaluating.compared(people, wide, network, inception=files.read_inception(tmp_path / "net.pt"))
    assert "below 32" in caplog.text and "no --inception" in same.notes["inception"]
    assert same.columns["normals"]["frechet"] < 1e-9 + 0.1 * other.columns["normals"]["frechet"]
    assert same.columns["shaded"]["kernel"] < other.columns["shaded"]["kernel"]
    assert "textured" not in same.columns and same.columns["normals"]["fid"] is None
    assert other.columns["normals"]["fid"] > 1
    (tmp_path / "broken.pt").write_bytes(b"no")
    with pytest.raises(BadData, match="TorchScript"):
        files.read_inception(tmp_path / "broken.pt")


def test_a_report_has_no_figures_that_json_has_not():
    report = Report({"compared": "x"}, {"result": {"a": math.inf, "b": 1.0}, "nude": {"b": None}}, {"b": ("B", 1)})
    assert json.loads(report.json()) == {"compared": "x", "a": None, "b": 1.0, "nude_b": None}
    assert report.table().splitlines()[-1].split() == ["B", "1.0", "—"]


def test_the_command_wants_one_job(avatarkit, tmp_path):
    done = avatarkit("evaluate", tmp_path / "no.glb", "--real", tmp_path)
    assert done.returncode == 2 and b"--truth SCAN" in done.stderr
