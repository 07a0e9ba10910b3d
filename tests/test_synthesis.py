"""A synthetic person as files tell of one: photo and maps by one camera, and a mesh that says what each vertex is."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from avatarkit import camera as cameras
from avatarkit import files, gltf, people, synthesis
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.maps import PARTS
from avatarkit.tailor.piece import PANEL
from avatarkit.words import understood

SIZE = TEXTURE = 64
PROMPT = "a woman in a red coat over a white shirt and blue trousers, black boots, a ponytail and glasses, standing"


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return files.read_body_model("builtin")


def made(model, **options):
    asked = {"seed": 3, "index": 1, "prompt": understood(PROMPT), "preset": "train", "size": SIZE, "texture": TEXTURE}
    return synthesis.synthesised(model, **{**asked, **options})


@pytest.fixture(scope="module")
def truth(model):
    return made(model)


@pytest.fixture(scope="module")
def found(model):
    return people.met(model, seed=3, index=1, prompt=understood(PROMPT))


def test_photo_mask_and_maps_are_of_one_camera(truth):
    assert truth.photo.shape == (SIZE, SIZE, 3) and truth.mask.shape == (SIZE, SIZE)
    assert truth.person.camera.kind == "perspective" and truth.person.camera.size == (SIZE, SIZE)
    assert all(view.camera is truth.person.camera for view in truth.maps.views)
    assert [view.surface for view in truth.maps.views] == ["nearest", "farthest"]
    assert np.abs(truth.mask / 255.0 - truth.maps.normals[0, ..., 3]).max() < 0.01
    assert np.array_equal(truth.maps.normals[0, ..., 3], truth.maps.normals[1, ..., 3])


def test_the_joints_project_into_the_mask(truth, model):
    body = model.shaped(truth.person.betas, truth.person.expression).posed(truth.person.pose)
    pixels, _ = cameras.project(truth.person.camera, body.joints[:22])
    column, row = pixels.numpy().astype(int).T
    assert (truth.mask[row, column] > 127).mean() > 0.9  # guards a camera that is not the one of the photo


def test_the_whole_person_is_in_the_photo_whatever_the_lens(model):
    # a near camera sees what reaches out to it larger: feet and hands were cut off
    found = people.met(model, seed=3, index=2, prompt=understood("a man sitting on the floor"))
    for seed in range(40):
        camera = viewpoint(found.looks.mesh.vertices, np.random.default_rng(seed), SIZE)
        pixels, _ = cameras.project(camera, found.looks.mesh.vertices)
        assert pixels.min() >= 0 and pixels.max() <= SIZE, seed


def test_without_a_photo_the_maps_are_orthographic(model):
    truth = made(model, photo=False, texture=8)
    assert truth.photo is None and truth.mask is None
    assert truth.person.camera.kind == "orthographic"
    assert truth.maps.normals.shape == (2, SIZE, SIZE, 4) and truth.maps.albedo.shape == (2, SIZE, SIZE, 4)


def test_a_person_repeats_and_another_seed_is_another(model, truth):
    again, other = made(model), made(model, seed=4, texture=8)
    assert np.array_equal(truth.photo, again.photo) and truth.caption == again.caption
    assert gltf.encode(truth.scene) == gltf.encode(again.scene)
    assert not np.array_equal(truth.photo, other.photo)


def test_the_scene_has_a_primitive_a_piece_with_its_label_and_material(truth, found):
    primitives, slots = truth.scene.meshes[0].primitives, [piece.slot for piece in found.dressed.pieces]
    assert [m.name for m in truth.scene.materials] == [slots[0], "eyes", *slots[1:]]
    eyes = primitives[1]
    for piece, primitive in zip(found.dressed.pieces, (primitives[0], *primitives[2:]), strict=True):
        faces = piece.mesh.faces[piece.panel != PANEL["eye"]]
        labels = set(primitive.custom["_PART"][primitive.faces].ravel().tolist())
        assert len(primitive.faces) == len(faces) and labels == {PARTS.index(piece.slot)}, piece.slot
        corners = primitive.vertices[primitive.faces]
        assert np.abs(corners - piece.mesh.vertices[faces].numpy()).max() < 1e-6
    assert set(eyes.custom["_PART"].tolist()) == {PARTS.index("eyes")}
    assert eyes.uv.min() > 0 and eyes.uv.max() < 1
    assert [p.material for p in primitives] == list(range(len(primitives)))


def test_what_has_texture_coordinates_has_a_texture_of_its_own_and_the_rest_has_colours(truth):
    for primitive in truth.scene.meshes[0].primitives:
        material = truth.scene.materials[primitive.material]
        assert (primitive.uv is None) == (material.base_color_image is None), material.name
        assert (primitive.uv is None) == (primitive.colors is not None), material.name
        if material.base_color_image is not None:
            image = truth.scene.images[material.base_color_image]
            assert image.name == material.name
            assert Image.open(io.BytesIO(image.data)).size == (TEXTURE, TEXTURE)


def test_the_coat_is_red_where_its_faces_look_into_its_texture(truth):
    (coat,) = (p for p in truth.scene.meshes[0].primitives if truth.scene.materials[p.material].name == "outer")
    data = truth.scene.images[truth.scene.materials[coat.material].base_color_image].data
    texture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(float)
    centres = coat.uv[coat.faces].mean(axis=1)
    column, row = np.clip(centres * TEXTURE, 0, TEXTURE - 1).astype(int).T
    red, green, blue = np.median(texture[row, column], axis=0)
    assert red > 1.5 * max(green, blue)


def test_true_weights_turn_the_mesh_as_its_joints_turn(truth, model):
    (skin,) = truth.scene.skins
    assert len(skin.joints) == len(model.joint_names) == 55
    world_from_nodes = gltf.world_from_nodes(truth.scene)
    bound = np.stack([world_from_nodes[j] for j in skin.joints]) @ skin.inverse_binds
    assert np.abs(bound - np.eye(4)).max() < 1e-5  # at rest in glTF the person stands as posed
    for primitive in truth.scene.meshes[0].primitives:
        assert np.abs(primitive.weights.sum(axis=1) - 1).max() < 1e-5 and primitive.weights.min() >= 0
        assert primitive.joints.max() < 55


def test_the_file_reads_back_and_tells_caption_and_licence(truth):
    scene = gltf.decode(gltf.encode(truth.scene))
    assert scene.extras["caption"] == truth.caption and scene.extras["licence"]
    written, read = truth.scene.meshes[0].primitives, scene.meshes[0].primitives
    assert [len(p.faces) for p in written] == [len(p.faces) for p in read]
    assert all(np.array_equal(a.custom["_PART"], b.custom["_PART"]) for a, b in zip(written, read, strict=True))
    assert all(np.abs(p.normals).max() <= 1.001 for p in read)
