# make run: everything set up, the demo loaded, the server running.  make test: every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Parallel test processes; the fault and measure suites run alone, since they time things.
JOBS ?= 2

.PHONY: help setup run test check bench openapi lock

help: ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.run: .requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit("RunSpine needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the server needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements/run.txt
	@touch $@

$(VENV)/.test: $(VENV)/.run .requirements/test.txt
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements/test.txt
	@touch $@

setup: $(VENV)/.run ## Set up .venv, nothing else

run: setup ## Migrate, load the demo, tell one runner's story, serve
	@$(BIN)/python -m api migrate
	@$(BIN)/python -m api serve --demo

check: $(VENV)/.test ## Lint, format, types, import contracts, unit tests: seconds
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m api openapi --check
	@$(BIN)/python -m pytest tests/unit tests/test_architecture.py -q -n $(JOBS)

test: check ## Every test, on SQLite and on a PostgreSQL that it starts itself
	@$(BIN)/python -m pytest -q -n $(JOBS) -m "not bench and not fault" --ignore tests/unit --ignore tests/test_architecture.py
	@$(BIN)/python -m pytest -q -m fault

bench: $(VENV)/.test ## Measure against the floors, in one run
	@$(BIN)/python -m tests.bench

openapi: $(VENV)/.run ## Write openapi/openapi.json
	@$(BIN)/python -m api openapi

lock: $(VENV)/.test ## Resolve and pin every package again, with hashes and without addresses
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o .requirements/run.txt
	@$(BIN)/uv pip compile pyproject.toml --group test --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o .requirements/test.txt
