# From a fresh machine to a running stack. Every target makes what it needs first; nothing asks a question.

STACK ?= dev
ROUNDS ?= 2
export STACK

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# pyright's wrapper takes the node of this machine where there is one.
export PYRIGHT_PYTHON_GLOBAL_NODE := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
GO_MODULES := service examples/greeter images/pause tests/doubles/unsteady_service drills/packet_delay \
	tests/integration_cluster/probe
STATICCHECK = $(PYTHON) -m bootstrap staticcheck
OPTIONS = --stack $(STACK) $(if $(PURGE),--purge)

.PHONY: help up preview down promote rollback backup restore failover-mysql refresh evict env doctor python cluster cluster-down \
	test-kubernetes scan-kubernetes \
	test-cluster lint-cluster \
	test test-unit test-go test-integration lint lint-python lint-go bench drill reference requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$", $$2); printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  STACK=staging make up   another environment (default: $(STACK))"

up: doctor ## everything, from a fresh machine to a running stack
	@$(PYTHON) -m bootstrap all --stack $(STACK)
	@$(PYTHON) -m operations up --stack $(STACK)

preview: python ## what `up` would change
	@$(PYTHON) -m operations preview --stack $(STACK)

down: python ## remove the stack; PURGE=1 removes its data too
	@$(PYTHON) -m operations down $(OPTIONS)

promote: python ## walk the canary of SERVICE to all clients, or back
	@$(PYTHON) -m delivery promote --service "$(SERVICE)" --stack $(STACK)

rollback: python ## take all clients away from the canary of SERVICE, at once
	@$(PYTHON) -m delivery rollback --service "$(SERVICE)" --stack $(STACK)

refresh: python ## take over what has changed outside of Pulumi
	@$(PYTHON) -m operations refresh --stack $(STACK)

evict: python ## remove containers that carry the stack's name though another checkout made them (data stays)
	@$(PYTHON) -m operations evict --stack $(STACK)

failover-mysql: python ## REGION=west makes the MySQL group's member there the primary
	@$(PYTHON) -m operations failover-mysql --stack $(STACK) --region "$(REGION)"

env: python ## print the shell's variables: eval "$$(make -s env)"
	@$(PYTHON) -m bootstrap env

doctor: python ## what would make `up` fail, and the command that mends it
	@$(PYTHON) -m bootstrap doctor --stack $(STACK)

test: lint-python test-go test-unit test-integration ## every test that needs no account anywhere

test-unit: python ## the tests without an engine, in less than a minute
	$(PYTHON) -m pytest tests/unit tests/graph tests/contract

test-go: lint-go ## the Go service's own tests
	cd service && go test ./...

test-cluster: python ## the local Kubernetes cluster (root; stops and starts it)
	$(PYTHON) -m pytest tests/integration_cluster

test-integration: python ## the real Pulumi engine on the real Docker engine
	@$(PYTHON) -m bootstrap all --stack dev
	$(PYTHON) -m pytest tests/integration

test-kubernetes: python ## the stack on a real Kubernetes cluster, which `make cluster` starts
	@$(PYTHON) -m bootstrap all --stack staging
	$(PYTHON) -m pytest tests/integration_kubernetes

scan-kubernetes: python ## kube-score over every Kubernetes object of staging
	$(PYTHON) -m pytest tests/integration_kubernetes/test_00_scan.py

lint: lint-python lint-go ## static analysis alone

lint-python: python
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pyright

lint-go: python
	staticcheck=$$($(STATICCHECK)) && for module in $(GO_MODULES); do \
		(cd $$module && go vet ./... && "$$staticcheck" ./...) || exit 1; done

cluster: python ## a real local Kubernetes cluster with an image registry, for STACK=staging and its tests (root)
	@$(PYTHON) -m cluster up

cluster-down: python ## stop the local cluster and remove it from this machine; PURGE=1 removes its data too
	@$(PYTHON) -m cluster down $(if $(PURGE),--purge)

lint-cluster: python ## static analysis of the cluster's Go programs, with what `make cluster` has compiled
	staticcheck=$$($(STATICCHECK)) && cd toolchain/kubernetes && export CGO_ENABLED=0 GOWORK=off GOFLAGS=-trimpath && \
		go vet . && "$$staticcheck" .

backup: python ## the rows of the services into a file: FILE=… (default: .gostack/backups/<stack>-<time>.sql.gz)
	@$(PYTHON) -m operations backup --stack $(STACK) $(if $(FILE),--file "$(FILE)")

restore: python ## the rows back from FILE=…; FORCE=1 replaces what is there
	@$(PYTHON) -m operations restore --stack $(STACK) $(if $(FILE),--file "$(FILE)") $(if $(FORCE),--force)

bench: python ## time up, preview and docker compose side by side
	@$(PYTHON) -m bootstrap all --stack $(STACK)
	@$(PYTHON) -m operations bench --stack $(STACK) --rounds $(ROUNDS)

drill: python ## prove the stack under faults and changes; NAME=… one drill, RATE=… requests a second, MARKDOWN=file
	@$(PYTHON) -m bootstrap all --stack dev
	@$(PYTHON) -m drills $(if $(NAME),--name $(NAME)) $(if $(RATE),--rate $(RATE)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

requirements: python ## lock requirements.in into requirements.txt
	.venv/bin/uv pip compile requirements.in --output-file requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --custom-compile-command "make requirements"

reference: python ## write docs/configuration.md from the settings
	@$(PYTHON) -m operations.reference

clean: python ## remove what can be made again; IMAGES=1 also stand-in images, CACHE=1 built tools (the state stays)
	$(if $(IMAGES),$(PYTHON) -c 'from bootstrap.images import remove_stand_ins; remove_stand_ins(progress=print)')
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	$(if $(CACHE),rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/gostack")

python:
	@python3 -m bootstrap.python_environment
