"""The README is true: its table is generated, its commands run as written. `--redo` writes generated parts anew."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from avatarkit import detect, errors, words
from avatarkit.errors import AvatarError
from avatarkit.stage import table
from stages.main import SHARED, SPOKEN, STAGES

README = (ROOT / "README.md").read_text()
BLOCKS = [
    block for block in re.findall(r"```sh\n(.*?)```", README, re.S) if "avatarkit " in block and "pipx" not in block
]
PHOTO_BLOCKS = re.findall(r"```sh photo\n(.*?)```", README, re.S)


def test_the_stage_table_is_generated(request):
    generated = f"<!-- stages -->\n{table(STAGES)}<!-- /stages -->"
    found = re.search(r"<!-- stages -->\n.*?<!-- /stages -->", README, re.S)
    if request.config.getoption("--redo"):
        (ROOT / "README.md").write_text(README.replace(found[0], generated))
    else:
        assert found[0] == generated, "run pytest tests/test_readme.py --redo"


def test_the_vocabulary_is_generated(request):
    path, generated = ROOT / "docs/words.md", f"# The words that avatarkit knows\n\n{words.vocabulary()}"
    if request.config.getoption("--redo"):
        path.write_text(generated)
    else:
        assert path.read_text() == generated, "run pytest tests/test_readme.py --redo"


def test_every_exit_code_is_documented():
    told = {int(code) for codes in re.findall(r"^\| ([\d, ]+) \|", README, re.M) for code in codes.split(",")}
    assert told == {0, 1, 130, 141} | {kind.exit_code for kind in AvatarError.__subclasses__()}
    assert set(errors.WORST_FIRST) < told


def test_every_shared_flag_is_documented():
    for flag in SHARED | SPOKEN:
        spelt = {"out": "-o", "null": "-0", "quiet": "-q", "verbose": "-v", "commercial": "--require-commercial-ok"}
        assert spelt.get(flag, f"--{flag.replace('_', '-')}") in README


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with what the README takes for granted, and an `avatarkit` on the PATH."""
    place = tmp_path_factory.mktemp("readme")
    for who, text in {
        "people/ana": "tall woman",
        "people/bob": "heavy man, sitting",
        "ana": "woman",
        "bob": "man",
    }.items():
        (place / who).mkdir(parents=True)
        (place / who / "prompt.txt").write_text(text)
    generator = np.random.default_rng(0)
    np.savez(place / "walk.npz", poses=generator.normal(0, 0.1, (130, 156)), trans=np.zeros((130, 3)))
    program = place / "bin/avatarkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m stages.main "$@"\n')
    program.chmod(0o755)
    return place


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0][:50])
def test_the_commands_run_as_written(workplace, block):
    script = f"set -eu\nexport PATH={workplace}/bin:$PATH\n{block}"
    done = subprocess.run(["bash", "-c", script], cwd=workplace, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", PHOTO_BLOCKS, ids=lambda block: block.split("\n")[0][:50])
def test_the_commands_on_photos_run_as_written(workplace, block):
    if lacking := detect.available():
        pytest.skip(f"SKIPPED: {lacking}: README's commands on photos are not run")
    synth = "avatarkit synth passers-by -n 1 --preset train --prompt 'a man in a shirt and trousers, standing' -q"
    copied = "python -c \"from PIL import Image; Image.open('passers-by/000000/photo.png').save('ana.jpg')\""
    script = f"set -eu\nexport PATH={workplace}/bin:{Path(sys.executable).parent}:$PATH\n{synth}\n{copied}\n{block}"
    done = subprocess.run(["bash", "-c", script], cwd=workplace, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_pictures_are_there():
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / picture).stat().st_size < 2_000_000
