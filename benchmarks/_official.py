"""Landmarks on a body in an official file's layout: how far off are they, carried over and measured on drawings?

    python benchmarks/_official.py [--drawings 72]

No official file may be published, so that one is made: the built-in body's surface as a slim woman's, with joints that
lie elsewhere in it (hips towards the knees, shoulders towards the collars …, by 1 to 4 cm). On her skin the detector's
landmarks are where they are on ours, which is the truth here.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from avatarkit import files, fitting
from avatarkit.body import JOINT_INDEX, PARENTS, BodyModel, normalised
from avatarkit.fitting import foreign
from avatarkit.fitting.landmarks import MEASURED, Table
from avatarkit.fitting.rig import Rig

MOVED = (
    *(("hip", "knee", 0.1), ("shoulder", "collar", 0.15), ("knee", "ankle", -0.04), ("ankle", "foot", 0.15)),
    *(("elbow", "wrist", 0.06), ("wrist", "elbow", 0.06)),
)


def made(ours: BodyModel, betas: torch.Tensor) -> BodyModel:
    """The body of these betas as the template of a file in SMPL-X's layout, its joints moved."""
    before = ours.J_regressor.double().numpy()
    regressor = before.copy()
    for one, other, share in MOVED:
        for side in ("left", "right"):
            a, b = JOINT_INDEX[f"{side}_{one}"], JOINT_INDEX[f"{side}_{other}"]
            regressor[a] = (1 - share) * before[a] + share * before[b]
    parents = [(1 << 32) - 1, *PARENTS[1:]]
    arrays = {
        "v_template": ours.shaped(betas).vertices.double().numpy(),
        "f": ours.faces.numpy(),
        "shapedirs": np.concatenate([ours.shapedirs.numpy()[:, :, :10], ours.exprdirs.numpy()[:, :, :10]], axis=2),
        "J_regressor": regressor,
        "weights": ours.lbs_weights.double().numpy(),
        "kintree_table": np.array([parents, range(len(parents))], np.uint32),
    }
    return BodyModel.from_arrays(normalised(arrays), sha256="0" * 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=foreign.DRAWINGS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ours, stored = files.read_body_model("builtin"), files.read_landmarks()
    betas = fitting.from_words(ours, "slim woman, 1.62 m, standing").betas
    body = made(ours, betas)
    start = time.perf_counter()
    found = foreign.measured(body, stored, asked.drawings)
    seconds = time.perf_counter() - start
    if found is None:
        raise SystemExit("no detector here: nothing was measured")
    table = Table.from_arrays(stored)
    on_ours = table.points(ours, Rig.of(ours))
    coefficients = np.zeros(on_ours.dirs.shape[2])
    coefficients[: len(betas)] = betas.numpy()
    truth = on_ours.template + on_ours.dirs @ coefficients
    rig, rows = Rig.of(body), np.array(MEASURED)
    tables = {"carried over": foreign.carried(table, body, stored), "measured": Table.from_arrays(stored | found)}
    for name, tried in tables.items():
        off = 1000 * np.linalg.norm(tried.points(body, rig).template - truth, axis=1)
        limbs, rest = np.median(off[rows]), np.median(off)
        print(f"{name:14} {limbs:.1f} mm off (median of {len(rows)} points; all {len(off)}: {rest:.1f})")
    print(f"{asked.drawings} drawings, {seconds:.0f} s")


if __name__ == "__main__":
    main()
