from pathlib import Path
from typing import Annotated, Any

from avatarkit.stage import Option, Reads, Seed, Writes

Elsewhere = "Normals made elsewhere, any size, 8 or 16 bits"


def gen_normals(
    body: Annotated[Path, Reads("body.npz", help="Body and camera, from fit-smpl.")],
    prompt: Annotated[Path | None, Reads("prompt.txt", help="What the person wears, in words.", optional=True)],
    front: Annotated[Path | None, Reads("normals_front.png", help=f"{Elsewhere}: the front.", optional=True)],
    back: Annotated[Path | None, Reads("normals_back.png", help=f"{Elsewhere}: the back.", optional=True)],
    out: Annotated[Path, Writes("normals.png")],
    wearing: Annotated[str | None, Option("The same as --prompt, in words here.")] = None,
    source: Annotated[str, Option("Who makes the clothes: tailor, regress (of a photo) or diffusion.")] = "tailor",
    model: Annotated[
        str | None,
        Option("Another than ours: a folder; for diffusion also name/model@revision of the hub."),
    ] = None,
    painter: Annotated[str | None, Option("For diffusion: the same of a model that paints fronts from words.")] = None,
    guidance: Annotated[float, Option("For diffusion: how much words count; 1: no guidance.", min=0, max=30)] = 3.0,
    colours: Annotated[
        str | None, Option("What draws the colours, of front and back: `builtin`, or a diffusion model.")
    ] = None,
    space: Annotated[str, Option("Whose axes --front and --back are in: camera or world.")] = "camera",
    y: Annotated[str, Option("Where their green points: up or down.")] = "up",
    views: Annotated[int, Option("2: front and back; more: around the person (tailor).", min=2, max=64)] = 2,
    size: Annotated[int, Option("Of each square view [pixels].", min=128, max=2048)] = 512,
    seed: Seed = 0,
) -> None:
    """Dress the body: normal maps of the clothed person, front and back, with colours and part labels.

    The built-in tailor makes the clothes on this very body: those that the words ask for, then those that the photo
    shows, whose outline they follow; what both leave open is drawn by the seed. A network of ours that has learnt from
    synthetic people sees them in the photo with --source regress. A diffusion model draws them with --source diffusion,
    and normals made elsewhere are taken with --front, a missing side made to fit: these the tailor colours.

    Examples:

      avatarkit gen-normals ana/body.npz                       # ana/normals.png, by ana/prompt.txt if it is there
      avatarkit gen-normals ana/body.npz --wearing "a long red coat, boots" --views 8
    """
    from avatarkit import files, normals

    sides = {side: path for side, path in (("front", front), ("back", back)) if path is not None}
    normals.check(source, model, painter, views, " and ".join(sides), space, y)
    person, words = files.read_person(body), wearing or (files.read_prompt(prompt) if prompt else None)
    sitter = normals.seated(files.read_body_model_of(person), person, size=size)
    given: dict[str, Any] = {
        side: normals.given(sitter, files.read_image(path), name=str(path), space=space, y=y, back=side == "back")
        for side, path in sides.items()
    }
    if source == "diffusion":
        dual, painting = files.read_dual(model), files.read_pipeline(painter) if painter else None
        network = files.read_regressor() if sitter.photo is not None and dual.heeds else None
        given["front"], given["back"] = normals.drawn(
            sitter, dual, words, network=network, painter=painting, guidance=guidance, seed=seed, **given
        )
    if source == "regress":
        maps = normals.regressed(sitter, files.read_regressor(Path(model) if model else None), **given)
    else:  # where the normals are given, its colours and parts
        glance = files.read_glance() if sitter.photo is not None else None
        maps = normals.tailored(sitter, words, seed=seed, views=views, glance=glance, **given)
    if colours:
        maps = normals.coloured(sitter, maps, files.read_colours(colours), words, seed=seed)
    files.write_normals(out, maps)
