"""blender.py IN BONE EXPRESSION OUT.npy, in Blender's Python: imports a GLB or an FBX, turns BONE by -60° about glTF's
Z, shows EXPRESSION, and writes where Blender has the vertices then (V, 3), in glTF's axes."""

import sys
from math import radians

import bpy
import numpy as np
from mathutils import Matrix

source, bone, expression, out = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
(bpy.ops.import_scene.fbx if source.endswith(".fbx") else bpy.ops.import_scene.gltf)(filepath=source)
armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
# The importer of glTF adds an icosphere, as the bones' shape.
mesh = next(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.data.shape_keys)
for animated in (armature, mesh.data.shape_keys):
    animated.animation_data_clear()
for posed in armature.pose.bones:
    posed.matrix_basis = Matrix()
for key in mesh.data.shape_keys.key_blocks:
    key.value = float(key.name == expression)
bpy.context.view_layer.update()  # `matrix` below is set from where the parents are
posed = armature.pose.bones[bone]
head = Matrix.Translation(posed.bone.head_local)
posed.matrix = head @ Matrix.Rotation(radians(60), 4, "Y") @ head.inverted() @ posed.bone.matrix_local
bpy.context.view_layer.update()

evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
found = evaluated.to_mesh()
places = np.empty(3 * len(found.vertices), np.float32)
found.vertices.foreach_get("co", places)
x, y, z = np.array(evaluated.matrix_world)[:3] @ np.c_[places.reshape(-1, 3), np.ones(len(found.vertices))].T
np.save(out, np.stack([x, z, -y], 1))
