"""A photo of a dressed person: what is seen, the light on it, what stands behind, what the camera makes of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import camera as cameras
from avatarkit.appearance.albedo import albedo
from avatarkit.appearance.backdrop import FLOORED, Behind, behind, blurred, fitting_backdrop
from avatarkit.appearance.development import developed, exposure_of
from avatarkit.appearance.lighting import BAND_GAIN, Light, basis, irradiance, random_light, sphere
from avatarkit.appearance.looks import Looks
from avatarkit.appearance.relief import relief
from avatarkit.appearance.shading import Scene, comb, shade_points
from avatarkit.appearance.shadows import DepthMaps, depth_maps, see_lamp, see_light
from avatarkit.appearance.sight import Sight, seen
from avatarkit.camera import Camera
from avatarkit.mesh import face_normals, vertex_normals

Array = NDArray[np.float64]

DIRECTIONS, SKY_PIXELS, LAMP_PIXELS = 26, 192, 1024
FLOOR_DIRECTIONS, FLOOR_PIXELS = 160, 56
"""The floor asks more directions, of coarser maps: few would be seen as so many faint shadows."""
COARSER = 2
"""Pixels of the photo across one of the backdrop's."""


class Photo(NamedTuple):
    """`image` (H,W,3) uint8 sRGB, `mask` (H,W) uint8 coverage by the person."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def photograph(
    looks: Looks,
    camera: Camera,
    generator: np.random.Generator,
    *,
    light: Light | None = None,
    backdrop: str | None = None,
    noise: bool = True,
) -> Photo:
    """The person in `light` before a `backdrop` of BACKDROPS, drawn where not given; `noise` as a real camera's.

    ValueError for an unknown backdrop.
    """
    light = light or random_light(generator)
    backdrop = backdrop or fitting_backdrop(light, generator)
    vertices = looks.mesh.vertices.detach().cpu().double().numpy()
    shades = _Shades.of(looks, vertices, light)
    W, H = camera.size
    sight, found = _lit(looks, camera, light, shades)
    channels = [
        np.bincount(sight.pixel, values * sight.weight, minlength=H * W) for values in (*found.T, np.ones(len(found)))
    ]
    person, cover = np.stack(channels[:3], axis=-1).reshape(H, W, 3), channels[3].reshape(H, W, 1)
    image = person + (1 - cover) * _backdrop(backdrop, light, camera, shades, vertices, generator)
    towards = camera.position.double().numpy() - vertices.mean(0)
    exposure = exposure_of(light, towards / np.linalg.norm(towards), found.mean(0), generator if noise else None)
    mask = np.rint(255 * np.clip(cover[..., 0], 0, 1)).astype(np.uint8)
    return Photo(developed(image, exposure, generator, noise=noise), mask)


class _Shades(NamedTuple):
    """Vertex normals (V,3), the share (V,3) of the environment's light that vertices get, and the maps."""

    normals: Array
    free: Array
    sky: DepthMaps
    lamp: DepthMaps

    @classmethod
    def of(cls, looks: Looks, vertices: Array, light: Light) -> _Shades:
        normals = vertex_normals(looks.mesh.vertices.detach(), looks.mesh.faces).double().numpy()
        directions = sphere(DIRECTIONS)
        sky = depth_maps(vertices, looks.corners, directions, SKY_PIXELS)
        lamp = depth_maps(vertices, looks.corners, light.towards[None], LAMP_PIXELS)
        seen = np.empty((len(directions), len(vertices)))
        see_light(vertices, normals, sky.axes, sky.centre, sky.reach, sky.depths, 2.2 * sky.reach / SKY_PIXELS, seen)
        return cls(normals, _free(seen, normals, directions, light), sky, lamp)


def _free(seen: Array, normals: Array, directions: Array, light: Light) -> Array:
    """(P,3): the environment's light that arrives, over what would if nothing hid it."""
    radiance = np.maximum(basis(directions) @ light.sh, 0.02)
    cosine = np.maximum(directions @ normals.T, 0)
    arriving = (cosine * seen).T @ radiance
    found: Array = arriving / np.maximum(cosine.T @ radiance, 1e-6)
    return found


