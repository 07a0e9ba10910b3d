"""Fewer triangles: what is left is the mesh's own, near it, whole, and lies in the texture as it did."""

from dataclasses import replace

import pytest
import torch
from solids import ball, mapped_ball

from avatarkit.decimation import decimated
from avatarkit.mesh import Mesh, euler_characteristic, face_areas, face_normals, is_closed, is_manifold, welded
from avatarkit.surface import Surface


def grid(n):
    """A unit square in n² squares, facing +Z."""
    y, x = torch.meshgrid(torch.linspace(0, 1, n + 1), torch.linspace(0, 1, n + 1), indexing="ij")
    i, j = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
    a, b = (i * (n + 1) + j).reshape(-1), ((i + 1) * (n + 1) + j).reshape(-1)
    faces = torch.cat([torch.stack([a, a + 1, b], 1), torch.stack([a + 1, b + 1, b], 1)])
    return Mesh(torch.stack([x, y, 0 * x], -1).reshape(-1, 3), faces)


@pytest.mark.parametrize("triangles", [900, 300, 60])
def test_a_ball_stays_closed_and_near(triangles):
    mesh = ball(1.0, n=24)
    found, kept = decimated(mesh, triangles)
    assert triangles - 2 <= len(found.faces) <= triangles
    whole = welded(found)[0].faces
    assert is_closed(whole) and is_manifold(whole) and euler_characteristic(whole) == 2
    assert torch.equal(found.vertices, mesh.vertices[kept])
    # a triangle of edge l lies l²/6 below the sphere; of all, 4 pi = triangles √3/4 l²; places are not free
    sagitta = 16 * torch.pi / 3**0.5 / triangles / 6
    assert float(Surface(found.vertices, found.faces).closest(mesh.vertices).distance.max()) < 4 * sagitta
    outwards = (face_normals(found.vertices, found.faces) * found.vertices[found.faces].mean(dim=1)).sum(dim=1)
    assert float(outwards.min()) > 0.5


def test_what_hangs_on_the_vertices_comes_along_and_the_same_twice():
    mesh = ball(1.0, n=16).having(_ROW=torch.rand(17 * 32, 7, generator=torch.Generator().manual_seed(0)))
    found, kept = decimated(mesh, 200)
    assert torch.equal(found.attributes["_ROW"], mesh.attributes["_ROW"][kept])
    again, same = decimated(mesh, 200)
    assert torch.equal(kept, same) and torch.equal(found.faces, again.faces)


def test_in_the_texture_nothing_turns_over_or_crosses_a_seam():
    mesh = mapped_ball(24)
    found, kept = decimated(mesh, 250)
    assert len(found.faces) <= 250 and is_closed(welded(found)[0].faces)

    def areas(uvs):
        a, b = (uvs[:, 1] - uvs[:, 0]), (uvs[:, 2] - uvs[:, 0])
        return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]

    before, after = areas(mesh.uvs), areas(found.uvs)
    assert float(before.max()) <= 1e-9 and float(after.max()) <= 1e-9
    assert float(after.sum() / before.sum()) == pytest.approx(1, abs=0.03)
    middle = (found.vertices[found.faces][..., 1].abs() < 0.8).all(dim=1)
    assert float((found.uvs.amax(dim=1) - found.uvs.amin(dim=1))[middle, 0].max()) < 0.3
    own = {(v, *uv) for v, uv in zip(mesh.faces.reshape(-1).tolist(), mesh.uvs.reshape(-1, 2).tolist(), strict=True)}
    corners = zip(kept[found.faces].reshape(-1).tolist(), found.uvs.reshape(-1, 2).tolist(), strict=True)
    assert all((v, *uv) in own for v, uv in corners)


def test_a_rim_stays_where_it_is():
    found, _ = decimated(grid(20), 24)
    assert len(found.faces) <= 24 and is_manifold(found.faces)
    assert float(face_areas(found.vertices, found.faces).sum()) == pytest.approx(1, abs=1e-6)
    assert float(face_normals(found.vertices, found.faces)[:, 2].min()) > 0.999


def test_what_is_important_stays_finer():
    mesh = ball(1.0, n=24)
    upper = mesh.vertices[:, 1] > 0
    found, _ = decimated(mesh, 300, importance=1 + 30.0 * upper)
    assert int((found.vertices[:, 1] > 0).sum()) > 2 * int((found.vertices[:, 1] < 0).sum())


def test_what_bends_in_another_pose_keeps_its_fold():
    """A sheet that is flat at rest has no error to collapse, but a pose folds it along its middle."""
    mesh = grid(20)
    folded = mesh.vertices.clone()
    folded[:, 2] = (folded[:, 0] - 0.5).abs()

    def off(found, kept):
        return float(Surface(folded[kept], found.faces).closest(folded).distance.max())

    assert off(*decimated(mesh, 40, poses=folded[None])) < 0.02 < off(*decimated(mesh, 40))


def test_nothing_to_do_and_nothing_that_can_be_done():
    mesh = ball(1.0, n=4)
    found, kept = decimated(mesh, 1000)
    assert found is mesh and torch.equal(kept, torch.arange(len(mesh.vertices)))
    few, _ = decimated(mesh, 1)
    assert 4 <= len(few.faces) < 20 and is_closed(welded(few)[0].faces)
    book = torch.tensor([[0, 1, 2], [0, 1, 3], [1, 0, 4]])  # three pages at one edge: no single sheet
    pages = Mesh(torch.rand(5, 3, generator=torch.Generator().manual_seed(1)), book)
    assert len(decimated(pages, 1)[0].faces) == 3
    assert len(decimated(replace(pages, faces=book[:0]), 1)[0].faces) == 0
