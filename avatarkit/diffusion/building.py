"""A model folder as a pipeline, nothing in it trusted: parts of known classes, weights as safetensors, no code run."""

from __future__ import annotations

import json
import logging
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from avatarkit.errors import BadData, NotInstalled

NETWORKS, DUALS = "avatarkit.diffusion.networks", ("DualNormalPipeline", "DualLatentPipeline", "DualAlbedoPipeline")
OURS = {"PatchCodec": NETWORKS, "WordEncoder": NETWORKS, "DualCodec": "avatarkit.diffusion.codec"}
PAINTERS = frozenset({
    "StableDiffusionControlNetPipeline", "StableDiffusionInstructPix2PixPipeline", "StableDiffusionDepth2ImgPipeline",
    "StableDiffusionXLControlNetPipeline", "StableDiffusionXLInstructPix2PixPipeline",
    "StableDiffusionControlNetInpaintPipeline", "StableDiffusionControlNetImg2ImgPipeline",
    "StableDiffusionInpaintPipeline", "StableDiffusionImg2ImgPipeline",
    "StableDiffusionPipeline", "StableDiffusionXLPipeline", "LatentConsistencyModelPipeline",
    "StableDiffusion3Pipeline", "FluxPipeline", "FluxControlNetPipeline",
})  # fmt: skip
"""Pipelines of diffusers that `painting`, `colouring` or `picturing` know to ask."""
DIFFUSERS = frozenset({
    "UNet2DConditionModel", "AutoencoderKL", "ControlNetModel", "SD3Transformer2DModel",
    "FluxTransformer2DModel", "FluxControlNetModel",
})  # fmt: skip
TRANSFORMERS = frozenset({
    "CLIPTextModel", "CLIPTextModelWithProjection", "CLIPTokenizer", "CLIPTokenizerFast", "DPTForDepthEstimation",
    "CLIPImageProcessor", "CLIPImageProcessorPil", "CLIPFeatureExtractor", "DPTImageProcessor", "DPTImageProcessorPil",
    "DPTFeatureExtractor", "T5EncoderModel", "T5Tokenizer", "T5TokenizerFast", "CLIPVisionModelWithProjection",
})  # fmt: skip
UNWEIGHED = ("Tokenizer", "TokenizerFast", "ImageProcessor", "ImageProcessorPil", "FeatureExtractor", "Scheduler")
LONGEST_HEADER = 64 << 20
HUB_FILES = ("*.json", "*.safetensors", "*.txt", "README.md")


def parts_of(index: Any) -> dict[str, str]:
    """Part → class of a `model_index.json`; BadData where one is of a class that we do not load."""
    kind = index.get("_class_name") if isinstance(index, dict) else None
    if kind not in DUALS and kind not in PAINTERS:
        expected = f"{' or '.join(DUALS)}, or one of {', '.join(sorted(PAINTERS))}"
        raise BadData(f"_class_name: found {str(kind)[:80]}, expected {expected}")
    parts = {}
    for name, entry in index.items():
        if name.startswith("_") or not isinstance(entry, list) or entry == [None, None]:
            continue
        if len(entry) != 2 or not all(isinstance(word, str) for word in entry) or not name.isidentifier():
            raise BadData(f"{name[:40]}: found {str(entry)[:80]}, expected [library, class]")
        library, part = entry
        if part.startswith("StableDiffusion") and part.endswith("SafetyChecker"):
            continue
        if not _known(library, part):
            raise BadData(f"{name}: its class is {library[:60]}.{part[:60]}: code that comes with a model is never run")
        parts[name] = part
    return parts


def _known(library: str, part: str) -> bool:
    if library == "diffusers":
        return part.endswith("Scheduler") or part in DIFFUSERS
    return part in TRANSFORMERS if library == "transformers" else OURS.get(part) == library


