"""body.npz's noun: to arrays and back, and what is refused."""

import numpy as np
import pytest
import torch

from avatarkit import camera
from avatarkit.body import Pose
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.record import Model


def ana(**more):
    generator = torch.Generator().manual_seed(0)
    pose = Pose.from_full(torch.randn(55, 3, generator=generator) * 0.2, torch.tensor([0.0, 0.9, 0]))
    view = camera.framing(torch.tensor([[0.0, 0, 0], [0.3, 1.7, 0.2]]), (512, 512))
    return Person(
        Model("m", "0" * 64, "CC0-1.0"), torch.randn(26, generator=generator), torch.zeros(52), pose, view, **more
    )


def test_round_trip_is_exact():
    crop = np.arange(4 * 5 * 4, dtype=np.uint8).reshape(4, 5, 4)
    person = ana(residuals={"reprojection": 0.5}, crop=crop, crop_offset=(10, 20))
    again = Person.from_arrays(person.arrays())
    for key, array in person.arrays().items():
        assert np.array_equal(array, again.arrays()[key]), key
    assert again.camera.kind == "orthographic" and again.crop_offset == (10, 20)


def test_a_mesh_from_elsewhere_is_brought_to_the_body_once():
    """Centimetres with Z up, as its body was fitted; what a later stage has written already stays where it is."""
    vertices = torch.tensor([[0.3, 0.0, 0.1], [-0.3, 1.7, -0.1], [0.0, 0.9, 0.2]])
    to = np.array([[0.01, 0, 0, 0], [0, 0, 0.01, 0], [0, -0.01, 0, 0], [0, 0, 0, 1]])
    raw = torch.stack([100 * vertices[:, 0], -100 * vertices[:, 2], 100 * vertices[:, 1]], dim=1)
    person, faces = ana(world_from_mesh=to), torch.tensor([[0, 1, 2]])
    placed = person.placed(Mesh(raw, faces), vertices)
    assert torch.allclose(placed.vertices, vertices, atol=1e-5)
    assert person.placed(placed, vertices) is placed
    assert ana().placed(Mesh(raw, faces), vertices).vertices is raw


def test_the_keys_are_smplx_own():
    keys = set(ana().arrays())
    assert {"betas", "expression", "global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose"} < keys
    assert {"left_hand_pose", "right_hand_pose", "transl", "K", "cam_from_world", "image_size", "body_model"} < keys


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("betas", None),
        ("body_pose", np.zeros(66, np.float32)),
        ("transl", np.array([0, np.nan, 0], np.float32)),
        ("transl", np.array([0, 1e30, 0], np.float32)),
        ("betas", np.zeros(100_000, np.float32)),
        ("betas", np.array(["x"])),
        ("K", np.zeros((3, 3), np.float32)),
        ("camera", np.array("fisheye")),
        ("image_size", np.array([0, 5])),
        ("body_model", np.zeros(3)),
    ],
)
def test_the_key_at_fault_is_named(key, value):
    arrays = ana().arrays()
    if value is None:
        del arrays[key]
    else:
        arrays[key] = value
    with pytest.raises(BadData, match={"camera": "type", "image_size": "size"}.get(key, key)):
        Person.from_arrays(arrays)
