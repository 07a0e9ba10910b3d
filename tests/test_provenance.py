"""What went into a file travels with it: through records, through lost records, never with a photo's EXIF."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from test_person import ana
from toy import TOYS, carve, draw, dress

from avatarkit import chain, files, imprint, provenance, record
from avatarkit.chain import Manner
from avatarkit.errors import LicenceForbids, UsageError
from avatarkit.mesh import Mesh
from avatarkit.provenance import ELSEWHERE, GENERATED, PHOTO, Provenance
from avatarkit.record import Model
from avatarkit.reporting import Dossier, Entry, report
from avatarkit.subject import job
from stages.info import info

PLACE = b"51 deg 30' N, the house with the green door"
BOUND = Model("SMPL-X", "ab" * 32, "SMPL-X non-commercial")
FREE = Model("body", "cd" * 32, "CC0-1.0")


@pytest.mark.parametrize(
    ("ingredients", "code"),
    [
        ((), "algorithmicMedia"),
        ((PHOTO,), "compositeSynthetic"),
        ((GENERATED,), "trainedAlgorithmicMedia"),
        ((PHOTO, GENERATED), "compositeWithTrainedAlgorithmicMedia"),
        ((PHOTO, GENERATED, ELSEWHERE), "compositeWithTrainedAlgorithmicMedia"),
        ((ELSEWHERE,), "composite"),
        ((ELSEWHERE, GENERATED), "compositeSynthetic"),
    ],
)
def test_the_source_type_follows_from_the_ingredients(ingredients, code):
    found = Provenance(frozenset(ingredients))
    assert found.as_json()["digital_source_type"] == f"http://cv.iptc.org/newscodes/digitalsourcetype/{code}"
    assert provenance.from_json(found.as_json()) == found


def test_what_a_file_says_may_be_anything():
    for said in ({"models": 3}, {"models": [3, {}]}, {"consent": "x"}, {"made_from": [{}], "models": {"a": 1}}):
        provenance.from_json(said)
    assert not provenance.from_json({"commercial_use": False}).commercial
    for code, kinds in (("digitalCapture", {PHOTO}), ("digitalCreation", {ELSEWHERE}), ("dataDrivenMedia", set())):
        assert provenance.from_json({"digital_source_type": imprint.SOURCE_TYPES + code}).ingredients == kinds


def triangle():
    return Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]), {}, torch.zeros(1, 3, 2), pictures())


def pictures():
    return {"base_colour": torch.zeros(4, 4, 3, dtype=torch.uint8)}


def write_mesh(path, model, consent=""):
    with record.keeping(consent):
        record.note_model(path.parent / "model", model)
        files.write_mesh(path, triangle())


def test_a_file_that_lost_its_record_is_still_refused(tmp_path):
    write_mesh(tmp_path / "normals.png.glb", BOUND)
    shutil.move(tmp_path / "normals.png.glb", tmp_path / "body.npz")  # the toy chain reads what is called so
    (tmp_path / "normals.png").write_bytes(b"")
    with pytest.raises(LicenceForbids, match="SMPL-X is SMPL-X non-commercial"):
        chain.run(carve, job(carve, tmp_path / "body.npz"), {}, Manner(commercial=True), TOYS)
    assert not (tmp_path / "carved.glb").exists()


def test_an_unknown_licence_is_refused(tmp_path):
    for licence, passes in (("unknown", False), ("Apache-2.0", True)):
        write_mesh(tmp_path / "body.npz.glb", Model("net", "00", licence))
        found = provenance.behind(tmp_path / "body.npz.glb")
        assert found.commercial == passes


def test_mesh_and_its_pictures_say_what_they_were_made_from(tmp_path):
    write_mesh(tmp_path / "a.glb", FREE, consent="Ana, by mail")
    said = imprint.found_in(tmp_path / "a.glb")
    assert said["models"] == [{"name": "body", "sha256": "cd" * 6, "licence": "CC0-1.0"}]
    assert said["consent"] == ["Ana, by mail"] and said["commercial_use"] is True
    scene = files.meshes.gltf.decode((tmp_path / "a.glb").read_bytes())
    (tmp_path / "a.png").write_bytes(scene.images[0].data)
    assert imprint.found_in(tmp_path / "a.png") == said
    assert len(files.read_mesh(tmp_path / "a.glb").faces) == 1


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.ply", "a.obj", "turn.webp"])
def test_what_one_file_says_the_next_one_inherits(tmp_path, name):
    with record.keeping("Ana"):
        record.note_ingredient(tmp_path / "photo.jpg", PHOTO)
        if name.startswith("turn"):
            files.write_movie(tmp_path / name, np.zeros((2, 8, 8, 3), np.uint8))
        elif name.endswith(("ply", "obj")):
            files.write_mesh(tmp_path / name, triangle())
        else:
            files.write_picture(tmp_path / name, np.zeros((8, 8, 3), np.uint8))
    with record.keeping() as ledger:
        (files.read_mesh if name.endswith(("ply", "obj")) else files.read_photo)(tmp_path / name)
        assert provenance.of(ledger) == Provenance(frozenset([PHOTO]), frozenset(), frozenset(["Ana"]))


def test_consent_is_inherited_through_records(tmp_path):
    (tmp_path / "prompt.txt").write_text("ana")
    steps = ((draw, "prompt.txt", "Ana, 2026"), (dress, "body.npz", ""), (carve, "body.npz", "Bo"))
    for stage, first, consent in steps:
        chain.run(stage, job(stage, tmp_path / first), {}, Manner(consent=consent), TOYS)
    records = [json.loads((tmp_path / f"{n}.json").read_text()) for n in ("body.npz", "normals.png", "carved.glb")]
    assert [found["provenance"]["consent"] for found in records] == [["Ana, 2026"], ["Ana, 2026"], ["Ana, 2026", "Bo"]]
    assert [found.get("consent") for found in records] == ["Ana, 2026", None, "Bo"]
    assert "consent   Bo" in info(tmp_path / "carved.glb")
    with pytest.raises(UsageError, match="consent"):
        Manner(consent="two\nlines")


def built(folder, **manner):
    """Which stages of the toy chain are run, and why."""
    steps = chain.through(TOYS, job(draw, folder / "prompt.txt"), {}, Manner(**manner))
    return {step.stage.__name__: step.why for step in steps if step.why}


def consent_of(path):
    return provenance.behind(path).consent


def test_a_new_consent_makes_a_chain_anew_and_an_old_one_holds_while_the_subject_is_the_same(tmp_path):
    (tmp_path / "prompt.txt").write_text("ana")
    built(tmp_path)
    assert set(built(tmp_path, consent="Ana")) == {"draw", "dress", "carve"}
    assert built(tmp_path) == built(tmp_path, consent="Ana") == {}
    built(tmp_path, force=True)
    assert consent_of(tmp_path / "carved.glb") == {"Ana"}
    (tmp_path / "prompt.txt").write_text("bob")
    built(tmp_path)
    assert consent_of(tmp_path / "carved.glb") == set()


def test_what_is_up_to_date_is_refused_as_well(tmp_path):
    (tmp_path / "prompt.txt").write_text("ana")
    built(tmp_path)
    found = json.loads((tmp_path / "body.npz.json").read_text())
    (tmp_path / "body.npz.json").write_text(json.dumps(found | {"models": [vars(BOUND)]}))
    assert built(tmp_path) == {}
    with pytest.raises(LicenceForbids, match=r"body\.npz: SMPL-X is"):
        built(tmp_path, commercial=True)


def photo(path):
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    exif.get_ifd(0x8769)[0x9286] = PLACE  # UserComment
    exif[0x010E] = PLACE.decode()
    pixels = np.random.default_rng(0).integers(0, 255, (32, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, exif=exif, comment=PLACE, xmp=b"<x>" + PLACE + b"</x>")


def test_where_a_photo_was_taken_stays_with_the_photo(tmp_path):
    photo(tmp_path / "photo.jpg")
    assert PLACE in (tmp_path / "photo.jpg").read_bytes()
    with record.keeping("Ana") as ledger:
        pixels = files.read_photo(tmp_path / "photo.jpg")
        crop = np.concatenate([pixels, np.full((32, 24, 1), 255, np.uint8)], 2)
        files.write_person(tmp_path / "body.npz", ana(crop=crop))
        files.write_picture(tmp_path / "body.png", pixels)
        files.write_picture(tmp_path / "sheet.jpg", pixels)
        files.write_picture(tmp_path / "sheet.webp", pixels)
        texture = {"base_colour": torch.from_numpy(pixels.copy())}
        files.write_mesh(tmp_path / "textured.glb", Mesh(**{**vars(triangle()), "images": texture}))
        record_of = provenance.of(ledger).as_json()
    arrays = np.load(tmp_path / "body.npz")
    assert json.loads(str(arrays["provenance"])) == record_of and record_of["made_from"] == [PHOTO]
    for path in tmp_path.iterdir():
        content = path.read_bytes() + (b"".join(v.tobytes() for v in arrays.values()) if path.suffix == ".npz" else b"")
        if path.name != "photo.jpg":
            assert PLACE not in content and b"Exif" not in content and b"GPS" not in content, path.name
    assert (files.read_person(tmp_path / "body.npz").crop == crop).all()


def test_a_photo_that_says_that_it_was_generated_is_no_photo(tmp_path):
    theirs = imprint.xmp({"digital_source_type": imprint.SOURCE_TYPES + "trainedAlgorithmicMedia"})
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(
        tmp_path / "photo.webp", xmp=theirs.replace(b"avatarkit:", b"a:")
    )
    with record.keeping() as ledger:
        files.read_photo(tmp_path / "photo.webp")
        assert provenance.of(ledger).ingredients == {GENERATED}


def test_info_of_a_lone_file_and_of_a_photo(tmp_path):
    write_mesh(tmp_path / "a.glb", BOUND, consent="Ana")
    told = info(tmp_path / "a.glb")
    assert "not allowed" in told and "consent   Ana" in told and "SMPL-X non-commercial   abababababab" in told
    assert json.loads(info(tmp_path / "a.glb", json=True))["provenance"]["consent"] == ["Ana"]
    photo(tmp_path / "photo.jpg")
    assert "nothing in it" in info(tmp_path / "photo.jpg")


def test_the_report_tells_consent_and_source_type():
    said = {"made_from": [PHOTO], "consent": ["Ana <3"]}
    story = {"stage": "rig", "options": {}, "reads": {}, "writes": {}, "models": [], "provenance": said}
    page = report(Dossier("ana", (Entry("avatar.glb", 1, story),))).html
    assert "Consent: Ana &lt;3" in page and "compositeSynthetic" in page


def test_a_network_of_unknown_licence_and_the_one_that_painted_are_behind_what_follows(tmp_path):
    """Networks are noted where they are read; `--model` of a folder without a model card has no licence."""
    with record.keeping() as ledger:
        record.note_ingredient(tmp_path / "model_index.json", GENERATED)
        record.note_model(tmp_path / "model_index.json", Model("painter", "12", "unknown"))
        files.write_picture(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
        assert not provenance.of(ledger).commercial
    found = provenance.behind(tmp_path / "a.png")
    assert found.source_type == "trainedAlgorithmicMedia" and not found.commercial
