"""Shoes: every kind fits every foot, soles under the feet, what is hidden is inside."""

from functools import cache

import numpy as np
import pytest
import torch

from avatarkit import files, mesh
from avatarkit.body.phenotype import Phenotype
from avatarkit.outfit import SHOES, Item
from avatarkit.tailor import lasts, shoes
from avatarkit.tailor.piece import PANEL

PEOPLE = {"child": Phenotype(sex=0.5, age=6), "heavy": Phenotype(sex=0.0, age=45, weight=1.0)}
KINDS = [kind for kind in SHOES if kind != "barefoot"]


@cache
def model():
    return files.read_body_model("builtin")


@cache
def betas(who):
    return PEOPLE[who].betas(model())


@cache
def body(who):
    return model().shaped(torch.as_tensor(betas(who), dtype=torch.float32)).vertices.numpy()


@cache
def shod(who, kind):
    return shoes.shod(model(), betas(who), Item(kind))


def test_bare_feet_wear_nothing():
    assert shod("child", "barefoot") is None


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fits(who, kind):
    fitted, vertices = shod(who, kind), body(who)
    assert np.isfinite(fitted.vertices).all() and len(fitted.faces) < 6000
    assert mesh.is_oriented(torch.from_numpy(fitted.faces))
    np.testing.assert_allclose(fitted.lbs_weights.sum(1), 1, atol=1e-5)
    floor = vertices[:, 1].min()
    low = fitted.vertices[:, 1].min()
    assert floor - 0.06 < low < floor - 0.004
    # a pair: as far to the left as to the right
    np.testing.assert_allclose(fitted.vertices[:, 0].min(), -fitted.vertices[:, 0].max(), atol=2e-3)
    feet = vertices[:, 1] < floor + 0.02
    length = np.ptp(vertices[feet, 2])
    assert length < np.ptp(fitted.vertices[:, 2]) < 1.3 * length


@pytest.mark.parametrize("kind", ["sneakers", "boots", "loafers"])
def test_closed_shoes_hide_the_toes_and_leave_the_shin(kind):
    fitted, vertices = shod("heavy", kind), body("heavy")
    toes = [name for name in model().landmarks.names if name.endswith("toe")]
    for name in toes:
        face = model().landmarks.faces[model().landmarks.names.index(name)]
        assert fitted.covers[model().faces[face].numpy()].all()
    assert not fitted.covers[vertices[:, 1] > vertices[:, 1].min() + 0.3].any()


def test_sandals_show_the_foot():
    assert not shod("heavy", "sandals").covers.any()


def test_boots_are_taller_than_sneakers_and_heels_lift_most():
    top = {kind: shod("heavy", kind).vertices[:, 1].max() for kind in ("boots", "ankle boots", "sneakers")}
    assert top["boots"] > top["ankle boots"] + 0.05 > top["sneakers"] + 0.05
    low = {kind: shod("heavy", kind).vertices[:, 1].min() for kind in KINDS}
    assert min(low, key=low.get) == "heels" and max(low, key=low.get) == "ballet flats"


@pytest.mark.parametrize("kind", KINDS)
def test_soles_are_closed_and_look_outwards(kind):
    fitted = shod("child", kind)
    faces = torch.from_numpy(fitted.faces[fitted.panel == PANEL["sole"]])
    assert mesh.is_closed(faces)
    assert float(mesh.volume(torch.from_numpy(fitted.vertices), faces)) > 0


def test_uppers_look_outwards():
    fitted = shod("child", "boots")
    faces = fitted.faces[fitted.panel == PANEL["upper"]]
    left = faces[fitted.vertices[faces[:, 0], 0] > 0]
    corners = fitted.vertices[left]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = ((corners.mean(1) - corners.mean((0, 1))) * [1, 0, 1] * normals).sum(1)
    areas = np.linalg.norm(normals, axis=1)
    assert areas[outwards > 0].sum() > 0.7 * areas.sum()  # all but the collar's inner side and the bottom


def test_a_last_unrolls_what_was_rolled():
    left, right = lasts.lasts_of(model(), betas("heavy"))
    points = body("heavy")[left.skin]
    rolled = lasts._rolled(points, left.pivot, left.bend)
    np.testing.assert_allclose(left.unrolled(rolled), points, atol=1e-6)
    assert left.scale == pytest.approx(right.scale, abs=0.02)


def test_sections_hold_the_foot():
    left, _ = lasts.lasts_of(model(), betas("child"))
    t, theta, r = left.places.T
    behind_toes = (t > left.first) & (t < left.tip - 0.05 * left.scale)
    _, radius = left.section(t[behind_toes], theta[behind_toes])
    assert np.percentile(r[behind_toes] - radius, 99) < 0.003
