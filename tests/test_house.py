"""The house keeps its order: who may import whom, how long a file is, how many options, what has a test."""

import ast
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from avatarkit.stage import options
from stages.build import build
from stages.main import COMMANDS
from stages.main import STAGES as STAGES_LISTED

LIBRARY = sorted((ROOT / "avatarkit").rglob("*.py"))
STAGES = sorted((ROOT / "stages").glob("*.py"))

DOORS = {
    "typer": {"stages/main.py"},
    "rich": {"avatarkit/progress.py"},
    "open3d": {"avatarkit/surface.py"},
    "imageio": {"avatarkit/files/pictures.py"},
    "trimesh": {"avatarkit/files/meshes.py"},
    "PIL": {"avatarkit/files/pictures.py", "avatarkit/picture.py"},
    "numba": {"avatarkit/kernels.py"},
    "anny": {"avatarkit/body/recipe/anny_source.py"},
    "smplx": set(),
    "nvdiffrast": {"avatarkit/render/nvdiffrast.py"},
    "diffusers": {f"avatarkit/diffusion/{name}.py" for name in ("building", "codec", "dual", "learning", "networks")},
    "transformers": {"avatarkit/diffusion/building.py"},
    "huggingface_hub": {"avatarkit/diffusion/building.py"},
    "mediapipe": {"avatarkit/detect.py"},
    "manifold3d": {"avatarkit/hull.py"},
    "xatlas": {"avatarkit/atlas/automatic.py"},
    "pxr": {"avatarkit/usd.py"},
}
STANDARD_ONLY = {"errors", "shapes", "stage", "record", "atomic", "subject", "chain", "progress",
                 "imprint", "provenance"}  # fmt: skip
VERBS = {"fitting", "normals", "carving", "texturing", "synthesis", "training", "previewing", "rigging", "reporting",
         "evaluating", "imagining", "comparing"}  # fmt: skip
LONGEST_FILE, LONGEST_FUNCTION, MOST_OPTIONS = 300, 60, 12


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", LIBRARY + STAGES, ids=name)
def test_each_dependency_has_one_door(path):
    for module in imports(path):
        root = module.split(".")[0]
        assert name(path) in DOORS.get(root, {name(path)}), f"{name(path)} imports {root}: only {DOORS[root]} may"


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_the_library_knows_no_command_line(path):
    assert not [m for m in imports(path) if m.split(".")[0] in ("stages", "tests")]
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    assert name(path).endswith("__main__.py") or not [c for c in calls if getattr(c.func, "id", "") == "print"]


@pytest.mark.parametrize("module", sorted(STANDARD_ONLY))
def test_the_ground_floor_stands_on_the_standard_library(module):
    path = ROOT / "avatarkit" / f"{module}.py"
    for imported in imports(path):
        root = imported.split(".")[0]
        inside = imported.split(".")[1] if root == "avatarkit" and "." in imported else None
        allowed = root in sys.stdlib_module_names or inside in STANDARD_ONLY | {"__version__"}
        assert allowed or root == "rich", f"{module} imports {imported}"


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_verbs_are_imported_by_stages_alone_and_open_no_file(path):
    stem = path.relative_to(ROOT / "avatarkit").parts[0].removesuffix(".py")
    found = {m.split(".")[1] for m in imports(path) if m.startswith("avatarkit.") and m.count(".")}
    assert not found & VERBS - {stem}, f"{name(path)} imports a verb"
    if stem not in ("files", "chain"):
        assert "files" not in found, f"{name(path)} imports files"


@pytest.mark.parametrize("path", LIBRARY + STAGES, ids=name)
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{name(path)}: {node.name}"


@pytest.mark.parametrize("stage", (*STAGES_LISTED, build, *COMMANDS), ids=lambda stage: stage.__name__)
def test_a_stage_has_few_options(stage):
    assert len(options(stage)) <= MOST_OPTIONS


def test_every_module_has_a_test_of_its_name():
    tests = {path.stem for path in (ROOT / "tests").glob("test_*.py")}
    paths = (ROOT / "avatarkit").iterdir()
    rooms = {p.stem for p in paths if p.name[0] not in "_." and (p.suffix == ".py" or (p / "__init__.py").is_file())}
    without = {room for room in rooms if not any(test.startswith(f"test_{room}") for test in tests)}
    assert not without
