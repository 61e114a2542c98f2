"""The results that README and docs/status.md tell are those that are stored, to the digit."""

import csv
import textwrap

import pytest
from support.documentation import rows, section
from support.running import ROOT

SCREEN = (45, 110)
"""Lines of a screen, and the characters of a line."""


def stored(name: str) -> list[dict[str, str]]:
    """Rows of a file of docs/results."""
    with (ROOT / "docs" / "results" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ends(row: dict[str, str], low: str, high: str) -> str:
    return f"[{row[low]}, {row[high]}]"


def accuracy(row: dict[str, str]) -> str:
    return f"{row['accuracy']} {ends(row, 'accuracy_low', 'accuracy_high')}"


def bold(text: str, row: dict[str, str]) -> str:
    return f"**{text}**" if row["ours"] else text


def with_sign(value: str) -> str:
    return value if value.startswith("-") else f"+{value}"


def test_readme_shows_the_stored_results_of_autocode():
    found = stored("demo_evidence")
    test, shifted = ([row for row in found if row["benchmark"] == name] for name in ("arithmetic_test", "arithmetic_ood"))
    assert len(test) + len(shifted) == len(found)
    wanted = [
        [row["policy"], row["mode"], bold(accuracy(row), row), bold(row["code_rate"], row), bold(accuracy(other), other)]
        for row, other in zip(test, shifted, strict=True)
    ]
    assert list(rows(section("README.md", "## What comes out")))[1 : 1 + len(wanted)] == wanted


def test_readme_shows_the_stored_results_of_siam():
    wanted = [[row["learned_from"], bold(accuracy(row), row)] for row in stored("siam_demo_evidence")]
    assert list(rows(section("README.md", "## What comes out")))[-len(wanted) :] == wanted


def test_sentences_of_the_readme_hold_stored_effects():
    text = section("README.md", "## What comes out")
    effects = {(row["claim"], row["items"]): row for row in stored("demo_evidence_claims")}
    for claim, row in effects.items():
        if row["unit"] == "points":
            assert f"{row['effect']} points {ends(row, 'low', 'high')}" in text, claim
    saved = effects["auto runs fewer programs than the start policy dictated to code", "`arithmetic_test`"]
    rounded = [f"{float(saved[name]):.0f}" for name in ("effect", "low", "high")]
    assert f"{rounded[0]} % [{rounded[1]}, {rounded[2]}] fewer programs" in text
    for name, sign in (("lenient rule", 1), ("exact judge", -1)):
        row = next(row for row in stored("siam_demo_evidence") if row["filter"] == name)
        low, high = sorted(sign * float(row[end]) for end in ("difference_low", "difference_high"))
        assert f"{sign * float(row['difference_from_critic'])} points [{low}, {high}]" in text, name


def test_the_second_test_of_the_main_claim_is_told_as_it_is_stored():
    """In README by its bullet and the table of runs, in status by its row."""
    gain = {row["items"]: f"{row['gain']}{{}} {ends(row, 'low', 'high')}" for row in stored("demo_claim")}
    items, clean = gain["`arithmetic_test`"].format(" points"), gain["`arithmetic_test`, no overlap"]
    (bullet,) = [line for line in section("README.md", "## What comes out").splitlines() if "`demo_claim`" in line]
    assert f"{items} on all items and {clean.format(' points')} on items without overlap" in bullet
    for page in ("README.md", "docs/status.md"):
        (told,) = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| `demo_claim` |")]
        assert items in told
        assert f"+{clean.format('')}" in told


def test_what_beat_em_on_one_seed_is_told_as_it_is_stored():
    q_rule, released = (row for row in stored("demo_frontier") if row["experiment"] in ("q_rule", "released_objective"))
    (bullet,) = [line for line in section("README.md", "## What comes out").splitlines() if "`demo_frontier`" in line]
    gains = [f"{row['difference']} points {ends(row, 'low', 'high')}" for row in (q_rule, released)]
    assert f"Q alone gains {gains[0]} over EM and the released objective {gains[1]}" in bullet
    for page in ("README.md", "docs/status.md"):
        (told,) = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| `demo_frontier` |")]
        assert all(f"+{row['difference']} " in told and ends(row, "low", "high") in told for row in (q_rule, released))
    logged = list(rows(section("docs/log.md", "## 2026-12-01: What came out of the comparison of all that beat EM on one seed")))
    assert [row[:2] for row in logged[1:]] == [[f"`{row['experiment']}`", accuracy(row)] for row in stored("demo_frontier")]


def test_status_tells_the_same_claims():
    told = [row for row in rows(section("docs/status.md", "### What the demo shows and does not show")) if len(row) == 5][1:]
    wanted = []
    for row in stored("demo_evidence_claims"):
        value = {"points": f"{with_sign(row['effect'])} points", "% fewer": f"{row['effect']} % fewer", "%": f"code rate {row['effect']} %"}
        wanted.append([row["claim"], row["items"], f"{value[row['unit']]} {ends(row, 'low', 'high')}", row["p_value"], row["verdict"]])
    assert told == wanted


def test_status_tells_the_same_of_filters():
    evidence = rows(section("docs/status.md", "### The evidence of the demo of SIaM"))
    told = {row[0].strip("*"): row for row in evidence if len(row) == 6}
    for row in stored("siam_demo_evidence"):
        shown = told[row["filter"]]
        assert accuracy(row) == (shown[2] or shown[1])
        if row["difference_from_critic"]:
            difference = f"{with_sign(row['difference_from_critic'])} {ends(row, 'difference_low', 'difference_high')}"
            assert shown[3].strip("*") == difference


def test_the_readme_comes_to_results_within_two_screens():
    before = (ROOT / "README.md").read_text(encoding="utf-8").partition("## What comes out")[0]
    lines, characters = SCREEN
    assert sum(max(1, len(textwrap.wrap(line, characters))) for line in before.splitlines()) <= 2 * lines


def test_the_drawing_of_the_readme_names_rules_that_there_are():
    drawing = section("README.md", "## The pipeline").split("```mermaid\n")[1].split("```")[0]
    named = {part for part in drawing.replace("<br>", " ").replace('"', " ").split() if part.endswith(".smk")}
    there = {str(path.relative_to(ROOT / "rules")) for path in (ROOT / "rules").rglob("*.smk")}
    helpers = {
        name
        for name in there
        if not any(line.lstrip().startswith(("rule ", "rule:", "use rule ")) for line in (ROOT / "rules" / name).read_text().splitlines())
    }
    assert named <= there
    taken_over = {
        "siam/evaluate.smk",
        "siam/together.smk",
        "autocode/adaptive.smk",
        "autocode/methodologies.smk",
        "external.smk",
    }  # the same stage, and what is no part of a run
    assert named == there - helpers - taken_over


@pytest.mark.parametrize("name", ["demo_evidence", "siam_demo_evidence"])
def test_stored_results_lie_within_their_intervals(name):
    for row in stored(name):
        assert float(row["accuracy_low"]) <= float(row["accuracy"]) <= float(row["accuracy_high"])
