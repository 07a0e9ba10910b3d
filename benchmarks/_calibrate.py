"""The recipe of avatarkit/fitting/landmarks.npz: people are drawn, photographed, shown to the detector.

    python benchmarks/_calibrate.py TABLE.npz [-n 340] [--seed 4242]
    python benchmarks/_calibrate.py TABLE.npz --bare

The second makes `bare` alone anew, in a table that is there: the landmarks that the detector sees on drawings of the
built-in body, which those of other bodies are measured against (`fitting/foreign.py`).

Training garments only, and a seed of which no benchmark knows; some two seconds a person. The poses of the same
people become the library that fits start from. `_likeness.py` then adds what looks tell of people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from avatarkit import appearance, detect, files, npz, people
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.atomic import write_bytes
from avatarkit.fitting import foreign
from avatarkit.fitting.calibration import calibrated, example
from avatarkit.fitting.rig import Rig
from avatarkit.person import Person

SIDE = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("-n", type=int, default=340)
    parser.add_argument("--library", type=int, default=400, help="people whose poses are kept")
    parser.add_argument("--seed", type=int, default=4242)
    parser.add_argument("--bare", action="store_true", help="only the landmarks of drawings, added to the table")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.bare:
        write_bytes(asked.table, npz.encode(with_bare(npz.decode(asked.table.read_bytes()))))
        return
    model = files.read_body_model("builtin")
    rig, examples, poses, betas = Rig.of(model), [], [], []
    for index in range(max(asked.n, asked.library)):
        met = people.met(model, seed=asked.seed, index=index)
        if index < asked.library:
            poses.append(torch.cat([met.person.pose.global_orient, met.person.pose.body_pose]).reshape(22, 3).numpy())
            betas.append(met.person.betas.numpy())
        if index >= asked.n:
            continue
        generator = np.random.default_rng([asked.seed, index, 1])
        camera = viewpoint(met.looks.mesh.vertices, generator, SIDE)
        taken = appearance.photograph(met.looks, camera, generator)
        found, _ = detect.detected(taken.image)
        if found is not None:
            person = Person(met.person.model, met.person.betas, met.person.expression, met.person.pose, camera)
            examples.append(example(model, rig, person, found))
        print(f"{index}: {met.drawn.pose}", flush=True)
    table = calibrated(model, examples).arrays() | {"poses": np.array(poses, np.float16)}
    usual, spread = np.mean(betas, axis=0), np.std(betas, axis=0)
    usual[model.head_betas], spread[model.head_betas] = 0, 1  # heads were drawn from this
    table |= {"betas_usual": usual.astype(np.float32), "betas_spread": spread.astype(np.float32)}
    write_bytes(asked.table, npz.encode(with_bare(table)))


def with_bare(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The table with what other bodies are measured against."""
    model = files.read_body_model("builtin")
    table = table | {"recipe": np.array(foreign.RECIPE), "template_height": np.ptp(model.v_template[:, 1].numpy())}
    return table | {"bare": foreign.bare(model, table).astype(np.float32)}


if __name__ == "__main__":
    main()
