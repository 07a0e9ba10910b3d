"""How numba compiles our kernels, and where it keeps them."""

import gc
import hashlib
import logging
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: each would walk through all that torch has made, which takes 0.1 s."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


with collector_paused():
    import numba
    from numba.core import event

Function = TypeVar("Function", bound=Callable[..., Any])


@lru_cache
def cache_folder(room: str) -> Path:
    """Where the compiled kernels of a room (`render`, `tailor` …) are kept: NUMBA_CACHE_DIR, or the user's cache, or
    else a private temporary folder.

    numba looks only at the file of a kernel, not at those that it calls: the folder is named after all files of the
    room. So kernels call kernels of their own room alone.
    """
    here = Path(__file__)
    paths = [here, *sorted((here.parent / room).rglob("*.py"))]
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
    asked = os.environ.get("NUMBA_CACHE_DIR")
    users = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    bases = [Path(asked)] if asked else [Path(users) / "avatarkit"]
    shared = Path(tempfile.gettempdir()) / f"avatarkit-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"
    for base in (*bases, shared):
        folder = base / f"kernels-{room}-{sources}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            owner = folder.stat()
            # what lies in there is code: nobody else may have written it
            private = base != shared or (owner.st_uid == os.getuid() and not owner.st_mode & stat.S_IWOTH)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        if private:
            return folder
    return Path(tempfile.mkdtemp(prefix="avatarkit-"))


class _Announcer(event.Listener):
    """Says the first compilation in a process; what is loaded from disk is not compiled."""

    said = False

    def on_start(self, event: Any) -> None:
        """Called when a function is about to be compiled, ours or another library's."""
        if not self.said and event.data["dispatcher"].py_func.__module__.startswith(f"{__package__}."):
            self.said = True
            logging.getLogger("avatarkit").info("compiling kernels, kept for later runs: up to 40 s")

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


@lru_cache
def _announce() -> None:
    event.register("numba:compile", _Announcer())


def compiled(function: Function) -> Function:
    """`function` for numba: nopython, without the GIL, IEEE arithmetic, kept on disk after the first compilation.

    The first compilation in a process is said on the logger "avatarkit".
    """
    _announce()
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder((function.__module__.split(".") + [""])[1]))
    try:
        return numba.njit(cache=True, nogil=True, **IEEE)(function)
    finally:
        config.CACHE_DIR = before


IEEE: dict[str, Any] = {"fastmath": False, "error_model": "numpy", "_nrt": False}
"""How kernels are compiled. Without numba's runtime they allocate nothing and count no references to arrays, which
costs atomic operations in the innermost loops (a tenfold slowdown was measured)."""

inlined = numba.njit(forceinline=True, **IEEE)
"""For the small things that kernels call, compiled into their code: no file of their own."""

outlined = numba.njit(**IEEE)
"""For what kernels call rarely: once in their code."""
