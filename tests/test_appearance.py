"""Whole people: their colours, relief, photos and textures."""

import numpy as np
import pytest
import torch
from dressed_people import BLUE, RED, builtin, person

from avatarkit import appearance, render
from avatarkit import camera as cameras
from avatarkit.appearance import lighting
from avatarkit.appearance.looks import Looks
from avatarkit.appearance.regions import EYE, SKIN
from avatarkit.appearance.sight import seen
from avatarkit.camera import Camera
from avatarkit.outfit import Pattern


@pytest.fixture(scope="module")
def looks() -> Looks:
    return appearance.prepared(person(Pattern("stripes", (RED, BLUE), 0.06)), builtin(), seed=3)


def nearest_faces(looks: Looks, points: list[tuple[float, float, float]], slot_kind: int | None = None) -> np.ndarray:
    """The faces whose centres lie nearest to places of the template."""
    centres = looks.places[looks.corners, :3].mean(1)
    if slot_kind is not None:
        centres = np.where((looks.rows.kind[looks.row] == slot_kind)[:, None], centres, 9)
    return np.array([np.linalg.norm(centres - point, axis=1).argmin() for point in points])


def colours(looks: Looks, face: np.ndarray, **options: float) -> np.ndarray:
    return appearance.albedo(looks, face, np.full((len(face), 3), 1 / 3), **options)


def test_colours_are_colours_and_repeat(looks):
    face = np.arange(0, len(looks.corners), 7)
    first, again = colours(looks, face), colours(looks, face)
    assert first.shape == (len(face), 3) and first.dtype == np.float32
    assert np.isfinite(first).all() and first.min() >= 0 and first.max() <= 1
    assert np.array_equal(first, again)


def test_a_face_has_its_features_where_they_are(looks):
    """Guards the map's orientation: features upside down or mirrored at a wrong axis."""
    pupil, white = colours(
        looks, nearest_faces(looks, [(0.0295, 0.6397, 0.148), (0.0395, 0.638, 0.143)], EYE), footprint=2e-4
    )
    places = [(0.004, 0.567, 0.163), (0.035, 0.585, 0.14), (0.03, 0.663, 0.148), (0.02, 0.69, 0.14)]
    lip, cheek, brow, forehead = colours(looks, nearest_faces(looks, places, SKIN), footprint=2e-4)
    assert pupil.mean() < 0.15 < 0.5 < white.mean()
    assert lip[0] / lip[1] > 1.15 * cheek[0] / cheek[1]
    assert brow.mean() < 0.8 * forehead.mean()


def test_a_face_is_symmetrical_where_chance_does_not_decide(looks):
    left = nearest_faces(looks, [(0.02, 0.57, 0.155), (0.03, 0.663, 0.148)], SKIN)
    right = nearest_faces(looks, [(-0.02, 0.57, 0.155), (-0.03, 0.663, 0.148)], SKIN)
    assert np.abs(colours(looks, left, footprint=0.01) - colours(looks, right, footprint=0.01)).max() < 0.08


def test_melanin_darkens_skin_and_lipstick_colours_lips():
    at = [(0.035, 0.61, 0.13), (0.004, 0.567, 0.163)]
    tones, lips = [], []
    for complexion in ({"melanin": 0.1}, {"melanin": 0.9}, {"melanin": 0.1, "lipstick": (0.1, 0.8, 0.1)}):
        made = appearance.prepared(person(**complexion), builtin())
        cheek, lip = colours(made, nearest_faces(made, at, SKIN), footprint=2e-4)
        tones.append(cheek.mean())
        lips.append(lip)
    assert tones[1] < 0.6 * tones[0]
    assert lips[2][1] > lips[2][0] and lips[0][0] > lips[0][1]


def test_stripes_run_around_the_body(looks):
    """Places at one height have one colour; half a repeat higher is the other."""
    # colours at 2.5 and 3.5 half repeats of 0.06 m: whole multiples are the middle of blue
    blue = nearest_faces(looks, [(0.05, 0.24, 0.13), (-0.05, 0.24, 0.13), (0.0, 0.24, -0.08)])
    spread = colours(looks, blue)
    heights = looks.places[looks.corners[blue], 1].mean(1)
    expected = np.where(np.abs(heights / 0.06 - np.rint(heights / 0.06)) < 0.25, 2, 0)
    assert (spread.argmax(1) == expected).all()


def test_relief_turns_with_the_person(looks):
    """Bent normals of a turned person are the turned bent normals, and stay unit."""
    face = np.nonzero(looks.rows.kind[looks.row] != EYE)[0][::11]
    weights = np.full((len(face), 3), 1 / 3)
    a, b, c = looks.mesh.vertices.numpy().astype(np.float64)[looks.corners[face]].transpose(1, 0, 2)
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    turn = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float64)
    turned = torch.from_numpy(looks.mesh.vertices.numpy() @ turn.T.astype(np.float32))
    other = Looks(**{**vars(looks), "mesh": type(looks.mesh)(turned, looks.mesh.faces, looks.mesh.attributes)})
    bent = appearance.relief(looks, face, weights, normals)
    assert np.abs(appearance.relief(other, face, weights, normals @ turn.T) - bent @ turn.T).max() < 2e-3
    assert np.abs(np.linalg.norm(bent, axis=1) - 1).max() < 1e-5
    angles = np.degrees(np.arccos(np.clip((bent * normals).sum(1), -1, 1)))
    assert 0.5 < angles.mean() < 25


