"""Cameras, and the conventions of the whole project, stated here once.

    world     metres, right-handed: +Y up, the person faces +Z, the person's left is +X (glTF's)

                 +Y                      seen from the front, the person's left (+X)
                 |   / back              is on the RIGHT of the image
                 |  /
                 | /
                 +-------- +X  (person's left)
                /
              +Z  (front: where the person looks, where the camera of yaw 0 stands)

    camera    OpenCV's: x right, y down, z forward; `cam_from_world` (4,4) is rigid
    image     row 0 is the top; continuous pixel coordinates; the centre of row i, column j is (j + 0.5, i + 0.5)
    size      (width, height), only here and in file fields; arrays are (H, W)
    a_from_b  maps b to a, so that inner names touch: `clip_from_cam @ cam_from_world`
    yaw       degrees; 0 looks at the front, positive moves the camera to the person's left (+X), 180 sees the back
    normals   stored ones are in *view* axes: x right, y up, z to the viewer (`view_normals` is the only flip)

A perspective camera sees the pixel K (x/z, y/z, 1), an orthographic one K (x, y, 1) (focal length in pixels a metre).
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import torch
from torch import Tensor

from avatarkit.errors import BadData
from avatarkit.shapes import sizes

Kind = Literal["orthographic", "perspective"]
Surface = Literal["nearest", "farthest"]

FILM_DIAGONAL = 43.27
"""Millimetres, of a picture on 35 mm film: 36 x 24."""
FILL = 450 / 512
"""The share of the image's height that a framed person takes (ICON's convention, which Chupa follows)."""

MAX_SIDE = 1 << 16


@dataclass(frozen=True, eq=False)
class Camera:
    """`K (3,3)` pixels, `cam_from_world (4,4)` rigid, metres, `size` (width, height) in pixels; float32 or float64."""

    kind: Kind
    K: Tensor
    cam_from_world: Tensor
    size: tuple[int, int]

    def __post_init__(self) -> None:
        sizes("3 3, 4 4", self.K, self.cam_from_world)
        if self.kind not in ("orthographic", "perspective"):
            raise ValueError(f"camera: kind is {self.kind!r}, expected orthographic or perspective")
        if min(self.size) < 1:
            raise ValueError(f"camera: size is {self.size}, expected (width, height) of at least 1 pixel")

    def to(self, like: Tensor) -> "Camera":
        """This camera on the device and in the dtype of `like`."""
        return replace(self, K=self.K.to(like), cam_from_world=self.cam_from_world.to(like))

    @property
    def position(self) -> Tensor:
        """The camera's centre in the world (3), metres."""
        return -self.cam_from_world[:3, :3].T @ self.cam_from_world[:3, 3]


def perspective(
    size: tuple[int, int],
    cam_from_world: Tensor,
    *,
    focal: float | None = None,
    fov: float | None = None,
    centre: tuple[float, float] | None = None,
) -> Camera:
    """A pinhole camera from its focal length in pixels or its vertical field of view in degrees; no distortion."""
    if (focal is None) == (fov is None):
        raise ValueError("perspective: give either focal (pixels) or fov (degrees, vertical)")
    length = focal if focal is not None else 0.5 * size[1] / math.tan(math.radians(cast(float, fov)) / 2)
    return Camera("perspective", _intrinsics(length, size, centre, cam_from_world), cam_from_world, size)


def orthographic(
    size: tuple[int, int],
    cam_from_world: Tensor,
    *,
    metres_per_pixel: float,
    centre: tuple[float, float] | None = None,
) -> Camera:
    """A camera of parallel rays, each pixel `metres_per_pixel` wide and high."""
    return Camera("orthographic", _intrinsics(1 / metres_per_pixel, size, centre, cam_from_world), cam_from_world, size)


def _intrinsics(focal: float, size: tuple[int, int], centre: tuple[float, float] | None, like: Tensor) -> Tensor:
    cx, cy = centre or (size[0] / 2, size[1] / 2)
    return torch.tensor([[focal, 0, cx], [0, focal, cy], [0, 0, 1]], dtype=like.dtype, device=like.device)


def look_at(eye: Tensor, target: Tensor, up: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> Tensor:
    """`cam_from_world` (4,4) of a camera at `eye` (3) that looks at `target` (3), the image's top towards `up`."""
    sizes("3, 3", eye, target)
    forward = torch.nn.functional.normalize(target - eye, dim=0)
    right = torch.linalg.cross(forward, eye.new_tensor(up))
    if right.norm() < 1e-6:
        raise ValueError(f"look_at: the direction of sight {forward.tolist()} is parallel to up {up}")
    right = torch.nn.functional.normalize(right, dim=0)
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward])
    cam_from_world = torch.eye(4, dtype=eye.dtype, device=eye.device)
    cam_from_world[:3, :3], cam_from_world[:3, 3] = rotation, -rotation @ eye
    return cam_from_world


