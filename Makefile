# Bellwether: `make demo` to see it, `make check` while you work, `make test` before you push.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv compiled check test style types layers units units-rest units-models units-backtests demo fuzz chaos fleet bench docs chromium prometheus explore audit clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
AUDIT_ARGS ?= pypi
# chosen tests run in one go: a part without any of them would fail
UNITS := $(if $(PYTEST_ARGS),units,units-rest units-models units-backtests)
# what a part prints comes when it ends, not between the lines of another (GNU Make 4 or newer)
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: $(VENV)/.installed ## make .venv with everything pinned by constraints.txt

$(VENV)/.installed: constraints.txt pyproject.toml .ci/install .ci/pins
	@bash .ci/install $(VENV) $(PYTHON)

# what running needs, without training, tests and tools
$(VENV)/.running: constraints.txt pyproject.toml .ci/install .ci/pins
	@bash .ci/install $(VENV) $(PYTHON) run

# what was edited since the installation, so that no process that a test starts has to (where PYTHONDONTWRITEBYTECODE is set,
# as in containers, each would, for seconds)
compiled: venv
	@$(BIN)/python -m compileall -q services shared dashboard

# the longest part first, so that the last one to end does not run alone
check: compiled ## the fast part: style, types, layers, unit tests; two at a time, with the output of each part in one piece
	@$(MAKE) --no-print-directory --jobs=2 --keep-going $(WHOLE) $(UNITS) types layers style

test: compiled chromium prometheus style types layers ## everything, with a real Kafka, Redis, Chromium and Prometheus
	$(BIN)/pytest $(PYTEST_ARGS)

style: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: venv
	$(BIN)/mypy

layers: venv
	$(BIN)/lint-imports

# what loads torch and transformers, what loads scipy, and the rest, which is then spared them
MODELS := tests/unit/model tests/unit/training tests/unit/test_cli.py
BACKTESTS := tests/unit/backtest

# no unit test asks schemathesis, whose plugin takes half a second to load; and what pytest made of a test module is kept
# for the next time, also where PYTHONDONTWRITEBYTECODE is set
UNIT_TESTS := $(BIN)/pytest -q -p no:schemathesis
units units-rest units-models units-backtests: export PYTHONDONTWRITEBYTECODE =

units: venv
	$(UNIT_TESTS) tests/unit $(PYTEST_ARGS)

units-rest: venv
	$(UNIT_TESTS) tests/unit $(patsubst %,--ignore=%,$(MODELS) $(BACKTESTS))

units-models: venv
	$(UNIT_TESTS) $(MODELS)

units-backtests: venv
	$(UNIT_TESTS) $(BACKTESTS)

demo: $(VENV)/.running ## start everything with the synthetic week, as a run of its own; Ctrl-C stops it
	@$(BIN)/bellwether up --run demo --sample

fuzz: venv ## 380,000 hostile inputs on two processes (under half an hour on two cores)
	$(BIN)/python -m tests.fuzz.campaign

explore: venv ## the property tests of the unit tests, on 1,000 new random inputs each (some ten minutes)
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest tests/unit -q $(PYTEST_ARGS)

audit: venv ## look up what is pinned among known vulnerabilities; says so where their data cannot be reached
	@$(BIN)/python .ci/audit $(AUDIT_ARGS)

chaos: venv ## the long chaos run (a quarter of an hour)
	BELLWETHER_CHAOS=long $(BIN)/pytest tests/chaos -m chaos --timeout 10800 $(PYTEST_ARGS)

fleet: venv ## the chart rendered and its commands run; the composed fleet on three brokers and a Redis Cluster under losses (a quarter of an hour)
	@bash .ci/helm $(VENV)
	$(BIN)/pytest tests/fleet -m fleet -o log_cli=true -o log_cli_level=WARNING $(PYTEST_ARGS)

bench: venv ## every benchmark; each ends with one JSON object
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

docs: venv ## regenerate the generated pages of docs/
	$(BIN)/python -m services.commands.reference docs

chromium:
	@bash .ci/chromium

prometheus:
	@bash .ci/prometheus

clean: ## remove the virtual environment and what tests left
	rm -rf $(VENV) tests/artefacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
