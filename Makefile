#: make demo   set up, run the demo from raw data to report, write reports/demo.html (about half an hour on two cores)
#: make test   set up, run all tests but the tier `full` (13 to 20 minutes on two cores); options for pytest in ARGS="..."
#: make fast   set up, run the tests to develop by, which start no program and train no model (3 minutes)
#: make full   set up vLLM too, run the tier `full`: SLURM, vLLM, exhaustive sets, package indexes
#: make unlock after a crash: let go of the lock that a killed Snakemake left on this folder
#:
#: Each can be broken off and started again: what is built or installed is kept, and a second `make demo` takes seconds.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# A worker a core, up to four; each keeps to its modules, whose fixtures are then made once.
PYTEST := .venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder
.PHONY: help demo test fast full unlock

help:
	@sed -n 's/^#: \?//p' Makefile

demo:
	bash setup.sh
	.venv/bin/snakemake --profile local demo
	@if [ -n "$$(find Snakefile rules reports/captions reports/demo results/demo -newer reports/demo.html -print -quit 2>&1)" ]; then \
		set -x; .venv/bin/snakemake demo --report reports/demo.html; \
	fi
	@echo "make demo: open reports/demo.html in a browser"

test:
	bash setup.sh test
	$(PYTEST) $(ARGS)

fast:
	bash setup.sh test
	$(PYTEST) -m fast $(ARGS)

# A worker more than cores, and what waits for SLURM most of the time first.
full:
	bash setup.sh full
	PYTEST_XDIST_AUTO_NUM_WORKERS=$$(( $$(nproc) + 1 )) $(PYTEST) -m full --ignore=tests/interpreter tests/workflow/test_slurm.py tests/workflow tests $(ARGS)
	.venv/bin/python -m pytest -m full tests/interpreter $(ARGS)  # alone: fork bombs disturb neighbours

unlock:
	.venv/bin/snakemake --unlock
