# Connect: what can be done here. Every target does its own set-up; `make help` lists them.

PYTHON := .venv/bin/python
BENCHMARKS := $(sort $(basename $(notdir $(wildcard benchmarks/bench_*.py))))

.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-relay bench-operator soak image manifests lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: .venv/.run  ## Show Connect at work on a sample school: embedded database, simulated directory (ARGS="--help")
	@$(PYTHON) -m connect_worker.demonstration $(ARGS)

test:  ## Check and test everything, with real servers; ends with each stage's time
	+@scripts/python scripts/run_tests.py

check: .venv/.development  ## Formatting, lint, types, layers: what needs no server
	@status=0; for tool in "ruff format --check" "ruff check" mypy "lint-imports --no-logo"; do \
	    .venv/bin/$$tool || status=1; done; exit $$status

bench: .venv/.development  ## Measure Connect beside the plain tools, on this machine
	@for benchmark in $(BENCHMARKS); do $(PYTHON) -m benchmarks.$$benchmark || exit; done

soak: .venv/.development  ## Keep the relay at work for an hour, and look for what is lost or leaks (ARGS="--help")
	@$(PYTHON) -m tests.soak $(ARGS)

bench-relay: .venv/.development  ## Measure the relay alone, beside its peers (ARGS="--near --runs 1")
	@$(PYTHON) -m benchmarks.bench_relay $(ARGS)

bench-operator: .venv/.development  ## Measure the operator among thousands of ConnectJobs (ARGS="--jobs 1000 --runs 1")
	@$(PYTHON) -m tests.cluster build
	@$(PYTHON) -m benchmarks.bench_operator $(ARGS)

image: .venv/.run  ## Build the images of operator, worker and relay with docker, podman or buildah (ARGS="--help")
	@$(PYTHON) scripts/build_images.py $(ARGS)

manifests:  ## Render manifests/ from the Helm chart (ARGS="--helm PROGRAM" for a Helm that is not in PATH)
	@scripts/python scripts/render_manifests.py $(ARGS)

lock:  ## Lock the requirements anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@scripts/lock $(ARGS)

clean:  ## Remove all that was made here
	rm -rf .venv .run .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.venv/.%: requirements/%.txt pyproject.toml
	@scripts/python scripts/environment.py $*
