"""A mesh gives way to what views say: to a ball's maps it becomes a ball, open or closed, finer where it is creased."""

import pytest
import torch
from solids import ball
from test_evidence import maps_of

from avatarkit import camera as cameras
from avatarkit.errors import BadData
from avatarkit.evidence import targets_of
from avatarkit.keeping import NOT_KEPT
from avatarkit.maps import View
from avatarkit.mesh import Mesh, edges, is_closed, is_manifold, submesh
from avatarkit.refining import mended
from avatarkit.sculpture import begun, check_overlap, formed, one_thread, residuals_of

RADIUS = 0.2


def free(mesh: Mesh) -> Mesh:
    V = len(mesh.vertices)
    mesh = mesh.having(template=torch.arange(V), part=torch.zeros(V, dtype=torch.int64))
    return begun(mesh, kept=torch.full((V,), NOT_KEPT), bare=torch.zeros(V), ease=torch.full((V,), -1.0))


def round_ball(n: int = 24) -> Mesh:
    return mended(ball(RADIUS, n=n))[0]  # whose poles are one vertex each


def targets_around(mesh: Mesh, yaws=(0, 90)):
    views = [cameras.framing(mesh.vertices, (128, 128), yaw=float(yaw)) for yaw in yaws]
    return targets_of(maps_of(mesh, [view for v in views for view in (View(v), View(v, "farthest"))]))


def flattened(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices * torch.tensor([1.0, 1.0, 0.85]), mesh.faces)


def off(mesh: Mesh) -> float:
    return float((mesh.vertices.norm(dim=1) - RADIUS).abs().mean())


def test_a_flattened_ball_becomes_round_again():
    whole = round_ball()
    targets, start = targets_around(whole), flattened(whole)
    found = formed(free(start), targets, steps=3, detail=0.02)
    assert off(found) < 0.25 * off(start)
    assert is_closed(found.faces) and is_manifold(found.faces)
    assert residuals_of(found, targets)["degrees_0"] < 0.5 * residuals_of(start, targets)["degrees_0"]
    assert set(found.attributes) == {"template", "part"}


def test_a_mesh_with_a_hole_gives_way_and_stays_open():
    whole = round_ball()
    start, _ = submesh(flattened(whole), whole.vertices[whole.faces].mean(dim=1)[:, 1] > -0.8 * RADIUS)
    found = formed(free(start), targets_around(whole), steps=3, detail=0.02)
    assert not is_closed(found.faces) and is_manifold(found.faces)
    assert off(found) < 0.5 * off(start)


def test_edges_are_shorter_where_views_show_a_crease():
    rounded = round_ball(48)
    clipped = rounded.vertices.clone()
    clipped[:, 2] = clipped[:, 2].clamp(max=0.6 * RADIUS)  # a face like a cut fruit's, creased along its rim
    start = Mesh(clipped, rounded.faces)
    found = formed(free(start), targets_around(start), steps=3, detail=0.03, finest=0.006)
    ends = found.vertices[edges(found.faces).vertices]
    lengths, middles = (ends[:, 0] - ends[:, 1]).norm(dim=1), ends.mean(dim=1)
    rim = ((middles[:, 2] - 0.6 * RADIUS).abs() < 0.01) & (middles[:, :2].norm(dim=1) > 0.7 * RADIUS)
    behind = middles[:, 2] < 0
    assert rim.sum() > 20 and lengths[rim].median() < 0.7 * lengths[behind].median()


def test_maps_of_somebody_elsewhere_are_refused():
    whole = round_ball()
    with pytest.raises(BadData, match="overlap by"):
        check_overlap(Mesh(whole.vertices + 1, whole.faces), targets_around(whole))


def test_threads_are_given_back_after_a_failure():
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="oh"), one_thread():
        assert torch.get_num_threads() == 1
        raise ValueError("oh")
    assert torch.get_num_threads() == before
