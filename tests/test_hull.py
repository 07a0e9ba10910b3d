"""Skirts are found where the gap between the legs is closed, shoes where feet are covered, and there alone; the union
keeps the body's vertices."""

from dataclasses import replace

import pytest
import torch
from solids import ball

from avatarkit import camera as cameras
from avatarkit import files, fitting, render
from avatarkit.carving import skin
from avatarkit.evidence import NO_TEMPLATE, Target
from avatarkit.hull import hem_of, joined, laden, shod, skirted
from avatarkit.mesh import Mesh, combined, euler_characteristic, is_closed, is_manifold, vertex_normals
from avatarkit.outline import outline_of

HEM = 0.5


@pytest.fixture(scope="module")
def body():
    model = files.read_body_model("builtin")
    return model, skin(model, fitting.from_words(model, "a man standing with legs apart", seed=0))


def target_of(mesh, *, filled=False, lean=0.0):
    """What a camera in front sees of the body; `filled` to the height HEM between its outermost pixels, where normals
    `lean` towards the middle."""
    camera = cameras.framing(mesh.vertices, (256, 256))
    image, coverage = render.render(mesh.vertices, mesh.faces, [camera], vertex_normals(mesh.vertices, mesh.faces))
    mask, normals = coverage[0].clone(), image[0].clone()
    middle = mesh.vertices.mean(dim=0)
    for row in range(256) if filled else ():
        height = float(cameras.unproject(camera, torch.tensor([128.0, row + 0.5]), torch.tensor(1.0))[1])
        covered = (mask[row] > 0.5).nonzero()[:, 0]
        if HEM < height < float(middle[1]) and len(covered):
            gap = slice(int(covered[0]), int(covered[-1]) + 1)
            empty = mask[row, gap] < 0.5
            side = torch.arange(256)[gap] < 128
            told = torch.stack([torch.where(side, lean, -lean), torch.zeros(len(side)), torch.ones(len(side))], dim=1)
            normals[row, gap] = torch.where(empty[:, None], told, normals[row, gap])
            mask[row, gap] = 1
    outline, outwards = outline_of(mask)
    normals = torch.nn.functional.normalize(normals, dim=-1)
    return Target(camera, normals[None], mask[None], outline, outwards, ("0",), torch.ones_like(mask[None]))


def legs_of(model, mesh):
    names = [f"{half}_leg" for half in ("upper", "lower")]
    return [
        torch.isin(mesh.attributes["part"], torch.tensor([model.part_names.index(f"{side}_{name}") for name in names]))
        for side in ("left", "right")
    ]


def test_a_closed_gap_is_a_skirt_down_to_its_hem(body):
    model, mesh = body
    hem = hem_of(mesh, legs_of(model, mesh), [target_of(mesh, filled=True)])
    assert hem is not None and hem.rim is not None
    assert (hem.rim[:, 1] - HEM).abs().max() < 0.03
    width, depth = (float(hem.rim[:, axis].max() - hem.rim[:, axis].min()) for axis in (0, 2))
    assert 0.2 < width < 1.0 and 0.6 * width < depth < width


def test_bare_legs_and_two_trouser_legs_that_touch_are_no_skirt(body):
    """Guards the crease: wide trousers close the gap too, but their normals lean towards it."""
    model, mesh = body
    assert hem_of(mesh, legs_of(model, mesh), [target_of(mesh)]) is None
    assert hem_of(mesh, legs_of(model, mesh), [target_of(mesh, filled=True, lean=1.0)]) is None
    assert skirted(mesh, model.part_names, [target_of(mesh)]) is mesh


def test_legs_that_do_not_hang_level_have_a_hem_without_a_rim(body):
    """Guards people who kneel, leap and dance: a level cut through their legs was a hull from thigh to foot."""
    model, mesh = body
    left = legs_of(model, mesh)[0]
    lifted = torch.where(left[:, None], mesh.vertices + torch.tensor([0.0, 0.3, 0.0]), mesh.vertices)
    raised = replace(mesh, vertices=lifted)
    hem = hem_of(raised, legs_of(model, mesh), [target_of(raised, filled=True)])
    assert hem is None or hem.rim is None


def test_the_union_is_one_closed_manifold_that_keeps_the_bodys_vertices(body):
    model, mesh = body
    legs = legs_of(model, mesh)
    hem = hem_of(mesh, legs, [target_of(mesh, filled=True)])
    found = joined(mesh, legs[0] | legs[1], hem, model.part_names.index("torso"))
    assert is_closed(found.faces) and is_manifold(found.faces)
    assert euler_characteristic(mesh.faces) == 2
    old = found.attributes["template"] != NO_TEMPLATE
    assert 0.8 * len(mesh.vertices) < old.sum() < len(mesh.vertices)
    place_of = torch.full((len(model.v_template), 3), torch.nan)
    place_of[mesh.attributes["template"]] = mesh.vertices
    assert torch.equal(found.vertices[old], place_of[found.attributes["template"][old]])
    assert bool((found.attributes["part"][~old] == model.part_names.index("torso")).all())
    hands = [k for k, name in enumerate(model.part_names) if "hand" in name or "index" in name]
    assert all(int((found.attributes["part"] == k).sum()) == int((mesh.attributes["part"] == k).sum()) for k in hands)


def test_a_body_without_legs_has_no_skirt(body):
    model, mesh = body
    legless = replace(mesh, attributes={**mesh.attributes, "part": torch.zeros_like(mesh.attributes["part"])})
    assert skirted(legless, model.part_names, [target_of(mesh, filled=True)]) is legless


