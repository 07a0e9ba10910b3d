from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from conftest import ROOT
from solids import ball
from torch import Tensor

from avatarkit import files
from avatarkit.atlas import (
    Atlas,
    automatic,
    kept,
    measured,
    of_template,
    padded,
    panels,
    seams,
    skirts,
    texels,
    unwrapped,
)
from avatarkit.atlas.atlas import sides
from avatarkit.atlas.charting import opened, rims, sewn, slit
from avatarkit.atlas.flattening import (
    along_side,
    areas_of,
    corners_of,
    pinned,
    untangled,
)
from avatarkit.atlas.layout import layout
from avatarkit.atlas.locating import located
from avatarkit.atlas.parting import parted
from avatarkit.atlas.unfolding import crossing, unfolded, untied
from avatarkit.body import BodyModel, Pose
from avatarkit.camera import framing
from avatarkit.drawing import draw
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh, edges, face_areas, is_manifold
from avatarkit.person import Person
from avatarkit.record import Model
from avatarkit.render import texture

assert ROOT


@lru_cache
def model() -> BodyModel:
    return files.read_body_model("builtin")


def person(betas: Tensor) -> Person:
    body = model()
    camera = framing(body.v_template, (64, 64))
    return Person(Model(body.name, body.sha256, body.licence), betas, torch.zeros(0), Pose.rest(), camera)


def nude(subject: Person) -> Mesh:
    body = model()
    posed = body.shaped(subject.betas).posed(subject.pose)
    mesh = Mesh(posed.vertices, body.outer_faces)
    return mesh.having(_TEMPLATE=torch.arange(len(mesh.vertices)), _PART=body.part.to(torch.uint8))


@lru_cache
def unwrapped_nude(bulk: float) -> Atlas:
    betas = torch.zeros(10)
    betas[1] = bulk
    subject = person(betas)
    return unwrapped(nude(subject), model(), subject)


def grid(n: int) -> Mesh:
    """A square of n × n cells, faces towards +z."""
    y, x = torch.meshgrid(torch.arange(n + 1.0), torch.arange(n + 1.0), indexing="ij")
    k = (torch.arange(n)[:, None] * (n + 1) + torch.arange(n)).reshape(-1)
    faces = torch.cat([torch.stack([k, k + 1, k + n + 2], 1), torch.stack([k, k + n + 2, k + n + 1], 1)])
    return Mesh(torch.stack([x, y, 0 * x], dim=-1).reshape(-1, 3) / n, faces)


def test_a_border_cuts_faces_and_leaves_the_surface():
    mesh = grid(4)
    x = mesh.vertices[:, 0]
    scores = torch.stack([0.6 - x, x - 0.6], dim=1)
    found = parted(mesh.having(weight=x, name=torch.arange(25)), scores, torch.eye(2, dtype=torch.bool))
    assert float(face_areas(found.mesh.vertices, found.mesh.faces).sum()) == pytest.approx(1)
    corners = (found.barycentric[..., None] * mesh.vertices[mesh.faces[found.parent]][:, None]).sum(dim=2)
    assert torch.allclose(corners, found.mesh.vertices[found.mesh.faces], atol=1e-6)
    left = found.mesh.vertices[found.mesh.faces[found.panel == 0]]
    assert float(left[..., 0].max()) == pytest.approx(0.6) and is_manifold(found.mesh.faces)
    assert torch.allclose(found.mesh.attributes["weight"], found.mesh.vertices[:, 0], atol=1e-6)
    assert found.mesh.attributes["name"].dtype == torch.int64


def test_three_panels_meet_in_a_face():
    mesh = Mesh(torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), torch.tensor([[0, 1, 2]]))
    found = parted(mesh, torch.eye(3), torch.eye(3, dtype=torch.bool))
    assert len(found.panel) == 6 and torch.bincount(found.panel).tolist() == [2, 2, 2]
    assert float(face_areas(found.mesh.vertices, found.mesh.faces).sum()) == pytest.approx(0.5)
    assert bool((edges(found.mesh.faces).counts <= 1).all())


