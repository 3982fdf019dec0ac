# What does a CNN see?  `make lab` opens the course, `make test` tests it, `make help` lists the rest.
# Written for GNU make 3.81 (macOS) and newer. Windows without make: README has the same steps.

SHELL    := /bin/sh
PYTHON   ?= python3.13 python3.12 python3.11 python3 python
LAB_ARGS ?=
LESSONS  ?=
PINS_ARGS ?=
ENTRIES  ?=
SEEDS    ?= 5

PY     := .venv/bin/python
STAMP  := .venv/course-stamp
PYTEST := $(PY) -m pytest

# Which set-up the environment should hold: by content, because `git checkout` moves file times for no reason.
# The folder belongs to it: the course is installed as a link, which breaks where the folder is moved.
DIGEST := $(shell { cat requirements.txt requirements-dev.txt pyproject.toml; pwd; } | cksum)

.PHONY: help lab test check coverage notebooks browser lessons book bench bench-doctor faults links audit pins venv venv-dev \
        test-colab release rehearsal record
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

lab: venv ## open your copies of the lessons, my/, in JupyterLab (LAB_ARGS="--no-browser --port 8890" is passed on)
	@exec .venv/bin/course lab $(LAB_ARGS)

SUITE = -n 2 --dist loadfile --max-worker-restart 0 tests --ignore=tests/lessons --ignore=tests/browser --ignore=tests/bench

# Two processes share two cores: with two threads each they wait for one another, up to eight times as long.
check test coverage notebooks faults: export OMP_NUM_THREADS = 1

check: venv-dev ## ruff, mypy and the unit tests, no notebooks, no browser: minutes
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PYTEST) $(SUITE) -m "not slow" --doctest-modules course_lib

test: check ## everything: check, the slow tests, then each lesson run and compared, then a real browser
	$(PYTEST) $(SUITE) -m "slow and not weekly"
	$(NOTEBOOKS)
	$(BROWSER)

# Its tracing makes the tests take half as long again, so it is for once a week.
coverage: venv-dev ## all tests, the weekly ones too, and which branches none takes; fails below pyproject.toml's share
	$(PY) -m coverage erase
	$(PYTEST) $(SUITE) --cov=course_lib --cov-branch --cov-report= --cov-fail-under=0 --doctest-modules course_lib
	$(PY) -m coverage report

notebooks: venv-dev ## the lessons alone: their form, then each run and compared with what is stored
	$(NOTEBOOKS)

define NOTEBOOKS
	$(PYTEST) tests/lessons
	lessons=$$($(PY) -m course_lib.practice.notebooks) && $(PYTEST) -n 2 --dist loadfile --max-worker-restart 0 --nbval --nbval-current-env --nbval-cell-timeout 900 $$lessons
endef

BROWSER = $(PYTEST) -rs tests/browser

browser: venv-dev ## the figures and the book in a real browser
	$(BROWSER)

lessons: venv-dev ## lessons/src/*.py -> executed, cleaned notebooks (LESSONS="01a 01b", "01" for all of chapter 1, "03 --no-execute")
	$(PY) tools/lessons.py $(LESSONS)
	$(PY) tools/overview.py
	$(PY) tools/teaching.py

test-colab: venv-dev ## the lessons on a hosted notebook's older packages, Python 3.13 (LESSONS="00 01a")
	$(PY) -m tools.hosted $(LESSONS)

release: venv-dev ## the wheel in dist/, tried: it alone runs lesson 0
	$(PY) -m tools.release

# It is kept between calls and only what has changed is read again; -W: a warning is an error.
book: venv-dev ## the book in book/_build/html: every lesson as stored, figures alive, no server needed
	@mkdir -p book/_build/source
	$(PY) -m sphinx -q -W --keep-going -c book -d book/_build/doctrees book/_build/source book/_build/html
	@echo "Open book/_build/html/index.html"

bench: venv-dev ## the speeds that the issues promise, each beside its peer
	$(PY) -m tests.bench

record: venv ## EuroSAT against the clock on two cores, hours: evidence/record.jsonl (ENTRIES="lite0_one_cycle" SEEDS=5)
	$(PY) -m tools.record $(ENTRIES) --seeds $(SEEDS)

# Minutes where all is validated, half an hour where nothing is. What peers said is kept (tests/doctor/README.md).
# HALF=third: that part alone.
bench-doctor: venv-dev ## 313 set-ups, sick and healthy: what training.diagnose and training.watch say to each
	$(PY) -W ignore -m tests.doctor.validate $(HALF:%=--half %)
	$(PY) -W ignore -m tests.doctor.bench $(HALF:%=--half %)

