#!/usr/bin/env bash
# Measure this repository on one GPU: training steps, sampling, checkpoints, a real model, the run demo. No network is needed.
#
#   bash benchmarks/gpu/run.sh                                   at most 8 minutes on one card; tiny shapes on the CPU where there is none
#   bash benchmarks/gpu/run.sh --wheels wheels --out measured    with packages that the machine's Python lacks
#   bash benchmarks/gpu/run.sh --model models/qwen25coder_05b    with LoRA SFT and evaluation of a real 0.5B model
#   bash benchmarks/gpu/run.sh --tiny                            a rehearsal on whatever there is, some two minutes
#
# Stop it at any time: parts come in the order of their worth, and each writes its line once it is measured. Started again, it goes on.
#
# It takes a Python from 3.11 on (PYTHON=path to choose one) with torch from 2.9 on, built for the card, transformers 5, accelerate and
# peft. These bring most of what else is imported; polars and pydantic a machine for deep learning may lack. vLLM is measured where it is
# installed, the part demo needs all of envs/requirements.txt. A part that lacks something is left out, and says so.
#
#   --wheels FOLDER    install all wheels of a folder, and nothing else, into .venv-gpu, which sees the packages of that Python too
#
# Such a folder is made where there is a network, here for a machine with Python 3.12 that lacks these two:
#
#   pip download -d wheels --only-binary=:all: --python-version 3.12 polars==2.1.0 pydantic==2.14.3
#
# Its other options are those of the program that it starts:
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
wheels='' options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; exec "$python" "$here/measure.py" --help ;;
    --wheels) wheels=${2:?"run.sh: --wheels needs a folder"}; shift 2 ;;
    *) options+=("$1"); shift ;;
    esac
done
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "run.sh: Python 3.11 or newer is needed; name one with PYTHON=path" >&2
    exit 1
}
if [ -n "$wheels" ]; then
    compgen -G "$wheels/*.whl" >/dev/null || { echo "run.sh: $wheels holds no wheels (*.whl)" >&2; exit 1; }
    venv=$here/../../.venv-gpu
    stamp=$("$python" -c 'import sys; print(sys.version, sys.prefix)'; ls -l "$wheels"/*.whl)
    if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$venv"
        "$python" -m venv --system-site-packages --without-pip "$venv"
        # Where the machine's Python is a virtual environment itself, a second one does not see its packages.
        "$python" -c 'import site; print("\n".join(site.getsitepackages()))' >"$(echo "$venv"/lib/python*/site-packages)/machine.pth"
        "$python" -m pip --python "$venv/bin/python" install -q --no-index --no-deps --disable-pip-version-check "$wheels"/*.whl
        echo "$stamp" >"$venv/stamp"
    fi
    python=$venv/bin/python
fi
exec "$python" "$here/measure.py" ${options[@]+"${options[@]}"}
