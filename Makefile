# Everything is done through make; the only thing needed beforehand is Python 3.11 or newer.
# `make help` lists what there is.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# The newest Python that is new enough. A name on the path proves nothing, so each is tried.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)

# The tests start hundreds of Python processes: each would compile everything anew where bytecode may not be kept.
unexport PYTHONDONTWRITEBYTECODE

# How many processes run the tests: a number, or one per core.
PROCESSES ?= auto
# COVERAGE=1 measures coverage of the tests and of every process that they start.
PYTEST = $(if $(COVERAGE),$(BIN)/coverage run -m pytest,$(BIN)/pytest)
# Seconds that each fuzzer runs.
SECONDS ?= 60

LOCK = uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" $(ARGS)

.PHONY: help demo test check fuzz soak matrix bench lock format docs clean debian

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-demo ## show everything at work against simulated providers (ARGS=--once ends by itself)
	@$(BIN)/stellwerk demo $(ARGS)

test: $(VENV)/.installed-test ## run the tests
	@$(PYTEST) -n $(PROCESSES) --dist worksteal $(ARGS)

check: export STELLWERK_CI = 1
check: debian $(VENV)/.installed-dev ## everything that CI checks: format, lint, types, layers, docs, tests with nothing skipped
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir .cache/site
	$(BIN)/coverage erase
	COVERAGE=1 sh -c "$$($(BIN)/python scripts/readme_command.py test)"
	@$(BIN)/python scripts/coverage_unwritten.py .
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage json --quiet -o coverage.json
	@echo "coverage in percent: $$($(BIN)/coverage report --format total --precision 2)"
	@$(BIN)/python scripts/coverage_floor.py coverage.json

fuzz: $(VENV)/.installed-fuzz ## fuzz the parsers (SECONDS=60 for each; ARGS names some of them)
	$(BIN)/python scripts/fuzz.py --seconds $(SECONDS) $(ARGS)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -m "hypothesis and not matrix and not soak" -n $(PROCESSES) -o timeout=0

soak: $(VENV)/.installed-test ## the runs of millions
	$(BIN)/python -m benchmarks soak $(ARGS)
	$(BIN)/pytest -m soak -o timeout=0 || test $$? = 5 # 5: no test carries the mark

matrix: $(VENV)/.installed-test ## every combination instead of the pairwise ones
	$(BIN)/pytest -m matrix -n $(PROCESSES) -o timeout=0 $(ARGS)

bench: $(VENV)/.installed-test ## the benchmarks, with a table
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## write requirements/ anew (ARGS=--upgrade takes newer releases); needs uv
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt -o requirements/runtime.txt
	$(LOCK) -c requirements/dev.txt --extra demo --group build -o requirements/demo.txt
	$(LOCK) -c requirements/dev.txt --group test -o requirements/test.txt
	$(LOCK) -c requirements/dev.txt --group fuzz -o requirements/fuzz.txt
	$(LOCK) -c requirements/dev.txt --group train -o requirements/train.txt

format: $(VENV)/.installed-dev ## format the code and repair what can be repaired by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed-dev ## serve the documentation while it is being written
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve $(ARGS)

clean: ## remove everything that was made, the virtual environment included
	rm -rf $(VENV) .cache .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build coverage.json dist site
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +

debian:
	@sh .ci/install-packages .ci/packages

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Stellwerk needs Python 3.11 or newer (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "On Debian and Ubuntu this needs the package python3-venv." >&2; exit 1; }

# One stamp for each set of locked packages; a larger set covers the smaller ones. The project itself is built by the
# locked hatchling, so nothing unpinned is fetched.
$(VENV)/.installed-%: requirements/%.txt pyproject.toml src/stellwerk/__init__.py | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r $<
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(foreach set,$(COVERS_$*),$(VENV)/.installed-$(set))

COVERS_test := demo
COVERS_dev := test demo
COVERS_fuzz := test demo
COVERS_train := test demo
