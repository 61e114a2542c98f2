"""The documentation agrees with the code: columns, keys, values, names, paths, links and targets, so that drift fails here."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args, get_origin

import polars as pl
import pytest
import yaml
from support.declared import TABLES
from support.running import ROOT

from mathcode import configuration, settings
from mathcode.configuration import METHODS
from mathcode.estimates import estimate
from mathcode.measures import outcomes
from mathcode.methods.siam.report import columns as siam_columns
from mathcode.report import columns, costs

PACKAGE = ROOT / "workflow_scripts" / "mathcode"
CHANGELOG = ROOT / "CHANGELOG.md"
OTHERS = ("README.md", "CONTRIBUTING.md", "data/README.md", "config/README.md")
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in OTHERS), CHANGELOG]
OF_TODAY = [page for page in PAGES if page != CHANGELOG]
"""Pages that tell what is; the change log tells what was, too."""
_ESCAPED_BAR = "\0"


def rows(text: str) -> Iterator[list[str]]:
    """Cells of every row of every table of a page."""
    for line in text.replace(r"\|", _ESCAPED_BAR).splitlines():
        if line.startswith("| ") and not set(line) <= set("| -:"):
            yield [cell.strip().replace(_ESCAPED_BAR, "|") for cell in line.strip().strip("|").split("|")]


def section(page: str, heading: str) -> str:
    """Text of a page between a heading and the next one of its level or above."""
    level, lines, inside = heading.split(" ", 1)[0], [], False
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if inside and re.match(rf"#{{1,{len(level)}}} ", line):
            break
        if inside:
            lines.append(line)
        inside = inside or line == heading
    assert inside, f"{page} has no heading '{heading}'"
    return "\n".join(lines)


def quoted(text: str) -> list[str]:
    """What stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def keys(model: type[settings.Section], prefix: str = "") -> Iterator[str]:
    """Dotted names of all values a settings model holds."""
    for name, field in model.model_fields.items():
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
        nested = next((part for part in inner if issubclass(part, settings.Section)), None)
        if nested is None:
            yield f"{prefix}{name}"
        elif get_origin(field.annotation) is dict:
            yield from keys(nested, f"{prefix}{name}.NAME.")
        elif isinstance(field.annotation, type):
            yield from keys(nested, f"{prefix}{name}.")
        else:  # optional section or list of sections: itself a value too
            yield f"{prefix}{name}"
            yield from keys(nested, f"{prefix}{name}.")


def keys_of_runs() -> set[str]:
    """What the runs of any method may say."""
    return {*keys(settings.Run)}.union(*(keys(method.run) for method in configuration.METHODS.values()))