def worn_by(model, mesh, *names):
    """(V): 1 on the parts named, 0 elsewhere."""
    return torch.isin(mesh.attributes["part"], torch.tensor([model.part_names.index(name) for name in names])).float()


def test_a_covered_foot_stands_in_a_shoe_and_a_bare_one_stays(body):
    model, mesh = body
    covered = worn_by(model, mesh, "left_foot")
    found = shod(mesh, model.part_names, 1 - covered, covered)
    assert is_closed(found.faces) and is_manifold(found.faces) and euler_characteristic(found.faces) == 2
    left, right = (found.attributes["part"] == model.part_names.index(f"{side}_foot") for side in ("left", "right"))
    bare = {side: worn_by(model, mesh, f"{side}_foot") > 0 for side in ("left", "right")}
    place_of = torch.full((len(model.v_template), 3), torch.nan)
    place_of[mesh.attributes["template"]] = mesh.vertices
    assert right.sum() == bare["right"].sum()
    assert torch.equal(found.vertices[right], place_of[found.attributes["template"][right]])
    assert not bool((found.attributes["template"] == NO_TEMPLATE).any())
    assert set(found.attributes["template"][left].tolist()) <= set(mesh.attributes["template"][bare["left"]].tolist())
    sole, lowest = found.vertices[left, 1].min(), mesh.vertices[bare["left"], 1].min()
    assert -0.035 < sole - lowest < -0.015
    level = found.vertices[left][found.vertices[left, 1] < sole + 0.004]
    length = [float(v[:, 2].max() - v[:, 2].min()) for v in (level, mesh.vertices[bare["left"]])]
    assert length[0] > 0.8 * length[1]  # flat from heel to toes, where the foot has an arch


def test_bare_feet_are_left_alone(body):
    model, mesh = body
    nothing = torch.zeros(len(mesh.vertices))
    assert shod(mesh, model.part_names, nothing, nothing) is mesh
    assert shod(mesh, model.part_names, nothing + 0.6, nothing + 0.4) is mesh


def test_a_coat_that_is_open_in_front_is_closed_behind(body):
    """Guards long open coats: from the front two trouser legs were seen, and the coat's back was slit to the seat."""
    model, mesh = body
    front = target_of(mesh, filled=True, lean=1.0)
    plain_back = torch.zeros_like(front.normals) - front.normals.new_tensor([0.0, 0.0, 1.0])
    coat = replace(front, normals=torch.cat([front.normals, plain_back]), masks=front.masks.expand(2, -1, -1))
    assert hem_of(mesh, legs_of(model, mesh), [front]) is None
    assert hem_of(mesh, legs_of(model, mesh), [coat]) is not None


def carrying(mesh, box, yaws):
    """Targets that show a body with a box beside it, which their labels call a bag."""
    both = combined([Mesh(mesh.vertices, mesh.faces), box])
    is_bag = (torch.arange(len(both.vertices)) >= len(mesh.vertices)).float()[:, None]
    found = []
    for yaw in yaws:
        camera = cameras.framing(both.vertices, (192, 192), yaw=yaw)
        label, coverage = render.render(both.vertices, both.faces, [camera], is_bag)
        bag = (label[0, ..., 0] > 0.5).float()
        labels = torch.stack([torch.zeros_like(bag), bag, bag])[None]
        outline, outwards = outline_of(coverage[0])
        trust = torch.ones_like(coverage)
        found.append(Target(camera, torch.zeros(1, 192, 192, 3), coverage, outline, outwards, ("0",), trust, labels))
    return found


@pytest.mark.parametrize("aside", [0.42, 0.62])
def test_a_bag_that_all_sides_show_is_joined_or_hangs_beside(body, aside):
    """Guards handbags, 23 cm from any part of the body, which no offset from the body reaches."""
    model, mesh = body
    lump = ball(0.12, centre=(aside, 0.8, 0.0))
    found = laden(mesh, model.part_names, carrying(mesh, lump, (0, 45, 90, 135, 180, 270)))
    assert is_closed(found.faces) and is_manifold(found.faces)
    assert not bool((found.attributes["template"] == NO_TEMPLATE).any())
    known = {tuple(place) for place in mesh.vertices.tolist()}
    new = torch.tensor([place for place in found.vertices.tolist() if tuple(place) not in known])
    assert (new[:, 0].max() - (aside + 0.12)).abs() < 0.02
    assert ((new - lump.vertices.mean(dim=0)).norm(dim=1) - 0.12).abs().max() < 0.04


def test_a_bag_leaves_a_skirt_as_it_is(body):
    """Guards the skirt's vertices being taken for the bag's, which have a template: its underside was cloth then."""
    model, mesh = body
    legs = legs_of(model, mesh)
    hem = hem_of(mesh, legs, [target_of(mesh, filled=True)])
    dressed = joined(mesh, legs[0] | legs[1], hem, model.part_names.index("torso"))
    lump = ball(0.12, centre=(0.62, 0.9, 0.0))
    found = laden(dressed, model.part_names, carrying(mesh, lump, (0, 45, 90, 135, 180, 270)))
    assert len(found.vertices) > len(dressed.vertices)
    counts = [int((m.attributes["template"] == NO_TEMPLATE).sum()) for m in (dressed, found)]
    assert counts[0] == counts[1] > 100


def test_two_views_do_not_tell_where_a_bag_is(body):
    model, mesh = body
    lump = ball(0.12, centre=(0.6, 0.8, 0.0))
    assert laden(mesh, model.part_names, carrying(mesh, lump, (0, 180))) is mesh
    assert laden(mesh, model.part_names, [target_of(mesh)]) is mesh
