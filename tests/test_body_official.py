"""Official files: every way in which they were ever written gives the same arrays, and smplx agrees with the result."""

import io
import pickle
import sys
import time
import tracemalloc

import numpy as np
import pytest
import torch
from bodies import official_arrays, random_pose
from mutations import mutations
from pickles import importable, pickled, sparse_state, with_state

from avatarkit.body import JOINT_INDEX, BodyModel, arrays_from_npz, arrays_from_pickle, normalised, official
from avatarkit.errors import BadData

CH, SELECT, CSC = "chumpy.ch.Ch", "chumpy.reordering.Select", "scipy.sparse.csc.csc_matrix"


def same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def as_npz(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def as_in_the_wild(arrays: dict[str, np.ndarray], classes: dict[str, type]) -> dict[str, object]:
    """The entries of a SMPL .pkl of 2015: shapes chosen out of more by chumpy, a sparse regressor, words, a set."""
    dirs = arrays["shapedirs"]
    whole = np.concatenate([dirs, dirs + 1], axis=2)
    picked = np.arange(whole.size).reshape(whole.shape)[:, :, : dirs.shape[2]].ravel()
    return arrays | {
        "v_template": with_state(classes[CH], x=arrays["v_template"], _dirty_vars=set()),
        "shapedirs": with_state(
            classes[SELECT], a=with_state(classes[CH], x=whole), idxs=picked, preferred_shape=dirs.shape
        ),
        "J_regressor": with_state(classes[CSC], **sparse_state(arrays["J_regressor"], "csc")),
        "bs_style": "lbs",
        "part2num": {"head": 3},
    }  # fmt: skip


def test_npz_with_objects():
    arrays = official_arrays()
    same(arrays_from_npz(as_npz(**arrays, joint2num=np.array({"head": 15}, object))), arrays)


def test_npz_objects_are_not_unpickled(tmp_path):
    class Runs:
        def __reduce__(self):
            return (tmp_path / "canary").touch, ()

    data = as_npz(betas=np.zeros(3), evil=np.array(Runs(), object))
    same(arrays_from_npz(data), {"betas": np.zeros(3)})
    assert not (tmp_path / "canary").exists()
    np.load(io.BytesIO(data), allow_pickle=True)["evil"]  # the payload is live
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize(("protocol", "python2"), [(0, True), (2, True), *((p, False) for p in (0, 2, 4, 5))])
def test_pickles_of_every_kind(protocol, python2):
    arrays = official_arrays(V=20)
    with importable(CH, SELECT, CSC) as classes:
        data = pickled(as_in_the_wild(arrays, classes), protocol, python2)
    assert "chumpy.ch" not in sys.modules
    same(arrays_from_pickle(data), arrays)


def test_memory_layouts_and_types_of_numbers():
    values = np.arange(24.0).reshape(2, 3, 4)
    arrays = {
        "fortran": np.asfortranarray(values),
        "strided": values[:, ::2],
        "big_endian": values.astype(">f4"),
        "half": values.astype(np.float16),
        "bytes": values.astype(np.uint8),
        "empty": np.zeros((0, 3)),
    }
    left_out = {"text": np.array(["a"]), "objects": np.array([None, 1], object), "flags": np.array([True])}
    for protocol in (2, 4, 5):
        found = arrays_from_pickle(pickle.dumps(arrays | left_out | {"scalar": np.float32(7)}, protocol))
        same(found, arrays | {"scalar": np.array(7, np.float32)})
        assert found["big_endian"].dtype == np.dtype("=f4")


@pytest.mark.parametrize("kind", ["csc", "csr", "coo"])
def test_scipys_own_sparse_matrices(kind):
    sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    dense = official_arrays()["J_regressor"].round(1)
    data = pickle.dumps({"J_regressor": getattr(sparse, f"{kind}_matrix")(dense)}, 2)
    same(arrays_from_pickle(data), {"J_regressor": dense})


def reconstructed(shape: str, dtype: str = "f8", raw: str = "S''") -> bytes:
    """A protocol 0 pickle of one array, by hand."""
    return (
        "(dS'v_template'\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        f"(I1\n{shape}cnumpy\ndtype\n(S'{dtype}'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n{raw}\ntbs."
    ).encode()


def test_an_array_by_hand():
    zeros = "S'" + "\\x00" * 8 + "'"
    same(arrays_from_pickle(reconstructed("(I1\nt", raw=zeros)), {"v_template": np.zeros(1)})
    assert arrays_from_pickle(reconstructed("(I1\nt", dtype="O8", raw=zeros)) == {}
    assert arrays_from_pickle(reconstructed("(I1\nt", dtype="i3", raw=zeros)) == {}


@pytest.mark.parametrize(
    "data",
    [
        reconstructed("(I1000000000000\nt"),
        reconstructed("(I4\nI4\nt"),
        reconstructed("(I-1\nt"),
        reconstructed("(I9223372036854775807\nI9223372036854775807\nt"),
        reconstructed("S'x'\n"),
        b"N.",
        b"(dS'x'\ncos\nsystem\n(S'true'\ntRs.",
    ],
)  # fmt: skip
def test_damaged_arrays_are_refused_before_memory_is_taken(data):
    tracemalloc.start()
    try:
        with pytest.raises(BadData, match=r"^pickle: [^\n]*$"):
            arrays_from_pickle(data)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def test_small_files_cannot_ask_for_much(monkeypatch):
    # A sparse matrix of two entries, and a hundred choices out of the same thousand numbers.
    with importable(CSC, CH, SELECT) as classes:
        state = sparse_state(np.eye(2), "csc") | {"_shape": (1 << 20, 2)}
        sparse = pickle.dumps({f"a{k}": with_state(classes[CSC], **state) for k in range(40)}, 2)
        node = with_state(classes[CH], x=np.arange(1000.0))
        for _ in range(20):
            node = with_state(classes[SELECT], a=node, idxs=np.arange(1000))
        nested = pickle.dumps({"v_template": node}, 2)
        loop = with_state(classes[CH])
        loop.x = loop
        endless = pickle.dumps({"v_template": loop}, 2)
    started = time.perf_counter()
    for data, reason in ((sparse, "expected at most"), (nested, "nested too deep"), (endless, "nested too deep")):
        with pytest.raises(BadData, match=reason):
            arrays_from_pickle(data)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "change",
    [
        {"indices": np.array([0, 9], np.int32)},
        {"indices": np.array([0, -1], np.int32)},
        {"indptr": np.array([0, 1, 1 << 30], np.int32)},
        {"indptr": np.array([0, 5, 2], np.int32)},
        {"indptr": np.zeros(0, np.int32)},
        {"_shape": (2, 1 << 40)},
        {"_shape": "ab"},
        {"data": None},
    ],
)
def test_damaged_sparse_matrices_are_refused(change):
    with importable(CSC) as classes:
        data = pickle.dumps({"J_regressor": with_state(classes[CSC], **(sparse_state(np.eye(2), "csc") | change))}, 2)
    with pytest.raises(BadData, match=r"^pickle: [^\n]*$"):
        arrays_from_pickle(data)


def test_mutated_pickles_are_arrays_or_bad_data():
    with importable(CH, SELECT, CSC) as classes:
        wild = as_in_the_wild(official_arrays(V=3), classes)
        seeds = [pickled(wild, 0, True), pickled(wild, 2, True), pickled(wild, 4)]
    outcomes = set()
    for number, data in enumerate(seeds):
        for mutant in mutations(data, 150, seed=number):
            try:
                outcomes.add(type(arrays_from_pickle(mutant)))
            except BadData as error:
                outcomes.add(BadData)
                assert "\n" not in str(error)
    assert outcomes == {dict, BadData}


def test_shape_and_expression_are_cut_where_smplx_cuts():
    for directions, betas, expressions in ((400, 300, 100), (20, 10, 10), (10, 10, 0)):
        arrays = official_arrays(V=5, directions=directions)
        plain = normalised(arrays)
        assert plain["shapedirs"].shape[2] == betas and plain["exprdirs"].shape[2] == expressions
        np.testing.assert_allclose(plain["exprdirs"], arrays["shapedirs"][:, :, betas : betas + expressions], atol=1e-7)
    assert normalised(official_arrays(V=5, J=24, directions=300))["shapedirs"].shape[2] == 300


def test_missing_joints_lie_at_their_parents_and_carry_nothing():
    model = BodyModel.from_arrays(normalised(official_arrays(J=24, directions=10)), sha256="")
    joints = model.shaped(torch.zeros(0)).joints
    index = JOINT_INDEX
    for dead, parent in (("jaw", "head"), ("left_index3", "left_wrist"), ("right_middle3", "right_middle1")):
        torch.testing.assert_close(joints[index[dead]], joints[index[parent]], atol=1e-6, rtol=0)
        assert model.lbs_weights[:, index[dead]].abs().sum() == 0
    assert model.lbs_weights[:, index["left_middle1"]].sum() > 0
    assert (model.name, model.licence) == ("SMPL", "SMPL non-commercial")


@pytest.mark.parametrize("J", [52, 24])
def test_smplh_and_smpl_equal_smplx_packages(J):
    smplx = pytest.importorskip("smplx", reason="smplx is not installed: pip install avatarkit[smplx]")
    arrays = official_arrays(V=200, J=J, directions=10)
    ours = BodyModel.from_arrays(normalised(arrays), sha256="")
    pose, betas = random_pose(2), torch.randn(2, 10, generator=torch.Generator().manual_seed(3))
    ids = dict.fromkeys(smplx.body_models.VERTEX_IDS["smplh"], 0)
    options = {"model_path": "", "data_struct": smplx.utils.Struct(**arrays), "vertex_ids": ids, "batch_size": 2}
    if J == 52:
        theirs = smplx.SMPLH(**options, use_pca=False, flat_hand_mean=True)
        turns = {name: part for name, part in vars(pose).items() if not name.startswith(("jaw", "leye", "reye"))}
    else:
        theirs = smplx.SMPL(**options)
        full = pose.full()
        hands = full[:, [JOINT_INDEX["left_middle1"], JOINT_INDEX["right_middle1"]]].flatten(1)
        turns = {"body_pose": torch.cat([pose.body_pose, hands], 1)}
        turns |= {"global_orient": pose.global_orient, "transl": pose.transl}
    with torch.no_grad():
        expected = theirs(betas=betas, **turns)
    posed = ours.shaped(betas).posed(pose)
    torch.testing.assert_close(posed.vertices, expected.vertices, atol=1e-5, rtol=0)
    torch.testing.assert_close(posed.joints[:, :22], expected.joints[:, :22], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shapedirs": None}, "no shapedirs"),
        ({"weights": np.zeros((60, 16))}, "found 16 joints, expected 55"),
        ({"kintree_table": np.zeros((2, 24))}, "do not have weights' 55"),
        ({"v_template": np.zeros((60, 2))}, r"v_template is float64 of shape \(60, 2\)"),
        ({"f": np.array([["a"]])}, "f is <U1"),
        ({"posedirs": np.zeros((60, 3, 207))}, "207 directions, expected 486"),
    ],
)
def test_unfit_files_are_refused_by_name(change, reason):
    arrays = {name: array for name, array in (official_arrays() | change).items() if array is not None}
    with pytest.raises(BadData, match=reason):
        normalised(arrays)


def test_the_list_of_names_runs_nothing():
    # Guards the list itself: each name is a container, a type of numbers, or a way to make one.
    assert not {name for name in official.ALLOWED if name.startswith(("os", "sys", "subprocess", "posix", "torch"))}
    builtins = {name for name in official.ALLOWED if "builtin" in name}
    assert {name.partition(".")[2] for name in builtins} == {"object", "set", "bytes"}