def built(folder: Path, index: dict[str, Any]) -> Any:
    """The pipeline of a folder whose `model_index.json` is `index`. BadData where a part is missing, damaged, stored as
    a pickle, or does not fit the others."""
    parts = parts_of(index)
    tensors = {name: _check_part(folder, name, part) for name, part in parts.items()}
    with _quietly(), _translated(folder):
        import diffusers

        from avatarkit.diffusion import dual

        kind = index["_class_name"]
        is_dual = kind in DUALS
        left_out = {} if is_dual else {name: None for name in ("safety_checker",) if name in index}
        pipeline = getattr(dual if is_dual else diffusers, kind).from_pretrained(
            folder, local_files_only=True, use_safetensors=True, low_cpu_mem_usage=False, **left_out
        )
        if is_dual:  # of others, old weights go by other names, which diffusers knows
            pipeline.check()
            _check_whole(pipeline, tensors)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


def _check_part(folder: Path, name: str, part: str) -> set[str]:
    """The names of its tensors: its folder is there, without code; its weights are safetensors with sound headers."""
    home = folder / name
    if not home.is_dir():
        raise BadData(f"{folder}: found no part {name}/, expected {part}, which model_index.json names")
    files = sorted(path for path in home.iterdir() if path.is_file())
    if any(path.suffix == ".py" for path in files):
        raise BadData(f"{home}: found Python code, which is never run: expected configuration and weights alone")
    if part.endswith(UNWEIGHED):
        return set()
    weights = [path for path in files if path.suffix == ".safetensors"]
    if not weights:
        pickled = [path.name for path in files if path.suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl")]
        found = f"{pickled[0]}, a pickle, which is never loaded" if pickled else "no weights"
        raise BadData(f"{home}: found {found}; expected .safetensors (save_pretrained writes them)")
    return {tensor for path in weights for tensor in _tensors(path)}


def _tensors(path: Path) -> list[str]:
    """The names in the header of a safetensors file."""
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        sound = 2 <= length <= min(LONGEST_HEADER, path.stat().st_size - 8)
        try:
            header = json.loads(file.read(length)) if sound else None
        except (ValueError, RecursionError):
            header = None
    if not isinstance(header, dict):
        raise BadData(f"{path}: damaged or cut short, expected a safetensors file: fetch it again")
    return list(header)


def _check_whole(pipeline: Any, tensors: dict[str, set[str]]) -> None:
    """Every tensor of every part came from its file; diffusers would draw a missing one at random."""
    for name, part in pipeline.components.items():
        missing = sorted(part.state_dict().keys() - tensors[name]) if hasattr(part, "state_dict") else []
        if missing:
            raise BadData(f"{name}: the weights lack {missing[0]}, expected all that its configuration asks for")


@contextmanager
def _translated(folder: Path):  # type: ignore[no-untyped-def]
    """BadData in place of the many ways in which diffusers and transformers refuse a folder."""
    from avatarkit.diffusion.memory import told_of_memory

    try:
        with told_of_memory("the model is too large for this machine"):
            yield
    except ImportError as error:
        raise NotInstalled(f"{folder}: this model needs more than is installed ({str(error).split('.')[0]})") from None
    except BadData as error:
        raise BadData(f"{folder}: {error}") from None
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise BadData(f"{folder}: cannot be loaded ({type(error).__name__}: {said})") from None


@contextmanager
def _quietly():  # type: ignore[no-untyped-def]
    """Without the chatter and progress bars of two libraries on stderr."""
    import diffusers.utils.logging as ours
    import transformers.utils.logging as theirs

    levels = ours.get_verbosity(), theirs.get_verbosity()
    for said, level in ((ours, logging.ERROR), (theirs, logging.ERROR)):
        said.set_verbosity(level)
        said.disable_progress_bar()
    try:
        yield
    finally:
        ours.set_verbosity(levels[0])
        theirs.set_verbosity(levels[1])


def fetched(name: str, revision: str) -> Path:
    """The folder of a model on the Hugging Face hub at one revision, fetched where it is not here. NotInstalled where
    it cannot be had."""
    from huggingface_hub import constants, snapshot_download

    was, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, False  # it was named, so it may be asked for
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(HUB_FILES)))
    except Exception as error:
        said = " ".join(str(error).split())[:160]
        raise NotInstalled(f"--model {name}: cannot be fetched ({said}): give a folder, or try when online") from None
    finally:
        constants.HF_HUB_OFFLINE = was
