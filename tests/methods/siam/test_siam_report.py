"""The tables, figures and pages of a run of SIaM, from a synthetic results tree whose numbers are known."""

import base64
import gzip
import json
import re
import shutil
from urllib.parse import urlencode

import polars as pl
import pytest
from support import siam_tree as tree
from support.pages import chromium, cut_off, looked_at, opened

import browse_responses
import plot_figures
import tabulate_results
import write_summary
from mathcode import paths
from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import examples, places
from mathcode.methods.siam.report.columns import COLUMNS
from mathcode.methods.siam.report.lines import LINES
from mathcode.report import canvas
from mathcode.report.results import ResultsError

COSTS = "stage,jobs,gpus,hours,gpu_hours,cpu_hours,longest_hours,peak_memory_gb\nSFT,2,0,1.5,0,3.0,1.0,4.5\nall,2,,1.5,0,3.0,1.0,4.5\n"
ABOUT = {
    "description": "A toy",
    "queries": ["forms"],
    "sft": ["forms_seed"],
    "queries_per_iteration": None,
    "samples": 4,
    "engine": "transformers",
    "hardware": "0 GPUs",
}
NOT_TESTABLE = "not testable at this size"
SMALL = {"experiments": {"main": "critic"}, "filters": {"main": "critic_main"}, "preferences": {}}
"""A run of the method alone, without arms and alignments."""


def flags(root, chosen) -> list[str]:
    run = root / "results" / "test"
    told = ["--method", "siam", "--results", str(run), "--plan", tree.as_json(chosen)]
    return [*told, "--benchmarks", *tree.benchmarks(root, chosen)]


