"""Rigging held against bodies whose weights and rest are known: dressed in their own skin, a little off it."""

from dataclasses import replace

import pytest
import torch

from avatarkit import files, gltf, rigging
from avatarkit.body import JOINT_INDEX, Pose
from avatarkit.errors import QualityGate, UsageError
from avatarkit.files.avatars import scene_of
from avatarkit.mesh import Mesh, is_closed, is_oriented, submesh, vertex_normals
from avatarkit.rigging.binding import weights_of
from avatarkit.rigging.expressions import named
from avatarkit.rigging.freeing import freed
from avatarkit.rigging.judging import crossed, outside
from avatarkit.rigging.unposing import unposed
from avatarkit.standing import seen
from avatarkit.surface import Surface

OFF = 0.006


@pytest.fixture(scope="module")
def model():
    return files.read_body_model("builtin")


@pytest.fixture(scope="module")
def dressed(model):
    """A person with hanging arms, and their skin 6 mm off the body but for hands and face, as carve-mesh labels it."""
    body = model.shaped(torch.tensor([0.5, -1.0]))
    pose = Pose.rest().turned(
        {"left_shoulder": (0, 0, -1.25), "right_shoulder": (0, 0, 1.25), "left_hip": (-0.4, 0, 0)}
    )
    person = seen(body, torch.tensor([0.5, -1.0]), pose)
    posed = body.posed(person.pose)
    template = torch.arange(len(posed.vertices))
    mesh = Mesh(posed.vertices, model.outer_faces, {"_TEMPLATE": template, "_PART": model.part.to(torch.uint8)})
    mesh, _ = submesh(mesh, torch.ones(len(mesh.faces), dtype=torch.bool))
    kept = mesh.attributes["_TEMPLATE"]
    part = model.part[kept]
    bare = torch.tensor([any(word in name for word in ("hand", "thumb", "index", "middle", "ring", "pinky", "face"))
                         for name in model.part_names])[part]  # fmt: skip
    off = OFF * ~bare[:, None] * vertex_normals(mesh.vertices, mesh.faces)
    return person, body, replace(mesh, vertices=mesh.vertices + off), kept


@pytest.fixture(scope="module")
def rig(model, dressed):
    person, _, mesh, _ = dressed
    return rigging.rigged(mesh, model, person)


@pytest.mark.parametrize("labelled", [True, False], ids=["carved", "foreign"])
def test_weights_are_those_of_the_body_below(model, dressed, labelled):
    """Foreign: an arm that lies at the waist must not take the waist's weights."""
    person, body, mesh, kept = dressed
    given = mesh if labelled else Mesh(mesh.vertices, mesh.faces)
    found = weights_of(given, body, body.posed(person.pose))
    assert torch.allclose(found.sum(dim=1), torch.ones(len(found)), atol=1e-6)
    assert int((found > 0).sum(dim=1).max()) <= 4
    off = (found - model.lbs_weights[kept]).abs().sum(dim=1) / 2
    assert float(off.mean()) < (0.04 if labelled else 0.07) and float((off > 0.5).double().mean()) < 0.005


def test_hands_and_face_have_the_templates_own_weights(model, dressed):
    person, body, mesh, kept = dressed
    found = weights_of(mesh, body, body.posed(person.pose))
    thumb = model.part[kept] == model.part_names.index("left_thumb")
    most = model.lbs_weights[kept][thumb].topk(4, dim=1).values.sum(dim=1)
    assert torch.allclose(found[thumb], model.lbs_weights[kept][thumb], atol=float(1 - most.min()) + 1e-6)


def test_unposing_undoes_posing(model):
    body = model.shaped(torch.zeros(0))
    posed = body.posed(
        Pose.rest().turned({"left_hip": (-0.8, 0, 0), "left_knee": (1.2, 0, 0), "right_elbow": (0, 1.5, 0)})
    )
    found = unposed(Mesh(posed.vertices, model.faces), model.lbs_weights, posed.world_from_rest)
    still = ~found.mended
    assert torch.allclose(found.vertices[still], body.vertices[still], atol=1e-5)
    assert float(found.mended.double().mean()) < 0.05


