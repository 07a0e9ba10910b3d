"""Exit codes and the words behind them."""

import errno

import pytest

from avatarkit import errors
from avatarkit.errors import AvatarError, explained, worst


def test_every_error_has_a_documented_code_of_its_own():
    codes = [kind.exit_code for kind in AvatarError.__subclasses__()]
    assert sorted(codes) == [2, 65, 66, 69, 70, 73, 74, 75, 77]
    assert set(codes) | {1, errors.INTERRUPTED} == set(errors.WORST_FIRST)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left", "a"), 74),
        (OSError(errno.EROFS, "Read-only file system", "a"), 73),
        (PermissionError(errno.EACCES, "Permission denied", "a"), 73),
        (FileNotFoundError(errno.ENOENT, "No such file", "a"), 66),
        (MemoryError(), 75),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), 75),
    ],
)
def test_the_systems_errors_in_the_users_words(error, code):
    assert explained(error).exit_code == code


def test_a_bug_is_not_explained_away():
    assert explained(KeyError("oh")) is None and explained(RuntimeError()) is None


def test_the_worst_of_a_batch():
    assert worst([65, 66, 0]) == 66
    assert worst([70, 65]) == 65
    assert worst([74, 1, 75]) == 1
