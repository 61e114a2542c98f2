"""docs/artifacts.md and docs/configuration.md list what the code declares: columns, keys, values, names of rules."""

import re
from pathlib import Path
from typing import get_args

import polars as pl
import pytest
import yaml
from support.declared import TABLES
from support.declared_keys import keys
from support.documentation import quoted, rows, section
from support.running import ROOT

from mathcode import configuration, settings
from mathcode.configuration import METHODS
from mathcode.estimates import estimate
from mathcode.measures import outcomes
from mathcode.methods.siam.report import columns as siam_columns
from mathcode.report import columns, costs

# docs/artifacts.md


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


def marked(path: Path) -> dict[str, str]:
    """Key: whose value it is, as a comment behind it in a file of `config/methods` says."""
    inside, found = [], {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if key := re.match(r"( *)(\w+):", line):
            inside = [*inside[: len(key[1]) // 2], key[2]]
            if mark := re.search(r"  # (paper|inferred|our choice)\b", line):
                found[".".join(inside)] = mark[1]
    return found


def test_configuration_page_and_file_say_alike_whose_a_value_of_siam_is():
    named = [row for row in rows(section("docs/configuration.md", "## config/methods/siam.yaml")) if len(row) == 4]
    said = {key: row[3] for row in named if row[0].startswith("`") for key in expanded(quoted(row[0])[0])}
    marks = {key: mark for key, mark in marked(ROOT / "config/methods/siam.yaml").items() if key in said}
    assert len(marks) > 20
    assert [key for key, mark in marks.items() if not said[key].startswith(mark)] == []
    assert (marks["explore.samples"], marks["build.aligned"]) == ("our choice", "inferred")


def test_configuration_page_says_what_is_fixed_where_the_paper_is_silent():
    fixed = {row[0]: row[1] for row in rows(section("docs/configuration.md", "### What is fixed in SIaM"))}
    for unknown in ("form of a response", "fails", "several values", "measure of agreement", "neither YES nor NO"):
        assert any(unknown in question and answer for question, answer in fixed.items()), unknown


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
