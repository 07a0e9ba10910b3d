from pathlib import Path
from typing import Annotated, Any

from avatarkit.stage import Option, Reads, Seed, Writes

Subject = Annotated[
    Path,
    Reads(
        *("photo.*", "imagined.png", "prompt.txt", "pose.npz", "mesh.glb", "mesh.obj", "mesh.ply"),
        help="A photo of one person, a description (.txt), a pose or motion (.npz: SMPL-X parameters or AMASS), "
        "or a mesh of a dressed person made elsewhere.",
        source=True,
        text="prompt",
    ),
]


def fit_smpl(
    subject: Subject,
    keypoints: Annotated[
        Path | None,
        Reads("keypoints.json", help="With a photo: another detector's (OpenPose, COCO-WholeBody).", optional=True),
    ],
    mask: Annotated[Path | None, Reads("mask.png", help="With a photo: where the person is.", optional=True)],
    init: Annotated[Path | None, Reads("init.npz", help="With a photo: start from this body.npz.", optional=True)],
    out: Annotated[Path, Writes("body.npz")],
    body: Annotated[str, Option("Body model: builtin, or smplx:PATH to an official file.")] = "builtin",
    height: Annotated[float | None, Option("With a photo or mesh: the person's height [cm].", 50, 250)] = None,
    focal: Annotated[str | None, Option("With a photo: 1400 [pixels], 50deg (upright), 28mm; else EXIF.")] = None,
    up: Annotated[str | None, Option("With a mesh: its upward axis, y, z, -y ….  [default: guessed]")] = None,
    person: Annotated[str | None, Option("With a photo of several: whose face is nearest to x,y [pixels].")] = None,
    allow: Annotated[
        str | None,
        Option("Let pass: cropped (guess legs that are cut off), poor (a fit that explains little), or both."),
    ] = None,
    overlay: Annotated[bool, Option("With a photo: write body.png, the body over the photo, beside body.npz.")] = False,
    describe: Annotated[str | None, Option("With a photo or a pose: the person, in words (sex, age, build).")] = None,
    betas: Annotated[str | None, Option("With a pose: shape components [standard deviations], as 0.5,-1.2,2.")] = None,
    frame: Annotated[int, Option("With a motion: which frame, from 0.", min=0)] = 0,
    variation: Annotated[float, Option("How individual the body is [standard deviations]; 0: average.", 0, 3)] = 0.0,
    seed: Seed = 0,
) -> None:
    """Find a posed body (SMPL-X parameters) and a camera that fit a photo, words, a pose, a mesh.

    Photos and meshes need the extra `photo` (mediapipe), here or in the Python that AVATARKIT_PHOTO_PYTHON names.

    Examples:

      avatarkit fit-smpl ana/photo.jpg --height 172 --overlay  # ana/body.npz, ana/body.png
      avatarkit fit-smpl --prompt "tall man, 35 years old, 1.85 m, walking" -o ana/
      avatarkit fit-smpl walk.npz --frame 120 --describe "heavy woman" -o walker/
    """
    from avatarkit import files, fitting

    model, passed = files.read_body_model(body), fitting.allowed(allow)
    if subject.suffix == ".txt":
        found = fitting.from_words(model, files.read_prompt(subject), seed=seed, variation=variation)
    elif subject.suffix == ".npz":
        asked: dict[str, Any] = {"describe": describe, "betas": betas, "frame": frame}
        found = fitting.from_motion(model, files.read_arrays(subject), **asked, seed=seed, variation=variation)
    elif subject.suffix in (".glb", ".obj", ".ply"):
        figure = fitting.figure_of(model, files.read_landmarks(model, fitting.measured))
        found = fitting.from_mesh(figure, files.read_mesh(subject), up=up, height=height, force="poor" in passed)
    else:
        beside = {"keypoints": keypoints, "mask": mask, "init": init}
        view: dict[str, Any] = {
            "height": height,
            "describe": describe,
            "at": person,
            "allow_cropped": "cropped" in passed,
            "force": "poor" in passed,
        }
        picture = out.parent / "body.png" if overlay else None
        found = _from_photo(subject, model, beside, focal, view, picture)
    files.write_person(out, found)


def _from_photo(
    subject: Path,
    model: Any,
    beside: dict[str, Path | None],
    focal: str | None,
    view: dict[str, Any],
    to: Path | None,
) -> Any:
    from avatarkit import files, fitting

    photo = files.read_photo(subject)
    keypoints, mask, init = beside["keypoints"], beside["mask"], beside["init"]
    found = fitting.from_photo(
        fitting.figure_of(model, files.read_landmarks(model, fitting.measured)),
        photo,
        lens=fitting.Lens.of((photo.shape[1], photo.shape[0]), told=focal, exif=files.read_focal(subject)),
        keypoints=None if keypoints is None else files.read_keypoints(keypoints),
        mask=None if mask is None else files.read_mask(mask, photo),
        init=None if init is None else files.read_person(init),
        **view,
    )
    if to is not None:
        files.write_picture(to, fitting.overlaid(photo, model, found))
    return found