def around(target: Tensor, *, distance: float, yaw: float = 0.0, elevation: float = 0.0) -> Tensor:
    """`cam_from_world` (4,4) of a camera `distance` metres from `target` (3); degrees; elevated, it looks down."""
    y, e = math.radians(yaw), math.radians(elevation)
    offset = (math.sin(y) * math.cos(e), math.sin(e), math.cos(y) * math.cos(e))
    return look_at(target + distance * target.new_tensor(offset), target)


def framing(
    points: Tensor,
    size: tuple[int, int],
    *,
    kind: Kind = "orthographic",
    yaw: float = 0.0,
    elevation: float = 0.0,
    fill: float = FILL,
    fov: float = 20.0,
    centre: Tensor | None = None,
) -> Camera:
    """A camera in which the height of `points` (V,3) fills `fill` of the image's height.

    It looks at `centre` (3), or else at the middle of their bounding box: of the x and z given and the height's middle,
    as in ICON and Chupa (there the pelvis). Yaw and elevation leave the scale as it is. A perspective camera has the
    vertical field of view `fov` (degrees) and the scale holds in the plane of the target.
    """
    sizes("V 3", points)
    low, high = points.detach().amin(0), points.detach().amax(0)
    height = float(high[1] - low[1])
    if not math.isfinite(height) or height <= 0:
        raise BadData(f"framing: the points are {height} m high, expected a finite positive height")
    target = (low + high) / 2
    if centre is not None:
        target = torch.stack([centre[0], target[1], centre[2]]).to(target)
    if kind == "orthographic":
        reach = 2 * float((high - low).norm())
        pose = around(target, distance=reach, yaw=yaw, elevation=elevation)
        return orthographic(size, pose, metres_per_pixel=height / (fill * size[1]))
    reach = height / (2 * fill * math.tan(math.radians(fov) / 2))
    return perspective(size, around(target, distance=reach, yaw=yaw, elevation=elevation), fov=fov)


def ring(count: int, points: Tensor, size: tuple[int, int], *, start: float = 0.0, **lens: Any) -> list[Camera]:
    """`count` cameras of one lens around `points` (V,3) at equal yaw from `start` on; `lens` as in `framing`."""
    return [framing(points, size, yaw=start + 360 * i / count, **lens) for i in range(count)]


