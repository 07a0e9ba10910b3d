"""The differentiable renderer: nvdiffrast's operators on a CPU, the same fused, and silhouettes found by walking.

    images, coverages = render(vertices, faces, cameras, attributes)        gradients to vertices and attributes
    loss = render_l1(vertices, faces, cameras, attributes, targets, masks)  the same, to a loss, cheaper
    rast = rasterize(clip, faces, size)                                     u, v, z / w, 1 + triangle; no antialiasing

Kernels are compiled by numba at their first call (10 to 20 s after installation, said on the logger "avatarkit") and
kept on disk. Threads: `torch.set_num_threads`; results do not depend on it, bit for bit.
"""

from avatarkit.render.fused import render, render_l1
from avatarkit.render.normals import vertex_normals
from avatarkit.render.operators import antialias, interpolate, rasterize
from avatarkit.render.texturing import texture, texture_level
from avatarkit.render.topology import Topology

__all__ = [
    "Topology",
    "antialias",
    "interpolate",
    "rasterize",
    "render",
    "render_l1",
    "texture",
    "texture_level",
    "vertex_normals",
]
