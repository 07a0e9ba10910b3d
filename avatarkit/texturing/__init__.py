"""A person's colours on the texels of an atlas: the work of texture-uv.

painted(mesh, model, person, maps, size=2048, …)    the mesh in an atlas, its pictures, their sources
coloured(places, model, person, sights)             colours of any places on a mesh
optimised(image, source, mesh, sights)              a texture as sharp as the pictures that it is from

Photo, mirror image, albedo row, continuation: each covers what those before it left open, tuned to them (`layering`).
"""

from avatarkit.places import Places
from avatarkit.texturing.colouring import coloured
from avatarkit.texturing.optimising import optimised
from avatarkit.texturing.painting import Painted, check, painted, pictured
from avatarkit.texturing.sights import SOURCES, Sight, of_maps, of_photo

__all__ = [
    "SOURCES",
    "Painted",
    "Places",
    "Sight",
    "check",
    "coloured",
    "of_maps",
    "of_photo",
    "optimised",
    "painted",
    "pictured",
]
