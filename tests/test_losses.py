"""The losses of carving: nothing where all agrees, numbers by hand, gradients."""

import torch
from solids import ball

from avatarkit.losses import normal_loss, offset_loss, outline_loss, skin_loss
from avatarkit.mesh import edges, face_normals, vertex_normals
from avatarkit.offsets import least_turns

FLAT = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]).double()
FACE = torch.tensor([[0, 1, 2]])


def test_a_face_in_the_plane_of_its_normal_costs_nothing_and_a_raised_corner_its_two_edges():
    up = torch.tensor([[0.0, 0, 1]]).double()
    weight = torch.tensor([2.0]).double()
    assert normal_loss(FLAT, FACE, up, weight) == 0
    raised = FLAT + torch.tensor([[0, 0, 0.1], [0, 0, 0], [0, 0, 0]]).double()
    assert torch.isclose(normal_loss(raised, FACE, up, weight), torch.tensor(0.5 * 2 * 2 * 0.1**2).double())


def test_clothes_equally_far_off_a_round_body_cost_far_less_than_their_directions_differ():
    body = ball(radius=0.2)
    normals, pairs = vertex_normals(body.vertices, body.faces), edges(body.faces).vertices
    weights, drift = torch.ones(len(pairs)), torch.zeros(len(pairs), 3)
    turned = least_turns(normals[pairs[:, 0]], normals[pairs[:, 1]])
    unturned = torch.eye(3).expand(len(pairs), 3, 3)
    offsets = 0.03 * normals
    with_turns = offset_loss(offsets, pairs, turned, weights, drift)
    assert with_turns < 1e-6 * offset_loss(offsets, pairs, unturned, weights, drift)


def test_outlines_count_across_alone_and_skin_inside_alone():
    g = torch.tensor([[1.0, 0, 0]])
    place, weight = torch.tensor([0.5]), torch.ones(1)
    assert outline_loss(torch.tensor([[0.5, 7, 7]]), g, place, weight) == 0
    assert torch.isclose(outline_loss(torch.tensor([[0.7, 7, 7]]), g, place, weight), torch.tensor(0.02))
    assert skin_loss(torch.tensor([[0.3, 0, 0]]), g, 0.2 * weight, weight) == 0
    assert torch.isclose(skin_loss(torch.tensor([[-0.3, 9, 0]]), g, 0.1 * weight, weight), torch.tensor(0.08))


def test_gradients_are_those_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    mesh = ball(n=3)
    x = torch.randn(mesh.vertices.shape, generator=generator, dtype=torch.float64, requires_grad=True)
    normals = face_normals(mesh.vertices, mesh.faces).double()
    pairs = edges(mesh.faces).vertices
    turns = torch.randn(len(pairs), 3, 3, generator=generator, dtype=torch.float64)
    ones, drift = torch.ones(len(pairs)).double(), torch.randn(len(pairs), 3, generator=generator).double()
    outwards = vertex_normals(mesh.vertices, mesh.faces).double()
    torch.autograd.gradcheck(lambda x: normal_loss(x, mesh.faces, normals, normals[:, 0].abs()), x)
    torch.autograd.gradcheck(lambda x: offset_loss(x, pairs, turns, ones, drift), x)
    torch.autograd.gradcheck(lambda x: skin_loss(x, outwards, 0 * outwards[:, 1], outwards[:, 1].abs()), x)
    torch.autograd.gradcheck(lambda x: outline_loss(x, outwards, outwards[:, 0], outwards[:, 1].abs()), x)
