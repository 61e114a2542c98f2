"""The page to read first: complete, offline, and plain about what was not shown."""

import hashlib
import html
import json
import re
from types import SimpleNamespace

import polars as pl
import pytest
from docutils.core import publish_parts
from jinja2 import Environment
from support import results_tree as tree
from support import siam_tree
from support.pages import chromium, cut_off, looked_at, opened
from support.running import ROOT

import plot_figures
import tabulate_results
import write_summary
from mathcode.core.errors import InputError
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.report import examples
from mathcode.methods.autocode.report.columns import COLUMNS
from mathcode.report import summary
from mathcode.report.examples import MOST_CHARACTERS, Example, Examples, render

ABOUT = {
    "description": "A <tiny> model",
    "queries": ["train"],
    "sft": ["gsm8k_cot"],
    "queries_per_iteration": 50,
    "samples": 4,
    "engine": "transformers",
    "hardware": "0 GPUs",
}
COSTS = "stage,jobs,gpus,hours,gpu_hours,cpu_hours,longest_hours,peak_memory_gb\nRL,2,8,1.5,12.0,3.0,1.0,4.5\nall,2,,1.5,12.0,3.0,1.0,4.5\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    def make(**changes) -> str:
        folder, chosen = tmp_path_factory.mktemp("run"), tree.plan(**changes)
        run = tree.build(folder, chosen)
        flags = ["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(run / "tables")]
        tabulate_results.main(flags)
        return page(run, chosen)

    return make


def page(run, chosen, tables=None, figure=None, costs=COSTS) -> str:
    (run / "costs.csv").write_text(costs)
    (run / "figure.svg").write_text("<svg/>")
    found = sorted((run / "tables").glob("*.csv")) if tables is None else tables
    flags = [
        "--method",
        "autocode",
        "--run",
        "test",
        "--results",
        run,
        "--plan",
        tree.as_json(chosen),
        "--benchmarks",
        *(run.parents[1] / "data" / "benchmarks" / f"{name}.parquet" for name in chosen["benchmarks"]),
        "--about",
        json.dumps(ABOUT),
        "--costs",
        run / "costs.csv",
    ]
    flags += ["--figure", figure or run / "figure.svg", "--out", run / "summary.html", "--tables", *found]
    assert write_summary.main([str(flag) for flag in flags]) == 0
    return (run / "summary.html").read_text()


def test_a_run_with_case_sets_shows_its_judges(tmp_path):
    judges = ["exact", "critic_main"]
    judged = {"critics": {"main": "critic"}, "case_sets": {"test": "held-out questions"}, "case_judges": judges}
    chosen = tree.plan(experiments={"main": "EM"}, iterations=1, benchmarks=["math"]) | judged
    run = tree.build(tmp_path, chosen)
    siam_tree.cases(run, "test", chosen["seeds"][0], judges)
    flags = ["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(run / "tables")]
    tabulate_results.main(flags)
    text = page(run, chosen)
    for heading in ('<h2 id="critic">', '<h2 id="attacks">', "of a judge: of cases it is right about"):
        assert heading in text
    assert "of a judge" not in page(run, {key: value for key, value in chosen.items() if key not in judged})


def test_it_needs_no_network_and_opens_with_the_answers(written):
    text = written()
    body = text[text.index("<body>") :]
    assert not any(word in text for word in ("<script src", "http:", "https:", "nan", "None", "{{"))
    assert body.count("src=") == body.count('src="data:') == 1
    assert "A &lt;tiny&gt; model" in body
    places = [
        body.index(words)
        for words in (
            *('class="answer"', 'class="first"', "The paper's claims", "Training stayed within its bounds"),
            *("Did it work?", "With how much code?", "At what cost?", "12.0 GPU hours", "Worked examples", "What was run"),
        )
    ]
    assert places == sorted(places)
    headings = [body.index(f'<h2 id="{table.name}">') for table in METHOD.tables if table.title]
    assert headings == sorted(headings)


def test_memory_that_was_not_measured_is_not_told(tmp_path):
    chosen = tree.plan()
    run = tree.build(tmp_path, chosen)
    flags = ["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(run / "tables")]
    tabulate_results.main(flags)
    assert "of processor time; the largest needed 4.5 GB. By stage" in page(run, chosen)
    assert "of processor time. By stage" in page(run, chosen, costs=COSTS.replace(",4.5\n", ",\n"))


@pytest.mark.stage
def test_a_laptop_shows_every_table_whole_and_no_page_scrolls_sideways(written, tmp_path):
    text = written()
    assert cut_off(chromium(), text, 1280, tmp_path) == ([], False)
    cut, scrolls = cut_off(chromium(), text, 390, tmp_path)
    assert "Main results (Table 1)" in cut  # the look sees what is cut; there the table scrolls
    assert not scrolls


@pytest.mark.stage
def test_the_page_is_whole_in_a_browser_wide_narrow_and_dark(tmp_path):
    """With its real figure, from synthetic results: they say so on the page."""
    chosen = tree.plan(names={"gsm8k": "GSM8K", "math": "MATH"})
    run = tree.build(tmp_path, chosen)
    flags = ["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen)]
    tabulate_results.main([*flags, "--out-dir", str(run / "tables")])
    plot_figures.main([*flags, "--run", "test", "--out-dir", str(run / "figures")])
    text = page(run, chosen, figure=run / "figures" / f"{METHOD.figures[0].name}.svg")
    assert looked_at(chromium(), text, tmp_path, "autocode-summary") == {"wide": [], "phone": [], "dark": []}
    assert len(text.encode()) < 3_000_000
    assert "answers 65.0 % of GSM8K right" in text


SORTED = """
<script>
const table = document.querySelector("#main ~ details table"), heads = [...table.tHead.rows[0].cells];
const column = heads.findIndex((head) => head.textContent === "accuracy");
const seen = () => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent.split(" ")[0]);
const button = heads[column].querySelector("button");
button.click();
document.body.dataset.rising = JSON.stringify(seen());
button.focus();
document.activeElement.click();
document.body.dataset.falling = JSON.stringify(seen());
document.body.dataset.sort = heads[column].getAttribute("aria-sort") + button.tabIndex + Boolean(heads[column].title);
document.body.dataset.roles = heads.filter((head) => head.hasAttribute("role") || head.querySelector("[aria-sort]")).length;
</script>
"""


@pytest.mark.stage
def test_a_click_or_a_key_sorts_a_table(written, tmp_path):
    (tmp_path / "sorted.html").write_text(written().replace("</body>", SORTED + "</body>"))
    document, console, asked = opened(chromium(), tmp_path / "sorted.html", tmp_path)
    assert console == asked == []
    rising, falling = (json.loads(html.unescape(re.search(rf'data-{name}="([^"]*)"', document)[1])) for name in ("rising", "falling"))
    numbers = [float(one) for one in rising]
    assert len({*numbers}) > 3
    assert numbers == sorted(numbers)
    assert falling == sorted(rising, key=float, reverse=True)
    assert 'data-sort="descending0true"' in document
    assert 'data-roles="0"' in document  # a head stays a head of its column, which alone may say how it is sorted


def test_what_all_rows_share_is_said_once(written):
    text = written(experiments={"main": "AutoCode (EM)"}, seeds=[1])
    table = text[text.index('<h2 id="main">') : text.index('<h2 id="ablation">')]
    assert re.search(r"<summary>\d+ rows, all with [^<]*seeds 1[,<]", table)
    assert ">seeds</th>" not in table
    assert ">accuracy</th>" in table


def test_worked_examples_are_the_first_by_hash_of_the_responses_of_a_methodology(tmp_path):
    chosen = tree.plan()
    run = tree.build(tmp_path, chosen)
    policy, judged = "main/qwen2math/seed1/iter2", "eval/auto/gsm8k/exact/grades.parquet"
    results = METHOD.report.results(
        run, tree.as_json(chosen), [tmp_path / "data/benchmarks" / f"{name}.parquet" for name in ("gsm8k", "math")]
    )
    grades = pl.read_parquet(run / policy / judged)
    made = examples.worked(results)
    assert made.missing == []
    for example, methodology in zip(made.found, ("cot", "code"), strict=True):
        rows = grades.filter(methodology=methodology).to_dicts()
        row = min(rows, key=lambda row: hashlib.sha256(row["query_id"].encode()).hexdigest())
        assert example.place == f"gsm8k, {row['query_id']}"
        assert example.right == row["strict"]
        names = [name for name, _ in example.parts]
        assert names == (["question", "program", "output", "response"] if methodology == "code" else ["question", "response"])
    text = render(made)
    assert "<script" not in text
    assert text.count("<article") == 2
    only = grades.with_columns(methodology=pl.lit("cot"))
    only.write_parquet(run / policy / judged)
    again = METHOD.report.results(run, tree.as_json(chosen), list(results.benchmarks.values()))
    assert [example.title for example in examples.worked(again).found] == ["Reasoning in words (CoT)"]
    assert "Writing a program" in examples.worked(again).missing[0]


def test_long_and_hostile_text_is_cut_and_shown_as_text():
    hostile = "<script>x</script>" + "y" * 3 * MOST_CHARACTERS
    text = render(Examples("Rule.", [Example("A", "b", [("question", hostile), ("program", None)], "right", True)]))
    assert "<script" not in text
    assert "more characters)" in text
    assert text.count("y") < 1.1 * MOST_CHARACTERS
    assert "program" not in text


def test_a_breach_is_named_on_the_page(tmp_path):
    chosen = tree.plan(health=tree.HEALTH | {"effective_share": 0.9})
    run = tree.build(tmp_path, chosen)
    tabulate_results.main(["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(run / "tables")])
    text = page(run, chosen)
    told = "Training was unstable: 18 of 18 rows of Training health leave a bound (6 of 6 of AutoCode (EM)). The worst step has"
    assert f'<p class="caution"><strong>{told}' in text
    assert "stayed within its bounds" not in text


def test_verdicts_stay_in_their_table_alike_or_missing():
    for verdict in (None, "shown"):
        frame = pl.DataFrame({"claim": ["a", "b"], "verdict": [verdict] * 2}, schema={"claim": pl.String, "verdict": pl.String})
        text = summary.section("x", "X", "About.", frame, None, COLUMNS)
        assert "<summary>2 rows</summary>" in text
        assert ">verdict</th>" in text


def test_folded_columns_are_known_and_never_the_answer():
    assert COLUMNS.folded <= {*COLUMNS.meanings, *(f"published_{name}" for name in COLUMNS.meanings)}
    assert not COLUMNS.folded & {"experiment", "benchmark", "n", "accuracy", "code_rate"}


def test_published_numbers_come_with_their_discrepancies(written):
    assert "disagree with themselves" in written()
    assert "disagree with themselves" not in written(families={"tiny": {"label": "tiny", "published": {}}})


def test_a_run_without_em_says_what_was_not_run(written):
    text = written(experiments={"q_rule": "Q alone"}, selection_benchmarks=[], sft=[], iterations=1)
    assert "Did it work?" not in text
    assert "At what cost?" in text
    assert text.count(">not run<") == 10


def test_a_verdict_that_does_not_stand_among_all_tests_says_so():
    row = {"verdict": "supported", "adjusted_p": 0.3}
    assert summary.verdict(row) == "supported, only before correction"
    assert summary.verdict(row | {"adjusted_p": 0.01}) == summary.verdict(row | {"adjusted_p": None}) == "supported"
    assert summary.verdict({"verdict": "not resolved", "adjusted_p": 0.3}) == "not resolved"


def test_a_missing_table_is_named(tmp_path):
    pl.DataFrame({"claim": [1]}).write_csv(tmp_path / "claims.csv")
    with pytest.raises(InputError, match="the table 'ablation' is missing"):
        page(tmp_path, tree.plan(), [tmp_path / "claims.csv"])


LINKS = "\n\n{% for category in categories %}\n.. _{{ category[0] }}: javascript:show('{{ category[0]|urlencode }}')\n{% endfor %}\n"
"""What Snakemake appends to the text that its report opens on."""


def opening(folder, pages: dict[str, str]) -> str:
    """What the HTML report opens on (reports/workflow.rst), made as Snakemake makes it, from the summaries of runs."""
    category, found = SimpleNamespace(name="1. Summary"), []
    for run, text in pages.items():
        (folder / f"{run}.html").write_text(text, encoding="utf-8")
        place = {"path": folder / f"{run}.html", "category": category, "raw_wildcards": SimpleNamespace(run=run)}
        found.append(SimpleNamespace(name="summary.html", **place))
    text = (ROOT / "reports" / "workflow.rst").read_text(encoding="utf-8") + LINKS
    rendered = Environment(trim_blocks=True, lstrip_blocks=True).from_string(text).render(categories={(category.name,): {"": found}})
    return publish_parts(rendered, writer_name="html", settings_overrides={"halt_level": 2})["html_body"]


def test_the_report_opens_on_the_answer_of_each_run_and_points_at_its_summary(written, tmp_path):
    odd = "AutoCode_ *answers* 65.0&nbsp;% of GSM8K: |+3| \u2212 `x` &#x27;A&#x27;."
    pages = {"real": written(), "odd": f'<p class="answer">{odd}</p><p>no</p>', "none": "<p>no</p>"}
    text = opening(tmp_path, pages)
    said = re.findall(r"<strong>(\w+)</strong>: ([^\n]*?)</p>", text)
    answer = re.search(r'<p class="answer">(.*?)</p>', pages["real"])[1]
    assert said == [("real", answer), ("odd", odd), ("none", "this run tests no claim of its method.")]
    assert text.index("<strong>real") < text.index("Everything here")
    assert text.count("""href="javascript:show('1.%20Summary')">Summary</a>""") == 3


def test_beside_the_answers_the_report_opens_on_few_words(tmp_path):
    assert 50 < len(re.sub(r"<style.*?</style>|<[^>]*>", "", opening(tmp_path, {})).split()) < 150
