# make demo    a day of sample papers to sample readers, into a mailbox you can open
# make test    every test
# make check   what CI runs: the tests, then ruff, mypy and the import contract
# make torture 500 kills of senders, on SQLite and PostgreSQL (about an hour)
# make year    a simulated year of the clock (some ten minutes)
# Each does its own set-up, from Python 3.11 or later alone.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test torture year check lint bench clean

demo: $(VENV)/.run
	@$(BIN)/digest demo

test: $(VENV)/.dev $(VENV)/.samples
	$(BIN)/python -m pytest

torture: $(VENV)/.dev
	$(BIN)/python -m tests.torture

year: $(VENV)/.dev
	YEAR=1 $(BIN)/python -m pytest -n 0 --timeout 0 tests/stories/test_year.py

check: test lint

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict digest subscribers
	$(BIN)/lint-imports

# Each figure as a ratio to others of the same run; wants a machine with nothing else to do.
bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.send
	$(BIN)/python -m tests.bench.send --signed
	$(BIN)/python -m tests.bench.smtp
	$(BIN)/python -m tests.bench.dkim
	$(BIN)/python -m tests.bench.desk
	$(BIN)/python -m tests.bench.signup
	@if test -d ../shared/rankbench/dev; then \
		$(BIN)/python -m tests.bench.ranking_cost ../shared/rankbench/dev; fi

$(VENV)/.venv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: none was found"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@touch $@

$(VENV)/.run: $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run

# Real bounces to test with come only in the source distribution of flufl.bounce.
$(VENV)/.samples: $(VENV)/.dev
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --no-binary flufl.bounce --dest $(VENV)/samples 'flufl.bounce>=6,<7'
	@touch $@

clean:
	rm -rf $(VENV) demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
