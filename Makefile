# Everything runs from a virtual environment in .venv; `make` targets make it when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROGRAM := $(VENV)/.program
TOOLS := $(VENV)/.tools
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: demo test lint format docs bench growth soak audit clean

demo: $(PROGRAM)
	@$(BIN)/syncd demo

test: $(TOOLS)
	scripts/test.sh

lint: $(TOOLS)
	$(BIN)/ruff check src tests scripts
	$(BIN)/ruff format --check src tests scripts
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/docs.py --check

format: $(TOOLS)
	$(BIN)/ruff check --fix src tests scripts
	$(BIN)/ruff format src tests scripts
	$(BIN)/python scripts/docs.py

# Tables from the code, and what the commands in the documentation print (on a sandbox; takes half a minute).
docs: $(TOOLS)
	$(BIN)/python scripts/docs.py --outputs

bench: $(TOOLS)
	PYTHONPATH=tests $(BIN)/python -m bench

# What a fleet of up to a million devices takes; up to an hour.
growth: $(TOOLS)
	PYTHONPATH=tests $(BIN)/python -m bench.growth

# Kills at every boundary of every command, then under load; the model test; schools as large as real ones in a real RT.
# For up to two hours; `make test` has a short form of each.
soak: $(TOOLS)
	PYTHONPATH=tests $(BIN)/python -m soak
	SYNCD_LONG_TESTS=1 $(BIN)/pytest tests/system/test_chromebooks_rt5.py tests/system/test_rt_users_rt5.py

# Known weaknesses of the dependencies; needs the network, and is therefore no part of `make test`.
audit: $(PROGRAM)
	$(PIP) --group audit
	scripts/audit.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(PROGRAM): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) --editable .
	@touch $@

$(TOOLS): $(PROGRAM)
	$(PIP) --group test --group lint
	@touch $@
