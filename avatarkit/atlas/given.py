"""Atlases that exist already: the mesh's own, the template's."""

import torch

from avatarkit.atlas.atlas import Atlas, islands
from avatarkit.body import BodyModel
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh


def kept(mesh: Mesh) -> Atlas:
    """The mesh's own texture coordinates. Raises BadData where it has none, or where they leave the texture."""
    if mesh.uvs is None:
        raise BadData("mesh: it has no texture coordinates to keep: leave --atlas keep out")
    low, high = float(mesh.uvs.min()), float(mesh.uvs.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise BadData(f"mesh: its texture coordinates are {low:.2f} to {high:.2f}, expected 0 to 1: pack them anew")
    return numbered(mesh)


def of_template(mesh: Mesh, model: BodyModel) -> Atlas:
    """The body's own texture coordinates, for a mesh with its faces. Raises BadData for other meshes and bodies."""
    if model.uv is None or model.uv_faces is None:
        raise BadData(f"body {model.name}: its file has no texture coordinates: leave --atlas template out")
    if not torch.equal(mesh.faces, model.faces):
        found = f"{len(mesh.vertices)} vertices, {len(mesh.faces)} faces"
        wanted = f"{len(model.v_template)}, {len(model.faces)}"
        raise BadData(f"mesh: it has {found}, the body {wanted}: --atlas template needs the body's own triangles")
    uvs = (model.uv * model.uv.new_tensor([1, -1]) + model.uv.new_tensor([0, 1]))[model.uv_faces]
    return numbered(Mesh(mesh.vertices, mesh.faces, mesh.attributes, uvs, mesh.images))


def numbered(mesh: Mesh) -> Atlas:
    """The atlas of a mesh with `uvs`, its islands as charts."""
    none = torch.zeros(len(mesh.faces), dtype=torch.int64)
    charts = islands(Atlas(mesh, none, ()))
    return Atlas(mesh, charts, tuple(f"chart_{k}" for k in range(int(charts.max()) + 1)))
