"""Every number of every table of a run, computed again from the parquet files by other means than those that made it.

How is in `support.recomputed`, where nothing is imported of the modules that measure.
The tree of results is roughened first, so that no two columns of a file of grades say the same.
"""

from collections import Counter

import numpy as np
import pandas
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from support import results_tree as tree
from support.recomputed.agreement import agrees
from support.recomputed.claims import claims_row
from support.recomputed.expected_rows import expected_keys
from support.recomputed.finished_run import Run
from support.recomputed.frontier import frontier_row
from support.recomputed.health import health_row
from support.recomputed.intervals import mean_squares
from support.recomputed.keys import KEYS
from support.recomputed.policies import ablation_row, dictation_row, main_row, regimes_row, rounds_row
from support.recomputed.roughening import roughen
from support.recomputed.samples import samples_row
from support.recomputed.selection import selection_row
from support.recomputed.sft_sources import sft_row

import tabulate_results
from mathcode.methods.autocode import METHOD

V3 = {"v3_cot": "Qwen2.5-Base-7B", "v3_auto": "AutoCode-Qwen2.5", "v3_delta": "DELTA Qwen2.5"}

PLANS = {
    "one seed": {"sft": ["gsm8k_cot", "metamathqa"]},
    "three seeds": {"seeds": [1, 2, 3], "families": {"tiny": {"label": "tiny", "published": {}}}, "benchmarks": ["math"]},
    "v3": {
        "published": "v3",
        "benchmarks": ["math500"],
        "selection_benchmarks": ["math500"],
        "sft": [],
        "seeds": [1, 2],
        "families": {"qwen25": {"label": "Qwen2.5", "precondition": "none", "published": V3}},
    },
}

ROWS = {
    "main": main_row,
    "ablation": ablation_row,
    "frontier": frontier_row,
    "selection": selection_row,
    "dictation": dictation_row,
    "sft_sources": sft_row,
    "rounds": rounds_row,
    "regimes": regimes_row,
    "samples": samples_row,
    "claims": claims_row,
    "health": health_row,
}
"""What makes again the columns of a row of each table that are no key."""


@pytest.fixture(scope="module", params=PLANS)
def run(request, tmp_path_factory):
    chosen = tree.plan(**PLANS[request.param])
    for family in chosen["families"].values():
        if request.param == "one seed":
            family["published"] |= {"selection_start": "DeepseekMath-Instruct-7B", "dictation_start": "Deepseek-Math-Instruct"}
    folder = tree.build(tmp_path_factory.mktemp("run"), chosen)
    roughen(folder, chosen)
    flags = ["--method", "autocode", "--results", str(folder), "--plan", tree.as_json(chosen), "--out-dir", str(folder / "tables")]
    assert tabulate_results.main(flags) == 0
    return Run(folder, chosen)


@pytest.mark.stage
@pytest.mark.parametrize("table", ROWS)
def test_every_number_of_a_table(run, table):
    for row in run.table(table).iter_rows(named=True):
        key = {name: row[name] for name in KEYS[table]}
        made = ROWS[table](run, row)
        assert not set(made) & set(key)
        assert set(made) | set(key) == set(row), (
            f"{table}: columns that are not recomputed, or do not exist: {(set(made) | set(key)) ^ set(row)}"
        )
        wrong = {name: (row[name], wanted) for name, wanted in made.items() if not agrees(row[name], wanted)}
        assert not wrong, f"{table}, {key}: (in the table, recomputed) {wrong}"


@pytest.mark.stage
@pytest.mark.parametrize("table", ROWS)
def test_a_table_has_the_rows_of_the_plan_each_once(run, table):
    assert Counter(run.table(table).select(KEYS[table]).iter_rows()) == Counter(expected_keys(run, table))


@pytest.mark.stage
def test_every_table_and_column_is_recomputed(run):
    declared = {table.name: list(table.columns) for table in METHOD.tables}
    assert set(ROWS) == set(declared) == {path.stem for path in (run.folder / "tables").iterdir()}
    for name, wanted in declared.items():
        assert run.table(name).columns == wanted


@pytest.mark.stage
def test_mean_squares_are_those_of_statsmodels():
    values = np.random.default_rng(1).normal(size=(3, 8))
    long = {"value": values.ravel(), "seed": np.repeat(range(3), 8), "item": np.tile(range(8), 3)}
    by_source = anova_lm(ols("value ~ C(seed) + C(item)", data=pandas.DataFrame(long)).fit())["mean_sq"]
    assert list(mean_squares(values).values()) == pytest.approx(list(by_source))
