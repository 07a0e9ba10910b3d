"""Texturing: known colours come back where they are seen; what is not seen is continued inside of its own part."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from solids import ball
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import files, fitting, render, texturing
from avatarkit.carving import labelled, skin
from avatarkit.errors import BadData, UsageError
from avatarkit.maps import PARTS, Maps, View
from avatarkit.mesh import Mesh, combined, edges, vertex_normals
from avatarkit.person import Person
from avatarkit.places import Places
from avatarkit.surface import Surface
from avatarkit.texturing.labelling import at_vertices, inner_colours
from avatarkit.texturing.layering import Layer, Parts, layered
from avatarkit.texturing.mirroring import mirrored
from avatarkit.texturing.projecting import Onlooker, misfit, projected
from avatarkit.texturing.sights import ALBEDO, CONTINUED, MIRROR, PHOTO, Sight, distance, inner
from avatarkit.texturing.spreading import spread

S = 128


def line(V: int) -> Tensor:
    return torch.stack([torch.arange(V - 1), torch.arange(1, V)], dim=1)


def test_a_value_is_continued_straight_and_never_over_a_border():
    values, weights = torch.tensor([[0.0], [0], [0], [6], [9], [0]]), torch.tensor([1e6, 0, 0, 1e6, 1e6, 0])
    found = spread(line(6), torch.tensor([0, 0, 0, 0, 1, 1]), values, weights)
    assert torch.allclose(found[:, 0], torch.tensor([0.0, 2, 4, 6, 9, 9]), atol=1e-2)


def test_a_part_that_nothing_is_known_of_gets_the_mean_of_all():
    found = spread(
        line(4), torch.tensor([0, 0, 1, 1]), torch.tensor([[2.0], [4], [0], [0]]), torch.tensor([1.0, 1, 0, 0])
    )
    assert torch.allclose(found[2:, 0], torch.tensor([3.0, 3.0]), atol=1e-3)


def test_distance_in_pixels():
    spots = torch.zeros(5, 5, dtype=torch.bool)
    spots[2, 2] = True
    expected = torch.tensor([[2.0, 2, 2, 2, 2], [2, 1, 1, 1, 2], [2, 1, 0, 1, 2], [2, 1, 1, 1, 2], [2, 2, 2, 2, 2]])
    assert torch.equal(distance(spots, 4.0), expected)
    assert float(inner(torch.ones(9, 9), 1.0).min()) == 1.0


def striped(mesh: Mesh) -> Tensor:
    """(V,3) a colour for each vertex: green above, red or blue below, by side."""
    x, y, _ = (mesh.vertices - (mesh.vertices.amin(0) + mesh.vertices.amax(0)) / 2).unbind(1)
    below = torch.where((x > 0)[:, None], torch.tensor([0.8, 0.1, 0.1]), torch.tensor([0.1, 0.1, 0.8]))
    return torch.where((y > 0)[:, None], torch.tensor([0.1, 0.7, 0.1]), below)


def test_seen_places_get_the_pictures_colours_and_others_no_weight():
    mesh = ball(1.0)
    sight = sight_of(mesh, striped(mesh))
    places = at_vertices(mesh)
    colours, weights = projected(places, Onlooker.of(sight, mesh, Surface(mesh.vertices, mesh.faces)))
    z = mesh.vertices[:, 2]
    assert float(weights[z < 0.1].max()) == 0 and float(weights[z > 0.7].min()) > 0.999
    clear = (z > 0.5) & (mesh.vertices[:, :2].abs() > 0.1).all(dim=1)
    assert torch.allclose(colours[clear], striped(mesh)[clear], atol=0.03)


def sight_of(mesh: Mesh, colours: Tensor, source: int = PHOTO) -> Sight:
    camera = cameras.framing(mesh.vertices, (S, S))
    image, cover = render.render(mesh.vertices, mesh.faces, [camera], colours)
    return Sight(source, camera, image[0].movedim(-1, 0), inner(cover[0], 1.0))


def test_what_hides_another_surface_does_not_paint_it():
    far, near = ball(1.0), ball(0.4, centre=(0.0, 0.0, 3.0))
    both = combined([far, near])
    V = len(far.vertices)
    colours = torch.cat([torch.ones(V, 3), torch.zeros(len(near.vertices), 3)])
    sight = sight_of(both, colours)
    onlooker = Onlooker.of(sight, both, Surface(both.vertices, both.faces))
    found, weights = projected(at_vertices(both), onlooker)
    radius = both.vertices[:V, :2].norm(dim=1)
    assert float(weights[:V][radius < 0.38].max()) == 0
    assert float(found[:V][weights[:V] > 0].min()) > 0.95  # guards the near ball's colour beside its contour


def test_a_later_layer_is_tuned_to_an_earlier_one_and_fills_what_that_leaves():
    mesh = ball(1.0)
    places, V = at_vertices(mesh), len(mesh.vertices)
    parts = Parts(torch.ones(V, 1), edges(mesh.faces).vertices)
    x = mesh.vertices[:, 0]
    first = Layer(PHOTO, torch.full((V, 3), 0.4), (x > -0.2).float())
    second = Layer(ALBEDO, torch.full((V, 3), 0.7), (x < 0.2).float() * (x > -0.8))
    found, source = layered(places, parts, [first, second])
    assert torch.allclose(found, torch.full((V, 3), 0.4), atol=0.01)
    assert set(source[x > 0].tolist()) == {PHOTO} and set(source[(x < -0.3) & (x > -0.7)].tolist()) == {ALBEDO}
    assert set(source[x < -0.85].tolist()) == {CONTINUED}


def test_borders_of_parts_run_through_triangles_where_both_are_as_likely():
    mesh = ball(1.0)
    y = mesh.vertices[:, 1]
    likely = (0.5 + (y - 0.03)).clamp(0, 1)  # one part above 3 cm, another below
    parts = Parts(torch.stack([1 - likely, likely], dim=1), edges(mesh.faces).vertices)
    generator = torch.Generator().manual_seed(0)
    shares = torch.rand(20_000, 3, generator=generator)
    face = torch.randint(len(mesh.faces), (20_000,), generator=generator)
    places = Places(mesh, face, shares / shares.sum(dim=1, keepdim=True))
    label, weights = parts.at(places)
    mixed = (parts.labels[places.corners] == label[:, None]).any(dim=1)
    assert bool(mixed.all()) and torch.allclose(weights.sum(dim=1), torch.ones(20_000), atol=1e-5)
    assert ((places.points[:, 1] > 0.03) == (label == 1)).float().mean() > 0.9999


@pytest.fixture(scope="module")
def ana():
    """A posed person, the mesh of its skin, and maps of it whose colours are known."""
    model = files.read_body_model("builtin")
    person = fitting.from_words(model, "a woman in an a-pose", seed=0)
    mesh = labelled(skin(model, person))
    return model, person, mesh


def test_mirrored_is_the_other_side_and_its_own_inverse(ana):
    model, person, mesh = ana
    found = mirrored(mesh, model, person)
    assert found is not None
    points, sure = found
    template = mesh.attributes["_TEMPLATE"].long()
    vertex_of = torch.full((len(model.v_template),), -1).index_put((template,), torch.arange(len(template)))
    expected = mesh.vertices[vertex_of[model.mirror[template]]]
    assert float((points - expected).norm(dim=1)[sure > 0.9].quantile(0.99)) < 0.002
    assert float((sure > 0.9).float().mean()) > 0.95


def maps_of(mesh: Mesh, colours: Tensor, label: str) -> Maps:
    camera = cameras.framing(mesh.vertices, (S, S))
    sides = [View(camera), View(camera, "farthest")]
    image, cover = render.render(mesh.vertices, mesh.faces, [camera], colours, surface="both")
    covered = cover[0, ..., None].numpy()
    albedo = np.concatenate([image[0].numpy() / np.maximum(covered, 1e-6), covered], axis=-1)
    normals = np.concatenate([np.zeros((2, S, S, 2)), covered, covered], axis=-1)
    labels = np.concatenate([PARTS.index(label) * (covered > 0.5), covered > 0.5], axis=-1)
    return Maps(tuple(sides), *(array.astype(np.float32) for array in (normals, albedo, labels)))


def test_a_person_is_painted_in_the_maps_colours_front_and_back(ana):
    model, person, mesh = ana
    green, blue = torch.tensor([0.1, 0.7, 0.1]), torch.tensor([0.1, 0.1, 0.8])
    colours = torch.where((mesh.vertices[:, 2] > mesh.vertices[:, 2].mean())[:, None], green, blue)
    sights = texturing.of_maps(maps_of(mesh, colours, "top"))
    found, source = texturing.coloured(at_vertices(mesh), model, person, sights)
    normals, away = vertex_normals(mesh.vertices, mesh.faces)[:, 2], mesh.vertices[:, 2] - mesh.vertices[:, 2].mean()
    broad = torch.tensor([name.endswith(("torso", "_leg")) for name in model.part_names])[
        mesh.attributes["_PART"].long()
    ]
    for way, colour in ((1, green), (-1, blue)):
        shown = (way * normals > 0.7) & (way * away > 0.03) & broad
        assert float(((found[shown] - colour).abs().amax(dim=1) < 0.2).float().mean()) > 0.95
    assert {ALBEDO, CONTINUED} <= set(source.unique().tolist())


def test_the_painted_mesh_has_uvs_and_a_picture_and_its_file_shows_them(ana, tmp_path):
    model, person, mesh = ana
    maps = maps_of(mesh, torch.full_like(mesh.vertices, 0.5), "skin")
    found = texturing.painted(mesh, model, person, maps, size=128)
    files.write_mesh(tmp_path / "textured.glb", found.mesh)
    read = files.read_mesh(tmp_path / "textured.glb")
    assert torch.equal(read.images["base_colour"], found.mesh.images["base_colour"])
    assert read.uvs is not None and torch.allclose(read.uvs, found.mesh.uvs, atol=1e-6)
    assert texturing.pictured(found).shape == (128, 128, 3)
    known = found.source > 0
    shown = found.mesh.images["base_colour"][known].float()
    assert float(((shown - 128).abs().amax(dim=1) < 3).float().mean()) > 0.9  # but for eyes


def test_without_photo_and_albedo_there_is_nothing_to_paint_with(ana):
    model, person, mesh = ana
    with pytest.raises(BadData, match="gen-normals"):
        texturing.painted(mesh, model, person, None, size=64)


def test_misfit_is_how_far_outlines_lie_apart():
    a, b = torch.zeros(40, 40, dtype=torch.bool), torch.zeros(40, 40, dtype=torch.bool)
    a[5:35, 5:35], b[7:33, 7:33] = True, True
    assert misfit(a, a) == 0 and misfit(a, b) == pytest.approx(2, abs=0.1)


def photographed(mesh: Mesh, person: Person, colours: Tensor, yaw: float = 0.0) -> Person:
    """The person with a photo of the mesh in these colours."""
    camera = cameras.framing(mesh.vertices, (256, 256), kind="perspective", yaw=yaw)
    image, cover = render.render(mesh.vertices, mesh.faces, [camera], colours)
    crop = torch.cat([image[0] / cover[0, ..., None].clamp(min=1e-6), cover[0, ..., None]], dim=-1)
    return replace(person, camera=camera, crop=(255 * crop).round().clamp(0, 255).to(torch.uint8).numpy())


def test_what_an_arm_hides_is_painted_like_the_other_side_unless_the_sides_differ(ana):
    model, person, mesh = ana
    places, template = at_vertices(mesh), mesh.attributes["_TEMPLATE"].long()
    height = (mesh.vertices[:, 1:2] - mesh.vertices[:, 1].min()) / (
        mesh.vertices[:, 1].max() - mesh.vertices[:, 1].min()
    )
    colours = torch.cat([height, 1 - height, torch.full_like(height, 0.2)], dim=1)  # the same left and right
    turned = photographed(mesh, person, colours, yaw=50.0)
    photo = texturing.of_photo(turned)
    found, source = texturing.coloured(places, model, turned, [photo], symmetry=True)
    without, other = texturing.coloured(places, model, turned, [photo])
    mirrored_ones = source == MIRROR
    assert float(mirrored_ones.float().mean()) > 0.08 and not (other == MIRROR).any()
    error, blind = ((x - colours).abs().mean(dim=1)[mirrored_ones].mean() for x in (found, without))
    assert float(error) < 0.03 and float(error) < float(blind)
    uneven = colours.clone()
    uneven[model.v_template[template, 0] > 0, 2] = 0.9
    turned = photographed(mesh, person, uneven, yaw=50.0)
    _, source = texturing.coloured(places, model, turned, [texturing.of_photo(turned)], symmetry=True)
    assert float((source == MIRROR).float().mean()) < 0.02


def test_a_second_photo_in_another_pose_paints_the_back(ana):
    model, person, mesh = ana
    walking = fitting.from_words(model, "a woman walking", seed=0)
    moved = labelled(skin(model, walking))
    front, back = torch.tensor([0.1, 0.7, 0.1]), torch.tensor([0.1, 0.1, 0.8])
    first = photographed(mesh, person, front.expand(len(mesh.vertices), 3))
    second = photographed(moved, replace(walking, betas=person.betas), back.expand(len(mesh.vertices), 3), yaw=180.0)
    found = texturing.painted(mesh, model, first, None, back=second, size=64).mesh.images["base_colour"]
    blue = (found[..., 2].int() - found[..., 1].int() > 100).float().mean()
    assert float(blue) > 0.15


def test_own_uvs_are_kept_and_missing_ones_told(ana):
    model, person, mesh = ana
    maps = maps_of(mesh, torch.full_like(mesh.vertices, 0.5), "skin")
    with pytest.raises(BadData, match="--atlas keep"):
        texturing.painted(mesh, model, person, maps, size=64, atlas="keep")
    own = replace(mesh, uvs=torch.rand(len(mesh.faces), 3, 2))
    found = texturing.painted(own, model, person, maps, size=64, atlas="keep")
    assert torch.equal(found.mesh.uvs, own.uvs)
    with pytest.raises(UsageError, match="keep"):
        texturing.check("best")


def test_eyes_have_an_iris_that_looks_ahead(ana):
    model, person, _ = ana
    mesh = person.mesh(model)
    template = torch.arange(len(mesh.vertices))
    whole = Mesh(mesh.vertices, mesh.faces).having(_PART=model.part.to(torch.uint8), _TEMPLATE=template)
    colours, inner = inner_colours(at_vertices(whole), model)
    eye = model.part == model.part_names.index("left_eye")
    assert set(inner[eye].tolist()) == {1.0} and float(inner[model.part == model.part_names.index("torso")].max()) == 0
    ahead = model.v_template[eye, 2] - model.v_template[eye, 2].mean()
    assert float(colours[eye][ahead.argmax()].max()) < 0.35 and float(colours[eye][ahead.argmin()].min()) > 0.7
