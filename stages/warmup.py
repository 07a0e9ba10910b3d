from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from avatarkit.stage import Option


def warmup(
    model: Annotated[list[str] | None, Option("A diffusion model to load too; may be given again.")] = None,
) -> str:
    """Compile every kernel and try every part once, so that no later run has to: after an installation, in an image.

    A small person goes through the whole chain, and through the photo detector if that is installed.

    Example:

      avatarkit warmup
    """
    import tempfile

    from avatarkit import files

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        lines = [
            _tried("words to avatar", lambda: _built(folder)),
            _tried("pictures", lambda: _drawn(folder)),
            _tried("photo", lambda: _photographed(folder)),
        ]
        lines += [_tried(name, lambda name=name: files.read_pipeline(name)) for name in model or ()]  # type: ignore[misc]
    return "\n".join(lines)


def _tried(name: str, work: Callable[[], object]) -> str:
    """One line: the seconds it took, or what is missing."""
    import time

    from avatarkit.errors import NotInstalled

    start = time.perf_counter()
    try:
        work()
    except NotInstalled as error:
        return f"{'absent':8}{name:20}{error}"
    return f"{'ok':8}{name:20}{time.perf_counter() - start:.1f} s"


def _built(folder: Path) -> None:
    """A small person of words, through the stages as they are listed."""
    from avatarkit import chain, subject
    from avatarkit.chain import Manner
    from stages.build import chained
    from stages.main import STAGES

    stages = chained(STAGES)
    job = subject.job(stages[0], None, words="a woman in a shirt and a long skirt", out=f"{folder}/")
    small: dict[str, dict[str, Any]] = {
        "gen-normals": {"size": 128},
        "carve-mesh": {"steps": 2, "gate": 180.0},
        "texture-uv": {"size": 128},
        "rig": {"allow_poor": True},
    }
    for _ in chain.through(stages, job, small, Manner()):
        pass


def _drawn(folder: Path) -> None:
    from avatarkit import files, portrait

    style = portrait.Style.named("texture", 512)
    front, *_ = portrait.views_of(files.read_mesh(folder / "textured.glb"), style)
    files.write_picture(folder / "drawn.png", front)


def _photographed(folder: Path) -> None:
    """The drawing of that person as a photo."""
    from avatarkit import files, fitting

    model, photo = files.read_body_model("builtin"), files.read_photo(folder / "drawn.png")
    lens = fitting.Lens.of((photo.shape[1], photo.shape[0]))
    fitting.from_photo(fitting.figure_of(model, files.read_landmarks()), photo, lens=lens, force=True)
