"""Methodologies that a run adds to CoT and code: what is asked and recognised, and the formulas over three, by hand."""

import itertools
import json
import math

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import results_tree as tree
from support.running import ROOT

from mathcode import configuration, methods, settings
from mathcode.methods.autocode import METHOD, artifacts, demonstrations, dictations, estimation, methodologies, selection
from mathcode.methods.autocode.methodologies import Methodology, all_of, form_of
from mathcode.methods.autocode.settings import Estimate
from mathcode.methods.autocode.tables import q_values_with, reference_strategy_with
from mathcode.paths import Policy

SKETCH = Methodology(label="sketch", cue="Let's sketch a plan first.", hint="Better sketch a plan.", opening=r"Plan\b")
THREE = all_of({"sketch": SKETCH})
FORM = form_of(THREE)
PROGRAM = "```python\nprint(5)\n```\n"
HARD = Estimate(rule="prior_times_q", alpha=math.inf)


def test_it_is_asked_for_by_its_cue_or_by_its_own_line():
    assert dictations.render("plain", "sketch", "1 + 1?", THREE) == "1 + 1?\nLet's sketch a plan first.\n"
    told = all_of({"sketch": SKETCH.model_copy(update={"dictation": "Plan!", "dictations": {"alpaca": "Plan, please!"}})})
    assert dictations.render("plain", "sketch_sampled", "1 + 1?", told) == "1 + 1?\nPlan!\n"
    assert "1 + 1?\nPlan, please!\n" in dictations.render("alpaca", "sketch", "1 + 1?", told)
    assert dictations.render("plain", "code", "1 + 1?", told) == dictations.render("plain", "code", "1 + 1?")


@pytest.mark.parametrize(
    ("attempt", "methodology"),
    [
        (f"{SKETCH.cue}\n{PROGRAM}", "sketch"),
        (f"\n{SKETCH.cue} It is 5.", "sketch"),
        (f"Plan: add.\n{PROGRAM}", "sketch"),
        ("Plan: add. It is 5.", "cot"),
        (f"Planned.\n{PROGRAM}", "code"),
        (f"Add. Plan: none.\n{PROGRAM}", "code"),
        (f"Let's write a program.\nPlan: add.\n{PROGRAM}", "code"),
    ],
)
def test_it_is_recognised_by_cue_or_opening(attempt, methodology):
    assert FORM.methodology(attempt) == methodology


def test_its_hint_divides_attempts():
    text = f"5 is it. {SKETCH.hint}\nPlan: add.\n{PROGRAM}"
    assert [FORM.methodology(attempt) for attempt in FORM.attempts(text)] == ["cot", "sketch"]


def test_solutions_that_begin_as_it_are_shown_as_it():
    pairs = pl.DataFrame({"question": ["q"] * 2, "methodology": ["code"] * 2, "solution": [f"Plan: add.\n{PROGRAM}", PROGRAM]})
    *_, first, second = demonstrations.texts(pairs, "plain", THREE)
    assert (first, second) == (f"{SKETCH.cue}\nPlan: add.\n{PROGRAM}", f"Let's write a program.\n{PROGRAM}")


def explored(counts: dict[str, tuple[int, int]], native: dict[str, int]) -> pl.DataFrame:
    """Grades of a query: right and all rollouts of each dictated mode, and native ones by what they chose."""
    rows = [tree.grade("q", mode, mode, n < right, sample=n) for mode, (right, total) in counts.items() for n in range(total)]
    chosen = [name for name, count in native.items() for _ in range(count)]
    return tree.grades(rows + [tree.grade("q", "native", name, True, sample=n) for n, name in enumerate(chosen)])


def estimated(counts, native, estimate=HARD) -> tuple[dict, dict]:
    values = estimation.estimate_q_values(explored(counts, native))
    assert list(values.columns) == list(q_values_with(["sketch"]).columns)
    strategy = estimation.reference_strategy(values, estimate, 1)
    assert strategy.schema == reference_strategy_with(["sketch"]).schema
    return values.row(0, named=True), strategy.row(0, named=True)


