"""Where files go: one folder a subject, whatever the input is called."""

from pathlib import Path

import pytest
from toy import TOYS, carve, draw, dress

from avatarkit.errors import InputMissing, UsageError
from avatarkit.stage import reads
from avatarkit.subject import job, missing, people


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("ana/photo.jpg", "bob.jpg", "people/cy.png", "ana/body.npz", "ana/normals.png"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize(
    ("first", "options", "read", "out"),
    [
        ("ana/photo.jpg", {}, "ana/photo.jpg", "ana/body.npz"),
        ("bob.jpg", {}, "bob/photo.jpg", "bob/body.npz"),
        ("people/cy.png", {}, "people/cy/photo.png", "people/cy/body.npz"),
        ("bob.jpg", {"out": "rob/"}, "rob/photo.jpg", "rob/body.npz"),
        ("bob.jpg", {"out": "all/", "several": True}, "all/bob/photo.jpg", "all/bob/body.npz"),
        ("ana/photo.jpg", {"out": "all/", "several": True}, "all/ana/photo.jpg", "all/ana/body.npz"),
        ("bob.jpg", {"out": "x.npz"}, "bob.jpg", "x.npz"),
        (None, {"words": "a tall man"}, "a-tall-man/prompt.txt", "a-tall-man/body.npz"),
        (None, {"words": "a tall man", "out": "tom/"}, "tom/prompt.txt", "tom/body.npz"),
    ],
)
def test_sources(here, first, options, read, out):
    found = job(draw, first and Path(first), **options)
    assert (found.reads["subject"], found.out) == (Path(read), Path(out))
    assert set(found.copies) == ({Path(read)} if first != read else set())


def test_the_other_inputs_lie_beside(here):
    found = job(dress, Path("ana/body.npz"))
    assert found.reads == {"body": Path("ana/body.npz"), "photo": Path("ana/photo.jpg")}
    assert job(carve, Path("ana/body.npz"), elsewhere={"normals": Path("n.png")}).reads["normals"] == Path("n.png")


def test_any_input_stands_for_its_subject(here):
    """In a pipe carve-mesh is handed the normals.png that gen-normals printed."""
    assert job(carve, Path("ana/normals.png")) == job(carve, Path("ana/body.npz"))


def test_an_input_of_another_name_gets_a_folder_of_its_own(here):
    Path("ana/thin.npz").write_bytes(b"x")
    found = job(dress, Path("ana/thin.npz"))
    assert found.out == Path("ana/thin/normals.png") and found.reads["photo"] == Path("ana/photo.jpg")


@pytest.mark.parametrize(
    ("stage", "first", "options", "says"),
    [
        (draw, None, {}, "needs an input"),
        (draw, "bob.jpg", {"words": "bob"}, "one of the two"),
        (draw, "notes.doc", {}, "cannot be read as photo.* or prompt.txt"),
        (draw, "a tall man", {}, "--prompt 'a tall man'"),
        (draw, None, {"words": " "}, "needs an input"),
        (draw, "bob.jpg", {"out": "bobby"}, "a folder is written bobby/, and a file bobby.npz"),
        (draw, "bob.jpg", {"out": "x.npz", "several": True}, "several subjects"),
        (dress, "ana/body.npz", {"out": "ana/body.npz"}, "both an input and the output"),
    ],
)
def test_what_cannot_be_meant(here, stage, first, options, says):
    with pytest.raises(UsageError, match=says.replace("*", r"\*")):
        job(stage, first and Path(first), **options)


def test_two_photos_in_one_folder_are_two_subjects(here):
    Path("ana/photo.png").write_bytes(b"x")
    for stage, first in ((draw, "ana/photo.jpg"), (dress, "ana/body.npz")):
        with pytest.raises(UsageError, match="two photos"):
            job(stage, Path(first))


def test_missing_says_who_makes_it(here):
    Path("ana/normals.png").unlink()
    error = missing(job(carve, Path("ana/body.npz")), carve, TOYS)
    assert error and str(error) == "ana/normals.png: no such file: run avatarkit dress first"
    assert missing(job(dress, Path("ana/body.npz")), dress, TOYS) is None


def test_apples_photos_are_to_be_converted(tmp_path):
    """65 and the line to type, not 2 and a list of suffixes."""
    from avatarkit.errors import BadData
    from stages.fit_smpl import fit_smpl

    with pytest.raises(BadData, match="heif-convert"):
        job(fit_smpl, tmp_path / "ana.HEIC")


def test_a_folder_stands_for_its_people(tmp_path):
    mark = reads(draw)["subject"]
    for place in ("ana/photo.jpg", "bob/prompt.txt", "cy.jpg", "cy/photo.jpg", "notes.txt", "empty/x"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("x")
    found = [path.relative_to(tmp_path).as_posix() for path in people(tmp_path, mark)]
    assert found == ["ana/photo.jpg", "bob/prompt.txt", "cy.jpg"]  # cy/ is what cy.jpg made
    assert people(tmp_path / "ana", mark) == [tmp_path / "ana/photo.jpg"]
    assert people(tmp_path / "cy.jpg", mark) == [tmp_path / "cy.jpg"]
    with pytest.raises(InputMissing, match="found nobody"):
        people(tmp_path / "empty", mark)
