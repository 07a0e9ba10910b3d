"""What refine brings to a mesh that was carved from true front and back maps, by who gives the views anew.

    python benchmarks/refine.py [--quick] [--json] [--people 48] [--ablated 12] [--cache DIR] [--model DIR]

Held-out synthetic people of a fresh seed, the body known. `start` is the carved mesh; `maps`, `regress`, `diffusion`
refine it (--model: by another diffusion model than ours). Figures as in DESIGN §7, alignment none: the normal error
over eight unseen views and Chamfer, against the start's, with 95 % intervals of the bootstrap over people (_low,
_high). `kernel`: the kernel distance of rendered normals in our encoder's features to other true people, each half of
the people against the truths of the other. `face_mm`: how far the landmarks moved. `crossing_more`: faces that cross,
more than before, of the worst person. Ablations: `regress_2_views`, `regress_8_views` (pairs), `regress_no_heads`; of
the diffusion `own_noise`, each view's noise its own; `no_heads`; `cold`, from the body as Chupa. `sculpt`: the truth,
blurred by 40 rounds of its Laplacian, carved by eight true views. CPU seconds are of one thread, carving alone. With
--cache a run that was stopped goes on, and several may share the people out (--first, --people).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from _carved_sheet import sheet
from _tables import table
from _truths import Case, cases
from PIL import Image

from avatarkit import carving, distances, files, refining, scores
from avatarkit.body import BodyModel
from avatarkit.crossing import crossing_faces
from avatarkit.evaluating.crowds import photographed
from avatarkit.mesh import Mesh, is_closed, is_manifold, uniform_laplacian
from avatarkit.sculpture import labelled

Row = dict[str, float]
Refiner = Callable[[Mesh, Case], Mesh]
AT_MOST = {
    "maps_degrees_over_start": 1.03, "maps_chamfer_more_mm": 0.5, "maps_kernel_over_start": 0.8,
    "diffusion_degrees_over_start": 1.03, "diffusion_chamfer_more_mm": 0.5, "diffusion_kernel_over_start": 0.8,
    "regress_degrees_over_start": 0.95, "sculpt_chamfer": 3.0, "maps_face_mm": 3, "regress_face_mm": 3,
    "diffusion_face_mm": 3, "maps_crossing_more": 0, "regress_crossing_more": 0, "diffusion_crossing_more": 0,
    "maps_cpu_s": 75, "regress_cpu_s": 75, "diffusion_cpu_s": 75,
}  # fmt: skip
AT_LEAST = {"maps_closed": 1, "regress_closed": 1, "diffusion_closed": 1}
BLUR = 40


@dataclass(frozen=True)
class Measured:
    """Of one person: figures by name of who refined, pictures of their normals, and of the blurred truth."""

    rows: dict[str, Row] = field(default_factory=dict)
    pictures: dict[str, torch.Tensor] = field(default_factory=dict)
    sculpted: dict[str, float] = field(default_factory=dict)


def refiners(model: BodyModel, folder: str | None, ablated: bool) -> dict[str, Refiner]:
    """Who refines, by name."""
    network = files.read_regressor()

    def by(hand: refining.Hand | None, **how: object) -> Refiner:
        return lambda mesh, case: refining.refined(
            mesh, model, case.person, case.maps("front_back"), hand, **how  # type: ignore[arg-type]
        ).mesh  # fmt: skip

    found = {"maps": by(None), "regress": by(refining.Estimated(network))}
    if ablated:
        seen = refining.Estimated(network)
        found |= {"regress_2_views": by(seen, views=2), "regress_8_views": by(seen, views=8)}
        found["regress_no_heads"] = by(seen, heads=False)
    dual = files.read_dual(folder)

    def drawn(mesh: Mesh, case: Case, anchor: bool = True, **how: object) -> Mesh:
        return by(refining.Resampled(dual, case.caption, anchor=anchor), **how)(mesh, case)

    found["diffusion"] = drawn
    if ablated:
        found["own_noise"] = lambda mesh, case: drawn(mesh, case, anchor=False)
        found["no_heads"] = lambda mesh, case: drawn(mesh, case, heads=False)
        found["cold"] = lambda mesh, case: drawn(mesh, case, cold=labelled(carving.skin(model, case.person)))
    return found


def judged(model: BodyModel, case: Case, start: Mesh, mesh: Mesh, points: int) -> Row:
    score = scores.scored(case.truth, mesh, count=points)
    moved = landmarks(model, mesh) - landmarks(model, start)
    return {
        "degrees": score.degrees, "chamfer": score.chamfer, "iou": score.iou, "faces": float(len(mesh.faces)),
        "closed": float(is_closed(mesh.faces) and is_manifold(mesh.faces)),
        "crossing": float(crossing_faces(mesh.vertices, mesh.faces).sum()),
        "face_mm": 1000 * float(moved.norm(dim=1).nanmean()),
    }  # fmt: skip


def landmarks(model: BodyModel, mesh: Mesh) -> torch.Tensor:
    """(L,3): the body's landmarks on a mesh that has its vertices; NaN where one is gone."""
    place = torch.full((len(model.v_template), 3), torch.nan)
    template = mesh.attributes["_TEMPLATE"].long()
    known = template < len(place)
    place[template[known]] = mesh.vertices[known]
    return model.landmark_points(place)


