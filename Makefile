# The two commands: `make demo` and `make test`. VENV and PYTHON may be set: make test VENV=/tmp/env
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test bench fuzz clean

demo: $(VENV)/.demo
	$(BIN)/python -m djmodel.train --out runs/ragtime
	$(BIN)/python -m dinos.train --out runs/dinos
	@echo "Ten names:"
	@$(BIN)/python -m dinos.generate runs/dinos/model.keras --count 10

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.run

fuzz: $(VENV)/.test
	$(BIN)/python tests/djmodel/fuzz.py

# One stamp for each set of packages; made anew when the list of packages changes.
$(VENV)/.demo: EXTRAS =
$(VENV)/.test: EXTRAS = [test]
$(VENV)/.bench: EXTRAS = [bench]
$(VENV)/.demo $(VENV)/.test $(VENV)/.bench: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".$(EXTRAS)"
	touch $@

clean:
	rm -rf .venv runs output build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
