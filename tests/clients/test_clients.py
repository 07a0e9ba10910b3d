"""Our files in the programs that people open them with: `make test-clients`. What a program shows is looked at, too:
the pictures lie in .clients/pictures/."""

import base64
import json
import os
import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from avatars import avatar
from conftest import CLIENTS, ROOT
from test_usd import complaints, opened
from validator import validated

from avatarkit import gltf, usd, vrm
from avatarkit.bones import joint_places, renamed
from avatarkit.tangents import with_tangents

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent
DOWN = np.array([[0, 0, -0.5, np.sqrt(0.75)]], np.float32)  # the left arm, by 60°
TIME = 0.3
SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
META = vrm.Meta("Ana", ("A. Uthor",), "CC0 1.0")
GIVEN = [Path(path) for path in os.environ.get("AVATARS", "").split()]


@pytest.fixture(scope="module", params=[4, 8, *GIVEN], ids=lambda of: of.stem if isinstance(of, Path) else f"body{of}")
def scene(request) -> gltf.Scene:
    """The built-in body as an avatar, of 4 and of 8 influences, and those that AVATARS="one.glb two.glb" names."""
    if isinstance(request.param, Path):
        return gltf.decode(request.param.read_bytes())
    body, profile = avatar(request.param), "smplx" if request.param == 4 else "mixamo"
    names = renamed([node.name for node in body.nodes], profile)
    return replace(body, nodes=tuple(replace(n, name=name) for n, name in zip(body.nodes, names, strict=True)))


def as_three_sees(scene: gltf.Scene) -> gltf.Scene:
    """Of more than four influences three.js takes the first four, and makes them sum to one again."""

    def first_four(part: gltf.Primitive) -> gltf.Primitive:
        weights = part.weights[:, :4]
        return replace(part, joints=part.joints[:, :4], weights=weights / weights.sum(1, keepdims=True))

    return replace(
        scene, meshes=tuple(replace(m, primitives=tuple(map(first_four, m.primitives))) for m in scene.meshes)
    )


def bone(scene: gltf.Scene, joint: str) -> str:
    names = [node.name for node in scene.nodes]
    return names[joint_places(names)[joint]]


def ours(scene: gltf.Scene, expressions: dict[str, float], clip: gltf.Animation | None = None) -> np.ndarray:
    """(V, 3) the vertices at TIME of a clip, or with the left upper arm turned by -60° about Z; and these morphs."""

    def shaped(part: gltf.Primitive, names: tuple[str, ...]) -> gltf.Primitive:
        weights = np.array([expressions.get(name, 0.0) for name in names])
        return replace(part, vertices=(part.vertices + np.einsum("m,mvi->vi", weights, part.morphs)).astype(np.float32))

    meshes = [replace(m, primitives=tuple(shaped(part, m.morph_names) for part in m.primitives)) for m in scene.meshes]
    arm = joint_places(node.name for node in scene.nodes)["left_shoulder"]
    down = gltf.Animation((gltf.Channel(arm, "rotation", np.zeros(1, np.float32), DOWN),))
    posed = gltf.posed(replace(scene, meshes=tuple(meshes)), clip or down, TIME)
    return np.concatenate([part.vertices for part in gltf.world_primitives(posed)])


class Desk(SimpleHTTPRequestHandler):
    """Serves a folder, node_modules and the page; what the page posts is its answer."""

    def translate_path(self, path: str) -> str:
        if path.startswith("/node_modules/"):
            return str(CLIENTS / path[1:])
        return str(HERE / "page.html") if path.startswith("/page.html") else super().translate_path(path)

    def do_POST(self) -> None:
        self.server.answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.answered.set()

    def log_message(self, *_: object) -> None:
        pass


