"""What every command shares: stdout, stdin, exit codes, flags."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from toy import TOYS

from stages.build import build
from stages.main import COMMANDS, STAGES

HEAVY = {"torch", "numpy", "diffusers", "transformers", "open3d", "smplx", "trimesh", "imageio", "PIL", "scipy", "rich"}


def lines(done):
    return done.stdout.decode().splitlines()


def test_stdout_is_the_path_and_nothing_else(toy, people):
    done = toy("draw", people / "ana/prompt.txt")
    assert (done.returncode, done.stdout) == (0, f"{people}/ana/body.npz\n".encode())


def test_json_replaces_the_line(toy, people):
    (line,) = lines(toy("draw", people / "ana/prompt.txt", "--json"))
    found = json.loads(line)
    assert found["path"] == f"{people}/ana/body.npz" and found["record"]["stage"] == "draw"


def test_pipes_chain_stages(toy, people):
    program = " ".join(toy.command)
    pipe = f"ls */prompt.txt | {program} draw - | {program} dress - | {program} carve -"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", pipe], cwd=people, env=toy.env, capture_output=True)
    assert (done.returncode, lines(done)) == (0, ["ana/carved.glb", "bob/carved.glb", "cy/carved.glb"])


def test_the_first_subject_is_done_before_the_last_is_known(toy, people):
    running = toy.start("draw", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    running.stdin.write(f"{people}/ana/prompt.txt\n".encode())
    running.stdin.flush()
    assert running.stdout.readline() == f"{people}/ana/body.npz\n".encode()
    assert running.poll() is None
    out, _ = running.communicate(f"{people}/bob/prompt.txt\n".encode())
    assert out == f"{people}/bob/body.npz\n".encode()


def test_a_failed_subject_does_not_stop_the_others_and_the_worst_code_is_kept(toy, people):
    (people / "bob/prompt.txt").write_text("broken")
    paths = "".join(f"{people}/{who}/prompt.txt\n" for who in ("ana", "nobody", "bob", "cy"))
    done = toy("draw", "-", input=paths.encode())
    assert lines(done) == [f"{people}/ana/body.npz", f"{people}/cy/body.npz"]
    assert done.returncode == 66
    assert done.stderr.count(b"\n") == 2 and b"nobody/prompt.txt: no such file" in done.stderr


def test_odd_names_pass_with_nul(toy, tmp_path):
    odd = tmp_path / "two\nlines and a ünïcode $ name"
    odd.mkdir()
    (odd / "prompt.txt").write_text("odd")
    done = toy("draw", "-", "-0", input=os.fsencode(odd / "prompt.txt") + b"\0")
    assert done.stdout == os.fsencode(odd / "body.npz") + b"\0"
    again = toy("dress", "-", "-0", input=done.stdout)
    assert again.returncode == 0 and (odd / "normals.png").exists()


def test_twenty_photos_in_one_folder_never_overwrite_each_other(toy, tmp_path):
    for i in range(20):
        (tmp_path / f"{i:02}.jpg").write_bytes(b"%02d" % i)
    done = toy("draw", "-", input="".join(f"{p}\n" for p in sorted(tmp_path.glob("*.jpg"))).encode())
    assert done.returncode == 0 and len(set(lines(done))) == 20
    for i in range(20):
        assert (tmp_path / f"{i:02}/photo.jpg").read_bytes() == b"%02d" % i
        assert (tmp_path / f"{i:02}/body.npz").read_bytes().startswith(b"%02d" % i)


def test_two_subjects_with_one_target_are_refused_before_any_work(toy, tmp_path):
    for name in ("ana.jpg", "ana.png"):
        (tmp_path / name).write_bytes(b"x")
    done = toy("draw", tmp_path / "ana.jpg", tmp_path / "ana.png")
    assert (done.returncode, done.stdout) == (2, b"") and b"two subjects would write it" in done.stderr
    assert not (tmp_path / "ana").exists()
    streamed = toy("draw", "-", input=f"{tmp_path}/ana.jpg\n{tmp_path}/ana.png\n".encode())
    assert streamed.returncode == 2 and len(lines(streamed)) == 1


@pytest.mark.parametrize(
    ("arguments", "content", "code", "says"),
    [
        (["draw", "prompt.txt", "--size", "-1"], "ana", 2, b"size"),
        (["draw", "prompt.txt", "--colour", "red"], "ana", 2, b"colour"),
        (["draw", "prompt.txt", "--device", "tpu"], "ana", 2, b"expected auto, cpu or cuda"),
        (["draw", "prompt.txt", "--device", "cuda"], "ana", 69, b"--device cpu"),
        (["draw"], "ana", 2, b"needs an input"),
        (["draw", "prompt.txt"], "broken", 65, b"expected whole"),
        (["draw", "absent.txt"], "ana", 66, b"no such file"),
        (["draw", "prompt.txt", "-o", "prompt.txt/x/body.npz"], "ana", 73, b"-o"),
        (["draw", "prompt.txt"], "bug", 1, b"--debug"),
    ],
)
def test_exit_codes(toy, tmp_path, arguments, content, code, says):
    (tmp_path / "prompt.txt").write_text(content)
    done = toy(*arguments, cwd=tmp_path, CUDA_VISIBLE_DEVICES="")
    assert (done.returncode, done.stdout) == (code, b"")
    assert says in done.stderr and b"Traceback" not in done.stderr


def test_debug_shows_the_traceback(toy, tmp_path):
    (tmp_path / "prompt.txt").write_text("bug")
    assert b"Traceback" in toy("draw", tmp_path / "prompt.txt", "--debug").stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130_and_leaves_nothing(toy, people, stop):
    assert toy("draw", people / "ana/prompt.txt").returncode == 0
    assert toy("dress", people / "ana/body.npz").returncode == 0
    running = toy.start("carve", people / "ana/body.npz", "--wait", 60, stderr=subprocess.PIPE)
    while not list((people / "ana").glob(".*")) and running.poll() is None:
        # the temporary is named, not made, while the stage sleeps: give it the time to start
        if time.sleep(0.6) is None:
            break
    running.send_signal(stop)
    _, said = running.communicate(timeout=10)
    assert running.returncode == 130 and said.endswith(b"interrupted\n")
    assert not (people / "ana/carved.glb").exists() and not list((people / "ana").glob(".*"))


def test_a_reader_that_goes_away_is_no_traceback(toy, people):
    pipe = f"set -o pipefail; printf '%s\\n' */prompt.txt | {' '.join(toy.command)} draw - | false"
    done = subprocess.run(["bash", "-c", pipe], cwd=people, env=toy.env, capture_output=True)
    assert b"Traceback" not in done.stderr and done.returncode in (1, 141)


def test_quiet_says_nothing_but_errors(toy, people):
    toy("draw", people / "ana/prompt.txt")
    (people / "ana/body.npz").write_bytes(b"mine")
    assert b"edited by hand" in toy("draw", people / "ana/prompt.txt").stderr
    assert toy("draw", people / "ana/prompt.txt", "-q").stderr == b""
    assert b"no such file" in toy("draw", people / "ana/no.txt", "-q").stderr


def test_dry_run_writes_nothing(toy, people):
    done = toy("draw", people / "ana/prompt.txt", "--dry-run")
    assert done.returncode == 0 and b"would run" in done.stderr
    assert [path.name for path in (people / "ana").iterdir()] == ["prompt.txt"]


def test_the_depfile_is_a_make_rule_of_what_was_read(toy, tmp_path):
    odd = tmp_path / "a b$c"
    odd.mkdir()
    (odd / "prompt.txt").write_text("x")
    assert toy("draw", odd / "prompt.txt", "--depfile", tmp_path / "d").returncode == 0
    escaped = str(odd).replace(" ", "\\ ").replace("$", "$$")
    assert (tmp_path / "d").read_text() == f"{escaped}/body.npz: {escaped}/prompt.txt\n"


def test_words_become_a_subject(toy, tmp_path):
    done = toy("draw", "--prompt", "a tall man", cwd=tmp_path)
    assert lines(done) == ["a-tall-man/body.npz"]
    assert (tmp_path / "a-tall-man/prompt.txt").read_text() == "a tall man\n"


def test_info_tells_the_history(toy, people):
    for stage, name in (("draw", "prompt.txt"), ("dress", "body.npz"), ("carve", "body.npz")):
        toy(stage, people / "ana" / name)
    told = lines(toy("info", people / "ana/carved.glb"))
    assert [line for line in told if not line.startswith(" ")] == [
        f"{people}/ana/{name}" for name in ("carved.glb", "body.npz", "normals.png")
    ]
    steps = [json.loads(line) for line in lines(toy("info", people / "ana/carved.glb", "--json"))]
    assert [step["stage"] for step in steps] == ["carve", "draw", "dress"]
    assert toy("info", people / "nothing").returncode == 66


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from stages.main import STAGES, COMMANDS, command_line; command_line(STAGES, COMMANDS);"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [*STAGES, build, *COMMANDS], ids=lambda f: f.__name__)
def test_every_command_has_help_with_an_example(avatarkit, command):
    name = command.__name__.replace("_", "-")
    done = avatarkit(name, "--help", COLUMNS="100")
    assert done.returncode == 0 and f"avatarkit {name}".encode() in done.stdout.split(b"Usage", 1)[1].split(b"\n", 1)[1]


def test_every_file_in_stages_is_a_subcommand():
    files = {path.stem for path in (ROOT / "stages").glob("[a-z]*.py")} - {"main"}
    assert files == {function.__name__ for function in (*STAGES, build, *COMMANDS)}


def test_the_same_words_give_the_same_bytes_on_any_number_of_threads(avatarkit, tmp_path):
    words = "plump woman, 1.70 m, arms crossed"
    for threads in (1, 2):
        done = avatarkit("fit-smpl", "--prompt", words, "-o", f"{tmp_path}/{threads}/", "--threads", threads)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1/body.npz").read_bytes() == (tmp_path / "2/body.npz").read_bytes()


def test_version(avatarkit):
    from avatarkit import __version__

    assert avatarkit("--version").stdout.decode() == f"avatarkit {__version__}\n"


def test_the_toys_are_in_order():
    """Every input of a stage, or one that it takes instead, is somebody's output, or the user's own."""
    from avatarkit.stage import reads, writes

    for stages in (TOYS, STAGES):
        made: set[str] = set()
        for stage in stages:
            for mark in reads(stage).values():
                assert mark.source or mark.optional or made.intersection(mark.names)
            made.add(writes(stage))


def test_the_tailor_does_not_wait_for_diffusers():
    """They take seconds to load, and only --model needs them."""
    modules = "carving, files, fitting, normals, rigging, texturing"
    code = f"import sys; from avatarkit import {modules}; print('diffusers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
