"""The page of responses: what it holds, that hostile text stays text, and that a browser without network shows it."""

import base64
import gzip
import json
import re
from html import unescape
from urllib.parse import urlencode

import polars as pl
import pytest
from support import results_tree as tree
from support.pages import chromium, cut_off, looked_at, opened

import browse_responses
from mathcode import paths, tables
from mathcode.methods.autocode.tables import Q_VALUES
from mathcode.report import browser

ODD = [
    "<script>document.title = 1</script>",
    "</script></article></body>",
    "&lt;b&gt; &amp;lt; &#60;",
    "$& $1 $$ $` \\\\ \\n \\u0041 \\frac{1}{2} {{data}} `${1+1}`",
    "a\u200bb\u200dc\ufeffd\u00ade",
    "\u202eright to left\u202c \u200f\u2067x",
    "bell\x07 escape\x1b[31m backspace\x08 \x7f\x85",
    "line\u2028paragraph\u2029end",
    "\U0001f600 e\u0301 \ufffd",
]
"""Texts that break pages that take them for anything but text."""
HOSTILE = '</script><img src=x onerror="document.title=1"><b>&amp; \u2028 ${1+1} {{data}}'
POLICY = "main/qwen2math/seed1/iter2"


def browse(root, chosen, *more: str) -> str:
    run = root / "results" / "test"
    benchmarks = [str(root / "data" / "benchmarks" / f"{name}.parquet") for name in chosen["benchmarks"]]
    flags = ["--method", "autocode", "--run", "test", "--results", str(run), "--plan", tree.as_json(chosen), "--benchmarks", *benchmarks]
    flags += ["--out", str(root / "responses.html"), *more]
    assert browse_responses.main(flags) == 0
    return (root / "responses.html").read_text()


