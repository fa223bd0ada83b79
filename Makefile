# Every target sets up what it needs, once: .venv from the hash-locked
# requirements, the package itself (editable), and the type checkers' link.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# All that tools should see of the environment is their own venv.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help setup demo report test lint bench audit lock

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

setup: $(READY) .types/omnisource  ## make .venv; does nothing twice

demo: setup  ## run the main job on the bundled scenario
	$(BIN)/omnisource demo

report: setup  ## run the what-if scenarios and write out/what-if.html
	$(BIN)/omnisource scenario run scenarios/what-if/*.toml --report out/what-if.html

test: setup  ## run the tests
	$(BIN)/python -m pytest --quiet --durations=10 -n auto --dist worksteal

lint: setup  ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

audit: setup  ## hold the locked dependencies to hashes, licences and known advisories, offline
	$(BIN)/python -m pytest --quiet tests/test_dependencies.py

ORDERS ?= 20000
bench: setup  ## run the benchmarks; ORDERS=100000 at the size of the goals
	OMNISOURCE_BENCH_ORDERS=$(ORDERS) $(BIN)/python -m pytest tests/benchmarks --durations=0

$(READY): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Omnisource needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check || { echo "pyproject.toml and requirements*.txt disagree: run make lock"; exit 1; }
	@touch $@

# mypy and pyright find the package "omnisource" through this link to the root.
.types/omnisource:
	@mkdir -p .types
	@ln -sfn .. $@

# Needs uv on the PATH. Never commit a uv.lock: it records download addresses.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url pyproject.toml
lock:  ## write requirements*.txt anew from pyproject.toml (needs uv)
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra dev --constraints requirements.txt --output-file requirements-dev.txt
