from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Seed


def evaluate(
    result: Annotated[Path | None, Reads("FILE", help="The result: a mesh, or a rigged avatar.")] = None,
    truth: Annotated[Path | None, Option("The true mesh, metres: .glb, .ply, .obj.")] = None,
    body: Annotated[Path | None, Option("The result's body.npz: the bare body gets a column of its own.")] = None,
    true_body: Annotated[Path | None, Option("The truth's body.npz, to align by.")] = None,
    align: Annotated[str, Option("Move the result as its body to the true one: none, pelvis or similarity.")] = "none",
    points: Annotated[int, Option("Points on each surface.", min=1000, max=10_000_000)] = 100_000,
    real: Annotated[Path | None, Option("Folder of real people, a mesh or a folder each.")] = None,
    fake: Annotated[Path | None, Option("Folder of made people, to be compared with them.")] = None,
    inception: Annotated[Path | None, Option("An Inception network (TorchScript), for FID.")] = None,
    json: Annotated[bool, Option("Print one flat JSON object instead.")] = False,
    seed: Seed = 0,
) -> str:
    """Measure a result against the true mesh, or two sets of people against each other.

    Examples:

      avatarkit evaluate ana/avatar.glb --truth scan.glb --body ana/body.npz
      avatarkit evaluate ana/avatar.glb --truth scan.glb --body ana/body.npz --true-body scan.npz --align similarity
      avatarkit evaluate --real scans/ --fake people/
    """
    from avatarkit.errors import UsageError

    if (real is None) != (fake is None) or (result is None) == (real is None) or (result is None) != (truth is None):
        raise UsageError("expected FILE --truth SCAN, or --real DIR --fake DIR")
    from avatarkit import evaluating, files

    if real is not None and fake is not None:
        true, made = ([mesh for _, mesh in files.read_people(folder)] for folder in (real, fake))
        if min(len(true), len(made)) < 2:
            raise UsageError("expected two people or more in each folder")
        network = None if inception is None else files.read_inception(inception)
        report = evaluating.compared(true, made, files.read_encoder(), inception=network, seed=seed)
        return report.json() if json else report.table()
    assert result is not None and truth is not None
    evaluating.check(align, body is not None, true_body is not None)
    own, known = (
        None if path is None else evaluating.Sitter(person := files.read_person(path), files.read_body_model_of(person))
        for path in (body, true_body)
    )
    found = files.read_result(result)
    report = evaluating.evaluated(
        found.mesh,
        files.read_truth(truth),
        told=found.told,
        avatar=found.avatar,
        pelvis=found.pelvis,
        own=own,
        true=known,
        align=align,
        points=points,
        seed=seed,
    )
    return report.json() if json else report.table()
