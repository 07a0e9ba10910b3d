"""A carved person looked at from many sides: pairs of views, who gives them anew, and what is carved of it."""

import json

import numpy as np
import pytest
import torch
from solids import ball
from test_carving import error, scene  # noqa: F401, a fixture
from test_diffusion import tiny
from test_evidence import maps_of

from avatarkit import carving, diffusion, files, refining
from avatarkit.errors import BadData, UsageError
from avatarkit.keeping import kept_parts
from avatarkit.maps import View
from avatarkit.mesh import Mesh, is_closed, is_manifold, submesh, volume
from avatarkit.refining.around import anchored
from avatarkit.refining.hands import turned
from avatarkit.regressor import Clothed
from avatarkit.rotation import similarity
from avatarkit.sculpture import labelled


@pytest.fixture(scope="module")
def carved(scene):  # noqa: F811
    """Carved from the front alone, in few rounds: its back is as the body has it."""
    model, person, _, maps = scene
    front = type(maps)(maps.views[:1], maps.normals[:1])
    return labelled(carving.carved(model, person, front, steps=2, detail=0.02).mesh), front


def of_truth(truth: Mesh):
    """A hand that knows the truth."""

    def hand(pairs):
        sides = [[View(pair.camera), View(pair.camera, "farthest")] for pair in pairs]
        maps = torch.stack([torch.from_numpy(maps_of(truth, views).normals) for views in sides]).movedim(-1, 2)
        return maps, maps[:, :, 3]

    return hand


# ---------------------------------------------------------------------------------------------------------------------
# views


