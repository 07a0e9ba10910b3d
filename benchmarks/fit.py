"""How well photos are explained: pose, shape and head against bodies that are known, and real photos.

    python benchmarks/fit.py [--quick] [--json] [--photos DIR] [--sheet SHEET.png] [--only ROWS]

People are synthetic, of seeds and garments that no calibration saw (DESIGN §7 says what the figures mean); true focal
length and height are given unless said. The row of a constant pose is the answer of someone who does not look: the
average person, standing, facing the camera. Rows that need the detector are left out, and named, where it is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # matrices of some hundred rows: a second thread only waits

import numpy as np
import torch
from _gaze import gaze
from _heads import apart, head_points, oracle
from _odd import HEIC, odd_photos
from _photographed import SIDE, Case, girths, known_body, photographed

from avatarkit import detect, files, fitting, people, picture
from avatarkit.body.phenotype import phenotype_of
from avatarkit.errors import AvatarError
from avatarkit.files.pictures import decode_photo
from avatarkit.fitting.calibration import state_of
from avatarkit.fitting.figure import Figure, Lens
from avatarkit.fitting.judging import both_masks, coefficients_of
from avatarkit.fitting.landmarks import LEFT_HAND, MEASURED, POSE, RIGHT_HAND
from avatarkit.fitting.looking import Sight, extent
from avatarkit.fitting.outline import covered
from avatarkit.fitting.photo import fitted, from_photo
from avatarkit.fitting.rig import State, frames, places, rotations
from avatarkit.fitting.starting import rotation_between, turn_of
from avatarkit.fitting.terms import projected
from avatarkit.mesh import Mesh
from avatarkit.person import Person

Row = dict[str, float]
SEED = 20263
"""Of no calibration and of no exploration."""
ASKED = {
    "known bodies": "MPJPE <= 50, PA <= 33, reprojection <= 0.7 %, IoU >= .94",
    "photos": "MPJPE <= 95, PA <= 65",
    "2D alone": "MPJPE <= 120",
    "girths, dressed": "chest, waist, hip <= 5 cm; <= 0.7 of the mean body's",
    "heads": "<= 0.7 of the mean head's",
    "foreign meshes": "PA <= 40",
    "cropped": "PA of what is seen <= 80",
    "real photos": "reprojection <= 1.5 %, IoU >= .85, outside <= 5 %",
}


def joints_of(figure: Figure, state: State) -> np.ndarray:
    return frames(figure.rig, state).placed[:22] * 1000


def mpjpe(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - found[0] - true + true[0], axis=1).mean())


def aligned(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """`found` after the similarity that brings it nearest to `true`."""
    R, a, b = rotation_between(found, true), found - found.mean(0), true - true.mean(0)
    return ((a @ R.T) * ((a @ R.T) * b).sum() / (a**2).sum()) + true.mean(0)


def pa(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(aligned(found, true) - true, axis=1).mean())


def standing_still(figure: Figure) -> State:
    """The average person's A-pose, facing the camera."""
    person = fitting.from_words(figure.model, "person standing")
    return state_of(figure.rig, person)


def unbiased(figure: Figure) -> Figure:
    """A figure for cues without a detector's habits."""
    maps = np.zeros_like(figure.table.bone_maps)
    maps[:, :3] = np.eye(3)
    return replace(figure, table=replace(figure.table, bone_maps=maps))


def noisy_sight(figure: Figure, person: Person, generator: np.random.Generator, *, depth: bool) -> tuple[Sight, State]:
    """What an unbiased detector would see: 0.5 % of the height off in the image, 3 cm in space; the exact mask."""
    state, K = state_of(figure.rig, person), person.camera.K.double().numpy()
    landmarks = places(figure.rig, figure.landmarks, state)
    pixels, _ = projected(landmarks, K)
    height = extent(pixels[POSE])
    pixels = pixels + generator.normal(0, 0.005 * height, pixels.shape) * np.where(np.arange(145) < 33, 1, 0.3)[:, None]
    cue = landmarks[POSE] + generator.normal(0, 0.03, (33, 3)) if depth else None
    hands = tuple(
        landmarks[rows] + generator.normal(0, 0.004, (21, 3)) if depth else None for rows in (LEFT_HAND, RIGHT_HAND)
    )
    mesh = person.mesh(figure.model)
    mask = covered(mesh.vertices, figure.outer_faces, person.camera).astype(np.float32)
    return Sight((SIDE, SIDE), pixels, np.ones(145), np.zeros(145), cue, hands, mask, height), state  # type: ignore[arg-type]


