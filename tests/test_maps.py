"""normals.png's noun: grid, layout, and back."""

import json

import numpy as np
import pytest
import torch

from avatarkit import camera, maps
from avatarkit.errors import BadData
from avatarkit.maps import Maps, View


def two_views(size=8, N=2, **bands):
    rng = np.random.default_rng(0)
    vector = rng.normal(size=(N, size, size, 3))
    normals = np.concatenate(
        [vector / np.linalg.norm(vector, axis=-1, keepdims=True), rng.random((N, size, size, 1))], -1
    )
    points = torch.tensor([[0.0, 0, 0], [0, 1.7, 0]])
    views = [View(camera.framing(points, (size, size)), surface) for surface in ("nearest", "farthest")]
    return Maps(tuple(views[i % 2] for i in range(N)), normals.astype(np.float32), **bands)


def test_round_trip_is_within_half_a_level():
    rng = np.random.default_rng(1)
    labels = np.stack([rng.integers(0, 256, (2, 8, 8)), rng.random((2, 8, 8))], -1).astype(np.float32)
    found = two_views(albedo=rng.random((2, 8, 8, 4)).astype(np.float32), labels=labels)
    again = Maps.from_grid(found.grid(), json.loads(json.dumps(found.layout())))
    assert np.abs(again.normals - found.normals).max() < 3 / 65535
    assert np.abs(again.albedo - found.albedo).max() < 1 / 65535
    assert (again.labels[..., 0] == found.labels[..., 0]).all()
    assert [view.surface for view in again.views] == ["nearest", "farthest"]
    assert torch.equal(again.views[0].camera.K, found.views[0].camera.K)


def test_without_alpha_the_length_of_normals_is_the_mask():
    """Guards images whose alpha an editor or an estimator dropped: their background is grey, a normal of no length."""
    found = two_views()
    grid = found.grid()
    grid[..., 3], grid[:4, :4, :3] = 65535, 32768
    again = Maps.from_grid(grid, found.layout())
    assert (again.normals[0, :4, :4] == 0).all() and (again.normals[0, 4:, :, 3] == 1).all()


def test_bands_and_columns_of_the_grid():
    found = two_views(N=10, albedo=np.ones((10, 8, 8, 4), np.float32))
    assert found.grid().shape == (2 * 2 * 8, 8 * 8, 4)  # two bands of two rows of eight
    assert found.layout()["views"][9]["rect"] == [8, 8, 8, 8]


def test_part_ids_survive_an_eight_bit_editor():
    labels = np.stack([np.arange(64).reshape(1, 8, 8) % 256, np.ones((1, 8, 8))], -1).astype(np.float32)
    found = two_views(N=1, labels=labels)
    in_8_bit = (found.grid() >> 8).astype(np.uint16) * 257
    again = Maps.from_grid(in_8_bit, found.layout())
    assert (again.labels[..., 0] == labels[..., 0]).all()
    assert np.abs(again.normals - found.normals).max() < 0.02


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda layout: layout.pop("views"), "views"),
        (lambda layout: layout["views"].clear(), "views"),
        (lambda layout: layout["views"][0].pop("camera"), r"views\[0\].camera"),
        (lambda layout: layout["views"][0].update(surface="inside"), "surface"),
        (lambda layout: layout["views"][0].update(rect=[0, 0, 8, 1 << 20]), "rect"),
        (lambda layout: layout["views"][1].update(rect=[60, 60, 8, 8]), "too few"),
        (lambda layout: layout["views"][1].update(rect=[0, 0, 4, 4]), "square"),
        (lambda layout: layout.update(bands=["albedo"]), "bands"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(change, says):
    found = two_views()
    layout = json.loads(json.dumps(found.layout()))
    change(layout)
    with pytest.raises(BadData, match=says):
        Maps.from_grid(found.grid(), layout)


def test_text_that_is_no_json_is_refused():
    assert maps.layout_in({}) is None
    with pytest.raises(BadData, match="JSON"):
        maps.layout_in({maps.TEXT_KEY: "{"})