def data_of(page: str) -> dict:
    packed = re.search(r'<script id="data" type="text/plain">([\w+/=]+)</script>', page)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A finished run whose first item of math is hostile in question, answer, program and output."""
    root, chosen = tmp_path_factory.mktemp("run"), tree.plan()
    tree.build(root, chosen)
    path = root / "results" / "test" / POLICY / "eval" / "auto" / "math" / "responses.parquet"
    frame = tables.ROLLOUTS.read(path).to_dicts()
    hostile = {
        "text": f"```python\n{HOSTILE}\n```\n```output",
        "program": HOSTILE,
        "output": HOSTILE,
        "result": HOSTILE,
        "error": HOSTILE,
        "outcome": "error",
    }
    frame[0]["rounds"] = [hostile, {"text": HOSTILE} | dict.fromkeys(("program", "output", "result", "error", "outcome"))]
    tables.ROLLOUTS.write(pl.DataFrame(frame, schema=tables.ROLLOUTS.schema), path)
    asked = tree.benchmark("math").with_columns(
        question=pl.when(pl.col("query_id") == "math-000").then(pl.lit(HOSTILE)).otherwise("question")
    )
    tables.QUERIES.write(asked, root / "data" / "benchmarks" / "math.parquet")
    return root, chosen, browse(root, chosen)


def test_every_policy_place_and_item_is_there(built):
    _, chosen, page = built
    data = data_of(page)
    trained = len(chosen["experiments"]) * chosen["iterations"]
    assert data["policies"][0]["id"] == "start/qwen2math/seed1"
    assert len(data["policies"]) == 1 + trained
    explored = [view for view in data["views"] if view["place"].startswith("explored queries")]
    assert [view["policy"] for view in explored] == ["start/qwen2math/seed1", "main/qwen2math/seed1/iter1"]
    assert len(data["views"]) == 2 * (1 + trained) + 2
    view = next(one for one in data["views"] if one["policy"] == POLICY and one["place"] == "math")
    assert len(view["items"]) == 40
    assert {"auto", "cot", "code", "label", "right_cot", "n_cot", "right_code", "n_code"} <= set(view["items"]["math-001"])


def test_verdicts_and_values_are_those_of_the_tables(built):
    root, _, page = built
    run = root / "results" / "test"
    views = {(view["policy"], view["place"]): view for view in data_of(page)["views"]}
    grades = tables.GRADES.read(run / POLICY / "eval/code/gsm8k/exact/grades.parquet")
    items = views[POLICY, "gsm8k"]["items"]
    assert {query: item["code"][1] for query, item in items.items()} == dict(grades.select("query_id", "outcome").iter_rows())
    assert views[POLICY, "gsm8k"]["rates"]["code"] == [grades["strict"].mean(), 40]
    values = Q_VALUES.read(run / "main/qwen2math/seed1/iter1/q_values.parquet")
    explored = views["start/qwen2math/seed1", "explored queries, start/qwen2math/seed1"]["items"]
    known = {row["query_id"]: row for row in values.iter_rows(named=True)}
    assert explored
    assert all(
        item["q_code"] == known[query]["q_code"] and item["prior_code"] == known[query]["prior_code"] for query, item in explored.items()
    )


def test_rollouts_whose_numbers_go_on_from_the_iteration_before_are_shown(tmp_path):
    """`explore.fresh_queries: false`: samples of the second exploration of the same queries begin at K."""
    chosen = tree.plan(benchmarks=["math"])
    run = tree.build(tmp_path, chosen)
    place = {"policy": "main/qwen2math/seed1/iter1", "place": "explored queries, main/qwen2math/seed1/iter1"}

    def explored() -> dict:
        return next(view for view in data_of(browse(tmp_path, chosen))["views"] if place.items() <= view.items())

    before = explored()
    for mode in ("native", "cot", "code"):
        for path in (paths.rollouts(place["policy"], mode), paths.rollout_grades(place["policy"], mode, "exact")):
            moved = pl.read_parquet(run / path).with_columns(pl.col("sample") + tree.SAMPLES)
            moved.write_parquet(run / path)
    assert len(before["items"]) == 20
    assert explored() == before


def test_the_same_items_for_all_policies_by_a_rule(built, tmp_path):
    root, chosen, _ = built
    data = data_of(browse(root, chosen, "--items", "7"))
    for place, held in data["places"].items():
        shown = [question[0] for question in held["questions"]]
        assert len(shown) == 7 < held["available"]
        for view in data["views"]:
            if view["place"] == place:
                assert set(view["items"]) <= set(shown)
    more = data_of(browse(root, chosen, "--items", "12"))
    assert all(more["places"][place]["questions"][:7] == held["questions"] for place, held in data["places"].items())


def test_it_stays_below_its_limit_or_says_that_it_cannot(built):
    root, chosen, page = built
    limit = len(page.encode()) - 1500
    smaller = browse(root, chosen, "--megabytes", str(limit / 1e6))
    assert len(smaller.encode()) <= limit
    assert 0 < len(data_of(smaller)["places"]["math"]["questions"]) < 40
    with pytest.raises(browser.BrowserError, match=r"does not fit into 0\.001 MB"):
        browse(root, chosen, "--megabytes", "0.001")


def test_it_is_the_same_when_made_again(built):
    root, chosen, page = built
    assert browse(root, chosen) == page


@pytest.mark.stage
def test_the_page_is_whole_in_a_browser_wide_narrow_and_dark(built, tmp_path):
    *_, page = built
    assert looked_at(chromium(), page, tmp_path, "autocode-responses") == {"wide": [], "phone": [], "dark": []}
    assert cut_off(chromium(), page, 1280, tmp_path) == ([], False)


@pytest.mark.stage
def test_hostile_text_is_shown_as_text_at_the_address_of_its_item(built, tmp_path):
    root, chosen, _ = built
    browse(root, chosen)
    link = urlencode({"policy": POLICY, "place": "math", "item": "math-000", "filter": "a program of auto failed"})
    document, console, asked = opened(chromium(), f"{(root / 'responses.html').as_uri()}#{link}", tmp_path)
    assert console == []
    assert asked == []
    item = document[document.index('<article id="item">') : document.index("</article>")]
    assert "<img" not in item
    assert unescape(item).count(HOSTILE) == 4  # question, program, output, second round
    assert "<title>Responses of run test</title>" in document
    assert "1 of 40 items" in document


@pytest.mark.stage
def test_odd_text_is_shown_as_it_was_written_and_comes_out_of_every_table(built, tmp_path):
    """Response, answer and output of an item hold it; the page shows what the tables hold, sign by sign."""
    root, chosen, _ = built
    wrapped = "\n".join(f"[{number}: {text}]" for number, text in enumerate(ODD))
    place = root / "results" / "test" / POLICY / "eval" / "auto" / "math"
    kept = {path: path.read_bytes() for path in place.rglob("*.parquet")}
    rows = tables.ROLLOUTS.read(place / "responses.parquet").to_dicts()
    last = {"text": wrapped} | dict.fromkeys(("program", "output", "result", "error", "outcome"))
    shown = {"text": "```python\n1\n```\n```output", "program": "1", "output": wrapped, "result": wrapped, "error": "", "outcome": "ok"}
    rows[0]["rounds"], rows[0]["response"] = [shown, last], wrapped
    tables.ROLLOUTS.write(pl.DataFrame(rows, schema=tables.ROLLOUTS.schema), place / "responses.parquet")
    assert tables.ROLLOUTS.read(place / "responses.parquet").to_dicts()[0]["response"] == wrapped
    grades = next(place.glob("*/grades.parquet"))
    answers = tables.GRADES.read(grades).with_columns(
        answer=pl.when(pl.col("query_id") == rows[0]["query_id"]).then(pl.lit(ODD[5])).otherwise("answer")
    )
    tables.GRADES.write(answers, grades)
    try:
        view = next(one for one in data_of(browse(root, chosen))["views"] if (one["policy"], one["place"]) == (POLICY, "math"))
        assert [part[0] for part in view["items"][rows[0]["query_id"]]["auto"][-1]] == [[["1", True]], [[wrapped, False]]]
        link = urlencode({"policy": POLICY, "place": "math", "item": rows[0]["query_id"]})
        document, console, asked = opened(chromium(), f"{(root / 'responses.html').as_uri()}#{link}", tmp_path)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert console == asked == []
    assert "<title>Responses of run test</title>" in document
    item = document[document.index('<article id="item">') : document.index("</article>")]
    assert "<script" not in item
    for number, text in enumerate(ODD):
        found = as_written(item).count(f"[{number}: {text}]")
        assert found == 2, text  # the output and the last text
    assert f'<bdi class="grey">{ODD[5]}</bdi>' in item


def as_written(markup: str) -> str:
    """Text of a page's markup; unlike `html.unescape` it leaves alone what no browser writes."""
    for name, sign in (("lt", "<"), ("gt", ">"), ("nbsp", "\u00a0"), ("quot", '"'), ("amp", "&")):
        markup = markup.replace(f"&{name};", sign)
    return markup


