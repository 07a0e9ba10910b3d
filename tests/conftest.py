"""What tests share: the command line in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLIENTS = ROOT / ".clients"  # what `make test-clients` installs

collect_ignore = ["clients/blender.py"]  # runs in Blender's Python


def pytest_configure() -> None:
    """Ctrl-C can be tested in jobs in the background too, which a shell starts deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Program:
    """A command line to call: `toy("draw", path)` gives the finished process, its output as bytes."""

    def __init__(self, *command: str):
        self.command = [sys.executable, *command]
        self.env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "NO_COLOR": "1"}

    def __call__(self, *arguments: object, input: bytes | None = None, cwd: Path | None = None, **env: str):
        return subprocess.run(
            [*self.command, *map(os.fspath, map(_path, arguments))],
            input=input, capture_output=True, cwd=cwd, env=self.env | env, timeout=600,
        )  # fmt: skip

    def start(self, *arguments: object, **popen: object) -> subprocess.Popen:
        return subprocess.Popen([*self.command, *map(os.fspath, map(_path, arguments))], env=self.env, **popen)


def _path(argument: object) -> "str | os.PathLike[str]":
    return argument if isinstance(argument, os.PathLike) else str(argument)


@pytest.fixture
def toy() -> Program:
    """Three toy stages behind the real command line."""
    return Program(str(ROOT / "tests" / "toy.py"))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A folder with three of them, in words."""
    for name in ("ana", "bob", "cy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "prompt.txt").write_text(name)
    return tmp_path


@pytest.fixture
def avatarkit() -> Program:
    """The real program."""
    return Program("-m", "stages.main")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--redo", action="store_true", help="write generated parts of the documentation anew")
