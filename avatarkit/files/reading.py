"""How every file is opened: bounded, hashed into the ledger, its name in front of every complaint."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatarkit import record
from avatarkit.errors import BadData, InputMissing

LARGEST = 512 << 20


def check_exists(path: Path) -> None:
    if not path.exists():
        raise InputMissing(f"{path}: no such file")
    if not path.is_file():
        raise BadData(f"{path}: found a folder or a device, expected a file")


def read_bytes(path: Path, *, limit: int = LARGEST, noted: bool = True) -> bytes:
    """The content of a file of at most `limit` bytes, noted in the ledger as an input.

    Raises InputMissing, or BadData for a larger one.
    """
    check_exists(path)
    with open(path, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadData(f"{path}: larger than {limit >> 10} KB, expected less: is it the right file?")
    if noted:
        record.note_read(path, content)
    return content


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of what a codec finds wrong with it."""
    try:
        yield
    except BadData as error:
        raise BadData(f"{path}: {error}") from None