def known_bodies(figure: Figure, count: int, *, depth: bool) -> Row:
    rows, plain = [], unbiased(figure)
    for index in range(count):
        person = known_body(figure.model, SEED, index)
        sight, true = noisy_sight(figure, person, np.random.default_rng([SEED, index, 5]), depth=depth)
        K = person.camera.K.double().numpy()
        height = float(figure.model.shaped(person.betas).height)
        start = time.perf_counter()
        state = fitted(plain, sight, K, height=height, clothes=0.0)
        seconds = time.perf_counter() - start
        rows.append({**compared(figure, state, true, sight, K), "seconds": seconds})
    return medians(rows)


def compared(figure: Figure, state: State, true: State, sight: Sight, K: np.ndarray) -> Row:
    found, wanted = joints_of(figure, state), joints_of(figure, true)
    image, _ = projected(places(figure.rig, figure.landmarks[np.array(MEASURED)], state), K)
    seen = sight.sure[list(MEASURED)] > 0.5
    errors = np.linalg.norm(image - sight.pixels[list(MEASURED)], axis=1)[seen]
    turn = rotations(state.turns[0]).T @ rotations(true.turns[0])
    row = {"mpjpe": mpjpe(found, wanted), "pa": pa(found, wanted), "reprojection": 100 * errors.mean() / sight.height}
    row["turned"] = float(np.degrees(np.linalg.norm(turn_of(turn))))
    if sight.mask is not None:
        view = torch.eye(4)
        from avatarkit.camera import Camera

        camera = Camera("perspective", torch.from_numpy(K).float(), view, sight.size)
        betas, expression = coefficients_of(figure.rig, state)
        posed = figure.model.shaped(betas, expression).posed(state.pose())
        body, mask = both_masks(sight.mask, camera, Mesh(posed.vertices, figure.outer_faces))
        row["iou"] = float((body & mask).sum() / max((body | mask).sum(), 1))
    return row


def photos(figure: Figure, count: int, tiles: list[Any], *, nude: bool = False, default_focal: bool = False) -> Row:
    rows, constant = [], standing_still(figure)
    for index in range(count):
        case = photographed(figure.model, SEED, 1000 + index, nude=nude)
        K = case.person.camera.K
        lens = Lens.of((SIDE, SIDE)) if default_focal else Lens(float(K[0, 0]), "given")
        row, found = one_photo(figure, case, lens)
        true = joints_of(figure, state_of(figure.rig, case.person))
        still = joints_of(figure, constant)
        row |= {"constant_mpjpe": mpjpe(still, true), "constant_pa": pa(still, true)}
        rows.append(row)
        if found is not None and len(tiles) < 40 and not default_focal:
            tiles.append((f"{case.name} {row['mpjpe']:.0f} mm", case.photo, found))
    return medians(rows)


def one_photo(figure: Figure, case: Case, lens: Lens, **asked: Any) -> tuple[Row, Person | None]:
    start = time.perf_counter()
    try:
        # a camera off the photo's middle is seen as one in its middle: the photo is moved instead
        found = from_photo(figure, case.photo, lens=lens, height=100 * case.height, force=True, **asked)
    except AvatarError:
        return {"failed": 1.0}, None
    seconds = time.perf_counter() - start
    got, true = (joints_of(figure, state_of(figure.rig, person)) for person in (found, case.person))
    row = {"mpjpe": mpjpe(got, true), "pa": pa(got, true), "seconds": seconds, "failed": 0.0}
    return row | {"reprojection": 100 * found.residuals["reprojection"], "iou": found.residuals["mask_iou"]}, found


def shapes(figure: Figure, count: int, *, nude: bool, told: bool = True) -> Row:
    """Centimetres that chest, waist and hip are off, and those of the mean body of that sex and height, which are what
    the fit is `told` too; else the height alone."""
    rows = []
    for index in range(count):
        case = photographed(figure.model, SEED, 3000 + index, prompt="A-pose", nude=nude, level=True)
        sex = "woman" if phenotype_of(figure.model, case.person.betas.numpy()).sex > 0.5 else "man"
        _, found = one_photo(
            figure, case, Lens(float(case.person.camera.K[0, 0]), "given"), describe=sex if told else None
        )
        if found is None:
            continue
        words = f"{sex}, {case.height:.2f} m"
        mean = fitting.from_words(figure.model, words).betas
        true = girths(figure.model, case.person.betas)
        ours, theirs = (100 * np.abs(girths(figure.model, betas) - true) for betas in (found.betas, mean))
        signed = 100 * (girths(figure.model, found.betas) - true)
        names = ("chest", "waist", "hip")
        rows.append(
            {**dict(zip(names, ours, strict=True)), **{f"mean_{n}": v for n, v in zip(names, theirs, strict=True)}}
        )
        rows[-1] |= {f"bias_{n}": v for n, v in zip(names, signed, strict=True)}
    return medians(rows)


