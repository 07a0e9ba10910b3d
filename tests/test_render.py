"""The renderer against a twin that tries every triangle, against Embree, and against finite differences."""

import math
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch
from conftest import ROOT
from twins import interpolated_pixel_by_pixel, rasterised_pixel_by_pixel

from avatarkit import camera, files, mesh
from avatarkit import render as engine
from avatarkit.errors import NotInstalled
from avatarkit.kernels import cache_folder
from avatarkit.render import frame, nvdiffrast, silhouettes
from avatarkit.surface import Surface


@dataclass
class Shape:
    vertices: torch.Tensor
    faces: torch.Tensor


@cache
def body() -> Shape:
    model = files.read_body_model("builtin")
    return Shape(model.v_template.float(), model.faces.long())


@cache
def icosphere(level: int) -> Shape:
    g = (1 + math.sqrt(5)) / 2
    corners = [(-1, g, 0), (1, g, 0), (-1, -g, 0), (1, -g, 0), (0, -1, g), (0, 1, g)]
    corners += [(0, -1, -g), (0, 1, -g), (g, 0, -1), (g, 0, 1), (-g, 0, -1), (-g, 0, 1)]
    fan = "0 11 5 0 5 1 0 1 7 0 7 10 0 10 11 1 5 9 5 11 4 11 10 2 10 7 6 7 1 8 3 9 4 3 4 2 3 2 6 3 6 8 3 8 9"
    fan += " 4 9 5 2 4 11 6 2 10 8 6 7 9 8 1"
    vertices, faces = np.array(corners), np.array(fan.split(), int).reshape(-1, 3)
    for _ in range(level):
        ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        edges, place = np.unique(ends, axis=0, return_inverse=True)
        middle = len(vertices) + place.reshape(-1, 3)
        vertices = np.concatenate([vertices, vertices[edges].mean(axis=1)])
        (a, b, c), (ab, bc, ca) = faces.T, middle.T
        faces = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    vertices = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    return Shape(torch.tensor(vertices).float(), torch.tensor(faces))


def grid(n: int, size: float, seed: int = 0) -> Shape:
    """n x n squares of a plane, their inner vertices moved within it."""
    line = torch.linspace(-size, size, n + 1)
    y, x = torch.meshgrid(line, line, indexing="ij")
    vertices = torch.stack([x, y, torch.zeros_like(x)], dim=-1)
    moved = 0.3 * size / n * torch.randn(n - 1, n - 1, 2, generator=torch.Generator().manual_seed(seed))
    vertices[1:-1, 1:-1, :2] += moved
    at = torch.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = (t.reshape(-1) for t in (at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]))
    return Shape(vertices.reshape(-1, 3), torch.cat([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)]))


def front(size: int, pixels_per_metre: float, **at: float) -> camera.Camera:
    pose = camera.around(torch.zeros(3), distance=4.0, **at)
    return camera.orthographic((size, size), pose, metres_per_pixel=1 / pixels_per_metre)


def through(view: camera.Camera, vertices: torch.Tensor, near: float = 0.1, far: float = 100.0) -> torch.Tensor:
    """Clip-space vertices (1,V,4)."""
    ones = torch.ones_like(vertices[:, :1])
    return (torch.cat([vertices, ones], dim=1) @ camera.clip_from_world(view, near, far).to(vertices).T)[None]


def soup(seed: int, count: int, spread: float) -> Shape:
    generator = torch.Generator().manual_seed(seed)
    vertices = spread * (torch.rand(3 * count, 3, generator=generator) - 0.5)
    return Shape(vertices, torch.arange(3 * count).reshape(-1, 3))


@pytest.mark.parametrize("kind", ["orthographic", "perspective"])
@pytest.mark.parametrize("surface", ["nearest", "farthest"])
def test_a_triangle_soup_looks_like_its_twin(kind, surface):
    shape, size = soup(3, 9, 1.6), (23, 17)
    pose = camera.around(torch.zeros(3), distance=3.0, yaw=20)
    lens = {"metres_per_pixel": 0.07} if kind == "orthographic" else {"fov": 30.0}
    view = getattr(camera, kind)(size, pose, **lens)
    clip = through(view, shape.vertices)
    rast = engine.rasterize(clip, shape.faces, size, surface=surface)[0]
    twin = rasterised_pixel_by_pixel(clip[0].double(), shape.faces, size, surface == "farthest")
    same = rast[..., 3] == twin[..., 3]
    assert 0.2 < (twin[..., 3] > 0).double().mean() < 0.95
    assert (~same).sum() <= 1  # a centre within 1/256 pixel of an edge
    torch.testing.assert_close(rast[same].double(), twin[same], atol=1e-3, rtol=1e-4)


