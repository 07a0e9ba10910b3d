"""A signature, and what is read off it."""

import subprocess
from pathlib import Path
from typing import Annotated

import pytest
from toy import TOYS, draw, dress

from avatarkit import stage
from avatarkit.stage import Reads, Writes, reads, rules, usual


def test_the_signature_says_everything():
    assert stage.name(draw) == "draw"
    assert list(stage.reads(dress)) == ["body", "photo"]
    assert stage.writes(dress) == "normals.png"
    assert stage.options(draw) == {"size": 1, "seed": 0}
    assert stage.summary(draw) == "Copy the subject."


@pytest.mark.parametrize(
    ("path", "accepted", "usual"),
    [
        ("a/photo.jpg", True, "photo.*"),
        ("photo.JPEG", True, "photo.*"),
        ("ana.png", False, "photo.*"),
        ("photo.tiff", False, None),
        ("prompt.txt", True, "prompt.txt"),
        ("notes.txt", False, "prompt.txt"),
    ],
)
def test_usual_names(path, accepted, usual):
    mark = Reads("photo.*", "prompt.txt", help="")
    assert (mark.accepts(Path(path)), mark.name_for(Path(path))) == (accepted, usual)


def test_the_table_has_a_row_a_stage():
    rows = stage.table(TOYS).splitlines()
    assert rows[2:] == [
        "| `draw` | `photo.*` or `prompt.txt` | `body.npz` | Copy the subject. |",
        "| `dress` | `body.npz`, `photo.*` (if there) | `normals.png` | Add the photo to the body. |",
        "| `carve` | `body.npz`, `normals.png` | `carved.glb` | Put the two together. |",
    ]


@pytest.fixture
def make(tmp_path, toy):
    """`make("ana/carved.glb")` over the toy chain's rules; gives what was run."""
    (tmp_path / "toy.mk").write_text(stage.rules(TOYS))

    def run(*targets: str, check: bool = True) -> str:
        program = ["make", "-f", "toy.mk", f"AVATARKIT={' '.join(toy.command)}", *targets]
        done = subprocess.run(program, cwd=tmp_path, env=toy.env, capture_output=True, text=True)
        assert done.returncode == 0 or not check, done.stderr
        return "".join(line for line in done.stdout.splitlines(True) if "toy.py" in line)

    return run


def test_make_builds_the_chain_once(make, tmp_path):
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana/prompt.txt").write_text("ana")
    assert make("ana/carved.glb").count("toy.py") == 3
    assert make("ana/carved.glb") == ""


def test_make_knows_optional_inputs(make, tmp_path):
    """A photo that appears later is a prerequisite: $(wildcard) in a pattern rule needs the second expansion."""
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana/prompt.txt").write_text("ana")
    make("ana/normals.png")
    (tmp_path / "ana/photo.png").write_bytes(b"photo")
    assert make("ana/normals.png").count("toy.py") == 2
    assert b"photo" in (tmp_path / "ana/normals.png").read_bytes()


def test_make_keeps_a_hand_edit_and_rebuilds_what_follows(make, tmp_path):
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana/prompt.txt").write_text("ana")
    make("ana/carved.glb")
    (tmp_path / "ana/normals.png").write_bytes(b"edited")
    (tmp_path / "ana/prompt.txt").touch()
    make("ana/carved.glb")
    assert (tmp_path / "ana/normals.png").read_bytes() == b"edited"
    assert (tmp_path / "ana/carved.glb").read_bytes().endswith(b"edited")
    assert make("ana/carved.glb") == ""


def test_make_says_what_is_missing(make, tmp_path):
    (tmp_path / "ana").mkdir()
    assert make("ana/body.npz", check=False) == ""


def between(
    mesh: Annotated[Path, Reads("carved.glb", help="A mesh.")], out: Annotated[Path, Writes("refined.glb")]
) -> None:
    """Make it finer."""


def last(
    mesh: Annotated[Path, Reads("refined.glb", "carved.glb", help="Either.")],
    photo: Annotated[Path | None, Reads("photo.*", help="The photo.", optional=True)],
    out: Annotated[Path, Writes("textured.glb")],
) -> None:
    """Go on from either."""


@pytest.mark.parametrize(("chain", "name"), [((*TOYS, last), "carved.glb"), ((*TOYS, between, last), "refined.glb")])
def test_a_chain_goes_on_from_what_its_last_stage_made(chain, name):
    mesh, photo = reads(last).values()
    assert usual(mesh, chain) == [name] and usual(mesh, (last,)) == ["refined.glb", "carved.glb"]
    assert usual(photo, chain) == photo.filenames
    assert f"%/textured.glb: %/{name} " in rules(chain)
