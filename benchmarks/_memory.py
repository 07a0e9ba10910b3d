"""The peak memory of a process of its own that carves one person."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys, torch
from pathlib import Path
from avatarkit import carving, files
torch.set_num_threads(int(sys.argv[2]))
folder = Path(sys.argv[1])
person = files.read_person(folder / "body.npz")
carving.carved(files.read_body_model_of(person), person, files.read_normals(folder / "front_back.png"))
status = Path("/proc/self/status")
peak = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")] if status.exists() else []
print(int(peak[0].split()[1]) / 1024 if peak else "")
"""


def peak_of(folder: Path, threads: int) -> dict[str, float]:
    """MB of resident memory, where the system tells; `folder` as `_truths` keeps a person."""
    command = [sys.executable, "-c", CODE, str(folder), str(threads)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return {"peak_mb": float(told[-1])} if told else {}
