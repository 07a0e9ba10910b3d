"""A training that is killed and goes on, beside trainings that are not: is what it ends with the same but for noise?

    python benchmarks/training.py [--quick] [--json] [--kills 10] [--steps 240] [--runs 3]

`avatarkit train regress`, small (128 pixels), in processes of its own; the kills are SIGKILLs at random moments.
Figures are those of its log over held-out people: degrees of front normals, the loss of the last report. `noise`: the
standard deviation over the runs that were left alone, seeds 1, 2 …; the killed one has seed 1.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CHECKPOINT = 0.1
"""Minutes between checkpoints."""
QUICK = {"held": 4, "workers": 0, "every": 0.02}


def command(out: Path, steps: int, seed: int, quick: bool) -> list[str]:
    given = {"size": 128, "batch": 4, "steps": steps, "seed": seed, "held": 24, "every": CHECKPOINT, "room": 256}
    given |= QUICK if quick else {}
    options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    return [sys.executable, "-m", "stages.main", "train", "regress", "-o", str(out), *options]


def left_alone(out: Path, steps: int, seed: int, quick: bool) -> None:
    subprocess.run(command(out, steps, seed, quick), check=True, capture_output=True)


def killed(out: Path, steps: int, kills: int, dice: random.Random, quick: bool) -> int:
    """Train, killed so often, at moments when at least one more checkpoint was written; the kills that it took."""
    done = 0
    while True:
        process = subprocess.Popen(command(out, steps, 1, quick), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = len(logged(out))
        while process.poll() is None and (done == kills or len(logged(out)) == before):
            time.sleep(0.2)
        if process.poll() is not None:
            if process.returncode:
                raise SystemExit(f"training failed: {process.returncode}")
            return done
        time.sleep(dice.uniform(0, 60 * (QUICK["every"] if quick else CHECKPOINT)))
        process.kill()
        process.wait()
        done += 1


def logged(out: Path) -> list[dict[str, float]]:
    path = out / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one kill, one run left alone, a few steps")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--runs", type=int, default=3, help="runs that are left alone")
    asked = parser.parse_args()
    kills, steps, runs = (1, 8, 1) if asked.quick else (asked.kills, asked.steps, asked.runs)
    with tempfile.TemporaryDirectory() as folder:
        whole = [Path(folder) / f"whole{seed}" for seed in range(1, runs + 1)]
        for seed, out in enumerate(whole, 1):
            left_alone(out, steps, seed, asked.quick)
        broken = Path(folder) / "broken"
        took = killed(broken, steps, kills, random.Random(5), asked.quick)
        ends = [logged(out)[-1] for out in whole]
        end = logged(broken)[-1]
        found: dict[str, float] = {"kills": took, "steps": end["step"], "curve_points": len(logged(broken))}
        for name in ("front", "back", "iou"):
            values = [row[name] for row in ends]
            found |= {f"{name}_killed": end[name], f"{name}_whole": float(np.mean(values))}
            found |= {f"{name}_noise": float(np.std(values, ddof=1))} if runs > 1 else {}
        found["front_body"] = end["front_body"]
    print(json.dumps(found) if asked.json else "\n".join(f"{name:20s}{value:10.4g}" for name, value in found.items()))


if __name__ == "__main__":
    main()
