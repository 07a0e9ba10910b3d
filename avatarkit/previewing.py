"""Pictures of a mesh to look at: views, a turntable, contact sheets. No files; images are uint8 sRGB arrays.

`draw` is the one place that renders; it sees the surface by ray casting. Everything else places cameras and tiles.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import picture, shading
from avatarkit.camera import Camera
from avatarkit.errors import BadData, UsageError
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, face_normals, unit, vertex_normals
from avatarkit.picture import Image
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

Mode = Literal["shaded", "normals", "texture", "parts"]
MODES: tuple[Mode, ...] = ("shaded", "normals", "texture", "parts")
VIEWS = {"front": 0.0, "side": 90.0, "back": 180.0, "face": 25.0}
SIDES = {0: "front", 90: "left", 180: "back", 270: "right"}

Sight = Mesh | Maps
"""What can be shown: a mesh, or the maps of a `normals.png`."""

TOP, BOTTOM = (247, 247, 248), (222, 223, 226)
ELEVATION = 5.0
FOV = 20.0


@dataclass(frozen=True)
class Style:
    """How meshes are drawn; `size` (width, height) of each view in pixels, `supersampling` squared rays a pixel.

    `texture` shows `images["base_colour"]` through the UVs, or else `attributes["colours"]` (uint8 sRGB or float
    linear), `parts` colours the labels `attributes["_PART"]` or `["part"]`; clay where a mesh has none. `normals` are
    in view axes.
    """

    mode: Mode = "shaded"
    size: tuple[int, int] = (384, 512)
    supersampling: int = 3
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


def turntable(sight: Sight, frames: int = 48, style: Style = Style(supersampling=2)) -> np.ndarray:
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
    rays = min(max(1_000_000 // max(len(vertices), 1), 16), 64)
    open_sky = shading.openness(Surface(vertices, mesh.faces), vertices, normals, reach=reach, count=rays)
    return mesh.having(normals=normals, open_sky=open_sky)


def draw(mesh: Mesh, camera: Camera, mode: Mode = "shaded", *, supersampling: int = 3) -> Image:
    """(H,W,4) uint8: the mesh seen by the camera, A = coverage. Both sides of a face are shown.

    `normals` is (n+1)/2 in view axes; the others are sRGB. Vertex attributes `normals` (unit) and `open_sky`
    (0 hidden, 1 free) are used where the mesh has them.
    """
    if mode not in MODES:
        raise ValueError(f"draw: mode is {mode!r}, expected one of {', '.join(MODES)}")
    camera = camera.to(mesh.vertices)
    image = np.zeros((camera.size[1], camera.size[0], 4), np.uint8)
    left, top, width, height = rect = _bounds(mesh.vertices.detach(), camera)
    if width > 0 and height > 0:
        window = cameras.cropped(camera, rect)
        fine = cameras.resized(window, (width * supersampling, height * supersampling))
        mixed = picture.averaged(_coloured(mesh, fine, mode), supersampling)
        straight = mixed[..., :3] / np.maximum(mixed[..., 3:], 1e-6)
        rgb = np.rint(255 * straight).astype(np.uint8) if mode == "normals" else picture.srgb_from_linear(straight)
        alpha = np.rint(255 * mixed[..., 3:]).astype(np.uint8)
        image[top : top + height, left : left + width] = np.concatenate([rgb, alpha], axis=-1)
    return image


def _bounds(vertices: Tensor, camera: Camera) -> tuple[int, int, int, int]:
    """The part (left, top, width, height) of the image in which the vertices lie: the rest needs no rays."""
    pixels, depth = cameras.project(camera, vertices)
    if camera.kind == "perspective" and bool((depth <= 0).any()):
        return 0, 0, *camera.size
    low, high = pixels.amin(0).floor().long().tolist(), pixels.amax(0).ceil().long().tolist()
    left, top = max(low[0], 0), max(low[1], 0)
    return left, top, min(high[0], camera.size[0]) - left, min(high[1], camera.size[1]) - top


def _coloured(mesh: Mesh, camera: Camera, mode: Mode) -> np.ndarray:
    """(H,W,4) float32, one sample a pixel: linear light (a normal as (n+1)/2), and 1 where there is surface."""
    surface = Surface(mesh.vertices, mesh.faces)
    origins, directions = (rays.reshape(-1, 3) for rays in cameras.rays(camera))
    hits = surface.cast(origins, directions)
    where = (hits.face >= 0).nonzero()[:, 0]
    seen = _Seen.at(mesh, hits.face[where], hits.barycentric[where], directions[where])
    normals = cameras.view_normals(camera, seen.normals)
    colours = (normals + 1) / 2
    if mode != "normals":
        up = cameras.view_normals(camera, camera.K.new_tensor([0.0, 1.0, 0.0]))
        albedo, gloss = _albedo(mesh, seen, mode)
        key = _key_light(mesh, surface, camera, seen)
        colours = shading.tone_mapped(shading.lit(albedo, normals, up, seen.open_sky, key, gloss=gloss))
    image = np.zeros((len(hits.face), 4), np.float32)
    image[where.cpu().numpy()] = torch.cat([colours, torch.ones_like(colours[:, :1])], dim=1).cpu().numpy()
    return image.reshape(camera.size[1], camera.size[0], 4)


@dataclass(frozen=True)
class _Seen:
    """The surface at P points: face (P,), barycentric (P,3), normals (P,3) in the world, open sky (P,)."""

    face: Tensor
    barycentric: Tensor
    normals: Tensor
    open_sky: Tensor

    @classmethod
    def at(cls, mesh: Mesh, face: Tensor, barycentric: Tensor, directions: Tensor) -> "_Seen":
        vertices = mesh.vertices.detach()
        corners = mesh.faces[face]
        smooth = unit((_normals(mesh)[corners] * barycentric[..., None]).sum(dim=1))
        flat = face_normals(vertices, mesh.faces)[face]
        smooth = torch.where((smooth * flat).sum(dim=1, keepdim=True) < 0, flat, smooth)
        # a face seen from behind is lit as if turned round
        smooth = torch.where((flat * directions).sum(dim=1, keepdim=True) > 0, -smooth, smooth)
        open_sky = mesh.attributes.get("open_sky", vertices.new_ones(len(vertices)))
        return cls(face, barycentric, smooth, (open_sky[corners] * barycentric).sum(dim=1))


def _key_light(mesh: Mesh, surface: Surface, camera: Camera, seen: _Seen) -> Tensor:
    """(P,) in [0, 1]: how much of the key lamp is in sight; asked at the vertices, so that shadows have no noise."""
    vertices, normals = mesh.vertices.detach(), _normals(mesh)
    towards = cameras.world_normals(camera, shading.direction(shading.KEY, camera.K))
    reach = float((vertices.amax(0) - vertices.amin(0)).norm())
    at_vertices = shading.lamp_seen(surface, vertices, normals, towards, reach=reach)
    return (at_vertices[mesh.faces[seen.face]] * seen.barycentric).sum(dim=1)


def _normals(mesh: Mesh) -> Tensor:
    known = mesh.attributes.get("normals")
    return vertex_normals(mesh.vertices.detach(), mesh.faces) if known is None else known


def _albedo(mesh: Mesh, seen: _Seen, mode: Mode) -> tuple[Tensor, float]:
    """Linear colours (P,3) of the surface, and how much it shines."""
    corners, like = mesh.faces[seen.face], mesh.vertices
    labels = mesh.attributes.get("_PART", mesh.attributes.get("part"))
    if mode == "parts" and labels is not None:
        nearest = corners.gather(1, seen.barycentric.argmax(dim=1, keepdim=True))[:, 0]
        part = labels[nearest].cpu().numpy()
        return torch.from_numpy(picture.linear_from_srgb(picture.palette(part))).to(like), 0.6
    if mode == "texture" and mesh.uvs is not None and "base_colour" in mesh.images:
        uv = (mesh.uvs[seen.face] * seen.barycentric[..., None]).sum(dim=1)
        return _sampled(mesh.images["base_colour"], uv).to(like), 0.5
    if mode == "texture" and "colours" in mesh.attributes:
        colours = mesh.attributes["colours"][:, :3]
        if not colours.is_floating_point():
            colours = torch.from_numpy(picture.linear_from_srgb(colours.cpu().numpy()))
        return (colours.to(like)[corners] * seen.barycentric[..., None]).sum(dim=1), 0.5
    return like.new_tensor(shading.CLAY).expand(len(corners), 3), 1.0


def _sampled(image: Tensor, uv: Tensor) -> Tensor:
    """Linear colours (P,3) of a texture (H,W,3|4) at `uv` (P,2), glTF's (v down), bilinear, repeated outside 0..1."""
    H, W = image.shape[:2]
    light = torch.from_numpy(picture.linear_from_srgb(image[..., :3].cpu().numpy()))
    x, y = uv[:, 0].cpu() * W - 0.5, uv[:, 1].cpu() * H - 0.5
    left, top = x.floor().long(), y.floor().long()
    s, t = (x - left)[:, None], (y - top)[:, None]
    rows, columns = (top % H, (top + 1) % H), (left % W, (left + 1) % W)
    above = torch.lerp(light[rows[0], columns[0]], light[rows[0], columns[1]], s.to(light))
    below = torch.lerp(light[rows[1], columns[0]], light[rows[1], columns[1]], s.to(light))
    return torch.lerp(above, below, t.to(light))


def _on_paper(image: Image, camera: Camera, ground: shading.Ground | None) -> Image:
    """The drawing on a grey that falls off downwards, with the floor's shadow behind it."""
    H, W, _ = sizes("H W C", image)
    fall = np.linspace(0, 1, H, dtype=np.float32)[:, None, None]
    paper = np.asarray(TOP) * (1 - fall) + np.asarray(BOTTOM) * fall
    paper = np.broadcast_to(paper, (H, W, 3))
    if ground is not None:
        paper = paper * (1 - 0.75 * ground.shade(camera.to(ground.centre)).cpu().numpy())[..., None]
    return picture.on_background(image, np.rint(paper).astype(np.uint8))
