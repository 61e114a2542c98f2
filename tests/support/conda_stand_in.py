"""The few commands of `conda` that Snakemake calls, where there is no conda and no channel: Python by venv, the pip section by pip.

It deploys environment files whose conda packages are `python` (this one's version) and `pip` alone, as all of envs/ are.
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml

ACTIVATE = '. "$1/bin/activate"\n'


def install(folder: Path) -> None:
    """Make `folder` look like an installed conda whose program is this file."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin/conda"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).resolve()} "{folder}" "$@"\n')
    program.chmod(0o755)
    (folder / "bin/activate").write_text(ACTIVATE)


def create(file: str, prefix: str) -> None:
    """The environment of a file at a prefix."""
    dependencies = yaml.safe_load(Path(file).read_text())["dependencies"]
    version = "python ={}.{}".format(*sys.version_info)
    if (packages := [entry for entry in dependencies if isinstance(entry, str)]) != [version, "pip"]:
        sys.exit(f"{file}: only '{version}' and pip can be had here, not {packages}")
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    wanted = [requirement for entry in dependencies if isinstance(entry, dict) for requirement in entry["pip"]]
    subprocess.run([f"{prefix}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)


def main(folder: str, *command: str) -> None:
    match command:
        case ["--version"]:
            print("conda 24.11.3")  # Snakemake asks for 24.7.1 or newer
        case ["info", *_]:
            print(json.dumps({"conda_prefix": folder, "root_prefix": folder, "platform": "linux-64", "envs": [], "envs_dirs": []}))
        case ["config", *_]:
            print(json.dumps({"get": {"channel_priority": "strict"}, "success": True}))
        case ["env", "create", *options]:
            create(options[options.index("--file") + 1], options[options.index("--prefix") + 1])
        case ["clean", *_]:
            pass
        case _:
            sys.exit(f"this stand-in for conda does not know: {' '.join(command)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