def test_a_tube_is_slit_from_rim_to_rim_by_the_shortest_way():
    around, rows = 12, 7
    corner = torch.arange(around * rows).reshape(rows, around)
    a, b, c, d = corner[:-1], corner[:-1].roll(-1, 1), corner[1:].roll(-1, 1), corner[1:]
    faces = torch.cat([torch.stack([a, b, c], -1).reshape(-1, 3), torch.stack([a, c, d], -1).reshape(-1, 3)])
    angle = 2 * torch.pi * torch.arange(around) / around
    points = torch.stack([angle.cos(), torch.zeros(around), angle.sin()], -1).repeat(rows, 1)
    points[:, 1] = torch.arange(rows).repeat_interleave(around)
    pairs = sides(faces)
    whole = sewn(faces, torch.zeros(len(pairs), dtype=torch.bool), pairs)
    ((ring, end),) = rims(whole, points).values()
    way = slit(whole, pairs, ring, end)
    assert int(way.sum()) == rows - 1
    ((only,),) = rims(sewn(faces, way, pairs), points).values()
    assert len(only) == 2 * around + 2 * (rows - 1)


def test_panels_that_are_sewn_are_not_cut():
    mesh = grid(4)
    x = mesh.vertices[:, 0]
    found = parted(mesh, torch.stack([0.6 - x, x - 0.6], dim=1), torch.ones(2, 2, dtype=torch.bool))
    assert len(found.mesh.faces) == len(mesh.faces) and len(found.panel.unique()) == 2


def test_charts_of_the_template_are_discs_without_chords():
    body = model()
    mesh = Mesh(body.v_template, body.outer_faces)
    found, charts = opened(mesh, panels.fields(body))
    for piece, rings in rims(charts, found.mesh.vertices).items():
        own = charts.faces[charts.piece == piece]
        assert len(rings) == 1 and len(own.unique()) - len(edges(own).vertices) + len(own) == 1
        on_rim = torch.isin(own, rings[0])
        assert int((on_rim.all(dim=1)).sum()) == 0, "a face on the rim alone would be flat"


def test_a_rim_is_put_on_the_sides_in_its_order():
    turn = torch.arange(40) / 40 * 2 * torch.pi + 0.1
    circle = 0.5 + 0.5 * torch.stack([-turn.cos(), turn.sin()], dim=1).double()
    corners = corners_of(circle)
    found = pinned(circle, torch.ones(40).double(), corners)
    assert found[corners].tolist() == [[0, 0], [0, 1], [1, 1], [1, 0]]
    on_side = ((found == 0) | (found == 1)).any(dim=1)
    steps = (found - found.roll(-1, 0)).norm(dim=1)
    assert bool(on_side.all()) and float(steps.min()) > 0 and float(steps.sum()) == pytest.approx(4)


def test_what_is_hidden_of_a_leg_is_left_free():
    turn = torch.arange(40) / 40 * 2 * torch.pi
    circle = torch.tensor([0.5, 0.7]) + torch.tensor([0.5, 0.3]) * torch.stack([-turn.cos(), turn.sin()], dim=1)
    found = pinned(circle.double(), torch.ones(40).double(), corners_of(circle))
    assert 0.35 < float(found[:, 1].min()) < 0.6 and float(found[:, 1].max()) == 1


def test_places_along_a_side_increase_even_where_the_template_s_do_not():
    found = along_side(torch.tensor([0.0, 0.5, 0.4, 0.4, 0.9, 1.0]), torch.ones(5), 0.3)
    assert found[0] == 0 and found[-1] == 1 and bool((found.diff() > 0).all())