def heads(figure: Figure, count: int) -> Row:
    """Millimetres between head surfaces, placed upon each other: ours, and the mean head on the same body."""
    model, rows = figure.model, []
    assert model.head_betas is not None
    head = head_points(model)
    for index in range(count):
        case = photographed(model, SEED, 4000 + index, prompt="standing, bald", level=True)
        person = case.person
        sex = "woman" if phenotype_of(model, person.betas.double().numpy()).sex > 0.5 else "man"
        _, found = one_photo(figure, case, Lens(float(person.camera.K[0, 0]), "given"), describe=sex)
        if found is None:
            continue
        average = person.betas.clone()
        average[model.head_betas] = 0
        usual = fitting.from_words(model, f"{sex}, {case.height:.2f} m").betas
        tried = {"head": found.betas, "mean_head_on_true_body": average, "mean_head_of_sex_and_height": usual}
        true = model.shaped(person.betas).vertices.double().numpy()[head]
        rows.append({key: apart(model.shaped(b).vertices.double().numpy()[head], true) for key, b in tried.items()})
    return medians(rows)


def foreign_meshes(figure: Figure, count: int) -> Row:
    """Dressed surfaces in other units, other axes up, without colours: the body inside."""
    rows, units = [], (1.0, 100.0, 1.0, 1000.0)
    for index in range(count):
        met = people.met(figure.model, seed=SEED, index=5000 + index, heldout=True)
        turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]) if index % 2 else np.eye(3)  # every other one is z-up
        unit = units[index % 4]
        vertices = met.looks.mesh.vertices.double() @ torch.from_numpy(turn).T * unit
        start = time.perf_counter()
        try:
            found = fitting.from_mesh(figure, Mesh(vertices.float(), met.looks.mesh.faces), force=True)
        except AvatarError:
            rows.append({"failed": 1.0})
            continue
        ours, true = (joints_in_world(figure, person) for person in (found, met.person))
        rows.append({"mpjpe": mpjpe(ours, true), "pa": pa(ours, true), "failed": 0.0})
        rows[-1] |= {"gap_mm": 1000 * found.residuals["gap"], "seconds": time.perf_counter() - start}
    return medians(rows)


def joints_in_world(figure: Figure, person: Person) -> np.ndarray:
    return 1000 * figure.model.shaped(person.betas).posed(person.pose).joints[:22].double().numpy()


def cropped(figure: Figure, count: int) -> Row:
    """Photos cut at the hips or the knees: the similarity-aligned error of the joints that are still seen."""
    rows = []
    for index in range(count):
        case = photographed(figure.model, SEED, 6000 + index, prompt="standing", level=True)
        true = joints_of(figure, state_of(figure.rig, case.person))
        K = case.person.camera.K.double().numpy()
        pixels, _ = projected(true / 1000, K)
        cut = int(pixels[[1, 2] if index % 2 else [4, 5], 1].mean()) + 8
        K[1, 2] += (cut - SIDE) / 2  # a lens of one axis: what is cut off moves the middle
        part = replace(case, photo=np.ascontiguousarray(case.photo[:cut]))
        row, found = one_photo(figure, part, Lens(float(K[0, 0]), "given"), allow_cropped=True)
        if found is not None:
            seen = pixels[:, 1] < cut
            ours = joints_of(figure, state_of(figure.rig, found))
            row = {"pa_seen": pa(ours[seen], true[seen]), "failed": 0.0}
        rows.append(row)
    return medians(rows)


def oddities(figure: Figure, tiles: list[Any]) -> Iterator[tuple[str, Row]]:
    """Photos of other kinds, without height, focal length or words; and a file that no decoder of ours reads."""
    try:
        decode_photo(HEIC)
    except AvatarError as error:
        yield f"odd: HEIC ({error.exit_code}: {error})", {"refused": 1.0}
    for name, photo in odd_photos(figure.model, SEED):
        try:
            found = from_photo(figure, photo, lens=Lens.of((photo.shape[1], photo.shape[0])), force=True)
        except AvatarError as error:
            yield f"odd: {name} ({error})", {"failed": 1.0}
            continue
        tiles.append((name, photo, found))
        row = {**found.residuals, "height": float(figure.model.shaped(found.betas).height)}
        yield f"odd: {name}", row | {"age": phenotype_of(figure.model, found.betas.double().numpy()).age}


