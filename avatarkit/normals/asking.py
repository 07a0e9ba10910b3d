"""What may be asked of gen-normals together."""

from avatarkit.errors import UsageError
from avatarkit.normals.giving import SPACES, UPS

SOURCES = ("tailor", "regress", "diffusion")


def check(source: str, model: str | None, painter: str | None, views: int, sides: str, space: str, y: str) -> None:
    """UsageError for what cannot be meant; `sides` names the maps that were made elsewhere."""
    for flag, value, choices in (("source", source, SOURCES), ("space", space, SPACES), ("y", y, UPS)):
        if value not in choices:
            raise UsageError(f"--{flag} {value}: expected {' or '.join(choices)}")
    if (model and source == "tailor") or (painter and source != "diffusion"):
        raise UsageError("--model is for --source regress or diffusion, --painter for diffusion; the tailor needs none")
    if views != 2 and (source in ("regress", "diffusion") or sides):
        raise UsageError(
            f"--views {views}: only the tailor, without maps made elsewhere, sees more than front and back"
        )
    if sides == "back":
        raise UsageError("--back without --front: give both, or the front alone")
