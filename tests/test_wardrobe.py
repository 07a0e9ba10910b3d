"""Articles fitted to bodies: a made-up square, and MakeHuman's own clothes where they lie beside the checkout."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from bodies import small_model
from conftest import ROOT

from avatarkit import files
from avatarkit.body.phenotype import Phenotype
from avatarkit.errors import BadData, InputMissing
from avatarkit.mesh import face_normals
from avatarkit.surface import Surface
from avatarkit.wardrobe import base_points, fitted

MAKEHUMAN = Path(os.environ.get("AVATARKIT_MAKEHUMAN", ROOT.parent / "shared" / "data" / "makehuman-cc0"))
SQUARE = """basemesh hm08
tag Hats
obj_file square.obj
x_scale 5399 11998 1.398
verts 0
{0} {1} {2} 1 0 0 0.2 0 0
{0} {1} {2} 0 1 0 0.2 0 0
{0} {1} {2} 0 0 1 0.2 0 0
{0}
delete_verts
{0} - {1}
"""
OBJ = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nf 1/1 2/2 3/3\nf 1/1 3/3 4/2\n"


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return files.read_body_model("builtin")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "hats").mkdir()
    (tmp_path / "hats" / "square.mhclo").write_text(SQUARE.format(100, 101, 102))
    (tmp_path / "hats" / "square.obj").write_text(OBJ)
    return tmp_path


@pytest.fixture(scope="module")
def makehuman():
    if not MAKEHUMAN.is_dir():
        pytest.skip(f"{MAKEHUMAN} is not here (AVATARKIT_MAKEHUMAN names another place): real clothes are not tested")
    return files.read_wardrobe(MAKEHUMAN)


def betas_of(model, **traits):
    return torch.as_tensor(Phenotype(**traits).betas(model)).float()


def test_a_square_hangs_on_its_base_vertices(model, folder):
    betas = betas_of(model, sex=0, age=30)
    base, article = base_points(model, betas), files.read_wardrobe(folder)["square"]
    found = fitted(article, base)
    corners = base.vertices[[100, 101, 102]]
    width = (base.vertices[5399] - base.vertices[11998]).abs()[0]
    shift = base.rotations[100] @ torch.tensor([0.2 * float(width) / 1.398, 0, 0])
    assert torch.allclose(found.vertices[0], corners[0] + shift, atol=1e-6)
    assert torch.allclose(found.vertices[3], corners[0], atol=1e-6)
    assert torch.allclose(found.lbs_weights[1], base.lbs_weights[101])
    assert found.uvs is not None and found.uvs[0].tolist() == [[0, 1], [1, 1], [1, 0]]
    assert set(model.base_vertex[found.covers].tolist()) == {100, 101}
    assert article.slot == "hat" and found.panel == ("band",)


def test_offsets_turn_with_the_arm_into_the_t_pose(model):
    """Once: sleeves stood off along the axes of MakeHuman's rest pose, 48 degrees away."""
    base = base_points(model, torch.zeros(1))
    arm = int(model.base_vertex[model.lbs_weights[:, 16].argmax()])
    turn = base.rotations[arm]
    assert torch.allclose(turn @ turn.T, torch.eye(3), atol=1e-5)
    assert (turn @ torch.tensor([0.67, -0.74, 0.04]))[0] > 0.99  # the upper arm, as MakeHuman has it at rest
    crown = int(model.base_vertex[model.v_template[:, 1].argmax()])
    assert torch.allclose(base.rotations[crown], torch.eye(3), atol=1e-3)


