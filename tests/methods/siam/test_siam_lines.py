"""Lines of SIaM's table of claims: what each needs to be tested, and what it must not say."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from support import siam_tree as tree

from mathcode import paths
from mathcode.measures.uncertainty import Interval, wilson_interval
from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import cards, claims, lines
from mathcode.methods.siam.report.claims import NOT_TESTABLE, SHOWN
from mathcode.methods.siam.report.lines import ATTACKS, LINES
from mathcode.report import rows
from mathcode.report.effects import Compared
from mathcode.report.results import Results
from mathcode.tables import CASES, VERDICTS

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


@pytest.mark.parametrize(("high", "borne_out"), [(2.0, True), (9.0, False)])
def test_a_term_keeps_responses_short_where_the_interval_ends_below_what_is_added_without_it(tmp_path, monkeypatch, high, borne_out):
    """An interval from -1 to 9 holds 0, and also the six tokens that lambda 0 adds: it says nothing."""
    results = built(tmp_path, preferences={"dpo0": "DPO", "dpo1": "DPO"})
    made = {("dpo0", ""): Interval(6.0, 5.0, 7.0), ("dpo0", "dpo1"): Interval(5.0, 4.0, 6.0), ("dpo1", ""): Interval(1.0, -1.0, high)}
    effect = lambda _, one, other, *places: Compared(made[one.preference, other.preference], 0.001, 20)  # noqa: E731
    monkeypatch.setattr(lines.lengths, "lengthened", effect)
    assert told(results, "lengths").borne_out is borne_out


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Results:
    """A run of two families."""
    families = {name: {"label": f"the {name} model", "published": {}} for name in ("tiny", "wide")}
    return built(tmp_path_factory.mktemp("two"), families=families, preferences={}, case_sets={"many": "many attacks"})


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
    results = built(tmp_path, seeds=[1, 2, 3], preferences={}, case_sets={"many": "many attacks"})
    assert told(results, "attacks").detail.startswith("0 of 1,500 verdicts of 3 seeds passed")
    path = results.root / paths.verdicts("many", 2, "critic_main")
    one = pl.col("case_id") == "c200"
    fooled = pl.when(one).then(pl.lit("correct")).otherwise("outcome")
    VERDICTS.write(VERDICTS.read(path).with_columns(accepted=pl.col("accepted") | one, outcome=fooled), path)
    found = told(results, "attacks")
    assert found.detail.startswith("1 of 1,500 verdicts of 3 seeds passed")
    assert (found.n, found.p_value) == (500, pytest.approx(stats.binom.cdf(1, 500, 0.01)))


@pytest.mark.parametrize(("case_sets", "verdict"), [({"test": "100 attacks"}, NOT_TESTABLE), ({"many": "500 attacks"}, SHOWN)])
def test_attacks_so_few_that_none_passing_would_not_do_test_nothing(tmp_path, case_sets, verdict):
    rows = claims.make_claims(built(tmp_path, preferences={}, case_sets=case_sets))
    assert next(row for row in rows if row["name"] == "attacks")["verdict"] == verdict


def test_the_laptop_has_attacks_enough_to_show_its_line(shipped):
    assert wilson_interval(0, shipped.runs["siam_laptop"].case_sets["attacks"].rows).high < ATTACKS


def test_the_line_on_acceptance_says_what_it_leaves_out(tmp_path):
    """The rule accepts 40 of the right cases, of which the critic refuses 72, 74, 76 and 78."""
    results = built(tmp_path, preferences={})
    refused = "right by the rule, refused by the critic: 4 of 40"
    assert told(results, "accepts").detail.endswith(f"; the rule labelled no case: none is left out; {refused}")
    path = results.root / paths.cases("test")
    by_rule = pl.when(pl.col("case_id") < "c010").then(pl.lit("exact")).otherwise("labelled_by")
    CASES.write(CASES.read(path).with_columns(labelled_by=by_rule), path)
    found = told(results, "accepts")
    assert found.n == 70
    assert found.detail.endswith(f"; the rule labelled 10 further cases, which are left out; {refused}")


def test_the_line_on_agreement_tells_the_kappa_on_responses(tmp_path):
    """Of 80 responses of M_2 60 are right; the rule refuses every fourth item, the critic every tenth. `two hours` is no single number."""
    results = built(tmp_path, preferences={})
    items = tree.benchmark("forms_tests").with_row_index("number")
    right = pl.col("query_id").str.slice(-2).cast(pl.Int32) < pl.col("level").replace_strict(tree.PARTS, tree.RIGHT["main/2"])
    kept = items.with_columns(right=right).filter(pl.col("gold") != "two hours")
    critic, rule = (kept.select(pl.col("right") & (pl.col("number") % step != 0)).to_series().to_numpy() for step in (10, 4))
    table = [[((critic == a) & (rule == b)).sum() for b in (True, False)] for a in (True, False)]
    expected = 100 * cohens_kappa(np.array(table)).kappa
    assert f"on {len(critic)} greedy responses of the last policies: kappa {expected:+.1f} [" in told(results, "agrees").detail
    alone = built(tmp_path / "alone", preferences={}, judges=["exact"])
    assert told(alone, "agrees").detail.endswith("on responses: not graded by both")


def test_the_page_to_read_first_names_the_family_it_speaks_of_where_there_are_others(two):
    tables = rows.tabulate(two, METHOD.tables)
    answer, found = cards.answer(tables, two.plan), cards.cards(tables, two.plan)
    assert "filtered by the critic the policy of the tiny model solves" in answer[0]
    assert answer[-1].endswith("claims of the tiny model are shown.")
    assert [card.place.startswith("the tiny model, ") for card in found if card.title != "Can the critic be trusted?"] == [True] * 2
    alone = two.plan.model_copy(update={"families": {"tiny": two.plan.families["tiny"]}})
    assert "the policy solves" in cards.answer(tables, alone)[0]
