# The two commands: `make demo` and `make test`. VENV and PYTHON may be set: make test VENV=/tmp/env
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# The peers that `make bench` measures beside this project stay out of the way of everything else.
BENCH = $(VENV)-bench

.PHONY: demo test bench fuzz kills clean pretrained notebooks

demo: $(VENV)/.demo
	$(BIN)/python -m djmodel.train --preset ragtime --out runs/ragtime
	$(BIN)/python -m dinos.train --out runs/dinos
	@echo "Ten names:"
	@$(BIN)/python -m dinos.generate runs/dinos/model.keras --count 10

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(BENCH)/.bench
	$(BENCH)/bin/python -m benchmarks.run

fuzz: $(VENV)/.test
	$(BIN)/python tests/fuzz.py

kills: $(VENV)/.test
	$(BIN)/python -m benchmarks.kills

# The notebooks, run anew and stored with what they show.
notebooks: $(VENV)/.test
	$(BIN)/python tests/helpers/notebooks.py

# The model that comes along, and its card: from data/ alone.
pretrained: $(VENV)/.demo
	$(BIN)/python -m benchmarks.pretrained

# One stamp for each set of packages; made anew when the list of packages changes.
$(VENV)/.demo: EXTRAS =
$(VENV)/.test: EXTRAS = [test]
$(BENCH)/.bench: EXTRAS = [bench]
$(VENV)/.demo $(VENV)/.test $(BENCH)/.bench: setup.cfg pyproject.toml
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	$(@D)/bin/python -m pip install --quiet --editable ".$(EXTRAS)"
	touch $@

clean:
	rm -rf .venv .venv-bench runs output build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
