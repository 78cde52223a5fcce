# Everything a contributor runs. Each target sets up .venv by itself, once, and again when the pins change.
# With a Python of your own choice:  make PYTHON=python3.12 test
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow lint bench reference clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(INSTALLED) ## set up .venv with the exact versions of constraints.txt

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Expected Python 3.11, 3.12 or 3.13 as $(PYTHON). Received: $$($(PYTHON) --version 2>&1). Name another one:  make PYTHON=python3.12"; exit 2; }
	@echo "Setting up $(VENV) (the first time: TensorFlow and the rest, 2.6 GB, a few minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
	@echo "$(VENV) is ready."

demo: $(INSTALLED) ## train a VAE and a center-loss VAE for minutes, print the table, draw the figures
	$(RUN) -m experiments.center_gmm --preset quick --variants vanilla-6 center-6 --fallback-to-digits

test: $(INSTALLED) ## run every test but the slow ones
	$(RUN) -m pytest -q -n 2 --dist loadfile -m "not slow"

test-slow: $(INSTALLED) ## run the slow tests
	$(RUN) -m pytest -q -n 2 --dist loadfile -m slow

lint: $(INSTALLED) ## check style, format and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy tfvae experiments tools
	$(RUN) -m tools.documents --check

bench: $(INSTALLED) ## measure speed and memory, printed as JSON
	$(RUN) -m benchmarks

reference: $(INSTALLED) ## complete the committed results in tensorboard_logs/reference and what is made from them
	$(RUN) -m tools.reference

clean: ## remove .venv, caches and builds, never a result
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
