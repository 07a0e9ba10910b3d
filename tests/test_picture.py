import io

import numpy as np
import pytest
from PIL import Image

from avatarkit import picture

RED, BLUE = (255, 0, 0), (0, 0, 255)


def plain(colour, height=4, width=6):
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, len(colour))).copy()


def test_srgb_is_the_standards_curve():
    # IEC 61966-2-1: the line below 0.04045, the power above
    levels = np.array([0, 10, 128, 255], np.uint8)
    assert np.allclose(picture.linear_from_srgb(levels), [0, 0.00303527, 0.21586050, 1], atol=1e-6)
    assert np.allclose(picture.linear_from_srgb(levels.astype(np.uint16) * 257), picture.linear_from_srgb(levels))
    assert np.allclose(picture.linear_from_srgb(levels / 255), picture.linear_from_srgb(levels))


def test_each_level_survives_the_way_through_linear_light():
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(picture.srgb_from_linear(picture.linear_from_srgb(levels)), levels)


def test_light_out_of_range_is_clipped():
    assert picture.srgb_from_linear(np.array([-1.0, 0.0, 1.0, 7.0])).tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("alpha, expected", [(255, (255, 0, 0)), (0, (0, 0, 255)), (51, (51, 0, 204))])
def test_a_background_shows_through_alpha(alpha, expected):
    image = plain((*RED, alpha))
    assert picture.on_background(image, BLUE)[2, 3].tolist() == list(expected)
    assert np.array_equal(picture.on_background(image, plain(BLUE)), picture.on_background(image, BLUE))


def test_the_checker_shows_where_nothing_is():
    found = picture.on_background(plain((0, 0, 0, 0), 32, 32), "checker")
    assert found[[0, 0, 16], [0, 16, 16], 0].tolist() == [240, 204, 240]


def test_smaller_is_the_mean_of_areas():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = [[[0], [100]], [[100], [200]]]
    assert picture.resized(image, (2, 2))[..., 0].tolist() == [[100, 0], [0, 0]]


def test_transparent_colour_does_not_bleed_when_resized():
    image = np.concatenate([plain((*BLUE, 255), 4, 2), plain((*RED, 0), 4, 2)], axis=1)
    assert picture.resized(image, (1, 1))[0, 0].tolist() == [0, 0, 255, 128]


def test_larger_keeps_a_plain_colour():
    assert np.array_equal(picture.resized(plain(RED), (20, 30)), plain(RED, 30, 20))


def test_averaged_blocks():
    image = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    assert picture.averaged(image, 2)[..., 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


@pytest.mark.parametrize(
    "text, expected",
    [("Ana, 1.72 m", "Ana, 1.72 m"), ("Zoë Ångström", "Zoe Angstrom"), ("Łódź – ß", "Lodz - ss"), ("90°", "90°")]
    + [("日本", "??"), ("a\nb\x00", "a b "), ("…", "…")],
)
def test_names_are_spelt_with_the_letters_that_the_font_has(text, expected):
    """Pillow's font draws a box for what it lacks, and a line break would leave the label."""
    assert picture.spelt(text) == expected


def test_a_long_text_is_shortened_to_its_place():
    found = picture.shortened("a/very/long/path/to/somebody/body.npz", 100)
    assert found.endswith("…") and picture.text_width(found) <= 100
    assert picture.shortened("short", 100) == "short"
    assert picture.shortened("anything", 0) == "…"


def test_text_is_written_where_it_was_asked():
    page = plain((255, 255, 255), 40, 80)
    found = picture.written(page, [picture.Line("I", (40, 20), 20, RED, "mm")])
    rows, columns = np.nonzero((found != page).any(axis=-1))
    assert abs(rows.mean() - 19.5) < 2 and abs(columns.mean() - 39.5) < 2
    assert (page == 255).all()  # the page given is not drawn on


def test_a_grid_places_its_tiles():
    sheet = picture.grid([[plain(RED, 10, 20), plain(BLUE, 6, 8)], [plain(BLUE, 4, 4)]], gap=2, background=(9, 9, 9))
    assert sheet.shape == (2 + 10 + 2 + 4 + 2, 2 + 20 + 2 + 8 + 2, 3)
    assert sheet[2, 2].tolist() == list(RED) and sheet[11, 21].tolist() == list(RED)
    assert sheet[4, 24].tolist() == list(BLUE) and sheet[3, 24].tolist() == [9, 9, 9]  # centred in its row
    assert sheet[14, 10].tolist() == list(BLUE) and sheet[14, 14].tolist() == [9, 9, 9]
    assert (sheet != 9).any(axis=-1).sum() == 10 * 20 + 6 * 8 + 4 * 4


def test_labels_lie_under_the_tiles_and_titles_above():
    tile, page = plain(RED, 20, 100), (255, 255, 255)
    sheet = picture.grid([[tile]], labels=[["front"]], titles=["Ana"], gap=4, background=page)
    (rows,) = np.nonzero((sheet == RED).all(axis=-1).any(axis=1))
    ink = (sheet.max(axis=-1) < 200).any(axis=1)
    assert len(rows) == 20
    assert ink[: rows[0]].any() and ink[rows[-1] + 1 :].any()


def test_a_grid_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no tile"):
        picture.grid([[]])


def test_neighbouring_parts_have_colours_that_differ():
    colours = picture.palette(np.arange(40))
    assert colours.dtype == np.float32 and colours.min() >= 0 and colours.max() <= 1
    assert np.abs(np.diff(colours, axis=0)).max(axis=1).min() > 0.1


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3), (3, 5, 4)])
def test_a_png_holds_the_image_and_the_same_image_gives_the_same_bytes(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    encoded = picture.encode_png(image)
    assert np.array_equal(np.array(Image.open(io.BytesIO(encoded))), image)
    assert encoded == picture.encode_png(image.copy())
    assert b"tIME" not in encoded and b"tEXt" not in encoded


def test_a_png_is_of_bytes():
    with pytest.raises(ValueError, match="expected uint8"):
        picture.encode_png(np.zeros((2, 2, 3)))
