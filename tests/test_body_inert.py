"""Pickles are read, never run: what plain data needs comes through, all else is refused in time and in memory."""

import os
import pickle
import struct
import time
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest
from pickles import pickled

from avatarkit.body import inert
from avatarkit.body.inert import Made, Named, read_inert
from avatarkit.errors import BadData

VALUES = {
    "numbers": [0, 1, -1, 255, 256, 65536, -(2**31), 2**40, -(2**62), 0.5, -1e300, True, False, None],
    "nested": {"tuple": (1, (2, 3), (4, 5, 6), (7, 8, 9, 10), ()), "list": [[], [1], [1, 2]], "dict": {}},
    7: "ünïcode 中",
    "text": "plain",
}
ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype")


class Runs:
    """An object that runs a shell command when its pickle is loaded."""

    def __init__(self, call, *args):
        self.call, self.args = call, args

    def __reduce__(self):
        return self.call, self.args


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_of_every_protocol(protocol):
    assert read_inert(pickle.dumps(VALUES, protocol), ()) == VALUES


def test_strings_of_python_2_are_bytes_and_their_keys_text():
    value = {"key": "a\\b'\"\n\x00\xff", "long": "x" * 300}
    for protocol in (0, 2):
        found = read_inert(pickled(value, protocol, python2=True), ())
        assert found == {"key": value["key"].encode("latin-1"), "long": b"x" * 300}


def test_sets_come_as_lists():
    found = read_inert(pickle.dumps([{1, 2}, frozenset([3])], 4), ())
    assert sorted(found[0]) == [1, 2] and found[1] == [3]


def test_shared_objects_stay_shared():
    inner = [1]
    found = read_inert(pickle.dumps([inner, inner], 2), ())
    assert found[0] is found[1]


def test_calls_are_noted_not_made():
    found = read_inert(pickle.dumps(np.arange(3.0), 2), (*ARRAYS, "_codecs.encode"))
    assert isinstance(found, Made) and found.name.endswith("_reconstruct")
    assert isinstance(found.args[0], Named) and found.args[0].name == "numpy.ndarray"
    assert found.state[1] == (3,) and found.state[2].args[0] == "f8"
    assert read_inert(pickle.dumps(OrderedDict(a=1), 2), ("collections.OrderedDict",)) == {"a": 1}


@pytest.mark.parametrize("protocol", (0, 2, 4))
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"f": x}, lambda x: [(x,)]], ids=["bare", "dict", "deep"])
def test_what_would_run_is_refused_and_does_not_run(tmp_path, protocol, wrap):
    canary = tmp_path / "canary"
    data = pickle.dumps(wrap(Runs(os.system, f"echo ran > {canary}")), protocol)
    with pytest.raises(BadData, match="system"):
        read_inert(data, ARRAYS)
    assert not canary.exists()
    pickle.loads(data)  # the payload is live: this is what the line above did not do
    assert canary.exists()


@pytest.mark.parametrize(
    "name",
    ["builtins.eval", "builtins.getattr", "os.system", "posix.system", "subprocess.Popen", "numpy.load", "torch.load",
     "numpy.testing._private.utils.runstring", "numpy.ndarray.tofile", "pickle.loads", "importlib.import_module"],
)  # fmt: skip
def test_names_are_looked_up_in_the_list_and_nowhere_else(name):
    module, _, attribute = name.rpartition(".")
    by_lines = f"c{module}\n{attribute}\n.".encode()
    by_stack = b"\x80\x04\x8c" + bytes([len(module)]) + module.encode()
    by_stack += b"\x8c" + bytes([len(attribute)]) + attribute.encode() + b"\x93."
    # A dotted name in the allowed module: `pickle` would walk it by getattr.
    dotted = b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93."
    for data in (by_lines, by_stack, dotted):
        with pytest.raises(BadData, match="refused, nothing was run"):
            read_inert(data, ARRAYS)


def counted(code: bytes, count: int) -> bytes:
    return code + struct.pack("<Q", count)


HOSTILE = {
    "nothing": b"",
    "no end": b"N" * 10,
    "no pickle": b"\x93NUMPY\x01\x00",
    "empty stack": b"0.",
    "no mark": b"t.",
    "unknown memo": b"h\x00.",
    "giant bytes": b"\x80\x04" + counted(b"\x8e", 1 << 60) + b".",
    "giant bytearray": b"\x80\x05" + counted(b"\x96", 1 << 40) + b"x.",
    "giant string": b"\x80\x04" + counted(b"\x8d", (1 << 64) - 1) + b".",
    "giant memo index": b"Nr\xff\xff\xff\xff" * 100_000,
    "giant integer": b"\x8b\xff\xff\xff\x7f" + b"\xff" * 1000 + b".",
    "long integer": b"\x8a\xff" + b"\xff" * 255 + b".",
    "long decimal": b"L" + b"9" * 5_000_000 + b"L\n.",
    "many instructions": b"N" * 50_000_000,
    "many marks": b"(" * 50_000_000,
    "doubling tuple as a key": b"}(" + b"N" + b"2\x86" * 60 + b"Nu.",
    "deep tuple as a key": b"}N" + b"\x85" * 150_000 + b"Ns.",
    "long key": b"}B" + struct.pack("<I", 1000) + b"x" * 1000 + b"Ns.",
    "instance": b"(ios\nsystem\n.",
    "object": b"(cos\nsystem\no.",
    "persistent id": b"Pxyz\n.",
    "persistent object": b"NQ.",
    "extension": b"\x82\x01.",
    "outside buffer": b"\x80\x05\x97.",
    "calls a string": b"\x8c\x01x)R.",
    "state of a list": b"]}b.",
    "appends to None": b"NNa.",
    "odd items": b"}(NNNu.",
    "unquoted string": b"Sabc\n.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_soon_and_small(name):
    data, started = HOSTILE[name], time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(BadData, match=r"^pickle: [^\n]*$"):
            read_inert(data, ARRAYS)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - started < 2


def test_deep_nesting_is_harmless():
    # A recursive reader would overflow the stack; so would comparing, printing or hashing what comes back.
    found = read_inert(b"N" + b"\x85" * 150_000 + b".", ())
    assert isinstance(found, tuple) and len(found) == 1


def test_oversized_files_are_refused_unread(monkeypatch):
    monkeypatch.setattr(inert, "MOST_BYTES", 10)
    with pytest.raises(BadData, match="found 11 bytes"):
        read_inert(b"x" * 11, ())
