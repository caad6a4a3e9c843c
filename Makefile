# Apus. `make` alone prints what there is; every target sets up what it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help deps build run up test test-unit test-chat coverage check lint format bench simulate sizes clean

# One configuration for running and testing alike: a clean clone compiles its dependencies once
# (docs/decisions/0001-one-release-build.md).
SWIFT_FLAGS := -c release
BIN := .build/release
VENV := .venv
FORMATTED := Package.swift Sources Tests

# Options of `apus up`, as `make run UP="--sync 3 --port 8080"`.
UP ?=
# Tests to run, as `make test FILTER=RollTests`.
FILTER ?=
# The simulation's seed, as `make simulate SEED=7`; a few hundred when left out.
SEED ?=

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the Debian or Ubuntu packages that are missing
	@tools/install-dependencies

build: deps ## Build everything, tests included, in release
	swift build $(SWIFT_FLAGS) --build-tests

run: build ## Start a cluster on http://localhost:8008; Ctrl-C drains it (UP="--sync 3" for more)
	@exec $(BIN)/apus up $(UP)

test: test-unit test-chat ## Run every test, with a PostgreSQL of its own

test-unit: build $(VENV)/installed
	APUS_TEST_PYTHON=$(VENV)/bin/python tools/with-postgres tools/run-tests $(FILTER)

test-chat: build $(VENV)/installed
	APUS_PROGRAMS=$(BIN) $(VENV)/bin/python -m pytest -q Tests/Clients

$(VENV)/installed: Tests/Clients/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/Clients/requirements.txt
	touch $@

coverage: build $(VENV)/installed ## Write docs/spec-coverage.md anew
	$(VENV)/bin/python tools/spec-coverage $(BIN) > docs/spec-coverage.md.new && mv docs/spec-coverage.md.new docs/spec-coverage.md

check: deps lint $(VENV)/installed ## Check form, warnings, architecture and the fast tests
	swift build $(SWIFT_FLAGS) --build-tests
	APUS_TEST_PYTHON=$(VENV)/bin/python tools/with-postgres tools/run-tests --fast

lint: ## Check the form of all files
	swift format lint --strict --recursive --parallel $(FORMATTED)

format: ## Bring all files into form
	swift format --in-place --recursive --parallel $(FORMATTED)

bench: build ## Measure: ratios against a bare database, latencies, herds, memory
	tools/with-postgres $(BIN)/apus-bench

simulate: build ## Run the simulation of writers, leases, log and readers (SEED=n for one seed)
	APUS_SIMULATE_SEED=$(SEED) tools/with-postgres swift test $(SWIFT_FLAGS) --skip-build --filter SimulationTests

sizes: build ## Print the executables' sizes and the time to link them
	@tools/executable-sizes

clean: ## Remove what was built; the cluster's state in .apus stays
	rm -rf .build $(VENV)
