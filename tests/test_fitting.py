import logging
import math

import numpy as np
import pytest
import torch
from bodies import random_pose, small_model

from avatarkit import camera, files, fitting
from avatarkit.errors import BadData, UsageError
from avatarkit.fitting import from_motion, from_words
from avatarkit.individual import DENSITY
from avatarkit.mesh import volume
from avatarkit.motion import rotated
from avatarkit.person import Person
from avatarkit.poses import RELAXED
from avatarkit.standing import facing_front


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return files.read_body_model("builtin")


def posed(model, person):
    return model.shaped(person.betas, person.expression).posed(person.pose)


@pytest.mark.parametrize(
    ("text", "height"),
    [("T-pose man, 1.93 m", 1.93), ("T-pose child of 6 years, 110 cm", 1.10), ("T-pose, 5'2\", fat", 1.5748)],
)
def test_a_height_that_was_said_is_the_meshs(model, text, height):
    for variation in (0.0, 1.0):
        person = from_words(model, text, variation=variation, seed=3)
        vertices = posed(model, person).vertices
        assert float(vertices[:, 1].max() - vertices[:, 1].min()) == pytest.approx(height, abs=0.002)
        assert abs(person.residuals["height"]) < 0.002


@pytest.mark.parametrize("pose", ["standing", "sitting", "running"])
def test_on_the_ground_in_the_middle_and_framed(model, pose):
    person = from_words(model, f"an old woman, {pose}")
    body = posed(model, person)
    assert abs(float(body.vertices[:, 1].min())) < 1e-5
    assert body.joints[0, [0, 2]].abs().max() < 1e-5
    pixels, depth = camera.project(person.camera, body.vertices)
    assert person.camera.size == (512, 512)
    assert float(pixels[:, 1].max() - pixels[:, 1].min()) == pytest.approx(450, abs=0.1)
    assert depth.min() > 0
    assert pixels[body.vertices[:, 0].argmax(), 0] > 256  # their left is on the right of the image
    assert person.camera.kind == "orthographic"


def test_what_the_file_holds_comes_back(model):
    person = from_words(model, "a tall man waving")
    again = Person.from_arrays(person.arrays())
    assert torch.equal(again.betas, person.betas)
    assert torch.equal(again.pose.full(), person.pose.full())
    assert again.model.licence == "CC0-1.0"


def test_what_is_not_understood_is_logged(model, caplog):
    caplog.set_level(logging.WARNING, "avatarkit")
    from_words(model, "a tall short bearded man in a T-pose and blue jaens, bewildered and handsome")
    assert [record.getMessage() for record in caplog.records] == [
        "prompt: tall, then short: the last is taken",
        "prompt: not understood, and not heeded: 'blue', 'jaens' (jeans?), 'bewildered', 'handsome'",
    ]


def test_an_empty_prompt(model):
    with pytest.raises(BadData, match="prompt: empty, expected a description such as"):
        from_words(model, " \n")


def test_words_change_the_body(model):
    shapes = {
        words: model.shaped(from_words(model, f"{words} in a T-pose").betas).vertices
        for words in ("man", "woman", "slim man", "heavy man")
    }
    volumes = {words: float(volume(vertices, model.outer_faces)) for words, vertices in shapes.items()}
    assert volumes["slim man"] < volumes["man"] < volumes["heavy man"]
    assert volumes["woman"] < volumes["man"]


def test_people_of_whom_no_height_is_said_are_of_average_height(model):
    for who in ("woman", "child"):
        plain, said = (from_words(model, f"{words} in a T-pose").betas for words in (who, f"{who} of average height"))
        assert torch.allclose(plain, said, atol=0.05)


def test_a_mass_in_kilograms_is_the_bodys(model, caplog):
    betas = from_words(model, "T-pose woman, 1.65 m, 62 kg").betas
    vertices = model.shaped(betas).vertices.double()
    assert DENSITY * float(volume(vertices, model.outer_faces)) == pytest.approx(62, abs=1)
    assert not caplog.records
    from_words(model, "T-pose woman, 1.65 m, 240 kg")
    assert "240 kg is beyond this body's reach" in caplog.text


