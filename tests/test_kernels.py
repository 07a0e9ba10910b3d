"""Compiled code: where it is kept, and that IEEE arithmetic is kept."""

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


def test_the_cache_is_where_it_was_asked_for(fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert fresh().parent == tmp_path


def test_a_home_that_cannot_be_written_is_no_reason_to_fail(fresh, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = fresh()
    assert folder.is_dir() and tmp_path not in folder.parents
