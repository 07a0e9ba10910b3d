"""A toy chain of three stages, for what every stage shares. Run as a program, it is the command line over them."""

import sys
import time
from pathlib import Path
from typing import Annotated

from avatarkit.atomic import write_bytes
from avatarkit.record import note_read
from avatarkit.stage import Option, Reads, Seed, Stage, Writes


def read_bytes(path: Path) -> bytes:
    """As `files` does it, without loading torch."""
    content = path.read_bytes()
    note_read(path, content)
    return content


def draw(
    subject: Annotated[Path, Reads("photo.*", "prompt.txt", help="Who.", source=True, text="prompt")],
    out: Annotated[Path, Writes("body.npz")],
    size: Annotated[int, Option("How big [KB].", min=0)] = 1,
    seed: Seed = 0,
) -> None:
    """Copy the subject.

    Example:  toy draw ana/photo.jpg
    """
    from avatarkit.errors import BadData

    content = read_bytes(subject)
    if b"broken" in content:
        raise BadData(f"{subject}: broken, expected whole")
    if b"bug" in content:
        raise RuntimeError("oh")
    write_bytes(out, content + bytes([seed]) + bytes(size << 10))


def dress(
    body: Annotated[Path, Reads("body.npz", help="A body.")],
    photo: Annotated[Path | None, Reads("photo.*", help="The photo.", optional=True)],
    out: Annotated[Path, Writes("normals.png")],
) -> None:
    """Add the photo to the body."""
    write_bytes(out, read_bytes(body) + (read_bytes(photo) if photo else b"no photo"))


def carve(
    body: Annotated[Path, Reads("body.npz", help="A body.")],
    normals: Annotated[Path, Reads("normals.png", help="Normal maps.")],
    out: Annotated[Path, Writes("carved.glb")],
    wait: Annotated[float, Option("Do nothing for a while [s].", min=0)] = 0,
) -> None:
    """Put the two together."""
    time.sleep(wait)
    write_bytes(out, read_bytes(body) + read_bytes(normals))


TOYS: tuple[Stage, ...] = (draw, dress, carve)

if __name__ == "__main__":
    from stages.info import info
    from stages.main import main

    sys.argv[0] = "toy"
    main(TOYS, (info,))
