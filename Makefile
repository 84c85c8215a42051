# make demo    the whole job on sample data, results in demo/
# make test    every check and every test
# make soak    kills, live edits, mutations and many writers, many times over, written down in docs/reliability.md
# Each makes the environment in .venv first, and installs it anew when the dependencies change.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := pyproject.toml constraints.txt
# A real window needs a display; a virtual one of a known size keeps the GUI tests the same everywhere.
XVFB := xvfb-run --auto-servernum --server-args="-screen 0 1920x1200x24"

.PHONY: help demo test test-headless soak check docs screenshots clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(VENV)/.demo
	@rm -rf demo
	@$(BIN)/medseg demo --out demo

test: $(VENV)/.test system-packages
	@$(XVFB) tools/run-tests.sh $(BIN)/python $(ARGS)

# The same tests without a display: the GUI tests skip, saying so.
test-headless: $(VENV)/.test
	@$(BIN)/python -m pytest -q $(ARGS)

soak: $(VENV)/.test
	@MEDSEG_SOAK=1 $(BIN)/python -m pytest -q tests/soak tests/study/test_many_writers.py $(ARGS)

check: $(VENV)/.test
	@$(BIN)/python -m pytest -q tests/project

docs: $(VENV)/.test
	@$(BIN)/python -m sphinx -W -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

screenshots: $(VENV)/.test system-packages
	@$(XVFB) $(BIN)/python tools/make_screenshots.py
	@$(XVFB) $(BIN)/python tools/workbench_screenshots.py
	@$(BIN)/python tools/make_sample_pictures.py
	@$(BIN)/python tools/make_agreement_picture.py
	@$(BIN)/python tools/make_report_pictures.py
	@PYTHONPATH=tests $(BIN)/python tools/make_circle_picture.py

.PHONY: system-packages
system-packages:
	@tools/install-system-packages.sh $$(cat tools/debian-packages.txt)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "medseg needs Python 3.11 or later, found $$($(PYTHON) --version 2>&1)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tools/install-system-packages.sh \
	    $$($(PYTHON) -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
	@$(PYTHON) -m venv $(VENV)

# pip says a line for each package: one dot each shows that it moves. Errors are shown as they are.
define install
	@echo "Installing $(1) into $(VENV) (one or two minutes the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[$(2)]' \
	    | $(BIN)/python -c 'import sys; [print(".", end="", flush=True) for line in sys.stdin]; print()'
endef

$(VENV)/.demo: $(DEPENDENCIES) | $(VENV)/bin/python
	$(call install,medseg and napari,gui)
	@touch $@

$(VENV)/.test: $(DEPENDENCIES) | $(VENV)/bin/python
	$(call install,medseg and what its tests need,test)
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) demo docs/_build