def test_a_face_that_is_turned_over_is_pushed_open():
    mesh = grid(4)
    place = mesh.vertices[:, :2].double() * torch.tensor([1.0, -1.0])
    place[12] += torch.tensor([0.4, 0.0])
    inner = torch.zeros(25, dtype=torch.bool)
    inner[[6, 7, 8, 11, 12, 13, 16, 17, 18]] = True
    least = torch.full((32,), 0.003).double()
    assert int((areas_of(place[mesh.faces]) <= 0).sum()) > 0
    found = untangled(place, mesh.faces, least, inner)
    assert bool((areas_of(found[mesh.faces]) > 0).all()) and torch.equal(found[~inner], place[~inner])


def test_a_ragged_skirt_is_unfolded():
    """Its hem is noise, a fold of it a deep pocket, and most of it lies turned over at first."""
    n = 24
    mesh, generator = grid(n), torch.Generator().manual_seed(5)
    u, v = mesh.vertices[:, 0], 1 - mesh.vertices[:, 1]
    turn, down = torch.pi * (u - 0.5), v + 0.3 * v.pow(4) * torch.rand(len(u), generator=generator)
    pocket = torch.exp(-((u - 0.6) ** 2 + (v - 0.7) ** 2) / 0.004)
    round_ = (0.2 + 0.2 * v + 0.9 * pocket)[:, None] * torch.stack([turn.sin(), turn.cos()], dim=1)
    points = torch.stack([round_[:, 0], -down, round_[:, 1]], dim=1)
    start = torch.stack([u, v], dim=1).double()
    rim = ((u % 1 == 0) | (v % 1 == 0)).reshape(-1)
    start[~rim] = 0.5 + 0.5 * torch.rand(int((~rim).sum()), 2, dtype=torch.float64, generator=generator)
    assert int((areas_of(start[mesh.faces]) <= 0).sum()) > 300
    found = unfolded(start, points, mesh.faces, ~rim)
    assert bool((areas_of(found.float().double()[mesh.faces]) > 0).all()) and torch.equal(found[rim], start[rim])
    assert (
        measured(Atlas(Mesh(points, mesh.faces, {}, found[mesh.faces].float()), 0 * mesh.faces[:, 0], ("all",)), 256)[
            "overlaps"
        ]
        == 0
    )


def test_a_rim_that_crosses_itself_is_smoothed():
    turn = torch.arange(60) / 60 * 2 * torch.pi
    circle = torch.stack([turn.cos(), turn.sin()], dim=1).double()
    assert len(crossing(circle)) == 0 and torch.equal(untied(circle), circle)
    knot = circle.clone()
    knot[[10, 11]] = circle[[11, 10]]
    found = untied(knot)
    assert len(crossing(knot)) == 1 and len(crossing(found)) == 0
    assert float((found - circle).norm(dim=1).max()) < 0.1


def test_the_body_s_atlas_keeps_its_promises():
    atlas = unwrapped_nude(0.0)
    found = measured(atlas, 1024)
    assert found["charts"] <= 24 and found["coverage"] >= 0.6 and found["density_ratio"] < 4
    assert (found["flips"], found["overlaps"], found["narrow"]) == (0, 0, 0)
    assert bool(((atlas.uvs >= 0) & (atlas.uvs <= 1)).all())
    body = model()
    inner = atlas.charts >= len(panels.CHARTS)
    old = body.shaped(torch.zeros(10)).posed(Pose.rest()).vertices[body.outer_faces]
    skin = atlas.mesh.vertices[atlas.mesh.faces[~inner]]
    assert float(skin.amax((0, 1))[1]) == pytest.approx(float(old.amax((0, 1))[1])), "the surface stays"