def browsed(folder: Path, picture: str, **asked: str) -> dict:
    """What the page says of a file in the folder, in headless Chromium, drawn in software; the picture is kept."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium or not (CLIENTS / "node_modules" / "@pixiv" / "three-vrm").is_dir():
        pytest.skip(f"SKIPPED: no chromium, or no three-vrm in {CLIENTS}: nothing is known of browsers")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Desk, directory=str(folder))) as server:
        server.answered = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/page.html?{urlencode(asked)}"
        command = [chromium, "--headless=new", "--no-sandbox", "--no-first-run", "--enable-unsafe-swiftshader",
                   "--use-angle=swiftshader", f"--user-data-dir={folder / 'profile'}", url]  # fmt: skip
        with (folder / "chromium.log").open("wb") as log:
            browser = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                assert server.answered.wait(300), (folder / "chromium.log").read_text()[-2000:]
            finally:
                browser.terminate()
                browser.wait(30)
                server.shutdown()
    answer = server.answer
    if "picture" in answer:
        (CLIENTS / "pictures").mkdir(exist_ok=True)
        (CLIENTS / "pictures" / f"{picture}.png").write_bytes(base64.b64decode(answer["picture"]))
    assert answer["errors"] == []
    return answer


def test_the_validators_find_nothing(scene, tmp_path):
    human = vrm.with_vrm(scene, meta=META)
    assert vrm.faults(human) == []
    reports = validated(tmp_path, gltf.encode(scene), gltf.encode(human), *(path.read_bytes() for path in GIVEN))
    assert not any(report["serious"] for report in reports)
    assert complaints(opened(usd.usdz(scene), tmp_path)) == []


def test_three_js_poses_a_glb_as_we_do(scene, tmp_path, request):
    (tmp_path / "avatar.glb").write_bytes(gltf.encode(scene))
    picture, arm, head = picture_of(request), bone(scene, "left_shoulder"), bone(scene, "head")
    asked = {"bone": arm, "head": head, "time": str(TIME), "expressions": json.dumps(SMILE)}
    answer = browsed(tmp_path, picture, file="avatar.glb", **asked)
    assert answer["animations"] == [clip.name for clip in scene.animations]
    np.testing.assert_allclose(np.reshape(answer["vertices"], (-1, 3)), ours(as_three_sees(scene), SMILE), atol=1e-4)
    clip = scene.animations[-1]
    shown = {name: float(gltf.sampled(channel, np.array([TIME]))[0, index])
             for channel in clip.channels if channel.path == "weights"
             for index, name in enumerate(scene.meshes[0].morph_names)}  # fmt: skip
    played = ours(as_three_sees(scene), shown, clip)
    np.testing.assert_allclose(np.reshape(answer["played"], (-1, 3)), played, atol=1e-4)


def test_three_vrm_poses_a_vrm_as_we_do(scene, tmp_path, request):
    (tmp_path / "avatar.vrm").write_bytes(gltf.encode(vrm.with_vrm(scene, meta=META)))
    asked = {"expressions": json.dumps({"happy": 1.0}), "sheet": json.dumps([*vrm.PRESETS])}
    answer = browsed(tmp_path, picture_of(request), file="avatar.vrm", **asked)
    assert answer["version"] == "1" and answer["licence"] == "CC0 1.0" and answer["animations"] == []
    assert answer["expressions"] == sorted([*vrm.PRESETS, *scene.meshes[0].morph_names])
    expected = ours(as_three_sees(scene), vrm.mixture("happy"))
    np.testing.assert_allclose(np.reshape(answer["vertices"], (-1, 3)), expected, atol=1e-4)
    # A gaze of 20° to the left: of the left eye's 40°, which are 32° of the eye, and of the right one's 30°, 25°.
    assert answer["gaze"] == pytest.approx([16.0, 50 / 3], abs=0.01)


def picture_of(request: pytest.FixtureRequest) -> str:
    return request.node.name.replace("test_", "").replace("[", "_").replace("]", "")


def test_the_vrm_document_is_of_pixivs_types():
    if not shutil.which("node") or not (CLIENTS / "node_modules" / "typescript").is_dir():
        pytest.skip(f"SKIPPED: no node, or no typescript in {CLIENTS}: VRM's types are not checked")
    document = vrm.with_vrm(avatar(), meta=META).extensions["VRMC_vrm"]
    script = CLIENTS / "vrm.ts"
    types = "import type { VRMCVRM } from '@pixiv/types-vrmc-vrm-1.0';\n"
    del document["expressions"]  # the types want a field there that the specification does not have
    compiler = ["node", CLIENTS / "node_modules" / "typescript" / "bin" / "tsc", "--noEmit", "--strict", script]
    for name, good in (("onlyAuthor", True), ("anyone", False)):
        document["meta"]["avatarPermission"] = name
        script.write_text(f"{types}export const vrm: VRMCVRM = {json.dumps(document)};\n")
        found = subprocess.run(compiler, capture_output=True, text=True, timeout=300)
        assert (found.returncode == 0) == good, found.stdout


def test_our_tangents_are_mikktspaces(scene, tmp_path):
    node = shutil.which("node")
    if not node or not (CLIENTS / "node_modules" / "mikktspace").is_dir():
        pytest.skip(f"SKIPPED: no node, or no mikktspace in {CLIENTS}: tangents are not compared")
    part = with_tangents(scene.meshes[0].primitives[0])
    corners = part.faces.reshape(-1)
    upward = part.uv * np.float32([1, -1]) + np.float32([0, 1])
    for name, values in (("places", part.vertices), ("normals", part.normals), ("uv", upward)):
        values[corners].astype("<f4").tofile(tmp_path / name)
    script = """
    const fs = require('fs'), {generateTangents} = require(process.argv[1] + '/node_modules/mikktspace');
    const read = name => new Float32Array(new Uint8Array(fs.readFileSync(name)).buffer);
    fs.writeFileSync('tangents', Buffer.from(generateTangents(read('places'), read('normals'), read('uv')).buffer));
    """
    subprocess.run([node, "-e", script, str(CLIENTS)], cwd=tmp_path, check=True, timeout=120)
    theirs, mine = np.fromfile(tmp_path / "tangents", "<f4").reshape(-1, 4), part.tangents[corners]
    # Faces without area in the texture have any tangent, there and here.
    u, v = np.diff(part.uv[part.faces], axis=1).transpose(2, 0, 1).astype(np.float64)
    whole = np.repeat(np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) > 1e-9, 3)
    assert whole.mean() > 0.9
    assert (theirs[whole, 3] == mine[whole, 3]).all()
    off = np.degrees(np.arccos((theirs[whole, :3] * mine[whole, :3]).sum(1).clip(-1, 1)))
    assert np.quantile(off, 0.99) < 0.1 and off.mean() < 0.1, (off.max(), off.mean())


@pytest.mark.parametrize("suffix", ["glb", "fbx"])
def test_blender_poses_a_glb_and_the_fbx_of_our_recipe_as_we_do(scene, tmp_path, suffix):
    python = CLIENTS / "bpy" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"SKIPPED: no Blender in {CLIENTS}/bpy: nothing is known of it, nor of FBX")

    def ran(*command: object) -> None:
        done = subprocess.run([python, *command], cwd=tmp_path, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]

    (tmp_path / "avatar.glb").write_bytes(gltf.encode(scene))
    if suffix == "fbx":
        recipe = (ROOT / "docs" / "exports.md").read_text().split("```python\n")[1].split("```")[0]
        (tmp_path / "fbx.py").write_text(recipe)
        ran("fbx.py", "avatar.glb", "avatar.fbx")
    ran(HERE / "blender.py", f"avatar.{suffix}", bone(scene, "left_shoulder"), "mouthSmileLeft", "out.npy")
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), ours(scene, {"mouthSmileLeft": 1.0}), atol=1e-3)
