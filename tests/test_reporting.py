"""A report of whatever a folder holds: escaped, without what is private, the same twice."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from PIL import Image
from scenes import carved as square
from solids import ball

from avatarkit import files, fitting, gltf, record, reporting
from avatarkit.avatar import Played
from avatarkit.errors import InputMissing
from avatarkit.maps import Maps, View
from avatarkit.reporting import Dossier, Entry, tiles
from avatarkit.reporting.warning import licence_sentence, warnings_of
from stages.report import write_report

FREE = record.Model("body", "ab" * 32, "CC0-1.0")
BOUND = record.Model("painter", "cd" * 32, "creativeml-openrail-m")


TINY = {"size": (30, 40), "frames": 2}


def told(stage="fit-smpl", models=(FREE,), **more):
    entries = [{"name": m.name, "sha256": m.sha256, "licence": m.licence} for m in models]
    return {"stage": stage, "avatarkit": "1", "options": {}, "reads": {}, "writes": {}, "models": entries} | more


def painted(V=8):
    mesh = ball(n=V)
    uvs = torch.zeros(len(mesh.faces), 3, 2)
    images = {"base_colour": torch.full((8, 8, 3), 90, dtype=torch.uint8)}
    return type(mesh)(mesh.vertices, mesh.faces, {}, uvs, images)


def normals():
    found = np.zeros((2, 8, 8, 4), np.float32)
    found[:, 2:6, 3:5, 2:] = 1
    camera = tiles.cameras.framing(ball(n=4).vertices, (8, 8))
    return Maps((View(camera), View(camera, "farthest")), found)


class Reader(HTMLParser):
    """What a browser would load, and every picture's alternative text."""

    def __init__(self, page):
        super().__init__()
        self.loaded, self.links, self.alts, self.open = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.loaded += [found[k] for k in ("src", "srcset") if k in found]
        self.links += [found["href"]] if "href" in found else []
        self.alts += [found.get("alt")] if tag == "img" else []
        if tag not in ("img", "meta", "br", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def whole():
    meshes = {"carved.glb": ball(n=8), "textured.glb": painted()}
    avatar = Played({"rest": painted(), "idle": painted(), "walk": painted()}, 55, ("aa",), {"idle": 5.0, "walk": 1.0})
    photo = np.full((40, 20, 4), 120, np.uint8)
    facts = {"torn": 0.034, "residuals": {"degrees_0": 4.0, "degrees_1": 6.54, "iou_0": 0.9}}
    past = {"consent": "signed <1 May>", "provenance": {"digital_source_type": "http://x/compositeSynthetic"}}
    entries = (
        Entry("a b.glb", 1_234_567, told(seconds=2.0, writes={"a b.glb": "f" * 64}, facts=facts, **past), {"size": 64}),
    )
    words = "a <script>alert(1)</script> hat & coat " * 20
    return Dossier("ana <3", entries, words, photo, "photo.jpg", maps=normals(), meshes=meshes, avatar=avatar)


def test_a_page_needs_nothing_but_itself_and_escapes_what_it_is_given():
    page, sheet = reporting.report(whole(), **TINY)
    read = Reader(page)
    assert read.open == [] and read.loaded and all(a.startswith("data:image/webp;base64,") for a in read.loaded)
    assert all(read.alts) and read.links == ["a%20b.glb"]
    assert "<script" not in page and "&lt;script&gt;" in page and "<h1>ana &lt;3</h1>" in page
    assert "1.2 MB" in page and "size 64" in page and "ffffffffffff" in page and "2.0" in page
    assert sheet.dtype == np.uint8 and sheet.shape[1] == 6 * 30 + 7 * 8  # three rows of six pictures
    assert "Consent, as recorded: signed &lt;1 May&gt;" in page and "compositeSynthetic." in page
    assert "6.5° in the worst view" in page and "3.4 % of the surface" in page
    again = reporting.report(whole(), **TINY)
    assert again.html == page and np.array_equal(again.sheet, sheet)


def test_an_empty_folder_has_a_page_too(tmp_path):
    page = write_report(tmp_path).read_text()
    assert "nothing in this folder yet" in page and not (tmp_path / "sheet.png").exists()
    with pytest.raises(InputMissing, match="no such folder"):
        write_report(tmp_path / "x")


def test_a_user_is_told_what_to_know():
    torn = told("rig", facts={"torn": 0.081}, options={"allow_poor": True}, warnings=["legs < arms"])
    entries = (Entry("avatar.glb", 1, torn, edited=True), Entry("normals.png", 1, told(models=(FREE, BOUND))))
    dossier = Dossier("ana", entries, outdated=(("carved.glb", "normals.png"),), unreadable=("body.npz: damaged",))
    found = warnings_of(dossier)
    wanted = (
        "damaged",
        "another normals.png",
        "edited by hand",
        "creativeml",
        "8.1 %",
        "legs < arms",
        "allow-poor: True",
    )
    assert len(found) == len(wanted)
    assert all(word in warning for word, warning in zip(wanted, found, strict=True))
    assert "legs &lt; arms" in reporting.report(dossier, **TINY).html
    assert warnings_of(Dossier("bob", (Entry("body.npz", 1, told()),))) == []


def test_a_record_that_somebody_edited_does_no_harm():
    odd = told(models=(), seconds="long", facts=[1], warnings="w") | {"models": [3, {"name": "<x>"}]}
    page = reporting.report(Dossier("ana", (Entry("body.npz", 1, odd),)), **TINY).html
    assert "&lt;x&gt;" in page and "0.0 s in all" in page


def test_the_sentence_about_licences_is_plain():
    assert "allows commercial use" in licence_sentence([FREE])
    assert "Not for commercial use as it stands: because of painter" in licence_sentence([FREE, BOUND])
    assert "nothing can be said" in licence_sentence([])


def test_a_folder_is_read_whole_and_keeps_its_secrets(tmp_path):
    """The GPS of a photo, the folder's own place; a damaged file is told of, a changed source as well."""
    folder = tmp_path / "cellar" / "ana"
    folder.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x010E] = "secret garden"
    Image.new("RGB", (20, 40), (200, 90, 90)).save(folder / "photo.jpg", exif=exif)
    model = files.read_body_model("builtin")
    files.write_person(folder / "body.npz", fitting.from_words(model, "a woman", seed=0))
    story = told(reads={"photo.jpg": "0" * 64}, writes={"body.npz": record.sha256(folder / "body.npz")}, seconds=1.0)
    story |= {"options": {"height": 170.0, "seed": 0, "body": "builtin"}}
    (folder / "body.npz.json").write_text(json.dumps(story))
    (folder / "carved.glb").write_bytes(b"glTF")
    (folder / "avatar.glb").write_bytes(gltf.encode(square()))
    page = write_report(folder)
    text = page.read_text()
    assert page == folder / "report.html" and Image.open(folder / "sheet.png").size[0] > 90
    assert "height 170.0" in text and "seed" not in text  # what differs from the defaults alone
    assert "carved.glb: " in text and "body.npz was made from another photo.jpg" in text
    assert "cellar" not in text and "secret" not in text
    for picture in re.findall(r"base64,([^\" ]+)", text):
        assert not Image.open(io.BytesIO(base64.b64decode(picture))).getexif()
