"""Pictures of a mesh to look at: views, a turntable, contact sheets. No files; images are uint8 sRGB arrays.

`drawing` renders; what is here places cameras and tiles.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import picture, shading
from avatarkit.camera import Camera
from avatarkit.drawing import MODES, Mode, draw
from avatarkit.errors import BadData, UsageError
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, vertex_normals
from avatarkit.picture import Image
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

VIEWS = {"front": 0.0, "side": 90.0, "back": 180.0, "face": 25.0}
SIDES = {0: "front", 90: "left", 180: "back", 270: "right"}

Sight = Mesh | Maps
"""What can be shown: a mesh, or the maps of a `normals.png`."""

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

    @classmethod
    def named(cls, mode: str, height: int) -> "Style":
        """The style of a mode, with views of 3:4. Raises UsageError for an unknown mode."""
        for known in MODES:
            if mode == known:
                return cls(known, (round(height * 3 / 4), height))
        raise UsageError(f"--mode is {mode!r}, expected one of {', '.join(MODES)}")


def views_of(mesh: Mesh, style: Style = Style()) -> list[Image]:
    """Four images (H,W,3): front, side (the person's left), back, and the face from 25 degrees to its left.

    The head is where `attributes["head"]` (V,) bool holds; unknown, it is looked for at the top. Same mesh, same bytes.
    """
    mesh, ground = _prepared(mesh), _ground(mesh, style)
    around = _cameras(mesh.vertices, style.size, [VIEWS["front"], VIEWS["side"], VIEWS["back"]], 0.86)
    known = mesh.attributes.get("head")
    head = find_head(mesh.vertices) if known is None or not bool(known.any()) else mesh.vertices[known.bool()]
    close = _cameras(head, style.size, [VIEWS["face"]], 0.7)
    return [_on_paper(_drawn(mesh, view, style), view, ground) for view in (*around, *close)]


def turntable(sight: Sight, frames: int = 48, style: Style = Style()) -> np.ndarray:
    """(frames,H,W,3): once around the person at equal yaw, from the front towards the person's left."""
    if not isinstance(sight, Mesh):
        raise BadData("normal maps have no other side to turn to: give a mesh or a body.npz")
    mesh, ground = _prepared(sight), _ground(sight, style)
    views = _cameras(mesh.vertices, style.size, [360 * i / frames for i in range(frames)], 0.86)
    return np.stack([_on_paper(_drawn(mesh, view, style), view, ground) for view in views])


def sheet(subjects: Sequence[tuple[str, Sight]], style: Style = Style()) -> Image:
    """(H,W,3): for each (label, mesh) a row of its four views, for each (label, maps) rows of its bands."""
    rows, labels, titles = [], [], []
    for label, sight in subjects:
        mesh_row = isinstance(sight, Mesh)
        tiles = [(list(VIEWS), views_of(sight, style))] if isinstance(sight, Mesh) else _map_rows(sight, style.size[0])
        rows += [images for _, images in tiles]
        labels += [names for names, _ in tiles]
        titles += [f"{label} ({style.mode})" if mesh_row and style.mode != "shaded" else label]
        titles += [""] * (len(tiles) - 1)
    font_size = max(style.size[1] // 28, 11)
    return picture.grid(rows, labels=labels, titles=titles, gap=font_size // 2, font_size=font_size)


def _map_rows(maps: Maps, width: int, columns: int = 4) -> list[tuple[list[str], list[Image]]]:
    """The bands of a `normals.png`, on a checker where nothing is covered: names and tiles of each row."""
    names = [_view_name(view.camera, view.surface) for view in maps.views]
    bands = {"normals": np.concatenate([(maps.normals[..., :3] + 1) / 2, maps.normals[..., 3:]], axis=-1)}
    if maps.albedo is not None:
        bands["albedo"] = maps.albedo
    if maps.labels is not None:
        bands["labels"] = np.concatenate([picture.palette(maps.labels[..., 0]), maps.normals[..., 3:]], axis=-1)
    rows = []
    for band, stack in bands.items():
        tiles = [np.rint(255 * np.clip(tile, 0, 1)).astype(np.uint8) for tile in stack]
        tiles = [picture.on_background(picture.resized(tile, (width, width)), "checker") for tile in tiles]
        titles = [f"{band}, {name}" for name in names]
        rows += [(titles[i : i + columns], tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return rows


def _view_name(camera: Camera, surface: str) -> str:
    """The side that a map shows: front, left, back, right (the person's) or the camera's yaw in degrees."""
    x, _, z = (-camera.cam_from_world[2, :3]).tolist()
    yaw = round(math.degrees(math.atan2(x, z))) % 360
    near, far = (SIDES.get(angle % 360, f"yaw {angle % 360}°") for angle in (yaw, yaw + 180))
    return near if surface == "nearest" else f"{far}, through {near}"


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


def _drawn(mesh: Mesh, camera: Camera, style: Style) -> Image:
    return draw(mesh, camera, style.mode, supersampling=style.supersampling)


def _prepared(mesh: Mesh) -> Mesh:
    """The mesh with the attributes `normals` and `open_sky`, which every view of it shares."""
    vertices = mesh.vertices.detach()
    normals = vertex_normals(vertices, mesh.faces)
    reach = 0.25 * float((vertices.amax(0) - vertices.amin(0)).max())
    rays = min(max(600_000 // max(len(vertices), 1), 16), 48)
    open_sky = shading.openness(Surface(vertices, mesh.faces), vertices, normals, reach=reach, count=rays)
    return mesh.having(normals=normals, open_sky=open_sky)


def _on_paper(image: Image, camera: Camera, ground: shading.Ground | None) -> Image:
    """The drawing on a grey that falls off downwards, with the floor's shadow behind it."""
    H, W, _ = sizes("H W C", image)
    fall = np.linspace(0, 1, H, dtype=np.float32)[:, None, None]
    paper = np.asarray(TOP) * (1 - fall) + np.asarray(BOTTOM) * fall
    paper = np.broadcast_to(paper, (H, W, 3))
    if ground is not None:
        paper = paper * (1 - 0.75 * ground.shade(camera.to(ground.centre)).cpu().numpy())[..., None]
    return picture.on_background(image, np.rint(paper).astype(np.uint8))
