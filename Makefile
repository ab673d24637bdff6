# From a fresh machine to a running stack. Every target makes what it needs first; nothing asks a question.

STACK ?= dev
ROUNDS ?= 2
export STACK STACKS BASE OUTPUT REPORT PULL_REQUEST TESTS POLICY COMMIT APPROVALS SERVICE IMAGE RELEASE REGION FILE FORMAT \
	PROJECT DEPLOYED_STACKS

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# pyright's wrapper takes the node of this machine where there is one.
export PYRIGHT_PYTHON_GLOBAL_NODE := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
GO_MODULES := services/users services/greeter tools/offline/images/pause tests/chaos/unsteady_service tests/chaos/packet_delay \
	tests/integration_cluster/probe tests/probe
STATICCHECK = $(PYTHON) -m tools.gostack.environment staticcheck
OPTIONS = --stack "$$STACK" $(if $(PURGE),--purge)

.PHONY: help up preview down promote rollback backup restore failover-mysql refresh evict env doctor python cluster cluster-down \
	test-rehearsal test-drift test-cluster test-kubernetes scan-kubernetes lint-cluster rds-certificates \
	test test-unit test-go test-integration test-long lint lint-python lint-go bench drill reference requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$", $$2); printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  STACK=staging make up   another environment (default: $(STACK))"

up: doctor ## everything, from a fresh machine to a running stack
	@$(PYTHON) -m tools.gostack.environment all --stack "$$STACK"
	@$(PYTHON) -m tools.gostack.lifecycle up --stack "$$STACK"

preview: python ## what `up` would change
	@$(PYTHON) -m tools.gostack.lifecycle preview --stack "$$STACK"

down: python ## remove the stack; PURGE=1 removes its data too
	@$(PYTHON) -m tools.gostack.lifecycle down $(OPTIONS)

promote: python ## walk the canary of SERVICE to all clients, or back
	@$(PYTHON) -m tools.gostack.release promote --service "$$SERVICE" --stack "$$STACK"

rollback: python ## take all clients away from the canary of SERVICE, at once
	@$(PYTHON) -m tools.gostack.release rollback --service "$$SERVICE" --stack "$$STACK"

refresh: python ## take over what has changed outside of Pulumi
	@$(PYTHON) -m tools.gostack.lifecycle refresh --stack "$$STACK"

evict: python ## remove containers that carry the stack's name though another checkout made them (data stays)
	@$(PYTHON) -m tools.gostack.lifecycle evict --stack "$$STACK"

failover-mysql: python ## REGION=west makes the MySQL group's member there the primary
	@$(PYTHON) -m tools.gostack.lifecycle failover-mysql --stack "$$STACK" --region "$$REGION"

env: python ## print the shell's variables: eval "$$(make -s env)"
	@$(PYTHON) -m tools.gostack.environment env

doctor: python ## what would make `up` fail, and the command that mends it
	@$(PYTHON) -m tools.gostack.environment doctor --stack "$$STACK"

test: lint-python test-go test-unit test-core ## what every change must pass: no account, no cluster

test-unit: python ## the tests without an engine
	$(PYTHON) -m pytest -n auto --dist loadfile tests/unit tests/components tests/graph tests/contract tests/policy tests/delivery tests/mistakes/test_settings.py

test-go: lint-go ## the tests of every Go program
	for module in $(GO_MODULES); do (cd $$module && go test ./...) || exit 1; done

test-cluster: python ## the local Kubernetes cluster (root; stops and starts it)
	$(PYTHON) -m pytest tests/integration_cluster

# Part of `make test`: what a change of the ingress, of a component or of a setting breaks first. All of them run at night.
CORE = $(addprefix tests/integration/,test_01_first_up.py test_03_faults.py test_04_changes.py test_rendered_nginx.py \
	test_rendered_sql.py test_names_elsewhere.py)
CORE_CASES = $(addprefix tests/integration/cases/,test_bodies.py test_requests.py)

test-core: python ## the integration tests that every change must pass
	@$(PYTHON) -m tools.gostack.environment all --stack dev
	$(PYTHON) -m pytest $(CORE)
	$(PYTHON) -m pytest $(CORE_CASES)

test-integration: python ## the real Pulumi engine on the real Docker engine: every test, more than an hour
	@$(PYTHON) -m tools.gostack.environment all --stack dev
	$(PYTHON) -m pytest tests/integration --ignore tests/integration/test_13_drift.py --ignore tests/integration/cases
	$(PYTHON) -m pytest tests/integration/cases

test-long: python ## the faults and the silences that last five minutes and more, on the stack of the cases
	@$(PYTHON) -m tools.gostack.environment all --stack dev
	$(PYTHON) -m pytest tests/integration/cases -m long