def of_sculpting(case: Case, points: int) -> Row:
    """The truth blurred, and carved by eight true views without a body."""
    smoother, vertices = uniform_laplacian(case.mesh.faces, len(case.mesh.vertices)), case.mesh.vertices
    for _ in range(BLUR):
        vertices = vertices + 0.5 * (smoother @ vertices)
    start, found = Mesh(vertices, case.mesh.faces), {}
    spent = time.process_time()
    made = refining.sculpted(start, case.maps("ring"), detail=0.008).mesh
    found["sculpt_cpu_s"] = time.process_time() - spent
    for name, mesh in (("blurred", start), ("sculpt", made)):
        score = scores.scored(case.truth, mesh, count=points)
        found |= {f"{name}_chamfer": score.chamfer, f"{name}_degrees": score.degrees}
    return found


def kernels(pictures: dict[str, list[torch.Tensor]]) -> Row:
    """The kernel distance of each set of people to the truths of the other half of them, mean over views and halves."""
    encoder, found = files.read_encoder(), {}
    with torch.no_grad():
        seen = {name: encoder(torch.cat(shown)).unflatten(0, (len(shown), -1)) for name, shown in pictures.items()}
    half = len(seen["truth"]) // 2
    halves = (slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))
    for name, features in seen.items():
        each = [distances.kernel_distance(features[a, view], seen["truth"][b, view])
                for a, b in halves for view in range(features.shape[1])]  # fmt: skip
        found[f"{name}_kernel"] = float(np.mean(each))
    return found


def figures_of(people: list[Measured], kernel: Row) -> Row:
    found: Row = {"people": float(len(people)), **kernel}
    for name in dict.fromkeys(name for one in people for name in one.rows):
        pairs = [(one.rows[name], one.rows["start"]) for one in people if name in one.rows]
        found |= {f"{name}_{key}": float(np.nanmean([row[key] for row, _ in pairs])) for key in pairs[0][0]}
        if name == "start":
            continue
        ratios = [row["degrees"] / own["degrees"] for row, own in pairs]
        more = [row["chamfer"] - own["chamfer"] for row, own in pairs]
        for key, values in (("degrees_over_start", ratios), ("chamfer_more_mm", more)):
            mean, low, high = scores.interval(values)
            found |= {f"{name}_{key}": mean, f"{name}_{key}_low": low, f"{name}_{key}_high": high}
        crossing = [row["crossing"] - own["crossing"] for row, own in pairs]
        found |= {f"{name}_people": float(len(pairs)), f"{name}_crossing_more": float(np.max([0, *crossing]))}
        if f"{name}_kernel" in kernel:
            found[f"{name}_kernel_over_start"] = kernel[f"{name}_kernel"] / kernel["start_kernel"]
    sculpted = [one.sculpted for one in people if one.sculpted]
    if sculpted:
        found |= {key: float(np.mean([row[key] for row in sculpted])) for key in sculpted[0]}
        found["sculpt_people"] = float(len(sculpted))
    return found