def test_triangles_are_cut_at_the_near_plane_and_not_dropped():
    vertices = torch.tensor([[-3.0, -1, 1], [3, -1, 1], [0, -1, -30]])  # a floor from behind the camera to far ahead
    view = camera.perspective((32, 24), torch.diag(torch.tensor([1.0, -1, -1, 1])), fov=60)
    faces = torch.tensor([[0, 1, 2]])
    clip = through(view, vertices)
    rast = engine.rasterize(clip, faces, view.size)[0]
    twin = rasterised_pixel_by_pixel(clip[0].double(), faces, view.size)
    assert (rast[..., 3] != twin[..., 3]).sum() <= 1 and twin[-1, :, 3].sum() > 10
    covered = (rast[..., 3] > 0) & (twin[..., 3] > 0)
    torch.testing.assert_close(rast[covered].double(), twin[covered], atol=1e-4, rtol=1e-3)
    image, coverage = engine.render(vertices, faces, [view], vertices, near=0.1)
    torch.testing.assert_close(coverage[0], rast[..., 3], atol=1.0, rtol=0)
    torch.testing.assert_close(image[0], engine.interpolate(vertices, rast[None], faces)[0], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("kind", ["orthographic", "perspective"])
def test_gradients_inside_are_the_twins(kind):
    shape, generator = grid(4, 1.2), torch.Generator().manual_seed(1)
    pose = camera.around(torch.zeros(3), distance=3.0, yaw=10, elevation=20)
    lens = {"metres_per_pixel": 0.06} if kind == "orthographic" else {"focal": 60.0}
    view = getattr(camera, kind)((16, 12), pose, **lens)
    colours = torch.rand(len(shape.vertices), 3, generator=generator)
    weights = torch.randn(1, 12, 16, 3, generator=generator)
    vertices, painted = shape.vertices.clone().requires_grad_(), colours.clone().requires_grad_()
    image, coverage = engine.render(vertices, shape.faces, [view], painted)
    assert coverage.min() == 1
    (image * weights).sum().backward()
    slow, slow_painted = shape.vertices.double().requires_grad_(), colours.double().requires_grad_()
    rast = rasterised_pixel_by_pixel(through(view, slow)[0], shape.faces, view.size)
    twin = interpolated_pixel_by_pixel(slow_painted, rast, shape.faces)
    torch.testing.assert_close(image[0].double(), twin, atol=1e-5, rtol=1e-5)
    (twin * weights[0].double()).sum().backward()
    assert (vertices.grad - slow.grad).norm() < 1e-3 * slow.grad.norm()
    assert (painted.grad - slow_painted.grad).norm() < 1e-4 * slow_painted.grad.norm()


def test_the_operators_and_the_fused_renderer_agree():
    shape, view = icosphere(1), front(40, 15, yaw=30)
    colours = torch.rand(len(shape.vertices), 3, generator=torch.Generator().manual_seed(0))
    weights = torch.randn(1, 40, 40, 3, generator=torch.Generator().manual_seed(1))
    images, gradients = [], []
    for fused in (True, False):
        vertices, painted = shape.vertices.clone().requires_grad_(), colours.clone().requires_grad_()
        if fused:
            image, _ = engine.render(vertices, shape.faces, [view], painted)
        else:
            clip = through(view, vertices)
            rast = engine.rasterize(clip, shape.faces, view.size)
            image = engine.interpolate(painted, rast, shape.faces)
            image = engine.antialias(image, rast, clip, shape.faces)
        (image * weights).sum().backward()
        images.append(image.detach())
        gradients.append((vertices.grad, painted.grad))
    torch.testing.assert_close(*images, atol=1e-4, rtol=1e-4)
    for fast, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, slow, atol=2e-3 * float(slow.abs().max()), rtol=1e-3)