def test_priors_and_q_values_of_three():
    values, strategy = estimated({"cot": (1, 4), "code": (3, 4), "sketch": (2, 4)}, {"cot": 2, "code": 1, "sketch": 5})
    assert [values[f"q_{name}"] for name in THREE] == [0.25, 0.75, 0.5]
    assert (values["prior_code"], values["prior_sketch"], values["n_sketch"]) == (0.125, 0.625, 4)
    assert values["p_sketch_better"] == pytest.approx(0.755, abs=0.01)
    assert strategy["label"] == "sketch"  # 0.625 x 0.5 is more than 0.125 x 0.75 and 0.25 x 0.25
    assert [strategy[f"s_{name}"] for name in THREE] == [0.0, 0.0, 1.0]
    assert (
        estimated({"cot": (1, 4), "code": (3, 4), "sketch": (2, 4)}, {"cot": 1}, Estimate(rule="q", alpha=math.inf))[1]["label"] == "code"
    )


def test_ties_of_three_go_to_the_higher_q_value_and_then_to_the_order():
    never_native = {"cot": 0, "code": 0, "sketch": 4}
    _, strategy = estimated({"cot": (1, 4), "code": (3, 4), "sketch": (0, 4)}, never_native)
    assert (strategy["label"], strategy["tie"]) == ("code", True)  # all products are 0
    _, strategy = estimated({"cot": (0, 4), "code": (2, 4), "sketch": (2, 4)}, {"cot": 2, "code": 1, "sketch": 1})
    assert (strategy["label"], strategy["tie"]) == ("code", True)


def test_what_never_complied_is_not_chosen_and_alone_there_is_no_choice():
    grades = explored({"cot": (1, 2), "code": (2, 2), "sketch": (2, 2)}, {"cot": 1, "code": 1})
    disobeyed = grades.with_columns(methodology=pl.when(pl.col("mode") == "sketch").then(pl.lit("code")).otherwise("methodology"))
    row = estimation.reference_strategy(estimation.estimate_q_values(disobeyed), HARD, 1).row(0, named=True)
    assert (row["label"], row["s_sketch"]) == ("code", 0.0)
    alone = disobeyed.filter(pl.col("mode") != "code")
    assert estimation.reference_strategy(estimation.estimate_q_values(alone), HARD, 1)["label"].item() is None


@given(st.lists(st.floats(0, 1), min_size=3, max_size=5), st.floats(0.01, 50))
def test_the_softmax_over_any_number(scores, alpha):
    named = {f"m{number}": score for number, score in enumerate(scores)}
    found = np.array(list(estimation.shares(named, alpha).values()))
    weights = np.exp(alpha * np.array(scores))
    assert found == pytest.approx(weights / weights.sum(), abs=1e-12)


def test_labels_of_a_soft_strategy_are_drawn_by_its_shares():
    rows = [
        tree.grade(f"q{query}", mode, mode, right, sample=0)
        for query in range(3000)
        for mode, right in (("cot", False), ("code", True), ("sketch", True))
    ]
    values = estimation.estimate_q_values(tree.grades(rows))
    drawn = estimation.reference_strategy(values, Estimate(rule="q", alpha=1.0), 1)
    share = math.e / (1 + 2 * math.e)
    counts = dict(drawn["label"].value_counts().iter_rows())
    assert [counts[name] / 3000 for name in THREE] == pytest.approx([1 - 2 * share, share, share], abs=0.03)


def test_selection_and_alignment_of_three():
    lines = {"cot": ("10", "00", "00"), "code": ("00", "11", "00"), "sketch": ("11", "11", "00")}
    sampled = {
        name: [tree.grade(f"q{n}", name, name, one == "1", sample=k) for n, line in enumerate(rows) for k, one in enumerate(line)]
        for name, rows in lines.items()
    }
    labels = selection.selection_labels(**{name: tree.grades(rows) for name, rows in sampled.items()})
    assert labels["label"].to_list() == ["sketch", "code", None]
    auto = tree.grades([tree.grade(f"q{n}", "auto", name, True) for n, name in enumerate(["sketch", "sketch", "cot"])])
    found = selection.selection(auto, labels)
    assert found.preferred == {"cot": 0, "code": 1, "sketch": 1}
    assert (found.recall, found.macc) == ({"cot": None, "code": 0.0, "sketch": 1.0}, None)
    assert selection.certain_labels(labels, 0.85).height < selection.certain_labels(labels, 0.5).height == 2
    right = {"cot": [True, False, False], "code": [False, True, False], "sketch": [True, True, False]}
    graded = {name: tree.grades([tree.grade(f"q{n}", name, name, one) for n, one in enumerate(ones)]) for name, ones in right.items()}
    classes = selection.alignment_classes(auto, **graded)["alignment"].to_list()
    assert classes == ["allow_code", "strict", "strict"]


