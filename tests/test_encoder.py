"""The encoder that is shipped: what it takes and gives, and what its pictures are."""

import torch

from avatarkit import files
from avatarkit.encoder import FEATURES, SIDE, pictured, sharpness


def test_pictures_are_black_outside_and_lit_from_the_viewer():
    normals = torch.zeros(1, 3, 2, 2)
    normals[0, 2] = 1
    cover = torch.tensor([[[[1.0, 0.0], [1.0, 1.0]]]])
    found = pictured(normals, cover, torch.full((1, 3, 2, 2), 0.5))
    assert found["normals"][0, :, 0, 0].tolist() == [0.5, 0.5, 1.0]
    assert all(float(picture[0, :, 0, 1].abs().max()) == 0 for picture in found.values())
    assert torch.allclose(found["textured"], 0.5 * found["shaded"]) and 0.8 < float(found["shaded"].max()) < 0.9
    assert "textured" not in pictured(normals, cover)


def test_sharpness_falls_when_a_picture_is_blurred():
    noise = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    blurred = torch.nn.functional.avg_pool2d(noise, 5, stride=1, padding=2)
    assert bool((sharpness(blurred) < sharpness(noise) - 0.5).all())


def test_the_shipped_weights_are_the_networks(tmp_path):
    encoder = files.read_encoder()
    with torch.no_grad():
        found = encoder(torch.rand(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)))
        said = encoder.said(found)
    assert found.shape == (3, FEATURES) and bool(torch.isfinite(found).all())
    assert said.drawn.shape == (3, 3, 12, 12) and said.worn["upper"].shape == (3, 9)