def _lit(looks: Looks, camera: Camera, light: Light, shades: _Shades) -> tuple[Sight, Array]:
    """The points that the camera sees, and the linear light (P,3) that comes from them."""
    posed, eye = looks.mesh.vertices.detach().double().numpy(), camera.position.double().numpy()
    forward, footprint = camera.cam_from_world[2, :3].double().numpy(), 1 / float(camera.K[1, 1])
    if camera.kind == "perspective":
        footprint *= max(float(np.median((posed - eye) @ forward)), 0.05)
    sight = seen(looks, camera, footprint=footprint)
    corners = looks.corners[sight.face]
    points, normals, free = (
        _mixed(values, corners, sight.barycentric) for values in (posed, shades.normals, shades.free)
    )
    eyes = eye - points if camera.kind == "perspective" else np.tile(-forward, (len(points), 1))
    eyes /= np.linalg.norm(eyes, axis=1, keepdims=True)
    flat = face_normals(looks.mesh.vertices.detach(), looks.mesh.faces).double().numpy()[sight.face]
    turned = np.where((flat * eyes).sum(1, keepdims=True) < 0, -1.0, 1.0)
    normals = turned * normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    colours = albedo(looks, sight.face, sight.barycentric, footprint=footprint)
    bent = relief(looks, sight.face, sight.barycentric, normals, footprint=footprint)
    lamp = lamp_seen(shades.lamp, points, normals, light)
    found = np.empty((len(points), 3))
    tangents = np.zeros_like(posed)
    comb(looks.rows, looks.row, looks.corners, looks.places, posed, tangents)
    shade_points(_scene(light, camera), looks.rows, looks.row, looks.corners, tangents, sight.face, sight.barycentric,
                 colours, bent.astype(np.float64), eyes, free, lamp, found)  # fmt: skip
    return sight, found


def _mixed(values: Array, corners: NDArray[np.int64], barycentric: Array) -> Array:
    found: Array = np.einsum("pk,pkc->pc", barycentric, values[corners])
    return found


def _scene(light: Light, camera: Camera) -> Scene:
    world_from_cam = camera.cam_from_world[:3, :3].double().numpy().T
    side = 1.0 if float(world_from_cam[:, 0] @ light.towards) > 0 else -1.0
    glint = world_from_cam @ np.array([0.42 * side, -0.50, -1.0])
    bright = 0.55 * float(irradiance(light.sh, light.towards).mean() + 0.5 * light.colour.mean())
    return Scene(light.sh, BAND_GAIN[:, None] * light.sh, light.towards, light.colour, light.size,
                 glint / np.linalg.norm(glint), bright)  # fmt: skip


def lamp_seen(lamp: DepthMaps, points: Array, normals: Array, light: Light) -> Array:
    """(P,) in 0 … 1: how much of the lamp points (P,3) see; soft as the lamp is large."""
    soft = 0.006 + 0.16 * min(light.size, 0.3)
    i = np.arange(12) + 0.5
    radius, angle = np.sqrt(i / 12), 2.399963 * i
    offsets = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    seen = np.empty(len(points))
    bias = 0.004 + 0.35 * soft
    see_lamp(points, normals, lamp.axes[0], lamp.centre, lamp.reach, lamp.depths[0], bias, soft, offsets, seen)
    return seen


def _backdrop(kind: str, light: Light, camera: Camera, shades: _Shades, vertices: Array,
              generator: np.random.Generator) -> Array:  # fmt: skip
    """(H,W,3) linear light behind the person, with the person's shadow on the floor."""
    W, H = camera.size
    coarse = cameras.resized(camera, (-(-W // COARSER), -(-H // COARSER)))
    origins, rays = (values.double().numpy() for values in cameras.rays(coarse))
    standing = np.array([vertices[:, 0].mean(), vertices[:, 1].min(), vertices[:, 2].mean()])
    found = behind(kind, light, origins, rays, standing, generator)
    image = blurred(found.far, round(generator.uniform(0.008, 0.03) * coarse.size[1]))
    if kind in FLOORED:
        image = _floored(image, found, light, shades, vertices)
    held = torch.from_numpy(image).permute(2, 0, 1)[None]
    large = torch.nn.functional.interpolate(held, size=(H, W), mode="bilinear", align_corners=False)
    return large[0].permute(1, 2, 0).numpy()


def _floored(image: Array, found: Behind, light: Light, shades: _Shades, vertices: Array) -> Array:
    """The floor laid over what is far, in its light and shadows."""
    seen = found.floor > 0
    points = found.points[seen]
    up = np.tile([0.0, 1.0, 0.0], (len(points), 1))
    open_sky, lamp = np.ones((len(points), 3)), np.ones(len(points))
    near = np.linalg.norm(points - vertices.mean(0), axis=1) < 2.5 * shades.sky.reach
    if near.any():
        directions = sphere(FLOOR_DIRECTIONS)
        directions = directions[directions[:, 1] > 0.08]
        sky = depth_maps(vertices, None, directions, FLOOR_PIXELS)
        hidden = np.empty((len(directions), int(near.sum())))
        see_light(points[near], up[near], sky.axes, sky.centre, sky.reach, sky.depths, 0.012, hidden)
        open_sky[near] = _free(hidden, up[near], directions, light)
        lamp[near] = lamp_seen(shades.lamp, points[near], up[near], light)
    around = irradiance(light.sh, np.array([0.0, 1.0, 0.0]))
    arriving = around * open_sky + light.colour * max(float(light.towards[1]), 0.0) * lamp[:, None]
    share = found.floor[seen][:, None]
    image = image.copy()
    image[seen] = (1 - share) * image[seen] + share * found.albedo * found.grain[seen][:, None] * arriving
    return image
