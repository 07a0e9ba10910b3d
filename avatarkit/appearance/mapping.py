"""A dressed person as maps: what `normals.png` holds of them, with albedo and labels, seen by any cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatarkit import camera as cameras
from avatarkit.appearance.albedo import albedo
from avatarkit.appearance.looks import Looks
from avatarkit.appearance.relief import relief
from avatarkit.appearance.sight import Sight, seen
from avatarkit.camera import Camera
from avatarkit.maps import PARTS, Maps, View
from avatarkit.mesh import face_normals, vertex_normals
from avatarkit.tailor.piece import PANEL, Dressed

Array = NDArray[np.float32]


def mapped(looks: Looks, dressed: Dressed, views: Sequence[View], *, coloured: bool = True) -> Maps:
    """Normals with their fine relief, albedo (if `coloured`) and labels of PARTS, each trusted fully; square views.

    `looks` are those of `dressed`. A nearest and a farthest view of one camera have the same silhouette.
    """
    smooth = vertex_normals(looks.mesh.vertices.detach(), looks.mesh.faces).numpy()
    labels = labels_of(dressed)
    found = [viewed(looks, view, smooth, labels, coloured) for view in views]
    normals, parts = np.stack([view[0] for view in found]), np.stack([view[2] for view in found])
    albedos = [view[1] for view in found if view[1] is not None]
    return Maps(tuple(views), normals, np.stack(albedos) if albedos else None, parts)


def labels_of(dressed: Dressed) -> NDArray[np.int64]:
    """(F): the PARTS of the faces of `Dressed.combined`."""
    found = []
    for piece in dressed.pieces:
        part = np.full(len(piece.panel), PARTS.index(piece.slot))
        if piece.slot == "skin":
            part[piece.panel.numpy() == PANEL["eye"]] = PARTS.index("eyes")
        found.append(part)
    return np.concatenate(found)


def footprint_of(camera: Camera, looks: Looks) -> float:
    """Metres that a pixel spans on the person, about."""
    if camera.kind == "orthographic":
        return 1 / float(camera.K[0, 0])
    _, depth = cameras.project(camera, looks.mesh.vertices.detach().mean(dim=0, keepdim=True))
    return float(depth[0]) / float(camera.K[0, 0])


def viewed(
    looks: Looks, view: View, smooth: Array, labels: NDArray[np.int64], coloured: bool
) -> tuple[Array, Array | None, Array]:
    """Normals (H,W,4), colours (H,W,4) and labels (H,W,2) of a view, as in Maps, of `smooth` vertex normals (V,3) and
    `labels` (F)."""
    camera, footprint = view.camera, footprint_of(view.camera, looks)
    sight = seen(looks, camera, footprint=footprint, surface=view.surface)  # type: ignore[arg-type]
    normals = (smooth[looks.corners[sight.face]] * sight.barycentric[..., None].astype(np.float32)).sum(axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    bent = relief(looks, sight.face, sight.barycentric, normals, footprint=footprint)
    away = -1.0 if view.surface == "farthest" else 1.0
    towards = away * _to_viewer(looks, camera, sight)
    # the inside of a hem or sleeve looks to the viewer as its outside would; relief tips no normal past the rim
    flat = face_normals(looks.mesh.vertices.detach(), looks.mesh.faces).numpy()[sight.face]
    bent[(flat * towards).sum(axis=1) < 0] *= -1
    bent -= np.minimum((bent * towards).sum(axis=1, keepdims=True), 0) * towards
    turned = cameras.view_normals(camera, looks.mesh.vertices.new_tensor(bent)).numpy()
    turned[:, 2] *= away
    cover = _spread(sight, np.ones((len(sight.face), 1)), camera)
    normal = _spread(sight, turned, camera)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    colours = None
    if coloured:
        colour = _spread(sight, albedo(looks, sight.face, sight.barycentric, footprint=footprint), camera)
        colours = np.concatenate([colour / np.maximum(cover, 1e-6), cover], axis=-1)
    return np.concatenate([normal, cover], axis=-1), colours, _labelled(sight, labels, camera)


def _to_viewer(looks: Looks, camera: Camera, sight: Sight) -> Array:
    """(P,3) unit: from the points to the camera."""
    if camera.kind == "orthographic":
        return np.tile(-camera.cam_from_world[2, :3].float().numpy(), (len(sight.face), 1))
    vertices = looks.mesh.vertices.detach().numpy()
    points = (vertices[looks.corners[sight.face]] * sight.barycentric[..., None].astype(np.float32)).sum(axis=1)
    towards = camera.position.float().numpy() - points
    found: Array = towards / np.linalg.norm(towards, axis=1, keepdims=True)
    return found


def _spread(sight: Sight, values: NDArray, camera: Camera) -> Array:
    """(H,W,C): the sum over each pixel of its points' `values` (P,C), by their share of it."""
    W, H = camera.size
    channels = [np.bincount(sight.pixel, column * sight.weight, minlength=H * W) for column in values.T]
    return np.stack(channels, axis=-1).reshape(H, W, -1).astype(np.float32)


def _labelled(sight: Sight, labels: NDArray[np.int64], camera: Camera) -> Array:
    """(H,W,2): the label that covers most of each pixel, and a trust of 1 where there is one."""
    W, H = camera.size
    shares = np.bincount(
        sight.pixel * len(PARTS) + labels[sight.face], sight.weight, minlength=H * W * len(PARTS)
    ).reshape(H, W, -1)
    part = shares.argmax(axis=-1)
    return np.stack([part, shares.max(axis=-1) > 0], axis=-1).astype(np.float32)
