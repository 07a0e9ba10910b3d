"""Eyes and mouth opened: what seals them taken out, the template's eyes, teeth, tongue and mouth put in."""

import logging
from collections.abc import Mapping

import torch
from torch import Tensor

from avatarkit.atlas.layout import GAP, fitted, islands_of
from avatarkit.atlas.template import keys_of
from avatarkit.body import BodyModel, PosedBody
from avatarkit.mesh import Mesh, submesh
from avatarkit.rotation import similarity

log = logging.getLogger("avatarkit")

INNER: Mapping[str, tuple[float, float, float, float]] = {
    "right_eye": (0.74, 0.85, 0.785, 0.9), "left_eye": (0.785, 0.85, 0.83, 0.9),
    "upper_teeth": (0.74, 0.9, 0.83, 0.94), "lower_teeth": (0.74, 0.94, 0.83, 0.98),
    "tongue": (0.83, 0.85, 0.865, 0.93), "mouth": (0.83, 0.93, 1.0, 1.0),
    "right_socket": (0.865, 0.85, 0.9325, 0.93), "left_socket": (0.9325, 0.85, 1.0, 0.93),
}  # fmt: skip
"""Left, top, right, bottom of the inner parts' charts in the texture."""
FADE = 0.01
"""Metres within which a rim that the mesh has elsewhere takes the inner parts along."""


def unsealed(mesh: Mesh, model: BodyModel) -> tuple[Mesh, Tensor | None]:
    """The mesh without the triangles that seal eyes and mouth, and (V) the mesh's vertex of each of the model's on the
    rims, -1 elsewhere; the mesh as it is, and None, where it does not have all of them as the template has."""
    if model.outer_faces is None:
        return mesh, None
    outer = keys_of(model.outer_faces)
    seals = outer[~torch.isin(outer, keys_of(model.faces))]
    found = torch.isin(keys_of(mesh.attributes["_TEMPLATE"].long()[mesh.faces]), seals)
    if int(found.sum()) != len(seals) or len(seals) == 0:
        log.warning("eyes and mouth stay closed: the mesh has %d of %d triangles", int(found.sum()), len(seals))
        return mesh, None
    rim = torch.unique(mesh.faces[found])
    of_model = torch.full((len(model.v_template),), -1)
    of_model[mesh.attributes["_TEMPLATE"].long()[rim]] = rim
    return Mesh(mesh.vertices, mesh.faces[~found], mesh.attributes, None, mesh.images), of_model


def inner_parts(model: BodyModel) -> tuple[Tensor, Tensor, Tensor]:
    """The model's faces inside of eyes and mouth (K,3), their texture coordinates (K,3,2; v down) each part in its
    rectangle, and its place in INNER (K). Of eyeballs their front halves."""
    assert model.outer_faces is not None and model.face_part is not None
    inside = ~torch.isin(keys_of(model.faces), keys_of(model.outer_faces))
    island, middle = islands_of(model), model.v_template[model.faces].mean(dim=1)
    faces, uvs, parts = [], [], []
    for number, (name, rectangle) in enumerate(INNER.items()):
        side, _, limb = name.partition("_")
        part = "eye_socket" if limb == "socket" else name
        own = inside & (model.face_part == model.part_names.index(part))
        if limb == "socket":
            own &= (middle[:, 0] > 0) == (side == "left")
        if limb == "eye":
            fronts = {int(k): float(middle[own & (island == k), 2].mean()) for k in torch.unique(island[own])}
            own &= island == max(fronts, key=lambda k: fronts[k])
        into = torch.tensor(rectangle).reshape(2, 2) + torch.tensor([[GAP], [-GAP]])
        faces.append(model.faces[own])
        uvs.append(fitted(model, own, into)[own])
        parts.append(torch.full((int(own.sum()),), number))
    return torch.cat(faces), torch.cat(uvs), torch.cat(parts)


def furnished(mesh: Mesh, rims: Tensor, model: BodyModel, posed: PosedBody) -> tuple[Mesh, Tensor]:
    """The mesh (with `uvs`) and the inner parts, moved with the face and joined at the `rims` (V) of `unsealed`; and
    (F) each face's place in INNER, -1 for those that were there.

    New vertices have `_TEMPLATE`, `_PART` and `_VERTEX` as the mesh's, and 0 of all else.
    """
    assert mesh.uvs is not None and model.part is not None
    faces, uvs, parts = inner_parts(model)
    template = mesh.attributes["_TEMPLATE"].long()
    face = model.part_names.index("face")
    known = ((template < len(model.v_template)) & (mesh.attributes["_PART"] == face)).nonzero()[:, 0]
    linear, shift = similarity(posed.vertices[template[known]], mesh.vertices[known])
    moved = posed.vertices @ linear.T + shift
    on_rim = (rims >= 0).nonzero()[:, 0]
    off, used = mesh.vertices[rims[on_rim]] - moved[on_rim], torch.unique(faces)
    distance, nearest = torch.cdist(moved[used], moved[on_rim]).min(dim=1)
    moved[used] += off[nearest] * torch.exp(-distance / FADE)[:, None]
    new = used[rims[used] < 0]
    place = rims.clone()
    place[new] = len(mesh.vertices) + torch.arange(len(new))
    attributes = {name: _more(name, values, new, model.part) for name, values in mesh.attributes.items()}
    vertices = torch.cat([mesh.vertices, moved[new]])
    whole = Mesh(vertices, torch.cat([mesh.faces, place[faces]]), attributes, torch.cat([mesh.uvs, uvs]), mesh.images)
    return whole, torch.cat([torch.full((len(mesh.faces),), -1), parts])


def _more(name: str, values: Tensor, new: Tensor, part: Tensor) -> Tensor:
    more = values.new_zeros(len(new), *values.shape[1:])
    if name == "_TEMPLATE":
        more = new.to(values.dtype)
    elif name == "_PART":
        more = part[new].to(values.dtype)
    return torch.cat([values, more])


def without_strays(mesh: Mesh) -> Mesh:
    """The mesh without vertices that no face has, and `_VERTEX` counted anew."""
    found, _ = submesh(mesh, torch.ones(len(mesh.faces), dtype=torch.bool))
    if "_VERTEX" in found.attributes:
        found = found.having(_VERTEX=torch.arange(len(found.vertices), dtype=torch.float32))
    return found
