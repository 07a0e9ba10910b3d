import json
import math

import pytest
import torch

from avatarkit import camera
from avatarkit.errors import BadData

FLOAT64 = torch.float64
PERSON = torch.tensor([[-0.5, 0.1, -0.2], [0.7, 1.9, 0.2]])
"""Two corners of somebody's bounds: feet at y = 0.1 m, head at 1.9 m, the middle at (0.1, 1.0, 0.0)."""


def cameras_of_each_kind(size=(64, 48)):
    pose = camera.around(torch.tensor([0.1, 1.0, 0.0], dtype=FLOAT64), distance=3.0, yaw=30, elevation=20)
    return [
        camera.perspective(size, pose, focal=80.0, centre=(30.0, 25.5)),
        camera.orthographic(size, pose, metres_per_pixel=0.05, centre=(30.0, 25.5)),
    ]


@pytest.fixture(params=cameras_of_each_kind(), ids=lambda view: view.kind)
def view(request):
    return request.param


def some_points(count=20):
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(0), dtype=FLOAT64) * 2 - 0.5


def test_the_person_left_is_on_the_right_of_the_image_and_its_head_in_row_0():
    eye = torch.tensor([0.0, 1.0, 4.0])
    front = camera.perspective((200, 100), camera.look_at(eye, torch.tensor([0.0, 1.0, 0.0])), focal=100)
    points = torch.tensor([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    pixels, depth = camera.project(front, points)
    # centre, left hand (1 m at 4 m: 100 / 4 pixels), head (row 25, nearer the top), a nose 2 m nearer
    assert torch.allclose(pixels, torch.tensor([[100.0, 50], [125, 50], [100, 25], [100, 50]]), atol=1e-4)
    assert torch.allclose(depth, torch.tensor([4.0, 4, 4, 2]))


@pytest.mark.parametrize(
    "yaw, elevation, where",
    [(0, 0, (0, 0, 1)), (90, 0, (1, 0, 0)), (180, 0, (0, 0, -1)), (-90, 0, (-1, 0, 0)), (0, 30, (0, 0.5, 0.75**0.5))],
)
def test_yaw_goes_from_the_front_to_the_person_left_and_elevation_up(yaw, elevation, where):
    target = torch.tensor([0.1, 1.0, 0.2])
    pose = camera.around(target, distance=2.0, yaw=yaw, elevation=elevation)
    position = camera.orthographic((4, 4), pose, metres_per_pixel=1).position
    assert torch.allclose(position, target + 2 * torch.tensor(where), atol=1e-6)
    assert torch.allclose(pose[:3, :3] @ pose[:3, :3].T, torch.eye(3), atol=1e-6)
    assert pose[:3, :3].det() > 0.99  # a mirrored camera would pass every other test of lengths


def test_looking_along_up_has_no_answer():
    with pytest.raises(ValueError, match="parallel to up"):
        camera.look_at(torch.tensor([0.0, 1.0, 0.0]), torch.zeros(3))


@pytest.mark.parametrize("arguments", [{}, {"focal": 10.0, "fov": 30.0}])
def test_a_perspective_camera_has_either_focal_or_fov(arguments):
    with pytest.raises(ValueError, match="either focal"):
        camera.perspective((8, 8), torch.eye(4), **arguments)


def test_fov_is_vertical():
    assert torch.allclose(camera.perspective((400, 200), torch.eye(4), fov=90).K[0, 0], torch.tensor(100.0))


@pytest.mark.parametrize("elevation", [0, 0.0])
@pytest.mark.parametrize("yaw", [0, 90, 215])
def test_a_framed_person_is_450_of_512_pixels_high_and_centred(yaw, elevation):
    corners = torch.cartesian_prod(*PERSON.T)
    pixels, _ = camera.project(camera.framing(corners, (512, 512), yaw=yaw, elevation=elevation), corners)
    assert torch.allclose(pixels.amin(0)[1], torch.tensor(31.0), atol=1e-3)
    assert torch.allclose(pixels.amax(0)[1], torch.tensor(481.0), atol=1e-3)
    assert torch.allclose((pixels.amin(0) + pixels.amax(0)) / 2, torch.tensor([256.0, 256.0]), atol=1e-3)


def test_framing_takes_the_pelvis_for_x_and_z_and_the_middle_for_y():
    view = camera.framing(PERSON, (512, 512), centre=torch.tensor([0.3, 55.0, 0.4]))
    pixels, _ = camera.project(view, torch.tensor([0.3, 1.0, 0.4]))
    assert torch.allclose(pixels, torch.tensor([256.0, 256.0]), atol=1e-3)


def test_a_perspective_framing_has_its_scale_in_the_plane_of_the_target():
    view = camera.framing(PERSON, (300, 512), kind="perspective", fov=35)
    pixels, _ = camera.project(view, torch.tensor([[0.1, 0.1, 0.0], [0.1, 1.9, 0.0]]))
    assert torch.allclose(pixels[:, 1], torch.tensor([481.0, 31.0]), atol=1e-3)


@pytest.mark.parametrize("height", [0.0, float("nan")])
def test_points_without_height_cannot_be_framed(height):
    with pytest.raises(BadData, match="expected a finite positive height"):
        camera.framing(torch.tensor([[0.0, 0, 0], [1, height, 0]]), (8, 8))


def test_a_ring_is_framings_at_equal_yaw():
    views = camera.ring(4, PERSON, (512, 512), elevation=10)
    once = camera.framing(PERSON, (512, 512), yaw=90, elevation=10)
    assert len(views) == 4
    assert torch.equal(views[1].cam_from_world, once.cam_from_world)
    assert all(torch.equal(view.K, views[0].K) for view in views)


def test_unproject_undoes_project(view):
    points = some_points()
    pixels, depth = camera.project(view, points)
    assert torch.allclose(camera.unproject(view, pixels, depth), points, atol=1e-12)


def test_projecting_has_the_right_gradient(view):
    torch.autograd.gradcheck(lambda points: camera.project(view, points), some_points(4).requires_grad_())


def test_a_point_in_the_plane_of_the_camera_stays_finite():
    view = camera.perspective((8, 8), torch.eye(4), focal=8)
    points = torch.zeros(1, 3, requires_grad=True)
    pixels, _ = camera.project(view, points)
    pixels.sum().backward()
    assert torch.isfinite(pixels).all() and torch.isfinite(points.grad).all()


def test_rays_go_through_pixel_centres(view):
    origins, directions = camera.rays(view)
    assert origins.shape == directions.shape == (48, 64, 3)
    assert torch.allclose(directions.norm(dim=-1), torch.ones(48, 64, dtype=FLOAT64))
    pixels, depth = camera.project(view, origins + 2.5 * directions)
    assert torch.allclose(pixels[7, 11], torch.tensor([11.5, 7.5], dtype=FLOAT64), atol=1e-9)
    assert torch.allclose(pixels, camera.pixel_centres(view.size, view.K), atol=1e-9)
    assert (depth > 0).all()


def test_clip_space_is_the_image_without_any_flip(view):
    """NDC (-1, -1) is the top left corner: with y up, as in OpenGL, each nvdiffrast image would be upside down."""
    points = some_points()
    homogeneous = torch.cat([points, torch.ones(20, 1, dtype=FLOAT64)], dim=1)
    clip = homogeneous @ camera.clip_from_world(view, 0.5, 9.0).T
    ndc = clip[:, :3] / clip[:, 3:]
    pixels, depth = camera.project(view, points)
    assert torch.allclose((ndc[:, :2] + 1) / 2 * torch.tensor(view.size), pixels, atol=1e-9)
    assert (ndc[depth.argsort(), 2].diff() > 0).all()


def test_depth_reaches_from_minus_1_to_1(view):
    for depth, expected in ((0.5, -1.0), (9.0, 1.0)):
        point = camera.unproject(view, torch.tensor([3.0, 4.0], dtype=FLOAT64), torch.tensor(depth, dtype=FLOAT64))
        clip = camera.clip_from_world(view, 0.5, 9.0) @ torch.cat([point, torch.ones(1, dtype=FLOAT64)])
        assert torch.allclose(clip[2] / clip[3], torch.tensor(expected, dtype=FLOAT64))


@pytest.mark.parametrize("near, far", [(1.0, 1.0), (2.0, 1.0), (0.0, 1.0)])
def test_near_and_far_must_be_in_order(near, far):
    with pytest.raises(ValueError, match="0 < near < far"):
        camera.clip_from_world(camera.perspective((8, 8), torch.eye(4), focal=8), near, far)


@pytest.mark.parametrize("yaw", [0, 140])
def test_view_normals_are_x_right_y_up_z_to_the_viewer(yaw):
    view = camera.framing(PERSON, (8, 8), yaw=yaw)
    angle = math.radians(yaw)
    to_camera, up = [math.sin(angle), 0.0, math.cos(angle)], [0.0, 1.0, 0.0]
    right = [math.cos(angle), 0.0, -math.sin(angle)]
    found = camera.view_normals(view, torch.tensor([right, up, to_camera]))
    assert torch.allclose(found, torch.eye(3), atol=1e-6)


def test_a_farthest_normal_keeps_x_and_turns_to_the_viewer():
    view = camera.framing(PERSON, (8, 8))
    back = torch.tensor([0.6, 0.0, -0.8])
    assert torch.allclose(camera.view_normals(view, back, "farthest"), torch.tensor([0.6, 0.0, 0.8]), atol=1e-6)


@pytest.mark.parametrize("surface", ["nearest", "farthest"])
def test_world_normals_undo_view_normals(view, surface):
    normals = some_points()
    there = camera.view_normals(view, normals, surface)
    assert torch.allclose(camera.world_normals(view, there, surface), normals, atol=1e-12)


def test_resizing_and_cropping_move_the_same_point(view):
    points = some_points()
    pixels, _ = camera.project(view, points)
    larger, _ = camera.project(camera.resized(view, (128, 24)), points)
    assert torch.allclose(larger, pixels * torch.tensor([2.0, 0.5], dtype=FLOAT64), atol=1e-9)
    window = camera.cropped(view, (10, -5, 20, 30))
    assert window.size == (20, 30)
    assert torch.allclose(camera.project(window, points)[0], pixels - torch.tensor([10.0, -5.0], dtype=FLOAT64))


def test_json_keeps_every_bit(view):
    view = view.to(torch.zeros(1))
    read = camera.from_json(json.loads(json.dumps(camera.to_json(view))))
    assert (read.kind, read.size) == (view.kind, view.size)
    assert torch.equal(read.K, view.K) and torch.equal(read.cam_from_world, view.cam_from_world)


MIRROR = [[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"type": "fisheye"}, "type is 'fisheye'"),
        ({"size": [64]}, "size is"),
        ({"size": [64, 0]}, "size is"),
        ({"size": [True, True]}, "size is"),
        ({"size": [1 << 20, 4]}, "size is"),
        ({"K": [[1, 0, 0], [0, 1, 0]]}, "K is"),
        ({"K": [[0, 0, 0], [0, 1, 0], [0, 0, 1]]}, "K is"),
        ({"K": [[1, 0, 0], [0, 1, 0], [0, 0, 2]]}, "K is"),
        ({"K": [[1, 0, "0"], [0, 1, 0], [0, 0, 1]]}, "K is"),
        ({"K": [[float("nan"), 0, 0], [0, 1, 0], [0, 0, 1]]}, "K is"),
        ({"K": [[10**400, 0, 0], [0, 1, 0], [0, 0, 1]]}, "K is"),
        ({"cam_from_world": MIRROR}, ".*expected a rotation"),
        ({"cam_from_world": [[2, 0, 0, 0], *MIRROR[1:]]}, ".*expected a rotation"),
        ({"cam_from_world": None}, "cam_from_world is None"),
    ],
)
def test_a_malformed_camera_is_named(change, message):
    fields = camera.to_json(camera.framing(PERSON, (64, 64)))
    with pytest.raises(BadData, match=r"^views\[3\]: " + message):
        camera.from_json({**fields, **change}, where="views[3]")


def test_what_is_no_object_is_no_camera():
    with pytest.raises(BadData, match="camera: found list"):
        camera.from_json([])


@pytest.mark.parametrize(
    "arguments",
    [("fisheye", torch.eye(3), torch.eye(4), (4, 4)), ("perspective", torch.eye(3), torch.eye(4), (0, 4))],
)
def test_a_camera_of_nonsense_is_refused(arguments):
    with pytest.raises(ValueError, match="camera: "):
        camera.Camera(*arguments)
