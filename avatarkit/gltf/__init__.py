"""glTF 2.0, bytes to arrays and back: `encode(scene)` gives a GLB, `decode(data)` a `Scene`. Nothing is opened here.

A scene is glTF's own shape with the accessors gone: nodes, meshes, skins, materials, images and animations are
tuples, and refer to each other by place, so that extensions such as VRMC_vrm keep theirs. Metres, +Y up, the
front faces +Z; UV (0, 0) is the upper left corner of the image. A texture has the index of its image.
"""

from avatarkit.gltf.playing import posed, sampled
from avatarkit.gltf.read import decode
from avatarkit.gltf.scene import (
    Animation,
    Channel,
    Image,
    Material,
    Mesh,
    Node,
    Primitive,
    Scene,
    Skin,
    skeleton,
    world_from_nodes,
    world_primitives,
)
from avatarkit.gltf.write import encode, normalised

__all__ = [
    "Animation",
    "Channel",
    "Image",
    "Material",
    "Mesh",
    "Node",
    "Primitive",
    "Scene",
    "Skin",
    "decode",
    "encode",
    "normalised",
    "posed",
    "sampled",
    "skeleton",
    "world_from_nodes",
    "world_primitives",
]
