"""Cuts that nobody sees: both sides of a cut look alike, and what is far from it stays."""

import torch
from torch import Tensor

from avatarkit import render
from avatarkit.atlas import Atlas, padded, texels
from avatarkit.mesh import Mesh
from avatarkit.texturing.joining import joined

S = 48


def cut_square() -> Atlas:
    """A square of two triangles that lie apart in the texture, one of them turned by a right angle."""
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    one = torch.tensor([[0.06, 0.46], [0.46, 0.43], [0.44, 0.05]])
    other = torch.tensor([[0.95, 0.9], [0.57, 0.55], [0.55, 0.94]])
    mesh = Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]), {}, torch.stack([one, other]))
    return Atlas(mesh, torch.zeros(2, dtype=torch.int64), ("all",))


def sides(atlas: Atlas, image: Tensor) -> tuple[Tensor, Tensor]:
    """(50,3) each: the colours on either side of the cut from corner 0 to 2."""
    along = torch.linspace(0.02, 0.98, 50)[:, None]
    uv = [torch.lerp(atlas.uvs[face, 0], atlas.uvs[face, corner], along) for face, corner in ((0, 2), (1, 1))]
    first, second = (render.texture(image, at[None, None], wrap="clamp")[0, 0] for at in uv)
    return first, second


def test_both_sides_of_a_cut_look_alike():
    atlas = cut_square()
    shown = texels(atlas, S)
    noise = torch.rand(S, S, 3, generator=torch.Generator().manual_seed(3)) * 0.3 + 0.3
    image = padded(torch.where(shown.face[..., None] >= 0, noise, 0), shown)
    found = joined(image, atlas, shown)
    before, after = ((a - b).abs().mean() for a, b in (sides(atlas, image), sides(atlas, found)))
    assert float(before) > 0.05 and float(after) < 0.2 * float(before)
    changed = (found - image).abs().amax(dim=2) > 1e-6
    assert float(changed.float().mean()) < 0.2, "texels far from the cut stay"
    assert torch.equal(joined(image, atlas, shown), found)


def test_sides_that_are_alike_stay():
    atlas = cut_square()
    shown = texels(atlas, S)
    assert torch.allclose(joined(torch.full((S, S, 3), 0.4), atlas, shown), torch.full((S, S, 3), 0.4))


def test_a_texture_without_cuts_stays():
    whole = cut_square()
    mesh = Mesh(whole.mesh.vertices, whole.mesh.faces, {}, whole.mesh.vertices[whole.mesh.faces][..., :2])
    atlas = Atlas(mesh, whole.charts, whole.names)
    image = torch.rand(S, S, 3, generator=torch.Generator().manual_seed(4))
    assert torch.equal(joined(image, atlas, texels(atlas, S)), image)