def measured(
    model: BodyModel, case: Case, by: dict[str, Refiner], points: int, *, seen: bool, sculpted: bool, kept: bool
) -> tuple[Measured, Mesh]:
    """What was measured of a person, what is missing of it measured now; and the mesh of the last who refined."""
    path, carved = case.folder / "refined.pt", case.folder / "carved.glb"
    found = Measured(**torch.load(path, weights_only=True)) if path.exists() else Measured()
    if not carved.exists():
        mesh = carving.carved(model, case.person, case.maps("front_back")).mesh
        files.write_mesh(carved, labelled(mesh))
    start = files.read_mesh(carved)
    last, made = start, {"truth": case.mesh, "start": start}
    found.rows.setdefault("start", judged(model, case, start, start, points))
    for name, refine in by.items():
        if name not in found.rows:
            spent = time.process_time()
            made[name] = last = refine(start, case)
            cpu = {"cpu_s": time.process_time() - spent}
            found.rows[name] = judged(model, case, start, made[name], points) | cpu
    for name, mesh in made.items() if seen else ():
        if name not in found.pictures:
            found.pictures[name] = photographed(mesh)["normals"]
    if sculpted and not found.sculpted:
        found.sculpted.update(of_sculpting(case, points))
    if kept:
        torch.save(vars(found), path)
    return found, last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one person, the maps alone")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, default=48)
    parser.add_argument("--first", type=int, default=0, help="the person to begin with: a part of a run")
    parser.add_argument("--ablated", type=int, default=12, help="people for ablations")
    parser.add_argument("--sculpted", type=int, default=12, help="people whose blurred truth is sculpted")
    parser.add_argument("--seed", type=int, default=7303, help="of the people; a fresh one for figures to report")
    parser.add_argument("--model", help="a diffusion model's folder; else the one that comes with avatarkit")
    parser.add_argument("--cache", type=Path, help="where people and what was measured of them are kept")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet: true above, refined below")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model, points = files.read_body_model("builtin"), 10_000 if asked.quick else 50_000
    people, ablated = (1, 0) if asked.quick else (asked.people, asked.ablated)
    found, pairs = list[Measured](), list[tuple[Mesh, Mesh]]()
    few, many = (refiners(model, asked.model, some) for some in (False, True))
    for case in cases(model, asked.cache, seed=asked.seed, count=people, points=points, first=asked.first):
        by = {"maps": few["maps"]} if asked.quick else many if case.index < ablated else few
        sculpted = not asked.quick and case.index < asked.sculpted
        new, mesh = measured(
            model, case, by, points, seen=not asked.quick, sculpted=sculpted, kept=asked.cache is not None
        )
        found.append(new)
        pairs.append((case.mesh, mesh))
        told = {name: (round(row["degrees"], 2), round(row["chamfer"], 2)) for name, row in new.rows.items()}
        print(case.title, told, new.sculpted or "", file=sys.stderr)
    shown = {name: [one.pictures[name] for one in found if name in one.pictures] for name in found[0].pictures}
    whole = {name: some for name, some in shown.items() if len(some) == len(found) >= 4}
    figures = figures_of(found, kernels(whole) if whole else {})
    if asked.sheet is not None:
        Image.fromarray(sheet(pairs[:16])).save(asked.sheet)
    print(json.dumps(figures) if asked.json else table(figures, AT_MOST, AT_LEAST))


if __name__ == "__main__":
    main()
