"""Pictures of a mesh to look at: views, a turntable, contact sheets. No files; images are uint8 sRGB arrays.

`draw` is the one place that renders; it sees the surface by ray casting. Everything else places cameras and tiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import picture, shading
from avatarkit.camera import Camera
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, face_normals, unit, vertex_normals
from avatarkit.picture import Image
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

Mode = Literal["shaded", "normals", "texture", "parts"]
MODES: tuple[Mode, ...] = ("shaded", "normals", "texture", "parts")
VIEWS = {"front": 0.0, "side": 90.0, "back": 180.0, "face": 25.0}

TOP, BOTTOM = (247, 247, 248), (222, 223, 226)
ELEVATION = 5.0
FOV = 20.0


def views_of(
    mesh: Mesh,
    *,
    mode: Mode = "shaded",
    size: tuple[int, int] = (384, 512),
    head: Tensor | None = None,
    ground: bool = True,
    supersampling: int = 3,
) -> list[Image]:
    """Four images (H,W,3): front, side (the person's left), back, and the face from 25 degrees to its left.

    `size` is (width, height). `head` (N,3) are points of the head, to frame the face; unknown, it is looked for at the
    top. Mode `texture` shows `images["base_colour"]` through the UVs, or else `attributes["colours"]`, or else clay;
    `parts` colours `attributes["part"]`. The same mesh gives the same bytes.
    """
    mesh = _prepared(mesh)
    shadow = _Ground.under(mesh) if ground and mode != "normals" else None
    around = _body_cameras(mesh, size, [VIEWS["front"], VIEWS["side"], VIEWS["back"]])
    box = head if head is not None else find_head(mesh.vertices)
    close = cameras.framing(box, size, kind="perspective", yaw=VIEWS["face"], elevation=ELEVATION, fov=FOV, fill=0.7)
    return [_on_paper(draw(mesh, view, mode, supersampling=supersampling), view, shadow) for view in (*around, close)]


def turntable(
    mesh: Mesh,
    frames: int = 48,
    *,
    mode: Mode = "shaded",
    size: tuple[int, int] = (384, 512),
    ground: bool = True,
    supersampling: int = 2,
) -> np.ndarray:
    """(frames,H,W,3): once around the person at equal yaw, from the front towards the person's left."""
    mesh = _prepared(mesh)
    shadow = _Ground.under(mesh) if ground and mode != "normals" else None
    views = _body_cameras(mesh, size, [360 * i / frames for i in range(frames)])
    return np.stack([_on_paper(draw(mesh, view, mode, supersampling=supersampling), view, shadow) for view in views])


def sheet(
    subjects: Sequence[tuple[str, Mesh]],
    *,
    modes: Sequence[Mode] = ("shaded",),
    size: tuple[int, int] = (384, 512),
    heads: Sequence[Tensor | None] | None = None,
    supersampling: int = 3,
) -> Image:
    """(H,W,3): a row of the four views for each (label, mesh) and mode, labelled."""
    rows, titles = [], []
    for (label, mesh), head in zip(subjects, heads or [None] * len(subjects), strict=True):
        for mode in modes:
            rows.append(views_of(mesh, mode=mode, size=size, head=head, supersampling=supersampling))
            titles.append(label if len(modes) == 1 else f"{label} ({mode})")
    font_size = max(size[1] // 28, 11)
    return picture.grid(rows, labels=[list(VIEWS)] * len(rows), titles=titles, gap=font_size // 2, font_size=font_size)


def maps_sheet(maps: Maps, *, width: int = 256, columns: int = 8) -> Image:
    """(H,W,3): the maps of a `normals.png` on a checker where nothing is covered, named; a row of each band."""
    names = [_view_name(view.camera, view.surface) for view in maps.views]
    bands = {"normals": np.concatenate([(maps.normals[..., :3] + 1) / 2, maps.normals[..., 3:]], axis=-1)}
    if maps.albedo is not None:
        bands["albedo"] = maps.albedo
    if maps.labels is not None:
        bands["labels"] = np.concatenate([palette(maps.labels[..., 0]), maps.normals[..., 3:]], axis=-1)
    rows, labels = [], []
    for band, stack in bands.items():
        tiles = [np.rint(255 * np.clip(tile, 0, 1)).astype(np.uint8) for tile in stack]
        tiles = [picture.on_background(picture.resized(tile, (width, width)), "checker") for tile in tiles]
        for start in range(0, len(tiles), columns):
            rows.append(tiles[start : start + columns])
            labels.append([f"{name}: {band}" for name in names[start : start + columns]])
    return picture.grid(rows, labels=labels, font_size=max(width // 18, 11))


def _view_name(camera: Camera, surface: str) -> str:
    """`front`, `left`, `back`, `right` or the yaw in degrees; `through` marks the farthest surface."""
    x, _, z = (-camera.cam_from_world[2, :3]).tolist()
    yaw = round(float(np.degrees(np.arctan2(x, z)))) % 360
    name = {0: "front", 90: "left", 180: "back", 270: "right"}.get(yaw, f"yaw {yaw}°")
    return name if surface == "nearest" else f"{name}, farthest"


def find_head(vertices: Tensor) -> Tensor:
    """(2,3): the bounds of what is probably the head of a standing person: the top seventh, without raised hands."""
    low, high = vertices.amin(0), vertices.amax(0)
    height = high[1] - low[1]
    top = vertices[vertices[:, 1] >= high[1] - height / 7]
    middle = top.median(dim=0).values
    near = (top - middle)[:, [0, 2]].norm(dim=1) <= height / 9
    return torch.stack([top[near].amin(0), top[near].amax(0)])


def _body_cameras(mesh: Mesh, size: tuple[int, int], yaws: Sequence[float]) -> list[Camera]:
    """Cameras of one lens that keep the whole body in the image at every yaw."""
    low, high = mesh.vertices.amin(0), mesh.vertices.amax(0)
    sideways = 2 * float((mesh.vertices - (low + high) / 2)[:, [0, 2]].norm(dim=1).max())
    height = float(high[1] - low[1])
    fill = min(0.86, 0.90 * size[0] / size[1] * height / max(sideways, 1e-9))
    lens = {"kind": "perspective", "elevation": ELEVATION, "fov": FOV, "fill": fill}
    return [cameras.framing(mesh.vertices, size, yaw=yaw, **lens) for yaw in yaws]  # type: ignore[arg-type]


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
    """(H,W,4) float32, one sample a pixel: the colour in linear light (a normal as (n+1)/2), 1 where there is surface."""
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
    """The surface at P points: face (P,), barycentric (P,3), points and normals (P,3) in the world, open sky (P,)."""

    face: Tensor
    barycentric: Tensor
    points: Tensor
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
        points = (vertices[corners] * barycentric[..., None]).sum(dim=1)
        return cls(face, barycentric, points, smooth, (open_sky[corners] * barycentric).sum(dim=1))


def _key_light(mesh: Mesh, surface: Surface, camera: Camera, seen: _Seen) -> Tensor:
    """(P,) in [0, 1]: how much of the key lamp is in sight, asked at the vertices so that soft shadows have no noise."""
    vertices, normals = mesh.vertices.detach(), _normals(mesh)
    towards = cameras.world_normals(camera, shading.direction(shading.KEY, camera.K))
    reach = float((vertices.amax(0) - vertices.amin(0)).norm())
    at_vertices = shading.lamp_seen(surface, vertices, normals, towards, reach=reach)
    return (at_vertices[mesh.faces[seen.face]] * seen.barycentric).sum(dim=1)


def _normals(mesh: Mesh) -> Tensor:
    return mesh.attributes.get("normals", vertex_normals(mesh.vertices.detach(), mesh.faces))


def _albedo(mesh: Mesh, seen: _Seen, mode: Mode) -> tuple[Tensor, float]:
    """Linear colours (P,3) of the surface, and how much it shines."""
    corners, like = mesh.faces[seen.face], mesh.vertices
    if mode == "parts" and "part" in mesh.attributes:
        nearest = corners.gather(1, seen.barycentric.argmax(dim=1, keepdim=True))[:, 0]
        part = mesh.attributes["part"][nearest].cpu().numpy()
        return torch.from_numpy(picture.linear_from_srgb(palette(part))).to(like), 0.6
    if mode == "texture" and mesh.uvs is not None and "base_colour" in mesh.images:
        uv = (mesh.uvs[seen.face] * seen.barycentric[..., None]).sum(dim=1)
        return _sampled(mesh.images["base_colour"], uv).to(like), 0.5
    if mode == "texture" and "colours" in mesh.attributes:
        colours = picture.linear_from_srgb(mesh.attributes["colours"][:, :3].cpu().numpy())
        return (torch.from_numpy(colours).to(like)[corners] * seen.barycentric[..., None]).sum(dim=1), 0.5
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


def palette(part: np.ndarray) -> np.ndarray:
    """sRGB (...,3) float32 in [0, 1] of part ids: hues a golden angle apart, so that neighbours differ."""
    hue = (np.asarray(part, np.float32) * 0.61803399 + 0.05) % 1
    wheel = np.abs((hue[..., None] * 6 + np.float32([0, 4, 2])) % 6 - 3) - 1
    pale = np.where(np.asarray(part)[..., None] % 2 == 0, 0.32, 0.46)
    return (0.90 * (pale + (1 - pale) * np.clip(wheel, 0, 1))).astype(np.float32)


@dataclass(frozen=True)
class _Ground:
    """The floor under a mesh: how much of the sky it sees (N,N), over a square of half side `reach` m, at `height`."""

    open_sky: Tensor
    centre: Tensor
    reach: float

    @classmethod
    def under(cls, mesh: Mesh, N: int = 64) -> "_Ground":
        low, high = mesh.vertices.amin(0), mesh.vertices.amax(0)
        reach = 0.75 * float((high - low).max())
        centre = torch.stack([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
        steps = (torch.arange(N).to(low) + 0.5) / N * 2 * reach - reach
        z, x = torch.meshgrid(steps, steps, indexing="ij")
        points = torch.stack([x, torch.zeros_like(x), z], dim=-1).reshape(-1, 3) + centre
        up = torch.zeros_like(points)
        up[:, 1] = 1
        surface = Surface(mesh.vertices, mesh.faces)
        open_sky = shading.openness(surface, points, up, reach=reach, count=160).reshape(1, N, N)
        smooth = torch.nn.functional.avg_pool2d(open_sky, 3, stride=1, padding=1, count_include_pad=False)
        return cls(smooth[0], centre, reach)

    def shade(self, camera: Camera) -> np.ndarray:
        """(H,W) in [0, 1]: how dark the floor is where the camera's rays meet it."""
        origins, directions = cameras.rays(camera)
        steps = (self.centre[1] - origins[..., 1]) / directions[..., 1].clamp_max(-1e-6)
        spot = (origins + steps[..., None] * directions - self.centre)[..., [0, 2]] / self.reach
        dark = torch.nn.functional.grid_sample(
            (1 - self.open_sky)[None, None], spot[None], align_corners=False, padding_mode="zeros", mode="bilinear"
        )[0, 0]
        edge = (1 - spot.norm(dim=-1)).clamp(0, 1)
        return (dark * edge).clamp(0, 1).cpu().numpy()


def _on_paper(image: Image, camera: Camera, ground: _Ground | None) -> Image:
    """The drawing on a grey that falls off downwards, with the floor's shadow behind it."""
    H, W, _ = sizes("H W C", image)
    fall = np.linspace(0, 1, H, dtype=np.float32)[:, None, None]
    paper = np.float32(TOP) * (1 - fall) + np.float32(BOTTOM) * fall
    paper = np.broadcast_to(paper, (H, W, 3))
    if ground is not None:
        paper = paper * (1 - 0.75 * ground.shade(camera.to(ground.centre)))[..., None]
    return picture.on_background(image, np.rint(paper).astype(np.uint8))
