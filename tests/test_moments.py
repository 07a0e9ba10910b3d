from dataclasses import replace

import pytest
import torch

from avatarkit import mesh
from avatarkit.mesh import Mesh
from avatarkit.moments import Moments, stepped
from avatarkit.remesh import isotropic, remeshed, subdivided

LIMITS = (0.01, 0.5)
AXES = torch.cat([torch.eye(3), -torch.eye(3)]).double()
OCTAHEDRON = Mesh(
    AXES, torch.tensor([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]])
)


def ball() -> Mesh:
    found = subdivided(subdivided(OCTAHEDRON))
    return replace(found, vertices=mesh.unit(found.vertices))


def walked(shape: Mesh, target: torch.Tensor, steps: int, turn: torch.Tensor | None = None):
    """Gradients that pull each vertex to its own place, in a frame turned by `turn`."""
    turn = torch.eye(3).double() if turn is None else turn
    vertices, moments = shape.vertices @ turn.T, Moments.at_rest(shape.vertices, 0.2)
    for _ in range(steps):
        vertices, moments = stepped(moments, vertices, vertices - target @ turn.T, shape.faces, limits=LIMITS)
    return vertices, moments


def test_the_first_step_is_the_rate_times_the_length_along_the_gradient():
    """Adam's first step has length 1; 0.3 · min(1, 1 · 0.2) · 0.5 = 0.03 whatever the gradient's size."""
    gradient = torch.zeros(6, 3).double()
    gradient[0], gradient[1] = torch.tensor([3e-3, 0, 4e-3]), torch.tensor([0, 500.0, 0])
    vertices, moments = stepped(Moments.at_rest(AXES, 0.5), AXES, gradient, OCTAHEDRON.faces, limits=LIMITS)
    expected = AXES.clone()
    expected[0] -= 0.03 * torch.tensor([0.6, 0, 0.8]).double()
    expected[1] -= 0.03 * torch.tensor([0, 1.0, 0]).double()
    assert torch.allclose(vertices, expected, atol=1e-7)
    assert moments.step == 1 and torch.allclose(moments.second[:2].sqrt(), torch.tensor([5e-3, 500]).double())
    assert torch.allclose(moments.speed, torch.tensor([1.0, 1, 0, 0, 0, 0]).double(), atol=1e-5)
    # at speed 1 lengths grow by 1 + 0.2 · 0.7, but no further than 0.5; at rest they shrink by 1 - 0.2 · 0.3
    assert torch.allclose(moments.length, torch.tensor([0.5, 0.5, *[0.47] * 4]).double())


def test_it_turns_with_the_mesh():
    """Plain Adam does not: its step is the gradient's sign on each axis."""
    shape, generator = ball(), torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator).double())[0]
    target = shape.vertices * torch.tensor([1.5, 0.7, 1.0])
    (plain, first), (turned, second) = walked(shape, target, 12), walked(shape, target, 12, turn)
    assert float((plain - shape.vertices).abs().max()) > 0.1
    assert torch.allclose(turned, plain @ turn.T, atol=1e-9)
    assert torch.allclose(second.first, first.first @ turn.T, atol=1e-9)
    assert torch.allclose(second.length, first.length, atol=1e-9)


def test_it_arrives_and_then_asks_for_short_edges():
    shape = ball()
    target = shape.vertices * torch.tensor([1.5, 0.7, 1.0])
    vertices, moments = walked(shape, target, 60)
    assert float((vertices - target).norm(dim=1).max()) < 0.05
    assert float(moments.length.max()) < 0.2


def test_a_gradient_that_leaps_is_cut_to_ten_times_the_mean():
    quiet = Moments(torch.ones(6, 3).double() / 3**0.5, torch.ones(6).double(), torch.zeros(6), torch.ones(6), step=1)
    leap = torch.zeros(6, 3).double()
    leap[2, 0] = 1e9
    _, moments = stepped(quiet, AXES, leap, OCTAHEDRON.faces, limits=LIMITS)
    share = 0.2 / (1 - 0.8**2)
    assert float(moments.second[2]) == pytest.approx(1 - share + share * 100)
    fresh = replace(quiet, first=torch.zeros(6, 3).double())  # never pulled before: no mean to compare with
    assert float(stepped(fresh, AXES, leap, OCTAHEDRON.faces, limits=LIMITS)[1].first[2, 0]) > 1e8


def test_moments_go_through_remeshing_and_off_again():
    shape = ball()
    shape = shape.having(number=torch.arange(len(shape.vertices)))
    target = shape.vertices * 1.2
    vertices, moments = walked(shape, target, 3)
    found, carried = moments.after(remeshed(moments.on(replace(shape, vertices=vertices)), moments.length / 2))
    assert set(found.attributes) == {"number"} and carried.step == 3
    assert len(carried.first) == len(carried.length) == len(found.vertices) > len(shape.vertices)
    same = torch.isin(torch.arange(len(shape.vertices)), found.attributes["number"])
    assert bool(same.any()) and torch.allclose(carried.first[: len(shape.vertices)], moments.first, atol=1e-12)


def test_a_ball_becomes_an_ellipsoid_by_steps_and_remeshing():
    """The whole loop: closed throughout, near the truth, finer than it began."""
    shape, axes = ball(), torch.tensor([1.5, 0.7, 1.0]).double()
    moments = Moments.at_rest(shape.vertices, 0.4)
    for _ in range(40):
        p = shape.vertices
        # the gradient of half the squared distance to the ellipsoid, to first order
        value, slope = (p / axes).square().sum(dim=1, keepdim=True) - 1, 2 * p / axes.square()
        gradient = value * slope / slope.square().sum(dim=1, keepdim=True)
        vertices, moments = stepped(moments, p, gradient, shape.faces, limits=(0.1, 0.4))
        shape, moments = moments.after(remeshed(moments.on(replace(shape, vertices=vertices)), moments.length))
        assert mesh.is_closed(shape.faces) and mesh.is_manifold(shape.faces)
    assert float(((shape.vertices / axes).norm(dim=1) - 1).abs().max()) < 0.05
    assert len(shape.vertices) > 200
    assert len(isotropic(shape, 0.3).vertices) < len(shape.vertices)
