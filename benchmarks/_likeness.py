"""The recipe of the looks in avatarkit/fitting/landmarks.npz: who people are by what a first fit shows of them.

    python benchmarks/_likeness.py TABLE.npz [--drawn 400] [--posed 405] [--bare 60]

After `_calibrate.py`, which makes the table; some three seconds a person. Training garments only, seeds that no
benchmark knows: people in poses of the population, people who stand or take an A-pose in front of a level camera, and
a few of those without clothes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from avatarkit import appearance, detect, files, npz, people
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.atomic import write_bytes
from avatarkit.body import BodyModel
from avatarkit.body.phenotype import PhenotypeMaps, phenotype_of
from avatarkit.camera import framing
from avatarkit.fitting.figure import Figure
from avatarkit.fitting.likeness import look_of, looks_table, skin_of
from avatarkit.fitting.looking import _sight
from avatarkit.fitting.photo import first_look, usual
from avatarkit.outfit import Outfit
from avatarkit.person import Person
from avatarkit.words import understood

SIDE = 512
DRAWN, POSED, BARE = 4242, 6101, 6401


def photographed(model: BodyModel, seed: int, count: int) -> Iterator[tuple[Person, np.ndarray]]:
    for k in range(count):
        index = 2 * k if seed == POSED else k
        words = {POSED: ("A-pose", "A-pose", "standing")[k % 3], BARE: ("A-pose", "standing")[k % 2]}.get(seed)
        met = people.met(model, seed=seed, index=index, prompt=understood(words) if words else None)
        if seed == BARE:
            drawn = replace(met.drawn, outfit=Outfit(complexion=met.drawn.outfit.complexion))
            met = people.made(model, drawn, met.person, np.random.default_rng([seed, index, 2]))
        generator = np.random.default_rng([seed, index, 1])
        level = framing(met.looks.mesh.vertices, (SIDE, SIDE), kind="perspective", fov=25.0)
        camera = level if words else viewpoint(met.looks.mesh.vertices, generator, SIDE)
        taken = appearance.photograph(met.looks, camera, generator)
        yield replace(met.person, camera=camera), taken.image


def outcome_of(model: BodyModel, betas: np.ndarray) -> np.ndarray:
    """OUTCOMES, then the betas of the body without the head's own."""
    seen, maps = phenotype_of(model, betas), PhenotypeMaps.of(model)
    row = [seen.sex, seen.age, seen.height, seen.weight, seen.muscle, seen.proportions]
    variables = maps.variables(np.array([row], float))[0]
    assert model.head_betas is not None and seen.height is not None
    return np.concatenate([variables, [np.log(seen.height / 100)], betas[: model.head_betas.start]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    for name, count in (("drawn", 400), ("posed", 405), ("bare", 60)):
        parser.add_argument(f"--{name}", type=int, default=count)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model, table = files.read_body_model("builtin"), npz.decode(asked.table.read_bytes())
    figure = Figure.of(model, table)
    skin, looks, outcomes = skin_of(model), [], []
    for seed, count in ((DRAWN, asked.drawn), (POSED, asked.posed), (BARE, asked.bare)):
        for person, image in photographed(model, seed, count):
            found, _ = detect.detected(image)
            if found is None:
                continue
            sight = _sight(found, (SIDE, SIDE), 1.0, np.zeros(2), (SIDE, SIDE))
            K = person.camera.K.double().numpy()
            state = first_look(figure, sight, usual(figure, None), K)
            looks.append(look_of(figure.rig, skin, state, K, sight.mask, sight.height))
            outcomes.append(outcome_of(model, person.betas.double().numpy()))
            print(f"{seed}: {len(looks)}", flush=True)
    write_bytes(asked.table, npz.encode(table | stored(np.array(looks), np.array(outcomes))))


def stored(looks: np.ndarray, outcomes: np.ndarray) -> dict[str, np.ndarray]:
    found = looks_table(looks, outcomes)
    return {key: value.astype(np.float16 if key == "looks" else np.float32) for key, value in found.items()}


if __name__ == "__main__":
    main()
