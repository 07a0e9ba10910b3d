"""Limbs drawn out of each other: what is inside gives way, what is seen stays."""

import torch
from solids import ball

from avatarkit.crossing import crossing_faces
from avatarkit.parting import parted


def cigars(apart, n=24):
    """Two upright cigars of radius 5 cm side by side in one mesh, their axes `apart` metres."""
    one = ball(0.05, n=n)
    long = one.vertices * torch.tensor([1.0, 4.0, 1.0])
    vertices = torch.cat([long, long + torch.tensor([apart, 0.003, 0.002])])
    return vertices, torch.cat([one.faces, one.faces + len(long)])


def nobody(vertices):
    return torch.zeros(len(vertices), dtype=torch.bool)


def bulged(vertices, home):
    """The cigars grown about their axes by a half, into each other, as sleeves are."""
    axis = torch.where(home[:, :1] < home[:, 0].mean(), home[: len(home) // 2].mean(0), home[len(home) // 2 :].mean(0))
    return axis + (vertices - axis) * torch.tensor([1.5, 1.0, 1.5])


def test_what_is_inside_of_another_limb_is_drawn_out_and_the_outside_stays():
    """Guards sleeves carved into the chest: a rim drawn home ring by ring had torn what is seen around it, too."""
    home, faces = cigars(0.115, n=40)
    vertices = bulged(home, home)
    assert int(crossing_faces(vertices, faces).sum()) > 100
    found = parted(vertices, faces, home, nobody(home))
    assert not crossing_faces(found, faces).any()
    moved = (found - vertices).norm(dim=1)
    outer = (vertices[:, 0] < 0.03) | (vertices[:, 0] > 0.085)  # they meet at 0.0575
    assert moved[outer].max() < 1e-6
    assert moved.max() < 0.03
    assert found[: len(home) // 2, 0].max() > 0.05  # not all the way home: they still meet in the middle


def test_what_lies_still_stays_where_the_other_limb_can_give_way():
    """Guards a hand in a sleeve, which keeps its shape."""
    home, faces = cigars(0.115)
    still = torch.arange(len(home)) < len(home) // 2
    vertices = torch.where(still[:, None], home, bulged(home, home))
    vertices[still] += torch.tensor([0.004, 0.0, 0.0])
    assert crossing_faces(vertices, faces).any()
    found = parted(vertices, faces, torch.where(still[:, None], vertices, home), still)
    assert not crossing_faces(found, faces).any()
    assert torch.equal(found[still], vertices[still])


def test_folds_are_smoothed_where_they_lie_not_drawn_home():
    """Guards trouser hems ten centimetres from the skin, which were torn when they were drawn home."""
    mesh = ball(0.05)
    vertices = 3 * mesh.vertices
    folded = vertices.clone()
    folded[600], folded[603] = 1.02 * vertices[603], vertices[600]
    assert crossing_faces(folded, mesh.faces).any()
    found = parted(folded, mesh.faces, mesh.vertices, nobody(vertices))
    assert not crossing_faces(found, mesh.faces).any()
    assert found.norm(dim=1).min() > 0.1


def test_what_does_not_cross_is_left_alone_and_no_home_makes_it_worse():
    home, faces = cigars(0.115)
    assert torch.equal(parted(home, faces, home, nobody(home)), home)
    vertices, faces = cigars(0.03, n=10)
    found = parted(vertices, faces, vertices, nobody(vertices))
    assert crossing_faces(found, faces).sum() <= crossing_faces(vertices, faces).sum()
