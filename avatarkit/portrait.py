"""Pictures of a person to look at: a mesh from four sides, a turntable, the tiles of normal maps. uint8 sRGB arrays.

`drawing` renders; what is here places cameras, light and paper.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import picture, shading
from avatarkit.camera import Camera
from avatarkit.drawing import MODES, Mode, draw
from avatarkit.errors import UsageError
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, vertex_normals
from avatarkit.picture import Image
from avatarkit.render import Topology
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

VIEWS = {"front": 0.0, "side": 90.0, "back": 180.0, "face": 25.0}
SIDES = {0: "front", 90: "left", 180: "back", 270: "right"}
NEARLY = 15
"""Degrees."""

TOP, BOTTOM = (247, 247, 248), (222, 223, 226)
ELEVATION = 5.0
FOV = 20.0


@dataclass(frozen=True)
class Style:
    """How meshes are drawn; `size` (width, height) of each view in pixels, `supersampling` squared samples a pixel.

    `texture` shows `images["base_colour"]` through the UVs, or else `attributes["colours"]` (uint8 sRGB or float
    linear), `parts` colours the labels `attributes["_PART"]` or `["part"]`; clay where a mesh has none. `normals` are
    in view axes.
    """

    mode: Mode = "shaded"
    size: tuple[int, int] = (384, 512)
    supersampling: int = 2
    ground: bool = True
    shadows: bool = True
    """the lamp's, cast on the mesh itself: half of the time that a view takes"""

    @classmethod
    def named(cls, mode: str, height: int) -> "Style":
        """The style of a mode, with views of 3:4. Raises UsageError for an unknown mode."""
        for known in MODES:
            if mode == known:
                return cls(known, (round(height * 3 / 4), height))
        raise UsageError(f"--mode is {mode!r}, expected one of {', '.join(MODES)}")


DEFAULT = Style()


def views_of(mesh: Mesh, style: Style = DEFAULT) -> list[Image]:
    """Four images (H,W,3): front, side (the person's left), back, and the face from 25 degrees to its left.

    The head is where `attributes["head"]` (V,) bool holds; unknown, it is looked for at the top. Same mesh, same bytes.
    """
    mesh = prepared(mesh)
    known = mesh.attributes.get("head")
    head = find_head(mesh.vertices) if known is None or not bool(known.any()) else mesh.vertices[known.bool()]
    close = _cameras(head, style.size, [VIEWS["face"]], 0.7)
    return [*around(mesh, [VIEWS["front"], VIEWS["side"], VIEWS["back"]], style), *_seen(mesh, close, style)]


def around(mesh: Mesh, yaws: Sequence[float], style: Style = DEFAULT) -> list[Image]:
    """Images (H,W,3) of the whole mesh, from the front (0 degrees) towards the person's left (90), all of one scale."""
    mesh = prepared(mesh)
    return _seen(mesh, _cameras(mesh.vertices, style.size, yaws, 0.86), style)


def turntable(mesh: Mesh, frames: int = 48, style: Style = DEFAULT) -> np.ndarray:
    """(frames,H,W,3): once around the person at equal yaw, from the front towards the person's left."""
    return np.stack(around(mesh, [360 * i / frames for i in range(frames)], style))