def type_name(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return f"list of {type_name(dtype.inner)}"
    if isinstance(dtype, pl.Struct):
        return f"struct ({', '.join(f'{field.name}: {type_name(field.dtype)}' for field in dtype.fields)})"
    return str(dtype)


# docs/artifacts.md


@pytest.mark.parametrize("table", TABLES)
def test_artifacts_page_lists_the_columns_of(table):
    documented = [tuple(row[:3]) for row in rows(section("docs/artifacts.md", f"### {table}")) if row[0] != "column"]
    declared = [
        (f"`{name}`", type_name(column.dtype), "yes" if column.nullable else "no") for name, column in TABLES[table].columns.items()
    ]
    assert documented == declared


def test_artifacts_page_describes_no_other_table():
    described = re.findall(r"^### (\w+)$", section("docs/artifacts.md", "## Tables"), re.MULTILINE)
    assert described == list(TABLES)


def test_artifacts_page_has_the_keys_of_scores():
    scores = section("docs/artifacts.md", "## Files that are no tables")
    listed = {name for row in rows(scores) for name in quoted(row[0])}
    assert set(outcomes.DEFINITIONS) <= listed


def test_artifacts_page_has_the_columns_of_the_tables_of_a_run():
    final = list(rows(section("docs/artifacts.md", "## What a run ends with")))
    own = {quoted(row[0])[0]: quoted(row[2]) for row in final if len(row) == 3 and row[0].endswith(".csv`")}
    opening, tables = columns.OPENING, {f"{table.name}.csv": list(table.columns) for table in METHODS["autocode"].tables}
    described = {name: names[len(opening) :] if names[: len(opening)] == opening else names for name, names in tables.items()}
    assert own == described
    assert [quoted(row[0])[0] for row in final if len(row) == 2 and row[0].startswith("`")] == columns.OPENING


def test_artifacts_page_has_the_columns_of_the_tables_of_a_run_of_siam():
    listed = list(rows(section("docs/artifacts.md", "## What a run of SIaM ends with")))
    own = {quoted(row[0])[0]: quoted(row[2]) for row in listed if row[0].endswith(".csv`")}
    described = {}
    for table in METHODS["siam"].tables:
        names = list(table.columns)
        opening = next((known for known in (siam_columns.OPENING, siam_columns.SOURCE) if names[: len(known)] == known), [])
        described[f"{table.name}.csv"] = names[len(opening) :]
    assert own == described


def test_artifacts_page_explains_every_column_of_the_costs():
    listed = [(quoted(row[0])[0], row[1]) for row in rows(section("docs/artifacts.md", "## Costs")) if row[0].startswith("`")]
    assert listed == list(costs.COLUMNS.items())


def test_artifacts_page_explains_every_column_of_an_estimate():
    listed = [(quoted(row[0])[0], row[1]) for row in rows(section("docs/artifacts.md", "## Estimates")) if row[0].startswith("`")]
    assert listed == list(estimate.COLUMNS.items())


def test_artifacts_page_names_rules_that_exist():
    made = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").rglob("*.smk"))
    rules = set(re.findall(r"^rule (\w+):|^use rule \w+ as (\w+) with:", made, re.MULTILINE))
    known = {name for pair in rules for name in pair if name}
    named = {name for row in rows(section("docs/artifacts.md", "## Artifact by artifact")) for name in quoted(row[2])}
    assert named - {name for name in named if name.endswith(".smk")} <= known
    assert len(named & known) > 12


# docs/configuration.md

SHARED, HARDWARE, RUNS = "## config/config.yaml", "## config/hardware/*.yaml", "## config/runs/*.yaml"
ROWS = "## Pools, critics and case sets"


def expanded(key: str) -> list[str]:
    """Names that a name with braces stands for: {a,b}.c is a.c and b.c."""
    if (braces := re.search(r"\{([^}]*)\}", key)) is None:
        return [key]
    return [name for choice in braces[1].split(",") for name in expanded(key.replace(braces[0], choice, 1))]


def documented_keys(heading: str) -> list[str]:
    found = [quoted(row[0]) for row in rows(section("docs/configuration.md", heading)) if len(row) in (2, 3, 4)]
    return [name for names in found if names for name in expanded(names[0])]


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("method", configuration.METHODS)
def test_configuration_page_has_every_key_of_a_run_of(method):
    own, base = f"## config/methods/{method}.yaml", read(f"methods/{method}.yaml")
    variants = {*base["experiments"], *base.get("preferences", ())}
    named = {*variants, *base.get("critics", ()), *base.get("case_sets", ()), *base["data"].get("pools", ())}
    listed = [key for heading in (SHARED, own, ROWS, HARDWARE, RUNS) for key in documented_keys(heading)]
    expected = {re.sub(r"^resources\.\w+\.", "resources.STAGE.", key) for key in keys(configuration.METHODS[method].run)}
    assert sorted(key for key in listed if key not in named) == sorted(expected | {"extends"})
    assert variants <= set(listed)
    sections = {key.split(".")[0] for key in documented_keys(own)} - named
    assert sections == set(base) - {"critics", "case_sets"}


def test_configuration_page_has_what_rows_are_where_nothing_is_said():
    compared = 0
    for row in rows(section("docs/configuration.md", ROWS)):
        for key in expanded(quoted(row[0])[0]) if "`" in row[0] else ():
            field, section_of = None, settings.Data if key.startswith("data.pools.") else settings.Run
            for part in key.removeprefix("data.").replace("NAME.", "").split("."):
                field = section_of.model_fields[part]
                inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
                section_of = next((part for part in inner if issubclass(part, settings.Section)), section_of)
            default = "required" if field.is_required() else field.get_default(call_default_factory=True)
            said = "required" if row[2] == "required" else yaml.safe_load(quoted(row[2])[0])
            assert said == (list(default) if isinstance(default, tuple) else default), key
            compared += 1
    assert compared > 50


def test_configuration_page_tells_shared_sections_from_those_of_a_method():
    shared = documented_keys(SHARED)
    assert set(shared) < {*keys(settings.Run)}
    assert {key.split(".")[0] for key in shared} | {"resources"} == set(read("config.yaml"))


@pytest.mark.parametrize("method", configuration.METHODS)
def test_configuration_page_has_the_values_of_the_base_of(method):
    merged = settings.merge(read("config.yaml"), read(f"methods/{method}.yaml")) | {"method": method}
    base = settings.validated(configuration.METHODS[method].run, merged, "base")
    compared = 0
    for heading in (SHARED, f"## config/methods/{method}.yaml"):
        for row in rows(section("docs/configuration.md", heading)):
            if len(row) == 4 and row[0].startswith("`"):
                for key in expanded(quoted(row[0])[0]):
                    value = base
                    for part in key.split("."):
                        value = value[part] if isinstance(value, dict) else getattr(value, part)
                    assert _number(yaml.safe_load(quoted(row[2])[0])) == _number(value), key
                    compared += 1
    assert compared > 60


def _number(value):
    """YAML reads 2e-05 as text, 2.0e-5 as a number."""
    if isinstance(value, list):
        return [_number(item) for item in value]
    try:
        return value if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError):
        return value


