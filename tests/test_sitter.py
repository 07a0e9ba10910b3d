"""Who is dressed: a square view of the body, and what the photo shows there."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import camera as cameras
from avatarkit import files, fitting
from avatarkit.sitter import FACE, HANDS, seated, seen


@pytest.fixture(scope="module")
def model():
    return files.read_body_model("builtin")


@pytest.fixture(scope="module")
def person(model):
    return fitting.from_words(model, "a woman, A-pose", seed=0)


def test_of_words_the_whole_body_is_framed_from_the_front(model, person):
    sitter = seated(model, person, size=128)
    front, back = sitter.maps
    assert sitter.photo is None and sitter.camera.kind == "orthographic"
    rows = (front[3] > 0.5).any(dim=1).nonzero()[:, 0]
    assert abs(float(rows[-1] - rows[0] + 1) - 128 * cameras.FILL) <= 2
    assert torch.equal(front[3], back[3])
    inside = front[3] > 0.9
    assert ((front[:3].norm(dim=0) - 1).abs()[inside] < 1e-4).all() and float(front[2][inside].min()) >= 0


def test_the_face_is_in_front_and_hands_are_on_both_sides(model, person):
    sitter = seated(model, person, size=128)
    face, hands = sitter.shares(*FACE).sum(dim=-1), sitter.shares(*HANDS).sum(dim=-1)
    assert (face > 0.5).sum() > 20 and (hands > 0.5).sum() > 20
    assert (sitter.shares(*FACE, farthest=True).sum(dim=-1) > 0.5).sum() < 0.2 * (face > 0.5).sum()
    assert (sitter.shares(*HANDS, farthest=True).sum(dim=-1) > 0.5).sum() > 20


def test_of_a_photo_the_view_is_the_square_around_the_person(model, person):
    body = person.mesh(model).vertices
    camera = cameras.framing(body, (200, 300), kind="perspective", fov=25.0, fill=0.5)
    found = seen(body, model.faces, cameras.framing(body, (64, 64)))
    assert found.shape == (2, 4, 64, 64)
    pixels, _ = cameras.project(camera, body)
    columns, rows = pixels.numpy().astype(int).T
    crop = np.zeros((300, 200, 4), np.uint8)
    crop[rows, columns] = 255
    sitter = seated(model, replace(person, camera=camera, crop=crop), size=128)
    assert sitter.photo.shape == (128, 128, 3) and sitter.mask.shape == (128, 128)
    there, _ = cameras.project(sitter.camera, body)
    low, high = there.amin(dim=0), there.amax(dim=0)
    assert abs(float((high - low).max()) - 128 * cameras.FILL) < 3
    assert ((low + high) / 2 - 64).abs().max() < 2
    shown = sitter.maps[0, 3] > 0.5
    assert (sitter.mask[shown] > 0).float().mean() > 0.3  # its vertices lie where the body is seen
