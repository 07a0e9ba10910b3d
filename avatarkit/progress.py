"""Progress and messages, on stderr; the only door to rich. Silent until `show` is called: the library never prints.

The library says things through `logging.getLogger("avatarkit")` and counts long work with `track`.
"""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

PLAIN_INTERVAL = 5.0  # seconds between lines where stderr is no terminal

log = logging.getLogger("avatarkit")
_shown: ContextVar[bool] = ContextVar("shown", default=False)


class _Lines(logging.Handler):
    """`avatarkit fit-smpl: warning: …`, one line a message, on whatever stderr is now."""

    def __init__(self, prefix: str):
        super().__init__()
        self.prefix = prefix

    def emit(self, record: logging.LogRecord) -> None:
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        with suppress(OSError):  # stderr is full or gone: there is nobody left to tell
            sys.stderr.write(f"{self.prefix}: {level}{record.getMessage()}\n")
            sys.stderr.flush()


def show(prefix: str, *, quiet: bool = False, verbose: bool = False) -> None:
    """From now on messages and progress appear: everything when verbose, nothing but errors when quiet."""
    log.handlers = [_Lines(prefix)]
    log.propagate = False
    log.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    _shown.set(not quiet)


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """The items, while a bar (terminal) or a line every few seconds (log file) says how far we are."""
    total = total if total is not None else len(items) if hasattr(items, "__len__") else None  # type: ignore[arg-type]
    if not _shown.get():
        yield from items
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track as bar

        yield from bar(items, label, total=total, console=Console(stderr=True), transient=True)
    else:
        yield from _plain(items, label, total)


def _plain(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
    start = said = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - said > PLAIN_INTERVAL:
            log.info(
                "%s: %d%s", label, done, f" of {total}{_left((now - start) / done * (total - done))}" if total else ""
            )
            said = now


def _left(seconds: float) -> str:
    """
    >>> _left(40), _left(170), _left(0)
    (', about 40 s left', ', about 3 min left', '')
    """
    spelt = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    return f", about {spelt} left" if seconds >= 1 else ""