def test_a_bag_that_hangs_beside_has_a_chart_of_its_own():
    subject, bag = person(torch.zeros(10)), ball(0.15, 32, (0.55, 0.1, -0.1))
    body = nude(subject)
    flat = bag.vertices * torch.tensor([0.3, 1.0, 1.0]) + torch.tensor([0.385, 0.0, 0.0])
    faces = torch.cat([body.faces, bag.faces + len(body.vertices)])
    near = torch.cdist(flat, body.vertices).argmin(dim=1)  # as carve-mesh tells of bags
    whole = Mesh(torch.cat([body.vertices, flat]), faces).having(
        **{name: torch.cat([values, values[near]]) for name, values in body.attributes.items()}
    )
    atlas = unwrapped(whole, model(), subject)
    found = measured(atlas)
    assert found["flips"] == found["overlaps"] == 0 and found["density_ratio"] < 4
    assert found["charts"] == measured(unwrapped_nude(0.0))["charts"] + 1
    own = atlas.charts == atlas.names.index("bag")
    assert int(own.sum()) >= len(bag.faces)
    shown = atlas.uvs[own].mean(dim=1)
    outer = atlas.mesh.vertices[atlas.mesh.faces[own]].mean(dim=1)[:, 0] > 0.58
    assert float((shown[outer, 0] - 0.675).abs().mean()) < float((shown[~outer, 0] - 0.675).abs().mean())


def test_eyes_and_mouth_are_open_and_hang_together_with_their_rims():
    atlas = unwrapped_nude(0.0)
    name = {chart: atlas.charts == atlas.names.index(chart) for chart in ("head", "mouth", "left_socket", "tongue")}
    for part in ("mouth", "left_socket"):
        shared = torch.isin(atlas.mesh.faces[name[part]], atlas.mesh.faces[name["head"]].unique()).any(dim=1)
        assert int(shared.sum()) > 10, f"the {part} is welded to the skin"
    tongue = atlas.mesh.vertices[atlas.mesh.faces[name["tongue"]]].mean((0, 1))
    nose = atlas.mesh.vertices[atlas.mesh.faces[name["head"]]].amax((0, 1))[2]
    assert 0 < float(nose - tongue[2]) < 0.12
    rim = edges(atlas.mesh.faces)
    alone = rim.vertices[rim.counts.sum(dim=1) == 1].unique()
    parts = {model().part_names[k] for k in atlas.mesh.attributes["_PART"][alone].unique().tolist()}
    assert parts <= {"left_eye", "right_eye", "upper_teeth", "lower_teeth", "tongue"}, "no hole is left in the skin"


def test_the_layout_is_the_same_for_everybody():
    slim, heavy = unwrapped_nude(0.0), unwrapped_nude(2.5)

    def places(atlas: Atlas) -> dict[tuple[int, int], Tensor]:
        template = atlas.mesh.attributes["_TEMPLATE"][atlas.mesh.faces]
        keys = zip(template.reshape(-1).tolist(), atlas.charts.repeat_interleave(3).tolist(), strict=True)
        return dict(zip(keys, atlas.uvs.reshape(-1, 2), strict=True))

    one, other = places(slim), places(heavy)
    shared = sorted(one.keys() & other.keys())
    moved = torch.stack([one[key] - other[key] for key in shared]).norm(dim=1)
    assert len(shared) > 12000 and float(moved.median()) < 0.004 and float(moved.quantile(0.95)) < 0.03


def dressed_up(atlas: Atlas, turn: float) -> Tensor:
    """(256,256,3): a shirt, trousers and skin, each of a colour, painted on the texels by the body's parts."""
    shown = texels(atlas, 256)
    return padded(colours_of(atlas, turn)[shown.face.clamp(min=0)] * (shown.face >= 0)[..., None], shown)


def colours_of(atlas: Atlas, turn: float) -> Tensor:
    """(F,3): the colour of most of each face's corners' part."""
    names = model().part_names
    limb = torch.tensor([1 if n == "torso" or n.endswith("_arm") else 2 if n.endswith("_leg") else 0 for n in names])
    of_face = limb[atlas.mesh.attributes["_PART"].long()[atlas.mesh.faces]].median(dim=1).values
    hue = (of_face / 3 + turn) * 2 * torch.pi
    return 0.5 + 0.4 * torch.stack([(hue + k).cos() for k in (0.0, 2.0, 4.0)], dim=1)


