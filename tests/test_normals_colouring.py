"""Colours by a diffusion model: they begin with one colour a part, or with the photo, and stay where people are."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_diffusion import tiny
from test_normals import WORDS

from avatarkit import diffusion, files, fitting, normals
from avatarkit.errors import BadData
from avatarkit.maps import PARTS


@pytest.fixture(scope="module")
def sitter():
    model = files.read_body_model("builtin")
    return normals.seated(model, fitting.from_words(model, WORDS, seed=0), size=128)


@pytest.fixture(scope="module")
def dressed(sitter):
    front = sitter.maps[0]
    return normals.tailored(sitter, WORDS, front=front, back=sitter.maps[1])


@pytest.fixture(scope="module")
def blank():
    torch.manual_seed(0)
    maps = torch.rand(4, 4, 64, 64) - 0.5
    pipeline = diffusion.begun(maps, maps, widths=(16, 16))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_who_has_learnt_nothing_gives_each_part_its_own_colour(sitter, dressed, blank):
    found = normals.coloured(sitter, dressed, blank, WORDS)
    assert found.albedo.shape == dressed.albedo.shape
    assert np.array_equal(found.albedo[..., 3], dressed.albedo[..., 3])
    for part in ("bottom", "top", "hair"):
        inside = (dressed.labels[..., 0] == PARTS.index(part)) & (dressed.normals[..., 3] > 0.99)
        one = np.median(dressed.albedo[inside][:, :3], axis=0)
        assert np.abs(found.albedo[inside][:, :3] - one).max() < 0.05
    assert not found.albedo[dressed.normals[..., 3] == 0][:, :3].any()


def test_in_front_it_begins_with_the_photo(sitter, dressed, blank):
    photo = torch.full((128, 128, 3), 0.25)
    seen = replace(sitter, photo=photo, mask=torch.ones(128, 128))
    found = normals.coloured(seen, dressed, blank)
    inside = (dressed.labels[0, ..., 0] > 0) & (dressed.normals[0, ..., 3] > 0.99)
    assert np.abs(found.albedo[0][inside][:, :3] - 0.25).max() < 0.02
    assert np.abs(found.albedo[1][inside][:, :3] - 0.25).mean() > 0.05


def test_a_model_of_normals_and_maps_without_colours_are_refused(sitter, dressed, blank):
    with pytest.raises(BadData, match="draws no colours"):
        normals.coloured(sitter, dressed, tiny())
    with pytest.raises(BadData, match="no colours and parts"):
        normals.coloured(sitter, replace(dressed, albedo=None), blank)


def test_the_stage_takes_a_folder(sitter, blank, tmp_path, avatarkit):
    blank.save_pretrained(tmp_path / "colours")
    files.write_person(tmp_path / "body.npz", sitter.person)
    done = avatarkit("gen-normals", tmp_path / "body.npz", "--size", 128, "--colours", tmp_path / "colours")
    assert done.returncode == 0, done.stderr.decode()
    found = files.read_normals(tmp_path / "normals.png")
    top = (found.labels[0, ..., 0] == PARTS.index("hair")) & (found.normals[0, ..., 3] > 0.99)
    assert found.albedo[0][top][:, :3].std(axis=0).max() < 0.05  # one colour
