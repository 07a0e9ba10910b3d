from pathlib import Path
from typing import Annotated, Any

from avatarkit.stage import Option, Reads, Seed, Writes


def imagine(
    subject: Annotated[Path, Reads("prompt.txt", help="Who is to be seen, in words.", source=True, text="prompt")],
    init: Annotated[
        Path | None, Reads("init.npz", help="With a ControlNet: the body to paint (a body.npz).", optional=True)
    ],
    out: Annotated[Path, Writes("imagined.png")],
    model: Annotated[
        str | None, Option("Who paints: a text-to-image model's folder, or name/model@revision of the hub.")
    ] = None,
    steps: Annotated[int, Option("Steps of denoising.", min=1, max=1000)] = 30,
    size: Annotated[int, Option("Of the square picture [pixels].", min=64, max=4096)] = 512,
    guidance: Annotated[
        float | None, Option("How much words count; 1: no guidance.  [default: the model's own]", min=0, max=30)
    ] = None,
    seed: Seed = 0,
) -> None:
    """Paint a photo of the person that words describe, by an image model of your own; fit-smpl takes it as a photo.

    A ControlNet of depth or normals paints the body of init.npz, which fit-smpl then starts from as well.

    Examples:

      avatarkit imagine ana/prompt.txt --model sd/             # ana/imagined.png
      avatarkit imagine --prompt "a knight" -o bob/ --model name/model@revision | avatarkit fit-smpl -
    """
    from avatarkit import files, imagining

    source = imagining.required(model)
    words, person = files.read_prompt(subject), files.read_person(init) if init else None
    body = imagining.posed(files.read_body_model_of(person), person, size=size) if person else None
    asked: dict[str, Any] = {"size": size, "steps": steps, "guidance": guidance, "seed": seed}
    files.write_picture(out, imagining.imagined(files.read_pipeline(source), words, body, **asked))
