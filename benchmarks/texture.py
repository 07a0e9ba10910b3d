"""How near texture-uv's colours come to people whose colours are known; and what its atlas is like.

    python benchmarks/texture.py [--quick] [--json] [--people N] [--seed S] [--only colours] [--colours MODEL]

Held-out people, one photo from the front without light (1024², their albedo), true maps of 512², the TRUE mesh; unlit
views of 512² at other yaws, inside the truth's mask eroded by 2 px (DESIGN §7). `oracle` is the truth baked into these
UVs. `chain` is the mesh carved from the true maps, in its own atlas: where its surface is off, so are its colours.
`aside`: the photo alone, from 40°, with and without the mirror; differences are of the same people, mean and 95 % of
the bootstrap. `not_optimised`: without the optimisation through the renderer; `photo`: in the photo's own view. Of the
atlas' figures, `most` is the worst person's. `words`: the hue that the asked garment has in the texture of the bare
chain (fit-smpl, gen-normals, texture-uv on the body's own skin, no carving), on its part label. `colours`: the model
that comes with avatarkit draws them (gen-normals --colours), of words in the same way, and of held-out people
photographed in light, normals and parts given: the hue of each garment's back, drawn or one colour a part (`flat`).
"""

from __future__ import annotations

import argparse
import colorsys
import json
import resource
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from _coloured import of_photos, seconds
from _textured import TEXTURE, Case, Row, baked, cases, compared, painted_truth

from avatarkit import carving, files, fitting, normals, scores, texturing
from avatarkit.atlas import Atlas, measured, seam_jump
from avatarkit.body import BodyModel
from avatarkit.fidelity import unlit
from avatarkit.maps import PARTS
from avatarkit.mesh import Mesh

SEED = 41207
AT_LEAST = {"photo_row_psnr_45": 24, "photo_row_psnr_90": 21, "photo_row_ssim_45": 0.80, "photo_row_ssim_90": 0.80,
            "photo_row_psnr_180": 20, "words_hue_percent": 90, "atlas_coverage": 0.6,
            "colours_words_hue_percent": 90}  # fmt: skip
AT_MOST = {
    "seam_jump": 2.0,
    "seam_jump_most": 2.0,
    "atlas_charts": 24,
    "atlas_charts_most": 24,
    "atlas_flips_most": 0,
    "atlas_overlaps_most": 0,
    "atlas_narrow_most": 0,
    "atlas_density_ratio_most": 4,
    "seconds": 20,
    "colours_back_hue_drawn_median": 10,
    "colours_wall_s": 4,
    "megabytes": 4096,
}
COLOURS = {"red": 0, "yellow": 55, "green": 120, "blue": 225, "purple": 280, "orange": 28}
WORN = {"dress": "dress", "shirt": "top", "trousers": "bottom", "skirt": "bottom", "coat": "outer"}
WORST = ("atlas_charts", "atlas_flips", "atlas_overlaps", "atlas_narrow", "atlas_density_ratio", "seam_jump")
"""Of the chain's atlas, beside the mean the worst person's."""
NEAR = 35
"""Degrees of hue within which a colour is the one that was asked for."""


def of_person(model: BodyModel, case: Case, size: int, *, quick: bool = False) -> tuple[dict[str, Row], Row]:
    """Of one person: figures by method, and those of the chain's atlas; `quick` by few methods."""
    photo, row = [texturing.of_photo(case.person)], texturing.of_maps(case.maps)
    labels = texturing.of_maps(replace(case.maps, albedo=None))
    sights = {"photo_row": photo + row} | ({} if quick else {"photo": photo + labels, "row": row})
    found = {name: compared(case, painted_truth(case, model, shown, size=size)) for name, shown in sights.items()}
    apart = painted_truth(case, model, photo + row, size=size, optimising=False)
    found["photo_row_not_optimised"] = compared(case, apart)
    if not quick:
        # from the front both sides are seen alike; symmetry has something to give where the photo is from aside
        other = [texturing.of_photo(case.aside), *labels]
        for name, symmetry in (("aside", True), ("aside_no_symmetry", False)):
            painted = painted_truth(case, model, other, size=size, symmetry=symmetry, aside=True)
            found[name] = compared(case, painted)
    found["oracle"] = compared(case, replace(case.mesh, images={"base_colour": baked(case, size)}))
    carved = carving.labelled(carving.carved(model, case.person, case.maps, steps=2 if quick else 6).mesh)
    start = time.process_time()
    chain = texturing.painted(carved, model, case.person, case.maps, size=size)
    seconds = time.process_time() - start
    found["chain"] = compared(case, chain.mesh)
    if not quick:
        apart = texturing.painted(carved, model, case.person, case.maps, size=size, optimising=False).mesh
        found["chain_not_optimised"] = compared(case, apart)
    return found, {"seconds": seconds} | of_atlas(chain.mesh)


def of_atlas(mesh: Mesh) -> Row:
    """The atlas' own measures, and how far colours on either side of its cuts are apart, in 1/255."""
    atlas = Atlas(mesh, torch.zeros(len(mesh.faces), dtype=torch.int64), ("all",))
    row = {f"atlas_{name}": float(value) for name, value in measured(atlas, TEXTURE).items()}
    return row | {"seam_jump": seam_jump(atlas)}