def test_avatars_swap_their_textures():
    """Each in the other's: shirts are where the shirt was, trousers where the trousers were."""
    slim, heavy = unwrapped_nude(0.0), unwrapped_nude(2.5)
    for one, other, turn in ((slim, heavy, 0.0), (heavy, slim, 0.2)):
        worn = replace(other.mesh, images={"base_colour": dressed_up(one, turn)})
        at = texture(worn.images["base_colour"], other.uvs.mean(dim=1)[None, None])[0, 0]
        areas = face_areas(worn.vertices, worn.faces)
        off = (at - colours_of(other, turn)).abs().amax(dim=1) > 0.15
        assert float((off * areas).sum() / areas.sum()) < 0.06, "but for parts' borders"
        images = [(255 * dressed_up(atlas, turn)).to(torch.uint8) for atlas in (one, other)]
        camera = framing(worn.vertices, (96, 192))
        seen = [draw(replace(worn, images={"base_colour": image}), camera, "texture") for image in images]
        assert seen[1][..., :3].std() > 30 and np.abs(seen[0].astype(float) - seen[1]).mean() < 4


def test_same_mesh_same_atlas():
    subject = person(torch.zeros(10))
    again = unwrapped(nude(subject), model(), subject)
    assert torch.equal(again.uvs, unwrapped_nude(0.0).uvs)


def test_borders_are_seams():
    atlas = unwrapped_nude(0.0)
    cut = seams(atlas)
    one, other = atlas.charts[cut[:, :, 0]].unbind(1)
    assert int((one != other).sum()) > 1000
    slits = {atlas.names[k] for k in one[one == other].unique().tolist()}
    assert {"head", "left_arm", "right_leg"} <= slits


def test_a_mesh_that_lies_on_the_body_is_found_there():
    subject = person(torch.zeros(10))
    mesh = nude(subject)
    posed = model().shaped(subject.betas).posed(subject.pose)
    found = located(Mesh(mesh.vertices, mesh.faces), model(), posed)
    used = mesh.faces.unique()
    assert float((found.attributes["_TEMPLATE"][used] == used).float().mean()) > 0.98
    with pytest.raises(BadData, match="far from the body"):
        located(Mesh(mesh.vertices + 3, mesh.faces), model(), posed)


def test_a_skirt_s_axes_follow_the_thighs():
    posed = model().shaped(torch.zeros(10)).posed(Pose.rest())
    _, (down, ahead, left), _ = skirts.axes_of(posed)
    assert float(-down[1]) > 0.95 and float(ahead[2]) > 0.95 and float(left[0]) > 0.95


def test_the_layout_s_places_lie_in_their_rectangles():
    plan = layout(model())
    own = plan.panel >= 0
    assert bool(((plan.place[own] > -0.01) & (plan.place[own] < 1.01)).all()) and int(own.sum()) > 12000


def test_the_body_s_own_atlas_needs_the_body_s_faces():
    body = model()
    found = of_template(Mesh(body.v_template, body.faces), body)
    assert measured(found, 512)["flips"] == 0 and len(found.names) == 16
    with pytest.raises(BadData, match="own triangles"):
        of_template(Mesh(body.v_template, body.outer_faces), body)


def test_uvs_are_kept_where_there_are_some():
    mesh = grid(2)
    with pytest.raises(BadData, match="no texture coordinates"):
        kept(mesh)
    uvs = mesh.vertices[mesh.faces][..., :2]
    assert len(kept(Mesh(mesh.vertices, mesh.faces, uvs=uvs)).names) == 1
    with pytest.raises(BadData, match="expected 0 to 1"):
        kept(Mesh(mesh.vertices, mesh.faces, uvs=3 * uvs))


def test_xatlas_runs_in_a_process_with_a_time_out():
    with pytest.raises(BadData, match="no charts in"):
        automatic(grid(2), seconds=0.01)
    pytest.importorskip("xatlas", reason="avatarkit[xatlas] is not installed")
    found = automatic(grid(4))
    assert measured(found, 128)["flips"] == 0 and measured(found, 128)["stretch"] == pytest.approx(1, abs=1e-3)
