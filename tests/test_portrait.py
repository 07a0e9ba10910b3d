import numpy as np
import pytest
import torch
from solids import ball

from avatarkit import camera, portrait
from avatarkit.errors import UsageError
from avatarkit.maps import Maps, View
from avatarkit.mesh import Mesh, combined
from avatarkit.portrait import Style

SMALL = Style(size=(36, 48), supersampling=2)


def test_views_are_front_side_back_and_face_and_repeat_byte_for_byte():
    # a small ball beside the great one: to the person's left, in front, and the highest of all
    mesh = combined([ball(), ball(0.2, 8, (0.6, 1.1, 0.9))])
    views = portrait.views_of(mesh, SMALL)
    assert [image.shape for image in views] == [(48, 36, 3)] * 4
    middles = []
    for view in views[:3]:
        drawn = np.abs(view.astype(int) - view[:, :1]).max(axis=2) > 40
        rows, columns = np.nonzero(drawn)
        middles.append(columns[rows < rows.min() + 3].mean())
    assert middles[0] > 20 and middles[1] < 14 and middles[2] < 16  # right, left (the front is), left
    again = portrait.views_of(mesh, SMALL)
    assert all(np.array_equal(a, b) for a, b in zip(views, again, strict=True))


def test_a_body_of_any_width_stays_in_the_picture():
    wide = ball()
    wide = Mesh(wide.vertices * torch.tensor([3.0, 1.0, 0.5]), wide.faces)
    for view in portrait.turntable(wide, 4, SMALL):
        assert np.abs(view[:40].astype(int) - view[:40, 18:19]).max() > 0
    for image in portrait.views_of(wide, Style(size=(36, 48), supersampling=1, ground=False))[:3]:
        # the left and right edges are paper, each row alike
        assert np.array_equal(image[:, 0], image[:, -1])


def test_the_head_is_found_between_raised_hands():
    head = ball(0.12, 10, (0.0, 1.6, 0.05)).vertices
    hands = torch.cat([ball(0.05, 4, (x, 1.68, 0.0)).vertices for x in (-0.5, 0.5)])
    found = portrait.find_head(torch.cat([torch.zeros(1, 3), head, hands]))
    assert found[:, 0].abs().max() < 0.13 and found[:, 1].min() > 1.45


def test_a_mesh_with_one_highest_vertex_has_a_head():
    """A cone's top seventh is a point, without a height to frame."""
    found = portrait.find_head(torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 0, 1], [0.2, 1.4, 0.3]]))
    assert torch.allclose(found, torch.tensor([[0.2, 1.4, 0.3], [0.2, 1.2, 0.3]]))


def test_known_heads_are_used():
    mesh = ball()
    low = mesh.having(head=mesh.vertices[:, 1] < -0.9)
    style = Style("normals", (36, 48), 1)
    faces = [portrait.views_of(each, style)[3] for each in (mesh, low)]
    # the top of the ball faces up (green), its bottom down
    covered = [image[20:28, 14:22].reshape(-1, 3).astype(int) for image in faces]
    assert covered[0][:, 1].mean() > covered[1][:, 1].mean() + 40


def test_a_turntable_goes_from_the_front_to_the_person_left():
    colours = torch.zeros(len(ball().vertices), 3)
    colours[:, 0] = (ball().vertices[:, 0] > 0).float()  # the person's left is red
    frames = portrait.turntable(ball().having(colours=colours), 4, Style("texture", (36, 48), 1))
    assert frames.shape == (4, 48, 36, 3) and frames.dtype == np.uint8
    red = [int((frame[..., 0] > frame[..., 1].astype(int) + 40).sum()) for frame in frames]
    assert red[1] > 1.5 * red[0] > 0 and red[3] == 0
    middle = frames[0][24, :, 0].astype(int) - frames[0][24, :, 1]
    assert middle[22:28].min() > 40 > middle[8:14].max()


def maps(**bands):
    views = [camera.framing(ball().vertices, (8, 8), yaw=yaw) for yaw in (0, 0, 90)]
    surfaces = ("nearest", "farthest", "nearest")
    normals = np.zeros((3, 8, 8, 4), np.float32)
    normals[..., 2:] = 1
    return Maps(tuple(View(v, s) for v, s in zip(views, surfaces, strict=True)), normals, **bands)


def test_maps_are_named_by_the_side_that_they_show():
    (row,) = portrait.rows_of(maps(), 16)
    assert row[0] == ["normals, front", "normals, back, through front", "normals, left"]
    assert row[1][0][8, 8].tolist() == [128, 128, 255]


def test_a_style_has_a_known_mode():
    with pytest.raises(UsageError, match="--mode is 'wireframe', expected one of shaded"):
        Style.named("wireframe", 512)
    assert Style.named("parts", 512) == Style("parts", (384, 512))
