# `make run` opens Charloom, `make test` runs the tests. Both set up .venv first.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench faults clean

run: .venv/installed
	$(BIN)/charloom

# With byte code, child processes need not compile Charloom each time.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/developed
	$(BIN)/python -m pytest

check: .venv/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin .typing/charloom
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 .typing/charloom
	$(BIN)/lint-imports

bench: .venv/developed
	$(BIN)/python -m tests.bench

faults: .venv/developed
	$(BIN)/python -m tests.faults

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/developed: .venv/installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
