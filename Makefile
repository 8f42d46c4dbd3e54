# `make help` lists the targets. All they make lies in .venv, .venv-other, .cache and containers named barellama-*.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
PYTHON3 ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/.cache/collections
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
# Turns off the very checks that ansible-lint is run for.
unexport ANSIBLE_LINT_NODEPS

.DEFAULT_GOAL := help
.PHONY: help setup docs demo demo-down check test lint unit policy contract sanity integration molecule fleet test-slow figures gpu-proof clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-12s %s\n' "$$name" "$$text"; done

setup: ## make the development environment (quiet when it is there)
	@$(PYTHON3) tools/setup

demo: setup ## turn two bare nodes into serving Ollama hosts and let them answer
	@tools/demo

demo-down: ## remove the demo's nodes, network and keys
	@$(PYTHON3) tools/nodes down demo

check: setup ## the fast tier: lint, unit, policy, contract, sanity, integration
	@$(MAKE) -j2 -Otarget lint unit policy contract
	@$(MAKE) sanity
	@$(MAKE) integration

test: check ## everything: check, then molecule and fleet on systemd nodes
	@$(MAKE) molecule
	@$(MAKE) fleet

lint: setup ## ansible-lint, yamllint, ruff, and whether generated pages are fresh
	@ansible-lint -q --nocolor
	@yamllint -s .
	@ruff check -q .
	@python tools/variable_tables.py --check
	@echo "lint: passed"

unit: setup ## unit tests on both ansible-cores, and the oldest Python's syntax
	@tools/unit

docs: setup ## write the tables of variables anew
	@python tools/variable_tables.py

policy: setup ## rules that lint cannot express
	@python -m pytest tests/policy

contract: setup ## replay recordings of a real Ollama against the stand-in
	@python -m tests.contract.replay

sanity: setup ## ansible-test sanity
	@tools/sanity

integration: setup ## every module end to end, on this machine
	@tools/integration

molecule: setup ## the roles on systemd nodes: check, converge, check, idempotence, verify
	@tools/molecule

fleet: setup ## the second day on systemd nodes: upgrades, damage, killed runs
	@tools/fleet

test-slow: setup ## drivers on every system, NVIDIA's true modules built by DKMS, restarts in a virtual machine: an hour, or with no KVM two
	@python -m pytest -rs --durations=0 tests/slow

figures: setup ## measure what docs/figures.md tells
	@python -m tests.bench.figures

gpu-proof: setup ## on a machine with an NVIDIA GPU: gpu_facts and health level 5 for real, recorded as a fixture
	@python tools/gpu_proof.py

clean: ## remove all beds and caches; the environments stay
	@for bed in $$($(PYTHON3) tools/nodes list | cut -d' ' -f1); do $(PYTHON3) tools/nodes down $$bed; done
	@rm -rf .cache
