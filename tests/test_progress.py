"""The library is silent until the command line asks it to speak."""

import pytest

from avatarkit import progress


@pytest.fixture
def said(capsys):
    """What has been said since the last time one asked."""
    token = progress._shown.set(False)
    yield lambda: capsys.readouterr().err
    progress._shown.reset(token)
    progress.log.handlers, progress.log.propagate = [], True


def test_silent_by_default(said):
    assert list(progress.track(range(3), "counting")) == [0, 1, 2]
    assert said() == ""


def test_a_line_now_and_then_where_stderr_is_no_terminal(said, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", -1)
    progress.show("avatarkit carve")
    assert list(progress.track(range(2), "carving")) == [0, 1]
    assert said() == "avatarkit carve: carving: 1 of 2\navatarkit carve: carving: 2 of 2\n"


def test_messages_say_how_grave_they_are(said):
    progress.show("avatarkit")
    progress.log.info("so")
    progress.log.warning("oh")
    assert said() == "avatarkit: so\navatarkit: warning: oh\n"
    progress.show("avatarkit", quiet=True)
    progress.log.warning("unheard")
    progress.log.error("heard")
    assert said() == "avatarkit: error: heard\n"
