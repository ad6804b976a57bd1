# Two commands do everything: `make demo` and `make test`. Both set up what they need first; that is quick once it is done.

VENV := .venv
PYTHON ?=          # a particular Python to set up with, e.g. make demo PYTHON=python3.10
TESTS ?=           # some of the tests only, e.g. make test TESTS=ros2_ws/src/decision_diffuser_ros/tests/planner

SETUP := python3 scripts/setup --python "$(strip $(PYTHON))"
HAS_PYTHON := command -v python3 > /dev/null || \
	{ echo "set-up: no python3 found; install it: 'sudo apt install python3 python3-venv python3-dev'" >&2; exit 1; }
IN_WORKSPACE := $(VENV)/bin/in-workspace

.PHONY: help setup setup-train setup-test demo demo-stacking test lint format clean distclean

help:
	@echo "make demo         set up and watch the simulated robot walk, about a minute once set up"
	@echo "make demo-stacking  the same for the simulated arm that builds a tower of blocks"
	@echo "make test         set up and run the tests and the linters"
	@echo "make setup        set up only: then .venv/bin/decision-diffuser --help"
	@echo "make setup-train  and what training needs (torch)"
	@echo "make lint         linters and type checker alone"
	@echo "make format       let ruff format the code and sort its imports"
	@echo "make clean        remove what was built; make distclean: the virtual environment too"

setup:
	@$(HAS_PYTHON)
	@$(SETUP)

setup-train:
	@$(HAS_PYTHON)
	@$(SETUP) --with train

setup-test:
	@$(HAS_PYTHON)
	@$(SETUP) --with train test

demo: setup
	@$(VENV)/bin/decision-diffuser demo quadruped_gaits

demo-stacking: setup
	@$(VENV)/bin/decision-diffuser demo block_stacking

test: setup-test
	@$(IN_WORKSPACE) python -m pytest $(strip $(TESTS))

lint: setup-test
	@$(IN_WORKSPACE) ruff check .
	@$(IN_WORKSPACE) mypy

format: setup-test
	@$(IN_WORKSPACE) ruff check --fix .
	@$(IN_WORKSPACE) ruff format .

clean:
	rm -rf ros2_ws/build ros2_ws/install ros2_ws/log .pytest_cache .mypy_cache .ruff_cache .hypothesis

distclean: clean
	rm -rf $(VENV)
