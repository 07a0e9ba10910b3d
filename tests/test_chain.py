"""One stage on one subject: what is kept, refused, repeated."""

import json
import logging

import pytest
from toy import TOYS, carve, draw, dress

from avatarkit import chain, record
from avatarkit.chain import Manner
from avatarkit.errors import BadData, InputMissing, LicenceForbids
from avatarkit.record import Model, note_model
from avatarkit.subject import job


@pytest.fixture
def ana(tmp_path):
    (tmp_path / "prompt.txt").write_text("ana")
    return tmp_path


def run(stage, path, manner=Manner(), **given):  # noqa: B008
    return chain.run(stage, job(stage, path), given, manner, TOYS)


def test_the_same_run_gives_the_same_bytes_and_record(ana):
    def once():
        run(draw, ana / "prompt.txt", seed=3)
        found = json.loads((ana / "body.npz.json").read_text())
        return (ana / "body.npz").read_bytes(), {k: v for k, v in found.items() if k != "seconds"}

    assert once() == once()


def test_options_are_recorded_with_their_defaults(ana):
    run(draw, ana / "prompt.txt", seed=3, threads=2)
    assert json.loads((ana / "body.npz.json").read_text())["options"] == {"size": 1, "seed": 3}


def test_a_missing_input_names_the_stage_that_makes_it(ana):
    with pytest.raises(InputMissing, match="run avatarkit draw first"):
        run(dress, ana / "body.npz")


def test_a_failed_stage_leaves_the_old_file_and_its_record(ana):
    run(draw, ana / "prompt.txt")
    before = {path.name: path.read_bytes() for path in ana.glob("body*")}
    (ana / "prompt.txt").write_text("broken")
    with pytest.raises(BadData):
        run(draw, ana / "prompt.txt")
    assert {path.name: path.read_bytes() for path in ana.iterdir() if path.name != "prompt.txt"} == before


def test_a_hand_edit_is_kept_unless_forced(ana, caplog):
    run(draw, ana / "prompt.txt")
    (ana / "body.npz").write_bytes(b"mine")
    with caplog.at_level(logging.WARNING, "avatarkit"):
        run(draw, ana / "prompt.txt")
    assert (ana / "body.npz").read_bytes() == b"mine" and "edited by hand: kept" in caplog.text
    run(dress, ana / "body.npz")
    assert (ana / "normals.png").read_bytes().startswith(b"mine")
    run(draw, ana / "prompt.txt", Manner(force=True))
    assert (ana / "body.npz").read_bytes().startswith(b"ana")


def test_an_outdated_input_is_a_warning_or_with_strict_an_error(ana, caplog):
    run(draw, ana / "prompt.txt")
    (ana / "prompt.txt").write_text("ana, taller")
    with caplog.at_level(logging.WARNING, "avatarkit"):
        run(dress, ana / "body.npz")
    assert "body.npz was made from another prompt.txt" in caplog.text
    with pytest.raises(BadData, match="another prompt"):
        run(dress, ana / "body.npz", Manner(strict=True))


def test_what_another_stage_made_is_not_overwritten(ana):
    run(draw, ana / "prompt.txt")
    story = json.loads((ana / "body.npz.json").read_text()) | {"stage": "synth"}
    (ana / "body.npz.json").write_text(json.dumps(story))
    with pytest.raises(BadData, match=r"made by synth, and draw would overwrite it.*-o DIR/"):
        run(draw, ana / "prompt.txt")
    run(draw, ana / "prompt.txt", Manner(force=True))
    assert record.read_record(ana / "body.npz")["stage"] == "draw"


def test_a_dry_run_writes_nothing_and_needs_no_input(ana):
    before = sorted(ana.iterdir())
    outcome = run(carve, ana / "body.npz", Manner(dry_run=True))
    assert outcome.record is None and sorted(ana.iterdir()) == before