def test_the_l1_loss_is_that_of_the_images():
    shape, views = icosphere(2), [front(32, 12), front(32, 12, yaw=80)]
    generator = torch.Generator().manual_seed(0)
    targets, masks = torch.rand(2, 32, 32, 3, generator=generator), torch.rand(2, 32, 32, generator=generator)
    weights, found = torch.rand(2, 32, 32, generator=generator), []
    for fused in (True, False):
        vertices, painted = shape.vertices.clone().requires_grad_(), shape.vertices.clone().requires_grad_()
        if fused:
            loss = engine.render_l1(
                vertices, shape.faces, views, painted, targets, masks, weights=weights, mask_weight=0.5
            )
        else:
            image, coverage = engine.render(vertices, shape.faces, views, painted)
            loss = (weights[..., None] * (image - targets).abs()).mean()
            loss = loss + 0.5 * (weights * (coverage - masks).abs()).mean()
        (3 * loss).backward()
        found.append((loss.detach(), vertices.grad, painted.grad))
    for fast, slow in zip(*found, strict=True):
        torch.testing.assert_close(fast, slow, atol=1e-6, rtol=1e-4)


def test_the_body_covers_what_embree_sees():
    shape = body()
    for yaw in (0, 90):
        view = camera.framing(shape.vertices, (512, 512), yaw=yaw)
        rast = engine.rasterize(through(view, shape.vertices), shape.faces, view.size)[0]
        origins, directions = camera.rays(view)
        face = Surface(shape.vertices, shape.faces).cast(origins, directions).face
        assert ((rast[..., 3] > 0) != (face >= 0)).sum() <= 5
        assert (rast[..., 3].long() - 1 == face).double().mean() > 0.999


@pytest.mark.parametrize("level", [0, 2, 5])
def test_a_sphere_has_no_hole(level):
    shape = icosphere(level)
    for yaw in (0.0, 33.0, 71.0):
        rast = engine.rasterize(through(front(128, 50, yaw=yaw, elevation=17), shape.vertices), shape.faces, (128, 128))
        covered = (rast[0, ..., 3] > 0).numpy()
        y, x = np.mgrid[:128, :128] + 0.5
        inside = np.hypot(x - 64, y - 64) < 50 * (0.79 if level == 0 else 0.93) - 1
        assert covered[inside].all()
        runs = np.diff(covered.astype(int), axis=1, prepend=0, append=0)
        assert ((runs == 1).sum(axis=1) <= 1).all()  # convex: a row has no gap


def test_a_plane_covers_each_pixel_exactly_once():
    shape = grid(10, 1.25)
    shape.vertices[:, :2] = (shape.vertices[:, :2] * 16).round() / 16 + 1 / 32  # all vertices in pixels' centres
    view = front(48, 16)
    pixels, _ = camera.project(view, shape.vertices)
    alone = torch.zeros(48, 48)
    for start in range(len(shape.faces)):
        rast = engine.rasterize(through(view, shape.vertices), shape.faces[start : start + 1], view.size)
        alone += rast[0, ..., 3] > 0
    low, high = pixels.amin(0), pixels.amax(0)
    centres = camera.pixel_centres(view.size, pixels)
    within = ((centres > low) & (centres < high)).all(dim=-1)
    assert (alone[within] == 1).all() and within.sum() > 500


def test_bytes_do_not_depend_on_the_number_of_threads():
    shape, before = body(), torch.get_num_threads()
    views = camera.ring(3, shape.vertices, (200, 200))
    results = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        vertices = shape.vertices.clone().requires_grad_()
        normals = engine.vertex_normals(vertices, engine.Topology.of(shape.faces, len(vertices)))
        image, coverage = engine.render(vertices, shape.faces, views, normals)
        loss = engine.render_l1(vertices, shape.faces, views, normals, image.detach() * 0.9, coverage.detach() * 0.9)
        (loss + image.square().sum()).backward()
        results.append(b"".join(t.detach().numpy().tobytes() for t in (image, coverage, loss, vertices.grad)))
    torch.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_nearest_and_farthest_share_one_silhouette():
    shape = body()
    view = camera.framing(shape.vertices, (256, 256), yaw=20)
    image, coverage = engine.render(shape.vertices, shape.faces, [view], shape.vertices, surface="both")
    assert image.shape == (1, 2, 256, 256, 3)
    assert torch.equal(coverage[0, 0], coverage[0, 1])
    rast = engine.rasterize(through(view, shape.vertices), shape.faces, view.size, surface="both")[0]
    seen = rast[0, ..., 3] > 0
    assert torch.equal(seen, rast[1, ..., 3] > 0)
    assert (rast[1, ..., 2] >= rast[0, ..., 2]).all() and (rast[1] != rast[0]).any(dim=-1)[seen].double().mean() > 0.99
    one, _ = engine.render(shape.vertices, shape.faces, [view], shape.vertices, surface="farthest")
    assert (one[0] - image[0, 1]).abs().amax(dim=-1).gt(1e-6).float().mean() < 5e-3


