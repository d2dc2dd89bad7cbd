# Bellwether: `make demo` to see it, `make check` while you work, `make test` before you push.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv check test demo chaos bench docs chromium clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: $(VENV)/.installed ## make .venv with everything pinned by constraints.txt

$(VENV)/.installed: constraints.txt pyproject.toml .ci/install
	@bash .ci/install $(VENV) $(PYTHON)

check: venv ## the fast part: style, types, layers, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit -q $(PYTEST_ARGS)

test: venv chromium ## everything, with a real Kafka, Redis and Chromium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(PYTEST_ARGS)

demo: venv ## start it all with the synthetic week; Ctrl-C stops it
	@$(BIN)/bellwether up --sample

chaos: venv ## the long chaos run (a quarter of an hour)
	BELLWETHER_CHAOS=long $(BIN)/pytest tests/chaos -m chaos --timeout 10800 $(PYTEST_ARGS)

bench: venv ## every benchmark; each ends with one JSON object
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

docs: venv ## write the generated pages of docs/ anew
	$(BIN)/python -m services.reference docs

chromium:
	@bash .ci/chromium

clean: ## remove the virtual environment and what tests left
	rm -rf $(VENV) tests/artefacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
