"""Noise, patterns, seams, the face's map: small things that have known answers."""

from itertools import pairwise

import numpy as np
import pytest

from avatarkit.appearance import borders, features
from avatarkit.appearance.complexion import tone_of
from avatarkit.appearance.noise import hashed, noise2, noise3
from avatarkit.appearance.patterns import CHECKS, DOTS, FLORAL, PLAIN, PRINT, STRIPES, emblem, motif
from avatarkit.outfit import PATTERNS
from avatarkit.tailor.piece import PANEL


def test_hashes_are_the_same_on_every_machine():
    """Also with negative cells, where a shift of a signed number would differ."""
    assert [hashed(0, 0, 0, 0), hashed(1, 2, 3, 4), hashed(-1, -2, -3, 5)] == [
        _hash(0, 0, 0, 0),
        _hash(1, 2, 3, 4),
        _hash(-1, -2, -3, 5),
    ]


def _hash(i: int, j: int, k: int, seed: int) -> int:
    """The same in Python's own integers."""
    low = 0xFFFFFFFF
    h = (i * 374761393 + j * 668265263 + k * 1440662683 + seed * 1274126177) & low
    h = ((h ^ (h >> 15)) * 2246822519) & low
    h = ((h ^ (h >> 13)) * 3266489917) & low
    return h ^ (h >> 16)


def test_noise_is_centred_bounded_and_continuous():
    places = np.random.default_rng(0).uniform(-50, 50, (4000, 3))
    values = np.array([noise3(*place, 1) for place in places])
    assert abs(values.mean()) < 0.03 and -1 <= values.min() < -0.6 and 0.6 < values.max() <= 1
    near = np.array([noise3(*(place + 1e-5), 1) for place in places])
    assert np.abs(near - values).max() < 1e-3
    assert noise2(3.0, 4.0, 1) != noise2(3.0, 4.0, 2)


@pytest.mark.parametrize("kind", range(len(PATTERNS)))
def test_shares_of_a_pattern_lie_between_nothing_and_all(kind):
    for u, v in np.random.default_rng(kind).uniform(-1, 1, (500, 2)):
        shares = motif(kind, u, v, 0.05, 0.3, 3, 0.002, 9)
        assert all(-1e-9 <= share <= 1 + 1e-9 for share in shares)
        assert kind != PLAIN or shares == (0, 0)


def test_stripes_and_checks_at_known_places():
    assert motif(STRIPES, 0.3, 0.0, 0.1, 0.0, 2, 1e-4, 0) == (1, 0)
    assert motif(STRIPES, 0.3, 0.05, 0.1, 0.0, 2, 1e-4, 0) == (0, 0)
    # turned by a quarter, they run up the body
    assert motif(STRIPES, 0.05, 0.3, 0.1, np.pi / 2, 2, 1e-4, 0)[0] == pytest.approx(0)
    assert [motif(CHECKS, u, 0.0, 0.1, 0.0, 2, 1e-4, 0)[0] for u in (0.0, 0.05)] == [1.0, 0.5]


@pytest.mark.parametrize(("kind", "mean"), [(STRIPES, 0.5), (CHECKS, 0.5), (DOTS, 0.23)])
def test_a_pattern_too_fine_to_see_is_its_mean(kind, mean):
    places = np.random.default_rng(1).uniform(-1, 1, (300, 2))
    far = np.array([motif(kind, u, v, 0.01, 0.0, 2, 0.05, 0)[0] for u, v in places])
    near = np.array(
        [motif(kind, u, v, 0.01, 0.0, 2, 1e-5, 0)[0] for u, v in np.random.default_rng(2).uniform(-1, 1, (4000, 2))]
    )
    assert np.abs(far - mean).max() < 1e-6
    assert near.mean() == pytest.approx(mean, abs=0.03)


@pytest.mark.parametrize("kind", [FLORAL, PRINT])
def test_motifs_have_no_hard_edges_at_the_borders_of_cells(kind):
    u = np.linspace(-0.5, 0.5, 4001)
    row = np.array([motif(kind, x, 0.013, 0.2, 0.0, 3, 0.004, 3) for x in u])
    assert np.abs(np.diff(row, axis=0)).max() < 0.2


def test_an_emblem_ends():
    assert all(emblem(u, v, 0.01, seed) == (0, 0) for seed in range(6) for u, v in ((1.5, 0), (0, 1.3), (-1.4, -1.2)))