def test_a_run_tells_programs_what_it_adds_and_other_runs_nothing(tmp_path):
    for path in (ROOT / "config").rglob("*.yaml"):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(ROOT)).write_text(path.read_text())
    run = {"extends": "demo", "methodologies": {"sketch": {"label": "s", "cue": "Plan!", "hint": "Plan?"}}}
    (tmp_path / "config/runs/sketch.yaml").write_text(yaml.safe_dump(run))
    with pytest.raises(settings.SettingsError, match=r"experiment 'main': key 'explore\.modes' lacks 'sketch'"):
        configuration.load(tmp_path / "config")
    run |= {"explore": {"modes": ["native", "cot", "code", "sketch"]}}
    (tmp_path / "config/runs/sketch.yaml").write_text(yaml.safe_dump(run))
    config = configuration.load(tmp_path / "config")
    told = {name: configuration.METHODS[one.method].told(one) for name, one in config.runs.items()}
    assert {name for name, text in told.items() if text not in configuration.METHODS} == {"sketch"}
    method = methods.method_of(told["sketch"])
    assert list(method.modes) == [
        *("native", "native_extra", "cot", "code", "sketch", "auto", "cot_sampled", "code_sampled", "sketch_sampled"),
    ]
    assert method.form.first_methodology("Plan! It is 5.") == "sketch"
    assert "recall_sketch" in method.item("table", "selection").columns
    assert config.method("demo") is METHOD
    explore = config.runs["sketch"].explore
    assert (explore.rollouts, explore.samples + explore.extra) == (32, 32)  # standard RL has as many
    unequal = yaml.safe_dump(run | {"explore": run["explore"] | {"extra_native_samples": 16}})
    (tmp_path / "config/runs/sketch.yaml").write_text(unequal)
    with pytest.raises(settings.SettingsError, match=r"'explore\.extra_native_samples' is 16: native rollouts are then 24 .* null makes"):
        configuration.load(tmp_path / "config")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"native": SKETCH}, "methodology 'native': that name stands for something else"),
        ({"cot": SKETCH}, "methodology 'cot': that name stands for something else"),
        (
            {"sketch": SKETCH.model_copy(update={"cue": "Let's write"})},
            "the cue of methodology 'sketch' cannot be told from",
        ),
        ({"a": SKETCH, "b": SKETCH}, "the cue of methodology 'b' cannot be told from that of 'a'"),
        ({"sketch": SKETCH.model_copy(update={"hint": ""})}, "the hint of methodology 'sketch'"),
        ({"sketch": SKETCH.model_copy(update={"opening": "("})}, "methodology 'sketch': its opening is not a regular expression"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(changed, said):
    with pytest.raises(settings.SettingsError, match=said):
        methodologies.check(changed)


@pytest.mark.parametrize("told", ["autocod", "{}", '{"name": "x"}', "[]", json.dumps({"name": "siam", "methodologies": {}})])
def test_a_method_that_is_none_is_refused(told):
    with pytest.raises(settings.SettingsError, match="--method"):
        methods.method_of(told)


def test_a_mode_that_no_methodology_has_is_refused_with_the_nearest():
    with pytest.raises(settings.SettingsError, match="unknown mode 'skech'; there are: native"):
        configuration.load(ROOT / "config", {"demo": {"explore": {"modes": ["native", "skech"]}}})
    with pytest.raises(settings.SettingsError, match="unknown mode 'coed'; did you mean 'code'"):
        configuration.load(ROOT / "config", {"demo": {"explore": {"modes": ["native", "coed"]}}})


def test_no_two_orders_give_other_labels():
    grades = explored({"cot": (1, 4), "code": (3, 4), "sketch": (2, 4)}, {"cot": 2, "code": 1, "sketch": 5})
    parts = [grades.filter(pl.col("mode") == mode) for mode in ("native", *THREE)]
    found = [estimation.estimate_q_values(pl.concat(order)) for order in itertools.permutations(parts)]
    assert all(one.equals(found[0]) for one in found)


def test_queries_that_are_explored_again_get_other_samples(shipped):
    run = shipped.runs["demo"]
    policies = [Policy("start", "tiny", 1), Policy("main", "tiny", 1, 1)]
    assert [artifacts.samples(run, "cot", policy=policy) for policy in policies] == [range(8)] * 2  # each its own slice
    for changed in ({"queries_per_iteration": None}, {"fresh_queries": False}):
        again = run.model_copy(update={"explore": run.explore.model_copy(update=changed)})
        first, other = (artifacts.samples(again, "cot", policy=policy) for policy in policies)
        assert not {*first} & {*other}
