# Everything runs in a virtual environment of its own; a Python of 3.11 or later and make are all that is needed.
VENV ?= .venv
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell $(name) -c \
  'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES = compass envs skills tests
EXTRA_TESTS = tests/envs/sc2api tests/envs/parity tests/compass/cli/test_export_smacv2.py tests/compass/cli/test_serve_sc2.py
BASELINE_TESTS = tests/envs/test_torchrl_env.py tests/compass/baselines tests/compass/cli/test_train.py
SMACV2_GIT = git+https://github.com/oxwhirl/smacv2.git

# For pip itself and for the environments it builds packages in. The path is relative: pip splits this value at blanks.
export PIP_CONSTRAINT = constraints.txt
export PIP_BUILD_CONSTRAINT = constraints.txt

.PHONY: help venv install demo test test-extras test-baselines check lint sc2 baselines bench clean
help:
	@echo "make demo         the main job: 32 battles with the team and with the nearest heuristic, and a table"
	@echo "make install      compass into $(VENV) (then: $(BIN)/compass --help)"
	@echo "make test         the base test suite"
	@echo "make check        ruff, mypy and the base test suite"
	@echo "make test-extras  the tests that need pysc2, burnysc2 and smacv2"
	@echo "make sc2          pysc2, burnysc2, and smacv2 from SMACV2=DIR or from git"
	@echo "make baselines    torch and BenchMARL, for compass train"
	@echo "make test-baselines   the tests that need these"
	@echo "make bench        the benchmarks of BENCHMARKS.md"
	@echo "make clean        removes $(VENV) and caches; never runs/"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name one: make PYTHON=/path/to/python3 ..."; exit 1; }
	$(PYTHON) -m venv "$(VENV)"

$(VENV)/base: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --editable .
	@touch $@

$(VENV)/dev: $(VENV)/base
	$(PIP) install --editable '.[dev]'
	@touch $@

$(VENV)/sc2: $(VENV)/dev
	$(PIP) install --editable '.[sc2,burnysc2]'
	$(PIP) install --no-deps pysc2==4.0.0
	@touch $@

$(VENV)/baselines: $(VENV)/dev
	$(PIP) install --editable '.[baselines]'
	@touch $@

venv: $(BIN)/python
install: $(VENV)/base

demo: install
	$(BIN)/compass demo

test: $(VENV)/dev
	$(BIN)/python -m pytest

lint: $(VENV)/dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

check: lint test

sc2: $(VENV)/sc2
ifdef SMACV2
	@test -d "$(SMACV2)/smacv2" || { echo "SMACV2=$(SMACV2) holds no smacv2 package: give the folder of its repository"; exit 1; }
	@site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && cd "$(SMACV2)" && pwd > "$$site/smacv2.pth"
else
	@$(BIN)/python -c 'import smacv2' 2>/dev/null || GIT_TERMINAL_PROMPT=0 $(PIP) install --no-deps --retries 0 $(SMACV2_GIT) 2>/dev/null \
	  || echo "smacv2 cannot be fetched here: tests against it will not run (make sc2 SMACV2=DIR takes a local copy)"
endif

baselines: $(VENV)/baselines

test-baselines: baselines
	$(BIN)/python -m pytest $(BASELINE_TESTS)

test-extras: sc2
	$(BIN)/python -m pytest $(EXTRA_TESTS)

bench: install
	$(BIN)/compass bench

clean:
	rm -rf "$(VENV)" .mypy_cache .pytest_cache .ruff_cache build dist
	find compass envs tests -name __pycache__ -prune -exec rm -rf {} +