def strip(rows: int, zigzag: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A band of 40 × rows squares of 1 cm, body on its left half and sleeve on its right."""
    x, y = np.meshgrid(np.arange(41) * 0.01, np.arange(rows + 1) * 0.01)
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corner = (np.arange(rows)[:, None] * 41 + np.arange(40)).ravel()
    upper, lower = ([corner, corner + 1, corner + 42], [corner, corner + 42, corner + 41])
    faces = np.concatenate([np.stack(upper, 1), np.stack(lower, 1)])
    middle = points[faces].mean(1)
    shift = 0.01 * (np.floor(middle[:, 1] / 0.01) % 2) if zigzag else 0
    return points, faces, np.where(middle[:, 0] - shift < 0.2, PANEL["body"], PANEL["left sleeve"])


def test_rims_are_measured_along_edges_and_seams_of_limbs_are_none():
    points, faces, panel = strip(4, zigzag=False)
    rim = borders.rim_distances(points, faces, panel).reshape(5, 41)
    assert rim[:, 20] == pytest.approx([0, 0.01, 0.02, 0.01, 0])
    hem = np.where(panel == PANEL["body"], PANEL["hem"], PANEL["body"])
    assert borders.rim_distances(points, faces, hem).reshape(5, 41)[2, 18:23] == pytest.approx(
        [0.02, 0.01, 0, 0.01, 0.02]
    )


def test_a_zigzag_between_panels_becomes_a_straight_seam():
    """Panels change along edges of triangles: the seam drawn along them looked like a saw."""
    points, faces, panel = strip(20, zigzag=True)
    signed = borders.seam_distances(points, faces, panel).reshape(21, 41)
    place = [np.interp(0, row[15:28], 0.01 * np.arange(15, 28)) for row in signed[5:16]]
    assert np.ptp(place) < 0.004 and np.mean(place) == pytest.approx(0.205, abs=0.004)
    assert signed[10, 18] < 0 < signed[10, 23]


def test_legs_and_skirts_leave_the_body_without_a_seam():
    """A line of stitches ran across both thighs of all trousers."""
    points, faces, panel = strip(4, zigzag=False)
    for name in ("left leg", "skirt"):
        whole = np.where(panel == PANEL["body"], PANEL["body"], PANEL[name])
        assert (borders.seam_distances(points, faces, whole) == borders.REACH).all()


def test_the_faces_map_holds_signed_distances():
    found = features.feature_map()

    def at(x, y):
        return found[round((y - features.BOTTOM) / features.TEXEL), round((x - features.LEFT) / features.TEXEL)]

    assert at(0.0, 0.575)[features.LIPS] < 0 < at(0.0, 0.59)[features.LIPS]
    assert at(0.01, 0.575)[features.PARTING] > 0 > at(0.01, 0.566)[features.PARTING]
    assert at(0.03, 0.639)[features.OPENING] < 0 < at(0.03, 0.65)[features.OPENING]
    assert at(0.03, 0.65)[features.UPPER_LID] == pytest.approx(0.0068, abs=0.0006)
    assert at(0.025, 0.6622)[features.ALONG_BROW] == pytest.approx(0.38, abs=0.06)
    # between the brows nothing crosses: a line joined them there
    assert at(0.0, 0.656)[features.ALONG_BROW] < -0.1 and at(0.06, 0.655)[features.ALONG_BROW] > 1.1


def test_distances_to_a_polyline_equal_a_slow_search():
    line = features.smooth(features.LIP_TOP)
    points = np.random.default_rng(0).uniform([-0.01, 0.56], [0.04, 0.6], (50, 2))
    dense = np.concatenate([a + np.linspace(0, 1, 400)[:, None] * (b - a) for a, b in pairwise(line)])
    slow = np.linalg.norm(points[:, None] - dense, axis=-1).min(1)
    assert features.distances(points, line)[0] == pytest.approx(slow, abs=2e-6)


def test_tones_darken_evenly_and_keep_their_hue():
    tones = np.array([tone_of(melanin) for melanin in np.linspace(0, 1, 21)])
    assert (np.diff(tones.mean(1)) < 0).all()
    assert (tones[:, 0] > tones[:, 1]).all() and (tones[:, 1] > tones[:, 2]).all()
    assert tone_of(0.2, 1.0)[1] < tone_of(0.2, 0.0)[1]
