"""Lines of SIaM's table of claims: what each needs to be tested, and what it must not say."""

from pathlib import Path

import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from support import siam_tree as tree

from mathcode import paths
from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import cards, claims
from mathcode.methods.siam.report.claims import NOT_TESTABLE, SHOWN
from mathcode.methods.siam.report.lines import LINES
from mathcode.report import rows
from mathcode.report.results import Results
from mathcode.tables import VERDICTS

ALONE = {"experiments": {"main": "critic"}, "filters": {"main": "critic_main"}}


def built(folder: Path, **changes) -> Results:
    """A run of the method alone, with preferences."""
    chosen = tree.plan(**ALONE | changes)
    return METHOD.report.results(tree.build(folder, chosen), tree.as_json(chosen), tree.benchmarks(folder, chosen))


def told(results: Results, name: str):
    return next(line for line in LINES if line.name == name).measure(results, "tiny")


def test_a_run_without_items_out_of_the_seeds_domain_has_tables_and_claims_nothing_about_policies(tmp_path):
    results = built(tmp_path, experiments={"main": "critic", "in_domain": "in-domain data"}, benchmarks=["gsm8k"], in_domain=["gsm8k"])
    tables = rows.tabulate(results, METHOD.tables)
    assert set(tables["main"]["part"]) == {"in domain"}
    verdicts = {line.name: tables["claims"].row(number, named=True)["verdict"] for number, line in enumerate(LINES)}
    assert {verdicts[name] for name in ("generalises", "in_domain", "alignment", "lengths")} == {NOT_TESTABLE}
    assert verdicts["agrees"] != NOT_TESTABLE
    assert cards.answer(tables, results.plan) == []
    assert [card.title for card in cards.cards(tables, results.plan)] == ["Can the critic be trusted?", "How many claims hold?"]


def test_a_preference_without_its_control_adds_nothing_that_can_be_tested(tmp_path):
    preferences = {"dpo0": "DPO", "orpo": "ORPO", "chosen": "SFT on the chosen"}
    alone = built(tmp_path / "alone", preferences={"dpo0": "DPO"})
    assert told(alone, "alignment") is None
    pairings = {"dpo0": "shortest", "orpo": "longest", "chosen": "shortest"}
    mixed = built(tmp_path / "mixed", preferences=preferences, pairings=pairings)
    assert "the best of 1 preferences, dpo0, its p-value times 1; minus SFT on the chosen programs: -5.0" in told(mixed, "alignment").detail


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Results:
    """A run of two families."""
    families = {name: {"label": f"the {name} model", "published": {}} for name in ("tiny", "wide")}
    return built(tmp_path_factory.mktemp("two"), families=families, preferences={})


def test_holm_adjusts_over_the_whole_table_and_a_critic_counts_once(two):
    made = claims.make_claims(two)
    assert len(made) == 2 * len(LINES)
    once = [row for row in made if row["family"] == "tiny" or row["name"] == "generalises"]
    tested = [row["p_value"] for row in once if row["verdict"] != NOT_TESTABLE]
    assert len(tested) == 5  # accepts, agrees and attacks of the critic, generalises of each family
    expected = dict(zip(tested, multipletests(tested, method="holm")[1], strict=True))
    for row in made:
        if row["verdict"] != NOT_TESTABLE:
            assert row["adjusted_p"] == pytest.approx(expected[row["p_value"]], rel=0.06), row["name"]


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
def test_a_critic_that_agrees_on_every_case_is_shown_to_agree(tmp_path, seeds):
    results = built(tmp_path, seeds=seeds, preferences={})
    for seed in seeds:
        rule, critic = (results.root / paths.verdicts("test", seed, judge) for judge in ("exact", "critic_main"))
        VERDICTS.write(VERDICTS.read(rule), critic)
    row = next(row for row in claims.make_claims(results) if row["name"] == "agrees")
    low = 100 * (1 - 2 * (1 - proportion_confint(80, 80, method="wilson")[0]))  # half are YES
    assert (row["value"], row["low"], row["high"], row["n"]) == (100.0, pytest.approx(low, abs=0.01), 100.0, 80)
    assert row["verdict"] == SHOWN
    z = stats.norm.ppf(0.975) * (100 - 80) / (100 - low)
    assert row["p_value"] == pytest.approx(2 * stats.norm.sf(z), rel=0.06)


def test_an_attack_that_passed_for_one_seed_of_three_is_told(tmp_path):
    results = built(tmp_path, seeds=[1, 2, 3], preferences={})
    assert told(results, "attacks").detail.startswith("0 of 300 verdicts of 3 seeds passed")
    path = results.root / paths.verdicts("test", 2, "critic_main")
    one = pl.col("case_id") == "c200"
    fooled = pl.when(one).then(pl.lit("correct")).otherwise("outcome")
    VERDICTS.write(VERDICTS.read(path).with_columns(accepted=pl.col("accepted") | one, outcome=fooled), path)
    found = told(results, "attacks")
    assert found.detail.startswith("1 of 300 verdicts of 3 seeds passed")
    assert (found.n, found.p_value) == (100, pytest.approx(stats.binomtest(1, 100, 0.01).pvalue))


def test_the_page_to_read_first_names_the_family_it_speaks_of_where_there_are_others(two):
    tables = rows.tabulate(two, METHOD.tables)
    answer, found = cards.answer(tables, two.plan), cards.cards(tables, two.plan)
    assert "filtered by the critic the policy of the tiny model solves" in answer[0]
    assert answer[-1].endswith("claims of the tiny model are shown.")
    assert [card.place.startswith("the tiny model, ") for card in found if card.title != "Can the critic be trusted?"] == [True] * 2
    alone = two.plan.model_copy(update={"families": {"tiny": two.plan.families["tiny"]}})
    assert "the policy solves" in cards.answer(tables, alone)[0]
