"""The whole chain in one command, over toy stages."""

import json
import signal
import subprocess
import time

import pytest
from painters import painter

from avatarkit.stage import name
from stages.build import chained
from stages.main import STAGES


def made(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("*/*.*"))
            if path.suffix != ".json"}  # fmt: skip


def test_one_line_a_subject_and_one_a_stage(toy, people):
    done = toy("build", people / "ana/prompt.txt", "--no-report")
    assert (done.returncode, done.stdout) == (0, f"{people}/ana/carved.glb\n".encode())
    said = done.stderr.decode().splitlines()
    assert [line.split(": ")[-1].split()[0] for line in said] == ["draw", "dress", "carve"]
    again = toy("build", people / "ana", "--no-report")
    assert again.stdout == done.stdout and again.stderr.count(b"up to date") == 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_is_built_as_stage_by_stage_and_make_do(toy, people, jobs):
    assert toy("build", people, "-j", jobs, "--with", "draw --size 3", "--no-report").returncode == 0
    built = made(people)
    for path in people.glob("*/*"):
        if path.name != "prompt.txt":
            path.unlink()
    rules = toy("rules").stdout.decode()
    (people / "rules.mk").write_text(rules)
    targets = [f"{name}/carved.glb" for name in ("ana", "bob", "cy")]
    call = ["make", "-f", "rules.mk", "-j2", f"AVATARKIT={' '.join(toy.command)}", "DRAW=--size 3", *targets]
    subprocess.run(call, cwd=people, env=toy.env, check=True, capture_output=True)
    assert made(people) == built and len(built) == 12


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failure_fails_alone(toy, people, jobs):
    (people / "bob/prompt.txt").write_text("broken")
    paths = "".join(f"{people}/{who}/prompt.txt\n" for who in ("ana", "bob", "cy"))
    done = toy("build", "-", "-j", jobs, "--no-report", input=paths.encode())
    assert done.returncode == 65 and b"bob/prompt.txt: broken" in done.stderr
    assert sorted(done.stdout.decode().splitlines()) == [f"{people}/{who}/carved.glb" for who in ("ana", "cy")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopped_and_started_again_nothing_is_made_twice(toy, people, jobs):
    running = toy.start(
        "build", people, "-j", jobs, "--with", "carve --wait 60", "--no-report", stderr=subprocess.DEVNULL
    )
    while not (people / "ana/normals.png.json").exists():
        time.sleep(0.05)
        assert running.poll() is None
    time.sleep(0.3)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=20) == 130
    assert not list(people.glob("*/.*")) and not list(people.glob("*/carved.glb"))
    done = toy("build", people, "--json", "--no-report")
    assert done.returncode == 0 and b"ana: draw up to date" in done.stderr and b"ana: carve 0" in done.stderr
    assert all(json.loads(line)["record"]["stage"] == "carve" for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "sew"], b"--from sew: no such stage, expected one of draw, dress, carve"),
        (["--from", "carve", "--to", "draw"], b"comes after it"),
        (["--with", "sew --size 3"], b"expected a stage and its options"),
        (["--with", "draw --colour red"], b"No such option"),
        (["--with", "draw --force"], b"give --force to build itself"),
        (["-o", "x.glb"], b"give a folder, -o x.glb/"),
    ],
)
def test_what_cannot_be_meant(toy, people, arguments, says):
    done = toy("build", people / "ana", *arguments)
    assert done.returncode == 2 and says in done.stderr and len(list((people / "ana").iterdir())) == 1


def test_to_stops_the_chain(toy, people):
    done = toy("build", people / "ana", "--to", "dress")
    assert done.stdout == f"{people}/ana/normals.png\n".encode() and not (people / "ana/carved.glb").exists()


def test_an_image_model_paints_the_words_first(avatarkit, tmp_path):
    painter("text", tmp_path).save_pretrained(tmp_path / "model")
    asked = ["build", "--prompt", "a man", "--image-model", tmp_path / "model", "-o", f"{tmp_path}/man/"]
    done = avatarkit(*asked, "--with", "imagine --steps 1 --size 64", "--to", "imagine")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/man/imagined.png\n".encode()), done.stderr
    goes_on = avatarkit("build", tmp_path / "man", "--dry-run").stderr
    assert f"fit-smpl {tmp_path}/man/imagined.png".encode() in goes_on


def test_imagine_is_run_by_those_who_ask_for_it_and_refine_is_left_out_by_those_who_do():
    names = [name(stage) for stage in chained(STAGES)]
    assert names == ["fit-smpl", "gen-normals", "carve-mesh", "refine", "texture-uv", "rig"]
    assert [name(stage) for stage in chained(STAGES, image_model="any")] == [name(s) for s in STAGES]
    assert "refine" not in [name(stage) for stage in chained(STAGES, refine=False)]
