"""Every artefact's format: the only place that opens one. DESIGN §2 says what each holds.

`read_*` are bounded and raise InputMissing or BadData, the file's name first; `write_*` are atomic.
"""

from avatarkit.files.artefacts import (
    body_models,
    read_arrays,
    read_body_model,
    read_body_model_of,
    read_clip,
    read_keypoints,
    read_landmarks,
    read_normals,
    read_person,
    read_prompt,
    read_sight,
    write_normals,
    write_person,
    write_text,
)
from avatarkit.files.avatars import read_played, write_avatar
from avatarkit.files.clothes import read_wardrobe
from avatarkit.files.meshes import read_mesh, write_mesh, write_scene
from avatarkit.files.models import read_colours, read_dual, read_pipeline
from avatarkit.files.networks import (
    append_line,
    read_codec,
    read_glance,
    read_regressor,
    read_training,
    write_network,
    write_training,
)
from avatarkit.files.pictures import read_focal, read_image, read_mask, read_photo, write_movie, write_picture
from avatarkit.files.results import Result, read_encoder, read_inception, read_people, read_result, read_truth

__all__ = [
    "Result",
    "append_line",
    "body_models",
    "read_arrays",
    "read_body_model",
    "read_body_model_of",
    "read_clip",
    "read_codec",
    "read_colours",
    "read_dual",
    "read_encoder",
    "read_focal",
    "read_glance",
    "read_image",
    "read_inception",
    "read_keypoints",
    "read_landmarks",
    "read_mask",
    "read_mesh",
    "read_normals",
    "read_people",
    "read_person",
    "read_photo",
    "read_pipeline",
    "read_played",
    "read_prompt",
    "read_regressor",
    "read_result",
    "read_sight",
    "read_training",
    "read_truth",
    "read_wardrobe",
    "write_avatar",
    "write_mesh",
    "write_movie",
    "write_network",
    "write_normals",
    "write_person",
    "write_picture",
    "write_scene",
    "write_text",
    "write_training",
]
