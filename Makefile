# The main targets are `demo` and `test`. To use another environment: make test VENV=/tmp/env
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# A separate environment for `make bench`, with the libraries that it compares.
BENCH = $(VENV)-bench
RELEASE = $(VENV)-release

.PHONY: demo test bench docs fuzz kills clean pretrained notebooks release

demo: $(VENV)/.demo
	$(BIN)/djmodel train --preset jazz --style bebop --out runs/bebop --overwrite
	$(BIN)/djmodel generate runs/bebop/model.keras --changes blues-in-F --choruses 2 --tempo 190 \
		--player "Charlie Parker" --seed 1 --out runs/bebop/blues.mid --wav --overwrite \
		--html runs/bebop/blues.html --score runs/bebop/blues.pdf
	$(BIN)/dinos train --out runs/dinos --overwrite
	@echo "Ten names:"
	@$(BIN)/dinos generate runs/dinos/model.keras --count 10

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

# The pages, in docs/_build/html.
docs: $(VENV)/.test
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

# Runs the notebooks and stores them with their output.
notebooks: $(VENV)/.test
	$(BIN)/python tests/helpers/notebooks.py

# Trains the bundled models on data/ and writes the card of that of the rags.
pretrained: $(VENV)/.demo
	$(BIN)/python -m benchmarks.pretrained
	$(BIN)/dinos train --out runs/dinos --overwrite
	cp runs/dinos/model.keras data/dinos.keras

# Builds and checks wheel and source distribution, and prints what to upload; uploads nothing.
release: $(RELEASE)/.release
	rm -rf build dist
	$(RELEASE)/bin/python -m build --outdir dist .
	$(RELEASE)/bin/python -m twine check --strict dist/*
	$(RELEASE)/bin/python tests/helpers/release.py dist

$(RELEASE)/.release:
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet "build>=1.2" "twine>=6.1"
	touch $@

# A stamp file for each set of packages; they are installed again when the list of packages changes.
$(VENV)/.demo: EXTRAS =
$(VENV)/.test: EXTRAS = [test]
$(BENCH)/.bench: EXTRAS = [bench]
$(VENV)/.demo $(VENV)/.test $(BENCH)/.bench: setup.cfg pyproject.toml
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	$(@D)/bin/python -m pip install --quiet --editable ".$(EXTRAS)"
	touch $@

clean:
	rm -rf .venv .venv-bench .venv-release runs output build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