def project(camera: Camera, points: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels (...,2) and depth (...) (camera z, metres) of world `points` (...,3); differentiable.

    A point in or behind a perspective camera's plane has depth <= 0 and a meaningless, finite pixel.
    """
    sizes("... 3", points)
    in_cam = points @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
    depth = in_cam[..., 2]
    plane = in_cam[..., :2]
    if camera.kind == "perspective":
        plane = plane / torch.where(depth.abs() < 1e-9, torch.full_like(depth, 1e-9), depth)[..., None]
    return plane @ camera.K[:2, :2].T + camera.K[:2, 2], depth


def unproject(camera: Camera, pixels: Tensor, depth: Tensor) -> Tensor:
    """World points (...,3) of `pixels` (...,2) at `depth` (...) (camera z, metres): the inverse of `project`."""
    sizes("... 2", pixels)
    plane = (pixels - camera.K[:2, 2]) @ torch.linalg.inv(camera.K[:2, :2]).T
    if camera.kind == "perspective":
        plane = plane * depth[..., None]
    in_cam = torch.cat([plane, depth[..., None]], dim=-1)
    return (in_cam - camera.cam_from_world[:3, 3]) @ camera.cam_from_world[:3, :3]


def pixel_centres(size: tuple[int, int], like: Tensor) -> Tensor:
    """(H,W,2): the (x, y) of each pixel's centre, on the device and in the dtype of `like`."""
    x, y = (torch.arange(side, dtype=like.dtype, device=like.device) + 0.5 for side in size)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def rays(camera: Camera) -> tuple[Tensor, Tensor]:
    """Origins and unit directions (H,W,3) in the world of the rays through the pixels' centres.

    Perspective rays start at the camera, where distance along the ray is not depth; orthographic ones in its plane.
    """
    pixels = pixel_centres(camera.size, camera.K)
    zeros = torch.zeros_like(pixels[..., 0])
    forward = camera.cam_from_world[2, :3]
    if camera.kind == "orthographic":
        return unproject(camera, pixels, zeros), forward.expand(*zeros.shape, 3)
    origins = camera.position.expand(*zeros.shape, 3)
    return origins, torch.nn.functional.normalize(unproject(camera, pixels, zeros + 1) - origins, dim=-1)


def clip_from_world(camera: Camera, near: float, far: float) -> Tensor:
    """(4,4) to clip space for a rasteriser of nvdiffrast's kind: NDC x right, y DOWN, z from -1 (near) to 1 (far).

    nvdiffrast's raster row 0 is NDC y = -1. With y down that is the top of the image, so no image is ever flipped.
    NDC (-1, -1) is the top left corner of the top left pixel.
    """
    if not 0 < near < far and (camera.kind == "perspective" or not near < far):
        raise ValueError(f"clip_from_world: near {near}, far {far}; expected 0 < near < far")
    K, (width, height) = camera.K, camera.size
    scale = K.new_tensor([2 / width, 2 / height])
    linear = scale[:, None] * K[:2, :2]
    offset = scale * K[:2, 2] - 1
    clip_from_cam = torch.zeros(4, 4, dtype=K.dtype, device=K.device)
    clip_from_cam[:2, :2] = linear
    if camera.kind == "perspective":
        clip_from_cam[:2, 2] = offset
        clip_from_cam[2, 2], clip_from_cam[2, 3] = (far + near) / (far - near), -2 * far * near / (far - near)
        clip_from_cam[3, 2] = 1
    else:
        clip_from_cam[:2, 3] = offset
        clip_from_cam[2, 2], clip_from_cam[2, 3] = 2 / (far - near), -(far + near) / (far - near)
        clip_from_cam[3, 3] = 1
    return clip_from_cam @ camera.cam_from_world


def view_normals(camera: Camera, normals: Tensor, surface: Surface = "nearest") -> Tensor:
    """World `normals` (...,3) in view axes (x right, y up, z to the viewer), as `normals.png` stores them.

    `farthest` is the surface seen from behind through the front view: (nx, ny, -nz), so that z looks at the viewer.
    """
    sizes("... 3", normals)
    return normals @ (_view_flip(camera, surface) @ camera.cam_from_world[:3, :3]).T


def world_normals(camera: Camera, normals: Tensor, surface: Surface = "nearest") -> Tensor:
    """The inverse of `view_normals`."""
    sizes("... 3", normals)
    return normals @ (_view_flip(camera, surface) @ camera.cam_from_world[:3, :3])


def _view_flip(camera: Camera, surface: Surface) -> Tensor:
    return torch.diag(camera.K.new_tensor([1, -1, -1 if surface == "nearest" else 1]))


def resized(camera: Camera, size: tuple[int, int]) -> Camera:
    """The same view in an image of another `size` (width, height); the aspect may change."""
    scale = camera.K.new_tensor([size[0] / camera.size[0], size[1] / camera.size[1], 1])
    return replace(camera, K=scale[:, None] * camera.K, size=size)


def cropped(camera: Camera, rect: tuple[int, int, int, int]) -> Camera:
    """The view through `rect` (left, top, width, height) of the image, in pixels; it may reach beyond the image."""
    left, top, width, height = rect
    K = camera.K.clone()
    K[:2, 2] -= K.new_tensor([left, top])
    return replace(camera, K=K, size=(width, height))


def to_json(camera: Camera) -> dict[str, Any]:
    """The fields of `normals.png`'s camera: `type`, `K`, `cam_from_world`, `size` [width, height]."""
    return {
        "type": camera.kind,
        "K": camera.K.tolist(),
        "cam_from_world": camera.cam_from_world.tolist(),
        "size": list(camera.size),
    }


def from_json(fields: Any, *, where: str = "camera", dtype: torch.dtype = torch.float32) -> Camera:
    """The camera of such fields; BadData, beginning with `where`, names the first field that cannot be used."""
    if not isinstance(fields, dict):
        raise BadData(f"{where}: found {type(fields).__name__}, expected an object with type, K, cam_from_world, size")
    kind, size = fields.get("type"), fields.get("size")
    if kind not in ("orthographic", "perspective"):
        raise BadData(f"{where}: type is {kind!r}, expected orthographic or perspective")
    if not isinstance(size, list) or len(size) != 2 or not all(type(s) is int and 0 < s <= MAX_SIDE for s in size):
        raise BadData(f"{where}: size is {size!r}, expected [width, height] in whole pixels up to {MAX_SIDE}")
    K, pose = (_matrix(fields.get(name), n, f"{where}: {name}") for name, n in (("K", 3), ("cam_from_world", 4)))
    if not (K[0, 0] > 0 and K[1, 1] > 0 and K[1, 0] == 0 and K[2].tolist() == [0, 0, 1]):
        raise BadData(f"{where}: K is {K.tolist()}, expected [[fx, s, cx], [0, fy, cy], [0, 0, 1]] with fx, fy > 0")
    R = pose[:3, :3]
    if (R @ R.T - torch.eye(3).double()).abs().max() > 1e-3 or R.det() < 0 or pose[3].tolist() != [0, 0, 0, 1]:
        raise BadData(f"{where}: cam_from_world is {pose.tolist()}, expected a rotation and a translation")
    return Camera(kind, K.to(dtype), pose.to(dtype), (size[0], size[1]))


def _matrix(rows: Any, n: int, what: str) -> Tensor:
    """(n,n) float64 of finite numbers, or BadData."""
    square = isinstance(rows, list) and len(rows) == n and all(isinstance(row, list) and len(row) == n for row in rows)
    if not square or not all(type(x) in (int, float) and abs(x) < 1e12 for row in rows for x in row):
        raise BadData(f"{what} is {str(rows)[:80]}, expected {n} rows of {n} finite numbers")
    return torch.tensor(rows, dtype=torch.float64)
