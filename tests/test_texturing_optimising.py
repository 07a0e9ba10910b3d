"""Textures optimised against pictures: they come to show these, and stay where nothing is seen or is another's."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatarkit import camera as cameras
from avatarkit.mesh import Mesh
from avatarkit.texturing.optimising import Shot, optimised, smaller
from avatarkit.texturing.sights import ALBEDO, LABELS, PHOTO, Sight

S, SIDE = 96, 64


def square() -> Mesh:
    """A square that faces the camera, whose texture is the texture's upper left quarter."""
    vertices = torch.tensor([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uv = (vertices[:, :2] * torch.tensor([1.0, -1]) + 1) / 4
    return Mesh(vertices, faces, {}, uv[faces])


def checks(width: int) -> Tensor:
    """(3,SIDE,SIDE): a chequered picture."""
    lines = torch.arange(SIDE) // width % 2
    return (0.4 + 0.2 * (lines[:, None] ^ lines)).expand(3, SIDE, SIDE).float()


def looking(picture: Tensor, source: int = PHOTO, trust: float = 1.0) -> Sight:
    return Sight(source, cameras.framing(square().vertices, (SIDE, SIDE)), picture, torch.full((SIDE, SIDE), trust))


def test_the_texture_comes_to_show_the_picture():
    image, source = torch.full((S, S, 3), 0.5), torch.full((S, S), PHOTO)
    sight = looking(checks(4))
    found = optimised(image, source, square(), [sight])
    (shot,) = Shot.of(sight, square(), image, source)
    before, after = (
        ((shot.shown(x) - shot.picture).abs().mean(dim=2)[shot.trust > 0.9]).mean() for x in (image, found)
    )
    assert float(before) > 0.09 and float(after) < 0.35 * float(before)
    assert torch.equal(found[S - 20 :], image[S - 20 :]), "what is not seen stays"
    assert torch.equal(found, optimised(image, source, square(), [sight]))


def test_a_picture_changes_only_what_is_from_it_and_no_low_frequencies():
    image, source = torch.full((S, S, 3), 0.5), torch.full((S, S), ALBEDO)
    assert torch.equal(optimised(image, source, square(), [looking(checks(4))]), image)
    assert torch.equal(optimised(image, source, square(), [looking(checks(4), LABELS)]), image)
    brighter = looking(torch.full((3, SIDE, SIDE), 0.9), ALBEDO)  # layers were tuned to one another
    assert torch.allclose(optimised(image, source, square(), [brighter]), image, atol=2e-3)


def test_a_large_picture_is_cropped_to_what_is_trusted_and_made_smaller(monkeypatch):
    monkeypatch.setattr("avatarkit.texturing.optimising.MOST", 300)
    sight = looking(checks(4))
    sight.trust[:10] = 0
    sight.trust[:, :3] = 0
    found = smaller(sight)
    W, H = found.camera.size
    assert (W, H) == (16, 14)  # 61 x 54 pixels by four, rounded up
    assert torch.allclose(found.colours[:, :-1, :-1], avg_pool2d(sight.colours[:, 10:, 3:], 4)[:, :13, :15])
    point = torch.tensor([[0.3, -0.2, 0.0]])
    here, there = (cameras.project(s.camera, point)[0][0] for s in (sight, found))
    assert torch.allclose((here - torch.tensor([3.0, 10])) / 4, there, atol=1e-4)
