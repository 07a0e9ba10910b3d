"""Light: harmonics, shadows, backdrops, what a camera makes of it."""

import numpy as np
import pytest

from avatarkit.appearance import backdrop, development, lighting, shadows
from avatarkit.appearance.baking import dilated


def test_irradiance_of_a_plain_sky_is_that_sky():
    directions = lighting.sphere(2000)
    sh = lighting.projected(np.full((2000, 3), 0.7), directions)
    assert lighting.irradiance(sh, directions[:50]) == pytest.approx(np.full((50, 3), 0.7), abs=2e-3)


def test_irradiance_equals_the_sum_over_the_sky():
    """For radiance that harmonics of the second degree hold, against the integral of cosine times radiance over π."""
    directions = lighting.sphere(6000)
    sh = np.random.default_rng(0).normal(size=(9, 3)) * 0.05 + np.eye(9, 3) * [[2.0, 0, 0]]
    sh[0] = 2.0
    radiance = lighting.basis(directions) @ sh
    normals = lighting.sphere(30)
    summed = np.maximum(normals @ directions.T, 0) @ radiance * 4 / len(directions)
    assert lighting.irradiance(sh, normals) == pytest.approx(summed, abs=5e-3)


@pytest.mark.parametrize("kind", lighting.KINDS)
def test_lights_are_natural(kind):
    for seed in range(8):
        light = lighting.random_light(np.random.default_rng(seed), kind)
        assert np.linalg.norm(light.towards) == pytest.approx(1) and light.towards[1] > 0
        assert (lighting.irradiance(light.sh, lighting.sphere(40)) > 0.01).all()
    with pytest.raises(ValueError, match="kind is 'disco'"):
        lighting.random_light(np.random.default_rng(0), "disco")


def plate() -> tuple[np.ndarray, np.ndarray]:
    """A square of 1 m at height 1, over a square of 4 m at height 0."""
    points = np.array(
        [[x * s, y, z * s] for s, y in ((0.5, 1.0), (2.0, 0.0)) for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )
    return points.astype(np.float64), np.array([[0, 2, 1], [0, 3, 2], [4, 6, 5], [4, 7, 6]])


def test_a_plate_throws_its_shadow():
    points, faces = plate()
    light = lighting.Light(np.zeros((9, 3)), np.array([0.0, 1.0, 0.0]), np.ones(3), 0.02, np.ones(3))
    from avatarkit.appearance.photograph import lamp_seen

    lamp = shadows.depth_maps(points, faces, light.towards[None], 256)
    asked = np.array([[0.0, 0, 0], [0.4, 0, 0.4], [0.7, 0, 0], [0.0, 1.0, 0.0]])
    seen = lamp_seen(lamp, asked, np.tile([0.0, 1.0, 0.0], (4, 1)), light)
    assert seen == pytest.approx([0, 0, 1, 1])


def test_a_plate_hides_the_sky_as_much_as_its_solid_angle():
    """Under the middle of a square of half side a at height h the form factor is known (Howell, B-3)."""
    points, faces = plate()
    directions = lighting.sphere(4000)
    directions = directions[directions[:, 1] > 0]
    maps = shadows.depth_maps(points, faces[:2], directions, 64)
    seen = np.empty((len(directions), 1))
    shadows.see_light(
        np.zeros((1, 3)), np.array([[0.0, 1.0, 0.0]]), maps.axes, maps.centre, maps.reach, maps.depths, 0.05, seen
    )
    a = 0.5
    hidden = 4 * 2 / (2 * np.pi) * a / np.hypot(1, a) * np.arctan(a / np.hypot(1, a))
    open_sky = (directions[:, 1] @ seen[:, 0]) / directions[:, 1].sum()
    assert 1 - open_sky == pytest.approx(hidden, abs=0.04)


def test_points_alone_cover_coarse_maps():
    x, z = np.meshgrid(np.linspace(-1, 1, 80), np.linspace(-1, 1, 80))
    points = np.stack([x.ravel(), 0.2 * x.ravel(), z.ravel()], axis=1)
    maps = shadows.depth_maps(points, None, np.array([[0.0, 1.0, 0.0]]), 16)
    half = 8 * np.array([1, 1]) / maps.reach
    assert np.isfinite(
        maps.depths[0][8 - int(half[0]) + 1 : 7 + int(half[0]), 8 - int(half[1]) + 1 : 7 + int(half[1])]
    ).all()


@pytest.mark.parametrize("kind", backdrop.BACKDROPS)
def test_backdrops_are_light_and_have_a_floor_below(kind):
    y, x = np.mgrid[0.4:-0.4:24j, -0.4:0.4:24j]
    rays = np.stack([x, y, -np.ones_like(x)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    origins = np.broadcast_to([0.0, 1.0, 3.0], rays.shape)
    light = lighting.random_light(np.random.default_rng(0), "overcast")
    found = backdrop.behind(kind, light, origins, rays, np.zeros(3), np.random.default_rng(1))
    assert np.isfinite(found.far).all() and found.far.min() >= 0
    assert (found.floor[0] == 0).all() and (kind == "plain" or (found.floor[-1] > 0.9).all())
    assert np.abs(found.points[-1, :, 1]).max() < 1e-9


def test_a_blur_keeps_what_there_is():
    image = np.zeros((21, 21, 1))
    image[10, 10] = 1
    soft = backdrop.blurred(image, 2)
    assert soft.sum() == pytest.approx(1) and soft.argmax() == 220 and soft[:, :, 0] == pytest.approx(soft[::-1, :, 0])
    assert backdrop.blurred(np.full((9, 9, 2), 0.3), 3) == pytest.approx(np.full((9, 9, 2), 0.3))


def test_tones_keep_their_order_and_do_not_clip():
    light = np.linspace(0, 6, 200)
    shown = development.tone_mapped(light)
    assert (np.diff(shown) > 0).all() and shown[0] == 0 and shown[-1] < 1


def test_compression_keeps_greys_and_loses_with_quality():
    """A flat grey survives; lower quality means a larger error; odd sizes work."""
    flat = np.full((19, 33, 3), 128, np.uint8)
    assert np.array_equal(development.compressed(flat, 50), flat)
    image = np.random.default_rng(0).integers(0, 256, (37, 50, 1), np.uint8).repeat(3, axis=2)
    errors = [np.abs(development.compressed(image, q).astype(int) - image).mean() for q in (100, 90, 60, 20)]
    assert errors[0] < 1.5 and errors == sorted(errors)


def test_dilation_goes_ring_by_ring():
    image, known = np.zeros((7, 7, 3), np.float32), np.zeros((7, 7), bool)
    image[3, 3], known[3, 3] = 0.5, True
    assert (dilated(image, known, 2)[1:6, 1:6] == 0.5).all() and not dilated(image, known, 2)[0].any()
