"""The tailor's maps: they show the words' clothes on the very body, and repeat."""

import numpy as np
import pytest
import torch

from avatarkit import camera as cameras
from avatarkit import files, fitting, normals, render
from avatarkit.maps import PARTS

WORDS = "a woman in a long red skirt, a white shirt and brown boots, hands on hips"


@pytest.fixture(scope="module")
def dressed():
    model = files.read_body_model("builtin")
    person = fitting.from_words(model, WORDS, seed=0)
    return model, person, normals.from_words(model, person, WORDS, size=256)


def shown(maps, part, view=0):
    return (maps.labels[view, ..., 0] == PARTS.index(part)) & (maps.normals[view, ..., 3] > 0.5)


def test_the_clothes_are_those_of_the_words(dressed):
    _, _, maps = dressed
    worn = {part for part in PARTS[1:] if shown(maps, part).sum() > 20}
    assert {"skin", "hair", "top", "bottom", "shoes"} <= worn and "dress" not in worn
    red, green, blue = np.median(maps.albedo[0][shown(maps, "bottom")][:, :3], axis=0)
    assert red > 1.5 * max(green, blue)


def test_front_and_back_share_one_silhouette_that_covers_the_body(dressed):
    model, person, maps = dressed
    assert [view.surface for view in maps.views] == ["nearest", "farthest"]
    assert np.array_equal(maps.normals[0, ..., 3], maps.normals[1, ..., 3])
    body = person.mesh(model)
    _, bare = render.render(body.vertices, body.faces, [maps.views[0].camera], body.vertices)
    bare = bare[0].numpy() > 0.5
    assert (maps.normals[0, ..., 3] > 0.5)[bare].mean() > 0.98  # guards clothes lifted off the body by their soles


def test_the_seed_draws_what_the_words_leave_open(dressed):
    model, person, maps = dressed
    again, other = (normals.from_words(model, person, WORDS, size=256, seed=seed) for seed in (0, 1))
    assert np.array_equal(again.normals, maps.normals) and np.array_equal(again.albedo, maps.albedo)
    assert np.abs(other.normals - maps.normals).mean() > 1e-3


def test_more_views_stand_around_the_person_and_no_words_do(dressed):
    model, person, _ = dressed
    maps = normals.from_words(model, person, None, size=128, views=4)
    ahead = torch.stack([view.camera.cam_from_world[2, :3] for view in maps.views])
    assert torch.allclose(ahead @ ahead.T, torch.tensor(np.kron([[1.0, -1], [-1, 1]], np.eye(2))).float(), atol=1e-5)
    assert {view.surface for view in maps.views} == {"nearest"}
    assert cameras.to_json(maps.views[0].camera) != cameras.to_json(maps.views[1].camera)


def test_the_stage_takes_words_from_beside_the_body(dressed, tmp_path, avatarkit):
    _, person, maps = dressed
    files.write_person(tmp_path / "body.npz", person)
    (tmp_path / "prompt.txt").write_text(WORDS)
    done = avatarkit("gen-normals", tmp_path / "body.npz", "--size", 256)
    assert done.returncode == 0, done.stderr.decode()
    found = files.read_normals(tmp_path / "normals.png")
    assert np.abs(found.normals - maps.normals).max() < 1e-3
