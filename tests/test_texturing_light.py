"""Light is taken out of a photo and colours stay; a finer mesh's normals come back from its tangent-space map."""

import torch
from solids import ball

from avatarkit.mesh import unit, vertex_normals
from avatarkit.places import Places
from avatarkit.relief import frames, relief
from avatarkit.texturing.delighting import delit, harmonics

GENERATOR = torch.Generator().manual_seed(0)


def encoded(light):
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clamp(min=1e-9) ** (1 / 2.4) - 0.055)


def test_light_of_harmonics_is_taken_away_and_albedo_stays():
    normals = unit(torch.randn(4000, 3, generator=GENERATOR))
    labels = (torch.rand(4000, generator=GENERATOR) > 0.5).long()
    albedo = torch.tensor([[0.5, 0.1, 0.1], [0.1, 0.2, 0.4]])[labels]
    shading = 0.6 + 0.25 * normals[:, 1:2] + 0.15 * normals[:, :1]
    found = delit(encoded(albedo * shading), torch.ones(4000), normals, labels)
    for label in (0, 1):
        own = found[labels == label]
        lit = encoded(albedo * shading)[labels == label]
        assert float(own.std(dim=0).max()) < 0.2 * float(lit.std(dim=0).max())
    assert torch.allclose(found.mean(dim=0), encoded(albedo * 0.6).mean(dim=0), atol=0.03)


def test_harmonics_are_orthogonal_over_the_sphere():
    basis = harmonics(unit(torch.randn(200_000, 3, generator=GENERATOR)))
    gram = basis.T @ basis / len(basis)
    assert float((gram - torch.diag(gram.diag())).abs().max()) < 0.02


def test_too_little_that_is_seen_is_left_as_it_is():
    colours = torch.rand(10, 3, generator=GENERATOR)
    assert torch.equal(delit(colours, torch.ones(10), torch.ones(10, 3), torch.zeros(10, dtype=torch.int64)), colours)


def mapped_ball(n=24):
    """A ball with UVs around and down: u eastwards, v down."""
    mesh = ball(1.0, n=n)
    x, y, z = mesh.vertices[mesh.faces].unbind(dim=-1)
    u = torch.atan2(x, z) / (2 * torch.pi) + 0.5
    wraps = u.amax(dim=1, keepdim=True) - u.amin(dim=1, keepdim=True) > 0.5
    u = torch.where(wraps & (u < 0.5), u + 1, u) / 1.2
    uvs = torch.stack([u, torch.acos(y.clamp(-1, 1)) / torch.pi], dim=-1)
    return type(mesh)(mesh.vertices, mesh.faces, {}, uvs)


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
