# Every target does its own set-up: Python 3.11+ and make are all that a machine needs.
TRACK ?= nano
BIN := .venv/bin

export DAGSTER_HOME ?= $(CURDIR)/dagster_home
export FC_HOME ?= $(CURDIR)/data

.PHONY: help setup nano run test chaos check format plan status ui bench bench-train bench-quality bench-data bench-ocr bench-seeds clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## make .venv with every dependency at its locked version
	@scripts/setup

nano: TRACK := nano
nano: run ## from raw documents to a model that llama.cpp runs

run: setup ## the same for another track: make run TRACK=small
	@$(BIN)/fustercluck run $(TRACK)

test: setup ## the test suite; warnings are errors
	@$(BIN)/pytest

chaos: setup ## the whole graph while everything fails: make chaos SEEDS=20
	@$(BIN)/python -m tests.reliability.chaos --every-step --seeds $(or $(SEEDS),20)

check: setup ## lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/fustercluck check

format: setup ## put the code into its format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

plan: setup ## what would run and why: make plan TRACK=nano
	@$(BIN)/fustercluck plan $(TRACK) --explain

status: setup ## what is built, what is running
	@$(BIN)/fustercluck status $(TRACK)

ui: setup ## Dagster and MLflow on loopback
	@$(BIN)/fustercluck ui

bench: setup ## all races beside their peers, in one table
	@$(BIN)/python -m bench

bench-train: setup ## tokens per second of a training step, beside litgpt and transformers
	@$(BIN)/python -m bench.train_step

bench-quality: setup ## held-out bits per byte for a fixed number of CPU seconds
	@$(BIN)/python -m bench.quality

bench-data: setup ## extraction, filters, duplicates, tokens and all of it, beside the peers
	@$(BIN)/python -m bench.data

bench-ocr: setup ## synthetic images per second, beside trdg and synthtiger
	@$(BIN)/python -m bench.ocr

bench-seeds: setup ## the spread of nano's held-out bits per byte over three seeds (trains it three times)
	@$(BIN)/python -m bench.seeds nano

clean: ## remove what was installed (data stays)
	rm -rf .venv
