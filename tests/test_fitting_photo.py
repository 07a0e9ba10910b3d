"""Photos, without a detector: what it would see is projected from bodies that are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import detect, files, fitting
from avatarkit.camera import Camera
from avatarkit.errors import BadData, NotInstalled, QualityGate, UsageError
from avatarkit.fitting import judging, keypoints, looking, photo
from avatarkit.fitting.calibration import bone_maps, state_of
from avatarkit.fitting.figure import Lens
from avatarkit.fitting.landmarks import BONES, FACE, FACE_IDS, POSE
from avatarkit.fitting.outline import covered
from avatarkit.fitting.rig import frames, places, rotations
from avatarkit.fitting.starting import turn_of
from avatarkit.fitting.terms import projected
from avatarkit.person import Person

SIZE = (400, 500)
LENS = Lens(650.0, "given")
K = LENS.K(SIZE)


@pytest.fixture(scope="module")
def figure():
    torch.set_num_threads(1)
    made = fitting.figure_of(files.read_body_model("builtin"), files.read_landmarks())
    maps = np.zeros_like(made.table.bone_maps)
    maps[:, :3] = np.eye(3)  # a detector without habits
    return replace(made, table=replace(made.table, bone_maps=maps))


def pictured(figure, words, yaw=0.3):
    """A person seen by a camera 4 m away: the person, the state in its axes, what a perfect detector sees."""
    person = fitting.from_words(figure.model, words)
    view = np.eye(4)
    view[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ rotations(np.array([0, -yaw, 0]))
    view[:3, 3] = [0, 0.85, 4.0]
    camera = Camera("perspective", torch.from_numpy(K).float(), torch.from_numpy(view).float(), SIZE)
    person = replace(person, camera=camera)
    state = state_of(figure.rig, person)
    marks = places(figure.rig, figure.landmarks, state)
    mask = covered(person.mesh(figure.model).vertices, figure.outer_faces, camera).astype(np.float32)
    pixels = projected(marks, K)[0]
    hands, height = (marks[33:54], marks[54:75]), looking.extent(pixels[POSE])
    sight = looking.Sight(SIZE, pixels, np.ones(145), np.zeros(145), marks[POSE], hands, mask, height)
    return person, state, sight


def off(figure, found, true):
    a, b = (frames(figure.rig, state).placed[:22] for state in (found, true))
    return 1000 * np.linalg.norm(a - a[0] - b + b[0], axis=1).mean()


@pytest.mark.parametrize("words", ["a man standing, 1.80 m", "a woman walking, 1.65 m", "a man sitting, 1.75 m"])
def test_a_known_body_comes_back(figure, words):
    person, true, sight = pictured(figure, words)
    height = float(figure.model.shaped(person.betas).height)
    state = photo.fitted(figure, sight, K, height=height, clothes=0.0)
    assert off(figure, state, true) < 40
    errors = np.linalg.norm(
        projected(places(figure.rig, figure.landmarks[POSE], state), K)[0] - sight.pixels[POSE], axis=1
    )
    assert errors.mean() < 0.006 * sight.height
    blind = photo.fitted(figure, replace(sight, cue=None, hands=(None, None)), K, height=height, clothes=0.0)
    assert off(figure, blind, true) < 150


def test_the_world_is_upright_and_the_camera_sees_the_same(figure):
    """A camera that looks down on somebody who stands is found out by their balance."""
    _, true, _ = pictured(figure, "a woman standing")
    tilted = rotations(np.array([0.25, 0, 0]))
    pelvis = frames(figure.rig, true).placed[0]
    turn = turn_of(tilted @ rotations(true.turns[0]))
    turns = np.concatenate([turn[None], true.turns[1:]])
    seen = replace(true, turns=turns, transl=true.transl + tilted @ pelvis - pelvis)
    skin = figure.points[145:]
    world, cam_from_world = judging.in_world(figure.rig, skin, seen)
    up = cam_from_world[:3, 1]
    assert np.degrees(np.arccos(-up @ tilted[:, 1])) < 6
    there = places(figure.rig, skin, world) @ cam_from_world[:3, :3].T + cam_from_world[:3, 3]
    assert np.allclose(there, places(figure.rig, skin, seen), atol=1e-9)
    assert places(figure.rig, skin, world)[:, 1].min() == pytest.approx(0, abs=1e-9)
    ahead = rotations(world.turns[0])[:, 2]
    assert abs(ahead[0]) < 1e-9 and ahead[2] > 0


def openpose(sight):
    points = np.zeros((25, 3))
    for ours, theirs in keypoints.BODY_25.items():
        points[theirs] = [*sight.pixels[ours], 0.9]
    face = np.c_[sight.pixels[FACE], np.ones(70)]
    return {"people": [{"pose_keypoints_2d": points.ravel().tolist(), "face_keypoints_2d": face.ravel().tolist()}]}


def test_openpose_and_coco_say_the_same(figure, caplog):
    _, _, sight = pictured(figure, "a man walking")
    one = keypoints.sight_of(openpose(sight), SIZE, None)
    points = np.zeros((133, 3))
    for ours, theirs in keypoints.COCO.items():
        points[theirs] = [*sight.pixels[ours], 0.9]
    points[23:91] = np.c_[sight.pixels[FACE][:68], np.ones(68)]
    for told in ([{"keypoints": points.ravel().tolist()}], {"annotations": [{"keypoints": points.ravel().tolist()}]}):
        other = keypoints.sight_of(told, SIZE, None)
        assert np.allclose(one.pixels[POSE], other.pixels[POSE], equal_nan=True)
        assert np.allclose(one.pixels[FACE][:68], other.pixels[FACE][:68])
    assert one.cue is None and np.isnan(one.pixels[33]).all() and np.isnan(one.pixels[17]).all()
    assert "weaker in 3D" in caplog.text


@pytest.mark.parametrize(
    "told", [{}, [], {"people": []}, {"people": [{"pose_keypoints_2d": [1, 2]}]}, [{"keypoints": ["a"] * 399}], 7]
)
def test_other_json_is_refused(told):
    with pytest.raises(BadData, match="keypoints"):
        keypoints.sight_of(told, SIZE, None)


def test_several_people_are_asked_about(figure):
    _, _, sight = pictured(figure, "a man walking")
    told = openpose(sight)
    told["people"].append({"pose_keypoints_2d": (np.array(told["people"][0]["pose_keypoints_2d"]) + 30).tolist()})
    with pytest.raises(BadData, match=r"2 people.*--person"):
        keypoints.sight_of(told, SIZE, None)
    chosen = keypoints.sight_of(told, SIZE, None, (1000, 1000))
    assert np.nanmin(chosen.pixels[POSE] - sight.pixels[POSE]) > 29


def test_a_photo_with_keypoints_becomes_a_person(figure, caplog):
    person, _, sight = pictured(figure, "a man standing")
    image = np.full((SIZE[1], SIZE[0], 4), 90, np.uint8)
    image[..., 3] = np.rint(255 * sight.mask)
    found = fitting.from_photo(figure, image, lens=LENS, keypoints=openpose(sight))
    assert found.residuals["reprojection"] < 0.015
    assert found.residuals["mask_iou"] > 0.8
    x, y = found.crop_offset
    h, w = found.crop.shape[:2]
    assert (found.crop[..., 3] == image[y : y + h, x : x + w, 3]).all()
    assert found.crop[..., 3].sum() == image[..., 3].sum(dtype=np.int64)
    again = Person.from_arrays(found.arrays())
    assert again.focal_source == "given"
    assert np.allclose(again.keypoints["pixels"][POSE], found.keypoints["pixels"][POSE], equal_nan=True)
    better = fitting.from_photo(figure, image, lens=LENS, keypoints=openpose(sight), init=person)
    assert better.residuals["reprojection"] < 0.015


def test_a_large_photo_is_made_smaller_with_all_that_belongs_to_it(figure):
    _, _, sight = pictured(figure, "a man standing")
    image = np.full((SIZE[1] * 6, SIZE[0] * 6, 4), 90, np.uint8)
    image[..., 3] = np.rint(255 * sight.mask).astype(np.uint8).repeat(6, 0).repeat(6, 1)
    told = openpose(replace(sight, pixels=6 * sight.pixels))
    found = fitting.from_photo(figure, image, lens=Lens(6 * LENS.focal, "given"), keypoints=told)
    assert max(found.camera.size) == 2048
    assert found.camera.K[0, 0] == pytest.approx(6 * LENS.focal * 2048 / 3000)
    assert found.residuals["reprojection"] < 0.015
    assert max(found.crop.shape) <= 2048


def test_a_bad_fit_is_no_fit(caplog):
    with pytest.raises(QualityGate, match=r"reprojection is 0.050"):
        judging.check({"reprojection": 0.05, "mask_iou": 0.9}, force=False)
    judging.check({"reprojection": 0.05}, force=True)
    assert "reprojection" in caplog.text
    judging.check({"reprojection": 0.01, "mask_iou": 0.7, "outside": 0.02}, force=False)


def test_what_is_allowed_is_said_in_words():
    assert fitting.allowed(None) == fitting.allowed("") == frozenset()
    assert fitting.allowed("poor, Cropped") == {"cropped", "poor"}
    with pytest.raises(UsageError, match="--allow everything: expected cropped or poor"):
        fitting.allowed("everything")


def test_lens():
    assert Lens.of((600, 400), told="90deg").focal == pytest.approx(200)
    assert Lens.of((600, 400), told="333", exif=500) == Lens.of((600, 400), told="333px") == Lens(333, "given")
    assert Lens.of((600, 400), told="43.27 mm").focal == pytest.approx(np.hypot(600, 400))
    for wrong in ("wide", "0", "-5", "180deg", "1e9", "50°", "nan", ""):
        with pytest.raises(UsageError, match="--focal"):
            Lens.of((600, 400), told=wrong)
    assert Lens.of((600, 400), exif=500) == Lens(500, "exif")
    assert Lens.of((600, 400)).source == "default"
    with pytest.raises(UsageError, match="--person"):
        photo.place("left")


def test_bone_maps_take_a_habit_off():
    random = np.random.default_rng(0)
    true = random.normal(size=(60, len(BONES), 3))
    true /= np.linalg.norm(true, axis=2)[..., None]
    guessed = true + [0, 0, 0.2]
    guessed[0, 0] = np.nan
    maps, spread = bone_maps(guessed, true)
    limb = 0  # bones from side to side lean the other way in a mirror, so that this habit is none of theirs
    assert maps[limb, 3] == pytest.approx([0, 0, -0.2], abs=0.01)
    assert spread[limb] < 0.02


def test_who_is_there(monkeypatch, figure):
    """Nobody, two people, somebody cut off at the knees: a line each; a chosen person is looked at alone."""
    _, _, sight = pictured(figure, "a man standing")
    face = np.zeros((478, 3))
    face[list(FACE_IDS), :2] = sight.pixels[FACE]
    answer = detect.Detection(sight.pixels[POSE], np.ones(33), sight.cue, np.zeros(33), None, None, face, sight.mask)
    faces = np.array([[180.0, 60, 40, 40], [20, 60, 40, 40]])
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    told = {}

    def says(found, boxes):
        def detected(seen):
            told["shape"] = seen.shape
            return found, boxes

        monkeypatch.setattr(detect, "detected", detected)

    says(answer, faces[:1])
    assert np.allclose(looking.seen(image).pixels[POSE], sight.pixels[POSE])
    says(None, faces[:0])
    with pytest.raises(BadData, match="nobody"):
        looking.seen(image)
    says(answer, faces)
    with pytest.raises(BadData, match=r"2 people.*--person"):
        looking.seen(image)
    looking.seen(image, at=(200, 80))
    assert told["shape"] != image.shape
    hidden = np.where(np.arange(33) > 26, 0.2, 1.0)
    low = replace(answer, pose=answer.pose + [0, 150], visibility=hidden, mask=np.ones_like(sight.mask))
    says(low, faces[:1])
    with pytest.raises(BadData, match=r"cuts the person off.*--allow cropped"):
        looking.seen(image)
    assert looking.seen(image, allow_cropped=True).sure[27] < 0.3


def test_a_real_detector_finds_a_drawn_person(figure, caplog):
    """The whole way, where mediapipe is installed: a photo of a synthetic person."""
    missing = detect.available()
    if missing:
        pytest.skip(f"NO DETECTOR: {missing}")
    from avatarkit.synthesis import synthesised
    from avatarkit.words import understood

    truth = synthesised(figure.model, seed=5, index=1, prompt=understood("a man standing in a t-shirt"), preset="train")
    made = fitting.figure_of(figure.model, files.read_landmarks())
    focal = float(truth.person.camera.K[0, 0])
    found = fitting.from_photo(made, truth.photo, lens=Lens(focal, "given"))
    a, b = (state_of(figure.rig, person) for person in (found, truth.person))
    assert off(figure, a, b) < 130
    assert found.residuals["mask_iou"] > 0.75


def test_without_a_detector_a_line_says_so(monkeypatch, tmp_path, figure):
    monkeypatch.setenv("AVATARKIT_PHOTO_PYTHON", str(tmp_path / "no"))
    detect._child.cache_clear()
    with pytest.raises(NotInstalled, match="AVATARKIT_PHOTO_PYTHON"):
        fitting.from_photo(figure, np.zeros((60, 60, 3), np.uint8), lens=LENS)
    detect._child.cache_clear()
