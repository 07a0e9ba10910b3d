from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Seed, Writes


def gen_normals(
    body: Annotated[Path, Reads("body.npz", help="Body and camera, from fit-smpl.")],
    prompt: Annotated[Path | None, Reads("prompt.txt", help="What the person wears, in words.", optional=True)],
    out: Annotated[Path, Writes("normals.png")],
    views: Annotated[int, Option("2: front and back; more: around the person.", min=2, max=64)] = 2,
    size: Annotated[int, Option("Of each square view [pixels].", min=128, max=2048)] = 512,
    seed: Seed = 0,
) -> None:
    """Dress the body: normal maps of the clothed person, front and back, with colours and part labels.

    The built-in tailor makes the clothes that the words ask for, on this very body; what they leave open is drawn by
    the seed. A photo is not looked at yet.

    Examples:

      avatarkit gen-normals ana/body.npz                       # ana/normals.png, by ana/prompt.txt if it is there
      avatarkit gen-normals ana/body.npz --views 8 --seed 3
    """
    from avatarkit import files, normals

    person, text = files.read_person(body), files.read_prompt(prompt) if prompt else None
    model = files.read_body_model_of(person)
    files.write_normals(out, normals.from_words(model, person, text, seed=seed, views=views, size=size))
