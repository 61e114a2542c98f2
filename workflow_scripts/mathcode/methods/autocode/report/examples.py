"""One worked example a methodology: what the last policy of EM answered, left alone, on an item that nobody chose."""

import polars as pl

from mathcode import paths, tables
from mathcode.methods.autocode.artifacts import exemplary
from mathcode.report.browser import by_lot
from mathcode.report.examples import Example, Examples, written
from mathcode.report.results import Results

_TITLES = {"cot": "Reasoning in words (CoT)", "code": "Writing a program"}


def worked(results: Results) -> Examples:
    """Of the first family, seed and benchmark: of the responses that open with a methodology the first one by a hash of the item's id."""
    plan = results.plan
    titles = plan.labels | _TITLES
    policy, benchmark = exemplary(list(plan.experiments), list(plan.families), plan.seeds, plan.iterations), plan.benchmarks[0]
    graded = results.grades(str(policy), "auto", benchmark)
    chosen = {name: min(graded.filter(methodology=name)["query_id"], key=by_lot, default=None) for name in titles}
    wanted = pl.col("query_id").is_in([query for query in chosen.values() if query is not None])
    responses = tables.ROLLOUTS.scan(results.root / paths.responses(policy, "auto", benchmark)).filter(wanted).collect()
    rows = {row["query_id"]: row for row in responses.join(graded.drop("methodology", "sample"), on="query_id").iter_rows(named=True)}
    items = {row["query_id"]: row for row in results.items(benchmark).filter(wanted).iter_rows(named=True)}
    whose = f"{plan.label(policy.experiment)} ({plan.families[policy.family].label}, seed {policy.seed}, iteration {policy.iteration})"
    return Examples(
        f"Answers of {whose} to items of {plan.named(benchmark)}, greedy, with no methodology dictated. Of the answers that open "
        "with a methodology, each is the first by a hash of the item's id: whether it is right had no part in that.",
        [_example(titles[name], f"{benchmark}, {query}", rows[query], items[query]) for name, query in chosen.items() if query is not None],
        [f"No response of this policy opens with this methodology: {titles[name]}." for name, query in chosen.items() if query is None],
    )


def _example(title: str, place: str, row: dict, item: dict) -> Example:
    verdict = f"{row['outcome'].replace('_', ' ')}: answered {row['answer'] or 'nothing'}, the reference is {item['gold']}"
    return Example(title, place, [("question", item["question"]), *written(row["rounds"])], verdict, row["strict"])
