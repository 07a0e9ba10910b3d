"""Cutting sheets, sewing rings, smoothing, tubes."""

import numpy as np
import torch

from avatarkit import mesh as meshes
from avatarkit.tailor import sewing
from avatarkit.tailor.rims import FAR, distances
from avatarkit.tailor.tubes import tube


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A square sheet 0 … 1 in the plane z = 0, seen from +z."""
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    vertices = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    return vertices, np.concatenate([np.stack([a, a + 1, a + n + 1], 1), np.stack([a, a + n + 1, a + n], 1)])


def area(vertices: np.ndarray, faces: np.ndarray) -> float:
    return float(meshes.face_areas(torch.tensor(vertices), torch.tensor(faces)).sum())


def test_a_cut_follows_its_line_and_keeps_the_upper_side() -> None:
    vertices, faces = grid(9)
    for snap in (0.0, 0.28):
        for normal, offset in (((1.0, 0.0), 0.51), ((0.6, 0.8), 0.66), ((0.3, -0.9), -0.2)):
            field = vertices[:, :2] @ normal - offset
            cutting = sewing.cut_along(faces, field, snap=snap)
            points = cutting.carried(vertices)
            after = cutting.carried(field)
            assert after.min() > -1e-12
            assert np.allclose(after[cutting.on_line], 0, atol=1e-12)
            assert meshes.is_manifold(torch.tensor(cutting.faces))
            # every part looks the way its face did
            normals = meshes.face_crosses(torch.tensor(points), torch.tensor(cutting.faces))[:, 2]
            assert normals.min() > 0
            if snap == 0:
                fine = grid(401)[0]
                expected = float((fine[:, :2] @ normal > offset).mean())
                assert abs(area(points, cutting.faces) - expected) < 0.01


def test_a_cut_that_misses_changes_nothing() -> None:
    vertices, faces = grid(4)
    whole = sewing.cut_along(faces, np.ones(len(vertices)))
    assert np.array_equal(whole.faces, faces)
    assert len(sewing.cut_along(faces, -np.ones(len(vertices))).faces) == 0


def test_snapping_leaves_no_slivers() -> None:
    vertices, faces = grid(9)
    field = vertices[:, 0] - 0.501  # a hair beside a column of vertices
    cutting = sewing.cut_along(faces, field)
    areas = meshes.face_areas(torch.tensor(cutting.carried(vertices)), torch.tensor(cutting.faces))
    assert areas.min() > 0.3 * areas.max()


def test_zipped_rings_close_and_look_outwards() -> None:
    t_upper, t_lower = np.arange(7) / 7, (np.arange(10) + 0.5) / 10
    angle = 2 * np.pi * np.concatenate([t_upper, t_lower])
    y = np.repeat([1.0, 0.0], [7, 10])
    vertices = np.stack([np.sin(angle), y, np.cos(angle)], axis=1)
    faces = sewing.zipped(np.arange(7), 7 + np.arange(10), t_upper, t_lower, closed=True)
    assert len(faces) == 17 and meshes.is_oriented(torch.tensor(faces)) and meshes.is_manifold(torch.tensor(faces))
    assert sorted(len(loop) - 1 for loop in sewing.loops(sewing.rims(faces))) == [7, 10]
    crosses = meshes.face_crosses(torch.tensor(vertices), torch.tensor(faces)).numpy()
    assert ((crosses * vertices[faces].mean(1))[:, [0, 2]].sum(1) > 0).all()


def test_loops_of_closed_and_open_chains() -> None:
    rim = np.array([[4, 5], [0, 1], [5, 6], [1, 2], [2, 0]])
    closed, chain = sewing.loops(rim)
    assert closed.tolist() == [0, 1, 2, 0] and chain.tolist() == [4, 5, 6]


def test_smoothing_keeps_a_plane_and_flattens_a_spike() -> None:
    vertices, faces = grid(7)
    vertices[24, 2] = 1.0
    flat = sewing.smoothed(vertices, faces, steps=20, boundary=False)
    assert flat[24, 2] < 0.1 and np.array_equal(flat[0], vertices[0])


def test_the_tube_of_a_star_is_its_hull() -> None:
    """Hull, not outline: cloth spans hollows."""
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radius = np.where(np.arange(12) % 2 == 0, 1.0, 0.5)
    ring = np.stack([radius * np.sin(angle), 0 * angle, radius * np.cos(angle)], axis=1)
    vertices = np.concatenate([ring + (0, 1, 0), ring - (0, 1, 0)])
    k = np.arange(12)
    edges = np.concatenate([np.stack([k, k + 12], 1), np.stack([k, (k + 1) % 12 + 12], 1)])
    found = tube(vertices, edges, 1, (0.9, -0.9), np.zeros((2, 2)), 5)
    between = found.radius(np.array([np.pi / 6]), np.array([0.9]))
    assert np.allclose(found.radius(np.array([0.0, np.pi / 3]), np.array([0.9, 0.9])), 1, atol=0.02)
    assert abs(between[0] - np.cos(np.pi / 6)) < 0.02
    assert (found.hung(np.ones(5)).radii >= found.radii - 1e-12).all()


def test_distances_to_an_edge() -> None:
    vertices, _ = grid(5)
    rim = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    away = distances(vertices, rim, vertices[:, 1] / 2)
    assert np.allclose(away[:5], 0) and np.allclose(away[5:10], 0.25) and away[-1] == FAR