def of_words(model: BodyModel, count: int, seed: int, dual: Any = None) -> Row:
    """Of prompts that name a garment and a colour: how many garments have its hue in the texture; a `dual` pipeline
    draws the colours."""
    generator, right = np.random.default_rng(seed), 0
    for index in range(count):
        colour = list(COLOURS)[generator.integers(len(COLOURS))]
        garment = list(WORN)[generator.integers(len(WORN))]
        words = f"a {'woman' if generator.random() < 0.5 else 'man'} in a {colour} {garment}"
        person = fitting.from_words(model, words, seed=index)
        sitter = normals.seated(model, person, size=256)
        maps = normals.tailored(sitter, words, seed=index)
        if dual is not None:
            maps = normals.coloured(sitter, maps, dual, words, seed=index)
        skin = carving.labelled(carving.skin(model, person))
        found = texturing.painted(skin, model, person, maps, size=256)
        hue = hue_of(found.mesh, maps, PARTS.index(WORN[garment]))
        right += abs((hue - COLOURS[colour] + 180) % 360 - 180) < NEAR
    return {"words": count, "words_hue_percent": 100 * right / max(count, 1)}


def of_colours(model: BodyModel, dual: Any, words: int, people: int, seed: int) -> Row:
    """Of a model that draws colours."""
    found = of_words(model, words, seed, dual) | of_photos(model, dual, seed, people)
    return {f"colours_{name}": value for name, value in found.items()} | {"colours_wall_s": seconds(model, dual, seed)}


def hue_of(mesh: Mesh, maps: object, part: int) -> float:
    """The hue, degrees, of the mean colour that a garment has where the first view of the maps shows it."""
    view = maps.views[0]  # type: ignore[attr-defined]
    there = torch.from_numpy(maps.labels[0, ..., 0] == part)  # type: ignore[attr-defined]
    image = unlit(mesh, view.camera, fine=1)
    red, green, blue = image[there & (image.sum(dim=-1) > 0)].mean(dim=0).tolist()
    return 360 * colorsys.rgb_to_hsv(red, green, blue)[0]


def means(rows: list[dict[str, Row]]) -> Row:
    """Every figure's mean over people, and what symmetry changes, person by person."""
    flat = {
        f"{method}_{name}": float(np.mean([row[method][name] for row in rows]))
        for method in rows[0]
        for name in rows[0][method]
    }
    for yaw in (45, 90, 180) if "aside" in rows[0] else ():
        gained = [row["aside"][f"psnr_{yaw}"] - row["aside_no_symmetry"][f"psnr_{yaw}"] for row in rows]
        for key, value in scores.interval(gained)._asdict().items():
            flat[f"aside_symmetry_gains_psnr_{yaw}_{key}"] = value
    for method in (name for name in ("photo_row", "chain") if f"{name}_not_optimised" in rows[0]):
        for name in rows[0][method]:
            gained = [row[method][name] - row[f"{method}_not_optimised"][name] for row in rows]
            for key, value in scores.interval(gained)._asdict().items():
                flat[f"{method}_optimising_gains_{name}_{key}"] = value
    for yaw in (45, 90):
        for key, value in scores.interval([row["photo_row"][f"psnr_{yaw}"] for row in rows])._asdict().items():
            flat[f"photo_row_psnr_{yaw}_{key}"] = value
    return flat


def table(flat: Row) -> str:
    lines = []
    for name, value in flat.items():
        asked = "".join(f" {s} {b[name]:g}" for s, b in (("≤", AT_MOST), ("≥", AT_LEAST)) if name in b)
        lines.append(f"{name.ljust(44)}{value:10.4g}{asked}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="one person, small texture, fewer methods; one prompt, no model"
    )
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--size", type=int, default=TEXTURE, help="texels along a side")
    parser.add_argument("--only", choices=["colours"], help="nothing but what the model of colours draws")
    parser.add_argument("--colours", default="builtin", metavar="MODEL", help="another model of colours")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    people, words = (1, 1) if asked.quick else (asked.people, asked.words)
    dual = files.read_colours(asked.colours)
    if asked.only:
        flat = of_colours(model, dual, words, people, asked.seed)
        print(json.dumps(flat) if asked.json else table(flat))
        return
    size = TEXTURE // 4 if asked.quick else asked.size
    found, began = [], time.process_time()
    for case in cases(model, asked.seed, people):
        found.append(of_person(model, case, size, quick=asked.quick))
        print(case.caption, found[-1][0]["photo_row"], file=sys.stderr, flush=True)
    spent = time.process_time() - began
    flat = {"people": float(people)} | means([row for row, _ in found])
    flat |= {name: float(np.mean([own[name] for _, own in found])) for name in found[0][1]}
    flat |= {f"{name}_most": float(np.max([own[name] for _, own in found])) for name in WORST}
    flat |= of_words(model, words, asked.seed)
    if not asked.quick:
        flat |= of_colours(model, dual, words, people, asked.seed)
    flat["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    flat["cpu_seconds_a_person"] = spent / people
    print(json.dumps(flat) if asked.json else table(flat))


if __name__ == "__main__":
    main()
