"""One registry for each method: what is made, captioned and published is what its index lists; a line there is all a new table needs."""

import ast
import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from support import results_tree as tree
from support.checkout import copied
from support.running import ROOT, run_program

from mathcode.configuration import METHODS
from mathcode.report import index

CAPTIONS = ROOT / "reports" / "captions"
PACKAGE = ROOT / "workflow_scripts" / "mathcode"
OWN_WORDS = {
    "autocode": r"autocode|\bEM\b|E-step|\bQ-value|q_values|reference.strategy|NO_REFL|no_reflection|standard_rl|allow_code|misalign"
    r"|\bprior\b|macc|native|2502\.00691",
    "siam": r"[Ss][Ii]a[Mm]|M_seed|M_0\b|in_domain|seed_only|2408\.15565|lambda 0|D_0",
}
"""What only that method says."""


def listed() -> set[str]:
    """Captions that the items of all methods have, below reports/captions."""
    own = {captioned(item, method) for method in METHODS.values() for item in (*method.items, *method.judge_tables)}
    return own | {captioned(index.COSTS)}


def captioned(item: index.Item, method=None) -> str:
    return f"{item.captions or method.name}/{item.kind}s/{item.name}.rst"


def test_every_item_has_its_caption_and_every_caption_its_item():
    assert {str(path.relative_to(CAPTIONS)) for path in CAPTIONS.rglob("*") if path.is_file()} == listed()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_caption_points_at_columns_that_its_table_has(method):
    for table in (*method.tables, *method.judge_tables):
        text = (CAPTIONS / captioned(table, method)).read_text(encoding="utf-8")
        named = set(re.findall(r"``(\w+)``", text)) - {"published_", table.name}
        assert named <= set(table.columns), table.name


def test_captions_say_of_no_run_what_is_so_of_generated_data_alone():
    """A caption serves all runs of a method: what is engineered is said under a condition."""
    for path in [*(CAPTIONS / "siam").rglob("*.rst"), *(CAPTIONS / "shared").rglob("*.rst")]:
        text = path.read_text(encoding="utf-8")
        for sentence in re.findall(r"[^.:]*engineered[^.]*", text):
            assert re.search(r"[Ww]here [\w ]+ (?:is|are) generated|generated (?:tests|data|pools|cases)", sentence), (path.name, sentence)


@pytest.mark.parametrize("item", [item for item in METHODS["siam"].items if item.category in ("Main results", "Data", "Alignment")])
def test_what_follows_from_web_data_says_what_stands_for_the_papers(item):
    text = (CAPTIONS / "siam" / f"{item.kind}s" / f"{item.name}.rst").read_text(encoding="utf-8")
    assert "The paper's web corpus is not available" in text


def test_the_critics_caption_tells_of_labels_by_publishers():
    """Cases of public data are labelled by people or by a rule of their source (`labelled_by`), no case by construction there."""
    assert "publishers' labels" in (CAPTIONS / "shared/tables/critic.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_item_is_made_by_a_function_and_every_maker_has_its_item(method):
    named = {item.maker for item in method.items}
    assert len(named) == len(method.items) == len({(item.kind, item.name) for item in method.items})
    for item in method.items:
        assert callable(item.load()), item.maker
    modules = {maker.partition(":")[0] for maker in named}
    public = {
        f"{module}:{node.name}"
        for module in modules
        for node in ast.parse(Path(importlib.import_module(module).__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert public == named
    for item in method.judge_tables:
        assert callable(item.load()), item.maker


def test_a_method_has_all_that_rules_of_the_report_need_or_no_item():
    method = METHODS["autocode"]
    for left_out in (method.figures, method.pages[:1], method.pages[1:], [method.item("table", "claims")]):
        with pytest.raises(ValueError, match=r"method autocode: its items lack a (figure|page|table)"):
            replace(method, items=tuple(item for item in method.items if item not in left_out))
    assert replace(method, items=()).tables_of(SimpleNamespace(case_sets={"attacks": "attacks"})) == []


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_column_has_a_meaning_and_every_published_file_is_there(method):
    for table in (*method.tables, *method.judge_tables):
        assert table.columns
        assert bool(table.title) == bool(table.about)
        for column in table.columns:
            assert method.report.columns.meaning(column), (table.name, column)
    for file in index.published_files(method.items):
        assert (ROOT / "data" / "published" / file).is_file(), file


def test_every_file_of_published_values_that_a_family_names_is_an_input_of_the_tables():
    from mathcode.methods.autocode.report import published

    assert {file for file, _ in published.ROLES.values()} <= set(index.published_files(METHODS["autocode"].tables))


def test_the_rules_name_no_item_themselves():
    method, rules = METHODS["autocode"], (ROOT / "rules" / "report.smk").read_text(encoding="utf-8")
    for item in method.tables + method.figures:
        assert not re.search(rf"\b{item.name}\.(csv|tex|svg|pdf)", rules), f"rules/report.smk names '{item.name}', which the index lists"


@pytest.mark.stage
def test_a_further_table_is_a_function_and_a_line(tmp_path):
    folder = copied(tmp_path / "checkout")
    room = folder / "workflow_scripts/mathcode/methods/autocode/report"
    with (room / "tables.py").open("a") as handle:
        handle.write('\n\ndef make_spare(results):\n    return [{"family": family, "n": 1} for family in results.plan.families]\n')
    lines = (room / "index.py").read_text()
    line = '    _table("spare", "Summary", "spare", "Spare", "A throw-away.", ["family", "n"]),\n'
    assert lines.count("TABLES = (\n") == 1
    (room / "index.py").write_text(lines.replace("TABLES = (\n", f"TABLES = (\n{line}"))
    chosen = tree.plan(experiments={"main": "EM"}, iterations=1, benchmarks=["math"])
    options = ("--results", tree.build(tmp_path, chosen), "--plan", tree.as_json(chosen), "--out-dir", tmp_path / "tables")
    program = folder / "workflow_scripts/tabulate_results.py"
    done = run_program(sys.executable, program, "--method", "autocode", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert pl.read_csv(tmp_path / "tables/spare.csv").rows() == [("qwen2math", 1)]
    assert len(list((tmp_path / "tables").iterdir())) == 1 + len(METHODS["autocode"].tables)


@pytest.mark.stage
def test_the_index_is_light():
    code = (
        "import sys; from mathcode.configuration import METHODS; assert all(method.items for method in METHODS.values());"
        "sys.exit(', '.join({'polars', 'numpy', 'scipy', 'matplotlib', 'torch'} & set(sys.modules)) or 0)"
    )
    done = run_program(sys.executable, "-c", code, cwd=ROOT / "workflow_scripts")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted((PACKAGE / "report").glob("*")), ids=lambda path: path.name)
def test_the_shared_report_knows_no_word_of_a_method(path):
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        for method, words in OWN_WORDS.items():
            assert not (found := re.findall(words, text)), f"{method}: {found}"


def test_modules_and_functions_are_short():
    for path in [*(PACKAGE / "report").glob("*.py"), *(PACKAGE / "methods").glob("*/report/*.py")]:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"
