"""Depth integrated from normals: exact shapes come back, edges stay edges, the prior says where it all is."""

import pytest
import torch

from avatarkit import camera as cameras
from avatarkit.depth import Grid, conjugate_gradients, integrated

SIZE, RADIUS = 96, 0.4


def seen_ball(camera):
    """View normals (2,H,W,3), mask and depths (2,H,W) of a ball of radius RADIUS about the origin, by exact rays."""
    rows, columns = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")
    pixels = torch.stack([columns, rows], -1).reshape(-1, 2).double()
    near = cameras.unproject(camera, pixels, torch.full((len(pixels),), 1.0).double())
    ahead = cameras.unproject(camera, pixels, torch.full((len(pixels),), 2.0).double()) - near
    a, b, c = ahead.square().sum(1), 2 * (near * ahead).sum(1), near.square().sum(1) - RADIUS**2
    under = b * b - 4 * a * c
    mask = (under > 0).reshape(SIZE, SIZE)
    roots = [(-b + sign * under.clamp(min=0).sqrt()) / (2 * a) for sign in (-1, 1)]
    points = [near + root[:, None] * ahead for root in roots]
    normals = torch.stack([cameras.view_normals(camera, point / RADIUS) for point in points])
    depths = torch.stack([cameras.project(camera, point)[1] for point in points])
    return normals.reshape(2, SIZE, SIZE, 3), mask, depths.reshape(2, SIZE, SIZE)


@pytest.fixture(params=["orthographic", "perspective"])
def camera(request):
    view = cameras.around(torch.zeros(3, dtype=torch.float64), distance=3.0)
    if request.param == "orthographic":
        return cameras.orthographic((SIZE, SIZE), view, metres_per_pixel=0.01)
    return cameras.perspective((SIZE, SIZE), view, focal=300.0)


def test_a_ball_comes_back_from_its_normals_and_one_known_point(camera):
    normals, mask, depths = seen_ball(camera)
    trust = torch.zeros_like(depths)
    trust[0, SIZE // 2, SIZE // 2] = 1.0  # all else, the back too, must follow from normals and the silhouette
    found = integrated(normals, mask, camera, depths, trust, prior_weight=1.0, iterations=60)
    core = torch.nn.functional.avg_pool2d(mask[None].double(), 5, 1, 2)[0] > 0.999
    error = (found - depths)[:, core].abs()
    assert error[0].mean() < 0.01 * RADIUS
    assert error[1].mean() < 0.05 * RADIUS


def test_a_far_plate_does_not_bend_towards_a_near_one_in_front_of_it():
    """Guards the two-sided weights: plain least squares smears the step over the whole plate."""
    camera = cameras.orthographic(
        (64, 64), cameras.around(torch.zeros(3).double(), distance=2.0), metres_per_pixel=0.01
    )
    tilted = torch.tensor([0.3, 0.0, 0.954]).double()
    depth = 2.0 + torch.arange(64).double() * 0.01 * 0.3 / 0.954
    depth = depth.expand(1, 64, 64).clone()
    depth[:, 20:44, 20:44] -= 0.2
    trust = torch.ones_like(depth)
    prior = depth + 0.01 * torch.sin(torch.arange(64.0).double() / 3)  # wavy: the normals know better
    mask = torch.ones(64, 64, dtype=torch.bool)
    normals = tilted.expand(1, 64, 64, 3)
    found = integrated(normals, mask, camera, prior, trust, prior_weight=1e-3, rounds=8)
    assert (found - depth).abs().mean() < 0.3 * (prior - depth).abs().mean()
    assert ((found[0, 32, 10] - found[0, 32, 32]) - (depth[0, 32, 10] - depth[0, 32, 32])).abs() < 0.02


def test_multigrid_finds_what_a_dense_solver_finds():
    generator = torch.Generator().manual_seed(0)
    H, W = 13, 10

    def some(*shape):
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    system = Grid(some(2, H, W - 1), some(2, H - 1, W), 0.01 * some(2, H, W), 0.1 * some(H, W))
    side = some(2, H, W)
    matrix = torch.stack([system.applied(unit.reshape(2, H, W)).reshape(-1) for unit in torch.eye(2 * H * W).double()])
    expected = torch.linalg.solve(matrix, side.reshape(-1)).reshape(2, H, W)
    assert torch.equal(matrix, matrix.T) or torch.allclose(matrix, matrix.T)
    assert torch.allclose(system.diagonal().reshape(-1), matrix.diagonal())
    found = conjugate_gradients(system, side, torch.zeros_like(side), 40)
    assert torch.allclose(found, expected, atol=1e-8 * expected.abs().max())


def test_outside_of_the_mask_is_the_priors_mean_and_an_empty_mask_is_harmless(camera):
    normals, mask, depths = seen_ball(camera)
    trust = mask.expand(2, -1, -1).double()
    found = integrated(normals, mask, camera, depths, trust)
    assert found[:, ~mask].unique().numel() == 1
    empty = integrated(normals, torch.zeros_like(mask), camera, depths, trust)
    assert empty.shape == depths.shape and bool(torch.isfinite(empty).all())


def test_a_prior_that_knows_nothing_is_refused(camera):
    normals, mask, depths = seen_ball(camera)
    with pytest.raises(ValueError, match="prior"):
        integrated(normals, mask, camera, depths, torch.zeros_like(depths))