def children(figure: Figure, count: int, tiles: list[Any]) -> Row:
    """Children of whom nothing is told, not even the height: years and centimetres off, and the mean body of 1.70 m."""
    rows = []
    for index in range(count):
        case = photographed(figure.model, SEED, 8000 + index, prompt="child, standing", level=True)
        lens = Lens(float(case.person.camera.K[0, 0]), "given")
        found = from_photo(figure, case.photo, lens=lens, force=True)
        ours, true = (phenotype_of(figure.model, p.betas.double().numpy()).age for p in (found, case.person))
        tall = 100 * float(figure.model.shaped(found.betas).height)
        row = {"years_off": abs(ours - true), "cm_off": abs(tall - 100 * case.height), "age": ours, "true_age": true}
        rows.append(row | {"cm": tall, "true_cm": 100 * case.height, "under_14": float(ours < 14)})
        tiles.append((f"child of {true:.0f}: {ours:.0f}", case.photo, found))
    return medians(rows) | {"under_14": float(np.mean([row["under_14"] for row in rows]))}


def medians(rows: list[Row]) -> Row:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    table = {key: np.array([row[key] for row in rows if key in row]) for key in keys}
    found = {key: float(np.mean(v) if key == "failed" else np.median(v)) for key, v in table.items() if len(v)}
    if "mpjpe" in table:
        found |= {
            "mpjpe_p90": float(np.percentile(table["mpjpe"], 90)),
            "pa_p90": float(np.percentile(table["pa"], 90)),
        }
    return {"n": float(len(rows)), **found}


def real_photos(figure: Figure, folder: Path, tiles: list[Any]) -> Iterator[tuple[str, Row]]:
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")):
        photo = files.read_photo(path)
        start = time.perf_counter()
        found = from_photo(figure, photo, lens=Lens.of((photo.shape[1], photo.shape[0])), force=True)
        tiles.append((path.stem, photo, found))
        yield f"real: {path.stem}", {**found.residuals, "seconds": time.perf_counter() - start}


def sheet(figure: Figure, tiles: list[Any]) -> picture.Image:
    rows = [
        [fitting.overlaid(photo, figure.model, found, height=200) for _, photo, found in tiles[i : i + 3]]
        for i in range(0, len(tiles), 3)
    ]
    return picture.grid(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few people a row, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--photos", type=Path, help="folder of real photos, one person each")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of the photos' fits here")
    parser.add_argument("--only", help="comma-separated beginnings of rows")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    figure = fitting.figure_of(files.read_body_model("builtin"), files.read_landmarks())
    few, tiles, missing = asked.quick, [], detect.available()
    work: dict[str, Callable[[], Row]] = {
        "known bodies": lambda: known_bodies(figure, 3 if few else 64, depth=True),
        "2D alone": lambda: known_bodies(figure, 3 if few else 64, depth=False),
        "heads, oracle": lambda: oracle(figure.model, SEED, 40 if few else 400),
    }
    if not missing:
        work |= {
            "photos": lambda: photos(figure, 2 if few else 48, tiles),
            "photos, default focal": lambda: photos(figure, 1 if few else 24, tiles, default_focal=True),
            "photos, nude": lambda: photos(figure, 1 if few else 24, tiles, nude=True),
            "girths, dressed": lambda: shapes(figure, 1 if few else 20, nude=False),
            "girths, sex unsaid": lambda: shapes(figure, 1 if few else 20, nude=False, told=False),
            "children": lambda: children(figure, 1 if few else 12, tiles),
            "girths, nude": lambda: shapes(figure, 1 if few else 20, nude=True),
            "foreign meshes": lambda: foreign_meshes(figure, 1 if few else 12),
            "cropped": lambda: cropped(figure, 1 if few else 20),
            "heads": lambda: heads(figure, 1 if few else 12),
            "gaze": lambda: medians(gaze(figure, SEED, 1 if few else 16)),
        }
    wanted = [name for name in work if not asked.only or any(name.startswith(o) for o in asked.only.split(","))]
    rows: dict[str, Row] = {}
    for name in wanted:
        rows[name] = work[name]()
        if not asked.json:
            print(line(name, rows[name]), flush=True)
    if not missing and not asked.only:
        more = list(oddities(figure, tiles)) if not few else []
        for name, row in [*more, *(real_photos(figure, asked.photos, tiles) if asked.photos else ())]:
            rows[name] = row
            if not asked.json:
                print(line(name, row), flush=True)
    if asked.sheet and tiles:
        files.write_picture(asked.sheet, sheet(figure, tiles))
    if missing:
        print(f"rows of photos left out: {missing}", file=sys.stderr)
    if asked.json:
        print(json.dumps({f"{name}/{key}": value for name, row in rows.items() for key, value in row.items()}))


def line(name: str, row: Row) -> str:
    figures = "  ".join(f"{key} {value:.3g}" for key, value in row.items())
    return f"{name:22} {figures}" + (f"\n{'':22} asked: {ASKED[name]}" if name in ASKED else "")


if __name__ == "__main__":
    main()
