from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Seed, Writes


def fit_smpl(
    subject: Annotated[
        Path,
        Reads(
            "photo.*",
            "prompt.txt",
            "pose.npz",
            help="A description in words (.txt), or a pose or motion (.npz: SMPL-X parameters or AMASS).",
            source=True,
            text="prompt",
        ),
    ],
    out: Annotated[Path, Writes("body.npz")],
    body: Annotated[str, Option("Body model: builtin, or smplx:PATH to an official file.")] = "builtin",
    describe: Annotated[str | None, Option("With a pose: the person, in words.")] = None,
    betas: Annotated[str | None, Option("With a pose: shape components [standard deviations], as 0.5,-1.2,2.")] = None,
    frame: Annotated[int, Option("With a motion: which frame, from 0.", min=0)] = 0,
    variation: Annotated[float, Option("How individual the body is [standard deviations]; 0: average.", 0, 3)] = 0.0,
    seed: Seed = 0,
) -> None:
    """Find a posed body (SMPL-X parameters) and a camera that fit the words, or the pose.

    Examples:

      avatarkit fit-smpl ana/prompt.txt                      # ana/body.npz
      avatarkit fit-smpl --prompt "tall man, 35 years old, 1.85 m, walking" -o ana/
      avatarkit fit-smpl --prompt "woman" --variation 1 --seed 7   # another face, another build
      avatarkit fit-smpl walk.npz --frame 120 --describe "heavy woman" -o walker/
    """
    from avatarkit import files, fitting
    from avatarkit.errors import NotInstalled

    if subject.suffix not in (".txt", ".npz"):
        raise NotInstalled(f"{subject}: photos come with the next version: describe the person with --prompt instead")
    model = files.read_body_model(body)
    if subject.suffix == ".txt":
        person = fitting.from_words(model, files.read_prompt(subject), seed=seed, variation=variation)
    else:
        asked = {"describe": describe, "betas": betas}
        person = fitting.from_motion(
            model, files.read_arrays(subject), frame=frame, **asked, seed=seed, variation=variation
        )
    files.write_person(out, person)