def tabulate(root, chosen) -> dict[str, pl.DataFrame]:
    out = root / "results" / "test" / "tables"
    tabulate_results.main([*flags(root, chosen), "--out-dir", str(out)])
    assert sorted(path.stem for path in out.iterdir()) == sorted(table.name for table in METHOD.tables)
    return {path.stem: pl.read_csv(path, infer_schema_length=None) for path in out.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A finished run of one seed: (root, plan, tables)."""
    root, chosen = tmp_path_factory.mktemp("siam"), tree.plan()
    tree.build(root, chosen)
    return root, chosen, tabulate(root, chosen)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """The same of three seeds that do not differ."""
    root, chosen = tmp_path_factory.mktemp("siam_seeds"), tree.plan(seeds=[1, 2, 3], **SMALL)
    tree.build(root, chosen)
    return root, chosen, tabulate(root, chosen)


def one(frame: pl.DataFrame, **wanted) -> dict:
    conditions = [pl.col(column).is_null() if value is None else pl.col(column) == value for column, value in wanted.items()]
    rows = frame.filter(*conditions).rows(named=True)
    assert len(rows) == 1, (wanted, len(rows))
    return rows[0]


def line(frames: dict[str, pl.DataFrame], name: str) -> dict:
    return one(frames["claims"], claim=next(claim.text for claim in LINES if claim.name == name))


def test_every_column_is_declared_and_has_a_meaning(built):
    *_, frames = built
    for table in METHOD.tables:
        assert frames[table.name].columns == list(table.columns)
        assert all(COLUMNS.meaning(column) for column in table.columns)


def test_settings_and_bounds_that_are_not_the_papers_are_marked_where_they_are_printed():
    for column in ("threshold", "beta", "odds_weight", "likelihood_weight", "normalisation", "length_normalised"):
        assert "our choice" in COLUMNS.meaning(column), column
    assert {claim.name for claim in LINES if "our choice" in claim.text} == {"accepts", "agrees", "language", "attacks"}


def test_main_has_the_papers_line_part_by_part(built):
    *_, frames = built
    main = frames["main"]
    assert main["policy"].unique(maintain_order=True).to_list()[:5] == ["base", "M_seed", "M_0", "M_1", "M_2"]
    assert main["part"].unique(maintain_order=True).to_list() == list(places.PARTS_OF_TESTS)
    row = one(main, policy="M_2", part="outside")
    assert (row["n"], row["accuracy"], row["delta"], row["grader"]) == (20, 95.0, 75.0, "oracle")
    assert row["delta_low"] < 75 < row["delta_high"]
    assert row["delta_p"] == pytest.approx(2 * 0.5**15, rel=0.05)
    assert one(main, policy="M_0", part="outside")["delta"] is None
    assert row["ran"] == 100.0
    assert one(main, policy="M_2", part="seed")["contaminated"] == 1
    assert set(main["data"]) == {places.GENERATED}


def test_published_numbers_say_whose_they_are(tmp_path):
    family = {"label": "tiny", "published": {"siam": "SIaM"}}
    chosen = tree.plan(families={"tiny": family}, benchmarks=["forms_tests", "gsm8k"], **SMALL)
    tree.build(tmp_path, chosen)
    main = tabulate(tmp_path, chosen)["main"]
    assert one(main, policy="M_2", part="outside")["published_gain"].startswith("up to +4.4")
    last = one(main, policy="M_2", benchmark="gsm8k")
    assert (last["part"], last["data"], last["published_accuracy"]) == ("out of domain", "public", "81.5 (second-hand, unverified)")
    assert one(main, policy="M_1", benchmark="gsm8k")["published_accuracy"] == "not available"


def test_a_benchmark_of_the_seeds_domain_says_nothing_of_generalisation(tmp_path):
    chosen = tree.plan(benchmarks=["forms_tests", "gsm8k"], in_domain=["gsm8k"], **SMALL)
    tree.build(tmp_path, chosen)
    frames = tabulate(tmp_path, chosen)
    assert one(frames["main"], policy="M_2", benchmark="gsm8k")["part"] == "in domain"
    assert line(frames, "generalises")["benchmark"] == "forms_tests: outside"


def test_filters_are_audited_and_compared_with_the_critic(built):
    *_, frames = built
    critic, rule = (one(frames["filter"], experiment=name, iteration=2, part="outside") for name in ("main", "rule"))
    assert (critic["judge"], critic["kept"], critic["audited"], critic["audited_precision"]) == ("critic_main", 40, 40, 95.0)
    assert (rule["kept"], rule["audited_precision"], rule["difference_from_main"], rule["threshold"]) == (20, 100.0, -30.0, None)
    assert critic["difference_from_main"] is None


def test_scaling_compares_with_in_domain_data_and_with_the_seed_alone(built):
    *_, frames = built
    row = one(frames["scaling"], experiment="in_domain", iteration=2, part="outside")
    assert (row["delta"], row["difference_from_main"], row["steps"], row["tokens"]) == (5.0, -70.0, 12, 1200)
    assert one(frames["scaling"], experiment="seed_only", iteration=1, part="seed")["accuracy"] == 95.0
    assert "on the start's data alone: +80.0" in line(frames, "generalises")["detail"]


def test_alignment_has_accuracy_lengths_and_what_the_loss_says(built):
    *_, frames = built
    row = one(frames["alignment"], preference="dpo0", part="outside")
    assert (row["loss"], row["beta"], row["likelihood_weight"], row["normalisation"]) == ("dpo", 0.1, 0.0, "mean")
    assert (row["delta_from_unaligned"], row["delta_from_control"], row["pairs"]) == (5.0, -5.0, 6)
    assert (row["length_mean"], row["length_delta"], row["length_cut"], row["length_endless"]) == (17.0, 1.0, 0.0, 0.0)
    assert row["sampled_delta"] == 6.0
    assert row["sampled_mean_low"] < row["sampled_mean"] < row["sampled_mean_high"]
    assert (row["chosen_right"], row["rejected_wrong"]) == (100.0, 83.33)  # one of six rejected ones is right
    assert (row["reward_accuracy"], row["chosen_reward"], row["rejected_reward"]) == (90.0, -0.2, -1.7)
    assert (row["chosen_logprob"], row["rejected_logprob"]) == (-6.5, -9.25)
    control = one(frames["alignment"], preference="chosen", part="outside")
    assert (control["loss"], control["likelihood_weight"], control["delta_from_control"]) == ("likelihood", None, None)
    before = one(frames["alignment"], preference=None, part="outside")
    assert (before["policy"], before["accuracy"], before["length_mean"], before["delta_from_unaligned"]) == ("M_1", 80.0, 16.0, None)


def test_data_tell_the_way_from_questions_to_kept_programs(built):
    *_, frames = built
    row = one(frames["data"], experiment="main", iteration=1)
    assert (row["language"], row["questions"], row["samples"], row["accepted_share"], row["kept"]) == ("en", 50, 100, 40.0, 40)
    assert (row["distinct"], row["audited_precision"], row["audited_recall"], row["auditor"]) == (20, 95.0, pytest.approx(79.17), "oracle")
    assert row["rule_agreement"] == 60.0  # of 100 both accept 10, both refuse 50
    assert one(frames["data"], experiment="start")["pool"] == "seed_set"


def test_the_critic_is_measured_beside_rules(built):
    *_, frames = built
    critic, rule = (one(frames["critic"], judge=judge, answer_type="all") for judge in ("critic_main", "exact"))
    assert (critic["n"], critic["yes"], critic["recall"], critic["precision"]) == (160, 80, 90.0, pytest.approx(100 * 72 / 74, abs=0.01))
    assert critic["kappa"] == pytest.approx(100 * (150 / 160 - 0.5) / 0.5, abs=0.01)
    assert critic["recall_low"] < 90 < critic["recall_high"]
    assert (rule["precision"], rule["recall"], rule["auroc"]) == (100.0, 50.0, None)
    assert critic["auroc"] is not None
    assert (critic["by_rule"], rule["label"]) == (0.0, "strict rule")
    assert (critic["taught_references"], rule["taught_references"]) == (100.0, None)  # all are 1
    assert one(frames["critic"], judge="exact", answer_type="integer")["recall"] == 100.0
    cascade = one(frames["critic"], judge="cascade_main", answer_type="all")
    assert (cascade["recall"], cascade["label"]) == (95.0, "critic; asked where the strict rule refuses")


def test_attacks_are_counted_by_kind(built):
    *_, frames = built
    row = one(frames["attacks"], judge="critic_main", attack="yes")
    assert (row["n"], row["accepted"], row["accepted_low"]) == (50, 0.0, 0.0)
    assert one(frames["attacks"], judge="exact", attack="all")["n"] == 100


def test_judges_are_compared_on_the_same_responses(built):
    *_, frames = built
    row = one(frames["agreement"], policy="M_2", experiment="main", part="outside", judge="exact")
    assert (row["n"], row["score_against"], row["score"], row["difference"], row["same"]) == (20, 95.0, 70.0, -25.0, 75.0)
    assert row["ranked"] == 15
    by_rule = one(frames["agreement"], policy="M_2", experiment="main", part="outside", judge="critic_main", against="exact")
    assert (by_rule["score"], by_rule["score_against"], by_rule["difference"]) == (85.0, 70.0, 15.0)
    assert 0 < row["tau_b"] <= 100


def test_one_language_tests_nothing(built):
    *_, frames = built
    row = one(frames["crosslingual"])
    assert (row["language"], row["learned_from"], row["verdict"]) == ("en", "en", NOT_TESTABLE)


def test_a_critic_of_one_language_is_tested_on_another(tmp_path):
    chosen = tree.plan(case_sets={"zh": "both languages"}, **SMALL)
    tree.build(tmp_path, chosen)
    frames = tabulate(tmp_path, chosen)
    own, other = (one(frames["crosslingual"], language=language) for language in ("en", "zh"))
    assert (own["n"], other["n"], other["learned_from"], other["verdict"]) == (80, 80, "en", None)
    row = line(frames, "language")
    assert (row["value"], row["n"], row["benchmark"]) == (pytest.approx(other["kappa"], abs=0.01), 80, "zh")
    assert row["verdict"] in ("shown", "not shown")


def test_families_and_literals_are_counted(built):
    *_, frames = built
    first, second = (one(frames["families"], experiment="main", iteration=number, type="bill") for number in (1, 2))
    assert (first["domain"], first["kept"], first["share"]) == ("seed", 20, 50.0)
    assert second["cumulative"] == first["cumulative"] + 20
    assert one(frames["families"], experiment="rule", iteration=1, type="clock")["kept"] == 0  # asked for, and none accepted
    row = one(frames["hacked"], experiment="main", iteration=1)
    assert (row["literal"], row["literal_share"], row["executions"], row["programs_failed"]) == (2, 5.0, 100, 0.0)


def test_eight_lines_say_what_was_shown(built):
    *_, frames = built
    assert frames["claims"].height == 8
    verdicts = {
        "accepts": "not shown",
        "generalises": "shown",
        "in_domain": "shown",
        "alignment": "not shown",
        "lengths": "not shown",
        "language": NOT_TESTABLE,
        "attacks": NOT_TESTABLE,
    }
    assert {name: line(frames, name)["verdict"] for name in verdicts} == verdicts
    assert (line(frames, "generalises")["value"], line(frames, "generalises")["n"]) == (75.0, 20)
    assert (line(frames, "in_domain")["value"], line(frames, "lengths")["value"]) == (70.0, 6.0)
    assert "M_1 - M_0: +60.0" in line(frames, "generalises")["detail"]
    assert "precision, critic minus rule: -2.7" in line(frames, "accepts")["detail"]
    tested = [row for row in frames["claims"].rows(named=True) if row["p_value"] is not None]
    assert all(row["adjusted_p"] >= row["p_value"] for row in tested)
    smallest = min(tested, key=lambda row: row["p_value"])
    assert smallest["adjusted_p"] == pytest.approx(len(tested) * smallest["p_value"], rel=0.06)


def test_several_seeds_keep_the_estimates_and_tell_them_with_seeds(seeds, built):
    *_, frames = seeds
    for name, column, wanted in (
        ("main", "accuracy", {"policy": "M_2", "part": "outside"}),
        ("critic", "kappa", {"judge": "critic_main", "answer_type": "all"}),
        ("critic", "auroc", {"judge": "critic_main", "answer_type": "all"}),
        ("agreement", "kappa", {"policy": "M_2", "experiment": "main", "part": "outside", "judge": "exact"}),
    ):
        row = one(frames[name], **wanted)
        assert row["seeds"] == 3
        assert row[column] == pytest.approx(one(built[2][name], **wanted)[column], abs=0.02)
    assert one(frames["filter"], experiment="main", iteration=1, part="seed")["audited"] == 120


def test_what_a_run_did_not_leave_is_blank(tmp_path):
    chosen = tree.plan(**SMALL)
    run = tree.build(tmp_path, chosen)
    for folder in ("start/tiny/seed1/training_log.parquet", "cases/test/seed1/critic_main", "seeded/tiny/seed1/explore"):
        path = run / folder
        path.unlink() if path.is_file() else shutil.rmtree(path)
    frames = tabulate(tmp_path, chosen)
    assert frames["alignment"].is_empty()
    assert one(frames["critic"], judge="critic_main", answer_type="all")["precision"] is None
    row = one(frames["data"], experiment="start")
    assert (row["samples"], row["audited_precision"], row["kept"]) == (None, None, 20)
    assert {line(frames, name)["verdict"] for name in ("accepts", "agrees", "in_domain", "alignment", "attacks")} == {NOT_TESTABLE}
    plot_figures.main([*flags(tmp_path, chosen), "--run", "toy", "--out-dir", str(tmp_path / "figures")])


def test_a_run_without_its_benchmarks_says_what_is_missing(built):
    root, chosen, _ = built
    told = [flag for flag in flags(root, chosen) if flag != "--benchmarks" and not flag.startswith(str(root / "data"))]
    with pytest.raises(ResultsError, match="--benchmarks"):
        tabulate_results.main([*told, "--out-dir", str(root / "nowhere")])


@pytest.mark.stage
def test_figures_are_drawn_and_equal_results_give_equal_bytes(built):
    root, chosen, _ = built
    for folder in ("figures", "again"):
        plot_figures.main([*flags(root, chosen), "--run", "toy", "--out-dir", str(root / folder)])
    for figure in METHOD.figures:
        assert (root / "figures" / f"{figure.name}.pdf").stat().st_size > 2000
        assert (root / "figures" / f"{figure.name}.svg").read_bytes() == (root / "again" / f"{figure.name}.svg").read_bytes()


def summary_of(built, figure: str = "<svg/>") -> str:
    """The page to read first, as written."""
    root, chosen, _ = built
    run = root / "results" / "test"
    (root / "costs.csv").write_text(COSTS)
    (root / "figure.svg").write_text(figure)
    told = [*flags(root, chosen), "--run", "toy", "--about", json.dumps(ABOUT)]
    told += ["--costs", str(root / "costs.csv"), "--figure", str(root / "figure.svg"), "--out", str(root / "summary.html")]
    write_summary.main([*told, "--tables", *map(str, sorted((run / "tables").glob("*.csv")))])
    return (root / "summary.html").read_text()


def test_the_page_to_read_first_warns_and_tells_what_failed(built):
    text = summary_of(built)
    body = text[text.index("<body>") :]
    assert not any(word in text for word in ("<script src", "http:", "https:", ">nan<", "None", "{{"))
    cards = ("Did it work?", "Does it take a critic?", "Can the critic be trusted?", "How many claims hold?", "At what cost?")
    assert sorted(cards, key=body.index) == list(cards)
    assert "+75.0 points" in body
    assert "2 of 8 claims shown" in body
    assert body.count("The gap between families is engineered") == 2 + sum(bool(table.title) for table in METHOD.tables)
    assert "forms_tests (80 items)" in body
    assert "questions of forms_web1, forms_web2 take its place. They are generated." in body


@pytest.mark.stage
def test_a_laptop_shows_every_table_whole(built, tmp_path):
    assert cut_off(chromium(), summary_of(built), 1280, tmp_path) == ([], False)


@pytest.mark.stage
def test_the_page_is_whole_in_a_browser_wide_narrow_and_dark(built, tmp_path):
    root, chosen, _ = built
    results = METHOD.report.results(root / "results" / "test", tree.as_json(chosen), tree.benchmarks(root, chosen))
    with canvas.style("test"):
        canvas.save(METHOD.figures[0].load()(results, "test"), tmp_path / "figure.svg")
    text = summary_of(built, (tmp_path / "figure.svg").read_text())
    assert len(text.encode()) < 3_000_000
    assert looked_at(chromium(), text, tmp_path, "siam-summary") == {"wide": [], "phone": [], "dark": []}


def test_worked_examples_are_an_acceptance_a_refusal_and_a_disagreement(built):
    """Of 50 questions with 2 programs the critic accepts programs 10 to 49, of which 10 to 47 are right."""
    root, chosen, _ = built
    made = examples.worked(METHOD.report.results(root / "results" / "test", tree.as_json(chosen), tree.benchmarks(root, chosen)))
    assert [example.title for example in made.found] == ["Accepted rightly", "Refused rightly", "Accepted wrongly"]
    assert [example.right for example in made.found] == [True, True, False]
    assert made.missing == []
    places = [re.fullmatch(r"web2, web2-(\d+), sample (\d)", example.place).groups() for example in made.found]
    accepted, refused, wrongly = (2 * int(number) + int(sample) for number, sample in places)
    assert 10 <= accepted < 48
    assert refused >= 50
    assert wrongly in (48, 49)
    assert [name for name, _ in made.found[0].parts] == ["question", "reference", "program", "output"]
    assert made.found[2].verdict == "critic_main: accepted; oracle: wrong"


def test_without_a_disagreement_the_page_says_so(built):
    root, chosen, _ = built
    policies = {policy: [explorer, pool, "oracle"] for policy, (explorer, pool, _) in chosen["pools"].items()}
    made = examples.worked(METHOD.report.results(root / "results" / "test", tree.as_json(chosen | {"pools": policies})))
    assert [example.title for example in made.found] == ["Accepted rightly", "Refused rightly"]
    assert made.missing == ["On no program do oracle and oracle differ."]
    nothing = examples.worked(METHOD.report.results(root / "results" / "test", tree.as_json(chosen | {"pools": {}})))
    assert (nothing.found, nothing.missing) == ([], ["This run left no judged programs."])


def test_folded_columns_are_known():
    assert COLUMNS.folded <= set(COLUMNS.meanings)


def test_the_page_of_responses_puts_disagreements_first(built):
    root, chosen, _ = built
    out = root / "responses.html"
    browse_responses.main([*flags(root, chosen), "--run", "toy", "--items", "30", "--out", str(out)])
    packed = re.search(r'<script id="data" type="text/plain">([\w+/=]+)</script>', out.read_text())[1]
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert len(data["policies"]) == 15
    assert {"M_0", "M_1 + dpo0, critic"} <= {policy["label"] for policy in data["policies"]}
    last = next(view for view in data["views"] if view["policy"] == str(paths.Policy("main", "tiny", 1, 2)))
    items = last["items"]
    assert len(items) == 30
    shown = items["seed-00"]
    assert (shown["verdict_oracle"], shown["verdict_exact"], shown["verdict_critic_main"]) == ("correct", "wrong", "wrong")
    assert (shown["disagreements"], shown["part"], shown["type"]) == (2, "seed", "bill")
    disagreeing = sum(item["disagreements"] > 0 for item in items.values())
    learned = next(view for view in data["views"] if view["place"] == "programs for main/tiny/seed1/iter1")
    assert len(learned["items"]) == 30
    item = learned["items"]["web1-000"]  # right by the grader and the rule, refused by the critic
    assert (item["part"], item["disagreements"], item["verdict_critic_main"]) == ("refused of web1", 1, "wrong")
    assert disagreeing == 6 + 6 + 5 + 2  # all there are: right answers, of each part, that a judge refuses


@pytest.mark.stage
def test_a_browser_shows_verdicts_and_what_judges_disagree_on_first(built, tmp_path):
    root, chosen, _ = built
    browser, out = chromium(), tmp_path / "responses.html"
    browse_responses.main([*flags(root, chosen), "--run", "toy", "--out", str(out)])
    asked = urlencode({"policy": "main/tiny/seed1/iter2", "place": "forms_tests", "filter": "right, and the strict rule refuses"})
    document, console, network = opened(browser, f"{out.as_uri()}#{asked}", tmp_path)
    assert (console, network) == ([], [])
    assert "16 of 80 items" in document
    assert document.index("judges disagree") < document.index("judge exact")
    assert "programs that it learned from" in document


@pytest.mark.stage
def test_the_page_of_responses_is_whole_in_a_browser_wide_narrow_and_dark(built, tmp_path):
    root, chosen, _ = built
    browse_responses.main([*flags(root, chosen), "--run", "toy", "--out", str(tmp_path / "responses.html")])
    page = (tmp_path / "responses.html").read_text()
    assert looked_at(chromium(), page, tmp_path, "siam-responses") == {"wide": [], "phone": [], "dark": []}
    assert cut_off(chromium(), page, 1280, tmp_path) == ([], False)
