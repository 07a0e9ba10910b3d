"""Methods that carve, what each made of each person, and the figures over people."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from _chupa import carved_as_chupa
from _truths import Case, badly_known, parts_apart

from avatarkit import carving, offsets, scores, sculpture
from avatarkit.body import BodyModel
from avatarkit.crossing import crossing_faces
from avatarkit.errors import AvatarError
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, components, edges, is_closed, is_manifold, volume
from avatarkit.person import Person
from avatarkit.scores import Score

Figures = dict[str, float]
Method = Callable[[BodyModel, Person, Maps], Mesh]


def ours(model: BodyModel, person: Person, maps: Maps, **options: Any) -> Mesh:
    return carving.carved(model, person, maps, **options).mesh


@dataclass(frozen=True)
class Ablation:
    """A part of the carver left out: by keyword, by patches (owner, name, value), or of the maps."""

    options: Mapping[str, Any] | None = None
    patches: Sequence[tuple[Any, str, Any]] = ()
    labels: bool = True

    def __call__(self, model: BodyModel, person: Person, maps: Maps) -> Mesh:
        with ExitStack() as stack:
            for owner, name, value in self.patches:
                stack.enter_context(patch.object(owner, name, value))
            return ours(model, person, maps if self.labels else replace(maps, labels=None), **(self.options or {}))


def _unchanged(mesh: Mesh, *_: Any, **__: Any) -> Mesh:
    return mesh


def _no_outlines(*seen: Any, observed: Any = sculpture.observed, **how: Any) -> Any:
    return replace(observed(*seen, **how), outlines=[])


ABLATIONS: dict[str, Ablation] = {
    "side_loss": Ablation(patches=[(offsets, "INSIDE", 0.0)]),
    "remeshing": Ablation(patches=[(sculpture, "evened", _unchanged)]),
    "outlines": Ablation(patches=[(sculpture, "observed", _no_outlines)]),
    "skirt_hull": Ablation(patches=[(carving, "skirted", _unchanged)]),
    "kept_parts": Ablation(options={"keep": ()}),
    "labels": Ablation(labels=False),
}
"""What is left out: how."""


@dataclass(frozen=True, eq=False)
class Made:
    """A method's result on one person, or why there is none."""

    mesh: Mesh | None
    figures: Figures
    failure: str = ""


def made(method: Method, model: BodyModel, person: Person, maps: Maps, case: Case, points: int) -> Made:
    """The result with the figures of `avatarkit.scores`, seconds, and the state of its triangles."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        mesh = method(model, person, maps)
    except AvatarError as error:
        return Made(None, {}, str(error))
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return Made(mesh, {**judged(case, mesh, points), **spent})


def made_as_chupa(model: BodyModel, case: Case, points: int) -> Made:
    """The same of Chupa's schedule; kept beside the person with the seconds that it took, as it does not change."""
    path = case.folder / "chupa.npz"
    if not path.exists():
        wall, cpu = time.perf_counter(), time.process_time()
        mesh = carved_as_chupa(model, case.person, case.maps("front_back"))
        spent = [time.process_time() - cpu, time.perf_counter() - wall]
        np.savez(path, vertices=mesh.vertices.numpy(), faces=mesh.faces.numpy(), spent=np.array(spent))
    with np.load(path, allow_pickle=False) as file:
        mesh = Mesh(torch.from_numpy(file["vertices"]), torch.from_numpy(file["faces"]))
        cpu, wall = file["spent"].tolist()
    return Made(mesh, {**judged(case, mesh, points), "cpu_s": cpu, "wall_s": wall})


def judged(case: Case, mesh: Mesh, points: int) -> Figures:
    crossing = crossing_faces(mesh.vertices, mesh.faces)
    a, b = mesh.vertices[edges(mesh.faces).vertices].unbind(dim=1)
    parts = {f"s2p_{part}": apart for part, apart in parts_apart(case, mesh).items()}
    return (
        scores.scored(case.truth, mesh, count=points)._asdict()
        | parts
        | {
            "faces": len(mesh.faces),
            "closed": float(is_closed(mesh.faces) and is_manifold(mesh.faces)),
            "parts": float(len(torch.unique(components(mesh.faces, len(mesh.vertices))[mesh.faces]))),
            "not_crossing": float(not crossing.any()),
            "crossing_faces": float(crossing.sum()),
            "longest_edge_mm": 1000 * float((a - b).norm(dim=1).max()),
            "litres": 1000 * float(volume(mesh.vertices, mesh.faces)),
        }
    )


@dataclass(frozen=True, eq=False)
class Row:
    """What is known of one person: figures and failures by name of the method."""

    title: str
    skirt: bool
    figures: Mapping[str, Figures]
    """Of methods that made something"""
    failures: Mapping[str, str]
    common: Mapping[str, float]
    """Degrees on the pixels common to all methods"""


def row_of(
    model: BodyModel, case: Case, methods: Mapping[str, Method], points: int, *, noisy: bool, chupa: bool
) -> tuple[Row, dict[str, Mesh]]:
    """The nude body, every method on its maps (those named ring… on eight views), a badly known body, and Chupa; and
    their meshes. `floor` is the truth itself, with other points."""
    front_back = case.maps("front_back")
    found = {"nude": made(nude, model, case.person, front_back, case, points)}
    for name, method in methods.items():
        maps = case.maps("ring") if name.startswith("ring") else front_back
        found[name] = made(method, model, case.person, maps, case, points)
    if noisy:
        person = badly_known(model, case.person, case.index)
        found["noisy_nude"] = made(nude, model, person, front_back, case, points)
        found["noisy"] = made(ours, model, person, front_back, case, points)
    if chupa:
        found["chupa"] = made_as_chupa(model, case, points)
    meshes = {name: it.mesh for name, it in found.items() if it.mesh is not None}
    views = {name: scores.seen(mesh, case.truth.cameras) for name, mesh in meshes.items()}
    figures = {name: found[name].figures for name in meshes}
    figures["floor"] = scores.scored(case.truth, case.mesh, count=points // 5)._asdict()
    failures = {name: it.failure for name, it in found.items() if it.mesh is None}
    common = scores.normal_errors(case.truth.views, views)
    return Row(f"{case.title} ({', '.join(case.slots)})", case.skirt, figures, failures, common), meshes


def nude(model: BodyModel, person: Person, maps: Maps) -> Mesh:
    return carving.skin(model, person)


def column(rows: Sequence[Row], method: str, figure: str) -> np.ndarray:
    """(N): a figure of the people of whom the method made something, and who have what it is about."""
    found = [row.figures.get(method, {}) for row in rows]
    return np.array([figures[figure] for figures in found if figure in figures])


def with_interval(name: str, values: np.ndarray) -> Figures:
    if len(values) == 0:
        return {}
    mean, low, high = scores.interval(values)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def paired(rows: Sequence[Row], method: str, other: str, figure: str) -> np.ndarray:
    """(N,2): figure of `method` and of `other`, of the people of whom both made something."""
    both = [(row.figures.get(method, {}), row.figures.get(other, {})) for row in rows]
    return np.array([(a[figure], b[figure]) for a, b in both if figure in a and figure in b]).reshape(-1, 2)


def difference(rows: Sequence[Row], method: str, other: str, figure: str) -> np.ndarray:
    """(N): the first minus the second of `paired`."""
    return paired(rows, method, other, figure) @ [1.0, -1.0]


FIGURES: tuple[str, ...] = (*Score._fields, "cpu_s", "wall_s", "faces")