def asked(ask: settings.Ask) -> str:
    """An ask as the page writes it."""
    gpus = f"{ask.gpus} GPU{'s' * (ask.gpus > 1)}, " if ask.gpus else ""
    return f"{gpus}{ask.cpus} core{'s' * (ask.cpus > 1)}, {ask.memory_gb} GB, {ask.hours} h"


def test_configuration_page_has_what_a_job_of_each_stage_asks_for():
    head, *stages = [row for row in rows(section("docs/configuration.md", HARDWARE)) if len(row) == 5]
    files = [quoted(cell)[0] for cell in head[2:]]
    assert sorted(files) == sorted(path.stem for path in (ROOT / "config/hardware").glob("*.yaml"))
    asks = [settings.Resources.model_validate(read(f"hardware/{name}.yaml")) for name in files]
    assert [quoted(row[0])[0] for row in stages] == list(settings.Resources.model_fields)
    for row in stages:
        assert row[2:] == [asked(machine.of(quoted(row[0])[0])) for machine in asks], row[0]
    defaults = {
        quoted(row[0])[0]: quoted(row[2])[0] for row in rows(section("docs/configuration.md", HARDWARE)) if len(row) == 3 and "`" in row[0]
    }
    assert defaults == {f"resources.STAGE.{key}": str(value) for key, value in settings.Ask().model_dump().items()}


def test_configuration_page_has_every_key_of_a_family():
    assert set(documented_keys("## config/families.yaml")) == {*keys(settings.Family)}


def test_configuration_page_has_every_key_of_a_source():
    expected = {*keys(settings.Source, "sources.NAME."), *keys(settings.Dataset, "queries.NAME.")}
    assert set(documented_keys("## config/sources.yaml")) == expected


def test_configuration_page_has_every_key_of_the_costs():
    assert documented_keys("## config/costs.yaml") == [*settings.Costs.model_fields]


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