@pytest.mark.stage
def test_a_filter_and_a_search_choose_items(built, tmp_path):
    root, chosen, _ = built
    data = data_of(browse(root, chosen))
    items = next(view for view in data["views"] if view["policy"] == POLICY and view["place"] == "gsm8k")["items"].values()
    wanted = sum(item["auto"][1] != "correct" and item["code"][1] == "correct" for item in items)
    link = urlencode({"policy": POLICY, "place": "gsm8k", "filter": "auto wrong where code is right"})
    document, _, _ = opened(chromium(), f"{(root / 'responses.html').as_uri()}#{link}", tmp_path)
    assert f"{wanted} of 40 items" in document
    link = urlencode({"policy": "nobody", "place": "gsm8k", "search": "q39"})
    document, _, _ = opened(chromium(), f"{(root / 'responses.html').as_uri()}#{link}", tmp_path)
    assert "1 of 40 items" in document


FOCUSED = """
<script>
addEventListener("load", () => setTimeout(() => {
  for (const id of ["list", "matrix"]) {
    const buttons = () => [...document.getElementById(id).querySelectorAll("button")];
    buttons()[1].focus();
    buttons()[1].click();
    document.body.dataset[id] = buttons().indexOf(document.activeElement);
  }
}, 2000));
</script>
"""


@pytest.mark.stage
def test_the_keyboard_stays_where_something_was_chosen(built, tmp_path):
    *_, page = built
    (tmp_path / "focused.html").write_text(page.replace("</body>", FOCUSED + "</body>"))
    document, console, _ = opened(chromium(), tmp_path / "focused.html", tmp_path)
    assert console == []
    assert 'data-list="1"' in document
    assert 'data-matrix="1"' in document
