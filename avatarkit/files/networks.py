"""Networks of ours: a folder in diffusers' layout (config.json, diffusion_pytorch_model.safetensors), and the state of
one that is being trained. Nothing is unpickled."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

from avatarkit import record
from avatarkit.atomic import replacing, write_bytes
from avatarkit.errors import BadData, InputMissing
from avatarkit.files.models import licence_of
from avatarkit.files.reading import naming, read_bytes
from avatarkit.record import Model

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
SHARD = "15MB"
CARD = """---
license: apache-2.0
library_name: avatarkit
---

{told}
"""


def read_regressor(folder: Path | None = None) -> Any:
    """The network that `train regress` wrote into a folder, or the one that comes with avatarkit.

    Its hash and licence go into the record. Raises InputMissing, BadData.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    from avatarkit.files.places import REGRESS
    from avatarkit.regressor import Regressor

    folder = folder or REGRESS
    if not (folder / CONFIG).is_file():
        raise InputMissing(f"{folder}: found no {CONFIG}, expected a folder that `avatarkit train regress` wrote")
    with naming(folder):
        try:
            config = json.loads(read_bytes(folder / CONFIG, limit=1 << 16, noted=False))
            network = Regressor(**{key: config[key] for key in ("widths", "depths", "fine")})
            content = read_bytes(folder / WEIGHTS, limit=1 << 28, noted=False)
            network.load_state_dict({name: value.float() for name, value in load(content).items()})
        except (ValueError, KeyError, TypeError, RuntimeError, RecursionError, SafetensorError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadData(f"{first}: expected what `avatarkit train regress` writes") from None
    record.note_model(folder / CONFIG, Model("avatarkit-regress", record.digest(content), licence_of(folder)))
    return network.eval()


def read_codec(folder: Path) -> Any:
    """What `avatarkit train codec` wrote. Raises InputMissing, BadData."""
    from avatarkit import diffusion

    if not (folder / CONFIG).is_file():
        raise InputMissing(f"{folder}: found no {CONFIG}, expected a folder that `avatarkit train codec` wrote")
    with naming(folder):
        try:
            given = {"local_files_only": True, "use_safetensors": True, "low_cpu_mem_usage": False}
            return diffusion.DualCodec.from_pretrained(folder, **given).eval()
        except (ValueError, OSError, RuntimeError, TypeError) as error:
            raise BadData(f"{str(error).splitlines()[0]}: expected what `avatarkit train codec` writes") from None


def read_glance() -> Any:
    """The network that comes with avatarkit, by which the tailor tells skirts, dresses and long coats in photos."""
    from safetensors.torch import load

    from avatarkit.files.places import GLANCE
    from avatarkit.glance import Glance

    network, content = Glance(), GLANCE.read_bytes()
    network.load_state_dict({name: value.float() for name, value in load(content).items()}, strict=False)
    record.note_model(GLANCE, Model("avatarkit-glance", record.digest(content), "Apache-2.0"))
    return network.eval()


def write_network(folder: Path, network: Any, told: str) -> None:
    """The network's weights in half precision, its `config`, and a model card that tells of it; of what a diffusion
    model learns, all of its pipeline."""
    if hasattr(network, "pipeline"):
        _write_pipeline(folder, copy.deepcopy(network).half().pipeline)
    else:
        from safetensors.torch import save

        weights = {name: value.half().contiguous().cpu() for name, value in network.state_dict().items()}
        config = {"_class_name": type(network).__name__, **network.config}
        write_bytes(folder / CONFIG, json.dumps(config, indent=2).encode() + b"\n")
        write_bytes(folder / WEIGHTS, save(weights))
    write_bytes(folder / "README.md", CARD.format(told=told).encode())


def _write_pipeline(folder: Path, pipeline: Any) -> None:
    """As `save_pretrained` writes it, each file whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        pipeline.save_pretrained(made, safe_serialization=True, max_shard_size=SHARD)
        for path in sorted(Path(made).rglob("*")):
            if path.is_file():
                write_bytes(folder / path.relative_to(made), path.read_bytes())


def read_training(path: Path) -> dict[str, Any] | None:
    """The state of a training that was stopped, None where there is none. Raises BadData."""
    import pickle

    import torch

    if not path.exists():
        return None
    with naming(path):
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            return state
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
            raise BadData(f"{str(error).splitlines()[0]}: remove it to begin anew") from None


def write_training(path: Path, state: dict[str, Any]) -> None:
    import torch

    with replacing(path) as temporary:
        torch.save(state, temporary)


def append_line(path: Path, figures: dict[str, Any]) -> None:
    """One more JSON object at the end of a log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.write(json.dumps(figures) + "\n")
