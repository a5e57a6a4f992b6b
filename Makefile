# Each target sets up all it needs and reuses what is there:
#   make install     stylerep and what it needs; all others do this first
#   make demo        the whole way once on a real model: data, adapters, runs, verdicts
#   make test        the tests, but those that take long; make test-slow: those
#   make test-newest the tests of what reaches into other libraries, with the newest of each that pyproject.toml allows
#   make check       ruff and mypy
#   make docs        the site of docs/, in site/
#   make bench       the measurements that the documents quote
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MODEL := smollm2-135m-instruct
TRACES ?= ../shared/data/traces

.PHONY: demo test test-slow newest test-newest check docs bench install setup model
.DELETE_ON_ERROR:

demo: model
	$(BIN)/stylerep reproduce studies/demo.yaml --out demo

# Where this is set, each of the hundreds of commands that tests start would compile all our modules again.
unexport PYTHONDONTWRITEBYTECODE

# A worker for each processor core, at most four; WORKERS=0 has the tests run one after the other.
WORKERS ?= auto
PYTEST = $(BIN)/python -m pytest -n $(WORKERS)

test: setup model
	$(PYTEST) --dist worksteal -m "not slow" $(PYTEST_ARGS)

# Only the files that have such tests are read: each worker would take some 15 s to read them all.
SLOW_TESTS = $(shell grep -rlF mark.slow tests --include='*.py')

test-slow: setup model
	$(PYTEST) --dist loadfile -m slow $(SLOW_TESTS) $(PYTEST_ARGS)

# What reaches into transformers, peft and lm_eval, in every family. In an environment of its own, where the newest release of each
# dependency is installed that the ranges allow, but for torch, which stays at the pinned version: of a range pip takes the newest
# build, which brings gigabytes of CUDA packages.
NEWEST ?= $(VENV)-newest
NEWEST_TESTS := tests/test_packaging.py tests/benchmarks/test_controls_table.py tests/harness_ext/backends/style_hf/test_hooks.py \
	tests/harness_ext/backends/style_hf/test_steering.py tests/harness_ext/backends/style_hf/test_generation.py tests/harness_ext/backends/style_hf/test_thinking_budget.py \
	tests/harness_ext/backends/lm_eval/test_family_hooks.py tests/harness_ext/backends/lm_eval/test_next_lm_eval.py tests/harness_ext/backends/lm_eval/test_controls_taken.py tests/distill/training/test_fast.py tests/distill/models/test_families.py

newest:
	@echo "Setting up $(NEWEST): a minute or two …"
	@test -x $(NEWEST)/bin/python || $(PYTHON) -m venv $(NEWEST)
	@grep '^torch==' constraints.txt > $(NEWEST)/torch.txt
	@$(NEWEST)/bin/python -m pip install -qq --disable-pip-version-check --upgrade --upgrade-strategy eager -c $(NEWEST)/torch.txt -e '.[test]'

test-newest: newest
	@$(NEWEST)/bin/python -m tests.newest_versions constraints.txt
	@$(NEWEST)/bin/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(NEWEST_TESTS) $(PYTEST_ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Warnings are errors: a link or heading that is not there, a docstring that cannot be read. Nothing is fetched.
docs: setup
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs site
	@echo "Open site/index.html"

bench: setup model
	$(BIN)/python -m benchmarks.synthesis $(TRACES)/..
	$(BIN)/python -m benchmarks.distilling speed
	$(BIN)/python -m benchmarks.distilling precision
	$(BIN)/python -m benchmarks.tasks startup hostile
	$(BIN)/python -m benchmarks.gsm8k_agreement
	$(BIN)/python -m benchmarks.paper_table
	$(BIN)/python -m benchmarks.statistics montecarlo
	$(BIN)/python -m benchmarks.statistics speed
	$(BIN)/python -m benchmarks.statistics watch
	$(BIN)/python -m benchmarks.statistics settle
	$(BIN)/python -m benchmarks.leaderboard
	$(BIN)/python -m benchmarks.study_kills
	$(BIN)/python -m benchmarks.decoding speed controls kills
	@if [ -d $(TRACES) ]; then set -e; $(BIN)/python -m benchmarks.reading_style $(TRACES); \
	$(BIN)/python -m benchmarks.trace_verdicts $(TRACES); $(BIN)/python -m benchmarks.trace_board $(TRACES); $(BIN)/python -m benchmarks.tasks scoring $(TRACES); $(BIN)/python -m benchmarks.regrading $(TRACES); $(BIN)/python -m benchmarks.reading $(TRACES)/../reading; \
	else echo "reading_style, trace_verdicts, trace_board, scoring, regrading and reading left out: they need real traces, and there are none in $(TRACES) (TRACES=… names another folder)"; fi

# What stylerep itself needs; setup adds what tests, checks and docs need, and undoes nothing.
install: $(VENV)/.runs

setup: $(VENV)/.installed

model: install
	@$(BIN)/stylerep models pull $(MODEL)

# The pins keep torch at one version: with an open range pip takes the newest build, which brings gigabytes of CUDA packages.
# Python compiles a module when it is first imported; for pip to compile all of them takes longer than to install them.
PIP_INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile -c constraints.txt

$(VENV)/.runs: pyproject.toml constraints.txt
	@echo "Setting up $(VENV): a minute or two …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.installed: $(VENV)/.runs
	@echo "Adding what tests, checks and docs need …"
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $@
