"""Nobody sees half a file, whatever kills the writer."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from avatarkit import atomic, record
from avatarkit.errors import CannotCreate, explained

CONTENTS = {b"a" * (3 << 20), b"b" * (3 << 20)}


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic.replacing(path) as temporary:
        temporary.write_bytes(b"new")
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["a"] and path.read_bytes() == b"old"


def test_the_temporary_keeps_the_suffix(tmp_path):
    """Writers choose the format by it."""
    with atomic.temporary(tmp_path / "a.glb") as name:
        assert name.suffix == ".glb" and name.parent == tmp_path


def test_a_dead_writers_leftovers_are_swept_and_a_living_ones_spared(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = tmp_path / f".{atomic.HOST}-{dead.pid}-00.tmp.a"
    mine = tmp_path / f".{atomic.HOST}-{os.getpid()}-00.tmp.a"
    others = tmp_path / f".0000zzzz-{dead.pid}-00.tmp.a"  # another machine's: its processes cannot be seen from here
    for path in (gone, mine, others):
        path.touch()
    atomic.write_bytes(tmp_path / "a", b"x")
    assert not gone.exists() and mine.exists() and others.exists()


KILLED = """
import json, sys
from pathlib import Path
from avatarkit import atomic, record
path = Path(sys.argv[1])
while True:
    for letter in b"ab":
        content = bytes([letter]) * (3 << 20)
        with atomic.temporary(path) as made:
            made.write_bytes(content)
            story = record.compose("toy", {}, record.Ledger(), path, record.digest(content), 0.0)
            atomic.commit(made, path, record.record_path(path), json.dumps(story).encode())
"""


def test_killed_at_200_random_moments_there_is_never_half_a_file(tmp_path):
    """And never a record beside bytes that it does not describe: a kill is no hand edit."""
    path, chance = tmp_path / "body.npz", random.Random(0)
    for _ in range(200):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(path)])
        while not path.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert path.read_bytes() in CONTENTS
        assert not record.edited(path)
    atomic.write_bytes(path, b"last")
    assert not list(tmp_path.glob(".*tmp.body.npz"))


def test_eight_writers_of_one_target_leave_one_whole_file_with_its_record(tmp_path, toy):
    (tmp_path / "prompt.txt").write_text("ana")
    writers = [toy.start("draw", tmp_path / "prompt.txt", "--seed", i, "--size", 2000, "-q") for i in range(8)]
    assert [writer.wait() for writer in writers] == [0] * 8
    content = (tmp_path / "body.npz").read_bytes()
    found = json.loads((tmp_path / "body.npz.json").read_text())
    assert len(content) == 4 + (2000 << 10) and content[3] == found["options"]["seed"]
    assert not record.edited(tmp_path / "body.npz")
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_74_and_the_old_file_stays(tmp_path, toy):
    """RLIMIT_FSIZE makes write fail as a full disk does, without needing root for a small tmpfs."""
    (tmp_path / "prompt.txt").write_text("ana")
    assert toy("draw", tmp_path / "prompt.txt").returncode == 0
    before = (tmp_path / "body.npz").read_bytes()

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    writer = toy.start(
        "draw", tmp_path / "prompt.txt", "--size", 4000, preexec_fn=small_disk, stderr=subprocess.PIPE
    )  # fmt: skip
    _, said = writer.communicate()
    assert writer.returncode == 74 and b"free some space" in said
    assert (tmp_path / "body.npz").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="SKIPPED: this system has no /dev/full")
def test_dev_full_is_74_and_stays_a_device(tmp_path, toy):
    """-o /dev/full once replaced the device by a file."""
    (tmp_path / "prompt.txt").write_text("ana")
    for arguments in (["-o", "/dev/full"], ["--depfile", "/dev/full"]):
        assert toy("draw", tmp_path / "prompt.txt", *arguments).returncode == 74
    with open("/dev/full", "wb") as full:
        assert toy.start("draw", tmp_path / "prompt.txt", stdout=full, stderr=subprocess.DEVNULL).wait() == 74
    assert Path("/dev/full").is_char_device() and not Path("/dev/full.json").exists()
    assert toy("draw", tmp_path / "prompt.txt", "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store/a").write_bytes(b"old")
    (tmp_path / "a").symlink_to("store/a")
    atomic.write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").is_symlink() and (tmp_path / "store/a").read_bytes() == b"new"


@pytest.mark.parametrize("folder", ["file/below", "/proc/nowhere"])
def test_an_impossible_folder_is_73(tmp_path, folder):
    (tmp_path / "file").touch()
    with pytest.raises((CannotCreate, OSError)) as caught:
        atomic.write_bytes(tmp_path / folder / "a", b"x")
    assert isinstance(explained(caught.value), CannotCreate)


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/bin/mount"), reason="SKIPPED: cannot mount a tmpfs")
def test_a_small_tmpfs_is_74_and_the_old_file_stays(tmp_path, toy):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("SKIPPED: this user may not mount a small tmpfs")
    try:
        (disk / "prompt.txt").write_text("ana")
        assert toy("draw", disk / "prompt.txt").returncode == 0
        before = (disk / "body.npz").read_bytes()
        done = toy("draw", disk / "prompt.txt", "--size", 4000)
        assert done.returncode == 74 and (disk / "body.npz").read_bytes() == before
    finally:
        subprocess.run(["umount", disk], check=True)
