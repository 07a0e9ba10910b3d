"""The offsets that agree best: where the losses' gradient vanishes; kept parts move as one."""

import torch
from solids import ball

from avatarkit import losses, offsets
from avatarkit.evidence import Evidence, Outline
from avatarkit.mesh import edges, face_normals, vertex_normals
from avatarkit.offsets import conjugate_gradients, least_turns, smoothed, solved, strained, system_of


def told(radius=0.2, kept=False):
    """A ball in float64 as a mesh to carve, what is wanted of it at random, and one kept part's linear map."""
    generator = torch.Generator().manual_seed(0)
    mesh = ball(radius, n=6)
    vertices = mesh.vertices.double()
    V, F = len(vertices), len(mesh.faces)
    part = torch.where((vertices[:, 1] > 0.1) & torch.tensor(kept), 0, -1)
    mesh = type(mesh)(vertices, mesh.faces).having(
        home=vertices, kept=part, template=torch.arange(V), bare=torch.rand(V, generator=generator).double()
    )
    mesh = mesh.having(ease=torch.zeros(V).double())
    wanted = face_normals(vertices, mesh.faces) + 0.3 * torch.randn(F, 3, generator=generator).double()
    at = torch.arange(0, V, 3)
    g = torch.nn.functional.normalize(torch.randn(len(at), 3, generator=generator).double(), dim=1)
    outline = Outline(at, g, (vertices[at] * g).sum(dim=1) + 0.02, torch.rand(len(at), generator=generator).double())
    trust = torch.rand(F, generator=generator).double()
    return mesh, Evidence(torch.nn.functional.normalize(wanted, dim=1), trust, [outline])


def energy(d, mesh, evidence, moved):
    """The sum of the losses, which the solver's matrix must be the second derivative of."""
    joined, home = edges(mesh.faces), mesh.attributes["home"]
    smooth = smoothed(vertex_normals(home, mesh.faces), joined.vertices)
    turns, weights, drift = strained(mesh, joined, moved, smooth)
    total = losses.normal_loss(home + d, mesh.faces, evidence.normals, evidence.trust)
    total = total + losses.offset_loss(d, joined.vertices, turns, weights, drift)
    for outline in evidence.outlines:
        x = (home + d)[outline.vertices]
        total = total + losses.outline_loss(x, outline.directions, outline.places, outline.weights)
    held = offsets.ANCHOR + offsets.BARE * mesh.attributes["bare"]
    slid = d - (d * smooth).sum(dim=1, keepdim=True) * smooth
    return total + 0.5 * (held[:, None] * d.square()).sum() + 0.5 * offsets.SLIDE * slid.square().sum()


def test_the_solver_finds_where_the_losses_gradient_vanishes():
    """Guards the matrix, which is written by hand, against the losses, which are differentiated."""
    for kept in (False, True):
        mesh, evidence = told(kept=kept)
        moved = {0: 1.05 * torch.eye(3).double()} if kept else {}
        joined = edges(mesh.faces)
        d = solved(mesh, joined, evidence, moved, iterations=400) - mesh.attributes["home"]
        d.requires_grad_(True)
        (gradient,) = torch.autograd.grad(energy(d, mesh, evidence, moved), d)
        assert d.abs().max() > 1e-3
        assert gradient.abs().max() < 1e-7 * d.detach().abs().max()


def test_the_blocks_of_the_diagonal_are_those_of_the_matrix():
    mesh, evidence = told()
    system = system_of(mesh, edges(mesh.faces), evidence, {})
    V = len(mesh.vertices)
    units = torch.eye(3 * V).double().reshape(3 * V, V, 3)
    matrix = torch.stack([system.applied(unit).reshape(-1) for unit in units])
    assert torch.allclose(matrix, matrix.T)
    blocks = torch.stack([matrix[3 * v : 3 * v + 3, 3 * v : 3 * v + 3] for v in range(V)])
    assert torch.allclose(system.diagonal(), blocks)
    expected = torch.linalg.solve(matrix, system.side.reshape(-1)).reshape(V, 3)
    assert torch.allclose(conjugate_gradients(system, torch.zeros(V, 3).double(), 400), expected, atol=1e-9)


def test_a_vertex_inside_of_the_body_is_pushed_out():
    mesh, evidence = told()
    quiet = Evidence(evidence.normals, 0 * evidence.trust, [])
    pressed = type(mesh)(0.9 * mesh.vertices, mesh.faces, mesh.attributes)
    outwards = vertex_normals(mesh.vertices, mesh.faces)
    at, places = torch.arange(5, 60, 7), (0.9 * mesh.vertices * outwards).sum(dim=1)[5:60:7]
    inwards = Outline(at, outwards[5:60:7], places, torch.ones_like(places))
    pulled = Evidence(quiet.normals, quiet.trust, [inwards])
    joined = edges(mesh.faces)
    found = solved(pressed, joined, pulled, {}, iterations=300)
    free = solved(mesh, joined, pulled, {}, iterations=300)
    assert found.norm(dim=1).mean() > free.norm(dim=1).mean()


def test_least_turns_take_one_normal_to_the_other_and_are_rotations():
    generator = torch.Generator().manual_seed(1)
    before, after = torch.nn.functional.normalize(torch.randn(2, 50, 3, generator=generator).double(), dim=-1)
    near = (before * after).sum(dim=1) > -0.85
    turns = least_turns(before, after)[near]
    assert torch.allclose((turns @ before[near, :, None])[..., 0], after[near])
    assert torch.allclose(turns @ turns.mT, torch.eye(3).double().expand_as(turns), atol=1e-9)
    opposite = least_turns(before, -before)
    assert bool(torch.isfinite(opposite).all())
