"""A finer mesh's normals come back from its tangent-space map."""

import torch
from solids import ball, mapped_ball

from avatarkit.mesh import unit, vertex_normals
from avatarkit.places import Places
from avatarkit.relief import frames, relief

GENERATOR = torch.Generator().manual_seed(0)


def places_of(mesh):
    share = torch.rand(len(mesh.faces), 3, generator=GENERATOR)
    return Places(mesh, torch.arange(len(mesh.faces)), share / share.sum(dim=1, keepdim=True))


def test_frames_are_orthonormal_with_x_along_u_and_y_up():
    mesh = mapped_ball()
    places = places_of(mesh)
    x, y, z = frames(places)
    middle = places.points[:, 1].abs() < 0.8
    assert float((torch.linalg.cross(x, y) - z)[middle].abs().max()) < 1e-4
    east = unit(torch.stack([places.points[:, 2], torch.zeros(len(places)), -places.points[:, 0]], dim=1))
    assert float((x * east).sum(dim=1)[middle].min()) > 0.98
    assert float(y[middle][:, 1].min()) > 0.5  # green is up


def test_a_finer_meshs_normals_come_back_through_the_frames():
    mesh = mapped_ball(24)
    fine = ball(1.0, n=80)
    waves = 0.002 * torch.sin(20 * fine.vertices[:, :1]) * fine.vertices
    fine = type(mesh)(fine.vertices + waves, fine.faces)
    places = places_of(mesh)
    x, y, z = frames(places)
    a, b, c = relief(places, fine).unbind(dim=1)
    found = a[:, None] * x + b[:, None] * y + c[:, None] * z
    where = places.points[:, 1].abs() < 0.9
    radial = unit(places.points)
    expected = unit(radial - 0.04 * torch.cos(20 * places.points[:, :1]) * _along_x(radial))
    assert float((found * expected).sum(dim=1)[where].mean()) > 0.998
    assert float((z * expected).sum(dim=1)[where].mean()) < float((found * expected).sum(dim=1)[where].mean())
    assert vertex_normals(mesh.vertices, mesh.faces).shape == mesh.vertices.shape


def _along_x(radial):
    """The surface's gradient of x."""
    return torch.tensor([1.0, 0.0, 0.0]) - radial[:, :1] * radial


def test_far_from_the_finer_mesh_the_map_is_flat():
    mesh = mapped_ball(8)
    found = relief(places_of(mesh), ball(3.0))
    assert torch.equal(found, torch.tensor([0.0, 0.0, 1.0]).expand_as(found))
