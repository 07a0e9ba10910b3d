"""Synthetic people, photographed or told of, through `build`; and how near their avatars come to them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _recovered import FEW, held, told
from _views import PLACES, SIDE, parts_of

from avatarkit import camera as cameras
from avatarkit import evaluating, fidelity, files, normals, population, scores, subject
from avatarkit.appearance.mapping import labels_of
from avatarkit.body import JOINT_INDEX
from avatarkit.chain import Manner
from avatarkit.errors import AvatarError
from avatarkit.maps import PARTS
from avatarkit.mesh import Mesh
from avatarkit.stage import name
from avatarkit.words import understood
from stages.build import Plan, chained
from stages.main import STAGES

Row = dict[str, Any]
SMALL_THINGS = ("hat", "glasses", "bag")
POINTS = 50_000


@dataclass(frozen=True)
class Place:
    """A folder of people: `people/` as synth makes them, and what `build` made of each in `true/`, `fit/`, `words/`,
    with options that are `given` to stages."""

    root: Path
    seed: int
    given: dict[str, dict[str, Any]] = field(default_factory=dict)

    def synth(self, index: int) -> Path:
        return self.root / "people" / f"{index:06d}"

    def of(self, group: str, index: int) -> Path:
        return self.root / group / f"{index:06d}"

    def people(self, count: int) -> None:
        """Held-out people, photographed with perspective and light; those that are there are kept."""
        call = [sys.executable, "-m", "stages.main", "synth", str(self.root / "people"), "-n", str(count), "--heldout"]
        subprocess.run([*call, "--seed", str(self.seed), "-j", "1", "-q"], check=True, stdout=subprocess.DEVNULL)


def row_of(place: Place, group: str, index: int, again: bool = False) -> Row:
    """One person's figures, kept in a file once they are known; `failed` says why there is no avatar."""
    kept = place.of(group, index) / "row.json"
    if kept.exists() and not again:
        found: Row = json.loads(kept.read_text())
        return found
    shutil.rmtree(place.of(group, index), ignore_errors=True)
    place.of(group, index).mkdir(parents=True)
    try:
        row = _BY_GROUP[group](place, index)
    except AvatarError as error:
        row = {"failed": f"{type(error).__name__}: {error}"}
    kept.write_text(json.dumps(row))
    return row


def _with_true_body(place: Place, index: int) -> Row:
    """The photo, and the body that stood in it."""
    source, folder = place.synth(index), place.of("true", index)
    shutil.copy(source / "photo.png", folder)
    files.write_person(folder / "body.npz", _photographed(source))
    row = _built(folder / "photo.png", place.given, start="gen-normals") | _near(place, index, folder, {"": "none"})
    return row | _gained(folder, files.read_truth(source / "truth.glb"))


def _with_own_fit(place: Place, index: int) -> Row:
    """The photo, the true height and focal length."""
    source, folder = place.synth(index), place.of("fit", index)
    shutil.copy(source / "photo.png", folder)
    person = files.read_person(source / "body.npz")
    height = 100 * float(files.read_body_model_of(person).shaped(person.betas).height)
    known = {"height": height, "focal": f"{float(person.camera.K[0, 0]):.1f}"}
    row = _built(folder / "photo.png", place.given | {"fit-smpl": known})
    return row | _near(place, index, folder, {"aligned_": "similarity", "": "none"})


def _photographed(source: Path) -> Any:
    person, photo = files.read_person(source / "body.npz"), files.read_photo(source / "photo.png")
    mask = files.read_mask(source / "mask.png", photo)
    return replace(person, crop=np.concatenate([photo, (255 * (mask > 0.5)).astype(np.uint8)[..., None]], axis=-1))


def _gained(folder: Path, truth: Mesh) -> Row:
    """What refine made of the carved mesh, before texture: Chamfer and normals, and their changes."""
    known = scores.Truth.of(truth, count=POINTS)
    before, after = (
        scores.scored(known, files.read_result(folder / f"{made}.glb").mesh, count=POINTS)
        for made in ("carved", "refined")
    )
    return {
        "refined_chamfer_mm": after.chamfer, "refined_chamfer_mm_change": after.chamfer - before.chamfer,
        "refined_degrees": after.degrees, "refined_degrees_change": after.degrees - before.degrees,
    }  # fmt: skip


def _tailors(folder: Path, words: str, index: int) -> tuple[Mesh, np.ndarray]:
    """What the tailor put on for these words, which gen-normals drew, and its parts a vertex."""
    person = files.read_person(folder / "body.npz")
    sitter = normals.seated(files.read_body_model_of(person), person)
    looks, clothes = normals.worn(sitter, words, seed=index)
    return Mesh(looks.mesh.vertices.detach().float(), looks.mesh.faces), labels_of(clothes)


def _built(first: Path, given: dict[str, dict[str, Any]], *, start: str | None = None, words: str | None = None) -> Row:
    """Seconds of each stage."""
    out = f"{first.parent}/"
    stages = chained(STAGES)
    job = subject.job(stages[0], None if words else first, words=words, out=out if words else None)
    said = {name(stage): {"seed": 0} | given.get(name(stage), {}) for stage in stages}
    Plan(start, None, (), 1, False, stages, said, Manner())(job)
    records = [json.loads(path.read_text()) for path in sorted(first.parent.glob("*.json"))]
    return {f"{story['stage']}_s": story["seconds"] for story in records}


