"""`avatarkit synth`: a folder a person, the same in however many processes, gone on with where it stopped."""

import pytest
from conftest import Program

from avatarkit import files, record
from avatarkit.maps import PARTS

QUICK = ("--preset", "train", "--size", "96", "-q")
MADE = {"body.npz", "mask.png", "normals.png", "photo.png", "prompt.txt", "truth.glb"}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Three people made by two processes."""
    people = tmp_path_factory.mktemp("synth") / "people"
    done = Program("-m", "stages.main")("synth", people, "-n", "3", "-j", "2", *QUICK)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{people}\n".encode()
    return people


def test_each_person_has_every_file_and_nothing_else_is_left(crowd):
    assert sorted(p.name for p in crowd.iterdir()) == ["000000", "000001", "000002"]
    for person in crowd.iterdir():
        assert {p.name for p in person.iterdir()} == MADE | {"body.npz.json", "normals.png.json"}


def test_no_stage_overwrites_the_truth(crowd, avatarkit):
    """`fit-smpl people/000000/photo.png` left its guess where the true body was."""
    before = (crowd / "000000/body.npz").read_bytes()
    for source in ("photo.png", "prompt.txt"):
        done = avatarkit("fit-smpl", crowd / "000000" / source)
        assert done.returncode == 65 and not done.stdout
        assert b"made by synth" in done.stderr and b"-o DIR/" in done.stderr
    assert (crowd / "000000/body.npz").read_bytes() == before
    story = record.read_record(crowd / "000001/body.npz")
    assert (story["options"]["seed"], story["options"]["index"]) == (0, 1)
    assert story["models"][0]["licence"] == "CC0-1.0" and not record.edited(crowd / "000001/normals.png")


def test_files_agree(crowd):
    person, maps = files.read_person(crowd / "000001/body.npz"), files.read_normals(crowd / "000001/normals.png")
    assert person.camera.kind == "perspective" and person.camera.size == (96, 96)
    assert [view.surface for view in maps.views] == ["nearest", "farthest"]
    assert maps.labels.max() < len(PARTS)
    photo, mask = (files.read_photo(crowd / "000001" / name) for name in ("photo.png", "mask.png"))
    cover = maps.normals[0, ..., 3]
    assert photo.shape[:2] == cover.shape
    assert abs(mask[..., 0] / 255 - cover).max() < 0.02  # photo and maps are of one camera
    mesh = files.read_mesh(crowd / "000001/truth.glb")
    assert len(mesh.faces) > 20000 and "_PART" in mesh.attributes


def test_one_process_makes_the_same_bytes_and_a_run_goes_on_where_it_stopped(crowd, avatarkit, tmp_path):
    alone = tmp_path / "people"
    (alone / "000000").mkdir(parents=True)  # as if made before: kept
    done = avatarkit("synth", alone, "-n", "2", "-j", "1", *QUICK)
    assert done.returncode == 0, done.stderr
    assert not any((alone / "000000").iterdir())
    for name in MADE:
        assert (alone / "000001" / name).read_bytes() == (crowd / "000001" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--preset", "best"), 2, "train or full"),
        (("--wardrobe", "nowhere"), 66, "nowhere"),
        (("--prompt", "man, 9 m tall"), 65, "height"),
    ],
)
def test_mistakes_are_told_before_any_work(avatarkit, tmp_path, arguments, code, words):
    done = avatarkit("synth", tmp_path / "people", *arguments)
    assert done.returncode == code
    assert words in done.stderr.decode() and done.stderr.count(b"\n") == 1
    assert not (tmp_path / "people").exists()
