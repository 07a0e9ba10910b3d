"""Levels of detail of an avatar: its own weights and morphs, and the relief of the finest."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from solids import mapped_ball

from avatarkit.avatar import Avatar
from avatarkit.errors import UsageError
from avatarkit.mesh import unit
from avatarkit.places import Places
from avatarkit.relief import frames
from avatarkit.rigging import levels, triangles_of
from stages.rig import rig

RADIUS = 0.1
GENERATOR = torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def avatar():
    mesh = mapped_ball(32)
    mesh = replace(mesh.having(normals=mesh.vertices), vertices=RADIUS * mesh.vertices)
    V = len(mesh.vertices)
    weights = torch.rand(V, 55, generator=GENERATOR)
    morphs = 0.01 * torch.rand(2, V, 3, generator=GENERATOR)
    return Avatar(mesh, torch.zeros(55, 3), weights / weights.sum(1, keepdim=True), ("jawOpen", "frown"), morphs)


@pytest.fixture(scope="module")
def found(avatar):
    return levels(avatar, [10_000, 500, 200])


def test_each_level_is_so_fine_with_its_own_rows(avatar, found):
    assert found[0] is avatar
    assert [len(level.mesh.faces) <= most for level, most in zip(found[1:], (500, 200), strict=True)] == [True, True]
    whole = {tuple(v): row for row, v in enumerate(avatar.mesh.vertices.tolist())}
    for level in found[1:]:
        # at a pole are several vertices; their weights tell them apart
        kept = torch.cdist(level.lbs_weights, avatar.lbs_weights).argmin(dim=1)
        assert all(tuple(v) in whole for v in level.mesh.vertices.tolist())
        assert torch.equal(level.lbs_weights, avatar.lbs_weights[kept])
        assert torch.equal(level.morphs, avatar.morphs[:, kept])
        assert torch.equal(level.mesh.vertices, avatar.mesh.vertices[kept])


def test_the_normal_map_makes_the_coarse_ball_round_again(found):
    mesh = found[2].mesh
    image = mesh.images["normal"]
    assert image.shape == (1024, 1024, 3) and "normal" not in found[0].mesh.images
    share = torch.rand(len(mesh.faces), 3, generator=GENERATOR)
    places = Places(mesh, torch.arange(len(mesh.faces)), share / share.sum(1, keepdim=True))
    uv = (mesh.uvs[places.face] * places.barycentric[..., None]).sum(dim=1)
    column, row = (uv * 1024).long().clamp(0, 1023).unbind(dim=1)
    bent = image[row, column].float() / 127.5 - 1
    round_ = unit(sum(axis * bent[:, k, None] for k, axis in enumerate(frames(places))))
    east, south = 2 * torch.pi * (1.2 * uv[:, 0] - 0.5), torch.pi * uv[:, 1]
    true = torch.stack([south.sin() * east.sin(), south.cos(), south.sin() * east.cos()], dim=1)
    middle = places.points[:, 1].abs() < 0.8 * RADIUS
    off, flat = (1 - (normals * true).sum(dim=1)[middle].mean() for normals in (round_, places.normals))
    assert float(off) < 0.1 * float(flat) and float(off) < 5e-4


def test_numbers_fall_and_are_numbers():
    assert triangles_of("60000, 15000,4000") == (60000, 15000, 4000)
    for wrong in ("", "many", "4000,15000", "4000,4000", "50", "4e3", "60000,,4000", "-5000", "9" * 30):
        with pytest.raises(UsageError, match="--triangles"):
            triangles_of(wrong)
    with pytest.raises(UsageError, match="--triangles") as refused:
        rig(Path("none.glb"), Path("none.npz"), Path("out.glb"), triangles="4000,x")
    assert refused.value.exit_code == 2