def test_variation_is_seeded_and_changes_the_head_most(model):
    average, one, same, other = (
        from_words(model, "T-pose man", seed=seed, variation=v).betas
        for seed, v in ((1, 0.0), (1, 1.0), (1, 1.0), (2, 1.0))
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(average, from_words(model, "T-pose man", seed=5).betas)
    moved = (one - average).abs()
    assert moved[model.head_betas].mean() > moved[: model.head_betas.start].mean()


def amass(model, **more):
    """One standing frame of AMASS, turned 60 degrees, one metre above the floor; +Z is up there."""
    root = rotated(rotated(random_pose(scale=0), torch.tensor([0, math.pi / 3, 0])), torch.tensor([math.pi / 2, 0, 0]))
    poses = np.concatenate([root.global_orient.numpy(), np.zeros(63), np.zeros(90)])[None]
    return {"poses": poses, "trans": np.array([[3.0, 2.0, 1.0]])} | more


def test_amass_stands_upright_facing_the_front(model):
    person = from_motion(model, amass(model), describe="tall man")
    body = posed(model, person)
    span = body.vertices.amax(0) - body.vertices.amin(0)
    assert span[1] > 1.8 > 1.2 > span[2]  # upright, arms along X
    assert body.joints[15, 1] > body.joints[0, 1]
    assert body.joints[[22, 23], 2].mean() > body.joints[15, 2]  # jaw and eye before the head joint: facing +Z
    assert abs(float(body.vertices[:, 1].min())) < 1e-5
    assert torch.allclose(person.pose.global_orient, torch.zeros(3), atol=1e-5)


def test_fingers_that_a_file_lacks_are_relaxed(model):
    arrays = {"poses": np.zeros((2, 72))}
    person = from_motion(model, arrays, frame=1)
    assert person.pose.full()[25].tolist() == pytest.approx(RELAXED["left_index1"])
    assert from_motion(model, amass(model)).pose.left_hand_pose.abs().max() == 0


def test_a_frame_that_is_not_there(model):
    with pytest.raises(BadData, match="frame 7: the motion has 2 frames"):
        from_motion(model, {"poses": np.zeros((2, 72))}, frame=7)


def test_gender_gives_the_average_shape(model):
    shapes = [
        from_motion(model, amass(model, gender=np.array(word))).betas for word in ("male", b"female", "neutral", "")
    ]
    assert torch.equal(shapes[2], shapes[3])
    assert len({tuple(shape.tolist()) for shape in shapes}) == 3


def test_betas_of_another_body_are_not_used(model, caplog):
    person = from_motion(model, amass(model, betas=np.ones(16)))
    assert torch.equal(person.betas, from_motion(model, amass(model)).betas)
    assert (
        "betas: those of the file belong to another body than avatarkit-body; describe the body in words" in caplog.text
    )


def test_our_own_file_comes_back_with_its_shape(model, caplog):
    person = from_words(model, "a heavy woman sitting")
    again = from_motion(model, person.arrays())
    assert torch.equal(again.betas, person.betas)
    assert torch.allclose(posed(model, again).vertices, posed(model, person).vertices, atol=1e-5)
    assert not caplog.records


def test_official_bodies_take_their_own_betas(caplog):
    official = small_model()
    stageii = {"poses": np.zeros((2, 165)), "betas": np.arange(1.0, 33.0)}
    assert from_motion(official, stageii).betas.tolist() == list(range(1, 1 + official.shapedirs.shape[-1]))
    assert not caplog.records
    from_motion(official, {"poses": np.zeros((2, 156)), "betas": np.ones(16)})  # SMPL+H's
    assert "belong to another body" in caplog.text
    with pytest.raises(BadData, match="needs the built-in body"):
        fitting.betas_of(official, fitting.heeded("a tall man"))
    assert fitting.betas_of(official, fitting.heeded("walking")).abs().max() == 0


def test_betas_from_the_command_line(model):
    assert from_motion(model, amass(model), betas="0.5,-1.2, 2").betas.tolist() == pytest.approx([0.5, -1.2, 2])
    for wrong in ("", "a,b", "1,,2", "nan", "1e9", ",".join(["1"] * 99)):
        with pytest.raises(UsageError, match="expected up to"):
            from_motion(model, amass(model), betas=wrong)
    with pytest.raises(UsageError, match="give one of the two"):
        from_motion(model, amass(model), betas="1", describe="tall man")
    with pytest.raises(BadData, match="betas: found"):
        from_motion(model, amass(model, betas=np.zeros((2, 3, 4))))


def test_facing_front_leaves_lean_and_somersaults():
    leaning = rotated(random_pose(scale=0), torch.tensor([0.3, 0, 0]))
    turned = rotated(leaning, torch.tensor([0, 2.0, 0]))
    assert torch.allclose(facing_front(turned).global_orient, leaning.global_orient, atol=1e-5)
    lying = rotated(random_pose(scale=0), torch.tensor([-math.pi / 2, 0, 0]))  # on the back, looking up
    assert torch.equal(facing_front(lying).global_orient, lying.global_orient)
