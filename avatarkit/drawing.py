"""A mesh as one camera sees it: visibility by our rasteriser, light by `shading`. No files, no layout."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import picture, render, shading
from avatarkit.camera import Camera
from avatarkit.mesh import Mesh, face_normals, unit, vertex_normals
from avatarkit.picture import Image
from avatarkit.render import Topology
from avatarkit.surface import Surface

Mode = Literal["shaded", "normals", "texture", "parts"]
MODES: tuple[Mode, ...] = ("shaded", "normals", "texture", "parts")


def draw(
    mesh: Mesh,
    camera: Camera,
    mode: Mode = "shaded",
    *,
    supersampling: int = 2,
    shadows: bool = True,
    topology: Topology | None = None,
) -> Image:
    """(H,W,4) uint8: the mesh seen by the camera, A = coverage. Both sides of a face are shown; `shadows`: the lamp's.

    Many views of one mesh share its `topology`.

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
        topology = topology or Topology.of(mesh.faces, len(mesh.vertices))
        mixed = picture.averaged(_coloured(mesh, fine, mode, shadows, topology), supersampling)
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


def _coloured(mesh: Mesh, camera: Camera, mode: Mode, shadows: bool, topology: Topology) -> np.ndarray:
    """(H,W,4) float32: linear light (a normal as (n+1)/2) times coverage, and coverage; silhouettes are antialiased."""
    vertices = mesh.vertices.detach()
    clip = _clip(vertices, camera)
    raster = render.rasterize(clip, mesh.faces, camera.size, topology=topology)
    row, column = raster[0, ..., 3].nonzero(as_tuple=True)
    seen = _Seen.at(mesh, camera, raster[0, row, column], torch.stack([column, row], dim=1) + 0.5)
    normals = cameras.view_normals(camera, seen.normals)
    colours = (normals + 1) / 2
    if mode != "normals":
        up = cameras.view_normals(camera, camera.K.new_tensor([0.0, 1.0, 0.0]))
        albedo, gloss = _albedo(mesh, seen, mode)
        lamp = seen.of(_key_light(mesh, camera)) if shadows else torch.ones_like(normals[:, 0])
        colours = shading.tone_mapped(shading.lit(albedo, normals, up, seen.of(_open_sky(mesh)), lamp, gloss=gloss))
    image = vertices.new_zeros(1, camera.size[1], camera.size[0], 4)
    image[0, row, column] = torch.cat([colours, torch.ones_like(colours[:, :1])], dim=1)
    return render.antialias(image, raster, clip, mesh.faces, topology)[0].cpu().numpy()


def _clip(vertices: Tensor, camera: Camera) -> Tensor:
    """(1,V,4): the vertices in clip space, between planes just before and behind them."""
    _, depth = cameras.project(camera, vertices)
    near, far = float(depth.min()), float(depth.max())
    margin = 0.01 * max(far - near, 1e-6) + 1e-6
    near = max(near - margin, 0.01) if camera.kind == "perspective" else near - margin
    clip_from_world = cameras.clip_from_world(camera, near, max(far, near) + margin)
    return (vertices @ clip_from_world[:, :3].T + clip_from_world[:, 3])[None]


@dataclass(frozen=True)
class _Seen:
    """The surface at P pixels: corners (P,3) in the mesh's vertices, face (P,), barycentric (P,3), normals (P,3)."""

    corners: Tensor
    face: Tensor
    barycentric: Tensor
    normals: Tensor

    @classmethod
    def at(cls, mesh: Mesh, camera: Camera, raster: Tensor, pixels: Tensor) -> "_Seen":
        face, vertices = raster[:, 3].long() - 1, mesh.vertices.detach()
        barycentric = torch.cat([raster[:, :2], 1 - raster[:, :2].sum(dim=1, keepdim=True)], dim=1).to(vertices)
        corners = mesh.faces[face]
        smooth = unit(_mixed(_normals(mesh), corners, barycentric))
        flat = face_normals(vertices, mesh.faces)[face]
        smooth = torch.where((smooth * flat).sum(dim=1, keepdim=True) < 0, flat, smooth)
        ahead = cameras.unproject(camera, pixels.to(vertices), torch.ones_like(barycentric[:, 0]))
        sight = camera.cam_from_world[2, :3] if camera.kind == "orthographic" else ahead - camera.position
        # a face seen from behind is lit as if turned round
        smooth = torch.where((flat * sight).sum(dim=1, keepdim=True) > 0, -smooth, smooth)
        return cls(corners, face, barycentric, smooth)

    def of(self, values: Tensor) -> Tensor:
        """(P,): a value (V,) of each vertex at the pixels."""
        return _mixed(values[:, None], self.corners, self.barycentric)[:, 0]


def _mixed(values: Tensor, corners: Tensor, shares: Tensor) -> Tensor:
    """(P,C): what each vertex has (V,C), mixed by the `shares` (P,3) of the corners (P,3); a sum over dim 1 is slow."""
    a, b, c = (values[corner] * share[:, None] for corner, share in zip(corners.T, shares.T, strict=True))
    return a + b + c


def _open_sky(mesh: Mesh) -> Tensor:
    known = mesh.attributes.get("open_sky")
    return mesh.vertices.new_ones(len(mesh.vertices)) if known is None else known


def _key_light(mesh: Mesh, camera: Camera) -> Tensor:
    """(V,) in [0, 1]: how much of the key lamp is in sight; asked at the vertices, so that shadows have no noise."""
    vertices, normals = mesh.vertices.detach(), _normals(mesh)
    towards = cameras.world_normals(camera, shading.direction(shading.KEY, camera.K))
    reach = float((vertices.amax(0) - vertices.amin(0)).norm())
    surface = Surface(vertices, mesh.faces)
    return shading.lamp_seen(surface, vertices, normals, towards, reach=reach)


def _normals(mesh: Mesh) -> Tensor:
    known = mesh.attributes.get("normals")
    return vertex_normals(mesh.vertices.detach(), mesh.faces) if known is None else known


def _albedo(mesh: Mesh, seen: _Seen, mode: Mode) -> tuple[Tensor, float]:
    """Linear colours (P,3) of the surface, and how much it shines."""
    corners, like = seen.corners, mesh.vertices
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
        return _mixed(colours.to(like), corners, seen.barycentric), 0.5
    return like.new_tensor(shading.CLAY).expand(len(corners), 3), 1.0


def _sampled(image: Tensor, uv: Tensor) -> Tensor:
    """Linear colours (P,3) of a texture (H,W,3|4) at `uv` (P,2), glTF's (v down), bilinear, repeated outside 0..1."""
    H, W = image.shape[:2]
    texels = image[..., :3].cpu()
    x, y = uv[:, 0].cpu() * W - 0.5, uv[:, 1].cpu() * H - 0.5
    left, top = x.floor().long(), y.floor().long()
    s, t = (x - left)[:, None], (y - top)[:, None]

    def light(row: Tensor, column: Tensor) -> Tensor:
        return torch.from_numpy(picture.linear_from_srgb(texels[row % H, column % W].numpy())).to(s)

    above = torch.lerp(light(top, left), light(top, left + 1), s)
    below = torch.lerp(light(top + 1, left), light(top + 1, left + 1), s)
    return torch.lerp(above, below, t)
