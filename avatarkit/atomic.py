"""Nobody ever sees half a file: write beside the target, fsync, rename."""

import os
import platform
import secrets
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatarkit.errors import CannotCreate

try:
    import fcntl
except ImportError:  # Windows: no advisory locks; renames stay atomic
    fcntl = None  # type: ignore[assignment]

HOST = f"{zlib.crc32(platform.node().encode()):08x}"


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """A name in the target's folder, with its suffix, for work in progress; whatever is left there is removed.

    The name tells who made it (host, process), so that the next writer of the same target can sweep what a
    killed process left and spare what a living neighbour is writing. Raises CannotCreate for an impossible folder.
    """
    target = _target(path)
    folder = Path(tempfile.gettempdir()) if _is_device(target) else target.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise CannotCreate(f"{folder}: {error.strerror}: cannot make this folder, write elsewhere with -o") from None
    _sweep(folder, target.name)
    name = folder / f".{HOST}-{os.getpid()}-{secrets.token_hex(4)}.tmp.{target.name}"
    try:
        yield name
    finally:
        name.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary that becomes `path` when the block ends, or vanishes if it raises."""
    with temporary(path) as name:
        yield name
        _settle(name, path)


def write_bytes(path: Path, content: bytes) -> None:
    """The whole content, or the old file."""
    with replacing(path) as name:
        name.write_bytes(content)


def commit(made: Path, path: Path, record: Path, content: bytes) -> None:
    """Put an artefact and its record in place together; the folder's lock keeps two writers from mixing theirs.

    The old record goes first: whatever kills us, no record ever stands beside bytes that it does not describe.
    """
    if _is_device(_target(path)):
        return _settle(made, path)
    with temporary(record) as described, _locked(record.parent):
        described.write_bytes(content)
        record.unlink(missing_ok=True)
        _settle(made, path)
        _settle(described, record)


def _target(path: Path) -> Path:
    """What is really written: a link stays a link, and what it points to is replaced."""
    return Path(os.path.realpath(path))


def _is_device(target: Path) -> bool:
    """/dev/null, /dev/full, a pipe: what can be written to, and must not be replaced by a file."""
    return target.exists() and not target.is_file() and not target.is_dir()


def _settle(name: Path, path: Path) -> None:
    target = _target(path)
    if _is_device(target):
        target.write_bytes(name.read_bytes())
        return
    with open(name, "rb") as written:
        os.fsync(written.fileno())
    os.replace(name, target)
    if fcntl:  # the rename itself must survive a power cut
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY) if fcntl else None
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _sweep(folder: Path, name: str) -> None:
    if not fcntl:
        return
    for leftover in folder.glob(f".{HOST}-*.tmp.*"):
        pid = leftover.name.split("-")[1]
        if leftover.name.endswith(f".tmp.{name}") and pid.isdigit() and not _alive(int(pid)):
            leftover.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
