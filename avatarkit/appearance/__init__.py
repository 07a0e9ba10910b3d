"""What people look like: colours and fine relief of skin, hair and cloth, light, photos, textures.

    looks = prepared(dressed, model, seed=…, age=…, sex=…)          once a person
    albedo(looks, face, barycentric, footprint=…)                   (P,3) sRGB, without light
    relief(looks, face, barycentric, normals, footprint=…)          (P,3) normals with yarn, grain, strands
    photograph(looks, camera, generator, light=…, backdrop=…)       image and mask
    baked(looks, faces, uvs, size)                                  a texture

Everything is painted in 3D, at places of the resting body: any pixel, texel or vertex can ask for its colour.
"""

from avatarkit.appearance.albedo import albedo
from avatarkit.appearance.backdrop import BACKDROPS
from avatarkit.appearance.baking import baked
from avatarkit.appearance.lighting import KINDS, Light, random_light
from avatarkit.appearance.looks import Looks, prepared
from avatarkit.appearance.photograph import Photo, photograph
from avatarkit.appearance.relief import relief

__all__ = [
    "BACKDROPS", "KINDS", "Light", "Looks", "Photo", "albedo", "baked", "photograph", "prepared", "random_light",
    "relief",
]  # fmt: skip