def supersampled(vertices, faces, view, n=4):
    """(H,W) float64: how much of a pixel is covered, by n x n samples."""
    fine = camera.resized(view, (n * view.size[0], n * view.size[1]))
    covered = engine.rasterize(through(fine, vertices), faces, fine.size)[0, ..., 3] > 0
    return covered.double().reshape(view.size[1], n, view.size[0], n).mean(dim=(1, 3))


@pytest.mark.parametrize("name", ["sphere", "body"])
def test_silhouettes_move_as_finite_differences_say(name):
    """Only the edges of the visible triangle: a third of the body's silhouette was seen, d(scale) 11 instead of 28."""
    shape = body() if name == "body" else icosphere(3)
    view = camera.framing(shape.vertices, (512, 512)) if name == "body" else front(64, 24.3, yaw=10, elevation=5)
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in view.size[::-1]), indexing="ij")
    weight = (x + 0.5 * y + 0.3).double()
    vertices = shape.vertices.clone().requires_grad_()
    _, coverage = engine.render(vertices, shape.faces, [view], torch.ones(len(vertices), 1))
    (coverage[0] * weight).sum().backward()
    pixel, fixed = 1 / float(view.K[0, 0]), shape.vertices
    centre = (fixed.amax(0) + fixed.amin(0)) / 2
    analytic, finite = [], []
    for mode in (torch.eye(3)[0].expand_as(fixed), torch.eye(3)[1].expand_as(fixed), fixed - centre):
        step = 0.75 * pixel / float(mode.abs().max()) * mode
        ends = [(supersampled(fixed + change, shape.faces, view) * weight).sum() for change in (step, -step)]
        analytic.append(float((vertices.grad * step).sum()))
        finite.append(float(ends[0] - ends[1]) / 2)
    assert math.dist(analytic, finite) < 0.05 * math.hypot(*finite)


@pytest.mark.parametrize("surface", ["nearest", "both"])
def test_marks_leave_out_no_silhouette(surface):
    """The pairs of pixels that `rasterise` marks, and as the slow twin all of them."""
    shape = soup(1, 25, 1.6) if surface == "both" else body()
    view = front(61, 30) if surface == "both" else camera.framing(shape.vertices, (203, 203), yaw=20)
    topology = engine.Topology.of(shape.faces, len(shape.vertices))
    seen = frame.look(shape.vertices, topology, *frame.pixel_matrices([view], 0.01), view.size, surface)
    scene, found = seen.scene(frame.UNPAINTED, frame.UNPAINTED[0]), []
    assert 0 < (seen.parted > 0).mean() < 0.4
    for _ in range(2):
        counts, places, shares = frame.with_silhouettes(seen, silhouettes.search, scene)
        listed = np.arange(places.shape[1]) < counts[:, None]
        found.append((places[listed].copy(), shares[listed].copy()))
        seen.parted[..., : view.size[0]] = silhouettes.RIGHTWARDS | silhouettes.DOWNWARDS
    assert len(found[0][0]) > 100
    for fast, slow in zip(*found, strict=True):
        np.testing.assert_array_equal(fast, slow)


def test_an_interrupt_inside_a_kernel_is_harmless():
    shape, views = icosphere(3), [front(512, 200, yaw=20 * n) for n in range(4)]
    before, _ = engine.render(shape.vertices, shape.faces, views, shape.vertices)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            engine.render(shape.vertices, shape.faces, views, shape.vertices)
    after, _ = engine.render(shape.vertices, shape.faces, views, shape.vertices)
    assert torch.equal(before, after)


