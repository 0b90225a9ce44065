# One verb for each job, the same for people, hooks and CI. `make` alone lists them.
# Needs: make, a Python from 3.11 to 3.13 (with venv), and a network with PyPI for the first call.

PYTHONS := python3.13 python3.12 python3.11 python3
BIN := .venv/bin
# Whatever environment the caller has active, uv works on this project's own and on its Python.
UV := env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON=$(BIN)/python UV_PYTHON_DOWNLOADS=never $(BIN)/uv

.DEFAULT_GOAL := help
.PHONY: help demo explorer inspection test mutants check check-web bench bench-accuracy bench-scale bench-check lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: .venv/.synced ## simulate a city, release its statistics, show them (DEMO_ARGS="--devices 5000 --days 7")
	@$(BIN)/shoal demo $(DEMO_ARGS)

explorer: .venv/.synced ## build the explorer (web/) into the package, where it has changed
	@$(BIN)/python web/build.py

inspection: .venv/.synced ## what a data-protection officer can check, on a simulated city (INSPECTION_ARGS="--folder trial")
	@$(BIN)/python examples/inspection/run.py $(INSPECTION_ARGS)

# Compiled code is kept, whatever the caller's setting: the tests start many processes of Shoal.
test: .venv/.synced ## every test, on all cores (TEST_ARGS="tests/privacy -k bounding")
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n auto --dist loadgroup $(TEST_ARGS)

mutants: .venv/.synced ## seeded bugs that the tests must catch; writes docs/mutants.md (MUTANTS_ARGS="--sample 4")
	@$(BIN)/python -m mutants $(MUTANTS_ARGS)

check: .venv/.synced check-web ## lint, format, types (strict), and which room may import which
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-web: .venv/.synced ## types, lint and format of the explorer's code
	@$(BIN)/python web/build.py --check

bench: .venv/.synced ## every comparison at the size that is published (BENCH_ARGS="scale stays")
	@$(UV) sync --frozen --quiet --group bench
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-accuracy: .venv/.synced ## error of Shoal and its peers on the same cities; needs Java 17 (BENCH_ARGS="bikes --runs 3 --real 0")
	@$(BIN)/python -m benchmarks.accuracy $(BENCH_ARGS)

bench-scale: .venv/.synced ## N=10000000 records to a release: time, memory, disk (IDS=text KEEP=folder)
	@$(BIN)/python -m benchmarks.scale --records $(or $(N),10000000) --ids $(or $(IDS),int) $(if $(KEEP),--keep $(KEEP)) $(BENCH_ARGS)

bench-check: .venv/.synced ## fails where a ratio is worse by a third than the one kept (BENCH_ARGS="--update")
	@$(UV) sync --frozen --quiet --group bench
	@$(BIN)/python -m benchmarks.check $(BENCH_ARGS)

lock: $(BIN)/uv ## renew uv.lock after a change of pyproject.toml
	@$(UV) lock

clean: ## remove the environment and the caches; never a release, never the state folder
	rm -rf .venv build dist web/node_modules src/shoal/serve/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks mutants -type d -name __pycache__ -prune -exec rm -rf {} +

# A candidate is run, not only found: the name may belong to a pyenv shim without that version behind it.
$(BIN)/uv:
	@for python in $(PYTHONS); do \
	    if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	        echo "Setting up .venv with $$($$python --version); this is needed once." >&2; \
	        $$python -m venv --clear .venv && $(BIN)/python -m pip install -q --disable-pip-version-check uv; \
	        exit; \
	    fi; \
	done; \
	echo "Shoal needs Python 3.11, 3.12 or 3.13, and none of \`$(PYTHONS)\` on the PATH is one; install one and run make again." >&2; \
	exit 1

# The explorer is built by the install itself (hatch_build.py), anew when one of its files has changed.
WEB := $(shell find web -name node_modules -prune -o -type f -print)

.venv/.synced: pyproject.toml uv.lock hatch_build.py $(WEB) | $(BIN)/uv
	@$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@
