import numpy as np
import pytest
import torch
from solids import ball

from avatarkit import camera, drawing
from avatarkit.mesh import Mesh


def square(**more):
    """A square metre that faces +Z, its UVs glTF's: (0, 0) at its upper left for who looks at it."""
    vertices = torch.tensor([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    uv = torch.tensor([[0.0, 1], [1, 1], [1, 0], [0, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    return Mesh(vertices, faces, more.pop("attributes", {}), uv[faces], **more)


def front(mesh, size=(32, 32), **lens):
    return camera.framing(mesh.vertices, size, fill=0.8, **lens)


def test_normals_are_drawn_in_view_axes():
    image = drawing.draw(ball(), front(ball(), (64, 64)), "normals")
    assert np.abs(image[32, 32].astype(int) - [128, 128, 255, 255]).max() <= 4
    assert image[10, 32, 1] > 220 > 40 > image[53, 32, 1]  # green: up at the top
    assert image[32, 53, 0] > 220 > 40 > image[32, 10, 0]  # red: right at the right
    assert image[0, 0].tolist() == [0, 0, 0, 0]


def test_coverage_is_the_area():
    image = drawing.draw(ball(), front(ball(), (64, 64)), "normals", supersampling=4)
    covered = image[..., 3].sum() / 255
    assert covered == pytest.approx(np.pi * (0.4 * 64) ** 2, rel=0.01)
    assert ((image[..., 3] > 0) & (image[..., 3] < 255)).sum() > 50


def test_a_texture_lies_the_right_way_up():
    """Four colours: red upper left, green upper right, blue lower left, white lower right."""
    pixels = torch.tensor([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], dtype=torch.uint8)
    pixels = pixels.repeat_interleave(8, 0).repeat_interleave(8, 1)
    mesh = square(images={"base_colour": pixels})
    image = drawing.draw(mesh, front(mesh), "texture")[..., :3].astype(int)
    quarters = [image[10, 10], image[10, 22], image[22, 10], image[22, 22]]
    assert [q.argmax() for q in quarters[:3]] == [0, 1, 2]
    assert quarters[3].min() > 0.7 * quarters[3].max()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_vertex_colours_are_srgb_bytes_or_linear_floats(dtype):
    half = 188 if dtype == torch.uint8 else 0.5029  # sRGB 188 is 0.503 of the light
    mesh = square(attributes={"colours": torch.tensor([[half, 0, 0]]).expand(4, 3).to(dtype)})
    mesh = Mesh(mesh.vertices, mesh.faces, mesh.attributes)
    found = drawing.draw(mesh, front(mesh), "texture")[16, 16, 0]
    as_float = drawing.draw(mesh.having(colours=torch.full((4, 3), 0.5029)), front(mesh), "texture")[16, 16, 0]
    assert abs(int(found) - int(as_float)) <= 1


@pytest.mark.parametrize("name", ["_PART", "part"])
def test_parts_have_their_own_colours_without_blends(name):
    mesh = square(attributes={name: torch.tensor([0, 1, 1, 0])})
    image = drawing.draw(mesh, front(mesh), "parts", supersampling=1)
    left, right = image[16, 8, :3].astype(int), image[16, 24, :3].astype(int)
    assert np.abs(left - right).max() > 40
    inside = image[image[..., 3] == 255][:, :3].astype(int)
    nearest = np.minimum(np.abs(inside - left).max(1), np.abs(inside - right).max(1))
    assert nearest.max() < 25  # light varies a little, hues do not mix


@pytest.mark.parametrize("mode", ["texture", "parts"])
def test_a_mesh_without_paint_is_clay(mode):
    mesh = ball()
    assert np.array_equal(drawing.draw(mesh, front(mesh), mode), drawing.draw(mesh, front(mesh)))


def test_the_key_lamp_comes_from_the_upper_left_of_every_view():
    for yaw in (0, 120):
        image = drawing.draw(ball(), front(ball(), (64, 64), yaw=yaw))[..., :3].astype(int).sum(-1)
        assert image[18, 22] > 1.3 * image[46, 42]


def test_the_back_of_a_face_is_drawn_too():
    image = drawing.draw(square(), front(square(), yaw=180), "normals")
    assert image[16, 16].tolist() == [128, 128, 255, 255]


def test_a_window_of_a_drawing_equals_the_drawing_of_the_window():
    """Only the part of the image with vertices in it gets rays; the crop must not move anything."""
    mesh = ball(n=8)
    view = front(mesh, (40, 40))
    whole = drawing.draw(mesh, view)
    window = drawing.draw(mesh, camera.cropped(view, (-6, 11, 30, 20)))
    assert np.array_equal(window[:, 6:], whole[11:31, :24])


def test_what_is_out_of_sight_leaves_an_empty_image():
    view = camera.cropped(front(ball()), (100, 100, 8, 8))
    assert not drawing.draw(ball(), view).any()


def test_a_camera_inside_the_mesh_sees_its_inner_side():
    pose = camera.look_at(torch.tensor([0.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, -1.0]))
    image = drawing.draw(ball(), camera.perspective((16, 16), pose, fov=60), "normals")
    assert (image[..., 3] == 255).all()
    assert np.abs(image[8, 8].astype(int) - [128, 128, 255, 255]).max() <= 12


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="expected one of shaded"):
        drawing.draw(ball(), front(ball()), "wireframe")
