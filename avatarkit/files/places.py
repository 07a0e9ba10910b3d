"""Where files that belong to no subject lie: the package's own data, the user's cache."""

import os
from pathlib import Path

BUILTIN_BODY = Path(__file__).parent.parent / "body" / "builtin.npz"
LANDMARKS = Path(__file__).parent.parent / "fitting" / "landmarks.npz"
WEIGHTS = Path(__file__).parent.parent / "weights"
ENCODER, GLANCE = WEIGHTS / "encoder.safetensors", WEIGHTS / "glance.safetensors"
REGRESS, NORMALS, COLOURS = WEIGHTS / "regress", WEIGHTS / "normals", WEIGHTS / "colours"


def cache() -> Path:
    """The user's cache folder for avatarkit (`AVATARKIT_CACHE`, else XDG's)."""
    named = os.environ.get("AVATARKIT_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "avatarkit"


def cached_landmarks(sha256: str) -> Path:
    """Where the photo detector's landmarks on the body model with this hash are kept."""
    return cache() / "landmarks" / f"{sha256}.npz"


def cached_body(sha256: str) -> Path:
    """Where the plain arrays of an imported body model with this hash are kept."""
    return cache() / "bodies" / f"{sha256}.npz"
