"""Memory that ran out, in the user's words: torch says it in several ways."""

from collections.abc import Iterator
from contextlib import contextmanager

from avatarkit.errors import OutOfMemory

SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "alloc_cpu")


@contextmanager
def told_of_memory(hint: str) -> Iterator[None]:
    """OutOfMemory with a `hint` what to lower, for whatever torch raises when memory runs out."""
    try:
        yield
    except MemoryError:
        raise OutOfMemory(f"memory ran out: {hint}") from None
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if any(sign in str(error).lower() for sign in SIGNS):
            raise OutOfMemory(f"memory ran out ({str(error).splitlines()[0][:120]}): {hint}") from None
        raise
