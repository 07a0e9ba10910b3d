"""Records: what a file was made from, and what they notice."""

import json

from toy import TOYS, carve, draw, dress

from avatarkit import chain, record
from avatarkit.chain import Manner
from avatarkit.record import Model
from avatarkit.subject import job


def made(tmp_path, options=None):
    """ana/ with the toy chain run over a prompt; gives the folder."""
    folder = tmp_path / "ana"
    folder.mkdir()
    (folder / "prompt.txt").write_text("ana")
    for stage, first in ((draw, "prompt.txt"), (dress, "body.npz"), (carve, "body.npz")):
        chain.run(stage, job(stage, folder / first), options or {"size": 0}, Manner(), TOYS)
    return folder


def test_a_record_holds_no_path_no_name_and_one_clock(tmp_path):
    folder = made(tmp_path)
    found = json.loads((folder / "carved.glb.json").read_text())
    known = {"stage", "avatarkit", "options", "inputs", "reads", "writes", "models", "seconds", "provenance"}
    assert set(found) == known
    assert list(found["reads"]) == ["body.npz", "normals.png"]
    assert found["writes"] == {"carved.glb": record.sha256(folder / "carved.glb")}
    assert str(tmp_path) not in json.dumps(found)


def test_an_absolute_path_in_an_option_loses_its_folders(tmp_path):
    given = {"body": "smplx:/home/ana/X.npz", "model": "org/name", "motion": "~/a.npz", "steps": 3}
    found = record.compose("s", given, record.Ledger(), tmp_path / "a", "", 0)["options"]
    assert found == {"body": "smplx:X.npz", "model": "org/name", "motion": "a.npz", "steps": 3}


def test_history_goes_back_to_the_source(tmp_path):
    folder = made(tmp_path)
    steps = [path.name for path, _ in record.history(folder / "carved.glb")]
    assert steps == ["carved.glb", "body.npz", "normals.png"]


def test_a_cycle_in_records_ends(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"reads": {"a": "0"}, "writes": {}, "options": {}, "models": []}))
    assert len(list(record.history(tmp_path / "a"))) == 1


def test_outdated_is_what_was_made_from_other_bytes(tmp_path):
    folder = made(tmp_path)
    assert record.outdated(folder / "carved.glb") == []
    (folder / "prompt.txt").write_text("ana, taller")
    assert record.outdated(folder / "carved.glb") == [(folder / "body.npz", folder / "prompt.txt")]


def test_edited_is_other_bytes_than_the_stage_wrote(tmp_path):
    folder = made(tmp_path)
    assert not record.edited(folder / "body.npz")
    (folder / "body.npz").write_bytes(b"mine")
    assert record.edited(folder / "body.npz")
    (folder / "body.npz.json").unlink()
    assert not record.edited(folder / "body.npz")  # no record: nothing to compare, ours to replace


def test_a_damaged_record_is_no_record(tmp_path):
    for content in ("", "[1]", '{"reads": 3}', "[" * 100_000):
        (tmp_path / "a.json").write_text(content)
        assert record.read_record(tmp_path / "a") is None


def test_models_are_remembered_through_the_chain(tmp_path):
    folder = made(tmp_path)
    path = folder / "body.npz.json"
    found = json.loads(path.read_text())
    found["models"] = [{"name": "m", "sha256": "0", "licence": "SMPL-X non-commercial"}]
    path.write_text(json.dumps(found))
    (model,) = record.models_behind(folder / "carved.glb")
    assert model == Model("m", "0", "SMPL-X non-commercial") and not model.free
