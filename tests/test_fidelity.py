"""PSNR and SSIM by hand; what lies outside of the mask has no say."""

import math

import torch

from avatarkit.camera import framing
from avatarkit.fidelity import eroded, is_coloured, psnr, ssim, unlit
from avatarkit.mesh import Mesh

GENERATOR = torch.Generator().manual_seed(0)
NOISE = torch.rand(32, 24, 3, generator=GENERATOR)
MASK = torch.zeros(32, 24, dtype=torch.bool)
MASK[4:28, 4:20] = True


def test_psnr_of_a_known_difference():
    assert math.isclose(float(psnr(NOISE + 0.1, NOISE, MASK)), 20.0, abs_tol=1e-4)


def test_ssim_by_hand_where_the_mask_is_one_window():
    steps = torch.arange(11).double() - 5
    window = torch.exp(-(steps[:, None] ** 2 + steps**2) / 4.5)
    x, y = torch.rand(2, 11, 11, 1, generator=GENERATOR, dtype=torch.float64)
    mask = torch.zeros(11, 11, dtype=torch.bool)
    mask[5, 5] = mask[5, 6] = True
    found = 0.0
    for column in (5, 6):  # each window sees two pixels, by its Gaussian
        share = torch.stack([window[5, 5 + k - column] for k in (5, 6)])
        share, a, b = share / share.sum(), x[5, 5:7, 0], y[5, 5:7, 0]
        ma, mb = (share * a).sum(), (share * b).sum()
        va, vb, cov = (share * (a - ma) ** 2).sum(), (share * (b - mb) ** 2).sum(), (share * (a - ma) * (b - mb)).sum()
        found += (2 * ma * mb + 1e-4) * (2 * cov + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)) / 2
    assert math.isclose(float(ssim(x, y, mask)), float(found), abs_tol=1e-9)


def test_the_same_is_one_and_noise_is_less():
    assert math.isclose(float(ssim(NOISE, NOISE, MASK)), 1.0, abs_tol=1e-5)
    assert float(ssim(NOISE.flip(0), NOISE, MASK)) < 0.3


def test_what_is_outside_of_the_mask_has_no_say():
    other = torch.where(MASK[..., None], NOISE + 0.05, torch.rand(32, 24, 3, generator=GENERATOR))
    assert math.isclose(float(ssim(other, NOISE, MASK)), float(ssim(NOISE + 0.05, NOISE, MASK)), abs_tol=1e-5)
    assert torch.equal(psnr(other, NOISE, MASK), psnr(NOISE + 0.05, NOISE, MASK))


def test_erosion_by_pixels_and_at_the_pictures_rim():
    assert int(eroded(MASK, 2).sum()) == 20 * 12
    assert int(eroded(torch.ones(9, 9, dtype=torch.bool), 1).sum()) == 49


def test_colours_without_light_are_the_textures_or_the_vertices():
    """Guards a texture upside down, and linear colours of vertices shown as sRGB."""
    corners = torch.tensor([[-0.5, 0.0, 0.0], [0.5, 0, 0], [0.5, 1, 0], [-0.5, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uv = torch.tensor([[0.0, 1], [1, 1], [1, 0], [0, 0]])
    image = torch.zeros(16, 1, 3, dtype=torch.uint8)
    image[:8, :, 0] = 255  # red above
    camera = framing(corners, (32, 32))
    shown = unlit(Mesh(corners, faces, {}, uv[faces], {"base_colour": image}), camera)
    assert shown[6, 16].tolist() == [1.0, 0.0, 0.0] and shown[26, 16].tolist() == [0.0, 0.0, 0.0]
    grey = Mesh(corners, faces, {"colours": torch.full((4, 4), 0.2140)})
    assert torch.allclose(unlit(grey, camera)[16, 16], torch.full((3,), 0.5), atol=1e-3)
    assert is_coloured(grey) and not is_coloured(Mesh(corners, faces, {}, uv[faces]))