# Not part of `make test`: what it breaks, it breaks at random moments, and it takes minutes.
faults: venv-dev ## breaks the course on purpose: downloads, kills, bad files, hostile names; evidence/faults.json
	$(PY) -W ignore -m tests.faults

links: venv-dev ## asks every address that lessons, README and cards lead to whether it still answers (network)
	$(PY) -m tools.addresses

# In an environment of its own: what it needs is nobody else's business.
audit: venv ## known holes in the pinned packages (network)
	$(PY) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv/audit/bin/pip-audit --disable-pip --no-deps -r requirements-dev.txt

rehearsal: venv-dev ## a JupyterHub and twelve learners in FOLDER=…, 25 minutes (Linux, root; classroom/README.md)
	$(PY) -m tools.rehearsal $(FOLDER) $(REHEARSAL_ARGS)

# environment.yml needs no new pins: it installs requirements.txt. PINS_ARGS=--upgrade moves every version to
# its newest; without it only what pyproject.toml asks for changes.
pins: venv ## resolve pyproject.toml into requirements.txt and requirements-dev.txt (PINS_ARGS=--upgrade)
	@$(PY) tools/pins.py $(PINS_ARGS)

# --- the environment -------------------------------------------------------------------------------------
# The stamp says how far .venv is:
#   the digest   all is as requirements.txt and pyproject.toml ask; with "dev" behind it, requirements-dev.txt too
#   "half"       somebody pulled the plug during an installation; pip may believe in packages that are
#                only half there, so this .venv is made again from nothing
#   "again"      pip said no (no network, no space) and has put back what it had; it may try again in place
# The digest is written last. A .venv whose Python has gone (brew upgrade) is made again too.

venv:
	@case "$$(cat $(STAMP) 2>/dev/null)" in "$(DIGEST)"|"$(DIGEST) dev") $(PY) -c '' 2>/dev/null;; *) false;; esac || \
	{ pins=requirements.txt; done="$(DIGEST)"; $(SET_UP) }

# What a developer has is what a learner has, and more.
venv-dev:
	@{ [ "$$(cat $(STAMP) 2>/dev/null)" = "$(DIGEST) dev" ] && $(PY) -c '' 2>/dev/null; } || \
	{ pins=requirements-dev.txt; done="$(DIGEST) dev"; $(SET_UP) }

# Runs each candidate instead of looking for its name: a pyenv shim can be on the PATH and lead nowhere, and
# Debian's python3 comes without the module that makes environments.
PROBE := import sys, venv, ensurepip; print('.'.join(map(str, sys.version_info[:3]))); sys.exit(sys.version_info < (3, 11))

define FIND_PYTHON
	python= ; found= ; \
	for candidate in $(PYTHON); do \
	  command -v "$$candidate" >/dev/null 2>&1 || continue; \
	  if version=$$("$$candidate" -c "$(PROBE)" 2>/dev/null); then python=$$candidate; break; fi; \
	  found="$$found$${found:+, }$$candidate ($${version:-does not run, or has no venv module})"; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: no Python that can run the course."; \
	  echo "  found:  $${found:-none of: $(PYTHON)}"; \
	  echo "  wanted: Python 3.11, 3.12 or 3.13, with its venv module"; \
	  echo "  get it: from python.org/downloads, or one of"; \
	  echo "            brew install python@3.13             (macOS)"; \
	  echo "            sudo apt install python3-venv         (Debian 12, Ubuntu 24.04 and newer)"; \
	  echo "            uv python install 3.13                (anywhere)"; \
	  echo "  or name one: make lab PYTHON=/path/to/python3.13"; \
	  exit 1; \
	fi; \
	echo "Python $$version ($$python)";
endef

define SET_UP
	trap 'exit 130' INT TERM; \
	if [ "$$(cat $(STAMP) 2>/dev/null)" = half ] || ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  $(FIND_PYTHON) \
	  echo "Making .venv: 6 GB on Linux, a few minutes the first time, seconds from then on."; \
	  rm -rf .venv && mkdir .venv && echo half > $(STAMP) && "$$python" -m venv .venv || exit 1; \
	else \
	  echo "The requirements changed: bringing .venv up to date."; \
	fi; \
	echo half > $(STAMP); \
	$(PIP) -r $$pins && $(PIP) --no-deps --no-build-isolation -e . || { \
	  echo again > $(STAMP); \
	  echo "make: pip could not install the requirements; its reason stands above. Mend it and call make again."; \
	  exit 1; \
	}; \
	echo "$$done" > $(STAMP);
endef

PIP := $(PY) -m pip install --disable-pip-version-check --no-input
