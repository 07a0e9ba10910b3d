"""A parametric body as a chain of types: BodyModel.shaped(betas) → Body.posed(pose) → PosedBody.

Decisions, where other wrappers of SMPL differ:
- each state is a type, so no pose can come before the shape; nothing is filled in later;
- any number of leading batch axes, which broadcast: one body in 32 poses is shaped once;
- fewer betas than the model has are enough, the rest are zero and are not multiplied out;
- joints are regressed from directions that were regressed beforehand: J (v̄ + S β) = J v̄ + (J S) β;
- always the 55 joints of SMPL-X; files of other skeletons are brought to them by `official`;
- no file is opened here: arrays in, tensors out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit.body.cloth import ClothSurface, cloth_surfaces
from avatarkit.body.layout import checked, read_meta
from avatarkit.body.pose import JOINT_NAMES, Pose
from avatarkit.body.skinning import blended, place_joints, rest_removed, skinned
from avatarkit.rotation import rotation_from_axis_angle
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Named points on the surface: a triangle and barycentric coordinates each."""

    names: tuple[str, ...]
    faces: Tensor
    """(L) index into the model's faces, int64."""
    bary: Tensor
    """(L, 3)"""


@dataclass(frozen=True, eq=False)
class BodyModel:
    """What all people have in common, and the directions in which they differ. Metres; +Y up, facing +Z."""

    name: str
    licence: str
    sha256: str
    v_template: Tensor
    """(V, 3)"""
    faces: Tensor
    """(F, 3) int64"""
    shapedirs: Tensor
    """(V, 3, B); stored as (B, 3, V), so that the first few directions are one block."""
    exprdirs: Tensor
    """(V, 3, E), stored alike."""
    posedirs: Tensor | None
    """(V, 3, 9 · 54), stored alike: correctives times the entries of R - I, joint by joint; or None."""
    J_regressor: Tensor
    """(55, V)"""
    parents: tuple[int, ...]
    lbs_weights: Tensor
    """(V, 55); rows sum to one."""
    joint_names: tuple[str, ...]
    expression_names: tuple[str, ...]
    # Knowledge of the surface, None where a file lacks it.
    uv: Tensor | None = None
    """(T, 2) in 0 … 1"""
    uv_faces: Tensor | None = None
    """(F, 3) corners of `faces` in `uv`, int64"""
    mirror: Tensor | None = None
    """(V) the vertex on the other side, int64"""
    part_names: tuple[str, ...] = ()
    part: Tensor | None = None
    """(V) index into part_names, int64"""
    face_part: Tensor | None = None
    """(F) index into part_names, int64"""
    landmarks: Landmarks | None = None
    outer_faces: Tensor | None = None
    """(G, 3) the closed skin: eyes and mouth sealed, int64"""
    head_betas: slice | None = None
    """which betas change the head alone"""
    phenotypes: Mapping[str, np.ndarray] | None = None
    """the file's `phenotype*` arrays, as they are"""
    base_vertex: Tensor | None = None
    """(V) index into MakeHuman's base mesh, int64"""
    tpose_turns: Tensor | None = None
    """(55, 3, 3) how each joint is turned from MakeHuman's rest pose to this one"""
    cloth: Mapping[str, ClothSurface] | None = None
    """surfaces that garments are cut from: `tights`, `skirt`, `hair`"""
    meta: Mapping[str, Any] | None = None

    @staticmethod
    def from_arrays(arrays: Mapping[str, np.ndarray], *, sha256: str) -> BodyModel:
        """The model of a body file's arrays (SMPL-X's file layout, see `layout`), float32, on the CPU.

        Raises BadData that names the field, what was found and what was expected.
        """
        known, meta = checked(arrays), read_meta(arrays)
        V = len(known["v_template"])
        weights = known["weights"].astype(np.float64).clip(min=0)
        exprdirs = known.get("exprdirs", np.zeros((V, 3, 0), np.float32))
        names = {key: tuple(known[key].tolist()) for key in known if key.endswith("_names")}
        return BodyModel(
            name=str(meta.get("name", "unnamed")),
            licence=str(meta.get("licence", "unknown")),
            sha256=sha256,
            v_template=_floats(known["v_template"]),
            faces=_indices(known["f"]),
            shapedirs=_by_direction(known["shapedirs"]),
            exprdirs=_by_direction(exprdirs),
            posedirs=_by_direction(known["posedirs"]) if "posedirs" in known else None,
            J_regressor=_floats(known["J_regressor"]),
            parents=(-1, *known["kintree_table"][0, 1:].tolist()),
            lbs_weights=_floats(weights / weights.sum(axis=1, keepdims=True)),
            joint_names=JOINT_NAMES,
            expression_names=names.get("expression_names", tuple(f"expression{k}" for k in range(exprdirs.shape[2]))),
            part_names=names.get("part_names", ()),
            **_surface(known, names),
            phenotypes={key: np.asarray(array) for key, array in arrays.items() if key.startswith("phenotype")} or None,
            cloth=cloth_surfaces(known),
            meta=meta,
        )

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> BodyModel:
        """The same model on another device, in another float type."""
        return _moved(self, device, dtype)

    def shaped(self, betas: Tensor, expression: Tensor | None = None, *, only: Tensor | None = None) -> Body:
        """People at rest, of betas (..., ≤ B) and expression (..., ≤ E); missing coefficients are zero.

        `only` (L) int64 keeps these vertices alone: fits that look at a few landmarks need not blend the others.
        """
        vertices = self.v_template if only is None else self.v_template[only]
        joints = self.joint_template
        shown = () if expression is None else ((expression, self.exprdirs, self.joint_exprdirs),)
        for coefficients, dirs, joint_dirs in ((betas, self.shapedirs, self.joint_shapedirs), *shown):
            vertices = blended(vertices, dirs if only is None else dirs[only], coefficients)
            joints = blended(joints, joint_dirs, coefficients)
        return Body(self, vertices, joints, only)

    def landmark_points(self, vertices: Tensor) -> Tensor:
        """The landmarks' places (..., L, 3) on the model's vertices (..., V, 3)."""
        if self.landmarks is None:
            raise ValueError(f"the body model {self.name} has no landmarks")
        sizes("... V 3, V 3", vertices, self.v_template)
        corners = vertices[..., self.faces[self.landmarks.faces], :]
        return (corners * self.landmarks.bary[..., None]).sum(-2)

    @cached_property
    def joint_template(self) -> Tensor:
        """(55, 3) joints of the template."""
        return self._regressed(self.v_template[..., None])[..., 0]

    @cached_property
    def joint_shapedirs(self) -> Tensor:
        """(55, 3, B) how joints move with betas."""
        return self._regressed(self.shapedirs)

    @cached_property
    def joint_exprdirs(self) -> Tensor:
        """(55, 3, E) how joints move with the expression."""
        return self._regressed(self.exprdirs)

    def _regressed(self, dirs: Tensor) -> Tensor:
        planes = dirs.permute(2, 1, 0).double() @ self.J_regressor.double().T  # (B, 3, J)
        return planes.to(dirs.dtype).permute(2, 1, 0)