def test_pairs_stand_evenly_over_half_a_turn_and_show_mesh_and_body(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    pairs = refining.pairs_around(carved[0], model, person, 4, size=128)
    ahead = torch.stack([pair.camera.cam_from_world[2, :3] for pair in pairs])
    between = torch.rad2deg(torch.acos((ahead[1:] * ahead[:-1]).sum(dim=1).clamp(-1, 1)))
    assert torch.allclose(between, torch.tensor(45.0), atol=0.1) and ahead[0, 2] < -0.99
    for pair in pairs:
        assert pair.mesh.shape == pair.body.shape == (2, 4, 128, 128) and pair.place.shape == (2, 128, 128, 3)
        both = (pair.mesh[0, 3] > 0.5) & (pair.body[0, 3] > 0.5)
        assert both.sum() > 0.8 * (pair.body[0, 3] > 0.5).sum()
        on = torch.isfinite(pair.place[..., 0])
        reach = carved[0].vertices.abs().amax(dim=0) + 0.02
        assert on.any() and bool((pair.place[on].abs() <= reach).all())


def test_views_of_the_head_show_it_large(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    whole, head = (refining.pairs_around(carved[0], model, person, 1, crop=crop, size=128)[0] for crop in ("", "head"))
    assert head.camera.K[0, 0] > 2 * whole.camera.K[0, 0]
    top = (head.mesh[0, 3] > 0.5).any(dim=1).nonzero()[0]
    assert 0 < int(top) < 30  # a little air above


def test_noise_on_the_surface_is_the_same_in_every_view_of_it(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    pairs = refining.pairs_around(carved[0], model, person, 2, size=256)
    noise = anchored([pairs[0], pairs[0], pairs[1]], 8, 8, torch.Generator().manual_seed(0))
    assert noise.shape == (3, 16, 32, 32)
    on = torch.isfinite(pairs[0].place[0, 4::8, 4::8, 0])
    assert torch.equal(noise[0, :8][:, on], noise[1, :8][:, on])
    assert not torch.equal(noise[0, :8][:, ~on], noise[1, :8][:, ~on])
    assert not torch.equal(noise[0], noise[2])
    assert abs(float(noise.mean())) < 0.05 and abs(float(noise.std()) - 1) < 0.05


# ---------------------------------------------------------------------------------------------------------------------
# hands


def agreeing(latents: int = 64):
    """A dual model that takes what it sees for the truth."""
    pipeline = tiny(latents=latents)
    pipeline.unet.forward = lambda given, *_, **__: (given[:, : 2 * latents],)
    return pipeline


def test_a_model_that_changes_nothing_gives_back_what_it_was_shown(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    pairs = refining.pairs_around(carved[0], model, person, 2, size=64)
    maps, trust = refining.Resampled(agreeing(), strength=0.05, repeats=1)(pairs)
    own = torch.stack([pair.mesh for pair in pairs])
    assert maps.shape == own.shape and torch.equal(maps[:, :, 3], own[:, :, 3])
    inside = own[:, :, 3] > 0.99
    angle = torch.rad2deg(torch.acos((maps[:, :, :3] * own[:, :, :3]).sum(dim=2).clamp(-1, 1)))
    assert angle[inside].median() < 8
    assert bool((trust <= own[:, :, 3]).all()) and trust[inside].mean() > 0.9


def test_where_a_model_draws_nobody_the_mesh_stays_as_it_is(scene, carved, monkeypatch):  # noqa: F811
    model, person, _, _ = scene
    pairs = refining.pairs_around(carved[0], model, person, 1, size=64)
    own = torch.stack([pair.mesh for pair in pairs])

    def asked(dual, body, words, start, strength, **_):
        made = start.clone()
        made[:, :, 0] += strength  # another opinion above, nobody below
        made[..., 32:, :] = 0
        return made

    monkeypatch.setattr(diffusion, "asked", asked)
    maps, trust = refining.Resampled(tiny(), strength=0.5, repeats=1)(pairs)
    inside = own[:, :, 3] > 0.99
    changed = (maps - own).abs().amax(dim=2) > 0.05
    assert torch.equal(maps[..., 32:, :], own[..., 32:, :]) and torch.equal(trust, own[:, :, 3])
    assert changed[..., :32, :][inside[..., :32, :]].float().mean() > 0.9
    assert torch.allclose(maps[:, :, :3].norm(dim=2)[inside], torch.ones(()), atol=1e-3)


def test_strength_seed_and_words_make_a_difference_and_repeats_are_counted(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    pairs, dual = refining.pairs_around(carved[0], model, person, 1, size=64), tiny()
    calls = []
    dual.unet.register_forward_hook(lambda *_: calls.append(1))
    first = refining.Resampled(dual, "a coat", strength=0.1, repeats=3)(pairs)[0]
    assert len(calls) == 2 * 3  # two of twenty steps, three times
    for other in ({"strength": 0.5}, {"seed": 1}, {"anchor": False}, {"words": "a red skirt"}):
        asked = {"words": "a coat", "strength": 0.1, "repeats": 3, **other}
        assert not torch.equal(first, refining.Resampled(dual, **asked)(pairs)[0])


def test_views_of_the_head_are_drawn_by_its_own_model(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    asked = []
    body, head = tiny(), tiny()
    for name, pipeline in (("body", body), ("head", head)):
        pipeline.unet.register_forward_hook(lambda *_, name=name: asked.append(name))
    hand = refining.Resampled(body, head=head, strength=0.05, repeats=1)
    for crop in ("", "head"):
        hand(refining.pairs_around(carved[0], model, person, 1, crop=crop, size=64))
    assert asked == ["body", "head"]


def test_a_model_of_another_kind_is_refused():
    with pytest.raises(BadData, match="draws no backs"):
        refining.Resampled(torch.nn.Linear(1, 1))


def test_turned_twice_is_as_it_was():
    maps = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(turned(turned(maps)), maps) and not torch.equal(turned(maps), maps)
    assert torch.equal(turned(maps)[0, 1:, :, 0], maps[1, 1:, :, -1])


class Bodily(torch.nn.Module):
    """A network that says: the body's normals, rather sure in front, not at all behind."""

    def forward(self, shown, body):
        B, _, H, W = shown.shape
        sure = torch.tensor([20.0, 1.0])[None, :, None, None].expand(B, 2, H, W)
        return Clothed(body[:, :, :3], shown[:, 3], torch.zeros(B, 2, 14, H // 2, W // 2), sure)


def test_each_side_is_estimated_as_it_looks_from_there(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    pairs = refining.pairs_around(carved[0], model, person, 2, size=64)
    maps, trust = refining.Estimated(Bodily())(pairs)
    own, body = (torch.stack([getattr(pair, name) for pair in pairs]) for name in ("mesh", "body"))
    both = (own[:, :, 3] > 0.99) & (body[:, :, 3] > 0.99)
    assert torch.equal(maps[:, :, 3], own[:, :, 3])
    apart = (maps[:, :, :3] - body[:, :, :3]).norm(dim=2)[both]
    assert apart.max() < 1e-4
    assert torch.allclose(trust[:, 0][both[:, 0]].mean(), trust[:, 1][both[:, 1]].mean(), atol=0.02)


# ---------------------------------------------------------------------------------------------------------------------
# carved again


def test_true_views_from_all_around_bring_the_mesh_nearer(scene, carved):  # noqa: F811
    model, person, truth, _ = scene
    mesh, front = carved
    found = refining.refined(mesh, model, person, front, of_truth(truth), views=2, heads=False, detail=0.02, steps=3)
    assert is_closed(found.mesh.faces) and is_manifold(found.mesh.faces)
    assert error(found.mesh, truth) < 0.75 * error(mesh, truth)
    assert {"_TEMPLATE", "_PART", "_VERTEX"} == set(found.mesh.attributes)
    assert found.views is not None and len(found.views.views) == 4
    picture = refining.pictured(found.views, found.mesh)
    assert picture.shape == (2 * 512, 4 * 512, 3)


def test_hands_and_face_keep_their_shape(scene, carved):  # noqa: F811
    model, person, truth, _ = scene
    mesh, front = carved
    found = refining.refined(mesh, model, person, front, of_truth(truth), views=1, heads=False, detail=0.02, steps=2)
    before, after = (
        kept_parts(it.attributes["_PART"].long(), model.part_names, ("hands", "face")) for it in (mesh, found.mesh)
    )
    for k in range(3):
        homes = {int(t): mesh.vertices[i] for i, t in enumerate(mesh.attributes["_TEMPLATE"]) if before[i] == k}
        there = (after == k).nonzero()[:, 0]
        home = torch.stack([homes[int(t)] for t in found.mesh.attributes["_TEMPLATE"][there]])
        linear, shift = similarity(home, found.mesh.vertices[there])
        off = (home @ linear.T + shift - found.mesh.vertices[there]).norm(dim=1)
        assert len(home) > 500 and off.median() < 2e-4


def test_without_maps_and_hand_there_is_nothing_to_carve(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    with pytest.raises(UsageError, match=r"needs normals\.png"):
        refining.refined(carved[0], model, person, None)


# ---------------------------------------------------------------------------------------------------------------------
# any maps, any mesh


def views_around(mesh: Mesh, count: int = 3, size: int = 128):
    from avatarkit import camera as cameras

    views = [cameras.framing(mesh.vertices, (size, size), yaw=180.0 * k / count) for k in range(count)]
    return maps_of(mesh, [view for v in views for view in (View(v), View(v, "farthest"))])


def test_a_blurred_ball_is_sculpted_without_a_body():
    whole = ball(0.2)
    blurred = Mesh(whole.vertices * torch.tensor([0.9, 1.0, 0.85]), whole.faces)
    found = refining.sculpted(blurred, views_around(whole), detail=0.02)
    off = (found.mesh.vertices.norm(dim=1) - 0.2).abs().mean()
    assert off < 0.25 * (blurred.vertices.norm(dim=1) - 0.2).abs().mean() and found.mesh.attributes == {}


def damaged() -> Mesh:
    """A ball inside out: its faces apart, a hole, a face there twice, one without area, dust beside it."""
    whole = ball(0.2)
    away = (whole.vertices[whole.faces].mean(dim=1) - torch.tensor([0.0, 0.0, 0.2])).norm(dim=1) > 0.04
    kept = whole.faces[away]
    soup = torch.arange(3 * len(kept)).reshape(-1, 3)
    vertices = whole.vertices[kept].reshape(-1, 3)
    dust = torch.tensor([[0.5, 0.5, 0.5], [0.501, 0.5, 0.5], [0.5, 0.501, 0.5]])
    faces = torch.cat([soup, soup[:1], torch.tensor([[0, 0, 1]]), len(vertices) + torch.arange(3)[None]])
    return Mesh(torch.cat([vertices, dust]), faces.flip(1))


def test_a_damaged_mesh_is_mended_and_it_is_said_how():
    found, said = refining.mended(damaged())
    assert is_closed(found.faces) and is_manifold(found.faces) and float(volume(found.vertices, found.faces)) > 0
    for words in ("welded", "without area", "loose parts", "holes closed", "turned outside in"):
        assert any(words in line for line in said), (words, said)


def test_a_sound_mesh_is_left_as_it_is():
    whole, _ = refining.mended(ball(0.2))
    again, said = refining.mended(whole)
    assert said == [] and torch.equal(again.vertices, whole.vertices) and torch.equal(again.faces, whole.faces)


def test_a_mesh_with_a_large_hole_stays_open_and_that_is_said(caplog):
    whole = ball(0.2, n=120)
    half, _ = submesh(whole, whole.vertices[whole.faces].mean(dim=1)[:, 1] > -0.02)
    found, said = refining.mended(half)
    assert not is_closed(found.faces) and any("left open" in words for words in said)


def test_a_mesh_of_nothing_is_refused():
    with pytest.raises(BadData, match="no surface"):
        refining.mended(Mesh(torch.zeros(3, 3), torch.tensor([[0, 1, 2]])))


def test_a_mesh_of_somebody_else_is_refined_without_parts(scene, carved, caplog):  # noqa: F811
    model, person, truth, _ = scene
    plain = Mesh(carved[0].vertices, carved[0].faces)
    found = refining.refined(plain, model, person, None, of_truth(truth), views=2, heads=False, detail=0.02, steps=2)
    assert found.mesh.attributes == {} and error(found.mesh, truth) < 0.9 * error(plain, truth)
    assert "hands or face" in caplog.text


def test_a_mesh_of_ours_is_sculpted_without_a_body_and_keeps_its_names(carved):
    found = refining.sculpted(carved[0], views_around(carved[0], 2), detail=0.02, steps=2)
    assert {"_TEMPLATE", "_PART", "_VERTEX"} == set(found.mesh.attributes)
    assert len(found.mesh.attributes["_TEMPLATE"].unique()) > 1000


def test_a_mesh_that_charts_cut_is_sculpted_as_one(carved):
    mesh = carved[0]
    corners = mesh.faces.reshape(-1)  # every face on vertices of its own, as if each were a chart
    cut = {name: values[corners] for name, values in mesh.attributes.items()}
    apart = Mesh(mesh.vertices[corners], torch.arange(len(corners)).reshape(-1, 3), cut)
    found = refining.sculpted(apart, views_around(mesh, 2), detail=0.02, steps=2)
    assert is_closed(found.mesh.faces)


def test_without_a_photo_none_can_lead(scene, carved):  # noqa: F811
    model, person, _, _ = scene
    with pytest.raises(UsageError, match="holds no photo"):
        refining.refined(carved[0], model, person, carved[1], photo=Bodily())


# ---------------------------------------------------------------------------------------------------------------------
# the stage


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("guess", None, None, False, True), "--source guess"),
        (("maps", "m", None, False, True), "are for --source diffusion"),
        (("diffusion", "m", None, True, True), "--sculpt carves"),
        (("maps", None, None, False, False), "needs body.npz"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked, said):
    with pytest.raises(UsageError, match=said):
        refining.check(*asked)


@pytest.fixture(scope="module")
def folder(scene, carved, tmp_path_factory):  # noqa: F811
    """A person's folder as carve-mesh leaves it, and a tiny model."""
    _, person, _, _ = scene
    home = tmp_path_factory.mktemp("refined")
    files.write_person(home / "body.npz", person)
    files.write_normals(home / "normals.png", carved[1])
    files.write_mesh(home / "carved.glb", carved[0])
    tiny().save_pretrained(home / "model")
    return home


def test_the_stage_refines_by_a_model_and_keeps_its_views(folder, avatarkit):
    asked = ("--source", "diffusion", "--model", folder / "model", "--views", "1", "--detail", "0.02")
    done = avatarkit("refine", folder / "carved.glb", *asked, "--save-views", folder / "views.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().strip() == str(folder / "refined.glb")
    mesh, views = files.read_mesh(folder / "refined.glb"), files.read_normals(folder / "views.png")
    assert is_closed(mesh.faces) and len(views.views) == 4  # the person and the head, front and back
    record = json.loads((folder / "refined.glb.json").read_text())
    assert record["options"]["source"] == "diffusion" and record["facts"]["residuals"]["iou_0"] > 0.8
    assert {"carved.glb", "body.npz", "normals.png"} <= set(record["reads"])


def test_the_stage_sculpts_a_mesh_from_elsewhere_without_a_body(tmp_path, avatarkit):
    files.write_normals(tmp_path / "views.png", views_around(ball(0.2)))
    files.write_mesh(tmp_path / "scan.ply", damaged())
    done = avatarkit(
        "refine",
        tmp_path / "scan.ply",
        "--sculpt",
        tmp_path / "views.png",
        "-o",
        tmp_path / "finer.glb",
        "--detail",
        "0.02",
    )
    assert done.returncode == 0, done.stderr
    assert b"welded" in done.stderr and b"holes closed" in done.stderr
    found = files.read_mesh(tmp_path / "finer.glb")
    assert np.isclose(float(found.vertices.norm(dim=1).mean()), 0.2, atol=2e-3)


def test_a_stage_without_body_says_so(tmp_path, avatarkit):
    files.write_mesh(tmp_path / "carved.glb", ball(0.2))
    done = avatarkit("refine", tmp_path / "carved.glb")
    assert done.returncode == 2 and b"body.npz" in done.stderr


def test_vocabularies_know_the_head():
    assert any("crop head" in word for word in diffusion.known_words())
