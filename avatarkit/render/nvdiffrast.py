"""The operators on a CUDA device through nvdiffrast, where it is installed (non-commercial, not on PyPI).

Same names, layouts and conventions as `avatarkit.render`: NDC y down, so that row 0 is the image's top. It looks for
silhouettes only at the edges of the visible triangle, so gradients at silhouettes of fine meshes differ.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from avatarkit.errors import NotInstalled
from avatarkit.render.topology import Topology
from avatarkit.shapes import sizes


def available() -> bool:
    """Is there a CUDA device, and does nvdiffrast import?"""
    try:
        _module()
    except NotInstalled:
        return False
    return torch.cuda.is_available()


@lru_cache
def _module() -> Any:
    try:
        import nvdiffrast.torch as module
    except ImportError as error:
        raise NotInstalled(
            "nvdiffrast is not installed: pip install git+https://github.com/NVlabs/nvdiffrast (non-commercial), "
            "or leave the device at cpu"
        ) from error
    return module


@lru_cache
def _context(device: torch.device) -> Any:
    return _module().RasterizeCudaContext(device=device)


def rasterize(clip: Tensor, faces: Tensor, size: tuple[int, int]) -> Tensor:
    """`rast` (N,H,W,4) as `avatarkit.render.rasterize`, of the nearest surface."""
    sizes("N V 4, F 3", clip, faces)
    context = _context(clip.device)
    rast: Tensor = _module().rasterize(context, clip.contiguous(), faces.int(), (size[1], size[0]))[0]
    return rast


def interpolate(attributes: Tensor, rast: Tensor, faces: Tensor) -> Tensor:
    """(N,H,W,C) as `avatarkit.render.interpolate`."""
    image: Tensor = _module().interpolate(attributes.contiguous(), rast, faces.int())[0]
    return image


def antialias(colour: Tensor, rast: Tensor, clip: Tensor, faces: Tensor, topology: Topology | None = None) -> Tensor:
    """(N,H,W,C) as `avatarkit.render.antialias`, by the edges of the visible triangles; `topology` is not needed."""
    mixed: Tensor = _module().antialias(colour.contiguous(), rast, clip.contiguous(), faces.int())
    return mixed


def texture(image: Tensor, uv: Tensor, *, level: Tensor | None = None, wrap: str = "repeat") -> Tensor:
    """(N,H,W,C) as `avatarkit.render.texture`."""
    boundary = {"repeat": "wrap", "clamp": "clamp"}[wrap]
    images = image[None] if image.dim() == 3 else image
    if level is None:
        sampled: Tensor = _module().texture(images.contiguous(), uv, filter_mode="linear", boundary_mode=boundary)
        return sampled
    mixed: Tensor = _module().texture(
        images.contiguous(), uv, mip_level_bias=level, filter_mode="linear-mipmap-linear", boundary_mode=boundary
    )
    return mixed
