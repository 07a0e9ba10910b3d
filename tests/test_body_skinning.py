"""Skinning against its slow twin, as a rigid motion, and its gradients."""

import pytest
import torch
from twins import skinned_one_vertex_at_a_time

from avatarkit.body import PARENTS, blended, place_joints, rest_removed, skinned
from avatarkit.rotation import rotation_from_axis_angle

DOUBLE = torch.float64
CHAIN = tuple(range(-1, 10))  # 11 joints one below the other: four rounds of doubling


def random_case(parents: tuple[int, ...], V: int = 7, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    vertices, joints, turns = (
        torch.randn(n, 3, dtype=DOUBLE, generator=generator) for n in (V, len(parents), len(parents))
    )
    weights = torch.rand(V, len(parents), dtype=DOUBLE, generator=generator)
    return vertices, joints, turns, weights / weights.sum(1, keepdim=True)


@pytest.mark.parametrize("parents", [(-1,), (-1, 0), (-1, 0, 0, 1, 1), CHAIN, PARENTS], ids=len)
def test_equals_the_slow_twin(parents):
    vertices, joints, turns, weights = random_case(parents)
    slow_vertices, slow_joints = skinned_one_vertex_at_a_time(vertices, joints, turns, parents, weights)
    world_from_joint = place_joints(rotation_from_axis_angle(turns), joints, parents, torch.zeros(3, dtype=DOUBLE))
    torch.testing.assert_close(world_from_joint, slow_joints, atol=1e-12, rtol=0)
    fast = skinned(vertices, weights, rest_removed(world_from_joint, joints))
    torch.testing.assert_close(fast, slow_vertices, atol=1e-12, rtol=0)


def test_translation_moves_everything():
    vertices, joints, turns, weights = random_case(PARENTS)
    rotations, transl = rotation_from_axis_angle(turns), torch.tensor([1.0, -2.0, 3.0], dtype=DOUBLE)
    moved, still = (
        skinned(vertices, weights, rest_removed(place_joints(rotations, joints, PARENTS, t), joints))
        for t in (transl, torch.zeros(3, dtype=DOUBLE))
    )
    torch.testing.assert_close(moved, still + transl, atol=1e-12, rtol=0)


def test_batches_broadcast():
    vertices, joints, turns, weights = random_case(CHAIN)
    poses = torch.stack([turns, turns * 0.5, turns * 0]).reshape(3, 1, 11, 3)
    transl = torch.zeros(2, 3, dtype=DOUBLE)
    world_from_joint = place_joints(rotation_from_axis_angle(poses), joints, CHAIN, transl)
    assert world_from_joint.shape == (3, 2, 11, 4, 4)
    posed = skinned(vertices, weights, rest_removed(world_from_joint, joints))
    assert posed.shape == (3, 2, 7, 3) and posed.is_contiguous()
    torch.testing.assert_close(posed[2, 1], vertices, atol=1e-12, rtol=0)


def test_blending_a_few_directions():
    template, dirs = torch.zeros(2, 3), torch.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    assert blended(template, dirs, torch.tensor([1.0, 10.0])).tolist() == [[10, 54, 98], [142, 186, 230]]
    with pytest.raises(ValueError, match="5 coefficients for 4"):
        blended(template, dirs, torch.zeros(5))


def test_wrong_sizes_are_refused():
    vertices, joints, turns, weights = random_case(CHAIN)
    with pytest.raises(ValueError, match="10 parents for 11 joints"):
        place_joints(rotation_from_axis_angle(turns), joints, CHAIN[:-1], torch.zeros(3, dtype=DOUBLE))
    with pytest.raises(ValueError, match="expected shapes"):
        skinned(vertices, weights[:, :-1], torch.eye(4, dtype=DOUBLE).expand(11, 4, 4))


def test_gradients():
    vertices, joints, turns, weights = (x.requires_grad_() for x in random_case((-1, 0, 0, 1), V=3))

    def pose(vertices, joints, turns, weights, transl):
        world_from_joint = place_joints(rotation_from_axis_angle(turns), joints, (-1, 0, 0, 1), transl)
        return skinned(vertices, weights, rest_removed(world_from_joint, joints))

    transl = torch.zeros(3, dtype=DOUBLE, requires_grad=True)
    assert torch.autograd.gradcheck(pose, (vertices, joints, turns, weights, transl))
