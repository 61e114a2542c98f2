"""The documentation agrees with the code: columns, keys, names, links and targets, so that drift fails here."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import polars as pl
import pytest
import yaml
from support.declared import TABLES

from mathcode import configuration, settings
from mathcode.configuration import METHODS
from mathcode.measures import outcomes
from mathcode.report import columns, costs

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "workflow_scripts" / "mathcode"
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md"))]
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
        inner = [] if get_origin(field.annotation) is dict else inner
        nested = next((part for part in inner if issubclass(part, settings.Section)), None)
        if nested is None:
            yield f"{prefix}{name}"
        elif isinstance(field.annotation, type):
            yield from keys(nested, f"{prefix}{name}.")
        else:  # optional section or list of sections: itself a value too
            yield f"{prefix}{name}"
            yield from keys(nested, f"{prefix}{name}.")


def type_name(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return f"list of {type_name(dtype.inner)}"
    if isinstance(dtype, pl.Struct):
        return f"struct ({', '.join(f'{field.name}: {type_name(field.dtype)}' for field in dtype.fields)})"
    return str(dtype)


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


def test_artifacts_page_explains_every_column_of_the_costs():
    listed = [(quoted(row[0])[0], row[1]) for row in rows(section("docs/artifacts.md", "## Costs")) if row[0].startswith("`")]
    assert listed == list(costs.COLUMNS.items())


def documented_keys(heading: str) -> list[str]:
    found = [quoted(row[0]) for row in rows(section("docs/configuration.md", heading)) if len(row) in (2, 4)]
    return [names[0] for names in found if names]


def test_configuration_page_has_every_key_of_a_run():
    listed = documented_keys("## config/config.yaml and config/runs/*.yaml")
    rows_of_the_base = set(configuration.load(ROOT / "config").runs["paper"].experiments)
    expected = {*keys(settings.Run)} - {"experiments"} | {"extends", *keys(settings.Experiment, "experiments.NAME.")}
    assert {key for key in listed if key not in rows_of_the_base} == expected
    assert rows_of_the_base < set(listed)


def test_configuration_page_has_every_key_of_a_family():
    assert set(documented_keys("## config/families.yaml")) == {*keys(settings.Family)}


def test_configuration_page_has_every_key_of_a_source():
    expected = {*keys(settings.Source, "sources.NAME."), *keys(settings.Dataset, "queries.NAME.")}
    assert set(documented_keys("## config/sources.yaml")) == expected


def test_configuration_page_has_the_values_of_the_base():
    base = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    base["interpreter"].setdefault("workers", 1)
    base["grading"].setdefault("workers", 1)
    compared = 0
    for row in rows(section("docs/configuration.md", "## config/config.yaml and config/runs/*.yaml")):
        if len(row) == 4 and row[0].startswith("`"):
            key, value = quoted(row[0])[0], base
            for part in key.split("."):
                value = value[part]
            documented = yaml.safe_load(quoted(row[2])[0])
            assert _number(documented) == _number(value), key
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


def functions() -> set[str]:
    """module.name of every public function and class of the package, read without importing it."""
    return {
        f"{path.stem}.{node.name}"
        for path in PACKAGE.glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def mapped_rows() -> list[list[str]]:
    return [row for row in rows(section("docs/paper_map.md", "## From the paper to the code")) if row[0] != "paper"]


def test_paper_map_names_functions_and_keys_that_exist():
    known, settable = functions(), {*keys(settings.Run)}
    assert len(mapped_rows()) > 15
    for paper, what, code, config, _ in mapped_rows():
        assert set(quoted(code)) <= known, f"{paper} {what}"
        assert set(quoted(config)) <= settable, f"{paper} {what}"


def test_paper_map_names_tests_that_exist():
    named = {name for *_, test in mapped_rows() for name in quoted(test)}
    assert not sorted(name for name in named if not (ROOT / "tests" / name).is_file())


def test_decisions_name_keys_that_exist():
    decisions = [row for row in rows(section("docs/paper_map.md", "## What the paper leaves open")) if row[0] != "question"]
    assert len(decisions) > 30
    assert {name for row in decisions for name in quoted(row[3])} <= {*keys(settings.Run)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
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


def test_pages_name_files_that_exist():
    for page in PAGES:
        for name in quoted(page.read_text(encoding="utf-8")):
            if re.fullmatch(r"(?:config|envs|rules|slurm|local|workflow_scripts|tests)/[\w./+-]+\.\w+", name):
                assert "NAME" in name or (ROOT / name).is_file(), f"{page.name}: {name}"


def targets() -> list[str]:
    """Every file that a command of the documentation asks for."""
    commands = [line for page in PAGES for line in re.findall(r"snakemake [^`\n]+", page.read_text(encoding="utf-8"))]
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