@pytest.mark.parametrize("footprint", [0.0005, 0.0035, 0.015])
def test_relief_neither_vanishes_nor_explodes_with_distance(looks, footprint):
    face = np.nonzero(looks.rows.kind[looks.row] == 4)[0]
    weights = np.full((len(face), 3), 1 / 3)
    flat = np.tile([0.0, 0.0, 1.0], (len(face), 1))
    a, b, c = looks.mesh.vertices.numpy().astype(np.float64)[looks.corners[face]].transpose(1, 0, 2)
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    bent = appearance.relief(looks, face, weights, flat, footprint=footprint)
    assert 0.4 < np.degrees(np.arccos(np.clip((bent * flat).sum(1), -1, 1))).mean() < 20


def front(size: int = 96) -> Camera:
    return cameras.framing(builtin().v_template, (size, size), kind="perspective", fill=0.8)


def test_sight_agrees_with_the_rasteriser(looks):
    """Where four points of a pixel lie on one thing there is one point, on the face that the engine finds."""
    camera = front(64)
    sight = seen(looks, camera, footprint=0.02)
    total = np.bincount(sight.pixel, sight.weight, minlength=64 * 64)
    assert total.max() <= 1 + 1e-9
    assert np.abs(sight.barycentric.sum(1) - 1).max() < 1e-9 and sight.barycentric.min() >= 0
    clip_from_world = cameras.clip_from_world(camera, 0.5, 20)
    clip = looks.mesh.vertices @ clip_from_world[:, :3].T + clip_from_world[:, 3]
    raster = render.rasterize(clip[None], looks.mesh.faces, camera.size)[0]
    inside = (total > 0.99).reshape(64, 64)
    assert (raster[..., 3].numpy()[inside] > 0).mean() > 0.99
    posed = looks.mesh.vertices.double().numpy()
    points = (posed[looks.corners[sight.face]] * sight.barycentric[..., None]).sum(1)
    pixels, _ = cameras.project(camera, torch.from_numpy(points).float())
    found = pixels[:, 1].floor().long() * 64 + pixels[:, 0].floor().long()
    assert (found.numpy() == sight.pixel).mean() > 0.9


def test_a_photo_repeats_and_its_mask_is_the_silhouette(looks):
    photo, again = (appearance.photograph(looks, front(), np.random.default_rng(5)) for _ in range(2))
    assert photo.image.shape == (96, 96, 3) and photo.image.dtype == np.uint8
    assert np.array_equal(photo.image, again.image)
    covered = photo.mask.astype(float).sum() / 255
    assert 0.03 * 96**2 < covered < 0.5 * 96**2
    assert photo.image.std() > 8


@pytest.mark.parametrize("kind", appearance.KINDS)
def test_people_are_well_exposed_in_every_light(looks, kind):
    light = lighting.random_light(np.random.default_rng(2), kind)
    photo = appearance.photograph(looks, front(), np.random.default_rng(1), light=light, backdrop="plain", noise=False)
    person_pixels = photo.image[photo.mask > 250].astype(float)
    assert 50 < person_pixels.mean() < 190
    assert (person_pixels.min(axis=1) > 250).mean() < 0.03


def test_an_unknown_backdrop_is_refused(looks):
    with pytest.raises(ValueError, match="backdrop: kind is 'moon'"):
        appearance.photograph(looks, front(), np.random.default_rng(0), backdrop="moon")


def test_a_texture_has_the_colours_of_its_faces(looks):
    """Two faces in the corners of a texture: a texel inside has the albedo there, one outside its neighbour's."""
    faces = np.nonzero(looks.rows.kind[looks.row] == 4)[0][:1]
    uvs = np.array([[[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]]], np.float32)
    image = appearance.baked(looks, faces, uvs, 32, margin=2)
    weights = np.array(
        [[1 - (5.5 / 32 - 0.1) / 0.8 - (6.5 / 32 - 0.1) / 0.8, (5.5 / 32 - 0.1) / 0.8, (6.5 / 32 - 0.1) / 0.8]]
    )
    a, b, c = looks.rest[looks.corners[faces[0]]]
    texel = np.sqrt(np.linalg.norm(np.cross(b - a, c - a)) / 0.64) / 32
    expected = appearance.albedo(looks, faces, weights, footprint=texel)[0]
    assert np.abs(image[6, 5] / 255 - expected).max() < 0.01
    assert image[2, 10].any() and not image[0, 10].any()


def test_a_skin_of_other_vertices_is_refused():
    made = person()
    with pytest.raises(ValueError, match="the skin has"):
        appearance.prepared(
            type(made)(made.outfit, (type(made.pieces[0])(**{**vars(made.pieces[1]), "slot": "skin"}),)), builtin()
        )
