# Everything Frontdesk does from a fresh clone. `make` alone lists the doors.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c

unexport PYTHONDONTWRITEBYTECODE # compiling all sources anew makes a start take thrice its time

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOG ?= embedded
MINUTES ?= 10
TARGETS ?=
ARGUMENTS ?=

.PHONY: help
help: ## list the doors
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	@scripts/setup.sh "$(PYTHON)" "$(VENV)"

KERNELS := services/*/kernels
$(VENV)/.kernels: $(VENV)/.ready setup.py scripts/build_kernels.py services/contract/kernels/sources.py $(wildcard $(KERNELS)/*.pyx $(KERNELS)/*.pxd)
	@$(BIN)/python -m scripts.build_kernels && touch $@ || [ $$? = 3 ] # 3: nothing to build with

.PHONY: setup
setup: $(VENV)/.kernels ## create .venv from the hashed lock file, compile the router's scoring

.PHONY: demo
demo: setup ## play a morning of contacts and watch who gets them (LOG=kafka: three processes, a real broker)
	@$(BIN)/python -m services demo --log $(LOG)

.PHONY: test
test: setup ## run every test (unit to real Kafka)
	@scripts/test.sh

.PHONY: lint
lint: setup ## ruff, mypy --strict, buf lint
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/buf lint protos
	$(BIN)/buf format -d --exit-code protos

.PHONY: format
format: setup ## let ruff and buf format the tree
	@$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/buf format -w protos

.PHONY: proto
proto: setup ## regenerate frontdesk/v1 from protos/
	@$(BIN)/python scripts/generate_protos.py

.PHONY: channels
channels: setup ## write the README's channel matrix from the provider modules
	@$(BIN)/python scripts/channel_matrix.py --write

.PHONY: desk
desk: setup ## write the tables of docs/desk.md and examples/policy.toml from the desk's settings
	@$(BIN)/python scripts/desk_settings.py --write

.PHONY: monitoring
monitoring: setup ## show all that metrics claims, step by step; print speed, and every KPI three ways (ten minutes)
	@$(BIN)/python -m tests.monitoring $(ARGUMENTS)

.PHONY: dashboards
dashboards: setup ## write what the measures' code tells: dashboards and recording rules of deploy/monitoring, a table of docs/metrics.md
	@$(BIN)/python -m deploy.monitoring.builder --write
	$(BIN)/python -m scripts.process_metrics --write

.PHONY: verify
verify: setup ## fail when generated code or the lock file is stale
	@$(BIN)/python scripts/generate_protos.py --check
	$(BIN)/python scripts/check_locks.py
	$(BIN)/python scripts/record_morning.py --check
	$(BIN)/python scripts/channel_matrix.py
	$(BIN)/python scripts/desk_settings.py
	$(BIN)/python -m deploy.monitoring.builder
	$(BIN)/python -m scripts.process_metrics
	$(BIN)/python scripts/train_default_topics.py --check
	$(BIN)/python -m scripts.prometheus_rules
	$(BIN)/python -m scripts.proven

.PHONY: topics
topics: setup ## train the topic model that is shipped, after a change of its corpus or of the lexicon
	@$(BIN)/python scripts/train_default_topics.py

.PHONY: outside
outside: setup ## compare intake with the outside cases beside the project, and print every figure
	@FRONTDESK_OUTSIDE_ALL=1 $(BIN)/python -m pytest tests/outside -q || [ $$? = 5 ] # 5: no cases there, as it says

.PHONY: bench
bench: setup ## measure the hot paths as ratios to their references, on real Kafka
	@$(BIN)/python -m benchmarks

.PHONY: routing-report
routing-report: setup ## play the routing policy against its goals, print them, write a page (goes on where it stopped)
	@$(BIN)/python -m simulator.report

.PHONY: chaos
chaos: setup ## let everything fail around three routers on a real Kafka, then check the whole log (MINUTES=20)
	@$(BIN)/python -m tests.chaos --minutes $(if $(filter command line environment,$(origin MINUTES)),$(MINUTES),20)

.PHONY: soak
soak: setup ## an hour of steady webhooks on one intake process; fails when its memory grows
	@$(BIN)/python -m benchmarks.soak

.PHONY: fuzz
fuzz: setup ## fuzz every parser of intake, guided by coverage (MINUTES=10 each, about five hours for all)
	@$(BIN)/python -m fuzz --minutes $(MINUTES) $(TARGETS)

.PHONY: image
image: setup ## build the image without Docker or a registry, run it read-only, stop it (root, Debian)
	@$(BIN)/python -m scripts.build_image --run

.PHONY: k8s
k8s: setup ## render deploy/k8s in every combination and check it strictly
	@$(BIN)/python -m scripts.manifests

.PHONY: k8s-apiserver
k8s-apiserver: setup ## apply every combination to a real API server, twice (builds it: ten minutes, once)
	@$(BIN)/python -m scripts.apply_manifests $(ARGUMENTS)

.PHONY: kafka-up
kafka-up: setup ## start a real Apache Kafka on loopback (Docker, else Java and Maven)
	@$(BIN)/python -m services.runtime.broker up

.PHONY: kafka-down
kafka-down: setup ## stop that broker
	@$(BIN)/python -m services.runtime.broker down

.PHONY: lock
lock: setup ## recompute the hashed lock files from requirements/*.in
	@$(BIN)/python scripts/check_locks.py --write
