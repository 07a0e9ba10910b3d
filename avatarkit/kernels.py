"""How numba compiles our kernels (render, remesh), and where it keeps them."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

ROOMS = ("render", "remesh")


@lru_cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR, or the user's cache, or else a private temporary folder.

    numba looks only at the file of a kernel, not at those that it calls: the folder is named after all of them.
    """
    here = Path(__file__)
    paths = [here, *(path for room in ROOMS for path in sorted((here.parent / room).glob("*.py")))]
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
    asked = os.environ.get("NUMBA_CACHE_DIR")
    users = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    bases = [Path(asked)] if asked else [Path(users) / "avatarkit"]
    shared = Path(tempfile.gettempdir()) / f"avatarkit-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"
    for base in (*bases, shared):
        folder = base / f"kernels-{sources}"
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


def compiled(function: Function) -> Function:
    """`function` for numba: nopython, without the GIL, IEEE arithmetic, kept on disk after the first compilation."""
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder())
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