def test_it_stands_in_the_t_pose_and_comes_back(rig, dressed):
    avatar, mesh = rig.avatar, dressed[2]
    assert float(avatar.mesh.vertices[:, 1].min()) == pytest.approx(0, abs=1e-5)
    hands = avatar.joints[[JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]]
    shoulders = avatar.joints[[JOINT_INDEX["left_shoulder"], JOINT_INDEX["right_shoulder"]]]
    along = hands - shoulders
    assert float((along[:, 1:].abs().amax(dim=1) / along[:, 0].abs()).max()) < 0.15
    off = (avatar.posed(rig.pose) - mesh.vertices).norm(dim=1)
    assert float((off > 1e-5).double().mean()) < 0.03 and rig.mended < 0.02


def test_a_pose_hangs_the_arms(model, dressed):
    person, _, mesh, _ = dressed
    avatar = rigging.rigged(mesh, model, person, rest="a").avatar
    arm = avatar.joints[JOINT_INDEX["left_wrist"]] - avatar.joints[JOINT_INDEX["left_shoulder"]]
    assert -1.4 < float(arm[1] / arm[0]) < -0.6
    with pytest.raises(UsageError, match="--rest"):
        rigging.check("x", 4)
    with pytest.raises(UsageError, match="blender"):
        rigging.check("t", 4, bones="blender")
    with pytest.raises(UsageError, match="--influences"):
        rigging.check("t", 5)


def test_its_face_moves_as_the_bodys_does(model, rig, dressed):
    kept, avatar = dressed[3], rig.avatar
    assert avatar.morph_names == model.expression_names
    smile = model.expression_names.index("mouthSmileLeft")
    own = avatar.morphs[smile]
    assert float((own - model.exprdirs[kept, :, smile]).norm(dim=1).max()) < 1e-4
    assert float(own[avatar.mesh.vertices[:, 1] < 1.2].abs().max()) == 0


def test_a_body_that_names_no_expressions_gets_numbers_and_a_jaw(model, rig):
    """As official ones do: exp00 …, and aa and oh that open the jaw."""
    nameless = replace(model, expression_names=tuple(f"expression{k}" for k in range(52)))
    found = named(rig.avatar, Pose.rest(), nameless)
    assert found.morph_names[:2] == ("exp00", "exp01") and found.morph_names[-2:] == ("aa", "oh")
    assert named(rig.avatar, Pose.rest(), model) is rig.avatar
    opened = found.morphs[found.morph_names.index("aa")]
    jaw = rig.avatar.lbs_weights[:, JOINT_INDEX["jaw"]]
    assert float(opened[jaw > 0.5, 1].mean()) < -0.005 and float(opened[jaw == 0].abs().max()) < 1e-6


def tube(middle, wide, deep, rows, columns=40):
    """Rings around an upright axis, 5 cm apart, outwards."""
    turn = torch.linspace(0, 2 * torch.pi, columns + 1)[:-1]
    ring = torch.stack([wide * turn.sin(), torch.zeros_like(turn), deep * turn.cos()], dim=1)
    vertices = middle + torch.cat([ring + torch.tensor([0, 0.05 * k, 0]) for k in range(rows)])
    k, r = torch.cartesian_prod(torch.arange(rows - 1), torch.arange(columns)).unbind(1)
    a, b = columns * k + r, columns * k + (r + 1) % columns
    faces = torch.cat([torch.stack([a, b, b + columns], 1), torch.stack([a, b + columns, a + columns], 1)])
    return Mesh(vertices, faces)


@pytest.mark.parametrize("labelled", [True, False], ids=["carved", "foreign"])
def test_a_skirt_follows_both_legs(model, labelled):
    """A tube around both thighs, of no template: in the middle it hangs on both, at its sides on the nearer one."""
    body = model.shaped(torch.zeros(0))
    posed = body.posed(Pose.rest())
    knee = posed.joints[[JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]].mean(dim=0)
    skirt = tube(knee, 0.28, 0.2, 4)
    if labelled:
        torso = torch.full((160,), model.part_names.index("torso"), dtype=torch.uint8)
        skirt = skirt.having(_TEMPLATE=torch.full((160,), 65535), _PART=torso)
    found = weights_of(skirt, body, posed)
    side = torch.tensor([name.startswith("left") - name.startswith("right") for name in JOINT_INDEX])
    left, right = (found[:, side == k].sum(dim=1) for k in (1, -1))
    assert min(float(left[0]), float(right[0])) > 0.3
    assert float(left[10]) > 0.85 and float(right[30]) > 0.85


