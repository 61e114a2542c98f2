"""The tables of a run, from a synthetic results tree."""

import json
import math

import polars as pl
import pytest
from support import results_tree as tree

import tabulate_results
from mathcode.core import table_files
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.report import plan, published
from mathcode.methods.autocode.report.columns import COLUMNS
from mathcode.report import results, verdicts
from mathcode.report.published import PublishedError

NAMES = ["main", "ablation", "frontier", "health", "selection", "dictation", "sft_sources", "rounds", "regimes", "samples", "claims"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables of a plan, made once: (folder of the run, frames by name)."""
    known = {}

    def make(**changes):
        key = json.dumps(changes, sort_keys=True)
        if key not in known:
            chosen = tree.plan(**changes)
            run = tree.build(tmp_path_factory.mktemp("run"), chosen)
            known[key] = run, tabulate(run, chosen)
        return known[key]

    return make


def tabulate(run, chosen) -> dict[str, pl.DataFrame]:
    out = run / "tables"
    tabulate_results.main(["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(out)])
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{name}.csv" for name in NAMES)
    return {name: pl.read_csv(out / f"{name}.csv", infer_schema_length=None) for name in NAMES}


def one(frame: pl.DataFrame, **wanted) -> dict:
    rows = frame.filter(*(pl.col(column) == value for column, value in wanted.items())).rows(named=True)
    assert len(rows) == 1
    return rows[0]


def test_columns(made):
    _, frames = made()
    for table in METHOD.tables:
        assert frames[table.name].columns == list(table.columns)
    for column in {column for frame in frames.values() for column in frame.columns}:
        assert COLUMNS.meaning(column)


def test_main_says_what_the_scores_say(made):
    run, frames = made()
    row = one(frames["main"], experiment="main", mode="auto", benchmark="math")
    scores = json.loads((run / "main/qwen2math/seed1/iter2/eval/auto/math/exact/scores.json").read_text())
    for column in ("accuracy", "accuracy_low", "accuracy_high", "code_rate", "lenient_accuracy"):
        assert row[column] == pytest.approx(100 * scores[column], abs=0.005)
    assert (row["n"], row["contaminated"], row["seeds"], row["iteration"]) == (40, 3, 1, 2)
    start = [one(frames["main"], experiment="start", mode=mode, benchmark="math")["accuracy"] for mode in ("cot", "code")]
    assert row["gain_over_start"] == pytest.approx(row["accuracy"] - max(start), abs=0.011)
    assert row["gain_low"] < row["gain_over_start"] < row["gain_high"]


def test_published_numbers_stand_beside_ours(made):
    _, frames = made()
    main, ablation = frames["main"], frames["ablation"]
    auto = one(main, experiment="main", mode="auto", benchmark="math")
    assert (auto["published_accuracy"], auto["published_code_rate"], auto["published_delta"]) == (64.64, 48.9, 10.2)
    assert one(main, experiment="start", mode="cot", benchmark="gsm8k")["published_accuracy"] == 81.58
    assert one(main, experiment="start", mode="auto", benchmark="gsm8k")["published_accuracy"] is None
    assert one(ablation, experiment="no_reflection", iteration=1, benchmark="math")["published_accuracy"] == 60.36
    assert one(ablation, experiment="no_reflection", iteration=2, benchmark="math")["published_accuracy"] is None
    assert one(ablation, experiment="standard_rl_equal_rollouts", iteration=2, benchmark="gsm8k")["published_code_rate"] == 69.6
    assert one(frames["selection"], experiment="main")["published_selection_macc"] == 88.25
    assert one(frames["rounds"], experiment="main", benchmark="math")["published_attempts_2"] == 3719


def test_a_family_without_published_rows_has_blanks(made):
    _, frames = made(families={"tiny": {"label": "tiny", "published": {}}}, seeds=[1, 2, 3])
    for frame in frames.values():
        for column in (name for name in frame.columns if name.startswith("published_")):
            assert frame[column].null_count() == frame.height


def test_several_seeds_give_an_interval_over_seeds_and_items(made):
    run, frames = made(families={"tiny": {"label": "tiny", "published": {}}}, seeds=[1, 2, 3])
    row = one(frames["main"], experiment="main", mode="auto", benchmark="gsm8k")
    paths = [run / f"main/tiny/seed{seed}/iter2/eval/auto/gsm8k/exact/scores.json" for seed in (1, 2, 3)]
    values = [100 * json.loads(path.read_text())["accuracy"] for path in paths]
    over_seeds_alone = 4.302653 * pl.Series(values).std() / math.sqrt(3)
    assert row["accuracy"] == pytest.approx(sum(values) / 3, abs=0.005)
    assert 0 < row["accuracy_low"] < row["accuracy"] - over_seeds_alone
    assert (row["seeds"], row["n"]) == (3, 40)


def test_alignment_shares_add_up_and_macc_is_the_mean_of_recalls(made):
    _, frames = made()
    for row in frames["selection"].iter_rows(named=True):
        assert row["strict_share"] + row["allow_code_share"] + row["misaligned_share"] == pytest.approx(100, abs=0.02)
        assert row["selection_macc"] == pytest.approx((row["recall_cot"] + row["recall_code"]) / 2, abs=0.011)
        assert row["cot_preferred"] + row["code_preferred"] + row["unlabelled"] == row["n"]


def test_attempts_add_up_to_n(made):
    _, frames = made()
    attempts = [f"attempts_{count}" for count in ("1", "2", "3", "4_or_more")]
    for row in frames["rounds"].iter_rows(named=True):
        assert sum(row[column] for column in attempts) == row["n"]


def test_sft_sources_count_pairs_and_contamination(made):
    _, frames = made()
    row = one(frames["sft_sources"], dataset="gsm8k_cot", benchmark="math")
    counts = ("pairs", "cot_pairs", "code_pairs", "queries", "rows_before", "removed_rows", "contaminated")
    assert [row[column] for column in counts] == [12, 8, 4, 8, 30, 1, 2]


def test_claims_cover_every_benchmark_and_own_up_to_what_was_not_run(made):
    _, frames = made()
    assert frames["claims"].height == 10
    assert set(frames["claims"]["verdict"]) <= {"supported", "contradicted", "not resolved"}
    _, subset = made(experiments={"main": "EM"}, iterations=1)
    missing = subset["claims"].filter(pl.col("verdict") == "not run")
    assert missing["adjusted_p"].null_count() == missing.height
    assert missing.height == 4
    assert missing["value"].null_count() == 4


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 2.0, "supported"), (-2.0, -0.1, "contradicted"), (-1.0, 1.0, "not resolved"), (0.0, 1.0, "not resolved")],
)
def test_a_verdict_needs_the_whole_interval(low, high, verdict):
    assert verdicts.above_zero(low, high) == verdict


def test_a_run_without_em_and_without_selection_has_tables(made):
    _, frames = made(experiments={"q_rule": "Q alone"}, selection_benchmarks=[], sft=[], iterations=1)
    assert set(frames["main"]["experiment"]) == {"start"}
    assert frames["selection"].is_empty()
    assert frames["sft_sources"].is_empty()
    assert set(frames["claims"]["verdict"]) == {"not run"}


def test_tables_are_the_same_when_made_again(made):
    run, _ = made()
    before = {path.name: path.read_bytes() for path in (run / "tables").iterdir()}
    tabulate(run, tree.plan())
    assert before == {path.name: path.read_bytes() for path in (run / "tables").iterdir()}


@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("main/qwen2math/seed1/iter2/eval/auto/math/exact/scores.json", results.ResultsError),
        ("start/qwen2math/seed1/eval/cot/math/exact/grades.parquet", table_files.TableError),
        ("main/qwen2math/seed1/iter2/eval/code_sampled/math/exact/grades.parquet", table_files.TableError),
        ("data/overlap/sft/math/counts.parquet", table_files.TableError),
    ],
)
def test_a_missing_file_is_named_and_nothing_is_written(tmp_path, file, error):
    chosen = tree.plan(experiments={"main": "EM"})
    run = tree.build(tmp_path, chosen)
    (run / file).unlink()
    with pytest.raises(error, match=file):
        tabulate(run, chosen)
    assert not (run / "tables").exists()


def test_a_bad_plan_is_one_sentence():
    with pytest.raises(results.ResultsError, match="--plan: key 'seeds'"):
        results.parse_plan(tree.as_json(tree.plan(seeds=[])), plan.Plan)


def test_a_published_row_that_does_not_exist_is_named():
    with pytest.raises(PublishedError, match=r"'llama31'.*'Nobody'.*'auto'"):
        published.check({"auto": "Nobody"}, "llama31")
    with pytest.raises(PublishedError, match="unknown role 'best'"):
        published.check({"best": "x"}, "llama31")


def test_inferred_published_values_are_left_out():
    assert published.by_benchmark({"code": "Mammoth-70B"}, "code", "gaokao2023en")["accuracy"] is None
