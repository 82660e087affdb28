# Sets up one virtual environment per backend and runs the project in it.
#   make demo     set up, then open the app on http://127.0.0.1:7860
#   make test     set up, then run every test (SUITES=unit for the quick ones)
#   make lint     set up, then check style, format and types
#   make install  set up
#   make lock     pin the dependencies of pyproject.toml again
#   make clean    remove the environments
# BACKEND=cpu or BACKEND=cuda overrides the choice made from nvidia-smi; BACKEND=transformers is an
# environment without vLLM, in which the suites run that need none.

BACKEND ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo cuda || echo cpu)
PYTHON  ?= python3
VENV    := .venv-$(BACKEND)
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
UV      := $(BIN)/uv
# Each in a process of its own: one holds vLLM engines, one servers, one the app and a browser.
ifeq ($(BACKEND),transformers)
  SUITES ?= unit engine browser
endif
SUITES  ?= unit training engine server docs browser hostile

# torch's CPU build is not on the default index: take a wheel at hand, else ask PyTorch's own index.
WHEELS  := $(firstword $(foreach d,$(PIP_FIND_LINKS),$(if $(wildcard $(d)/torch-*+cpu-*),$(d))))
TORCH_cpu  := $(if $(WHEELS),--find-links $(WHEELS),--torch-backend cpu)
TORCH_cuda :=
TORCH_transformers := $(TORCH_cpu)

.DEFAULT_GOAL := help
.PHONY: help install demo test lint lock clean

help:
	@sed -n 's/^#   //p' Makefile

install: $(READY)

$(READY): requirements/$(BACKEND).txt requirements/demo.txt pyproject.toml plugin/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; PYTHON=/path/to/python3.11 chooses one")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV) pip install --python $(BIN)/python --no-deps --compile-bytecode $(TORCH_$(BACKEND)) -r requirements/$(BACKEND).txt -r requirements/demo.txt
	$(UV) pip install --python $(BIN)/python --no-deps -e plugin -e .
	@touch $@

demo: $(READY)
	$(BIN)/python app.py

test: $(READY)
	@set -e; for suite in $(SUITES); do echo "tests/$$suite"; $(BIN)/python -m pytest tests/$$suite; done

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

LOCK = $(UV) pip compile --quiet pyproject.toml --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	--no-annotate --no-header --no-emit-find-links --no-emit-index-url --no-emit-package vllm-prm --extra test
# Left out on CPU: parts of vLLM that a text pooling model does not use, whose wheels there are CUDA builds.
SKIP_cpu = $(addprefix --no-emit-package ,torchvision torchaudio torchcodec opencv-python-headless triton)

lock: $(READY)
	$(LOCK) --extra cpu $(if $(WHEELS),--find-links $(WHEELS),--torch-backend cpu) $(SKIP_cpu) -o requirements/cpu.txt
	$(LOCK) --extra cuda -o requirements/cuda.txt
	$(LOCK) --extra transformers $(if $(WHEELS),--find-links $(WHEELS),--torch-backend cpu) --constraint requirements/cpu.txt -o requirements/transformers.txt

clean:
	rm -rf .venv-cpu .venv-cuda .venv-transformers
