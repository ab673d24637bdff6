# From a fresh machine to a running stack. Every target makes what it needs first; nothing asks a question.

STACK ?= dev
ROUNDS ?= 2
export STACK BASE OUTPUT REPORT PULL_REQUEST TESTS POLICY COMMIT APPROVALS SERVICE IMAGE

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# pyright's wrapper takes the node of this machine where there is one.
export PYRIGHT_PYTHON_GLOBAL_NODE := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
GO_MODULES := service examples/greeter images/pause drills/unsteady_service drills/packet_delay \
	tests/integration_cluster/probe tests/probe
STATICCHECK = $(PYTHON) -m bootstrap staticcheck
OPTIONS = --stack $(STACK) $(if $(PURGE),--purge)

.PHONY: help up preview down promote rollback backup restore failover-mysql refresh evict env doctor python cluster cluster-down \
	test-rehearsal test-drift test-cluster test-kubernetes scan-kubernetes lint-cluster rds-certificates \
	test test-unit test-go test-integration test-long lint lint-python lint-go bench drill reference requirements clean

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

test: lint-python test-go test-unit test-integration ## what every change must pass: no account, no cluster

test-unit: python ## the tests without an engine
	$(PYTHON) -m pytest tests/unit tests/graph tests/contract tests/policy tests/delivery

test-go: lint-go ## the tests of the Go service and of the probe
	cd service && go test ./...
	cd tests/probe && go test ./...

test-cluster: python ## the local Kubernetes cluster (root; stops and starts it)
	$(PYTHON) -m pytest tests/integration_cluster

test-integration: python ## the real Pulumi engine on the real Docker engine
	@$(PYTHON) -m bootstrap all --stack dev
	$(PYTHON) -m pytest tests/integration --ignore tests/integration/test_13_drift.py --ignore tests/integration/cases
	$(PYTHON) -m pytest tests/integration/cases

test-long: python ## the faults and the silences that last five minutes and more, on the stack of the cases
	@$(PYTHON) -m bootstrap all --stack dev
	$(PYTHON) -m pytest tests/integration/cases -m long

test-drift: python ## changes by hand on a running stack are named and repaired
	@$(PYTHON) -m bootstrap all --stack dev
	$(PYTHON) -m pytest tests/integration/test_13_drift.py

test-kubernetes: cluster ## the stack on a real Kubernetes cluster, which `make cluster` starts
	@$(PYTHON) -m bootstrap all --stack staging
	$(PYTHON) -m pytest tests/integration_kubernetes

scan-kubernetes: python ## kube-score over every Kubernetes object of staging
	$(PYTHON) -m pytest tests/integration_kubernetes/test_00_scan.py

test-rehearsal: python ## prod, the workflows' commands and the plugins' stand-ins under the real Pulumi engine
	@$(PYTHON) -m bootstrap all --stack dev
	$(PYTHON) -m pytest tests/rehearsal

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

ifeq ($(STACK),prod)
bench: python
	@$(PYTHON) -m tests.graph.benchmark
else
bench: python ## time up, preview and docker compose side by side; STACK=staging on its cluster, STACK=prod its growth
	@$(PYTHON) -m bootstrap all --stack $(STACK)
	@$(PYTHON) -m operations bench --stack $(STACK) --rounds $(ROUNDS)
endif

