# Loss Landscapes. Each target sets up what it needs; a second call installs nothing.
#   make book                                    build the book from every chapter
#   make book CHAPTER=03_jamming DATASET=mnist   one chapter, other data; BUDGET= and SEED= likewise
#   make test                                    everything that CI runs

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
BUILDER := cd book && ../$(PY) -m builder
TORCH ?= 2.13.0
CHOICES := $(if $(CHAPTER),--chapter $(CHAPTER)) $(if $(BUDGET),--budget $(BUDGET)) \
	$(if $(DATASET),--dataset $(DATASET)) $(if $(SEED),--seed $(SEED)) $(if $(TIMEOUT),--timeout $(TIMEOUT))

# Arithmetic that rounds alike on every x86 processor, so that a notebook's numbers are the same on all of them.
export MKL_CBWR := AVX2,STRICT
export ATEN_CPU_CAPABILITY := avx2
export OPENBLAS_CORETYPE := Haswell

.DEFAULT_GOAL := help
.PHONY: help ready book pdf zip class heroes chapter test check unit outputs nbval pages publishable lab refresh bench lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo "  CHAPTER=03_jamming DATASET=mnist BUDGET=class SEED=0 narrow and change \`make book\`; TIMEOUT= seconds a cell"

ready: # what every target stands on: .venv with what requirements.lock pins
	@$(if $(PYTHON),$(PYTHON),false) -c '' 2>/dev/null || { \
		echo "No Python 3.11 or newer found$(if $(PYTHON), ($(PYTHON) is not one)): install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) book/builder/environment.py

book: ready ## execute what changed, build the site: _build/html/index.html
	@$(BUILDER) book $(CHOICES)

pdf: ready ## the book as a PDF, with LaTeX: _build/loss-landscapes.pdf
	@$(BUILDER) pdf $(CHOICES)

zip: ready ## site, notebooks and what they need, in one file: _build/loss-landscapes.zip
	@$(BUILDER) zip $(CHOICES)

class: ready ## the notebooks without their solutions, zipped for students: _build/class/
	@$(BUILDER) class $(CHOICES)

heroes: ready ## the pictures at the heads of chapters, from their tables; CHAPTER= measures one again that has none
	@$(BUILDER) heroes $(if $(CHAPTER),--chapter $(CHAPTER))

chapter: ready ## a new chapter that runs and passes the tests: make chapter NAME=07_noise (MODULE= names its modules)
	@$(BUILDER) chapter --chapter "$(NAME)" $(if $(MODULE),--module $(MODULE))

test: check unit ## lint, types, unit tests, notebooks, the book, the browser
	@$(MAKE) --no-print-directory book CHAPTER= BUDGET= DATASET= SEED=
	@$(MAKE) --no-print-directory outputs pages

check: ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib
	PYTHONPATH=book .venv/bin/lint-imports --no-logo # which finds builder there

unit: ready
	TQDM_DISABLE=1 $(PY) -m pytest -n 2 --dist loadfile tests landscape_lib book/builder \
		--ignore tests/book --ignore tests/notebooks

# What the book was made from is not executed again to be compared with what is committed.
outputs: ready
	TQDM_DISABLE=1 $(PY) -m pytest -n 2 tests/notebooks

nbval: ready ## every notebook executed once more, by nbval itself
	TQDM_DISABLE=1 $(PY) -m pytest -n 2 --dist loadfile --nbval --nbval-current-env --nbval-cell-timeout 900 notebooks

pages: ready
	TQDM_DISABLE=1 $(PY) -m pytest -n 2 --dist loadfile tests/book

publishable: ready ## whether what was built may be published: every claim measured, by this very commit
	@$(BUILDER) publishable

lab: ready ## JupyterLab on the notebooks
	$(PY) -m jupyterlab notebooks

refresh: ready ## run notebooks with their defaults and write their text outputs back
	@$(BUILDER) refresh $(CHOICES)

bench: ready ## the benchmarks, side by side with other ways to do it
	@set -e; for file in benchmarks/[a-z]*.py; do $(PY) $$file; done

lock: ## renew requirements.lock from pyproject.toml (TORCH= names torch's version)
	$(PYTHON) -m venv --clear _build/lock
	_build/lock/bin/python -m pip install --quiet torch==$(TORCH) setuptools wheel -e ".[test]"
	{ sed '/^[^#]/,$$d' requirements.lock; _build/lock/bin/python -m pip freeze --all --exclude-editable --exclude pip \
		| sed -E 's/\+cpu$$//; /^(nvidia|cuda|triton)/d'; } > _build/requirements.lock
	mv _build/requirements.lock requirements.lock

clean: ## remove what was built (.venv stays)
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
