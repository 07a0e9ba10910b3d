"""How good the asset is, on people that it was not made from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from avatarkit.body.phenotype import PhenotypeMaps
from avatarkit.body.pose import JOINT_NAMES
from avatarkit.body.recipe.anny_source import AnnySource
from avatarkit.body.recipe.basis import Basis, fit_betas, vertex_areas
from avatarkit.body.recipe.phenotypes import given_of, plain_people
from avatarkit.body.recipe.tpose import tpose

FRESH_PEOPLE, FRESH_SEED = 200, 1000


def measure(source: AnnySource, arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Figures by name: reconstruction and joints in mm on 200 fresh people, the phenotype map on 200 plain ones."""
    base, weights, mirror = arrays["base_vertex"].astype(np.int64), arrays["weights"], arrays["mirror"]
    directions = arrays["shapedirs"].astype(np.float64)
    basis = Basis(arrays["v_template"].astype(np.float64), directions, int(arrays["head_betas"][0]))
    area = vertex_areas(basis.mean, arrays["f"].astype(np.int64))
    people = source.draw(FRESH_PEOPLE, FRESH_SEED, base)
    posed = tpose(people, source.base.bone_names, weights, mirror)
    betas = fit_betas(basis, posed.vertices, area)
    found = basis.mean + np.einsum("vcb,pb->pvc", directions, betas, optimize=True)
    error = np.linalg.norm(found - posed.vertices, axis=-1) * 1000
    face = arrays["part"] == arrays["part_names"].tolist().index("face")
    joints = np.einsum("jv,pvc->pjc", arrays["J_regressor"], posed.vertices, optimize=True)
    off = np.linalg.norm(joints - posed.joints, axis=-1) * 1000
    worst = int(off.mean(axis=0).argmax())
    figures = {
        "reconstruction, mean mm": (error @ area / area.sum()).mean(),
        "reconstruction, 95 % of people below, mm": np.percentile(error @ area / area.sum(), 95),
        "reconstruction, 95 % of vertices below, mm": np.percentile(error, 95),
        "reconstruction of the face, mean mm": error[:, face].mean(),
        "betas, root mean square": np.sqrt((betas**2).mean()),
        "betas, largest of all": np.abs(betas).max(),
        "joints, mean mm": off.mean(),
        f"joints, worst ({JOINT_NAMES[worst]}), mean mm": off[:, worst].mean(),
        "joints, worst of all people, mm": off.max(),
        "joints moved by an expression, worst, mm": _moved(arrays),
    }
    figures |= _cloth_figures(source, arrays, betas)
    figures |= _phenotype_figures(source, arrays, basis)
    return {name: round(float(value), 3) for name, value in figures.items()}


def _moved(arrays: Mapping[str, np.ndarray]) -> float:
    moves = np.einsum("jv,vce->jec", arrays["J_regressor"], arrays["exprdirs"].astype(np.float64), optimize=True)
    return float(np.linalg.norm(moves, axis=-1).max() * 1000)


def _cloth_figures(source: AnnySource, arrays: Mapping[str, np.ndarray], betas: np.ndarray) -> dict[str, float]:
    people = source.draw(FRESH_PEOPLE, FRESH_SEED, arrays["cloth_base_vertex"].astype(np.int64))
    worn = tpose(people, source.base.bone_names, arrays["cloth_weights"], arrays["cloth_mirror"]).vertices
    directions = arrays["cloth_shapedirs"].astype(np.float64)
    found = arrays["cloth_v_template"] + np.einsum("vcb,pb->pvc", directions, betas, optimize=True)
    error = np.linalg.norm(found - worn, axis=-1) * 1000
    names = arrays["cloth_names"].tolist()
    return {f"cloth {name}, mean mm": error[:, arrays["cloth_surface"] == k].mean() for k, name in enumerate(names)}


def _phenotype_figures(source: AnnySource, arrays: Mapping[str, np.ndarray], basis: Basis) -> dict[str, float]:
    people = plain_people(source, arrays["base_vertex"].astype(np.int64), FRESH_PEOPLE, FRESH_SEED)
    posed = tpose(people, source.base.bone_names, arrays["weights"], arrays["mirror"]).vertices
    given = given_of(people, posed)
    area = vertex_areas(basis.mean, arrays["f"].astype(np.int64))
    maps = PhenotypeMaps(dict(arrays), basis.mean[:, 1], basis.directions[:, 1])

    def error(betas: np.ndarray) -> np.ndarray:
        found = basis.mean + np.einsum("vcb,pb->pvc", basis.directions, betas, optimize=True)
        return (np.linalg.norm(found - posed, axis=-1) * 1000) @ area / area.sum()

    best = error(fit_betas(basis, posed, area))
    mapped = error(maps.polynomial(given))
    child = given[:, 1] < 14
    return {
        "plain people, best betas, mean mm": best.mean(),
        "plain children, best betas, mean mm": best[child].mean(),
        "plain people, betas from phenotype, mean mm": mapped.mean(),
        "plain children, betas from phenotype, mean mm": mapped[child].mean(),
    }
