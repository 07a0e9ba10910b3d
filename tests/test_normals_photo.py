"""Clothes from a photo: what is worn is noticed, follows the outline, has the photo's colours, says how sure it is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import appearance, files, normals, people, words
from avatarkit import camera as cameras
from avatarkit.maps import PARTS
from avatarkit.normals.following import followed
from avatarkit.normals.keeping import bodily
from avatarkit.normals.noticing import noticed
from avatarkit.normals.noticing.glimpse import oklab, srgb_of, stepped
from avatarkit.normals.tailoring import overriding
from avatarkit.words import Wish


def photographed(said: str, seed: int = 3) -> normals.Sitter:
    model = files.read_body_model("builtin")
    found = people.met(model, seed=seed, index=0, prompt=words.understood(said))
    camera = cameras.framing(found.looks.mesh.vertices, (512, 512), kind="perspective", fov=25.0)
    taken = appearance.photograph(found.looks, camera, np.random.default_rng(1))
    crop = np.concatenate([taken.image, taken.mask[..., None]], axis=-1)
    return normals.seated(model, replace(found.person, camera=camera, crop=crop), size=256)


@pytest.fixture(scope="module")
def summery() -> normals.Sitter:
    return photographed("a young man in a red t-shirt and blue shorts, barefoot, short black hair, no hat, A-pose")


def test_sleeves_shorts_and_bare_feet_are_told_by_the_skin(summery):
    seen = noticed(summery)
    assert seen["top"].kinds == ("t-shirt",) and 0.3 < seen["top"].cut["sleeve"] < 1.1
    assert seen["bottom"].kinds == ("shorts",) and 1.3 < seen["bottom"].cut["hem"] < 2.2
    assert seen["dress"].absent and seen["outer"].absent and seen["shoes"].kinds == ("barefoot",)
    (red,), (blue,) = seen["top"].cut["colours"], seen["bottom"].cut["colours"]
    assert red[0] > 1.5 * max(red[1:]) and blue[2] > 1.2 * max(blue[:2])
    assert "crew cut" in seen["hair"].kinds


def test_cloth_between_the_legs_is_a_skirt_and_long_sleeves_are_long():
    seen = noticed(photographed("a woman in a long-sleeved green dress to the knees, black pumps, A-pose"))
    worn = seen["dress"] if not seen["dress"].absent else seen["bottom"]
    assert worn.kinds in (("dress",), ("skirt",)) and 1.6 < worn.cut["hem"] < 2.5
    assert (seen["dress"] if not seen["dress"].absent else seen["top"]).cut["sleeve"] > 1.6


@pytest.fixture(scope="module")
def worn(summery):
    return normals.tailored(summery)


def test_the_silhouette_follows_the_mask_on_both_sides(summery, worn):
    front, mask = worn.normals[0, ..., 3] > 0.5, summery.mask.numpy() > 0.5
    assert (front & mask).sum() / (front | mask).sum() > 0.95
    assert np.array_equal(worn.normals[0, ..., 3], worn.normals[1, ..., 3])
    body = summery.maps[0, 3].numpy() > 0.5
    assert (front & body & mask).sum() / (body & mask).sum() > 0.98


def test_the_photos_colours_are_worn_and_trusted(summery, worn):
    for part, channel in (("top", 0), ("bottom", 2)):
        where = worn.labels[0, ..., 0] == PARTS.index(part)
        colour = np.median(worn.albedo[0][where][:, :3], axis=0)
        assert colour.argmax() == channel and where.sum() > 300
        assert np.median(worn.albedo[0][where][:, 3]) > 1.2 * np.median(worn.albedo[1][where][:, 3])


def test_skin_is_trusted_most_and_stays_the_bodys(summery, worn):
    parts, trust = worn.labels[0, ..., 0], worn.labels[0, ..., 1]
    skin, cloth = parts == PARTS.index("skin"), np.isin(parts, [PARTS.index("top"), PARTS.index("bottom")])
    assert trust[skin].min() == 1 and 0.3 < trust[cloth].mean() < 0.95
    hands = (summery.shares("hand", "index", "middle", "face").sum(-1).numpy() > 0.95) & skin
    cosine = (worn.normals[0, ..., :3] * summery.maps[0, :3].movedim(0, -1).numpy()).sum(-1)[hands]
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).mean() < 10


def test_words_go_before_the_photo(summery):
    maps = normals.tailored(summery, "a long yellow coat")
    shown = {PARTS[int(part)] for part in np.unique(maps.labels[0, ..., 0])}
    assert "outer" in shown
    colour = np.median(maps.albedo[0][maps.labels[0, ..., 0] == PARTS.index("outer")][:, :3], axis=0)
    assert colour[0] > 1.3 * colour[2] and colour[1] > 1.3 * colour[2]


def test_what_is_said_takes_the_place_of_what_is_seen():
    seen = {"top": Wish(("t-shirt",), cut={"sleeve": 0.5, "colours": ((1, 0, 0),)}), "bottom": Wish(("jeans",)),
            "dress": Wish(absent=True), "hat": Wish(absent=True)}  # fmt: skip
    said = {"top": Wish(("sweater",)), "hat": Wish(("cap",))}
    found = overriding(seen, said)
    assert found["top"] == Wish(("sweater",), cut={"colours": ((1, 0, 0),)})  # its colour is still the photo's
    assert found["hat"].kinds == ("cap",) and not found["hat"].absent and found["bottom"] == seen["bottom"]
    assert found["outer"].absent and "outer" not in overriding(seen, {"shoes": Wish(("boots",))})
    dressed = overriding(seen, {"dress": Wish(("gown",))})
    assert dressed["top"].absent and dressed["bottom"].absent and dressed["dress"].kinds == ("gown",)
    undressed = overriding({"dress": Wish(("dress",)), "top": Wish(absent=True)}, {"bottom": Wish(("jeans",))})
    assert undressed["dress"].absent and "top" not in undressed


def test_a_square_follows_a_wider_one_and_what_is_held_stays():
    corners = torch.tensor([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0], [0.0, 0, 0]])
    faces = torch.tensor([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    camera = cameras.framing(torch.tensor([[-1.0, -1, 0], [1, 1, 0]]), (256, 256), fill=0.9)
    mask = torch.zeros(256, 256)
    mask[70:186, 50:206] = 1  # as high as the square, and a third wider
    held = torch.tensor([0.0, 0, 0, 0, 1])
    found = followed(corners, faces, camera, mask, held)
    assert torch.equal(found[4], corners[4]) or torch.allclose(found[4], corners[4], atol=1e-6)
    width = (found[1:3, 0] - found[[0, 3], 0]).mean()
    assert 1.25 < width < 1.45 and torch.allclose(found[:, 2], corners[:, 2], atol=1e-5)
    assert torch.equal(followed(corners, faces, camera, torch.zeros(256, 256), held), corners)


def test_hands_and_face_are_the_bodys_where_they_are_bare(summery):
    own = summery.maps
    noise = torch.randn(own[:, :3].shape, generator=torch.Generator().manual_seed(0))
    rough = torch.nn.functional.normalize(own[:, :3] + 0.2 * noise, dim=1)
    found, skin = bodily(summery, torch.cat([rough * (own[:, 3:] > 0), own[:, 3:]], dim=1))
    sure = skin > 0.99
    assert sure[0].sum() > 100 and ((found[:, :3] * own[:, :3]).sum(1)[sure] > 0.97).float().mean() > 0.9
    gloved = torch.cat([torch.tensor([0.0, -1, 0])[None, :, None, None] * (own[:, 3:] > 0), own[:, 3:]], dim=1)
    assert (bodily(summery, gloved)[1] > 0.5).sum() < 0.1 * sure.sum()  # what looks elsewhere covers the skin


def test_steps_are_found_where_they_are_and_not_where_there_is_none():
    along = np.linspace(0, 2, 400)
    at, contrast = stepped(along, (along > 0.7).astype(float), 0.0, 2.0)
    assert abs(at - 0.7) < 0.1 and contrast > 0.95
    assert stepped(along, np.zeros(400), 0.0, 2.0) == (2.0, 1.0)
    assert stepped(along, np.ones(400), 0.0, 2.0) == (0.0, 1.0)


def test_colours_go_to_oklab_and_back():
    colours = np.random.default_rng(0).random((50, 3))
    assert np.allclose([srgb_of(lab) for lab in oklab(colours)], colours, atol=2e-3)
    assert np.allclose(oklab(np.ones(3)), [1, 0, 0], atol=1e-3)


def test_without_a_photo_or_a_face_nothing_is_noticed(summery):
    assert noticed(replace(summery, photo=None)) == {}
    assert noticed(replace(summery, mask=torch.zeros_like(summery.mask))) == {}
