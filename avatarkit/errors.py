"""What can go wrong, each with its exit code. One line for the user: what, found, expected, what to try.

Raise the class that fits; `stages/main.py` prints the line and exits with the code. Anything that is
not an `AvatarError` and is not translated by `explained` is our bug: exit code 1.
"""

import errno


class AvatarError(Exception):
    """The user is meant to read this: which file or field, what was found, what was expected, what to try."""

    exit_code = 1


class UsageError(AvatarError):
    """The command line asks for something impossible."""

    exit_code = 2


class BadData(AvatarError):
    """A file is there, but what it holds cannot be used."""

    exit_code = 65


class InputMissing(AvatarError):
    """A file is not there."""

    exit_code = 66


class NotInstalled(AvatarError):
    """An extra, a model, a system library or a device is not here; the message says the line that installs it."""

    exit_code = 69


class QualityGate(AvatarError):
    """The work was done, but its result is not good enough to be written."""

    exit_code = 70


class CannotCreate(AvatarError):
    """The output cannot be created: a read-only folder, a name that is taken."""

    exit_code = 73


class CannotWrite(AvatarError):
    """Writing failed half way: the disk is full, the device is gone."""

    exit_code = 74


class OutOfMemory(AvatarError):
    """Memory ran out; the message says what to make smaller."""

    exit_code = 75


class LicenceForbids(AvatarError):
    """A licence does not allow what was asked for."""

    exit_code = 77


INTERRUPTED = 130
WORST_FIRST = (130, 1, 75, 73, 74, 69, 77, 2, 66, 65, 70)


def worst(codes: list[int]) -> int:
    """The exit code of a batch: its gravest failure, or 0.

    >>> worst([0, 65, 73, 0, 65])
    73
    >>> worst([])
    0
    """
    return min((code for code in codes if code), key=WORST_FIRST.index, default=0)


def explained(error: BaseException) -> AvatarError | None:
    """An exception of the system's, in the user's words; None for one that only we can explain (our bug)."""
    if isinstance(error, AvatarError):
        return error
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return OutOfMemory(f"memory ran out ({error}): try a smaller image, fewer views or a coarser mesh")
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        what = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            return CannotWrite(f"{where}{what}: free some space, or write elsewhere with -o")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG):
            return CannotCreate(f"{where}{what}: write elsewhere with -o")
        if error.errno == errno.ENOENT:
            return InputMissing(f"{where}{what}")
    return None
