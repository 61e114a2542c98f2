"""The documentation agrees with the code: names, paths, links and targets, so that drift fails here."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.declared_keys import keys, keys_of_runs
from support.documentation import quoted, rows, section
from support.running import ROOT

from mathcode import settings

PACKAGE = ROOT / "workflow_scripts" / "mathcode"
CHANGELOG = ROOT / "CHANGELOG.md"
OTHERS = ("README.md", "CONTRIBUTING.md", "data/README.md", "config/README.md")
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in OTHERS), CHANGELOG]
OF_TODAY = [page for page in PAGES if page != CHANGELOG]
"""Pages that tell what is; the change log tells what was, too."""


# Names of the package


def defined(path: Path) -> Iterator[str]:
    """What a module defines: functions, classes with their members, constants. Read without importing it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        yield from _named(node)
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for member in node.body for name in _named(member))


def _named(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


@cache
def known_names() -> frozenset[str]:
    """Every name by which something of the package may be called: room.module.function, or an end of that."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found |= {module, *(f"{module}.{name}" for name in defined(path))}
    return frozenset(name.split(".", start)[-1] for name in found for start in range(name.count(".") + 1))


@cache
def known_keys() -> frozenset[str]:
    """Every key of `config/`, and every section of keys."""
    whole = keys_of_runs() | {*keys(settings.Family), *keys(settings.Experiment, "experiments.NAME.")}
    whole |= {*keys(settings.Source, "sources.NAME."), *keys(settings.Dataset, "queries.NAME.")}
    whole |= {re.sub(r"^resources\.\w+\.", "resources.STAGE.", key) for key in whole}
    return frozenset(".".join(key.split(".")[: depth + 1]) for key in whole for depth in range(key.count(".") + 1))


FILES = ("csv", "html", "json", "jsonl", "log", "md", "parquet", "pdf", "py", "smk", "svg", "tex", "toml", "tsv", "yaml")


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_and_keys_in_code_font_exist(page):
    """A dotted name that begins like one of ours: a room, a module, or a section of settings."""
    begin = {
        "mathcode",
        *(path.stem for path in PACKAGE.rglob("*") if path.suffix in ("", ".py")),
        *(key.split(".")[0] for key in known_keys()),
    }
    dead = []
    for text in quoted(page.read_text(encoding="utf-8")):
        name = text.removeprefix("mathcode.").removesuffix("()")
        if not re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", text.removesuffix("()")) or name.split(".")[-1] in FILES:
            continue
        if name not in known_names() | known_keys() and text.split(".")[0] in begin | {"hardware"}:
            dead.append(text)
    assert not dead


def mapped_rows() -> list[list[str]]:
    both = [section("docs/paper_map.md", heading) for heading in ("## From the paper to the code", "## From SIaM to the code")]
    return [row for page in both for row in rows(page) if row[0] != "paper"]


def test_paper_map_names_functions_and_keys_that_exist():
    assert len(mapped_rows()) > 15
    for paper, what, code, config, _ in mapped_rows():
        assert set(quoted(code)) <= known_names(), f"{paper} {what}"
        assert set(quoted(config)) <= keys_of_runs(), f"{paper} {what}"


def test_paper_map_names_tests_that_exist():
    named = {name for *_, test in mapped_rows() for name in quoted(test)}
    assert not sorted(named - {path.name for path in (ROOT / "tests").rglob("test_*.py")})


def test_decisions_name_keys_that_exist():
    decisions = [row for row in rows(section("docs/paper_map.md", "## What the paper leaves open")) if row[0] != "question"]
    assert len(decisions) > 30
    assert {name for row in decisions for name in quoted(row[3])} <= keys_of_runs()


def test_constants_are_where_pages_say():
    """Such as: `JUDGES` in `configuration.py`."""
    found = 0
    for page in OF_TODAY:
        for name, file in re.findall(r"`([A-Z_]{3,}|[A-Z]\w+\.\w+)` (?:in|of) `([\w/]+\.py)`", page.read_text(encoding="utf-8")):
            folder = ROOT if file.startswith("tests/") else PACKAGE
            assert name in {*defined(folder / file)}, f"{page.name}: {name} in {file}"
            found += 1
    assert found > 6


# docs/architecture.md


def documented_rooms() -> dict[str, set[str]]:
    """Room: what it may import."""
    return {quoted(row[0])[0]: {*quoted(row[2])} for row in rows(section("docs/architecture.md", "## The rooms")) if row[0] != "room"}


def test_architecture_page_has_every_room():
    assert set(documented_rooms()) == {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("__")}


def test_architecture_page_tells_the_law_that_is_tested():
    law = importlib.import_module("repository.test_layers").LAW
    documented = {room: others for room, others in documented_rooms().items() if room not in ("methods", "configuration")}
    assert documented == {room: law[room] for room in documented}


# Paths, links, commands

PLACES = (
    ".ci",
    "benchmarks",
    "config",
    "data/published",
    "docs",
    "envs",
    "local",
    "reports/captions",
    "rules",
    "slurm",
    "tests",
    "workflow_scripts",
)
SUFFIXES = (".py", ".smk", ".md", ".sh", ".toml")


@cache
def repository_files() -> list[str]:
    inside = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.is_file()]
    return [str(path.relative_to(ROOT)) for path in [*inside, *(path for path in ROOT.iterdir() if path.is_file())]]


def is_there(path: str) -> bool:
    """Whether a path leads somewhere from the root, or from a room, or is the end of one file's path at least."""
    if any(path == place or path.startswith(f"{place}/") for place in PLACES):
        return (ROOT / path).exists()
    if path.endswith(SUFFIXES):
        return any(file == path or file.endswith(f"/{path}") for file in repository_files())
    if path.startswith(("methods/", "data/readers")):
        return (PACKAGE / path).exists()
    return True  # made by a run, or no path


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_code_font_exist(page):
    names = [name.rstrip("/") for name in quoted(page.read_text(encoding="utf-8"))]
    plain = [
        name for name in names if re.fullmatch(r"[\w.+-]+(?:/[\w.+-]+)*", name) and not re.search(r"\b(?:NAME|RUN|FILE|FOLDER)\b", name)
    ]
    assert not [name for name in plain if not is_there(name)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_of_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    programs = re.findall(r"python ((?:workflow_scripts|benchmarks|tests)/\S+\.py)|bash (\w+\.sh)", text)
    assert not [name for pair in programs for name in pair if name and not (ROOT / name).is_file()]
    if made := re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert set(made) <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


def test_readme_shows_the_folders_that_there_are():
    tree = section("README.md", "## Where things are").split("```")[1].strip().splitlines()
    shown = [name for line in tree for name in re.match(r"(?:\S+ {2,})+", line)[0].split()]
    assert len(shown) > 10
    assert not [name for name in shown if not (ROOT / name).exists()]
    tracked = {"Snakefile", *(place.split("/")[0] + "/" for place in PLACES if not place.startswith("."))}
    assert tracked <= set(shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, f"{page.name}: {target}"


def targets() -> list[str]:
    """Every file that a command of the documentation asks for; those of own.md need its settings, and have a test of their own."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES if page.name != "own.md"]
    commands = [line for text in texts for line in re.findall(r"snakemake [^`\n]+", text)]
    found = {word for command in commands for word in command.split() if re.match(r"(?:data|results)/", word)}
    return sorted(word for word in found if "{" not in word and "..." not in word)


@pytest.mark.workflow
def test_documented_targets_can_be_planned(tmp_path):
    wanted = targets()
    assert len(wanted) > 20
    (tmp_path / "data/external").mkdir(parents=True)
    (tmp_path / "data/external/NAME.jsonl").touch()  # a file of the reader's
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--snakefile", str(ROOT / "Snakefile")]
    elsewhere = ["--directory", str(tmp_path), "--config", f"config_folder={ROOT / 'config'}"]
    done = subprocess.run([*command, *wanted, *elsewhere], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
