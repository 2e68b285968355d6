# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
PORT ?= 8000
export PORT CUSTOMERS BROWSER FAULT_SECONDS

PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-operations test-faults check coverage audit bench promises messages schema lock stop clean python setup-demo setup-dev

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-23s %s\n", $$1, $$2 }'

demo: setup-demo ## the portal with sample data on this machine: make demo PORT=8001 CUSTOMERS=20000
	@exec $(VENV) -m tools.demo

test: setup-dev ## everything CI checks; without a browser: make test BROWSER=none
	@exec $(VENV) -m tools.verify test

test-long: setup-dev ## the same with every round, row and invented example, of which `make test` takes a tenth
	@exec $(VENV) -m tools.verify test-long

check: setup-dev ## what to run every few minutes: lint, types, layers, fast tests
	@exec $(VENV) -m tools.verify check

test-operations: setup-dev ## every shell block of docs/operations.md, by hand and in containers (needs the network, takes minutes)
	@exec $(VENV) -m tools.verify operations

test-faults: setup-dev ## every fault for a minute, on a machine that does nothing else: make test-faults FAULT_SECONDS=90
	@exec $(VENV) -m tools.verify faults

coverage: setup-dev ## which lines the tests reach, in htmlcov/
	@exec $(VENV) -m tools.verify coverage

bench: setup-dev ## speed, as ratios against the goals
	@exec $(VENV) -m tools.bench $(if $(CUSTOMERS),--customers $(CUSTOMERS))

audit: setup-dev ## known vulnerabilities of what production installs (needs the network)
	@$(VENV) -m pip_audit --requirement requirements/base.txt --require-hashes --disable-pip --strict

promises: setup-dev ## what is promised, shown and not yet built; writes the names of the tests into docs/promises.md
	@$(VENV) -m tools.promises

messages: setup-dev ## merge new texts into the translation catalogues
	@$(VENV) -m tools.messages && $(VENV) -m tools.messages --compile

schema: setup-dev ## write the API schema to docs/openapi.yaml
	@$(VENV) -m tools.verify schema

lock: ## resolve pyproject.toml again into requirements/*.txt (needs uv)
	@$(VENV) -m tools.lock

stop: ## end what an interrupted demo or test run left behind
	@test ! -x $(VENV) || $(VENV) -m tools.demo --stop

clean: stop ## remove the environment, the demo's data and everything generated
	@rm -rf .venv .portal staticfiles htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results \
		.import_linter_cache partnerportal/static/fonts locale/*/LC_MESSAGES/*.mo

setup-demo: python
	@$(PYTHON) tools/setup.py demo

setup-dev: python
	@$(PYTHON) tools/setup.py dev

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found (looked for python3, python3.11 and newer)." >&2; exit 1; }