drill: python ## prove the stack under faults and changes; NAME=… one drill, RATE=… requests a second, MARKDOWN=file
	@$(PYTHON) -m bootstrap all --stack dev
	@$(PYTHON) -m drills $(if $(NAME),--name $(NAME)) $(if $(RATE),--rate $(RATE)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

.PHONY: policy mistakes test-mistakes
policy: python ## judge what `up` would make by the rules of policy/; FILE=… judges a preview or an exported state instead
	@eval "$$($(PYTHON) -m bootstrap env)" && $(PYTHON) -m policy check --stack $(STACK) $(FILE)

.PHONY: explore browser test-explorer
explore: python ## one HTML page of the stacks: regions, components, dependencies, settings, differences; STACKS="dev prod", OUT=file
	@$(PYTHON) -m explorer $(foreach name,$(STACKS),--stack $(name)) $(if $(OUT),--out "$(OUT)")

browser: python ## make a browser ready for `test-explorer` (Debian and Ubuntu: Chromium, as root)
	@$(PYTHON) -m bootstrap browser

test-explorer: python ## the explorer's page, in a real browser where there is one (`make browser`)
	$(PYTHON) -m pytest tests/explorer

test-mistakes: python ## the seeded mistakes in settings and graphs
	$(PYTHON) -m pytest tests/mistakes

mistakes: python ## try the seeded mistakes on types, settings, tests and rules, and write docs/mistakes.md
	@$(PYTHON) -m tests.mistakes --write

.PHONY: record report comment gate drift acceptance images canary commit-release
# The version of the repository with which a change is compared.
ifndef BASE
BASE := $(shell git rev-parse --quiet --verify origin/main 2> /dev/null)
endif
FORMAT ?= text

record: python ## preview STACK and keep what the engine says for `report` and `gate`, without secrets; DESTROY=1 its removal
	@$(PYTHON) -m delivery preview --stack $(STACK) $(if $(BASE),--base "$$BASE") $(if $(DESTROY),--destroy)

report: python ## what the recorded previews mean: FORMAT=text|markdown|html|json, OUTPUT=file, STACKS="staging prod"
	@$(PYTHON) -m delivery report $(STACKS) --format $(FORMAT) $(if $(OUTPUT),--output "$$OUTPUT")

comment: python ## put the report in REPORT=file into the comment of PULL_REQUEST=number
	@$(PYTHON) -m delivery comment "$$REPORT" $(if $(PULL_REQUEST),--pull-request "$$PULL_REQUEST")

gate: python ## may the recorded change go on? STACKS=…, TESTS=passed, POLICY=passed, PULL_REQUEST, COMMIT or APPROVALS
	@$(PYTHON) -m delivery gate $(STACKS) $(if $(TESTS),--tests "$$TESTS") $(if $(POLICY),--policy "$$POLICY") \
		$(if $(PULL_REQUEST),--pull-request "$$PULL_REQUEST") $(if $(COMMIT),--commit "$$COMMIT") \
		$(if $(APPROVALS),--approvals "$$APPROVALS")

drift: python ## name what was changed outside of Pulumi, and fail when there is anything
	@$(PYTHON) -m delivery drift --stack $(STACK)

acceptance: python ## check the deployed STACK from outside
	@$(PYTHON) -m delivery acceptance --stack $(STACK)

images: python ## which image each service of STACK runs; OUTPUT=file
	@$(PYTHON) -m delivery images --stack $(STACK) $(if $(OUTPUT),--output "$$OUTPUT")

canary: python ## write IMAGE=… as the canary of SERVICE into the stack file; `make up` starts it, `make promote` walks it
	@$(PYTHON) -m delivery canary --stack $(STACK) --service "$$SERVICE" --image "$$IMAGE"

commit-release: ## commit the stack file that a release has changed, and push it
	@git add "Pulumi.$(STACK).yaml"
	@git diff --cached --quiet || git -c user.name=release -c user.email=release@localhost \
		commit --quiet --message "release: $$SERVICE in $(STACK)"
	@git push --quiet origin "HEAD:$${GITHUB_REF_NAME:-main}"

requirements: python ## lock requirements.in into requirements.txt
	.venv/bin/uv pip compile requirements.in --output-file requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --custom-compile-command "make requirements"
	.venv/bin/uv pip compile tests/explorer/requirements.in --output-file tests/explorer/requirements.txt --quiet \
		--generate-hashes --universal --python-version 3.11 --constraint requirements.txt \
		--custom-compile-command "make requirements"

rds-certificates: python ## fetch the certificates of Amazon's database authorities for the regions of STACK
	@$(PYTHON) -m operations.rds_certificates --stack $(STACK)

reference: python ## write docs/configuration.md from the settings
	@$(PYTHON) -m operations.reference

clean: python ## remove what can be made again; IMAGES=1 also stand-in images, CACHE=1 built tools (the state stays)
	$(if $(IMAGES),$(PYTHON) -c 'from bootstrap.images import remove_stand_ins; remove_stand_ins(progress=print)')
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	$(if $(CACHE),rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/gostack")

python:
	@python3 -m bootstrap.python_environment
