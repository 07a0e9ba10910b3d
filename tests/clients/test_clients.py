"""Our files in the programs that people open them with: `make test-clients`. What a program shows is looked at, too:
the pictures lie in .clients/pictures/."""

import base64
import json
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
from conftest import CLIENTS

from avatarkit import gltf, vrm

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent
TURNED_DOWN = gltf.Channel(0, "rotation", np.zeros(1, np.float32), np.array([[0, 0, -0.5, np.sqrt(0.75)]], np.float32))
SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
META = vrm.Meta("Ana", ("A. Uthor",), "CC0 1.0")


def ours(scene: gltf.Scene, expressions: dict[str, float], bone: str = "left_shoulder") -> np.ndarray:
    """(V, 3) the vertices with the left upper arm turned by -60° about Z, and the morphs at these weights."""
    mesh, names = scene.meshes[0], [node.name for node in scene.nodes]
    weights = np.array([expressions.get(name, 0.0) for name in mesh.morph_names])
    part = mesh.primitives[0]
    shaped = (part.vertices + np.einsum("m,mvi->vi", weights, part.morphs)).astype(np.float32)
    scene = replace(scene, meshes=(replace(mesh, primitives=(replace(part, vertices=shaped),)),))
    down = gltf.Animation((replace(TURNED_DOWN, node=names.index(bone)),))
    return gltf.world_primitives(gltf.posed(scene, down, 0.0))[0].vertices


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


def browsed(folder: Path, **asked: str) -> dict:
    """What the page says of a file in the folder, in headless Chromium, drawn in software."""
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
        (CLIENTS / "pictures" / f"{asked['file']}.png").write_bytes(base64.b64decode(answer["picture"]))
    assert answer["errors"] == []
    return answer


def test_three_js_poses_a_glb_as_we_do(tmp_path):
    (tmp_path / "avatar.glb").write_bytes(gltf.encode(avatar()))
    answer = browsed(tmp_path, file="avatar.glb", bone="left_shoulder", expressions=json.dumps(SMILE))
    assert answer["animations"] == ["wave"]
    np.testing.assert_allclose(np.reshape(answer["vertices"], (-1, 3)), ours(avatar(), SMILE), atol=1e-4)


def test_three_vrm_poses_a_vrm_as_we_do(tmp_path):
    (tmp_path / "avatar.vrm").write_bytes(gltf.encode(vrm.with_vrm(avatar(), meta=META)))
    answer = browsed(tmp_path, file="avatar.vrm", expressions=json.dumps({"happy": 1.0}))
    assert answer["version"] == "1" and answer["licence"] == "CC0 1.0" and answer["animations"] == []
    assert answer["expressions"] == sorted([*vrm.PRESETS, *avatar().meshes[0].morph_names])
    np.testing.assert_allclose(np.reshape(answer["vertices"], (-1, 3)), ours(avatar(), vrm.mixture("happy")), atol=1e-4)


def test_the_vrm_document_is_of_pixivs_types(tmp_path):
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


def test_blender_poses_a_glb_as_we_do_and_writes_fbx(tmp_path):
    python = CLIENTS / "bpy" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"SKIPPED: no Blender in {CLIENTS}/bpy: nothing is known of it")
    (tmp_path / "avatar.glb").write_bytes(gltf.encode(avatar()))
    command = [python, HERE / "blender.py", "avatar.glb", "left_shoulder", "mouthSmileLeft", "out.npy", "avatar.fbx"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-2000:]
    expected = ours(avatar(), {"mouthSmileLeft": 1.0})
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-3)
    assert (tmp_path / "avatar.fbx").read_bytes().startswith(b"Kaydara FBX Binary")
