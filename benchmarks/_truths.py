"""Dressed people to carve, measured once and kept: whole truths, their maps, their bodies; and bodies known badly."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import files, people, scores
from avatarkit.appearance.mapping import labels_of, mapped
from avatarkit.body import BodyModel
from avatarkit.maps import PARTS, Maps, View
from avatarkit.mesh import Mesh
from avatarkit.outfit import GARMENTS, LEGGED
from avatarkit.people import Synthetic
from avatarkit.person import Person
from avatarkit.rotation import similarity
from avatarkit.scores import Truth

SIDE = 512
JOINTS = 22
FEW = 50
"""Points of a part, less than which do not show it."""
BADLY = 0.05
"""Metres of PA-MPJPE of a noisy fit."""
TORSO, LIMBS = 0.35, 1.0
"""How far the spine and the limbs are turned, against each other."""
SKIRTS = frozenset(kind for kind, (slot, _) in GARMENTS.items() if slot == "dress" or "skirt" in kind) - LEGGED


@dataclass(frozen=True, eq=False)
class Case:
    """One synthetic person: the truth, the body under it, and true maps of it."""

    seed: int
    index: int
    caption: str
    skirt: bool
    slots: tuple[str, ...]
    mesh: Mesh
    truth: Truth
    part: Tensor
    """(P) the PARTS of the truth's outer points"""
    person: Person
    folder: Path
    """front_back.png and ring.png lie there"""

    def maps(self, name: str) -> Maps:
        return files.read_normals(self.folder / f"{name}.png")

    @property
    def title(self) -> str:
        return f"seed {self.seed} index {self.index}: {self.caption}"


def cases(
    model: BodyModel, cache: Path | None, *, seed: int, count: int, points: int, first: int = 0
) -> Iterator[Case]:
    """People `first` … count - 1 of a seed, held-out garments, fine cloth; made where the cache lacks them."""
    with tempfile.TemporaryDirectory() as temporary:
        for index in range(first, count):
            folder = (cache or Path(temporary)) / f"{seed}-{index:04d}-{points}"
            if not (folder / "truth.npz").exists():
                _write(people.met(model, seed=seed, index=index, heldout=True, preset="full"), folder, points)
            yield _read(folder, seed, index)


def _write(found: Synthetic, folder: Path, points: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mesh = found.looks.mesh
    mesh = Mesh(mesh.vertices.detach().float(), mesh.faces)
    front = cameras.framing(mesh.vertices, (SIDE, SIDE))
    ring = [View(view) for view in cameras.ring(8, mesh.vertices, (SIDE, SIDE))]
    both = [View(front), View(front, "farthest")]
    files.write_normals(folder / "front_back.png", mapped(found.looks, found.dressed, both, coloured=False))
    files.write_normals(folder / "ring.png", mapped(found.looks, found.dressed, ring, coloured=False))
    files.write_person(folder / "body.npz", replace(found.person, camera=front))
    outer = scores.outer_points(mesh, points)
    nearest = scores.Surface(mesh.vertices, mesh.faces).closest(outer).face.numpy()
    outfit = found.drawn.outfit
    kinds = {garment.kind for garment in (outfit.dress, outfit.bottom) if garment is not None}
    said = {"caption": found.caption, "skirt": bool(kinds & SKIRTS), "slots": [p.slot for p in found.dressed.pieces]}
    unfinished = folder / "truth.part"
    with unfinished.open("wb") as file:
        np.savez(
            file,
            vertices=mesh.vertices.numpy(),
            faces=mesh.faces.numpy().astype(np.int32),
            points=outer.numpy(),
            part=labels_of(found.dressed)[nearest].astype(np.uint8),
            said=np.array(json.dumps(said)),
        )
    unfinished.rename(folder / "truth.npz")


def _read(folder: Path, seed: int, index: int) -> Case:
    with np.load(folder / "truth.npz", allow_pickle=False) as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    said = json.loads(str(arrays["said"]))
    mesh = Mesh(torch.from_numpy(arrays["vertices"]), torch.from_numpy(arrays["faces"]).long())
    truth = Truth.of(mesh, points=torch.from_numpy(arrays["points"]))
    return Case(
        seed,
        index,
        said["caption"],
        said["skirt"],
        tuple(said["slots"]),
        mesh,
        truth,
        torch.from_numpy(arrays["part"]).long(),
        files.read_person(folder / "body.npz"),
        folder,
    )


def parts_apart(case: Case, mesh: Mesh) -> dict[str, float]:
    """Of each of PARTS that the truth shows: the mean distance of its outer points to the mesh, millimetres."""
    apart = scores.Surface(mesh.vertices, mesh.faces).closest(case.truth.points).distance
    shown = [(name, case.part == PARTS.index(name)) for name in PARTS]
    return {name: 1000 * float(apart[at].mean()) for name, at in shown if int(at.sum()) >= FEW}


def badly_known(model: BodyModel, person: Person, seed: int) -> Person:
    """The person as a fit may find them: pose, shape and place off, so that PA-MPJPE is BADLY."""
    generator = np.random.default_rng([seed, 5])
    shares = np.repeat(np.where(np.isin(np.arange(1, JOINTS), (3, 6, 9, 12, 13, 14, 15)), TORSO, LIMBS), 3)
    turns = torch.from_numpy(generator.normal(size=63) * shares).float()
    betas = torch.from_numpy(generator.normal(size=len(person.betas))).float()
    place = torch.from_numpy(generator.normal(size=3) * [0.01, 0.01, 0.03]).float()
    true = _joints(model, person)

    def off(amount: float) -> Person:
        pose = replace(person.pose, body_pose=person.pose.body_pose + amount * turns, transl=person.pose.transl + place)
        return replace(person, pose=pose, betas=person.betas + min(amount, 0.3) * betas)

    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        joints = _joints(model, off(middle))
        linear, shift = similarity(joints, true)
        error = float((joints @ linear.T + shift - true).norm(dim=1).mean())
        low, high = (middle, high) if error < BADLY else (low, middle)
    return off((low + high) / 2)


def _joints(model: BodyModel, person: Person) -> Tensor:
    return model.shaped(person.betas, person.expression).posed(person.pose).joints[:JOINTS]
