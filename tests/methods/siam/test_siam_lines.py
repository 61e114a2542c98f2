"""Lines of SIaM's table of claims: what each needs to be tested, and what it must not say."""

from pathlib import Path

from support import siam_tree as tree

from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import cards
from mathcode.methods.siam.report.claims import NOT_TESTABLE
from mathcode.methods.siam.report.lines import LINES
from mathcode.report import rows
from mathcode.report.results import Results

ALONE = {"experiments": {"main": "critic"}, "filters": {"main": "critic_main"}}


def built(folder: Path, **changes) -> Results:
    """A run of the method alone, with preferences."""
    chosen = tree.plan(**ALONE | changes)
    return METHOD.report.results(tree.build(folder, chosen), tree.as_json(chosen), tree.benchmarks(folder, chosen))


def test_a_run_without_items_out_of_the_seeds_domain_has_tables_and_claims_nothing_about_policies(tmp_path):
    results = built(tmp_path, experiments={"main": "critic", "in_domain": "in-domain data"}, benchmarks=["gsm8k"], in_domain=["gsm8k"])
    tables = rows.tabulate(results, METHOD.tables)
    assert set(tables["main"]["part"]) == {"in domain"}
    verdicts = {line.name: tables["claims"].row(number, named=True)["verdict"] for number, line in enumerate(LINES)}
    assert {verdicts[name] for name in ("generalises", "in_domain", "alignment", "lengths")} == {NOT_TESTABLE}
    assert verdicts["agrees"] != NOT_TESTABLE
    assert cards.answer(tables, results.plan) == []
    assert [card.title for card in cards.cards(tables, results.plan)] == ["Can the critic be trusted?", "How many claims hold?"]
