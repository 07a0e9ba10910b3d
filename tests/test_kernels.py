"""Compiled code: where it is kept, what is said of it, and that IEEE arithmetic is kept."""

import os
import subprocess
import sys

import numpy as np
import pytest

from avatarkit import kernels


@kernels.compiled
def quotient(values, out):
    for i in range(len(values)):
        out[i] = values[i] / (values[i] - values[i])


def test_division_by_zero_is_ieee_and_no_exception():
    out = np.zeros(2)
    quotient(np.array([1.0, -1.0]), out)
    assert out.tolist() == [np.inf, -np.inf]


@pytest.fixture
def fresh():
    kernels.cache_folder.cache_clear()
    yield kernels.cache_folder
    kernels.cache_folder.cache_clear()


def test_rooms_are_kept_apart(fresh):
    assert fresh("render") != fresh("remesh")


def test_the_cache_is_where_it_was_asked_for(fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert fresh("render").parent == tmp_path


def test_a_home_that_cannot_be_written_is_no_reason_to_fail(fresh, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = fresh("render")
    assert folder.is_dir() and tmp_path not in folder.parents


SPEAKS = """
import logging
import numpy as np
from avatarkit.remesh.layout import half_edges
logging.basicConfig(level=logging.INFO, format="%(message)s")
faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])
half_edges(np.eye(4, 3), faces, np.ones(4), np.zeros((4, 0)), np.zeros((4, 0), np.int64), np.zeros(4, bool))
"""


def test_the_first_compilation_is_said_once_and_loading_from_disk_is_not(tmp_path):
    """Five seconds of silence after installation look like a hang."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = [sys.executable, "-c", SPEAKS]
    first, later = (subprocess.run(run, env=environment, capture_output=True, text=True, check=True) for _ in range(2))
    assert first.stderr == "compiling kernels, kept for later runs: up to 40 s\n" and first.stdout == ""
    assert later.stderr == ""