test-drift: python ## changes by hand on a running stack are named and repaired
	@$(PYTHON) -m tools.gostack.environment all --stack dev
	$(PYTHON) -m pytest tests/integration/test_13_drift.py

test-kubernetes: cluster ## the stack on a real Kubernetes cluster, which `make cluster` starts
	@$(PYTHON) -m tools.gostack.environment all --stack staging
	$(PYTHON) -m pytest tests/integration_kubernetes

scan-kubernetes: python ## kube-score over every Kubernetes object of staging
	$(PYTHON) -m pytest tests/integration_kubernetes/test_00_scan.py

test-rehearsal: python ## prod, the workflows' commands and the plugins' stand-ins under the real Pulumi engine
	@$(PYTHON) -m tools.gostack.environment all --stack dev
	$(PYTHON) -m pytest tests/rehearsal

lint: lint-python lint-go lint-workflows ## static analysis alone

lint-python: python
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pyright

lint-go: python
	staticcheck=$$($(STATICCHECK)) && for module in $(GO_MODULES); do \
		(cd $$module && go vet ./... && "$$staticcheck" ./...) || exit 1; done

lint-workflows: python ## actionlint and zizmor over .github
	"$$($(PYTHON) -m tools.gostack.environment actionlint)"
	.venv/bin/zizmor --offline .github

cluster: python ## a real local Kubernetes cluster with an image registry, for STACK=staging and its tests (root)
	@$(PYTHON) -m tools.offline.cluster up

cluster-down: python ## stop the local cluster and remove it from this machine; PURGE=1 removes its data too
	@$(PYTHON) -m tools.offline.cluster down $(if $(PURGE),--purge)

lint-cluster: python ## static analysis of the cluster's Go programs, with what `make cluster` has compiled
	staticcheck=$$($(STATICCHECK)) && cd tools/offline/toolchain/kubernetes && export CGO_ENABLED=0 GOWORK=off GOFLAGS=-trimpath && \
		go vet . && "$$staticcheck" .

backup: python ## the rows of the services into a file: FILE=… (default: .gostack/backups/<stack>-<time>.sql.gz)
	@$(PYTHON) -m tools.gostack.lifecycle backup --stack "$$STACK" $(if $(value FILE),--file "$$FILE")

restore: python ## the rows back from FILE=…; FORCE=1 replaces what is there
	@$(PYTHON) -m tools.gostack.lifecycle restore --stack "$$STACK" $(if $(value FILE),--file "$$FILE") $(if $(FORCE),--force)

ifeq ($(STACK),prod)
bench: python
	@$(PYTHON) -m tests.graph.benchmark
else
bench: python ## time up, preview and docker compose side by side; STACK=staging on its cluster, STACK=prod its growth
	@$(PYTHON) -m tools.gostack.environment all --stack "$$STACK"
	@$(PYTHON) -m tests.benchmarks --stack "$$STACK" --rounds $(ROUNDS)
endif

