"""Values at places on a mesh, and back at its vertices."""

import torch
from solids import ball

from avatarkit.places import Places


def test_what_is_linear_is_mixed_exactly_and_gathered_back_as_a_mean():
    mesh = ball(2.0, n=6)
    places = Places(mesh, torch.tensor([20, 30]), torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]))
    corners = mesh.vertices[mesh.faces[places.face]]
    assert torch.allclose(places.points[0], torch.tensor([0.2, 0.3, 0.5]) @ corners[0])
    assert torch.equal(places.points[1], corners[1, 0])
    assert float((places.normals * places.points).sum(dim=1).min()) > 1.8
    values, total = places.gathered(torch.tensor([[3.0], [5.0]]), torch.ones(2))
    assert float(values[mesh.faces[30, 0]]) == 5 and float(total[mesh.faces[30, 0]]) == 1


def test_some_of_them_and_all_of_them_in_parts():
    mesh = ball(1.0, n=4)
    places = Places(mesh, torch.arange(10), torch.full((10, 3), 1 / 3))
    assert len(places.some(places.points[:, 1] > 9)) == 0
    assert [len(part) for _, part in places.split(4)] == [4, 4, 2]
