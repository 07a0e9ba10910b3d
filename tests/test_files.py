"""Every artefact's file: bit-exact where it can be, refused where it must be, bounded always."""

import io
import json
import resource
import sys
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import official_arrays, small_model
from mutations import mutations
from PIL import Image
from scenes import textured
from test_maps import two_views
from test_person import ana

from avatarkit import files, gltf, maps, npz, png, record
from avatarkit.errors import BadData, InputMissing, NotInstalled, UsageError
from avatarkit.files import places
from avatarkit.mesh import Mesh

TETRAHEDRON = Mesh(
    torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    torch.tensor([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]]),
)


@pytest.fixture
def body_model_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AVATARKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_prompt_is_text(tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_bytes("\ufeff  eine größe Frau \n".encode())
    assert files.read_prompt(path) == "eine größe Frau"
    for content in (b"", b" \n", b"\xff\xfe\x00", b"a\0b", b"x" * (65 << 10)):
        path.write_bytes(content)
        with pytest.raises(BadData, match=r"prompt\.txt"):
            files.read_prompt(path)


def test_what_is_not_there_or_no_file(tmp_path):
    with pytest.raises(InputMissing):
        files.read_person(tmp_path / "body.npz")
    with pytest.raises(BadData, match="folder"):
        files.read_person(tmp_path)


def test_person_round_trip_and_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        files.write_person(tmp_path / name, ana())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert torch.equal(files.read_person(tmp_path / "a.npz").betas, ana().betas)
    with np.load(tmp_path / "a.npz") as plain:  # numpy reads it too
        assert plain["body_pose"].shape == (63,)


def test_a_file_of_another_kind_is_named(tmp_path):
    np.savez(tmp_path / "body.npz", a=np.zeros(3))
    with pytest.raises(BadData, match=r"body\.npz: global_orient: missing"):
        files.read_person(tmp_path / "body.npz")


def test_normals_round_trip_and_open_in_any_viewer(tmp_path):
    path = tmp_path / "normals.png"
    files.write_normals(path, two_views())
    assert np.abs(files.read_normals(path).normals - two_views().normals).max() < 3 / 65535
    with Image.open(path) as image:
        assert image.size == (16, 8)


def test_cameras_that_an_editor_dropped_come_from_the_record(tmp_path):
    path = tmp_path / "normals.png"
    with record.keeping() as ledger:
        files.write_normals(path, two_views())
    story = record.compose("gen-normals", {}, ledger, path, record.sha256(path), 0.0)
    image, text = png.decode(path.read_bytes())
    Image.fromarray((image >> 8).astype(np.uint8)).save(path)  # an editor: 8 bit, no text
    assert maps.TEXT_KEY in text
    with pytest.raises(BadData, match="no cameras"):
        files.read_normals(path)
    record.record_path(path).write_text(json.dumps(story))
    again = files.read_normals(path)
    assert torch.equal(again.views[1].camera.K, two_views().views[1].camera.K)
    assert np.abs(again.normals[..., :3] - two_views().normals[..., :3]).max() < 0.03


@pytest.mark.parametrize("suffix", [".glb", ".ply", ".obj"])
def test_mesh_round_trip(tmp_path, suffix):
    path = tmp_path / f"mesh{suffix}"
    files.write_mesh(path, TETRAHEDRON)
    again = files.read_mesh(path)
    assert torch.allclose(again.vertices, TETRAHEDRON.vertices) and torch.equal(again.faces, TETRAHEDRON.faces)


def test_parts_with_colours_of_vertices_keep_them_beside_parts_with_pictures(tmp_path):
    """Guards one grey for a whole part, as for shoes with white soles beside a textured coat."""
    scene = textured()
    body, eyes = scene.meshes[0].primitives
    colours = np.tile(np.array([[1, 0, 0, 1]], np.float32), (len(body.vertices), 1))
    colours[0] = colours[3] = (0, 0, 1, 1)  # one face is two thirds red, the other two thirds blue
    body = replace(body, uv=None, material=None, colors=colours)
    (tmp_path / "a.glb").write_bytes(gltf.encode(replace(scene, meshes=(gltf.Mesh((body, eyes)),))))
    found = files.read_mesh(tmp_path / "a.glb")
    image, (H, W) = found.images["base_colour"], found.images["base_colour"].shape[:2]
    at = [image[int(v * H), int(u * W)].tolist() for u, v in found.uvs[:2, 0]]
    assert at == [[213, 0, 156], [156, 0, 213]]


def test_glb_keeps_attributes_and_seams(tmp_path):
    template, part = torch.tensor([5, 65535, 7, 8], dtype=torch.int32), torch.arange(4, dtype=torch.uint8)
    uvs = torch.rand(4, 3, 2, generator=torch.Generator().manual_seed(0))
    painted = Mesh(TETRAHEDRON.vertices, TETRAHEDRON.faces, {"_TEMPLATE": template, "_PART": part}, uvs)
    files.write_mesh(tmp_path / "a.glb", painted)
    again = files.read_mesh(tmp_path / "a.glb")
    assert torch.allclose(again.uvs, uvs) and len(again.vertices) == 12
    assert torch.allclose(again.vertices[again.faces], painted.vertices[painted.faces])
    assert torch.equal(again.attributes["_TEMPLATE"][again.faces], template[painted.faces])
    assert torch.equal(again.attributes["_PART"][again.faces].byte(), part[painted.faces])
    (mesh,) = gltf.decode((tmp_path / "a.glb").read_bytes()).meshes
    # Blender 5.0 does not open a file with a custom attribute of one byte.
    assert {values.dtype.itemsize for values in mesh.primitives[0].custom.values()} == {2}


def test_a_mesh_of_no_known_kind(tmp_path):
    (tmp_path / "a.fbx").write_bytes(b"x")
    with pytest.raises(BadData, match=r"\.glb"):
        files.read_mesh(tmp_path / "a.fbx")
    with pytest.raises(UsageError, match=r"\.fbx"):
        files.write_mesh(tmp_path / "a.fbx", TETRAHEDRON)


def saved(image: Image.Image, kind: str, **more) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def photos() -> dict[str, bytes]:
    grey = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray((np.arange(64) * 1000).astype(np.uint16).reshape(8, 8))
    rgb = grey.convert("RGB")
    return {
        "grey": saved(grey, "PNG"), "rgb": saved(rgb, "JPEG"), "webp": saved(rgb, "WEBP"), "deep": saved(deep, "PNG"),
        "palette": saved(grey.convert("P"), "PNG", transparency=3), "cmyk": saved(grey.convert("CMYK"), "JPEG"),
        "turned": saved(rgb, "JPEG", exif=turned), "profile": saved(rgb, "JPEG", icc_profile=b"broken"),
        "alpha": saved(grey.convert("LA"), "PNG"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", photos())
def test_photos_of_every_kind(tmp_path, kind):
    (tmp_path / "photo.jpg").write_bytes(photos()[kind])
    image = files.read_photo(tmp_path / "photo.jpg")
    assert image.dtype == np.uint8 and image.shape == (8, 8, 4 if kind in ("palette", "alpha") else 3)
    if kind == "deep":
        assert image[-1, -1, 0] == 63000 >> 8


def test_a_photo_that_is_none(tmp_path):
    bomb = bytearray(saved(Image.new("L", (8, 8)), "PNG"))
    bomb[16:24] = (12000).to_bytes(4, "big") * 2
    for content in (b"", b"GIF89a", bytes(bomb), saved(Image.new("RGB", (64, 64)), "JPEG")[:300]):
        (tmp_path / "photo.jpg").write_bytes(content)
        with pytest.raises(BadData, match=r"photo\.jpg"):
            files.read_photo(tmp_path / "photo.jpg")


def test_turntables_loop_and_the_suffix_decides(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (5, 32, 24, 3), dtype=np.uint8)
    for name in ("a.webp", "a.gif"):
        files.write_movie(tmp_path / name, frames)
        with Image.open(tmp_path / name) as movie:
            assert (movie.n_frames, movie.size, movie.info["loop"]) == (5, (24, 32), 0)
    with pytest.raises(UsageError, match=r"\.webp"):
        files.write_movie(tmp_path / "a.avi", frames)


def test_the_builtin_body_is_read_and_noted():
    with record.keeping() as ledger:
        model = files.read_body_model("builtin")
    (noted,) = ledger.models.values()
    assert noted.free and noted.sha256 == model.sha256 and model.v_template.shape[0] > 13000


def test_an_official_file_passes_the_importer_once(tmp_path, body_model_cache):
    np.savez(tmp_path / "SMPLX_TEST.npz", **official_arrays(V=200))
    model = files.read_body_model(f"smplx:{tmp_path}/SMPLX_TEST.npz")
    (cached,) = (body_model_cache / "bodies").iterdir()
    assert "non-commercial" in model.licence and cached.stem == model.sha256
    person = ana()
    with pytest.raises(NotInstalled, match="is not here"):
        files.read_body_model_of(person)
    (tmp_path / "SMPLX_TEST.npz").unlink()
    again = files.read_body_model_of(replace(person, model=record.Model(model.name, model.sha256, model.licence)))
    assert torch.equal(again.v_template, model.v_template)


def test_no_such_body_model():
    with pytest.raises(NotInstalled, match="smplx:PATH"):
        files.read_body_model("star")
    with pytest.raises(InputMissing):
        files.read_body_model("smplx:/nowhere/SMPLX.npz")


def artefacts(folder) -> dict[str, tuple]:
    """One small good file of each kind, and its reader."""
    generator = np.random.default_rng(0)
    files.write_person(folder / "body.npz", ana())
    files.write_normals(folder / "normals.png", two_views())
    part = torch.arange(4, dtype=torch.uint8)
    files.write_mesh(folder / "carved.glb", TETRAHEDRON.having(_PART=part))
    files.write_mesh(folder / "carved.ply", TETRAHEDRON)
    files.write_mesh(folder / "carved.obj", TETRAHEDRON)
    (folder / "photo.jpg").write_bytes(
        saved(Image.fromarray(generator.integers(0, 255, (16, 16, 3), np.uint8)), "JPEG")
    )
    (folder / "photo.png").write_bytes(saved(Image.new("RGB", (16, 16), "red"), "PNG"))
    (folder / "prompt.txt").write_text("a tall woman, 30 years old")
    np.savez(folder / "pose.npz", poses=generator.normal(size=(3, 156)), trans=np.zeros((3, 3)))
    np.savez(folder / "official.npz", **official_arrays(V=20))
    return {
        "body.npz": files.read_person, "normals.png": files.read_normals, "carved.glb": files.read_mesh,
        "carved.ply": files.read_mesh, "carved.obj": files.read_mesh, "photo.jpg": files.read_photo,
        "photo.png": files.read_photo, "prompt.txt": files.read_prompt, "pose.npz": files.read_arrays,
        "official.npz": lambda path: files.read_body_model(f"smplx:{path}"),
    }  # fmt: skip


KINDS = ["body.npz", "normals.png", "carved.glb", "carved.ply", "carved.obj", "photo.jpg", "photo.png", "prompt.txt",
         "pose.npz", "official.npz"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_500_damaged_copies_are_refused_or_read(tmp_path, body_model_cache, kind):
    """Each is valid or BadData (65), within 2 s of CPU time; the process grows by less than 1 GB."""
    read = artefacts(tmp_path)[kind]
    path = tmp_path / kind
    good, before = path.read_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused, slowest = 0, 0.0
    for damaged in mutations(good, 500, seed=KINDS.index(kind)):
        path.write_bytes(damaged)
        start = time.process_time()
        try:
            read(path)
        except BadData as error:
            refused += 1
            assert str(error).startswith(str(path)) and "\n" not in str(error).strip()
        slowest = max(slowest, time.process_time() - start)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert refused > (50 if kind in ("prompt.txt", "carved.obj") else 250)
    assert slowest < 2 and grown < (1 << 20 if sys.platform == "linux" else 1 << 30)


def bombs() -> dict[str, bytes]:
    zipped = io.BytesIO()
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (4294967295,), }"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("betas.npy", header.ljust(127) + b"\n" + bytes(200 << 20))
    picture = bytearray(png.encode(np.zeros((4, 4, 4), np.uint16), {}))
    picture[16:24] = (1 << 20).to_bytes(4, "big") * 2
    ply = b"ply\nformat binary_little_endian 1.0\nelement vertex 2000000000\nproperty float x\nend_header\n"
    deep = b'{"asset": {"version": "2.0"}, "extras": ' + b"[" * 200_000
    return {"body.npz": zipped.getvalue(), "normals.png": bytes(picture), "a.ply": ply, "a.gltf": deep}


@pytest.mark.parametrize("name", bombs())
def test_bombs_are_refused_before_they_swell(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bombs()[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with pytest.raises(BadData):
        {"body.npz": files.read_person, "normals.png": files.read_normals}.get(name, files.read_mesh)(path)
    assert time.process_time() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20


def test_nothing_is_left_open_or_beside(tmp_path):
    files.write_person(tmp_path / "body.npz", ana())
    npz.decode((tmp_path / "body.npz").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["body.npz"]


def test_what_a_photos_exif_tells_of_its_lens(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 28
    Image.new("RGB", (400, 300)).save(tmp_path / "phone.jpg", exif=exif)
    Image.new("RGB", (400, 300)).save(tmp_path / "plain.jpg")
    assert files.read_focal(tmp_path / "phone.jpg") == pytest.approx(28 / 43.27 * 500)
    assert files.read_focal(tmp_path / "plain.jpg") is None


def test_masks_have_the_photos_size_and_keypoints_are_json(tmp_path):
    from PIL import Image

    photo = np.zeros((30, 40, 3), np.uint8)
    cut = np.zeros((30, 40, 4), np.uint8)
    cut[5:9, 3:7, 3] = 255
    Image.fromarray(cut).save(tmp_path / "mask.png")
    assert files.read_mask(tmp_path / "mask.png", photo).sum() == 16 * 255
    with pytest.raises(BadData, match="40 x 30 pixels, expected the photo's 40 x 31"):
        files.read_mask(tmp_path / "mask.png", np.zeros((31, 40, 3), np.uint8))
    (tmp_path / "keypoints.json").write_text('{"people": [')
    with pytest.raises(BadData, match="is no JSON"):
        files.read_keypoints(tmp_path / "keypoints.json")


def test_landmarks_of_an_official_body_are_measured_once(monkeypatch, tmp_path):
    monkeypatch.setenv("AVATARKIT_CACHE", str(tmp_path))
    model, asked = small_model(), []

    def measured(model, stored):
        asked.append(model.name)
        return {"body": np.array(model.sha256), "rigid": 2 * stored["rigid"]} if len(asked) != 2 else None

    first = files.read_landmarks(model, measured)
    again = files.read_landmarks(model, measured)
    assert len(asked) == 1 and str(first["body"]) == model.sha256
    assert np.array_equal(first["rigid"], again["rigid"]) and set(first) <= set(again)
    kept = places.cached_landmarks(model.sha256)
    kept.write_bytes(kept.read_bytes()[:-100])  # a damaged cache is made anew; what could not be measured is not kept
    assert "body" not in files.read_landmarks(model, measured)
    assert "body" in files.read_landmarks(model, measured)
    kept.write_bytes(npz.encode({"rigid": again["rigid"], "against": np.array("another asset")}))
    files.read_landmarks(model, measured)
    assert len(asked) == 4
    files.read_landmarks(files.read_body_model("builtin"), measured)
    assert len(asked) == 4


def test_a_clip_is_read_from_either_format_and_nothing_else(tmp_path, caplog):
    body = files.read_body_model("builtin").shaped(torch.zeros(1))
    npz_path, other = tmp_path / "walk.npz", tmp_path / "walk.fbx"
    np.savez(npz_path, poses=np.zeros((3, 66)), gender="female")
    clip = files.read_clip(npz_path, body)
    assert clip.name == "walk" and len(clip.times) == 3
    assert "walk.npz: does not say how fast it is" in caplog.text
    other.write_bytes(b"Kaydara FBX Binary")
    with pytest.raises(BadData, match=r"walk.fbx: is neither .npz \(AMASS, SMPL-X\) nor .bvh"):
        files.read_clip(other, body)
    bvh = tmp_path / "walk.bvh"
    bvh.write_text("HIERARCHY\nROOT Hips\n{ OFFSET 0 0 0 CHANNELS 0 }\nMOTION\nFrames: 1\nFrame Time: 1\n")
    with pytest.raises(BadData, match=r"walk.bvh: line 5: 1 frames are said, 0 rows"):
        files.read_clip(bvh, body)
    with pytest.raises(InputMissing, match=r"nobody.bvh"):
        files.read_clip(tmp_path / "nobody.bvh", body)
