"""Where each face of a person lies in a texture: semantic charts, which texel shows what, how good it is.

atlas = unwrapped(mesh, model, person)         charts by body part and garment, the same places for everybody
atlas = of_template(mesh, model)               the body's own coordinates; `kept`: the mesh's; `automatic`: xatlas'
shown = texels(atlas, 2048)                    the face and barycentric weights at each texel's centre
image = padded(image, shown)                   colours grown beyond the charts' rims
"""

from avatarkit.atlas.atlas import Atlas, islands, seams
from avatarkit.atlas.automatic import automatic
from avatarkit.atlas.given import kept, of_template
from avatarkit.atlas.measuring import measured, seam_jump, turned_over
from avatarkit.atlas.texels import Texels, padded, texels
from avatarkit.atlas.unwrapping import unwrapped

__all__ = [
    "Atlas",
    "Texels",
    "automatic",
    "islands",
    "kept",
    "measured",
    "of_template",
    "padded",
    "seam_jump",
    "seams",
    "texels",
    "turned_over",
    "unwrapped",
]
