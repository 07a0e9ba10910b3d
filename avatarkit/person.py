"""What `body.npz` holds: one person as the parameters of a body model, and the camera that sees them."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera
from avatarkit.body import BodyModel, Pose
from avatarkit.camera import Camera
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh
from avatarkit.record import Model

KEYPOINTS = ("pixels", "confidence")
HEAD = ("head", "face", "hair_cap")
POSE_SIZES = {
    "global_orient": 3,
    "body_pose": 63,
    "jaw_pose": 3,
    "leye_pose": 3,
    "reye_pose": 3,
    "left_hand_pose": 45,
    "right_hand_pose": 45,
    "transl": 3,
}


@dataclass(frozen=True)
class Person:
    """A posed body (axis-angle radians, metres) and its camera, as fit-smpl found them.

    `crop` is the part of the photo that shows the person (sRGB RGBA uint8, (H, W, 4), A = person) with its offset
    (x, y) in the photo's pixels, so that no later stage looks for the person again.
    """

    model: Model
    betas: Tensor
    expression: Tensor
    pose: Pose
    camera: Camera
    residuals: dict[str, float] = field(default_factory=dict)
    crop: np.ndarray | None = None
    crop_offset: tuple[int, int] = (0, 0)
    keypoints: dict[str, np.ndarray] | None = None
    """what a detector saw: `pixels` (145,2) float32 of the photo, NaN where nothing; `confidence` (145)"""
    world_from_mesh: np.ndarray | None = None
    """(4,4) from the coordinates of the mesh that the body was fitted into, where those are not the world's"""
    focal_source: str = ""
    """how the focal length of a photo's camera is known: given, exif or default"""

    def mesh(self, model: BodyModel) -> Mesh:
        """The posed body as a mesh in the world, with `part` (V) and `head` (V) bool where labels are known."""
        posed = model.shaped(self.betas, self.expression).posed(self.pose)
        if model.part is None:
            return Mesh(posed.vertices, model.faces)
        head = [index for index, name in enumerate(model.part_names) if name in HEAD]
        labels = {"part": model.part, "head": torch.isin(model.part, torch.tensor(head))}
        return Mesh(posed.vertices, model.faces, labels)

    def placed(self, mesh: Mesh, vertices: Tensor) -> Mesh:
        """A mesh of this person in the world, where the body's `vertices` (V,3) are: moved by `world_from_mesh` if that
        brings it nearer to them, as a later stage may have done so already."""
        if self.world_from_mesh is None:
            return mesh
        to = torch.from_numpy(self.world_from_mesh).to(mesh.vertices)
        moved = mesh.vertices @ to[:3, :3].T + to[:3, 3]
        middle = (vertices.amin(dim=0) + vertices.amax(dim=0)) / 2
        size = (vertices.amax(dim=0) - vertices.amin(dim=0)).norm()

        def off(points: Tensor) -> float:
            low, high = points.amin(dim=0), points.amax(dim=0)
            return float(((low + high) / 2 - middle).norm() + ((high - low).norm() - size).abs())

        return replace(mesh, vertices=moved) if off(moved) < off(mesh.vertices) else mesh

    def arrays(self) -> dict[str, np.ndarray]:
        """The person under the keys of `body.npz` (DESIGN §2), float32."""
        found: dict[str, Any] = {"betas": self.betas, "expression": self.expression}
        found |= {key: getattr(self.pose, key) for key in POSE_SIZES}
        found |= {"K": self.camera.K, "cam_from_world": self.camera.cam_from_world}
        arrays = {key: np.asarray(value.detach().cpu(), np.float32) for key, value in found.items()}
        arrays["image_size"] = np.array(self.camera.size, np.int32)
        arrays["camera"] = np.array(self.camera.kind)
        arrays["body_model"] = np.array(self.model.name)
        arrays["body_model_sha256"] = np.array(self.model.sha256)
        arrays["body_model_licence"] = np.array(self.model.licence)
        arrays |= {f"residual_{key}": np.array(value, np.float32) for key, value in sorted(self.residuals.items())}
        if self.keypoints is not None:
            arrays |= {f"keypoint_{key}": value for key, value in self.keypoints.items()}
        if self.world_from_mesh is not None:
            arrays["world_from_mesh"] = np.asarray(self.world_from_mesh, np.float64)
        if self.focal_source:
            arrays["focal_source"] = np.array(self.focal_source)
        if self.crop is not None:
            arrays |= {"person": self.crop, "person_offset": np.array(self.crop_offset, np.int32)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Person":
        """Read back what `arrays` gave, or what a user edited. Raises BadData naming the key at fault."""
        numbers = {key: _numbers(arrays, key, (size,)) for key, size in POSE_SIZES.items()}
        view = {"K": _numbers(arrays, "K", (3, 3)), "cam_from_world": _numbers(arrays, "cam_from_world", (4, 4))}
        view |= {"size": _numbers(arrays, "image_size", (2,)).int()}
        crop = arrays.get("person")
        if crop is not None and (crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 4):
            raise BadData(f"person: found {crop.dtype} {crop.shape}, expected uint8 (H, W, 4)")
        offset = _numbers(arrays, "person_offset", (2,)) if crop is not None else (0, 0)
        return cls(
            model=Model(*(_word(arrays, f"body_model{part}") for part in ("", "_sha256", "_licence"))),
            betas=_numbers(arrays, "betas", (None,)),
            expression=_numbers(arrays, "expression", (None,)),
            pose=Pose(**numbers),
            camera=camera.from_json({"type": _word(arrays, "camera")} | {k: v.tolist() for k, v in view.items()}),
            residuals={k[9:]: float(_numbers(arrays, k, ())) for k in arrays if k.startswith("residual_")},
            crop=crop,
            crop_offset=(int(offset[0]), int(offset[1])),
            keypoints={k: arrays[f"keypoint_{k}"] for k in KEYPOINTS if f"keypoint_{k}" in arrays} or None,
            world_from_mesh=_numbers(arrays, "world_from_mesh", (4, 4)).double().numpy()
            if "world_from_mesh" in arrays
            else None,
            focal_source=_word(arrays, "focal_source") if "focal_source" in arrays else "",
        )


def _numbers(arrays: dict[str, np.ndarray], key: str, shape: tuple[int | None, ...]) -> Tensor:
    array = arrays.get(key)
    expected = "number" if not shape else "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
    if array is None:
        raise BadData(f"{key}: missing, expected {expected} (there are: {', '.join(sorted(arrays)[:20])})")
    fits = len(array.shape) == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if array.dtype.kind not in "fiu" or not fits or array.size > 4096:
        raise BadData(f"{key}: found {array.dtype} {array.shape}, expected numbers {expected}")
    if not np.isfinite(array).all() or np.abs(array.astype(np.float64)).max(initial=0) > 1e6:
        raise BadData(f"{key}: found NaN, infinity or a number beyond a million, expected finite numbers")
    return torch.from_numpy(np.ascontiguousarray(array, np.float32).copy())


def _word(arrays: dict[str, np.ndarray], key: str) -> str:
    array = arrays.get(key)
    if array is None or array.dtype.kind != "U" or array.size != 1 or array.dtype.itemsize > 4096:
        raise BadData(f"{key}: missing or not a word")
    return str(array.item())
