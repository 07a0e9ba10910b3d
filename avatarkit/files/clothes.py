"""Wardrobe folders: MakeHuman's `.mhclo` files with their meshes, materials and textures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatarkit import mhclo
from avatarkit.errors import BadData, InputMissing
from avatarkit.files.pictures import read_picture
from avatarkit.files.reading import naming, read_bytes
from avatarkit.mhclo import Finish
from avatarkit.wardrobe import Article, Wardrobe

MOST_ARTICLES = 4096
POINTER = b"version https://git-lfs.github.com"


def read_wardrobe(folder: Path) -> Wardrobe:
    """Every `.mhclo` below `folder`, links not followed, by name; a texture or material that is missing is none.

    Raises InputMissing for a folder that is not there or holds none, BadData naming the file and the line at fault.
    """
    if not folder.is_dir():
        raise InputMissing(f"{folder}: no such folder, expected one with MakeHuman's .mhclo files in it")
    paths = sorted(path for path in folder.rglob("*.mhclo") if path.is_file() and not path.is_symlink())
    if not paths:
        raise InputMissing(f"{folder}: found no .mhclo below it, expected MakeHuman's clothes, hair or shoes")
    if len(paths) > MOST_ARTICLES:
        raise BadData(f"{folder}: found {len(paths)} .mhclo files, expected at most {MOST_ARTICLES}")
    articles = (read_article(path, path.relative_to(folder).parts[:-1]) for path in paths)
    return Wardrobe(tuple(sorted(articles, key=lambda article: article.name)))


def read_article(path: Path, folders: tuple[str, ...] = ()) -> Article:
    """One article: its `.mhclo` and the files beside it that it names; `folders` tell its slot where no tag does.

    Raises InputMissing, BadData.
    """
    content = read_bytes(path, limit=mhclo.MOST_BYTES)
    with naming(path):
        binding = mhclo.decode_binding(content)
    mesh_path = path.parent / binding.obj_file
    mesh = read_bytes(mesh_path, limit=mhclo.MOST_BYTES)
    with naming(mesh_path):
        shape = mhclo.decode_shape(mesh)
    finish, texture = _finish(path.parent, binding.material_file)
    with naming(path):
        return Article(path.stem, binding, shape, finish, texture, folders)


def _finish(folder: Path, name: str | None) -> tuple[Finish, np.ndarray | None]:
    path = _beside(folder, name)
    if path is None:
        return Finish(), None
    content = read_bytes(path, limit=mhclo.MOST_BYTES)
    with naming(path):
        finish = mhclo.decode_finish(content)
    texture = _beside(path.parent, finish.texture_file)
    return finish, None if texture is None else read_picture(texture)


def _beside(folder: Path, name: str | None) -> Path | None:
    """The file of that name in `folder` or below it; None where there is none, or only Git LFS's pointer to it."""
    if not name:
        return None
    path = folder / name
    if not path.is_file() or folder.resolve() not in path.resolve().parents:
        return None
    with open(path, "rb") as file:
        return None if file.read(len(POINTER)) == POINTER else path
