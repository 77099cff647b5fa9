# Everything a contributor runs. Each target installs what it needs into $(VENV) first.

PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
DATA   ?= .data

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# ruff reads no setup.cfg, so its options stand here. Bandit's rules (S) guard the product;
# tests may assert, name literal secrets and start programs. N818 would have every exception end
# in "Error", RUF001-003 flag Polish text, S101 asserts that tell the type checker a fact.
RUFF_STYLE := --isolated --target-version py311 --line-length 100
RUFF_RULES := --select B,BLE,C4,DTZ,E,F,I,ISC,LOG,N,PT,PTH,RUF,S,SIM,T20,UP,W \
	--ignore N818,RUF001,RUF002,RUF003,S101 \
	--per-file-ignores 'tests/**:S,benchmarks/**:S,benchmarks/**:T20'

.DEFAULT_GOAL := help
.SILENT:
.DELETE_ON_ERROR:
.PHONY: help run check test bench

help: ## list these commands
	grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) \
		| sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 16

run: $(VENV)/.installed-runtime ## start a demo school on http://127.0.0.1:8000 (PORT=, DATA=)
	echo "Starting the demo school on http://127.0.0.1:$(PORT), its data in $(DATA)"
	$(BIN)/scim-server demo --data "$(DATA)" --port "$(PORT)"

check: $(VENV)/.installed-all ## check style, types and the import rule
	echo "Checking style, types and the import rule"
	$(BIN)/ruff check $(RUFF_STYLE) $(RUFF_RULES) --quiet .
	$(BIN)/ruff format $(RUFF_STYLE) --check --quiet .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-cache --no-logo

test: check ## check, then run every test on SQLite and PostgreSQL
	echo "Running every test"
	$(BIN)/python -m pytest -n logical --maxprocesses 8

bench: $(VENV)/.installed-all ## measure what the program costs
	echo "Measuring what the program costs"
	$(BIN)/python -m benchmarks

$(BIN)/pip:
	echo "Creating a virtual environment in $(VENV)"
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "scim-server needs Python 3.11 or newer: install it, or name it with PYTHON=..." >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV) || { \
		echo "Python cannot create a virtual environment: install its venv module" \
			"(on Debian and Ubuntu: apt install python3-venv) and try again." >&2; \
		exit 1; }

$(VENV)/.installed-runtime: setup.cfg pyproject.toml | $(BIN)/pip
	echo "Installing scim-server into $(VENV)"
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-all: setup.cfg pyproject.toml | $(BIN)/pip
	echo "Installing scim-server, its tests and its checks into $(VENV)"
	$(PIP) --editable '.[postgresql,test,dev]'
	touch $@ $(VENV)/.installed-runtime
