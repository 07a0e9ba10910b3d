"""The doctor sees what is there and names the line that mends what is not."""

import json

import pytest

from avatarkit import doctor, files


def finding(about: str, bodies=()):
    (found,) = [f for f in doctor.examined(list(bodies)) if f.about == about]
    return found


def test_what_the_suite_runs_on_is_healthy():
    needed = [f for f in doctor.examined(files.body_models()) if f.needed]
    assert all(f.here for f in needed), doctor.told(needed)


def test_a_missing_library_is_told_with_its_apt_line(monkeypatch):
    monkeypatch.setattr(doctor, "_loads", lambda library: "usb" not in library)
    found = finding("system libraries")
    assert not found.here and found.mend == "sudo apt-get install -y libusb-1.0-0"
    assert "MISSING" in doctor.told([found]) and "apt-get install -y libusb-1.0-0" in doctor.told([found])


@pytest.mark.parametrize("extra", ["smplx", "usd", "body-build"])
def test_an_absent_extra_is_told_with_its_pip_line(monkeypatch, extra):
    monkeypatch.setattr(doctor, "_version", lambda package: None)
    found = finding(extra)
    assert not found.here and not found.needed and found.mend == f"pip install 'avatarkit[{extra}]'"


def test_a_damaged_body_is_told():
    found = finding("built-in body", [("built-in body", None, "builtin.npz: cut off")])
    assert not found.here and "cut off" in found.seen and found.mend


def test_the_command_answers_in_lines_and_json(avatarkit):
    assert b"built-in body" in avatarkit("doctor").stdout
    found = json.loads(avatarkit("doctor", "--json").stdout)
    assert {"about", "here", "seen", "mend", "needed"} == set(found[0])
