# Two commands: `make quickstart` (from nothing to answers) and `make test`. Python 3.11+ and pip are all they need; uv is used where it is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: quickstart test lint types clean benchmark help

help: ## Say what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "generel needs Python 3.11 or newer; set PYTHON=python3.11")'
	@if command -v uv >/dev/null; then uv venv --quiet --seed --python $(PYTHON) $(VENV); else $(PYTHON) -m venv $(VENV); fi

# pip finds the CPU build of torch that constraints.txt pins; uv does not read pip's configuration, so it only ever speeds up pip's own work.
$(VENV)/.installed: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

quickstart: $(VENV)/.installed ## Install, fetch, build, train, load, and answer a handful of questions
	$(BIN)/generel quickstart

test: $(VENV)/.installed-test ## Lint, types, arrows between rooms, and the test suite
	$(BIN)/ruff check generel kg training tests
	$(BIN)/mypy generel kg training
	$(BIN)/lint-imports --no-cache
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2

clean: ## Remove the virtual environment
	rm -rf $(VENV)
