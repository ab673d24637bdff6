# From a fresh machine to a running stack. Every target makes what it needs first; nothing asks a question.
# `.venv/bin/gostack --help` has every command; the most used ones are here.

STACK ?= dev
ROUNDS ?= 3
export STACK

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
GOSTACK := .venv/bin/gostack
# pyright's wrapper takes the node of this machine where there is one.
export PYRIGHT_PYTHON_GLOBAL_NODE := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
GO_MODULES := services/users services/greeter components/mysql/proxy components/service_database/migrator \
	components/scheduled_tasks/scheduler components/ingress/verifier components/telemetry/collector components/telemetry/console \
	components/certificate_client/client \
	tools/offline/images/pause tests/chaos/unsteady_service tests/chaos/packet_delay tests/integration_cluster/probe tests/oidc_provider tests/probe \
	services/examples/chat services/examples/notes services/examples/tickets
STATICCHECK = $(GOSTACK) offline program staticcheck

.PHONY: help up preview down doctor env cluster test test-unit test-go test-core test-integration test-long test-cluster \
	test-kubernetes lint lint-python lint-go lint-workflows lint-cluster bench drill requirements clean python judges

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$", $$2); printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  STACK=staging make up   another environment (default: $(STACK))"
	@echo "  .venv/bin/gostack       backup, failover, canary, report, gate, drift, … (after \`make python\`)"

up: python ## everything, from a fresh machine to a running stack
	@$(GOSTACK) up

preview: python ## what `up` would change
	@$(GOSTACK) preview

down: python ## remove the stack; PURGE=1 removes its data too
	@$(GOSTACK) down $(if $(PURGE),--purge)

doctor: python ## what would make `up` fail, and the command that fixes it
	@$(GOSTACK) doctor

env: python ## print the shell's variables: eval "$$(make -s env)"
	@$(GOSTACK) env

cluster: python ## a real local Kubernetes cluster with an image registry, for STACK=staging and its tests (root)
	@$(GOSTACK) offline cluster up

test: lint-python test-go test-unit test-core ## what every change must pass: no account, no cluster

test-unit: judges ## the tests without Pulumi and Docker
	$(PYTHON) -m pytest -n auto --dist loadfile tests/unit tests/telemetry_rules tests/components tests/graph tests/contract tests/policy tests/delivery \
		tests/aws tests/explorer

test-go: lint-go ## the tests of every Go program
	for module in $(GO_MODULES); do (cd $$module && go test ./...) || exit 1; done

# Part of `make test`: what a change of the ingress, of a component or of a setting breaks first. All of them run at night.
CORE = $(addprefix tests/integration/,test_01_first_up.py test_03_faults.py test_04_changes.py test_rendered_nginx.py \
	test_rendered_retries.py test_rendered_sql.py test_names_elsewhere.py)
CORE_CASES = $(addprefix tests/integration/cases/,test_bodies.py test_requests.py)

test-core: python
	@$(GOSTACK) prepare --stack dev
	$(PYTHON) -m pytest $(CORE)
	$(PYTHON) -m pytest $(CORE_CASES)

test-integration: python ## the real Pulumi engine on the real Docker engine: every test, more than an hour
	@$(GOSTACK) prepare --stack dev
	$(PYTHON) -m pytest tests/integration --ignore tests/integration/test_13_drift.py --ignore tests/integration/cases
	$(PYTHON) -m pytest tests/integration/cases

test-long: python ## the faults and the silences that last five minutes and more, on the stack of the cases
	@$(GOSTACK) prepare --stack dev
	$(PYTHON) -m pytest tests/integration/cases -m long

test-cluster: python ## the local Kubernetes cluster (root; stops and starts it)
	$(PYTHON) -m pytest tests/integration_cluster

test-kubernetes: cluster ## the stack on a real Kubernetes cluster, which `make cluster` starts
	@$(GOSTACK) prepare --stack staging
	$(PYTHON) -m pytest tests/integration_kubernetes

lint: lint-python lint-go lint-workflows ## static analysis alone

lint-python: judges
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pyright
	.venv/bin/lint-imports

lint-go: python
	staticcheck=$$($(STATICCHECK)) && for module in $(GO_MODULES); do \
		(cd $$module && go vet ./... && "$$staticcheck" ./...) || exit 1; done

# Actionlint and zizmor, which `make test-unit` asks with the same words.
lint-workflows: python
	$(PYTHON) -m pytest -q tests/delivery/test_workflows.py::test_actionlint_and_zizmor_find_nothing

# What is compiled with much of Kubernetes: too much for every change.
lint-cluster: python
	staticcheck=$$($(STATICCHECK)) && export CGO_ENABLED=0 GOWORK=off GOFLAGS=-trimpath && \
		for module in tools/offline/toolchain/kubernetes tests/admission; do (cd $$module && go vet . && "$$staticcheck" .) || exit 1; done

ifeq ($(STACK),prod)
bench: python
	@$(PYTHON) -m tests.graph.benchmark
else
bench: python ## time up, preview and docker compose side by side; TELEMETRY=1 what telemetry costs, CACHE=1 what the cache brings, STACK=staging on its cluster, STACK=prod its growth
	@$(GOSTACK) prepare
	@$(PYTHON) -m tests.benchmarks --stack "$$STACK" --rounds $(ROUNDS) $(if $(TELEMETRY),--telemetry) $(if $(CACHE),--cache)
endif

drill: python ## prove the stack under faults and changes; NAME=… one drill, RATE=… requests a second, SECONDS=… of an outage, MARKDOWN=file
	@$(GOSTACK) prepare --stack dev
	@$(PYTHON) -m tests.chaos $(if $(NAME),--name $(NAME)) $(if $(RATE),--rate $(RATE)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

requirements: python ## lock requirements.in into requirements.txt
	.venv/bin/uv pip compile requirements.in --output-file requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --custom-compile-command "make requirements"
	.venv/bin/uv pip compile tests/explorer/requirements.in --output-file tests/explorer/requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --constraint requirements.txt \
		--custom-compile-command "make requirements"
	.venv/bin/uv pip compile tests/aws/requirements.in --output-file tests/aws/requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --constraint requirements.txt \
		--custom-compile-command "make requirements"

clean: python ## remove what can be made again; IMAGES=1 also images that were built here, CACHE=1 built tools (the state stays)
	$(if $(IMAGES),$(GOSTACK) offline remove-images)
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	$(if $(CACHE),rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/gostack")

python:
	@python3 -m tools.gostack.environment.python_environment

# What tests/aws judges prod by: AWS's models, moto, CloudFormation's linter. Nothing else needs it.
judges:
	@python3 -m tools.gostack.environment.python_environment tests/aws/requirements.txt