def test_bad_geometry_is_harmless():
    good = torch.tensor([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]])
    bad = torch.tensor([[math.nan, 0, 0], [math.inf, 0, 0], [1e38, 1e38, 1e38], [0, 0, 50], [0.1, 0, 60], [5e5, 0, 0]])
    vertices = torch.cat([good, bad, good[:1]])
    faces = torch.tensor([[0, 1, 2], [0, 1, 3], [4, 1, 2], [0, 5, 2], [0, 0, 1], [6, 7, 6], [0, 9, 1], [1, 1, 1]])
    for view in (front(24, 10), camera.perspective((24, 24), camera.around(torch.zeros(3), distance=4.0), fov=40)):
        moved = vertices.clone().requires_grad_()
        colours = torch.ones(len(vertices), 2, requires_grad=True)
        image, coverage = engine.render(moved, faces, [view], colours)
        (image.sum() + coverage.square().sum()).backward()
        want, _ = engine.render(good, faces[:1], [view], torch.ones(3, 2))
        assert torch.isfinite(image).all() and torch.isfinite(moved.grad).all() and torch.isfinite(colours.grad).all()
        assert (image[0] - want[0]).abs().max() < 1e-5 and want.max() == 1


def test_an_empty_mesh_is_background():
    view, vertices = front(8, 10), torch.zeros(0, 3, requires_grad=True)
    image, coverage = engine.render(
        vertices, torch.zeros(0, 3).long(), [view], torch.zeros(0, 3), background=(0.1, 0.2, 0.3)
    )
    (image.sum() + coverage.sum()).backward()
    assert torch.equal(image, torch.tensor([0.1, 0.2, 0.3]).expand(1, 8, 8, 3)) and coverage.sum() == 0
    rast = engine.rasterize(torch.zeros(1, 0, 4), torch.zeros(0, 3).long(), (5, 4))
    assert rast.shape == (1, 4, 5, 4) and rast.abs().sum() == 0


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (3, 40)])
def test_small_images_work(size):
    view = camera.orthographic(size, camera.around(torch.zeros(3), distance=3.0), metres_per_pixel=0.1)
    image, coverage = engine.render(icosphere(1).vertices, icosphere(1).faces, [view], icosphere(1).vertices)
    assert image.shape == (1, size[1], size[0], 3) and coverage[0, size[1] // 2, size[0] // 2] == 1


def test_normals_are_those_of_the_mesh():
    shape = icosphere(2)
    vertices = torch.cat([shape.vertices, torch.zeros(1, 3)])  # and one without faces
    g = torch.randn(len(vertices), 3, generator=torch.Generator().manual_seed(0))
    fast, slow = (vertices.clone().to(dtype).requires_grad_() for dtype in (torch.float32, torch.float64))
    normals = engine.vertex_normals(fast, engine.Topology.of(shape.faces, len(vertices)))
    twin = mesh.vertex_normals(slow, shape.faces)
    (normals * g).sum().backward()
    (twin * g).sum().backward()
    torch.testing.assert_close(normals.double(), twin, atol=1e-6, rtol=0)
    torch.testing.assert_close(fast.grad.double(), slow.grad, atol=1e-5, rtol=1e-5)


def test_topology_of_a_fan_of_three_and_of_a_flipped_face():
    #      3     two faces on the edge 1 2, a third there in the second row, a flipped neighbour in the third
    two = torch.tensor([[0, 1, 2], [2, 1, 3]])
    assert engine.Topology.of(two, 4).neighbours.tolist() == [[-1, 1, -1], [0, -1, -1]]
    three = torch.tensor([[0, 1, 2], [2, 1, 3], [1, 2, 4]])
    assert (engine.Topology.of(three, 5).neighbours == -1).all()
    flipped = torch.tensor([[0, 1, 2], [1, 2, 3]])
    assert (engine.Topology.of(flipped, 4).neighbours == -1).all()
    with pytest.raises(ValueError, match="expected 0 to 3"):
        engine.Topology.of(three, 4)


def test_texture_is_bilinear_between_texel_centres():
    image = torch.tensor([[0.0, 1.0], [2.0, 3.0]])[..., None].double().requires_grad_()
    uv = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.5, 0.5], [0.25, 0.5], [1.0, 0.25]]).double()[None, None]
    assert engine.texture(image, uv, wrap="clamp").flatten().tolist() == [0, 1, 1.5, 1, 1]
    assert engine.texture(image, uv).flatten().tolist() == [0, 1, 1.5, 1, 0.5]  # right of the right column is the left
    level = torch.tensor([0.0, 1, 5, 0.5, 0.5]).double().reshape(1, 1, 5).requires_grad_()
    assert engine.texture(image, uv, level=level).flatten().tolist() == [0, 1.5, 1.5, 1.25, 1.0]
    inner = (uv[:, :, :4] + 0.03).requires_grad_()
    between = (level[:, :, :4].detach() * 0.1 + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(lambda *a: engine.texture(a[0], a[1], level=a[2]), (image, inner, between))


def test_the_level_of_a_texture_counts_texels_a_pixel():
    shape = grid(1, 1.0)
    uvs = (shape.vertices[shape.faces][..., :2] + 1) / 2
    clip = through(front(20, 8), shape.vertices)
    rast = engine.rasterize(clip, shape.faces, (20, 20))
    level = engine.texture_level(uvs, rast, clip, shape.faces, (64, 64))  # 64 texels on 16 pixels
    torch.testing.assert_close(level[rast[..., 3] > 0], torch.full((256,), 2.0), atol=1e-4, rtol=0)


def test_wrong_shapes_are_refused():
    shape, view = icosphere(0), front(8, 3)
    with pytest.raises(ValueError, match="one size"):
        engine.render(shape.vertices, shape.faces, [view, front(9, 3)], shape.vertices)
    with pytest.raises(ValueError, match="not this mesh's"):
        engine.render(
            shape.vertices, shape.faces, [view], shape.vertices, topology=engine.Topology.of(shape.faces[:3], 12)
        )
    with pytest.raises(ValueError, match="targets"):
        tall = torch.zeros(1, 9, 8, 3)
        engine.render_l1(shape.vertices, shape.faces, [view], shape.vertices, tall, tall[..., 0])
    with pytest.raises(ValueError, match="background"):
        engine.render(shape.vertices, shape.faces, [view], shape.vertices, background=(0,))


def test_compiled_code_finds_a_place_without_a_home(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder.__wrapped__("render").is_relative_to(tmp_path)
    (tmp_path / f"avatarkit-{os.getuid()}").chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache_folder.__wrapped__("render").is_relative_to(tmp_path / "mine" / "avatarkit")


def test_the_renderer_works_in_spawned_workers_at_once():
    """Two processes at a time; each draws the same bytes as this one."""
    code = (
        "import sys; sys.path.insert(0, 'tests'); from test_render import *; import hashlib\n"
        "image, _ = engine.render(icosphere(2).vertices, icosphere(2).faces, [front(32, 12)], icosphere(2).vertices)\n"
        "print(hashlib.sha256(image.numpy().tobytes()).hexdigest())"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = {worker.communicate(timeout=120)[0] for worker in workers}
    assert len(outputs) == 1 and len(outputs.pop()) == 65


@pytest.mark.skipif(not nvdiffrast.available(), reason="NOT RUN: nvdiffrast or a CUDA device is missing")
@pytest.mark.parametrize("kind", ["orthographic", "perspective"])
def test_nvdiffrast_sees_the_same(kind):
    """On coarse triangles, where its antialiasing and ours agree."""
    shape, weights = icosphere(0), torch.randn(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    pose = camera.around(torch.zeros(3), distance=4.0, yaw=10, elevation=20)
    lens = {"metres_per_pixel": 0.05} if kind == "orthographic" else {"fov": 40.0}
    view, found = getattr(camera, kind)((64, 64), pose, **lens), []
    for operators, device in ((engine, "cpu"), (nvdiffrast, "cuda")):
        vertices = shape.vertices.clone().to(device).requires_grad_()
        faces, clip = shape.faces.to(device), through(view, vertices)
        rast = operators.rasterize(clip, faces, view.size)
        image = operators.antialias(operators.interpolate(vertices, rast, faces), rast, clip, faces)
        (image * weights.to(device)).sum().backward()
        found.append((rast.detach().cpu(), image.detach().cpu(), vertices.grad.cpu()))
    (rast, image, g), (rast2, image2, g2) = found
    same = rast[..., 3] == rast2[..., 3]
    assert same.double().mean() > 0.995
    torch.testing.assert_close(rast[same], rast2[same], atol=1e-3, rtol=1e-3)
    assert (image - image2).abs().mean() < 1e-3
    assert (g - g2).norm() < 0.1 * g.norm()


def test_without_nvdiffrast_one_is_told_how_to_get_it():
    if not nvdiffrast.available():
        with pytest.raises(NotInstalled, match="or leave the device at cpu"):
            nvdiffrast.rasterize(torch.zeros(1, 3, 4), torch.zeros(1, 3).long(), (8, 8))
