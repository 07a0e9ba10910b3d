import os
from pathlib import Path
from typing import Annotated, Any

from avatarkit.stage import Option, Reads, Seed

HELD_OUT_SEED = 990_001


def train(
    model: Annotated[
        str, Reads("MODEL", help="What to train: regress, codec; by diffusion normals, normals-v, colours.")
    ],
    out: Annotated[Path, Option("Folder for checkpoint, log, sheets and the model.", flags=("-o",))],
    steps: Annotated[int, Option("Steps from the beginning to the end.", min=1)] = 4000,
    size: Annotated[int, Option("Height of the views, of 128s; half of it at first [pixels].", min=128)] = 512,
    batch: Annotated[int, Option("Views a step and process, at full size.", min=1)] = 8,
    workers: Annotated[int, Option("Processes that make people.  [0: in this one]", min=0)] = 1,
    reuse: Annotated[float, Option("How often a view is learnt from; the more people, the better.", min=1)] = 3.0,
    room: Annotated[int, Option("Views kept in memory, 3 MB each.", min=1)] = 1024,
    held: Annotated[int, Option("Held-out views that are judged by, in held-out garments.", min=1)] = 48,
    every: Annotated[float, Option("Minutes between checkpoints, figures and sheets.", min=0)] = 5.0,
    codec: Annotated[Path | None, Option("For normals: draw in the numbers of one that `train codec` wrote.")] = None,
    device: Annotated[str, Option("Where to compute: auto, cpu or cuda.")] = "auto",
    seed: Seed = 0,
) -> str:
    """Train one of our own networks on synthetic people, who are made as they are needed and never stored.

    DIR gets checkpoint.pt (a run that was stopped goes on from there), log.jsonl (figures over held-out people in
    held-out garments), sheet.png, and model/ with the averaged weights. On several GPUs, or with a process a core, run
    it by torchrun.

    Examples:

      avatarkit train regress -o regress/                                    # hours on two cores
      avatarkit train codec -o codec/ --size 256 --batch 32                  # what a diffusion model is to draw in
      avatarkit train normals -o normals/ --codec codec/model --size 256 --batch 32
      torchrun --nproc-per-node 2 -m stages.main train regress -o regress/
    """
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # one core learns, the others make people
    from functools import partial

    from avatarkit import files, progress, training

    body = partial(files.read_body_model, "builtin")
    coded = partial(files.read_codec, codec) if codec else None
    lesson, device = training.lesson(model, body, files.read_regressor, coded, size), training.device_of(device)
    rank = int(os.environ.get("RANK", 0))
    kept: dict[str, Any] = {"workers": workers, "room": room, "reuse": reuse, "rank": rank}
    command = f"avatarkit train {model} --steps {steps} --size {size} --batch {batch} --reuse {reuse:g} --seed {seed}"
    reports = training.trained(
        lesson,
        training.Schedule.of(lesson, steps, size, batch, 60 * every),
        lambda sample, first: training.Feed(body, sample, seed=seed, first=first, **kept),
        lambda sample: training.Feed(body, sample, seed=HELD_OUT_SEED, workers=0, heldout=True).batch(held),
        state=files.read_training(out / "checkpoint.pt"),
        seed=seed,
        device=device,
    )
    with training.together(device):
        for report in reports:
            files.write_training(out / "checkpoint.pt", report.state)
            files.append_line(out / "log.jsonl", report.figures)
            files.write_picture(out / "sheet.png", report.sheet)
            files.write_network(out / "model", report.network, _card(model, report.figures, command))
            progress.log.info("step %d of %d: %s", report.step, steps, _told(report.figures))
    return str(out / "model")


def _card(model: str, figures: dict[str, float], command: str) -> str:
    """What a model card says of a network that was trained here."""
    minutes = figures["seconds"] / 60
    return (
        f"`{model}`, trained by avatarkit on synthetic people alone, in {minutes:.0f} minutes: `{command}`.\n"
        f"Over held-out people: {_told(figures)}."
    )


def _told(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
