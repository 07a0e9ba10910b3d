from dataclasses import replace

import pytest
import torch
from solids import mapped_ball
from torch import Tensor

from avatarkit.atlas import Atlas, islands, measured, padded, seam_jump, seams, texels
from avatarkit.mesh import Mesh

# two triangles of a square metre, a-b-c and a-c-d, in two charts side by side
SQUARE = torch.tensor([[0.0, 0, 0], [0, -1, 0], [1, -1, 0], [1, 0, 0]])
FACES = torch.tensor([[0, 1, 2], [0, 2, 3]])
WHOLE = torch.tensor([[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 0.0]])[FACES]


def square(uvs: Tensor) -> Atlas:
    return Atlas(Mesh(SQUARE, FACES, uvs=uvs), torch.zeros(2, dtype=torch.int64), ("square",))


def test_a_mesh_without_uvs_is_no_atlas():
    with pytest.raises(ValueError, match="uvs"):
        Atlas(Mesh(SQUARE, FACES), torch.zeros(2, dtype=torch.int64), ("square",))


def test_texels_show_the_surface_at_their_centres():
    shown = texels(square(WHOLE), 8)
    assert (shown.face >= 0).sum() == 16 and bool((shown.face[:4, :4] >= 0).all())
    corners = SQUARE[FACES[shown.face[:4, :4]]]
    points = (corners * shown.barycentric[:4, :4, :, None]).sum(dim=2)
    row, column = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    expected = torch.stack([(column + 0.5) / 4, -(row + 0.5) / 4, 0.0 * row], dim=-1)
    assert torch.allclose(points, expected, atol=1e-5)
    assert bool((shown.barycentric[shown.face < 0] == 0).all())


def test_padding_is_the_nearest_texel_s_colour_as_far_as_asked():
    shown = texels(square(WHOLE), 16)
    image = torch.zeros(16, 16, 1)
    image[:8, :8, 0] = torch.arange(64).reshape(8, 8)
    found = padded(image, shown, 3)[..., 0]
    assert torch.equal(found[:8, :8], image[:8, :8, 0])
    assert torch.equal(found[:8, 8:11], image[:8, 7:8, 0].expand(8, 3))
    assert torch.equal(found[8:11, 8:11], image[7:8, 7:8, 0].expand(3, 3)), "the corner is nearest to the corner"
    assert bool((found[11:] == 0).all()) and bool((found[:, 11:] == 0).all())


def test_padding_takes_the_nearer_of_two_charts():
    uvs = WHOLE.clone()
    uvs[1] += torch.tensor([0.5, 0.0])
    shown = texels(square(uvs), 16)
    colours = (shown.face + 1).float()[..., None]
    found = padded(colours, shown, 4)[..., 0]
    places = torch.cartesian_prod(torch.arange(16), torch.arange(16))
    distance = [(places[:, None] - (shown.face == k).nonzero()).square().sum(dim=2).amin(dim=1) for k in (0, 1)]
    near = torch.minimum(*distance) <= 16
    for k in (0, 1):
        assert bool((found.reshape(-1)[near & (distance[k] + 2 < distance[1 - k])] == k + 1).all())


def test_seams_are_the_edges_that_lie_apart_and_their_sides_run_against_each_other():
    assert len(seams(square(WHOLE))) == 0 and int(islands(square(WHOLE)).max()) == 0
    uvs = WHOLE.clone()
    uvs[1] += torch.tensor([0.5, 0.0])
    cut = seams(square(uvs))
    assert sorted(map(tuple, cut[0].tolist())) == [(0, 2), (1, 0)]
    (face, k), (other, m) = cut[0].tolist()
    assert FACES[face, k] == FACES[other, (m + 1) % 3] and FACES[face, (k + 1) % 3] == FACES[other, m]


def test_measures_of_a_square_metre_on_a_quarter_of_the_texture():
    found = measured(square(WHOLE), 64)
    assert (found["charts"], found["overlaps"], found["flips"], found["narrow"]) == (1, 0, 0, 0)
    assert found["coverage"] == pytest.approx(0.25) and found["stretch"] == pytest.approx(1.0)
    assert found["density_p5"] == pytest.approx(32) and found["density_ratio"] == pytest.approx(1)
    assert found["seam_length"] == 0


def test_measures_tell_a_bad_atlas():
    over = WHOLE.clone()
    over[1] = over[0]
    assert measured(square(over), 64)["overlaps"] > 400, "both faces lie on the same texels"
    turned = WHOLE.clone()
    turned[1, :, 0] = 1 - turned[1, :, 0]
    assert measured(square(turned), 64)["flips"] == 1
    thin = WHOLE * torch.tensor([1.0, 0.1])
    found = measured(square(thin), 64)
    assert found["narrow"] == 1 and found["stretch"] > 2
    uneven = WHOLE.clone()
    uneven[1] = uneven[1] * 2 - torch.tensor([0.0, 0.0])
    assert measured(square(uneven), 64)["density_ratio"] == pytest.approx(2)


def test_the_jump_at_a_seam_is_the_difference_of_its_two_sides():
    """Guards sides that are read in one direction, which a picture that changes downwards would show."""
    ball = mapped_ball(n=12)
    across = torch.linspace(0, 255, 256).expand(256, 256)
    for picture, expected in ((across, 255 / 1.2), (across.T, 0.0)):
        image = picture[..., None].repeat(1, 1, 3).to(torch.uint8)
        atlas = Atlas(replace(ball, images={"base_colour": image}), ball.faces[:, 0] * 0, ("all",))
        assert seam_jump(atlas) == pytest.approx(expected, abs=12)  # the poles have every u
