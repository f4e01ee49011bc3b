# 评标通. `make help` lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
# Tests wait for browsers and processes half of their time: more workers than processors.
WORKERS ?= 5

# Overrides an environment that forbids bytecode: hundreds of processes would compile the same modules again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run demo test faults quick check format intents bench requirements clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: $(RUN_STAMP) ## Start everything; prints the addresses (Ctrl-C stops)
	@exec $(BIN)/pbt run

demo: $(RUN_STAMP) ## Run a complete draw over HTTP and verify its record
	@exec $(BIN)/pbt demo

test: $(DEV_STAMP) ## Run all deterministic tests, or one area: make test T=tests/services/payments
ifdef T
	@exec $(BIN)/pytest -q --workers 2 $(T)
else
	@exec $(BIN)/pytest -q --workers $(WORKERS)
endif

faults: $(DEV_STAMP) ## Kill, cut and overload real processes (20 minutes); T= one test, SEED= replays it
	@exec $(BIN)/pytest -q --faults $(if $(SEED),--seed $(SEED)) $(T)

quick: $(DEV_STAMP) ## Run the tests that the changes since main touch
	@touched=$$($(BIN)/python -m tests.touched); \
	test -n "$$touched" || { echo "No test is touched."; exit; }; \
	exec $(BIN)/pytest -q --workers 2 -m "not slow" $$touched

check: $(DEV_STAMP) ## Format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_STAMP) ## Format the code and fix lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

intents: $(DEV_STAMP) ## Train the model of what people mean in the chat, after a change of config/intents/sentences
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-training.txt
	@exec $(BIN)/python -m app.train_intents

bench: $(DEV_STAMP) ## Measure load and timing through public interfaces
	@exec $(BIN)/python -m benchmarks

requirements: $(DEV_STAMP) ## Pin all packages again, with hashes
	sh .ci/pin $(BIN)

clean: ## Remove the environment and the caches; data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新版本，可用 make PYTHON=python3.11 指定。"; exit 1; }
	@echo "正在准备独立的运行环境（仅第一次，约一两分钟）……"
	@$(PYTHON) -m venv $(VENV) || { echo "无法创建虚拟环境，请先安装 python3-venv。"; rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements.txt requirements-local.txt requirements-fonts.txt pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements.txt -r requirements-local.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements-fonts.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(DEV_STAMP): requirements-dev.txt requirements-s3.txt $(RUN_STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements-s3.txt
	@touch $@
