"""What views say of a mesh: outlines to a fraction of a pixel, normals of the faces that they see and of no others."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from solids import ball

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.errors import BadData
from avatarkit.evidence import observed, targets_of
from avatarkit.maps import Maps, View
from avatarkit.mesh import edges, face_normals, vertex_normals

S, RADIUS = 128, 0.5


def plain(mesh):
    """A mesh as carving has it, all of it the body's."""
    return mesh.having(home=mesh.vertices, template=torch.arange(len(mesh.vertices)))


def camera_of(kind="orthographic"):
    return cameras.framing(ball(RADIUS).vertices, (S, S), kind=kind, fill=0.7)


def maps_of(mesh, views):
    """The maps that show `mesh`, as gen-normals would write them."""
    normals, found = vertex_normals(mesh.vertices, mesh.faces), []
    for view in views:
        image, coverage = render.render(mesh.vertices, mesh.faces, [view.camera], normals, surface="both")
        layer = 0 if view.surface == "nearest" else 1
        stored = cameras.view_normals(view.camera, image[0, layer], view.surface)
        found.append(torch.cat([torch.nn.functional.normalize(stored, dim=-1), coverage[0, layer][..., None]], -1))
    return Maps(tuple(views), torch.stack(found).numpy())


@pytest.mark.parametrize("kind", ["orthographic", "perspective"])
def test_a_mesh_that_fits_its_maps_is_told_its_own_normals_and_to_stay(kind):
    mesh, camera = ball(RADIUS), camera_of(kind)
    targets = targets_of(maps_of(mesh, [View(camera), View(camera, "farthest")]))
    assert len(targets) == 1
    joined = edges(mesh.faces)
    found = observed(plain(mesh), joined, targets)
    sure = found.trust > 0.5
    assert sure.float().mean() > 0.6  # front and back, but for what is seen from the side
    cosine = (found.normals * face_normals(mesh.vertices, mesh.faces)).sum(dim=1)[sure]
    assert cosine.min() > 0.97
    (outline,) = found.outlines
    off = outline.places - (mesh.vertices[outline.vertices] * outline.directions).sum(dim=1)
    assert len(off) > 20 and off.abs().mean() < 3e-4  # a pixel has 11 mm


def test_a_smaller_mesh_is_told_to_reach_the_outline():
    mesh, camera = ball(RADIUS), camera_of()
    targets = targets_of(maps_of(mesh, [View(camera)]))
    small = ball(RADIUS - 0.03)
    (outline,) = observed(plain(small), edges(small.faces), targets).outlines
    off = outline.places - (small.vertices[outline.vertices] * outline.directions).sum(dim=1)
    assert (off - 0.03).abs().mean() < 0.002


def test_what_is_hidden_is_told_nothing():
    """A plate behind the ball, in the ball's silhouette: the map's normals are the ball's."""
    mesh, camera = ball(RADIUS), camera_of()
    targets = targets_of(maps_of(mesh, [View(camera)]))
    plate = torch.tensor([[-0.1, -0.1, 0.0], [0.1, -0.1, 0.0], [0.0, 0.1, 0.0]])
    both = type(mesh)(
        torch.cat([mesh.vertices, plate]), torch.cat([mesh.faces, len(mesh.vertices) + torch.arange(3)[None]])
    )
    found = observed(plain(both), edges(both.faces), targets)
    assert found.trust[-1] == 0


def test_unusable_maps_are_refused_with_the_view_that_is_wrong():
    mesh, camera = ball(RADIUS), camera_of()
    good = maps_of(mesh, [View(camera)])
    cases = {
        "NaN": Maps(good.views, np.where(good.normals > 0.9, np.nan, good.normals)),
        "all background": Maps(good.views, np.zeros_like(good.normals)),
        "farthest": Maps((View(camera, "farthest"),), good.normals),
        "same": Maps(good.views, good.normals[:, ::2, ::2]),
    }
    for words, maps in cases.items():
        with pytest.raises(BadData, match=words):
            targets_of(maps)


def test_without_alpha_the_mask_is_where_normals_have_a_length():
    mesh, camera = ball(RADIUS), camera_of()
    maps = maps_of(mesh, [View(camera)])
    filled = maps.normals.copy()
    filled[..., 3] = 1
    (expected,), (found,) = targets_of(maps), targets_of(Maps(maps.views, filled))
    assert ((found.masks > 0.5) == (expected.masks > 0.5)).float().mean() > 0.98


def test_at_a_contour_normals_lie_across_the_line_of_sight():
    """Guards against lenses: a limb that is as deep as wide came out flat, its last row of faces too slanted. The true
    normal of a face is that of the ball at its middle; a chord from the contour to latitude a has the normal a / 2."""
    mesh, camera = ball(RADIUS), camera_of()
    targets = targets_of(maps_of(mesh, [View(camera), View(camera, "farthest")]))
    joined = edges(mesh.faces)
    found = observed(plain(mesh), joined, targets)
    turned = face_normals(mesh.vertices, mesh.faces)
    last = (turned[:, 2].abs() > 0.1) & (turned[:, 2].abs() < 0.25) & (found.trust > 0)
    assert last.sum() > 20
    wanted = found.normals[last, 2].abs().mean()
    assert abs(float(wanted / turned[last, 2].abs().mean()) - 1) < 0.1


def test_of_a_settled_mesh_faces_that_disagree_count_less():
    mesh, camera = ball(RADIUS), camera_of()
    targets = targets_of(maps_of(mesh, [View(camera), View(camera, "farthest")]))
    flat = plain(replace(mesh, vertices=mesh.vertices * torch.tensor([1.0, 1.0, 0.6])))
    joined = edges(mesh.faces)
    early, late = (observed(flat, joined, targets, settled=settled) for settled in (False, True))
    assert torch.equal(early.normals, late.normals)
    off = torch.acos((early.normals * face_normals(flat.vertices, flat.faces)).sum(dim=1).clamp(-1, 1))
    agreeing, not_so = (off < 0.07) & (early.trust > 0.5), (off > 0.2) & (early.trust > 0.5)
    assert agreeing.sum() > 20 and not_so.sum() > 20
    assert (late.trust / early.trust)[agreeing].min() > 0.8
    assert (late.trust / early.trust)[not_so].max() < 0.5


def test_what_a_map_does_not_trust_counts_for_less():
    mesh, camera = ball(RADIUS), camera_of()
    maps = maps_of(mesh, [View(camera), View(camera, "farthest")])
    labels = np.zeros((2, S, S, 2), np.float32)
    labels[..., 1] = 1
    labels[0, :, : S // 2, 1] = 0.25  # the left half of the front
    whole, half = (
        observed(plain(mesh), edges(mesh.faces), targets_of(replace(maps, labels=given))).trust
        for given in (None, labels)
    )
    middle = mesh.vertices[mesh.faces].mean(dim=1)
    doubted = (middle[:, 0] < -0.05) & (middle[:, 2] > 0.05)
    assert torch.allclose(half[doubted], 0.25 * whole[doubted], atol=1e-5) and float(whole[doubted].max()) > 0.9
    believed = (middle[:, 0] > 0.05) | (middle[:, 2] < -0.05)
    assert torch.equal(half[believed], whole[believed])