def test_a_copied_source_keeps_its_time(tmp_path):
    """Else make would rebuild everything after every fit-smpl ana.jpg."""
    (tmp_path / "ana.jpg").write_bytes(b"x")
    run(draw, tmp_path / "ana.jpg")
    first = (tmp_path / "ana/photo.jpg").stat().st_mtime_ns
    run(draw, tmp_path / "ana.jpg")
    assert (tmp_path / "ana/photo.jpg").stat().st_mtime_ns == first


def test_a_licence_in_the_history_stops_a_commercial_run(ana):
    run(draw, ana / "prompt.txt")
    path = ana / "body.npz.json"
    found = json.loads(path.read_text())
    found["models"] = [{"name": "m", "sha256": "0", "licence": "SMPL-X non-commercial"}]
    path.write_text(json.dumps(found))
    run(dress, ana / "body.npz")
    with pytest.raises(LicenceForbids, match="m is SMPL-X non-commercial"):
        run(carve, ana / "body.npz", Manner(commercial=True))
    assert not (ana / "carved.glb").exists()


def test_the_ledger_is_empty_outside_a_run(tmp_path):
    note_model(tmp_path, Model("m", "0", "MIT"))  # nobody is keeping one: nothing happens
    with record.keeping() as ledger:
        note_model(tmp_path, Model("m", "0", "MIT"))
    assert len(ledger.models) == 1


def stages_run(path, given=None, manner=Manner(), **asked):  # noqa: B008
    steps = chain.through(TOYS, job(draw, path), given or {}, manner, **asked)
    return {step.stage.__name__: step.why for step in steps}


def test_the_chain_runs_what_is_due_and_says_why(ana):
    nothing = dict.fromkeys(("draw", "dress", "carve"))
    assert stages_run(ana / "prompt.txt") == dict.fromkeys(nothing, "not made yet")
    assert stages_run(ana / "prompt.txt") == nothing
    (ana / "prompt.txt").write_text("ana, taller")
    assert stages_run(ana / "prompt.txt") == {
        "draw": "prompt.txt has changed", "dress": "body.npz has changed", "carve": "body.npz has changed",
    }  # fmt: skip
    given = {"carve": {"wait": 0.01}}
    assert stages_run(ana / "prompt.txt", given) == nothing | {"carve": "wait is 0.01, was 0"}
    (ana / "carved.glb.json").unlink()
    assert stages_run(ana / "prompt.txt") == nothing | {"carve": "no record"}


def test_an_input_that_comes_or_goes_is_noticed(ana):
    stages_run(ana / "prompt.txt")
    (ana / "photo.jpg").write_bytes(b"photo")
    assert stages_run(ana / "prompt.txt")["dress"] == "photo.jpg is new"
    (ana / "photo.jpg").unlink()
    assert stages_run(ana / "prompt.txt")["dress"] == "photo.jpg is gone"


def test_what_follows_a_hand_edit_is_made_once(ana):
    stages_run(ana / "prompt.txt")
    (ana / "normals.png").write_bytes(b"mine")
    assert stages_run(ana / "prompt.txt") == {
        "draw": None, "dress": chain.EDITED, "carve": "normals.png has changed"
    }  # fmt: skip
    assert (ana / "carved.glb").read_bytes().endswith(b"mine")
    assert stages_run(ana / "prompt.txt")["carve"] is None
    assert stages_run(ana / "prompt.txt", manner=Manner(force=True))["dress"] == "--force"
    assert (ana / "normals.png").read_bytes() != b"mine"


def test_from_a_stage_on_all_is_made_anew_and_nothing_before(ana):
    with pytest.raises(InputMissing, match="run avatarkit draw first"):
        stages_run(ana / "prompt.txt", start="dress")
    stages_run(ana / "prompt.txt")
    assert stages_run(ana / "prompt.txt", start="dress") == dict.fromkeys(("dress", "carve"), "--from dress")


def test_a_dry_run_of_the_chain_goes_on_as_if_all_was_made(ana):
    found = stages_run(ana / "prompt.txt", manner=Manner(dry_run=True))
    assert found == {"draw": "not made yet", "dress": "body.npz would be made", "carve": "body.npz would be made"}
    assert [path.name for path in ana.iterdir()] == ["prompt.txt"]
