"""Contact sheets of whatever a stage wrote. No files; images are uint8 sRGB arrays."""

from collections.abc import Sequence

import numpy as np

from avatarkit import picture, portrait
from avatarkit.errors import BadData
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh
from avatarkit.picture import Image
from avatarkit.portrait import DEFAULT, VIEWS, Style

Sight = Mesh | Maps
"""What can be shown: a mesh, or the maps of a `normals.png`."""


def turntable(sight: Sight, frames: int = 48, style: Style = DEFAULT) -> np.ndarray:
    """(frames,H,W,3): once around the person, see `portrait.turntable`. Raises BadData for maps."""
    if not isinstance(sight, Mesh):
        raise BadData("normal maps have no other side to turn to: give a mesh or a body.npz")
    return portrait.turntable(sight, frames, style)


def sheet(subjects: Sequence[tuple[str, Sight]], style: Style = DEFAULT) -> Image:
    """(H,W,3): for each (label, mesh) a row of its four views, for each (label, maps) rows of its bands."""
    rows, labels, titles = [], [], []
    for label, sight in subjects:
        mesh_row = isinstance(sight, Mesh)
        if isinstance(sight, Mesh):
            tiles = [(list(VIEWS), portrait.views_of(sight, style))]
        else:
            tiles = portrait.rows_of(sight, style.size[0])
        rows += [images for _, images in tiles]
        labels += [names for names, _ in tiles]
        titles += [f"{label} ({style.mode})" if mesh_row and style.mode != "shaded" else label]
        titles += [""] * (len(tiles) - 1)
    font_size = max(style.size[1] // 28, 11)
    return picture.grid(rows, labels=labels, titles=titles, gap=font_size // 2, font_size=font_size)
