"""A person in a tunic and a cap of hair for tests: skin of the built-in body, cloth made of its own faces."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from avatarkit import files
from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh, vertex_normals
from avatarkit.outfit import Complexion, Garment, Hair, Outfit, Pattern
from avatarkit.tailor.piece import PANEL, Dressed, Piece

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)
PLAIN = Pattern(colours=(RED,))


@lru_cache(maxsize=1)
def builtin() -> BodyModel:
    return files.read_body_model("builtin")


def person(pattern: Pattern = PLAIN, fabric: str = "cotton", **complexion: object) -> Dressed:
    """The template itself, in a garment of one panel over the torso, hair over the scalp; eyes are open."""
    model = builtin()
    top = Garment("t-shirt", fabric=fabric, pattern=pattern)
    hair = Hair("bob", (0.5, 0.3, 0.1))
    outfit = Outfit(top=top, hair=hair, complexion=replace(Complexion(), **complexion))  # type: ignore[arg-type]
    names = np.array(model.part_names)[model.face_part.numpy()]
    bare = model.faces[torch.from_numpy(names != "torso")]
    mesh, panel = Mesh(model.v_template, bare), torch.zeros(len(bare), dtype=torch.uint8)
    skin = Piece("skin", None, mesh, model.v_template, model.lbs_weights, panel)
    return Dressed(outfit, (skin, _copied("top", top, names == "torso", "body"),
                            _copied("hair", hair, names == "hair_cap", "strand")))  # fmt: skip


def _copied(slot: str, made_of: Garment | Hair, chosen: np.ndarray, panel: str) -> Piece:
    model = builtin()
    used, corners = torch.unique(model.faces[torch.from_numpy(chosen)], return_inverse=True)
    points = (model.v_template + 0.01 * vertex_normals(model.v_template, model.faces))[used]
    return Piece(slot, made_of, Mesh(points, corners), points, model.lbs_weights[used],
                 torch.full((len(corners),), PANEL[panel], dtype=torch.uint8))  # fmt: skip
