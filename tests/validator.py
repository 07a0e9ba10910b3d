"""Khronos' glTF-Validator, where node and npm are there to run and to install it (`make test` tries)."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import CLIENTS

VALIDATE = """
const validator = require(process.argv[1] + '/node_modules/gltf-validator'), fs = require('fs');
Promise.all(process.argv.slice(2).map(path => validator.validateBytes(new Uint8Array(fs.readFileSync(path)))))
  .then(reports => console.log(JSON.stringify(reports)));
"""


def validated(folder: Path, *files: bytes) -> list[dict]:
    """The validator's report of each GLB, its errors and warnings alone under `serious`."""
    node = shutil.which("node")
    if not node or not (CLIENTS / "node_modules" / "gltf-validator").is_dir():
        pytest.skip(f"SKIPPED: no node, or no gltf-validator in {CLIENTS} (make test): glTF files go unvalidated")
    paths = [folder / f"{place}.glb" for place in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    command = [node, "-e", VALIDATE, str(CLIENTS), *map(str, paths)]
    reports = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)
    assert len(reports) == len(files)
    return [report | {"serious": [i for i in report["issues"]["messages"] if i["severity"] < 2]} for report in reports]
