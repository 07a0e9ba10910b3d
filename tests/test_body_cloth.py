"""Cloth surfaces of the built-in body, and body files that have them, have not, or have them wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch

import avatarkit.body
from avatarkit import npz
from avatarkit.body import BodyModel, skinned
from avatarkit.body.cloth import cloth_surfaces
from avatarkit.body.layout import checked
from avatarkit.errors import BadData
from avatarkit.mesh import components, is_manifold, is_oriented

BUILTIN = Path(avatarkit.body.__file__).with_name("builtin.npz")
FLIP = torch.tensor([-1.0, 1, 1])


@pytest.fixture(scope="module")
def arrays():
    return npz.decode(BUILTIN.read_bytes())


@pytest.fixture(scope="module")
def model(arrays):
    return BodyModel.from_arrays(arrays, sha256="0" * 64)


def test_tights_skirt_and_hair_are_there(model):
    counts = {name: (len(cloth.v_template), len(cloth.faces)) for name, cloth in model.cloth.items()}
    assert counts == {"tights": (2674, 5300), "skirt": (720, 1368), "hair": (428, 396)}
    for name, cloth in model.cloth.items():
        assert cloth.shapedirs.shape[-1] == model.shapedirs.shape[-1]
        assert is_manifold(cloth.faces) and is_oriented(cloth.faces), name
        assert torch.allclose(cloth.lbs_weights.sum(1), torch.ones(len(cloth.v_template)), atol=1e-6)
    assert int(components(model.cloth["tights"].faces, 2674).max()) == 0


def test_each_is_its_own_mirror_image(model):
    for cloth in model.cloth.values():
        assert torch.equal(cloth.v_template[cloth.mirror], cloth.v_template * FLIP)
        assert torch.equal(cloth.shapedirs[cloth.mirror], cloth.shapedirs * FLIP[:, None])
        here, there = (np.unique(np.sort(f, axis=1), axis=0) for f in (cloth.faces, cloth.mirror[cloth.faces]))
        assert np.array_equal(here, there)


def test_base_vertices_are_helpers_and_the_body_is_not(model):
    ranges = {"tights": (15328, 18001), "skirt": (18002, 18721), "hair": (18722, 19149)}
    for name, cloth in model.cloth.items():
        assert (int(cloth.base_vertex.min()), int(cloth.base_vertex.max())) == ranges[name]
    assert int(model.base_vertex.max()) < 15328


@pytest.mark.parametrize("seed", range(3))
def test_tights_stay_on_the_skin_of_anybody(model, seed):
    betas = torch.from_numpy(np.random.default_rng(seed).normal(size=80)).float()
    body, cloth = model.shaped(betas), model.cloth["tights"]
    skin = torch.unique(model.outer_faces)
    distance = torch.cdist(cloth.shaped(betas), body.vertices[skin]).min(1).values
    assert distance.median() < 0.012 and distance.max() < 0.08  # at most at the crotch and between the toes
    assert torch.equal(cloth.shaped(betas[:5]), cloth.shaped(torch.cat([betas[:5], torch.zeros(75)])))


def test_cloth_follows_the_pose(model):
    from avatarkit.body import Pose

    pose = Pose.rest().turned({"left_shoulder": (0, 0, -1.2), "left_knee": (1.2, 0, 0)})
    body, cloth = model.shaped(torch.zeros(1)), model.cloth["tights"]
    posed = body.posed(pose)
    worn = skinned(cloth.v_template, cloth.lbs_weights, posed.world_from_rest)
    distance = torch.cdist(worn, posed.vertices).min(1).values
    assert distance.median() < 0.012 and distance.quantile(0.99) < 0.04


def test_the_turns_are_rotations_and_mirrored(model):
    turns = model.tpose_turns
    assert torch.allclose(turns @ turns.transpose(1, 2), torch.eye(3).expand(55, 3, 3), atol=1e-5)
    assert torch.allclose(turns[17], FLIP[:, None] * turns[16] * FLIP, atol=1e-5)


def test_a_model_without_cloth_has_none_and_moves_with_its_cloth(arrays, model):
    bare = {key: array for key, array in arrays.items() if not key.startswith("cloth_")}
    assert BodyModel.from_arrays(bare, sha256="").cloth is None and cloth_surfaces(bare) is None
    assert model.to(dtype=torch.float64).cloth["hair"].v_template.dtype == torch.float64


@pytest.mark.parametrize(
    "key, change, complaint",
    [
        ("cloth_weights", lambda a: a * 2, "cloth_weights are at least .* sums of 1"),
        ("cloth_f", lambda a: a + np.uint16(3000), "cloth_f points to"),
        ("cloth_surface", lambda a: np.zeros_like(a) + 3, "cloth_surface points to"),
        ("cloth_surface", lambda a: np.roll(a, 1), "joins vertices of different cloth surfaces"),
        ("cloth_shapedirs", lambda a: a[..., :5], "cloth_shapedirs has shape"),
        ("cloth_v_template", lambda a: a * np.nan, "cloth_v_template holds values that are not finite"),
    ],
)
def test_wrong_cloth_is_refused(arrays, key, change, complaint):
    with pytest.raises(BadData, match=complaint):
        checked(arrays | {key: change(arrays[key])})
    with pytest.raises(BadData, match="found only some of cloth_names"):
        checked({name: array for name, array in arrays.items() if name != key})