def test_what_a_wardrobe_lacks_is_said(model, folder, tmp_path):
    with pytest.raises(InputMissing, match="no such folder"):
        files.read_wardrobe(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputMissing, match=r"found no \.mhclo"):
        files.read_wardrobe(tmp_path / "empty")
    with pytest.raises(BadData, match="no 'gown', expected one of square"):
        files.read_wardrobe(folder)["gown"]
    (folder / "hats" / "square.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n")
    with pytest.raises(BadData, match=r"square\.mhclo: square\.obj has 3 vertices, its \.mhclo binds 4"):
        files.read_wardrobe(folder)
    (folder / "hats" / "square.obj").write_text("v 0 0 zero\n")
    with pytest.raises(BadData, match=r"square\.obj: line 1: found 'v 0 0 zero'"):
        files.read_wardrobe(folder)
    (folder / "hats" / "square.obj").unlink()
    with pytest.raises(InputMissing, match=r"square\.obj"):
        files.read_wardrobe(folder)


def test_base_vertices_that_the_body_lacks_are_refused(model, folder):
    (folder / "hats" / "square.mhclo").write_text(SQUARE.format(13700, 13701, 13702))  # a cube that marks a joint
    with pytest.raises(BadData, match="square: hangs on base vertex 13700"):
        fitted(files.read_wardrobe(folder)["square"], base_points(model, torch.zeros(1)))


def test_another_body_has_no_base_mesh():
    with pytest.raises(BadData, match="--body builtin"):
        base_points(small_model(), torch.zeros(1))


def test_textures_and_materials(model, folder):
    path = folder / "hats" / "square.mhclo"
    path.write_text(path.read_text().replace("verts 0", "material square.mhmat\nverts 0"))
    assert files.read_wardrobe(folder)["square"].texture is None  # named, but not there
    (folder / "hats" / "square.mhmat").write_text("diffuseColor 0.5 0 0\ndiffuseTexture ../../secret.png\n")
    files.write_picture(folder.parent / "secret.png", np.zeros((2, 2, 3), np.uint8))
    article = files.read_wardrobe(folder)["square"]
    assert article.texture is None and article.finish.colour == (0.5, 0, 0)
    (folder / "hats" / "square.mhmat").write_text("diffuseTexture cloth.png\n")
    files.write_picture(folder / "hats" / "cloth.png", np.full((2, 3, 3), 7, np.uint8))
    assert files.read_wardrobe(folder)["square"].texture.shape == (2, 3, 3)
    (folder / "hats" / "cloth.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert files.read_wardrobe(folder)["square"].texture is None


def test_slots_of_makehumans_clothes(makehuman):
    slots = {article.name: article.slot for article in makehuman.articles}
    assert len(slots) == 30 and "other" not in slots.values()
    assert slots["male_elegantsuit01"] == "dress" and slots["shoes03"] == "shoes" and slots["fedora"] == "hat"
    assert slots["long01"] == slots["short02"] == slots["braid01"] == "hair"  # by their folder: tags say only `Long`
    assert len(makehuman.of("hair")) == 10


@pytest.mark.parametrize("traits", [{"sex": 0}, {"sex": 1, "age": 6}, {"sex": 1, "age": 60, "weight": 0.95}], ids=str)
def test_makehumans_clothes_fit_anybody(model, makehuman, traits):
    betas = betas_of(model, **traits)
    base, body = base_points(model, betas), model.shaped(betas)
    skin = Surface(body.vertices, model.outer_faces)
    normals = face_normals(body.vertices, model.outer_faces)
    for article in makehuman.articles:
        found = fitted(article, base)
        assert torch.allclose(found.lbs_weights.sum(1), torch.ones(len(found.vertices)), atol=1e-5)
        nearest = skin.closest(found.vertices)
        height = ((found.vertices - nearest.point) * normals[nearest.face]).sum(1)
        assert nearest.distance.median() < 0.06, article.name  # on the body, not beside it
        assert (height < -0.02).float().mean() < 0.06, article.name
        stretched = (found.vertices[found.faces] - found.vertices[found.faces].roll(1, 1)).norm(dim=2).max()
        assert stretched < 0.35, article.name
    shoes = fitted(makehuman["shoes01"], base).vertices
    feet = body.vertices[body.vertices[:, 1] < body.vertices[:, 1].min() + 0.05]
    assert abs(np.ptp(shoes[:, 2]) / np.ptp(feet[:, 2]) - 1.08) < 0.12
