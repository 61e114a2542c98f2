#!/usr/bin/env bash
# What envs/Dockerfile and envs/apptainer.def run inside an image, in the folder that holds setup.sh and envs/: the two environments.
#
#   .venv           what setup.sh makes, of envs/requirements.txt: Snakemake, training, grading, reports
#   .venv-sample    vLLM on CUDA, the pins of envs/sample.yaml; `engine.python` of a run names its bin/python
#
# torch and vLLM bring CUDA's libraries with them, so the image needs none; the driver is the host's.
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends build-essential git  # triton compiles, provenance asks git for the commit
rm -rf /var/lib/apt/lists/*
export PIP_NO_CACHE_DIR=1
PYTHON=python3.11 bash setup.sh cuda  # no GPU is seen while an image is built
python3.11 -m venv .venv-sample
sed -n 's/^ *- \([^ ]*==[^ ]*\)$/\1/p' envs/sample.yaml >envs/sample.txt
.venv-sample/bin/python -m pip install -q --disable-pip-version-check -r envs/sample.txt