@dataclass(frozen=True, eq=False)
class Body:
    """One person or a batch of them, at rest: joints and vertices of a shape and an expression."""

    model: BodyModel
    vertices: Tensor
    """(..., V, 3), or the L vertices that were asked for"""
    joints: Tensor
    """(..., 55, 3)"""
    only: Tensor | None = None

    @property
    def height(self) -> Tensor:
        """(...) metres, from the lowest to the highest vertex."""
        upward = self.vertices[..., 1]
        return upward.amax(-1) - upward.amin(-1)

    def posed(self, pose: Pose) -> PosedBody:
        """These people in a pose; the batch axes of both broadcast."""
        rotations = rotation_from_axis_angle(pose.full())
        vertices, posedirs, weights = self.vertices, self.model.posedirs, self.model.lbs_weights
        if posedirs is not None:
            bends = rotations[..., 1:, :, :] - torch.eye(3, dtype=rotations.dtype, device=rotations.device)
            vertices = blended(vertices, posedirs if self.only is None else posedirs[self.only], bends.flatten(-3))
        world_from_joint = place_joints(rotations, self.joints, self.model.parents, pose.transl)
        world_from_rest = rest_removed(world_from_joint, self.joints)
        weights = weights if self.only is None else weights[self.only]
        return PosedBody(skinned(vertices, weights, world_from_rest), world_from_joint, world_from_rest)


@dataclass(frozen=True, eq=False)
class PosedBody:
    """People in their poses, in the world, metres."""

    vertices: Tensor
    """(..., V, 3)"""
    world_from_joint: Tensor
    """(..., 55, 4, 4) each joint's frame"""
    world_from_rest: Tensor
    """(..., 55, 4, 4) where each joint takes a point of the rest pose: what skins anything else that they wear"""

    @property
    def joints(self) -> Tensor:
        """(..., 55, 3)"""
        return self.world_from_joint[..., :3, 3]


def _surface(known: Mapping[str, np.ndarray], names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The optional fields of BodyModel that a file knows."""
    keys = {name: name for name in ("mirror", "part", "face_part", "base_vertex")}
    keys |= {"uv_faces": "ft", "outer_faces": "outer_f"}
    surface: dict[str, Any] = {name: _indices(known[key]) for name, key in keys.items() if key in known}
    if "vt" in known:
        surface["uv"] = _floats(known["vt"] / 65535 if known["vt"].dtype == np.uint16 else known["vt"])
    if "landmark_names" in known:
        faces, bary = _indices(known["landmark_faces"]), _floats(known["landmark_bary"])
        surface["landmarks"] = Landmarks(names["landmark_names"], faces, bary)
    if "tpose_turns" in known:
        surface["tpose_turns"] = _floats(known["tpose_turns"])
    if "head_betas" in known:
        surface["head_betas"] = slice(*known["head_betas"].tolist())
    return surface


def _floats(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))


def _indices(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.int64, order="C"))


def _by_direction(dirs: np.ndarray) -> Tensor:
    """(V, 3, B) float32, as a view of a (B, 3, V) block."""
    return _floats(dirs.transpose(2, 1, 0)).permute(2, 1, 0)


def _moved(held: Any, device: torch.device | str | None, dtype: torch.dtype | None) -> Any:
    """A dataclass with its tensors, however deep, on another device, and the floats among them in another type."""
    if isinstance(held, Tensor):
        return held.to(device=device, dtype=dtype if held.is_floating_point() else None)
    if is_dataclass(held) and not isinstance(held, type):
        return replace(held, **{f.name: _moved(getattr(held, f.name), device, dtype) for f in fields(held)})
    if isinstance(held, Mapping):
        return {name: _moved(value, device, dtype) for name, value in held.items()}
    return held