def test_a_coats_flank_is_not_the_hands_that_lies_on_it(model):
    """A tube around the trunk, through which the hands of hanging arms reach: they are nearer to it than the hips."""
    body = model.shaped(torch.zeros(0))
    posed = body.posed(Pose.rest().turned({"left_shoulder": (0, 0, -1.3), "right_shoulder": (0, 0, 1.3)}))
    hand = float(posed.joints[JOINT_INDEX["left_wrist"], 0]) - 0.02
    coat = tube(posed.joints[JOINT_INDEX["pelvis"]] - torch.tensor([0, 0.1, 0]), hand, 0.2, 9)
    near = Surface(posed.vertices, model.faces).closest(coat.vertices)
    closest = (model.lbs_weights[model.faces[near.face]] * near.barycentric[..., None]).sum(dim=1)
    arm = torch.tensor(["shoulder" in name or "elbow" in name or "wrist" in name for name in JOINT_INDEX])
    assert int((closest[:, arm].sum(dim=1) > 0.5).sum()) > 30
    assert int((weights_of(coat, body, posed)[:, arm].sum(dim=1) > 0.5).sum()) == 0


def test_a_hand_grown_to_the_hip_comes_off(model, dressed):
    """A tube between a face of the hand and one of the torso, as a union of closed parts leaves it."""
    mesh = dressed[2]
    part = mesh.attributes["_PART"].long()[mesh.faces]
    hand, hip = (int((part == model.part_names.index(name)).all(dim=1).nonzero()[0]) for name in ("left_hand", "torso"))
    (a, b, c), (p, q, r) = mesh.faces[hand].tolist(), mesh.faces[hip].tolist()
    tube = torch.tensor([(a, b, p), (b, r, p), (b, c, r), (c, q, r), (c, a, q), (a, p, q)])
    keep = torch.ones(len(mesh.faces), dtype=torch.bool)
    keep[[hand, hip]] = False
    grown = replace(mesh, faces=torch.cat([mesh.faces[keep], tube]))
    assert is_closed(grown.faces)
    found = freed(grown, model, torch.arange(len(mesh.vertices)))
    assert is_closed(found.faces) and is_oriented(found.faces) and len(found.faces) == len(mesh.faces)
    assert freed(mesh, model, torch.arange(len(mesh.vertices))) is mesh


def test_gates_name_what_is_wrong(rig, dressed):
    avatar = rig.avatar
    assert rigging.faults(avatar, rig.mended) == [] and crossed(avatar) < 0.002
    assert float(outside(avatar).max()) < 0.02
    mirrored = [JOINT_INDEX[n.replace("left", "~").replace("right", "left").replace("~", "right")] for n in JOINT_INDEX]
    wrong = replace(avatar, lbs_weights=avatar.lbs_weights[:, mirrored])
    assert "other side" in rigging.faults(wrong, 0.0)[0]
    swapped = avatar.lbs_weights.clone()
    one, other = ([JOINT_INDEX[f"left_{finger}{bone}"] for bone in (1, 2, 3)] for finger in ("index", "middle"))
    swapped[:, other] += 0.4 * swapped[:, one]
    swapped[:, one] *= 0.6
    assert any("another finger" in fault for fault in rigging.faults(replace(avatar, lbs_weights=swapped), 0.0))
    away = replace(avatar, joints=avatar.joints + torch.tensor([0.0, 0.5, 0.0]))
    assert any("head is" in fault for fault in rigging.faults(away, 0.0))
    assert "torn" in rigging.faults(avatar, 0.5)[0]
    with pytest.raises(QualityGate, match="allow-poor"):
        rigging.judge(avatar, 0.5)
    rigging.judge(avatar, 0.5, allow_poor=True)


def test_the_file_holds_the_same_skin(rig):
    avatar = rig.avatar
    scene = gltf.decode(gltf.encode(scene_of(avatar)))
    primitive = scene.meshes[0].primitives[0]
    assert scene.meshes[0].morph_names == avatar.morph_names
    assert [scene.nodes[k].name for k in scene.skins[0].joints] == list(JOINT_INDEX)
    dense = torch.zeros(len(primitive.vertices), 55)
    dense.scatter_add_(
        1, torch.from_numpy(primitive.joints.astype("int64")), torch.from_numpy(primitive.weights.copy())
    )
    assert torch.allclose(dense, avatar.lbs_weights, atol=1e-6)
    rest = gltf.world_primitives(scene)[0]
    assert torch.allclose(torch.from_numpy(rest.vertices), avatar.mesh.vertices, atol=1e-6)
