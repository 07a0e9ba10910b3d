"""The documentation is true: links lead somewhere, every page is in the index, formats are read as their pages say."""

import contextlib
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import small_model
from conftest import ROOT
from test_files_avatars import avatar_of
from test_person import ana

from avatarkit import camera as cameras
from avatarkit import chain, files, record
from avatarkit.maps import PARTS, Maps, View
from avatarkit.mesh import Mesh
from avatarkit.person import Person

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
FORMATS = ROOT / "docs" / "formats"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    assert not [link for link in links if "://" not in link and not (page.parent / link).exists()]


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)", index.read_text())}
    assert {page for page in PAGES if page.parent != ROOT} - linked <= {index}


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """A folder with a small file of every format."""
    folder = tmp_path_factory.mktemp("subject")
    model = small_model(correctives=False)
    with record.keeping() as ledger:
        files.write_person(folder / "body.npz", everything())
        normals = np.zeros((2, 8, 8, 4), np.float32)
        normals[:, 2:6, 2:6, 2:] = 1
        camera = cameras.framing(torch.eye(3), (8, 8))
        views = (View(camera), View(camera, "farthest"))
        files.write_normals(folder / "normals.png", Maps(views, normals, normals, np.ones((2, 8, 8, 2), np.float32)))
        avatar = avatar_of(model)
        labels = {name: torch.arange(60) for name in ("_TEMPLATE", "_PART")}
        uvs = torch.rand(len(avatar.mesh.faces), 3, 2, generator=torch.Generator().manual_seed(0))
        images = {"base_colour": torch.zeros(4, 4, 3, dtype=torch.uint8)}
        mesh = Mesh(avatar.mesh.vertices, avatar.mesh.faces, labels, uvs, images)
        files.write_mesh(folder / "textured.glb", mesh)
        files.write_avatar(folder / "avatar.glb", replace(avatar, mesh=mesh), model)
        story = record.compose("rig", {}, ledger, folder / "avatar.glb", "", 1.0)
        story["provenance"] = chain.provenance.of(ledger).as_json()
    (folder / "avatar.glb.json").write_text(json.dumps(story))
    return folder


def everything() -> Person:
    """A person of whom all is known that body.npz can tell."""
    seen = {"pixels": np.zeros((145, 2), np.float32), "confidence": np.zeros(145, np.float32)}
    return ana(residuals={"gap": 0.0}, crop=np.zeros((4, 4, 4), np.uint8), keypoints=seen,
                   world_from_mesh=np.eye(4), focal_source="exif")  # fmt: skip


@pytest.mark.parametrize("page", sorted(FORMATS.glob("*.md")), ids=lambda page: page.stem)
def test_a_format_is_read_as_its_page_says(page, subject, monkeypatch):
    monkeypatch.chdir(subject)
    (snippet,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    assert not re.search(r"avatarkit import|import avatarkit", snippet), "common libraries only"
    with contextlib.redirect_stdout(io.StringIO()) as told:
        exec(compile(snippet, page.name, "exec"), {})
    assert told.getvalue()


def test_the_keys_of_body_npz_are_those_that_its_page_names(subject):
    rows = re.findall(r"^\| (`.*?) \|", (FORMATS / "body.md").read_text(), re.M)
    named = {key for row in rows for key in re.findall(r"`(\w+\*?)`", row)}
    written = {"residual_*" if key.startswith("residual_") else key for key in np.load(subject / "body.npz")}
    assert named == written


def test_the_parts_of_normals_png_are_those_that_its_page_names():
    told = re.search(r"^Parts: (.*)\.$", (FORMATS / "normals.md").read_text(), re.M)[1]
    assert told == ", ".join(f"{number} {name}" for number, name in enumerate(PARTS))
