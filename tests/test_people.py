"""Synthetic people: the same person wherever made, dressed from the skin outwards, mapped with one silhouette."""

import numpy as np
import pytest
import torch

from avatarkit import camera, files, people
from avatarkit.appearance.mapping import labels_of, mapped
from avatarkit.maps import PARTS, View
from avatarkit.outfit import HELD_OUT
from avatarkit.words import understood


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return files.read_body_model("builtin")


@pytest.fixture(scope="module")
def person(model):
    prompt = understood("a woman in a red coat over a white shirt and blue trousers, black boots, walking")
    return people.met(model, seed=3, index=1, prompt=prompt)


def test_a_person_repeats_bit_for_bit_and_others_differ(model):
    one, again, other = (people.met(model, seed=5, index=index) for index in (4, 4, 5))
    assert torch.equal(one.looks.mesh.vertices, again.looks.mesh.vertices)
    assert one.caption == again.caption and one.caption != other.caption


def test_what_the_prompt_says_is_worn_in_order(person):
    slots = [piece.slot for piece in person.dressed.pieces]
    assert slots[0] == "skin" and {"top", "bottom", "outer"} <= set(slots)
    assert slots.index("top") < slots.index("outer")
    red, green, blue = person.dressed["outer"].made_of.pattern.colours[0]
    assert red > 2 * max(green, blue)


def test_pieces_are_finite_and_skinned_to_the_body(person):
    for piece in person.dressed.pieces:
        assert torch.isfinite(piece.mesh.vertices).all(), piece.slot
        assert (piece.lbs_weights.sum(1) - 1).abs().max() < 1e-3, piece.slot
        assert piece.lbs_weights.min() >= -1e-6, piece.slot


def test_they_stand_on_their_soles_where_the_ground_is(model, person):
    shoes, skin = person.dressed["shoes"].mesh.vertices, person.dressed["skin"].mesh.vertices
    assert abs(float(shoes[:, 1].min())) < 1e-5 and float(skin[:, 1].min()) > 0.01
    posed = model.shaped(person.person.betas).posed(person.person.pose)
    torch.testing.assert_close(posed.vertices, skin, atol=1e-5, rtol=0)  # body.npz tells of the raised person
    pelvis, _ = camera.project(person.person.camera, posed.joints[:1])
    assert abs(float(pelvis[0, 0]) - 256) < 1


def test_front_and_back_have_one_silhouette_and_every_pixel_a_label(person):
    view = camera.framing(person.looks.mesh.vertices, (128, 128))
    maps = mapped(person.looks, person.dressed, [View(view), View(view, "farthest")])
    cover = maps.normals[..., 3]
    assert np.array_equal(cover[0], cover[1])
    assert 0.05 < cover.mean() < 0.5
    inside = cover > 0.99
    assert np.abs(np.linalg.norm(maps.normals[..., :3], axis=-1)[inside] - 1).max() < 1e-3
    assert (maps.normals[..., 2][inside] > -1e-3).mean() > 0.999  # to the viewer, the farthest map's too
    assert ((maps.labels[..., 0] > 0) == (cover > 0)).all()
    seen = {PARTS[int(k)] for k in np.unique(maps.labels[..., 0])}
    assert {"skin", "outer", "bottom"} <= seen
    assert len(labels_of(person.dressed)) == len(person.looks.mesh.faces)


def test_albedo_of_the_coat_is_red(person):
    view = camera.framing(person.looks.mesh.vertices, (128, 128))
    maps = mapped(person.looks, person.dressed, [View(view)])
    coat = maps.labels[0, ..., 0] == PARTS.index("outer")
    red, green, blue = maps.albedo[0][coat][:, :3].mean(0)
    assert coat.sum() > 300 and red > 1.5 * max(green, blue)


def test_held_out_people_wear_what_training_never_sees(model):
    families = frozenset().union(*HELD_OUT.values())
    for index in range(3):
        outfit = people.met(model, seed=0, index=index, heldout=True).drawn.outfit
        worn = [getattr(outfit, slot) for slot in ("top", "bottom", "dress", "outer", "shoes", "hat")]
        kinds = {thing.kind for thing in worn if thing} | {outfit.hair.style}
        kinds |= {thing.pattern.kind for thing in worn[:4] if thing}
        assert kinds & families


def test_the_stream_gives_workers_different_people(model):
    def sample(model, person, generator):
        return person.caption

    stream = people.Stream(lambda: model, sample, seed=9)
    first = [caption for caption, _ in zip(stream, range(2), strict=False)]
    assert first == [people.met(model, seed=9, index=k).caption for k in range(2)]
