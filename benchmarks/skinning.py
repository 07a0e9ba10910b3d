"""How long a body takes to shape and pose, beside the smplx package in the same process, with the same arrays.

    python benchmarks/skinning.py [--quick] [--json] [--threads 2]

Times are the fastest of interleaved repeats, in ms: wall clock, and CPU of all threads. smplx cannot do without pose
correctives (486 directions), the built-in body has none: "+ correctives" is the like-for-like row.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import avatarkit.body
from avatarkit import npz
from avatarkit.body import BodyModel, Pose

BATCHES = (1, 8, 32)
Posing = Callable[..., tuple[Tensor, Tensor]]


def read_arrays() -> dict[str, np.ndarray]:
    arrays = npz.decode(Path(avatarkit.body.__file__).with_name("builtin.npz").read_bytes())
    generator = np.random.default_rng(0)
    arrays["posedirs"] = generator.normal(0, 1e-3, (*arrays["v_template"].shape, 486)).astype(np.float32)
    return arrays


_HANDS = (("components", (45, 45)), ("mean", (45,)))


def smplx_posing(arrays: dict[str, np.ndarray], batch: int) -> Posing:
    import smplx

    B, E = arrays["shapedirs"].shape[2], arrays["exprdirs"].shape[2]
    dirs = np.zeros((*arrays["v_template"].shape, 400), np.float32)  # smplx reads shape from 0, expression from 300
    dirs[:, :, :B], dirs[:, :, 300 : 300 + E] = arrays["shapedirs"], arrays["exprdirs"]
    hands = {f"hands_{what}{side}": np.zeros(shape) for side in "lr" for what, shape in _HANDS}
    landmarks = {"lmk_faces_idx": np.zeros(1, np.int64), "lmk_bary_coords": np.full((1, 3), 1 / 3)}
    plain = {key: arrays[key] for key in ("v_template", "f", "posedirs", "J_regressor", "weights", "kintree_table")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "SMPLX_NEUTRAL.npz"
        np.savez(path, **plain, shapedirs=dirs, **hands, **landmarks)
        model = smplx.SMPLX(
            str(path), num_betas=B, num_expression_coeffs=E, use_pca=False, flat_hand_mean=True, batch_size=batch
        )

    def pose(betas: Tensor, expression: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
        found = model(betas=betas, expression=expression, **vars(pose))
        return found.vertices, found.joints[:, :55]

    return pose


def avatarkit_posing(model: BodyModel, only: Tensor | None = None) -> Posing:
    def pose(betas: Tensor, expression: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
        posed = model.shaped(betas, expression, only=only).posed(pose)
        return posed.vertices, posed.joints

    return pose


def random_people(batch: int, B: int, E: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((batch, B), (batch, E), (batch, 55, 3))
    betas, expression, turns = (torch.randn(*shape, generator=generator) for shape in shapes)
    return betas, expression.abs() * 0.3, turns * 0.3


def once(posing: Posing, people: tuple[Tensor, Tensor, Tensor], backward: bool) -> tuple[float, float]:
    """Wall and CPU milliseconds of one pass."""
    betas, expression, turns = (x.clone().requires_grad_(backward) for x in people)
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.set_grad_enabled(backward):
        vertices, joints = posing(betas, expression, Pose.from_full(turns))
        if backward:
            (vertices.square().sum() + joints.square().sum()).backward()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def measure(batch: int, arrays: dict[str, np.ndarray], repeats: int) -> dict[str, float]:
    full = BodyModel.from_arrays(arrays, sha256="")
    plain = BodyModel.from_arrays({k: a for k, a in arrays.items() if k != "posedirs"}, sha256="")
    corners = plain.faces[plain.landmarks.faces].flatten() if plain.landmarks else torch.arange(150)
    ways = {
        "ours": avatarkit_posing(plain),
        "ours_landmarks": avatarkit_posing(plain, corners),
        "ours_correctives": avatarkit_posing(full),
        "smplx": smplx_posing(arrays, batch),
    }
    people = random_people(batch, plain.shapedirs.shape[2], plain.exprdirs.shape[2])
    figures = {}
    with torch.no_grad():
        pose = Pose.from_full(people[2])
        both = [ways[way](people[0], people[1], pose) for way in ("ours_correctives", "smplx")]
        differences = [float((a - b).abs().max()) for a, b in zip(*both, strict=True)]
    figures[f"difference_{batch}_mm"] = 1e3 * max(differences)
    for passes, backward in (("forward", False), ("backward", True)):
        times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(repeats + 2):
            for way, posing in ways.items():
                times[way].append(once(posing, people, backward))
        for way, pairs in times.items():
            wall, cpu = zip(*pairs[2:], strict=True)  # the first two warm caches
            figures[f"{way}_{passes}_{batch}_wall_ms"] = min(wall)
            figures[f"{way}_{passes}_{batch}_cpu_ms"] = min(cpu)
    return figures


def table(figures: dict[str, float], V: int) -> str:
    lines = [f"{V} vertices, ms a batch (wall, CPU)".ljust(40) + "forward".rjust(20) + "forward + backward".rjust(22)]
    for batch in BATCHES:
        for way, label in (
            ("ours", "avatarkit"),
            ("ours_landmarks", "avatarkit, landmarks and joints alone"),
            ("ours_correctives", "avatarkit + correctives"),
            ("smplx", f"smplx {version('smplx')}"),
        ):
            cells = []
            for passes in ("forward", "backward"):
                wall, cpu = (figures[f"{way}_{passes}_{batch}_{clock}_ms"] for clock in ("wall", "cpu"))
                cells.append(f"{wall:9.2f} {cpu:9.2f}")
            lines.append(f"{batch:3d}  {label}".ljust(40) + cells[0].rjust(20) + cells[1].rjust(22))
        lines.append(f"     largest difference to smplx: {figures[f'difference_{batch}_mm']:.4f} mm")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    arrays = read_arrays()
    figures: dict[str, float] = {}
    for batch in BATCHES:
        figures |= measure(batch, arrays, repeats=5 if asked.quick else 20)
    print(json.dumps(figures) if asked.json else table(figures, len(arrays["v_template"])))


if __name__ == "__main__":
    main()
