import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from avatarkit.stage import Option, Reads, Seed


def synth(
    people: Annotated[Path, Reads("DIR", help="Folder for the people, one folder each; made where it is not there.")],
    count: Annotated[int, Option("How many people.", min=1, flags=("-n",))] = 1,
    prompt: Annotated[str | None, Option("What all of them have in common, in words; the rest is drawn.")] = None,
    wardrobe: Annotated[Path | None, Option("Folder of MakeHuman clothes (.mhclo) to wear now and then.")] = None,
    size: Annotated[int, Option("Width and height of photo and maps [pixels].", min=64, max=2048)] = 512,
    preset: Annotated[str, Option("Cloth: train (fast) or full (finer).")] = "full",
    photo: Annotated[bool, Option("Take a photo; without one the maps are orthographic.")] = True,
    heldout: Annotated[bool, Option("People for tests, in garments that no training sees.")] = False,
    jobs: Annotated[int, Option("Processes.  [0: one a core]", min=0, flags=("-j",))] = 0,
    seed: Seed = 0,
) -> str:
    """Make synthetic people: photo, maps, body and the true mesh, for training, tests and demos.

    A person is the same whatever the count and the number of processes; folders that are complete are kept, so that a
    run goes on where it was stopped. Each holds truth.glb (texture, labels, true skin weights), body.npz, normals.png
    (normals, albedo, labels; front and back), photo.png, mask.png and prompt.txt.

    Examples:

      avatarkit synth people/ -n 64
      avatarkit synth crowd/ -n 12 --seed 7 --prompt "an old man in a long coat"
      ls -d people/*/ | head -3
    """
    from avatarkit import files, progress
    from avatarkit.errors import UsageError
    from avatarkit.words.heeding import heeded

    if preset not in ("train", "full"):
        raise UsageError(f"--preset {preset}: expected train or full")
    if prompt is not None:
        heeded(prompt)  # says once what is not understood
    asked: dict[str, Any] = {"prompt": prompt, "size": size, "preset": preset, "photo": photo, "heldout": heldout}
    asked["wardrobe"] = wardrobe
    if wardrobe is not None:
        files.read_wardrobe(wardrobe)  # its errors are said once, before any work
    missing = [k for k in range(count) if not _folder(people, k).is_dir()]
    people.mkdir(parents=True, exist_ok=True)
    for _ in progress.track(_made(people, seed, missing, asked, jobs or os.cpu_count() or 1), "people", len(missing)):
        pass
    return str(people)


def _folder(people: Path, index: int) -> Path:
    return people / f"{index:06d}"


def _made(people: Path, seed: int, indices: list[int], asked: dict[str, Any], jobs: int) -> Iterator[int]:
    """Make these people, in this process or in several; yields each that is done."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    # the first alone: it compiles what the processes would all compile at once
    for index in indices[: None if jobs == 1 else 1]:
        _make(people, seed, index, asked)
        yield index
    if jobs == 1 or len(indices) < 2:
        return
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"  # the processes are the threads
    with ProcessPoolExecutor(min(jobs, len(indices) - 1), get_context("spawn")) as pool:
        tasks = {pool.submit(_make, people, seed, index, asked): index for index in indices[1:]}
        try:
            for task in as_completed(tasks):
                task.result()
                yield tasks[task]
        finally:
            pool.shutdown(cancel_futures=True)


def _make(people: Path, seed: int, index: int, asked: dict[str, Any]) -> None:
    """One person's folder: written under another name, renamed when it is whole."""
    import shutil
    import tempfile
    import time

    from avatarkit import files, record, synthesis, words

    options, unfinished = {**asked, "seed": seed, "index": index}, Path(tempfile.mkdtemp(prefix=".", dir=people))
    start = time.perf_counter()
    try:
        with record.keeping() as ledger:
            model = files.read_body_model("builtin")
            said = None if asked["prompt"] is None else words.understood(asked["prompt"])
            clothes = None if asked["wardrobe"] is None else files.read_wardrobe(asked["wardrobe"])
            drawn = {**asked, "prompt": said, "wardrobe": clothes}
            truth = synthesis.synthesised(model, seed=seed, index=index, **drawn)
            files.write_text(unfinished / "prompt.txt", truth.caption)
            if truth.photo is not None and truth.mask is not None:
                files.write_picture(unfinished / "photo.png", truth.photo)
                files.write_picture(unfinished / "mask.png", truth.mask[..., None].repeat(3, axis=2))
            # the truths are newer than the photo, for make, and have records, so that no guess overwrites them
            files.write_person(unfinished / "body.npz", truth.person)
            _describe(unfinished / "body.npz", options, ledger, start)
            files.write_normals(unfinished / "normals.png", truth.maps)
            _describe(unfinished / "normals.png", options, ledger, start)
            files.write_scene(unfinished / "truth.glb", truth.scene)
        unfinished.chmod(0o755)
        unfinished.rename(_folder(people, index))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _describe(out: Path, options: dict[str, Any], ledger: Any, start: float) -> None:
    import json
    import time

    from avatarkit import files, provenance, record

    story = record.compose("synth", options, ledger, out, record.sha256(out), time.perf_counter() - start)
    story["provenance"] = provenance.of(ledger).as_json()
    files.write_text(record.record_path(out), json.dumps(story, indent=2))
