"""Charts that xatlas finds, for meshes of no known body: the only door to it, in a process of its own.

It can crash, and on meshes that are not manifold it can take hours: so it runs as `python -m avatarkit.atlas.automatic`
with a time-out. Messages are .npz files. Its charts may lie mirrored in the texture.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from avatarkit import npz
from avatarkit.atlas.atlas import Atlas
from avatarkit.errors import BadData, NotInstalled
from avatarkit.mesh import Mesh, connected

INSTALL = "pip install 'avatarkit[xatlas]'"
MISSING = 69
PADDING = 16
"""Texels between charts in a texture of `RESOLUTION`²: 8 for each."""
RESOLUTION = 2048


def automatic(mesh: Mesh, *, seconds: float = 300.0) -> Atlas:
    """The mesh's atlas by xatlas, its charts by number.

    Raises NotInstalled without xatlas; BadData where it fails, or takes longer than `seconds`.
    """
    asked = io.BytesIO()
    np.savez(asked, vertices=mesh.vertices.float().cpu().numpy(), faces=mesh.faces.cpu().numpy().astype(np.uint32))
    package = str(Path(__file__).parent.parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "avatarkit.atlas.automatic"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run(
            command, input=asked.getvalue(), capture_output=True, timeout=seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadData(f"mesh: xatlas found no charts in {seconds:g} s: is it manifold? Decimate or clean it") from None
    if done.returncode == MISSING:
        raise NotInstalled(f"xatlas is not installed, --atlas xatlas needs it: {INSTALL}")
    if done.returncode:
        raise BadData(f"mesh: xatlas ended with {done.returncode}: is it manifold? Clean it, or give it uvs")
    answer = npz.decode(done.stdout)
    faces, uvs = (torch.from_numpy(np.array(answer[name])) for name in ("faces", "uvs"))
    charts = connected(torch.cat([faces[:, :2], faces[:, 1:]]), len(uvs))[faces[:, 0]]
    charts = torch.unique(charts, return_inverse=True)[1]
    whole = Mesh(mesh.vertices, mesh.faces, mesh.attributes, uvs[faces], mesh.images)
    return Atlas(whole, charts, tuple(f"chart_{k}" for k in range(int(charts.max()) + 1)))


def main() -> int:
    """Read a mesh from stdin, write its corners' coordinates (v down) to stdout."""
    try:
        import xatlas
    except ImportError:
        return MISSING
    arrays = np.load(io.BytesIO(sys.stdin.buffer.read()))
    found, options = xatlas.Atlas(), xatlas.PackOptions()
    found.add_mesh(arrays["vertices"], arrays["faces"])
    options.padding, options.resolution, options.bilinear = PADDING, RESOLUTION, True
    found.generate(pack_options=options)
    _, faces, uvs = found[0]
    a, b, c = uvs[faces].transpose(1, 0, 2)
    turned = np.cross(b - a, c - a)
    # upright for most of the surface: v is down
    uvs = np.where(turned.sum() > 0, uvs * [1, -1] + [0, 1], uvs)
    content = io.BytesIO()
    np.savez(content, faces=faces.astype(np.int64), uvs=uvs.astype(np.float32))
    sys.stdout.buffer.write(content.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
