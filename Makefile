# Everything runs in .venv, set up by the first target that needs it. `make` alone lists the targets.
# Another Python: make demo PYTHON=python3.12. Flags for the demo: make demo DEMO_FLAGS=--no-open.
# Some tests only: make pytest ARGS="tests/kernels -k frames". Some benchmarks only: make bench ONLY=kernels.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)) python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

FRONT_END := $(shell find static -name node_modules -prune -o -path static/synaptarium -prune -o -type f -print 2>/dev/null)
BUNDLE := static/synaptarium/static/index.html

.PHONY: help demo test pytest lint format bench soak docs pictures dev build types lock clean

help:  ## list the targets
	@echo "Synaptarium. Targets:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.ready  ## record a spiking network that learns digits, precompute it with Spark, open the viewer
	$(BIN)/synaptarium demo $(DEMO_FLAGS)

test: lint pytest  ## check everything: lint, types, import directions, all tests

pytest: .venv/.ready-dev  ## run the Python and browser tests alone
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/.ready-dev  ## check style, types, import directions and the front end
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check test

format: .venv/.ready-dev  ## rewrite the Python files in the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.ready-dev  ## measure speeds against references: a table and build/bench.json
	$(BIN)/python tests/bench/__main__.py $(ONLY)

soak: .venv/.ready-dev  ## play in a loop, at a desk and in a headset, then seek at random, ten minutes each, and watch the memory of server and page
	SYNAPTARIUM_SOAK_SECONDS=$${SYNAPTARIUM_SOAK_SECONDS:-600} $(BIN)/python -m pytest -s tests/browser/test_soak.py tests/browser/headset/test_soak.py tests/server/test_soak_seeks.py

docs: .venv/.ready-dev  ## build the documentation as HTML into build/docs
	$(BIN)/python docs/build.py

pictures: .venv/.ready-dev  ## take the documentation's pictures from the running demo
	$(BIN)/python docs/pictures.py

dev: .venv/.ready-dev  ## serve with hot reload of the front end
	$(BIN)/python hatch_build.py dev & trap "kill $$!" EXIT; \
	SYNAPTARIUM_ALLOWED_ORIGINS=http://localhost:5173 $(BIN)/synaptarium serve

build: $(BUNDLE)  ## build the front end

types: .venv/.ready-dev  ## write the front end's message types from the Python schemas
	$(BIN)/python -m synaptarium.schemas.typescript > static/src/net/messages.gen.ts

lock: .venv/.ready-dev  ## pin the packages that are now installed in .venv
	$(BIN)/python requirements/lock.py

clean:  ## remove .venv, the built front end and all caches (recordings stay)
	rm -rf .venv build dist static/node_modules static/synaptarium/static .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up, in steps that are skipped while nothing they read has changed.

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Synaptarium needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo not there)." >&2; \
	  echo "Name another one, for example: make demo PYTHON=python3.12" >&2; exit 1; }
	@echo "== a virtual environment in .venv ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python could not make a virtual environment. On Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	@touch $@

.venv/.packages: .venv/.made requirements/run.lock requirements/mongod.lock requirements/java.lock requirements/node.lock \
		requirements/needed.py requirements/system.py pyproject.toml hatch_build.py
	@echo "== what this machine has"
	@$(BIN)/python requirements/needed.py > .venv/needed.txt
	@echo "== Python packages (the first time about 700 MB: Spark, Arrow, MongoDB)"
	@$(PIP) $$(sed 's/^/-r /' .venv/needed.txt)
	@SYNAPTARIUM_SKIP_FRONTEND=1 $(PIP) --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python requirements/system.py
	@touch $@

$(BUNDLE): $(FRONT_END) hatch_build.py | .venv/.packages
	@echo "== the front end"
	@$(BIN)/python hatch_build.py
	@touch $@

.venv/.ready: .venv/.packages $(BUNDLE)
	@touch $@

# The tests also try the Java that machines without one get.
.venv/.ready-dev: .venv/.ready requirements/dev.lock requirements/java.lock
	@echo "== tools for tests and lint"
	@$(PIP) -r requirements/dev.lock -r requirements/java.lock
	@$(BIN)/python requirements/system.py chromium
	@touch $@
