"""Who somebody is by their looks: sections of an outline, and the guess that is learned from them."""

import numpy as np
import pytest
import torch

from avatarkit import files, fitting
from avatarkit.body.phenotype import VARIABLES
from avatarkit.camera import Camera
from avatarkit.errors import BadData
from avatarkit.fitting import likeness, photo
from avatarkit.fitting.calibration import state_of
from avatarkit.fitting.likeness import HEIGHT, LOOKS, OUTCOMES, SECTIONS, Likeness
from avatarkit.fitting.outline import covered
from avatarkit.fitting.telling import said_in

SIZE = (300, 400)
K = np.array([[560.0, 0, 150], [0, 560.0, 200], [0, 0, 1]])
VIEW = np.array([[1.0, 0, 0, 0], [0, -1, 0, 0.85], [0, 0, -1, 4], [0, 0, 0, 1]])


@pytest.fixture(scope="module")
def figure():
    torch.set_num_threads(1)
    return fitting.figure_of(files.read_body_model("builtin"), files.read_landmarks())


@pytest.fixture(scope="module")
def standing(figure):
    """An average man in A-pose, 4 m away: his state, and his own outline."""
    person = fitting.from_words(figure.model, "a man in an A-pose, 1.75 m")
    camera = Camera("perspective", torch.from_numpy(K).float(), torch.from_numpy(VIEW).float(), SIZE)
    person = photo.replace(person, camera=camera)
    mask = covered(person.mesh(figure.model).vertices, figure.outer_faces, camera)
    return state_of(figure.rig, person), mask


def grown(mask, pixels):
    for _ in range(pixels):
        mask = mask | np.roll(mask, 1, 0) | np.roll(mask, -1, 0) | np.roll(mask, 1, 1) | np.roll(mask, -1, 1)
    return mask


def test_gaps_are_what_clothes_add(figure, standing):
    state, mask = standing
    height = float(np.ptp(np.argwhere(mask)[:, 0]))
    bare = likeness.gaps_of(figure.rig, figure.likeness.skin, state, K, mask, height)
    dressed = likeness.gaps_of(figure.rig, figure.likeness.skin, state, K, grown(mask, 3), height)
    seen = ~np.isnan(bare) & ~np.isnan(dressed)
    assert seen.sum() > 0.6 * len(SECTIONS)
    assert np.abs(np.median(bare[seen])) * height < 1.5
    assert np.median((dressed - bare)[seen]) * height == pytest.approx(3, abs=1.2)


def test_what_no_outline_shows_is_missing(figure, standing):
    state, mask = standing
    height = float(np.ptp(np.argwhere(mask)[:, 0]))
    below = mask.copy()
    below[220:] = False  # legs cut off
    found = likeness.gaps_of(figure.rig, figure.likeness.skin, state, K, below, height)
    assert np.isnan([g for g, s in zip(found, SECTIONS, strict=True) if s.start == "left_knee"]).all()
    everywhere = likeness.gaps_of(figure.rig, figure.likeness.skin, state, K, np.ones_like(mask), height)
    assert np.isnan(everywhere).all()
    look = likeness.look_of(figure.rig, figure.likeness.skin, state, K, None, height)
    assert look.shape == (LOOKS,) and np.isnan(look[: 2 * len(SECTIONS)]).all()
    assert not np.isnan(look[2 * len(SECTIONS) :]).any()


def toy(random, N=120):
    """Looks that are two noisy copies of an outcome's first two columns, and noise."""
    outcomes = random.normal(size=(N, 12))
    looks = np.tile(outcomes[:, :2], LOOKS)[:, :LOOKS] + 0.1 * random.normal(size=(N, LOOKS))
    looks[random.random(looks.shape) < 0.1] = np.nan
    return likeness.looks_table(looks, outcomes)


def test_a_guess_follows_the_looks_and_what_is_said(figure):
    random = np.random.default_rng(0)
    table = toy(random)
    learned = Likeness.of(figure.model, table)
    guess, spread = learned.guessed(np.tile([1.0, -1.0], LOOKS)[:LOOKS], {})
    assert guess[:2] == pytest.approx([1, -1], abs=0.3)
    assert spread[0] < 0.5 < spread[5]
    half_seen = np.where(np.arange(LOOKS) < LOOKS // 2, np.nan, np.tile([1.0, -1.0], LOOKS)[:LOOKS])
    assert learned.guessed(half_seen, {})[0][:2] == pytest.approx([1, -1], abs=0.4)
    told, sure = learned.guessed(np.full(LOOKS, np.nan), {5: (2.0, 0.01)})
    assert told[5] == pytest.approx(2, abs=0.01) and sure[5] < 0.02


def test_gaps_in_the_table_are_filled_from_what_goes_with_them():
    """Expectation maximisation finds the covariance that the complete table had."""
    random = np.random.default_rng(1)
    whole = random.normal(size=(4000, 1)) @ [[1.0, 1.0, -1.0]] + 0.5 * random.normal(size=(4000, 3))
    holed = np.where(random.random(whole.shape) < 0.3, np.nan, whole)
    found = likeness.looks_table(holed, whole, shrinkage=0.0)["looks_covariance"]
    assert found == pytest.approx(np.corrcoef(whole.T), abs=0.06)


def test_another_table_is_refused_and_another_body_does_without(figure):
    table = toy(np.random.default_rng(0))
    with pytest.raises(BadData, match="looks of shape"):
        Likeness.of(figure.model, table | {"looks": table["looks"][:, 1:]})
    assert Likeness.of(photo.replace(figure.model, phenotypes=None), table) is None


def test_words_become_outcomes(figure):
    said = said_in(figure.model, "a heavy woman, 8 years old, 1.30 m")
    assert set(said) == {*(VARIABLES.index(n) for n in ("sex", "child", "toddler", "old", "weight", "muscle")), HEIGHT}
    assert said[0][0] > 0.5 and said[VARIABLES.index("weight")][0] > 0.2
    assert said[VARIABLES.index("child")][0] > 0.3 and said[HEIGHT][0] == pytest.approx(np.log(1.30))
    assert said_in(figure.model, None) == {}


def test_children_are_small_and_heads_large(figure):
    """The learned table itself: somebody said to be 1.20 m tall is guessed to be a child."""
    usual = np.full(LOOKS, np.nan)
    child, _ = figure.likeness.guessed(usual, {HEIGHT: (np.log(1.2), 0.01)})
    grown_up, _ = figure.likeness.guessed(usual, {HEIGHT: (np.log(1.75), 0.01)})
    assert child[OUTCOMES.index("child")] > 0.5 > 0.2 > grown_up[OUTCOMES.index("child")]
