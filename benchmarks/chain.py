"""Photos and sentences through the whole of `build`: how near avatars come, what of the words reaches them, how long it
takes.

    python benchmarks/chain.py [--quick] [--json] [--people N] [--seed S] [--root DIR] [--cache DIR] [--only true,fit,…]

Held-out synthetic people, photographed from the front with perspective and light (`synth`). `true`: the true body is
given; `fit`: the photo, height and focal length alone (extra `photo`), after a similarity from the fitted body to the
true one (`aligned_`), and without; `words`: the caption alone, carved from eight views, against the tailor's own mesh.
Figures as in DESIGN §7, means over people with 95 % intervals of the bootstrap. `over_nude`: Chamfer over that of the
bare body. `words_…`: what an onlooker who learnt from other people names in renders of the final avatar (--cache,
that of synth.py); `labels`: of normals.png. `reaches`: hats, glasses, bags that are less than half as far from the
avatar as from the bare body. `refined_…`: refine's mesh before texture, `change` over the carved one. `alone_…`:
fresh processes, kernels compiled: wall and CPU seconds, peak memory. `batch_…`: photos through one pipeline
without refine, over those many separate runs. `hard_…`: photos that ask much, by `build` without a word more: exit
code, Chamfer after the similarity of bodies; --sheet draws them. People whose avatar failed are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from _built import Place, Row, row_of
from _hard import hard
from _recovered import named, onlooker
from _tables import table

from avatarkit import files
from avatarkit.scores import interval

SEED = 41011
GROUPS = ("true", "fit", "words", "alone", "batch", "hard")
AT_MOST = {
    "true_chamfer_cm": 1.2, "true_over_nude": 0.7, "fit_aligned_chamfer_cm": 3.0, "fit_aligned_over_nude": 0.9,
    "fit_standing_aligned_chamfer_cm": 2.3, "words_chamfer_cm": 0.6, "alone_photo_unrefined_wall_s": 90,
    "alone_photo_wall_s": 165, "alone_words_wall_s": 165, "alone_peak_mb": 6000,
}  # fmt: skip
QUICK = {"gen-normals": {"size": 256}, "carve-mesh": {"steps": 2, "detail": 0.02},
         "refine": {"detail": 0.02, "views": 1}, "texture-uv": {"size": 512}}  # fmt: skip
AT_LEAST = {"batch_gain": 1.1, "batch_two_workers_gain": 1.25}


def of_group(group: str, rows: list[Row]) -> Row:
    made = [row for row in rows if "failed" not in row]
    found: Row = {f"{group}_people": len(rows), f"{group}_failures": len(rows) - len(made)}
    found |= _means(group, made)
    for kind, some in (("standing", True), ("others", False)):
        chosen = [row for row in made if row.get("standing") is some]
        if chosen:
            found[f"{group}_{kind}_people"] = len(chosen)
            found |= _means(f"{group}_{kind}", chosen, only="chamfer_cm")
    return found


def _means(prefix: str, rows: list[Row], only: str = "") -> Row:
    found: Row = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        values = [float(row[key]) for row in rows if isinstance(row.get(key), int | float)]
        if values and only in key and not isinstance(rows[0].get(key), bool):
            known = interval(np.array(values))
            found |= {
                f"{prefix}_{key}": known.mean,
                f"{prefix}_{key}_low": known.low,
                f"{prefix}_{key}_high": known.high,
            }
    return found


def of_words(place: Place, rows: list[tuple[int, Row]], cache: Path | None) -> Row:
    made = [(index, row) for index, row in rows if "failed" not in row]
    held = [so for _, row in made for so in row["labels"]]
    found: Row = {"words_in_labels_percent": 100 * float(np.mean(held))}
    if cache is None or not made:
        return found
    samples = [dict(np.load(place.of("words", index) / "seen.npz")) for index, _ in made]
    return found | named(onlooker(cache), samples, torch.tensor([row["told"] for _, row in made]))


def alone(place: Place) -> Row:
    """One photo, one sentence, the photo at 1024² and without refine: each in a fresh process, as a user would."""
    source, found = place.synth(0), {}
    photo, words = [source / "photo.png"], ["--prompt", (source / "prompt.txt").read_text().strip()]
    more = ("photo_1024", [*photo, "--size", "1024"]), ("photo_unrefined", [*photo, "--no-refine"])
    for label, given in (("photo", photo), ("words", words), *more):
        with tempfile.TemporaryDirectory() as folder:
            wall, cpu = _timed([*given, "-o", f"{folder}/"])
        found |= {f"alone_{label}_wall_s": wall, f"alone_{label}_cpu_s": cpu}
    return found | {"alone_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


def _timed(given: list[object], *, lines: str | None = None) -> tuple[float, float]:
    command = [sys.executable, "-m", "stages.main", "build", *map(str, given), "-q"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, input=lines, text=True, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(f"build {given}: exit {done.returncode}: {done.stderr.strip()}", file=sys.stderr)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def batch(place: Place, count: int) -> Row:
    """So many photos in one pipeline, with one process and with two of one thread, against a run for each."""
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        photos = [Path(folder) / f"{index:02}.png" for index in range(count)]
        for index, photo in enumerate(photos):
            shutil.copy(place.synth(index) / "photo.png", photo)
        lines = "".join(f"{photo}\n" for photo in photos)
        each = [_timed([photo, "--no-refine", "-o", f"{folder}/s{k}/"]) for k, photo in enumerate(photos)]
        spent["separate"] = sum(wall for wall, _ in each)
        spent["one"] = _timed(["-", "--no-refine", "-o", f"{folder}/one/"], lines=lines)[0]
        spent["two"] = _timed(["-", "--no-refine", "-j", "2", "-o", f"{folder}/two/"], lines=lines)[0]
    return {
        "batch_photos": count,
        **{f"batch_{label}_wall_s": seconds for label, seconds in spent.items()},
        "batch_gain": spent["separate"] / spent["one"],
        "batch_two_workers_gain": spent["separate"] / spent["two"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="one person, the true body given, small maps, coarse meshes"
    )
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--first", type=int, default=0, help="the first of them, to share the work between processes")
    parser.add_argument("--seed", type=int, default=SEED, help="a fresh one for figures to report")
    parser.add_argument("--root", type=Path, help="where all is kept; what is there is not made again")
    parser.add_argument("--cache", type=Path, help="synth.py's, which the onlooker learns from")
    parser.add_argument("--sheet", type=Path, help="write a sheet of the hard photos and what came out")
    parser.add_argument("--photos", type=int, default=20, help="of the batch")
    parser.add_argument("--source", default="tailor", help="gen-normals' own, for photos; words are the tailor's")
    parser.add_argument("--only", default=",".join(GROUPS), help="some of " + ",".join(GROUPS))
    asked = parser.parse_args()
    groups, count = (["true"], 1) if asked.quick else (asked.only.split(","), asked.people)
    with tempfile.TemporaryDirectory() as temporary:
        given = dict(QUICK if asked.quick else {})
        given["gen-normals"] = given.get("gen-normals", {}) | {"source": asked.source}
        place = Place(asked.root or Path(temporary), asked.seed, given)
        place.people(max(count, asked.photos if "batch" in groups else 1))
        figures: Row = {"seed": asked.seed, "threads": torch.get_num_threads(), "cores": os.cpu_count()}
        for group in (group for group in groups if group in ("true", "fit", "words")):
            rows = [(index, row_of(place, group, index)) for index in range(asked.first, count)]
            figures |= of_group(group, [row for _, row in rows])
            figures |= of_words(place, rows, asked.cache) if group == "words" else {}
            for index, row in rows:
                if "failed" in row:
                    print(f"{group} {index}: {row['failed']}", file=sys.stderr)
        figures |= alone(place) if "alone" in groups else {}
        figures |= batch(place, asked.photos) if "batch" in groups else {}
        if "hard" in groups:
            found, sheet = hard(files.read_body_model("builtin"), asked.seed, place.root / "hard")
            figures |= found
            if asked.sheet is not None:
                sheet.save(asked.sheet)
    print(json.dumps(figures) if asked.json else table(figures, AT_MOST, AT_LEAST))


if __name__ == "__main__":
    main()
