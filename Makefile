# Everything a developer runs. Each target makes .venv by itself; only Python >= 3.11, git and make are needed.
# PYTHON=... names another interpreter, DEMO=... another folder for the demo, SHORT=1 shortens the bench.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

PYTHON ?=
DEMO ?= demo
SHORT ?=
COVERAGE ?= 100
# Two workers: the suite waits a lot for git, Ansible and MkDocs, and two cores are what CI gives us.
WORKERS ?= 2

BIN := .venv/bin
# Tools that pip installed (ansible-playbook, mkdocs, sops) are found without activating anything.
RUN := PATH="$$PWD/$(BIN):$$PATH"

.PHONY: help demo test test-slow check format bench docs lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: .venv/stamp ## build a small real world in demo/, plan it, converge it, and leave it to play with
	@$(RUN) ship demo "$(DEMO)" --force

test: .venv/stamp ## run all quick tests, with branch coverage
	@$(RUN) python -m pytest -q -m "not slow" -n $(WORKERS) --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE)

test-slow: .venv/stamp ## run the slow tests: kill -9 runs, long laws, large fleets
	@$(RUN) python -m pytest -q -m slow -n $(WORKERS) --no-cov

check: .venv/stamp ## format, lint, floors, types, dependencies, schemas
	@$(RUN) ruff format --check --quiet .
	@$(RUN) ruff check --quiet .
	@$(RUN) lint-imports --no-cache > .venv/floors.txt || { cat .venv/floors.txt; exit 1; }
	@$(RUN) mypy --no-error-summary
	@$(RUN) deptry . 2> .venv/deptry.txt || { cat .venv/deptry.txt; exit 1; }
	@$(RUN) ship schema --check schemas
	@echo "check: format, lint, floors, types, dependencies and schemas are in order"

format: .venv/stamp ## let ruff format and mend what it can
	@$(RUN) ruff format --quiet . && $(RUN) ruff check --fix --quiet .

bench: .venv/stamp .venv-bench/stamp ## measure whole processes beside octoDNS; prints a table
	@$(RUN) python -m bench $(if $(SHORT),--short)

docs: .venv/stamp ## build the documentation site into site/
	@$(RUN) NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet && echo "docs: site/index.html"

lock: .venv/stamp ## resolve requirements.lock anew
	@$(RUN) $(LOCK) --all-extras --group dev pyproject.toml -o requirements.lock
	@$(RUN) $(LOCK) bench/requirements.in -o bench/requirements.lock

# No index is written into a lock: every machine asks the one that its own pip is configured for.
LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

clean: ## remove what was built (.venv stays)
	@rm -rf site dist build .coverage* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache bench/data
	@find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

.venv/stamp: pyproject.toml requirements.lock
	@$(call venv,.venv)
	@$(call install,.venv,requirements.lock)
	@.venv/bin/python -m pip install --quiet --quiet --no-deps --no-build-isolation --editable . $(QUIET_PIP)
	@touch $@

.venv-bench/stamp: bench/requirements.lock
	@$(call venv,.venv-bench)
	@$(call install,.venv-bench,bench/requirements.lock)
	@touch $@

QUIET_PIP := --disable-pip-version-check --no-input --root-user-action=ignore

define install
echo "installing $(2) into $(1) (once)" >&2; \
$(1)/bin/python -m pip install --quiet --quiet --require-hashes --requirement $(2) $(QUIET_PIP)
endef

define venv
if ! $(1)/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
  python=; \
  for candidate in $(if $(PYTHON),"$(PYTHON)",python3.11 python3.12 python3); do \
    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then python=$$candidate; break; fi; \
  done; \
  if [ -z "$$python" ]; then echo "make: no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
  rm -rf $(1); \
  if ! "$$python" -m venv $(1); then echo "make: $$python cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; fi; \
fi
endef