def _near(place: Place, index: int, folder: Path, alignments: dict[str, str]) -> Row:
    """DESIGN §7's figures, of each alignment under its prefix."""
    source = place.synth(index)
    own, true = (evaluating.Sitter(person, files.read_body_model_of(person)) for person in
                 (files.read_person(folder / "body.npz"), files.read_person(source / "body.npz")))  # fmt: skip
    found, truth = files.read_result(folder / "avatar.glb"), files.read_truth(source / "truth.glb")
    row: Row = {"standing": standing(true), "caption": (source / "prompt.txt").read_text().strip()}
    for prefix, align in alignments.items():
        avatar = found.avatar if prefix == next(iter(alignments)) else None
        report = evaluating.evaluated(
            found.mesh, truth, avatar=avatar, own=own, true=true, align=align, points=POINTS
        ).flat()
        row |= {f"{prefix}{key}": value for key, value in report.items() if not isinstance(value, str)}
        row[f"{prefix}over_nude"] = row[f"{prefix}chamfer_cm"] / row[f"{prefix}nude_chamfer_cm"]
    return row


def standing(sitter: Any) -> bool:
    """Both knees nearly straight, and below the hips."""
    joints = sitter.posed.joints
    legs = [
        [joints[JOINT_INDEX[f"{side}_{joint}"]] for joint in ("hip", "knee", "ankle")] for side in ("left", "right")
    ]
    return all(
        float(torch.nn.functional.cosine_similarity(hip - knee, ankle - knee, dim=0)) < -0.85
        and float(hip[1] - ankle[1]) > 0.85 * float((hip - knee).norm() + (knee - ankle).norm())
        for hip, knee, ankle in legs
    )


def _of_words(place: Place, index: int) -> Row:
    """The person's caption alone, carved from eight views."""
    source, folder = place.synth(index), place.of("words", index)
    words = (source / "prompt.txt").read_text().strip()
    row = _built(folder / "prompt.txt", {"gen-normals": {"views": 8, "seed": index}}, words=words)
    person = files.read_person(folder / "body.npz")
    own = evaluating.Sitter(person, files.read_body_model_of(person))
    tailors, parts = _tailors(folder, words, index)
    found = files.read_result(folder / "avatar.glb")
    report = evaluating.evaluated(found.mesh, tailors, avatar=found.avatar, own=own, points=POINTS).flat()
    row |= {key: value for key, value in report.items() if not isinstance(value, str)}
    row |= _gained(folder, tailors)
    row |= _things(tailors, parts, found.mesh, evaluating.bare(own))
    wishes = understood(words).outfit
    maps = files.read_normals(folder / "normals.png")
    drawn = population.draw(population.generator_of(place.seed, index, heldout=True), heldout=True)
    row |= {"labels": [bool(so) for so in held(maps, wishes)], "told": told(drawn.outfit, wishes)}
    row |= {"caption": words, "body_covered": _covered(found.mesh, own)}
    np.savez(folder / "seen.npz", **_looked_at(found.mesh, own))
    return row


def _things(truth: Mesh, part: np.ndarray, result: Mesh, nude: Mesh) -> Row:
    """Of each of SMALL_THINGS that shows: is it less than half as far from the result as from the bare body?"""
    points = scores.outer_points(truth, POINTS)
    labels = part[scores.Surface(truth.vertices, truth.faces).closest(points).face.numpy()]
    found = {}
    for thing in SMALL_THINGS:
        at = torch.from_numpy(labels == PARTS.index(thing))
        if int(at.sum()) >= FEW:
            ours, bare = (float(scores.Surface(mesh.vertices, mesh.faces).closest(points[at]).distance.mean())
                          for mesh in (result, nude))  # fmt: skip
            found[f"{thing}_reaches"] = float(ours < 0.5 * bare)
    return found


def _covered(mesh: Mesh, own: Any) -> float:
    """The share of the bare body's pixels, front and back, that the avatar covers."""
    views = cameras.ring(2, mesh.vertices, (SIDE, SIDE))
    ours, bare = (scores.seen(shown, views).masks for shown in (mesh, evaluating.bare(own)))
    return float((ours & bare).sum() / bare.sum())


def _looked_at(mesh: Mesh, own: Any) -> dict[str, np.ndarray]:
    """What the classifier sees of the final avatar: normals and colours without light, front and back, as of maps."""
    front, back = cameras.ring(2, mesh.vertices, (SIDE, SIDE))
    sides = []
    for camera in (front, back):
        seen = scores.seen(mesh, [camera])
        turned = cameras.view_normals(camera, seen.normals[0], "nearest")
        cover = seen.masks[0][..., None].float()
        both = torch.cat([(0.5 + 0.5 * turned) * cover, fidelity.unlit(mesh, camera) * cover], dim=-1)
        sides.append(both if camera is front else both.flip(1))
    pixels = np.rint(255 * torch.cat(sides, dim=-1).numpy().clip(0, 1)).astype(np.uint8)
    pixels[..., 6] = np.where(pixels[..., 6:9].any(axis=-1), 255 - pixels[..., 6], 0)  # x of the mirrored back
    places, _ = cameras.project(front, own.posed.joints)
    return parts_of(pixels, np.stack([places[JOINT_INDEX[joint]].numpy() for joint in PLACES]))


_BY_GROUP = {"true": _with_true_body, "fit": _with_own_fit, "words": _of_words}