drill: python ## prove the stack under faults and changes; NAME=… one drill, RATE=… requests a second, SECONDS=… of an outage, MARKDOWN=file
	@$(PYTHON) -m tools.gostack.environment all --stack dev
	@$(PYTHON) -m tests.chaos $(if $(NAME),--name $(NAME)) $(if $(RATE),--rate $(RATE)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

.PHONY: policy mistakes test-mistakes
policy: python ## judge what `up` would make by the rules of policy/; FILE=… a preview or a state, PROJECT=… another checkout
	@eval "$$($(PYTHON) -m tools.gostack.environment env)" && $(PYTHON) -m policy check --stack "$$STACK" \
		--project "$${PROJECT:-$$PWD}" $(if $(value FILE),"$$FILE")

.PHONY: explore browser test-explorer
explore: python ## one HTML page of the stacks: regions, components, dependencies, settings, differences; STACKS="dev prod", OUT=file
	@$(PYTHON) -m tools.gostack.explorer $(foreach name,$(STACKS),--stack $(name)) $(if $(OUT),--out "$(OUT)")

browser: python ## make a browser ready for `test-explorer` (Debian and Ubuntu: Chromium, as root)
	@$(PYTHON) -m tests.explorer.browser

test-explorer: python ## the explorer's page, in a real browser where there is one (`make browser`)
	$(PYTHON) -m pytest tests/explorer

test-mistakes: python ## the seeded mistakes that rules find, for which stacks are recorded
	$(PYTHON) -m pytest tests/mistakes

mistakes: python ## try the seeded mistakes on types, settings, tests and rules, and write docs/mistakes.md
	@$(PYTHON) -m tests.mistakes --write

.PHONY: record report comment gate drift acceptance images \
	set-image accepted copy-image registry-login kubeconfig restore-release commit-release not-deployed lint-workflows
# The version of the repository with which a change is compared.
ifndef BASE
BASE := $(shell git rev-parse --quiet --verify origin/main 2> /dev/null)
endif
FORMAT ?= text

record: python ## preview STACK and keep what the engine says for `report` and `gate`, without secrets; DESTROY=1 its removal
	@$(PYTHON) -m tools.gostack.release preview --stack "$$STACK" $(if $(value BASE),--base "$$BASE") $(if $(DESTROY),--destroy)

report: python ## what the recorded previews mean: FORMAT=text|markdown|html|json, OUTPUT=file, STACKS="staging prod"
	@$(PYTHON) -m tools.gostack.release report $$STACKS --format "$$FORMAT" $(if $(value OUTPUT),--output "$$OUTPUT")

comment: python ## put the report in REPORT=file into the comment of PULL_REQUEST=number
	@$(PYTHON) -m tools.gostack.release comment "$$REPORT" $(if $(value PULL_REQUEST),--pull-request "$$PULL_REQUEST")

gate: python ## may the recorded change go on? STACKS=…, TESTS=passed, POLICY=passed, PULL_REQUEST, COMMIT or APPROVALS
	@$(PYTHON) -m tools.gostack.release gate $$STACKS $(if $(value DEPLOYED_STACKS),--deployed "$$DEPLOYED_STACKS") $(if $(value TESTS),--tests "$$TESTS") $(if $(value POLICY),--policy "$$POLICY") \
		$(if $(value PULL_REQUEST),--pull-request "$$PULL_REQUEST") $(if $(value COMMIT),--commit "$$COMMIT") \
		$(if $(value APPROVALS),--approvals "$$APPROVALS")

drift: python ## name what was changed outside of Pulumi, and fail when there is anything
	@$(PYTHON) -m tools.gostack.release drift --stack "$$STACK"

acceptance: python ## check the deployed STACK from outside
	@$(PYTHON) -m tools.gostack.release acceptance --stack "$$STACK"

images: python ## which image each service of STACK runs; OUTPUT=file
	@$(PYTHON) -m tools.gostack.release images --stack "$$STACK" $(if $(value OUTPUT),--output "$$OUTPUT")

set-image: python ## write IMAGE=… as what SERVICE of STACK runs into the stack file; `make up` rolls it out
	@$(PYTHON) -m tools.gostack.release set-image --stack "$$STACK" --service "$$SERVICE" --image "$$IMAGE"

accepted: python ## which run on main has tested COMMIT and accepted it in staging; fails when none has
	@$(PYTHON) -m tools.gostack.release accepted --commit "$$COMMIT"

copy-image: python ## copy the image of SERVICE that staging accepted (RELEASE=file, COMMIT) to the registry of STACK
	@$(PYTHON) -m tools.gostack.release copy-image --stack "$$STACK" --service "$$SERVICE" --release "$$RELEASE" --commit "$$COMMIT"

registry-login: python ## log in to REGISTRY as REGISTRY_USER with REGISTRY_PASSWORD
	@$(PYTHON) -m tools.gostack.release registry-login --stack "$$STACK"

kubeconfig: python ## write the kubeconfig of the cluster of STACK from KUBECONFIG_CONTENT
	@$(PYTHON) -m tools.gostack.release kubeconfig --stack "$$STACK"

restore-release: python ## after a release that failed: the stack file of the last commit, and `up`
	@git checkout --quiet HEAD -- "Pulumi.$$STACK.yaml"
	@$(PYTHON) -m tools.gostack.lifecycle up --stack "$$STACK"

commit-release: ## commit the stack file that a release has changed, on the newest main, and push it
	@sh tools/gostack/release/commit_release.sh

not-deployed: ## say in a run on GitHub that a stack was left out
	@echo "::warning::DEPLOYED_STACKS does not name staging: nothing was deployed there, and nothing can be released"

requirements: python ## lock requirements.in into requirements.txt
	.venv/bin/uv pip compile requirements.in --output-file requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --custom-compile-command "make requirements"
	.venv/bin/uv pip compile tests/explorer/requirements.in --output-file tests/explorer/requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --constraint requirements.txt \
		--custom-compile-command "make requirements"

rds-certificates: python ## fetch the certificates of Amazon's database authorities for the regions of STACK
	@$(PYTHON) -m tools.gostack.rds_certificates --stack "$$STACK"

reference: python ## write docs/configuration.md from the settings
	@$(PYTHON) -m tools.gostack.reference

clean: python ## remove what can be made again; IMAGES=1 also stand-in images, CACHE=1 built tools (the state stays)
	$(if $(IMAGES),$(PYTHON) -c 'from tools.gostack.images.resolve import remove_stand_ins; remove_stand_ins(progress=print)')
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	$(if $(CACHE),rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/gostack")

python:
	@python3 -m tools.gostack.environment.python_environment
