import io
import struct
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from avatarkit import npz
from avatarkit.errors import BadData
from tests.mutations import mutations

ARRAYS = {
    "betas": np.arange(10, dtype=np.float32) / 7,
    "K": np.eye(3),
    "faces": np.array([[0, 1, 2], [2, 1, 3]], np.uint32),
    "fortran": np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)),
    "big_endian": np.arange(3, dtype=">f8"),
    "mask": np.array([True, False]),
    "body_model": np.array("anny-1.0 · 中"),
    "names": np.array(["left_hip", "right_hip"]),
    "nothing": np.zeros((0, 3), np.float32),
}


def same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        assert found[name].dtype == array.dtype.newbyteorder("="), name
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.writeable and found[name].flags.c_contiguous, name


def member(header: bytes, payload: bytes = b"", name: str = "x.npy", version: bytes = b"\x01\x00") -> bytes:
    """An archive of one hand-made .npy member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + payload)
    return out.getvalue()


def header(descr: str, shape: str) -> bytes:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def test_round_trip_keeps_names_order_values_and_dtypes():
    same(npz.decode(npz.encode(ARRAYS)), ARRAYS)


def test_same_arrays_give_same_bytes_whatever_their_memory_order_or_the_clock(monkeypatch):
    # Guards: zipfile.writestr(name) stamps the time of day, numpy keeps Fortran order.
    first = npz.encode(ARRAYS)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    again = {name: np.array(array, dtype=array.dtype.newbyteorder("<"), order="C") for name, array in ARRAYS.items()}
    assert npz.encode(again) == first


def test_numpy_reads_what_we_write():
    with np.load(io.BytesIO(npz.encode(ARRAYS)), allow_pickle=False) as file:
        assert file.files == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_we_read_what_numpy_writes(save):
    out = io.BytesIO()
    save(out, **ARRAYS)
    same(npz.decode(out.getvalue()), ARRAYS)


def test_we_read_an_archive_that_was_streamed():
    # Guards: a stream that cannot seek gets zip64 local headers and sizes after the data.
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in ARRAYS.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    same(npz.decode(out.getvalue()), ARRAYS)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True),
        arrays_of.arrays(
            st.sampled_from([np.float32, np.float64, np.int8, np.uint16, np.int64, np.bool_, np.complex64]),
            arrays_of.array_shapes(min_dims=0, min_side=0, max_side=4),
        ),
        max_size=3,
    )
)
def test_any_arrays_round_trip(arrays):
    same(npz.decode(npz.encode(arrays)), arrays)


@pytest.mark.parametrize(
    "value", [np.array([None]), np.zeros(2, [("a", "f4")]), np.array("2020-01-01", "datetime64[D]")]
)
def test_encode_refuses_what_would_be_pickled(value):
    with pytest.raises(ValueError, match="numbers or text"):
        npz.encode({"x": value})


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".x", "x\0", "C:x"])
def test_path_like_names_are_refused_both_ways(name):
    with pytest.raises(ValueError, match="plain name"):
        npz.encode({name: np.zeros(1)})
    if name not in ("x\0", "a\\b"):  # zipfile itself mends these two on one system or the other
        with pytest.raises(BadData, match="plain name"):
            npz.decode(member(header("<f8", "(1,)"), bytes(8), f"{name}.npy"))


@pytest.mark.parametrize(
    ("archive", "says"),
    [
        (b"", "damaged"),
        (b"PK\x05\x06" + bytes(17), "damaged"),
        (member(header("|O", "(1,)"), bytes(8)), "never unpickled"),
        (member(header("<f8", "(2,)"), bytes(8)), "needs 16 bytes, found 8"),
        (member(header("<f8", "(1,)"), bytes(9)), "needs 8 bytes, found 9"),
        (member(header("<f8", "(0, 999999999999)")), "needs 0 bytes"),
        (member(header("<f8", "(99999999999999999, 99999999999999999)")), "needs"),
        (member(header("<U9999999", "(99999999,)")), "needs"),
        (member(header("<f8", "(-1,)")), "header"),
        (member(header("<f8", "(1.0,)")), "header"),
        (member(header("<f8", "(" + "1" * 300 + ",)"), bytes(8)), "axes"),
        (member(header("<f8", "(" + "1," * 40 + ")"), bytes(8)), "axes"),
        (member(b"(" * 3000), "header"),
        (member(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", bytes(8)), "header"),
        (member(b" " * 5000), "at most 4096"),
        (member(header("<f8", "(1,)"), bytes(8), version=b"\x09\x00"), "version"),
        (member(header("|b1", "(2,)"), b"\x01\x02"), "booleans"),
        (member(header("<U1", "(1,)"), b"\xff\xff\xff\xff"), "Unicode"),
        (member(header("<f8", "(1,)"), bytes(8), "x.pkl"), "ending in .npy"),
    ],
)
def test_bad_archives_are_refused_in_one_line(archive, says):
    with pytest.raises(BadData, match=says) as caught:
        npz.decode(archive)
    assert "\n" not in str(caught.value)


def test_a_name_twice_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for _ in range(2):
            archive.writestr("x.npy", b"")
    with pytest.raises(BadData, match="found twice"):
        npz.decode(out.getvalue())


def test_bombs_are_refused_before_anything_is_allocated():
    zeros = npz.encode({"x": np.zeros(1 << 22)})
    assert len(zeros) < 50_000
    with pytest.raises(BadData, match="at most 1000000 bytes"):
        npz.decode(zeros, limit_bytes=1_000_000)
    # The directory promises 2 GB for the same few bytes.
    liar = bytearray(npz.encode({"x": np.zeros(4)}))
    at = liar.rindex(b"PK\x01\x02") + 24
    liar[at : at + 4] = struct.pack("<I", 2**31 - 1)
    with pytest.raises(BadData, match="cannot come out of"):
        npz.decode(bytes(liar))
    with pytest.raises(BadData, match="at most 1024 members"):
        npz.decode(npz.encode({f"x{i}": np.zeros(0) for i in range(1025)}))


def test_bzip2_members_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", bytes(99))
    with pytest.raises(BadData, match="another compression"):
        npz.decode(out.getvalue())


def test_mutated_files_decode_or_are_bad_data():
    data = npz.encode({name: ARRAYS[name] for name in ("betas", "faces", "fortran", "names", "mask")})
    refused = 0
    for damaged in mutations(data, 500, seed=0):
        start = time.perf_counter()
        try:
            npz.decode(damaged)
        except BadData as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) < 400
        assert time.perf_counter() - start < 2
    assert refused > 250
