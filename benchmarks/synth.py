"""How fast synthetic people are made, how well their clothes lie, and whether they are as they were asked for.

    python benchmarks/synth.py [--quick] [--json] [--statistics] [--cache DIR [--trained 1500]] [--sheets docs/synth]

People a minute are of one core (CPU time of one thread, caches warm): drawn, shaped, posed, dressed, and mapped from
front and back with normals, albedo and labels; preset `train`, without a photo unless said. Cloth inside the body: the
share of a person's draped cloth that lies behind the skin; layers crossing: of an outer layer that lies behind an inner
one; poking: of the pixels of front and back in which something shows through what is worn over it. Prompts are captions
of other people. The classifier learns from people of one seed, kept in `--cache`, and is asked about those of another;
without a cache its rows are left out. Sheets are pictures to be looked at.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch and numba: a core is what is asked about
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import argparse
import json
from pathlib import Path

import _classifier
import _lie
import _pace
import _sheets
import _wishes
import torch

from avatarkit import files

AT_LEAST = {
    "people_per_minute_256": 60,
    "people_per_minute_512": 40,
    "prompts_held_percent": 98,
    "classifier_percent": 92,
    "pose_families": 30,
    "hair_styles": 12,
    "shoe_kinds": 6,
    "held_out_in_held_out_percent": 95,
}
AT_MOST = {
    "met_cpu_s": 0.7,
    "full_met_cpu_s": 3,
    "cloth_inside_body_percent": 0.5,
    "layers_crossing_percent": 1,
    "silhouettes_differ": 0,
    "held_out_in_training_percent": 0,
}


def table(rows: dict[str, float]) -> str:
    lines = ["one thread".ljust(44) + "found".rjust(12) + "asked".rjust(12)]
    for name, value in rows.items():
        bounds = [f"{sign} {limits[name]:g}" for sign, limits in (("≤", AT_MOST), ("≥", AT_LEAST)) if name in limits]
        lines.append((name.ljust(44) + f"{value:.4g}".rjust(12) + "".join(bounds).rjust(12)).rstrip())
    return "\n".join(lines)


def of_population(shares: dict[str, dict[str, float]]) -> str:
    """Every table of shares, in percent."""
    return "\n".join(
        f"{name}: " + ", ".join(f"{row} {100 * share:.1f}" for row, share in rows.items())
        for name, rows in shares.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer people, and no classifier")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--statistics", action="store_true", help="print the whole table of the population too")
    parser.add_argument("--cache", type=Path, help="where the classifier's pictures are kept, made where missing")
    parser.add_argument("--trained", type=int, default=1500, help="people that the classifier learns from")
    parser.add_argument("--tested", type=int, default=300, help="people that it is asked about")
    parser.add_argument("--sheets", type=Path, help="draw the contact sheets into this folder, and do nothing else")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    if asked.sheets is not None:
        _sheets.write_sheets(model, asked.sheets)
        return
    few = asked.quick
    rows = _pace.measured(model, 3 if few else 24)
    rows |= {} if few else _pace.measured_full(model, 8)
    rows |= _lie.measured(model, 4 if few else 64)
    rows |= _wishes.held(300 if few else 1000)
    rows |= _wishes.differing(model, 2 if few else 8)
    figures, shares = _wishes.counted(1000 if few else 8000)
    rows |= figures
    if asked.cache is not None and not few:
        rows |= _classifier.measured(model, asked.cache, asked.trained, asked.tested)
    print(json.dumps(rows) if asked.json else table(rows))
    if asked.statistics:
        print(of_population(shares))
    if asked.cache is None and not asked.json:
        print("classifier: left out, it needs --cache DIR" + (" and no --quick" if few else ""))


if __name__ == "__main__":
    main()
