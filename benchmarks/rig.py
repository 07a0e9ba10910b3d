"""How well a rig moves people whose true skinning is known, and whether it tears them.

    python benchmarks/rig.py [--quick] [--json] [--people N] [--carved N] [--seed S]

Truths: held-out dressed people, their layers one mesh without names or parts, as a scan would be; the tailor's own
weights are the truth. Each is rigged and put into 30 poses that stress joints. `posed_mm`: mean distance of our
vertices from the true ones; `closest_mm`: the same for the plain weights of the body's closest point. `stretch`: the
99th percentile, over edges and poses, of length over length at rest. `finger_percent`: vertices of a finger with over a
tenth of their weight on another one; `true_finger_percent`: of the tailor's own weights.
Carved: people as carve-mesh leaves them (front and back, true maps). `mended_percent` of the surface is torn by
un-posing; `round_trip_mm`: the 99.9th percentile of the way back into the pose, elsewhere; `volume_points`: how much
more of its volume around the joint a limb loses at 120 degrees than the bare body's does, in percent.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from _truths import cases
from torch import Tensor

from avatarkit import carving, files, people, rigging, stress
from avatarkit.avatar import Avatar
from avatarkit.body import Body, BodyModel, Pose
from avatarkit.mesh import Mesh, edges, submesh
from avatarkit.rigging.binding import strongest
from avatarkit.surface import Surface

SEED = 60417
AT_MOST = {"posed_mm": 8, "stretch": 3, "finger_percent": 0.5, "mended_percent": 2, "round_trip_mm": 0.01,
           "volume_points": 5, "seconds": 6}  # fmt: skip
Row = dict[str, float]


def of_truth(model: BodyModel, index: int, seed: int) -> Row:
    met = people.met(model, seed=seed, index=index, heldout=True)
    dressed, _ = met.dressed.combined()
    mesh, _ = submesh(dressed, torch.ones(len(dressed.faces), dtype=torch.bool))  # what clothes hide has no faces
    true = strongest(mesh.attributes["lbs_weights"].float(), 4)
    mesh = Mesh(mesh.vertices.float(), mesh.faces)
    body = model.shaped(met.person.betas, met.person.expression)
    posed = body.posed(met.person.pose)
    start = time.process_time()
    rigged = rigging.rigged(mesh, model, met.person)
    seconds = time.process_time() - start
    near = Surface(posed.vertices, model.faces).closest(mesh.vertices)
    plain = (model.lbs_weights[model.faces[near.face]] * near.barycentric[..., None]).sum(dim=1)
    truth, closest = (_bound(mesh, w, body, met.person.pose) for w in (true, strongest(plain, 4)))
    away, away_closest, stretched = [], [], []
    pairs = edges(mesh.faces).vertices
    for pose in stress.poses().values():
        there, ours, theirs = (_centred(avatar, pose) for avatar in (truth, rigged.avatar, closest))
        away.append((ours - there).norm(dim=1).mean())
        away_closest.append((theirs - there).norm(dim=1).mean())
        stretched.append(stress.stretch(ours, rigged.avatar.mesh.vertices, pairs))
    return {
        "posed_mm": 1000 * float(torch.stack(away).mean()),
        "closest_mm": 1000 * float(torch.stack(away_closest).mean()),
        "stretch": float(torch.cat(stretched).quantile(0.99)),
        "finger_percent": 100 * _fingers_crossed(rigged.avatar.lbs_weights, true),
        "true_finger_percent": 100 * _fingers_crossed(true, true),
        "truth_mended_percent": 100 * rigged.mended,
        "faults": float(len(rigging.faults(rigged.avatar, rigged.mended))),
        "seconds": seconds,
    }


def of_carved(model: BodyModel, case: object) -> Row:
    person, maps = case.person, case.maps("front_back")  # type: ignore[attr-defined]
    mesh = carving.labelled(carving.carved(model, person, maps).mesh)
    start = time.process_time()
    rigged = rigging.rigged(mesh, model, person)
    seconds = time.process_time() - start
    off = (rigged.avatar.posed(rigged.pose) - mesh.vertices).norm(dim=1)
    pairs = edges(mesh.faces).vertices
    poses = stress.poses().values()
    stretched = [stress.stretch(rigged.avatar.posed(pose), rigged.avatar.mesh.vertices, pairs) for pose in poses]
    return {
        "carved_seconds": seconds,
        "carved_stretch": float(torch.cat(stretched).quantile(0.99)),
        "mended_percent": 100 * rigged.mended,
        "round_trip_mm": 1000 * float(off[off < off.quantile(1 - min(3 * rigged.mended + 0.001, 1))].quantile(0.999)),
        "volume_points": _volume_points(rigged.avatar, model, rigged.body),
        "carved_faults": float(len(rigging.faults(rigged.avatar, rigged.mended))),
        "triangles": float(len(mesh.faces)),
    }


def _bound(mesh: Mesh, weights: Tensor, body: Body, pose: Pose) -> Avatar:
    """The mesh with these weights, un-posed without any mending."""
    blend = torch.einsum("vj,jab->vab", weights.double(), body.posed(pose).world_from_rest.double())
    ones = torch.cat([mesh.vertices.double(), torch.ones(len(mesh.vertices), 1, dtype=torch.float64)], dim=1)
    rest = torch.linalg.solve(blend, ones[..., None])[:, :3, 0].float()
    return Avatar(replace(mesh, vertices=rest), body.joints, weights)


def _centred(avatar: Avatar, pose: Pose) -> Tensor:
    """Vertices in a pose, measured from the pelvis."""
    return avatar.posed(pose) - avatar.joints[0]


def _fingers_crossed(found: Tensor, true: Tensor) -> float:
    ours, theirs = (torch.stack([w[:, f].sum(dim=1) for f in stress.FINGER_JOINTS], dim=1) for w in (found, true))
    of_finger = theirs.amax(dim=1) > 0.9
    own = theirs.argmax(dim=1)
    other = ours.sum(dim=1) - ours.gather(1, own[:, None])[:, 0]
    return float((other[of_finger] > 0.1).double().mean())


def _volume_points(avatar: Avatar, model: BodyModel, body: Body) -> float:
    """How much more than the bare body it loses, the mean over both elbows and knees."""
    faces = model.outer_faces if model.outer_faces is not None else model.faces
    nude = Avatar(Mesh(body.vertices, faces), body.joints, model.lbs_weights)
    return stress.volume_lost(avatar) - stress.volume_lost(nude)


def table(rows: list[Row]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name in sorted({name for row in rows for name in row}):
        values = np.array([row[name] for row in rows if name in row])
        drawn = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
        figures[name] = float(values.mean())
        figures[f"{name}_low"], figures[f"{name}_high"] = (float(q) for q in np.quantile(drawn, (0.025, 0.975)))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--carved", type=int, default=8)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="two people, one carved")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    count, carved = (2, 1) if given.quick else (given.people, given.carved)
    model = files.read_body_model("builtin")
    rows = []
    for index in range(count):
        rows.append(of_truth(model, index, given.seed))
        print(f"{index}: " + ", ".join(f"{k} {v:.3g}" for k, v in rows[-1].items()), file=sys.stderr)
    with tempfile.TemporaryDirectory() as cache:
        for case in cases(model, Path(cache), seed=given.seed, count=carved, points=2000):
            rows.append(of_carved(model, case))
            print(f"{case.title}: " + ", ".join(f"{k} {v:.3g}" for k, v in rows[-1].items()), file=sys.stderr)
    figures = {"people": float(count), "carved_people": float(carved)} | table(rows)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        if not name.endswith(("_low", "_high")):
            within = (
                f"[{figures[name + '_low']:.3g}, {figures[name + '_high']:.3g}]" if name + "_low" in figures else ""
            )
            print(f"{name:<24}{value:>10.4g}  {within:<20}{'≤ ' + str(AT_MOST[name]) if name in AT_MOST else ''}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
