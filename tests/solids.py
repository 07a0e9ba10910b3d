"""Meshes whose shape is known by a formula."""

import torch

from avatarkit.mesh import Mesh


def ball(radius=1.0, n=24, centre=(0.0, 0.0, 0.0)):
    """A sphere of rings around +Y, faces outwards, with some 2 n² triangles."""
    latitude, longitude = torch.meshgrid(
        torch.linspace(0, torch.pi, n + 1), torch.arange(2 * n) * torch.pi / n, indexing="ij"
    )
    ring = latitude.sin()
    points = torch.stack([ring * longitude.sin(), latitude.cos(), ring * longitude.cos()], -1).reshape(-1, 3)
    i, j = torch.meshgrid(torch.arange(n), torch.arange(2 * n), indexing="ij")
    a, b = i * 2 * n + j, i * 2 * n + (j + 1) % (2 * n)
    faces = torch.cat([torch.stack(t, -1).reshape(-1, 3) for t in ((a, a + 2 * n, b), (b, a + 2 * n, b + 2 * n))])
    return Mesh(radius * points + torch.tensor(centre), faces)


def mapped_ball(n=24):
    """A ball with UVs around and down: u eastwards, v down."""
    mesh = ball(1.0, n=n)
    x, y, z = mesh.vertices[mesh.faces].unbind(dim=-1)
    u = torch.atan2(x, z) / (2 * torch.pi) + 0.5
    wraps = u.amax(dim=1, keepdim=True) - u.amin(dim=1, keepdim=True) > 0.5
    u = torch.where(wraps & (u < 0.5), u + 1, u) / 1.2
    uvs = torch.stack([u, torch.acos(y.clamp(-1, 1)) / torch.pi], dim=-1)
    return type(mesh)(mesh.vertices, mesh.faces, {}, uvs)