def rows_of(maps: Maps, width: int, columns: int = 4) -> list[tuple[list[str], list[Image]]]:
    """The bands of a `normals.png`, on a checker where nothing is covered: names and tiles of each row."""
    rows = []
    for band, stack in bands_of(maps).items():
        tiles = [picture.on_background(picture.resized(tile, (width, width)), "checker") for tile in stack.values()]
        titles = [f"{band}, {name}" for name in stack]
        rows += [(titles[i : i + columns], tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return rows


def bands_of(maps: Maps) -> dict[str, dict[str, Image]]:
    """The tiles (S,S,4) of a `normals.png`, of each band and of each view by the side that it shows."""
    cover = maps.normals[..., 3:]
    bands = {"normals": np.concatenate([(maps.normals[..., :3] + 1) / 2, cover], axis=-1)}
    if maps.albedo is not None:
        bands["albedo"] = maps.albedo
    if maps.labels is not None:
        bands["labels"] = np.concatenate([picture.palette(maps.labels[..., 0]), cover], axis=-1)
    names = [_view_name(view.camera, view.surface) for view in maps.views]
    return {
        band: {n: np.rint(255 * np.clip(tile, 0, 1)).astype(np.uint8) for n, tile in zip(names, stack, strict=True)}
        for band, stack in bands.items()
    }


def _view_name(camera: Camera, surface: str) -> str:
    """The side that a map shows: front, left, back, right (the person's) or the camera's yaw in degrees."""
    x, _, z = (-camera.cam_from_world[2, :3]).tolist()
    yaw = round(math.degrees(math.atan2(x, z))) % 360
    near, far = (_side(angle % 360) for angle in (yaw, yaw + 180))
    return near if surface == "nearest" else f"{far}, through {near}"


def _side(yaw: int) -> str:
    """`front` and so on where the camera is nearly there: that of a photo rarely stands right ahead."""
    nearest = round(yaw / 90) * 90
    return SIDES[nearest % 360] if abs(yaw - nearest) <= NEARLY else f"yaw {yaw}°"


def find_head(vertices: Tensor) -> Tensor:
    """(N,3): points around what is probably a standing person's head: the top seventh, without raised hands."""
    low, high = vertices.amin(0), vertices.amax(0)
    height = high[1] - low[1]
    top = vertices[vertices[:, 1] >= high[1] - height / 7]
    middle = top.median(dim=0).values
    near = (top - middle)[:, [0, 2]].norm(dim=1) <= height / 9
    # a coarse mesh may have no vertex there but the highest
    chin = torch.stack([middle[0], high[1] - height / 7, middle[2]])
    return torch.cat([top[near], chin[None]])


def _cameras(points: Tensor, size: tuple[int, int], yaws: Sequence[float], fill: float) -> list[Camera]:
    """Cameras of one lens that keep all the points in the image at every yaw, `fill` of its height at the most."""
    low, high = points.amin(0), points.amax(0)
    sideways = 2 * float((points - (low + high) / 2)[:, [0, 2]].norm(dim=1).max())
    height = float(high[1] - low[1])
    fill = min(fill, 0.90 * size[0] / size[1] * height / max(sideways, 1e-9))
    return [
        cameras.framing(points, size, kind="perspective", yaw=yaw, elevation=ELEVATION, fov=FOV, fill=fill)
        for yaw in yaws
    ]


def _ground(mesh: Mesh, style: Style) -> shading.Ground | None:
    wanted = style.ground and style.mode != "normals"
    return shading.Ground.under(mesh.vertices.detach(), mesh.faces) if wanted else None


def _seen(mesh: Mesh, views: Sequence[Camera], style: Style) -> list[Image]:
    """The prepared mesh on paper, as each camera sees it."""
    topology = Topology.of(mesh.faces, len(mesh.vertices))

    def drawn(view: Camera) -> Image:
        asked: dict[str, Any] = {"supersampling": style.supersampling, "shadows": style.shadows}
        return draw(mesh, view, style.mode, topology=topology, **asked)

    ground = _ground(mesh, style)
    return [_on_paper(drawn(view), view, ground) for view in views]


def prepared(mesh: Mesh) -> Mesh:
    """The mesh with the attributes `normals` and `open_sky`, which every view of it shares, where it has none."""
    vertices, known = mesh.vertices.detach(), mesh.attributes
    normals = known["normals"] if "normals" in known else vertex_normals(vertices, mesh.faces)
    if "open_sky" in known:
        return mesh.having(normals=normals)
    reach = 0.25 * float((vertices.amax(0) - vertices.amin(0)).max())
    rays = min(max(600_000 // max(len(vertices), 1), 16), 48)
    open_sky = shading.openness(Surface(vertices, mesh.faces), vertices, normals, reach=reach, count=rays)
    return mesh.having(normals=normals, open_sky=open_sky)


def paper(size: tuple[int, int]) -> Image:
    """(H,W,3): the grey that falls off downwards, behind everybody, `size` (width, height)."""
    fall = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    grey = np.asarray(TOP) * (1 - fall) + np.asarray(BOTTOM) * fall
    return np.rint(np.broadcast_to(grey, (size[1], size[0], 3))).astype(np.uint8)


def framed(image: Image, size: tuple[int, int]) -> Image:
    """(H,W,3): the whole of a picture on paper of `size`; of one with alpha, what is not transparent."""
    if image.shape[2] == 4 and image[..., 3].any():
        rows, columns = (np.flatnonzero(image[..., 3].any(axis=axis)) for axis in (1, 0))
        image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    H, W = image.shape[:2]
    scale = min(size[0] / W, size[1] / H) * (0.88 if image.shape[2] == 4 else 1)
    width, height = max(1, round(W * scale)), max(1, round(H * scale))
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    sheet = paper(size)
    behind = sheet[top : top + height, left : left + width]
    sheet[top : top + height, left : left + width] = picture.on_background(
        picture.resized(image, (width, height)), behind
    )
    return sheet


def _on_paper(image: Image, camera: Camera, ground: shading.Ground | None) -> Image:
    """The drawing on paper, with the floor's shadow behind it."""
    H, W, _ = sizes("H W C", image)
    behind = paper((W, H))
    if ground is not None:
        shade = 1 - 0.75 * ground.shade(camera.to(ground.centre)).cpu().numpy()
        behind = np.rint(behind * shade[..., None]).astype(np.uint8)
    return picture.on_background(image, behind)
