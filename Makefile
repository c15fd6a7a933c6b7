# Everything lives in .venv; each target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEV := .venv/.ready-dev

.PHONY: help setup demo test check crash-sweep soak bench deb clean
help:            ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## install the command into .venv

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "settlement_bridge needs Python 3.11 or newer; this is %d.%d. Set PYTHON=/path/to/python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY)   ## sync the embedded sandbox into ./demo and show what came out
	$(BIN)/settlement-bridge demo --out demo

test: $(DEV)     ## run the tests
	$(BIN)/pytest -n auto --dist worksteal

check: $(DEV)    ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

crash-sweep: $(DEV) ## kill, fail and cut the power at every system call of the work that must survive it
	$(BIN)/python -m crash_sweep

soak: $(DEV)     ## let days go by under a daemon that is killed a hundred times
	$(BIN)/python -m soak

bench: $(DEV)    ## measure beside a naive script, as ratios
	$(BIN)/python -m benchmarks

deb: $(READY)    ## build the Debian package into dist, for Debian's own Python
	packaging/deb/build dist

clean:           ## remove what make made
	rm -rf .venv demo build dist
