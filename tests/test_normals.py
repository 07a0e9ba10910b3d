"""Clothes as normal maps: they show the words' clothes on the very body, repeat, and follow an outline."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import camera as cameras
from avatarkit import files, fitting, normals
from avatarkit.errors import BadData, UsageError
from avatarkit.maps import PARTS
from avatarkit.sitter import Sitter

WORDS = "a woman in a long red skirt, a white shirt and brown boots, hands on hips"


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    model = files.read_body_model("builtin")
    return normals.seated(model, fitting.from_words(model, WORDS, seed=0), size=256)


@pytest.fixture(scope="module")
def dressed(sitter):
    return normals.tailored(sitter, WORDS)


def shown(maps, part, view=0):
    return (maps.labels[view, ..., 0] == PARTS.index(part)) & (maps.normals[view, ..., 3] > 0.5)


def test_the_clothes_are_those_of_the_words(dressed):
    worn = {part for part in PARTS[1:] if shown(dressed, part).sum() > 20}
    assert {"skin", "hair", "top", "bottom", "shoes"} <= worn and "dress" not in worn
    red, green, blue = np.median(dressed.albedo[0][shown(dressed, "bottom")][:, :3], axis=0)
    assert red > 1.5 * max(green, blue)


def test_front_and_back_share_one_silhouette_that_covers_the_body(sitter, dressed):
    assert [view.surface for view in dressed.views] == ["nearest", "farthest"]
    assert np.array_equal(dressed.normals[0, ..., 3], dressed.normals[1, ..., 3])
    own = replace(sitter, camera=dressed.views[0].camera)
    bare = own.maps[0, 3].numpy() > 0.5
    assert (dressed.normals[0, ..., 3] > 0.5)[bare].mean() > 0.98  # guards clothes lifted off the body by their soles


def test_the_seed_draws_what_the_words_leave_open(sitter, dressed):
    again, other = (normals.tailored(sitter, WORDS, seed=seed) for seed in (0, 1))
    assert np.array_equal(again.normals, dressed.normals) and np.array_equal(again.albedo, dressed.albedo)
    assert np.abs(other.normals - dressed.normals).mean() > 1e-3


def test_more_views_stand_around_the_person_and_no_words_do(sitter):
    maps = normals.tailored(sitter, None, views=4)
    ahead = torch.stack([view.camera.cam_from_world[2, :3] for view in maps.views])
    assert torch.allclose(ahead @ ahead.T, torch.tensor(np.kron([[1.0, -1], [-1, 1]], np.eye(2))).float(), atol=1e-5)
    assert {view.surface for view in maps.views} == {"nearest"}


def packed(side: torch.Tensor) -> np.ndarray:
    """A side (4,S,S) as the 16-bit picture of an estimator."""
    levels = torch.cat([(side[:3] + 1) / 2, side[3:]]).movedim(0, -1)
    return np.rint(65535 * levels.clamp(0, 1).numpy()).astype(np.uint16)


def test_a_front_made_elsewhere_stays_and_the_tailors_back_fits_it(sitter, dressed):
    wanted = torch.from_numpy(dressed.normals[0]).movedim(-1, 0)
    seen = replace(sitter, camera=dressed.views[0].camera)
    front = normals.given(seen, packed(wanted), name="front.png")
    maps = normals.tailored(seen, "a man in a coat", seed=5, front=front)
    assert np.array_equal(maps.normals[0], front.movedim(0, -1).numpy())
    assert np.array_equal(maps.normals[0, ..., 3], maps.normals[1, ..., 3])
    lengths = np.linalg.norm(maps.normals[1, ..., :3], axis=-1)
    assert np.allclose(lengths[maps.normals[1, ..., 3] > 0], 1, atol=1e-4)  # the back has no hole where the front is


@pytest.mark.parametrize(("space", "y"), [("camera", "up"), ("camera", "down"), ("world", "up"), ("world", "down")])
@pytest.mark.parametrize("back", [False, True])
def test_conventions_are_taken_as_stated_and_others_refused(sitter, dressed, space, y, back):
    turned = replace(sitter, camera=cameras.framing(sitter.mesh.vertices, (256, 256), yaw=40, elevation=10))
    side = turned.maps[int(back)]
    image = side.clone()
    if space == "world":
        world = cameras.world_normals(turned.camera, side[:3].movedim(0, -1), "farthest" if back else "nearest")
        image[:3] = world.movedim(-1, 0)
    image[1] *= -1 if y == "down" else 1
    found = normals.given(turned, packed(image), name="x.png", space=space, y=y, back=back)
    inside = side[3] > 0.9
    assert ((found[:3] * side[:3]).sum(0)[inside] > 0.99).float().mean() > 0.99
    with pytest.raises(BadData, match=rf"x.png.*as {space} space with y {y}"):
        normals.given(turned, packed(image), name="x.png", space=space, y="up" if y == "down" else "down", back=back)


def test_a_back_seen_from_behind_is_turned_round(sitter):
    behind = sitter.maps[1] * torch.tensor([-1.0, 1, 1, 1])[:, None, None]
    found = normals.given(sitter, packed(behind.flip(-1)), name="back.png", back=True)
    inside = sitter.maps[1, 3] > 0.9
    assert ((found[:3] * sitter.maps[1, :3]).sum(0)[inside] > 0.99).float().mean() > 0.99


def test_an_eight_bit_crop_without_alpha_is_laid_over_the_outline(sitter):
    image = packed(sitter.maps[0])
    image[..., :3] = np.where(image[..., 3:] > 32767, image[..., :3], 0) // 257 * 257
    image[..., 3] = 65535
    rows = np.flatnonzero((sitter.maps[0, 3] > 0.5).any(1).numpy())
    crop = image[rows[0] - 3 : rows[-1] + 4, 40:210]
    found = normals.given(sitter, np.kron(crop, np.ones((2, 2, 1), np.uint16)), name="x.png")
    both = (found[3] > 0.9) & (sitter.maps[0, 3] > 0.9)
    assert both.sum() > 0.97 * (sitter.maps[0, 3] > 0.9).sum()
    assert ((found[:3] * sitter.maps[0, :3]).sum(0)[both] > 0.95).float().mean() > 0.97


def test_maps_of_nobody_and_of_somebody_else_are_refused(sitter):
    with pytest.raises(BadData, match="found nobody"):
        normals.given(sitter, np.zeros((64, 64, 4), np.uint16), name="x.png")
    with pytest.raises(BadData, match="outline covers"):
        wide = np.zeros((64, 64, 4), np.uint16)
        wide[20:40], wide[20:40, :, 2] = 32768, 65535
        normals.given(sitter, wide, name="x.png")


def test_what_cannot_be_meant_is_refused_before_any_work():
    good = {"source": "tailor", "model": None, "painter": None, "views": 2, "sides": "", "space": "camera", "y": "up"}
    normals.check(*good.values())
    for wrong in ({"source": "gan"}, {"model": "x"}, {"sides": "back"}, {"space": "clip"},
                  {"views": 8, "sides": "front"}, {"source": "diffusion", "model": "x", "views": 3}):  # fmt: skip
        with pytest.raises(UsageError):
            normals.check(*{**good, **wrong}.values())


def test_the_stage_takes_words_from_beside_the_body_and_a_front(sitter, dressed, tmp_path, avatarkit):
    files.write_person(tmp_path / "body.npz", sitter.person)
    (tmp_path / "prompt.txt").write_text(WORDS)
    done = avatarkit("gen-normals", tmp_path / "body.npz", "--size", 256)
    assert done.returncode == 0, done.stderr.decode()
    found = files.read_normals(tmp_path / "normals.png")
    assert np.abs(found.normals - dressed.normals).max() < 1e-3
    asked = ("--source", "diffusion", "--colours", "builtin", "--size", 256)
    done = avatarkit("gen-normals", tmp_path / "body.npz", *asked)
    assert done.returncode == 0, done.stderr.decode()
    drawn = files.read_normals(tmp_path / "normals.png")
    assert np.abs(drawn.normals - found.normals).max() > 0.1 and np.abs(drawn.albedo - found.albedo).max() > 0.1
    made = json.loads((tmp_path / "normals.png.json").read_text())["models"]
    assert {model["name"] for model in made} >= {"avatarkit-normals", "avatarkit-colours"}
