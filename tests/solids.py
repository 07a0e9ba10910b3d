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
