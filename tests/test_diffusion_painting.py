"""Fronts painted by tiny Stable Diffusion pipelines, saved and read again; then backs drawn to them."""

import pytest
import torch
from painters import painter
from test_diffusion import seeded, tiny

from avatarkit import files, fitting, normals
from avatarkit.diffusion import painted
from avatarkit.diffusion.painting import _read
from avatarkit.errors import BadData


def disc(side: int = 64) -> torch.Tensor:
    """A ball (4,S,S) as a body's front."""
    y, x = (torch.arange(side) + 0.5 - side / 2) / (side / 4), (torch.arange(side) + 0.5 - side / 2) / (side / 4)
    y, x = torch.meshgrid(y, x, indexing="ij")
    inside = (x**2 + y**2 < 1).float()
    return torch.stack([x, -y, (1 - x**2 - y**2).clamp(min=0).sqrt(), torch.ones_like(x)]) * inside


@pytest.mark.parametrize("kind", ["controlnet", "pix2pix", "depth"])
def test_every_kind_paints_a_front_that_covers_the_body(tmp_path, kind):
    painter(kind, tmp_path).save_pretrained(tmp_path / kind)
    pipeline = files.read_pipeline(str(tmp_path / kind))
    body = disc()
    asked = {"num_inference_steps": 2, "guidance_scale": 3.0}
    front, again, other = (
        painted(pipeline, body, body[2], "a red coat", generator=seeded(seed), **asked) for seed in (0, 0, 1)
    )
    assert torch.equal(front, again) and not torch.equal(front, other)
    assert bool((front[3] >= body[3]).all())
    lengths = front[:3].norm(dim=0)
    assert torch.allclose(lengths[front[3] > 0], torch.tensor(1.0), atol=1e-4) and bool((front[2] >= -1e-6).all())


def test_what_is_painted_like_a_normal_near_the_body_is_cloth_and_the_rest_is_not():
    body, picture = disc(), torch.zeros(3, 64, 64)
    picture[:, 20:44, 8:20] = torch.tensor([0.5, 0.5, 1.0])[:, None, None]  # beside the ball, looking at the viewer
    picture[:, :4, :4] = torch.tensor([0.5, 0.5, 1.0])[:, None, None]  # far from it
    front = _read(picture, body)
    assert front[3, 32, 14] == 1 and front[3, 1, 1] == 0 and front[3, 60, 32] == 0
    assert torch.allclose(front[:3, 32, 14], torch.tensor([0.0, 0, 1]), atol=1e-6)
    assert torch.allclose(front[:3, 32, 32], body[:3, 32, 32])  # black is no normal: the body's stays


def test_a_pipeline_that_does_not_see_the_body_is_refused(tmp_path):
    plain = painter("text", tmp_path)
    with pytest.raises(BadData, match="does not see the body"):
        painted(plain, disc(), disc()[2], "a coat")


def test_a_back_is_drawn_to_a_painted_front_and_the_front_stays(tmp_path):
    body, dual = torch.stack([disc(), disc()])[None], tiny()
    front = disc()[None]
    maps = dual(body, ["a coat"], front=front, repeats=2, num_inference_steps=3, generator=seeded()).maps
    assert torch.equal(maps[:, 0], front) and torch.equal(maps[:, 1, 3], front[:, 3])


@pytest.fixture(scope="module")
def sitter():
    model = files.read_body_model("builtin")
    return normals.seated(model, fitting.from_words(model, "a woman", seed=0), size=96)


def test_chupas_path_goes_from_words_to_a_painted_front_to_both_sides(sitter, tmp_path):
    words, dual, front_painter = "a woman in a red coat", tiny(), painter("pix2pix", tmp_path)
    front_painter.set_progress_bar_config(disable=True)
    one, again, other = (
        normals.drawn(sitter, dual, words, painter=front_painter, seed=seed, steps=2) for seed in (0, 0, 1)
    )
    assert one.shape == (2, 4, 96, 96) and torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(one[0, 3], one[1, 3])


def test_a_front_made_elsewhere_is_kept_to_the_bit_and_its_back_drawn(sitter):
    front = sitter.maps[0]
    maps = normals.drawn(sitter, tiny(), front=front, steps=2)
    assert torch.equal(maps[0], front) and torch.equal(maps[1, 3], front[3])


def test_a_painter_alone_draws_no_back(sitter, tmp_path):
    with pytest.raises(BadData, match="draws no backs"):
        normals.drawn(sitter, painter("pix2pix", tmp_path))
