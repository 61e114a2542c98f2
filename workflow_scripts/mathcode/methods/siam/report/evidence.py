"""What SIaM's tables and figures read beside grades of benchmarks: programs that were judged and kept, lengths, logs.

What a run did not leave is None: such columns are blank, and the rest of the table is there.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mathcode import paths, tables
from mathcode.core.table_files import Table
from mathcode.measures import lengths as response_lengths
from mathcode.measures import outcomes, uncertainty
from mathcode.measures.uncertainty import Interval
from mathcode.methods.siam.report.plan import MODE, ORACLE
from mathcode.methods.siam.tables import ACCEPTED
from mathcode.paths import START
from mathcode.report import judged
from mathcode.report.results import Arm, Results, present
from mathcode.responses import references

KEY = ["query_id", "sample"]
"""What a program is known by, of those that a policy wrote for a pool."""


def each(results: Results, arm: Arm, table: Table) -> list[pl.DataFrame] | None:
    """A table of a policy's own folder for every seed; None where one is missing."""
    found = [present(results.root / paths.of_policy(arm.policy(seed), table.name), table) for seed in results.plan.seeds]
    return None if any(frame is None for frame in found) else found


def accepted(results: Results, arm: Arm) -> list[pl.DataFrame] | None:
    """What a policy's selection kept, for every seed."""
    return each(results, arm, ACCEPTED)


def judged_programs(results: Results, arm: Arm, judge: str | None = None) -> list[pl.DataFrame] | None:
    """Grades of all programs from which a policy's selection was made, for every seed: by who selected, or by another judge."""
    found = []
    for seed in results.plan.seeds:
        if (source := results.plan.pools.get(arm.policy(seed))) is None:
            return None
        explorer, pool, selecting = source
        found.append(explored(results, explorer, judge or selecting, pool))
    return None if any(frame is None for frame in found) else found


def explored(results: Results, explorer: str, judge: str, pool: str) -> pl.DataFrame | None:
    """Grades of what a policy wrote for a pool."""
    return present(results.root / paths.rollout_grades(explorer, MODE, judge, pool), tables.GRADES)


def accepts(results: Results, arm: Arm, graded: pl.DataFrame) -> pl.Expr:
    """Whether a policy learned from a graded program, if it was drawn: by its score where a critic's threshold is known."""
    threshold = results.plan.thresholds.get(arm.experiment) if arm.experiment != START else None
    if threshold is None or "score" not in graded.columns or graded["score"].null_count() == graded.height:
        return pl.col("strict")
    return pl.col("score") >= threshold


def asked(results: Results, pool: str) -> pl.DataFrame | None:
    """query_id, language and family of the questions of a pool."""
    frame = present(results.root / paths.data(pool), tables.QUERIES)
    return None if frame is None else frame.select("query_id", "language", "type")


def learned_languages(results: Results, critic: str) -> list[str]:
    """Languages of the questions and of the words in the references that a critic learned from; none where the run does not say."""
    learned = judged.taught(results, critic)
    spoken = {language for frame in learned for gold in frame["gold"].unique() for language in references.languages(gold)}
    return sorted(spoken | {language for frame in learned for language in frame["language"]})


def lengths(results: Results, arm: Arm, mode: str, benchmark: str, items: frozenset[str] | None) -> list[pl.DataFrame] | None:
    """Length and end of every response of every seed (`measures.lengths.lengths`)."""
    found = []
    for seed in results.plan.seeds:
        path = results.root / paths.responses(arm.policy(seed), mode, benchmark)
        if not path.is_file():
            return None
        frame = tables.ROLLOUTS.read(path, columns=["query_id", "sample", "generated", "rounds", "finish_reason"])
        wanted = pl.lit(True) if items is None else pl.col("query_id").is_in(sorted(items))
        found.append(response_lengths.lengths(frame.filter(wanted)))
    return found


def failures(results: Results, arm: Arm, benchmark: str, items: frozenset[str] | None) -> list[pl.DataFrame] | None:
    """query_id, and whether a greedy response that has a verdict has no answer though no program failed, a program that was stopped at its
    limit of time, or one that failed otherwise; for every seed."""
    found = []
    for seed in results.plan.seeds:
        policy = arm.policy(seed)
        if not (path := results.root / paths.responses(policy, MODE, benchmark)).is_file():
            return None
        ended = pl.col("rounds").list.eval(pl.element().struct.field("outcome").drop_nulls()).list.last()
        ends = tables.ROLLOUTS.read(path, columns=["query_id", "rounds"]).select("query_id", ended=ended.fill_null("ok"))
        told = outcomes.usable(results.grades(policy, MODE, benchmark)).join(ends, on="query_id")
        wanted = pl.lit(True) if items is None else pl.col("query_id").is_in(sorted(items))
        well, stopped = pl.col("ended") == "ok", pl.col("ended") == "timed_out"
        shares = {"no_answer": well & (pl.col("outcome") == "no_answer"), "timed_out": stopped, "failed": ~well & ~stopped}
        found.append(told.filter(wanted).select("query_id", **shares))
    return found


def log_parts(results: Results, arm: Arm) -> dict[str, float]:
    """Parts of a policy's loss, means over the last quarter of its steps, and of seeds; with the steps and tokens of its training."""
    logs = each(results, arm, tables.TRAINING_LOG)
    if not logs or any(log.is_empty() for log in logs):
        return {}
    counts = {"steps": np.mean([log["step"].max() for log in logs]), "tokens": np.mean([log["tokens"].sum() for log in logs])}
    late = pl.concat(log.filter(pl.col("step") > 0.75 * pl.col("step").max()) for log in logs)
    parts = late.select("parts").explode("parts").drop_nulls().unnest("parts")
    means = parts.drop_nulls().group_by("name").agg(pl.col("value").mean())
    return {name: round(float(value), 4) for name, value in (*means.iter_rows(), *counts.items())}


def auditor_says(results: Results, arm: Arm) -> list[pl.DataFrame] | None:
    """Verdicts of the run's grader on all programs from which a policy's selection was made, for every seed.

    None where it was not asked, or where it selected: what it accepted it finds right, and that audits nothing.
    """
    if any(results.plan.pools.get(arm.policy(seed), [""])[-1] == results.judge for seed in results.plan.seeds):
        return None
    graded = judged_programs(results, arm, results.judge)
    return graded and [outcomes.usable(frame).select(*KEY, "strict") for frame in graded]


def audited(results: Results, arm: Arm) -> list[np.ndarray] | None:
    """Whether each kept program is right in the eyes of the run's grader, for every seed; None without such an audit."""
    kept, told = accepted(results, arm), auditor_says(results, arm)
    if kept is None or told is None:
        return None
    return [frame.join(known, on=KEY)["strict"].to_numpy() for frame, known in zip(kept, told, strict=True)]


def share_of(seeds: Sequence[np.ndarray] | None) -> Interval | None:
    """A share of programs, of which every seed has its own: Wilson's interval for one seed, over seeds for several.

    Several seeds with the same share have Wilson's interval too, for as many programs as the seed with the fewest has.
    """
    if seeds is None or not all(len(seed) for seed in seeds):
        return None
    if len(seeds) == 1:
        return uncertainty.wilson_interval(int(seeds[0].sum()), len(seeds[0]))
    return uncertainty.or_wilson(uncertainty.nested_interval([seed.astype(float) for seed in seeds]).within(0, 1), min(map(len, seeds)))


def audited_pairs(results: Results, arm: Arm) -> dict[str, float | None]:
    """Percent of the chosen programs that are right, and of the rejected ones that are wrong, in the eyes of the run's grader.

    Nothing of what was decided before it was asked: of all where it judged the pairs itself, of rejected programs where their numbers
    differ from the reference (`pair.sure`), which every rule refuses. An oracle compares with other values.
    """
    decided = arm.preference in results.plan.sure and results.judge != ORACLE
    frames, sides = each(results, arm, tables.TRAINING), {"chosen": []} | ({} if decided else {"rejected": []})
    for seed, frame in zip(results.plan.seeds, frames or [], strict=False):
        policy = arm.policy(seed)
        pool, judge = results.plan.pair_pools.get(policy, ["", ""])
        if (
            not pool
            or judge == results.judge
            or (graded := explored(results, str(paths.Policy.parse(policy).before), results.judge, pool)) is None
        ):
            return {}
        made_of = frame.with_columns(sample=pl.col("parents").list.first().str.split(":").list.last().cast(pl.Int32, strict=False))
        told = made_of.join(outcomes.usable(graded).select(*KEY, "strict"), on=KEY)
        for side, found in sides.items():
            found.append(told.filter(pl.col("side") == side)["strict"].to_numpy())
    known = {side: np.concatenate(found) for side, found in sides.items() if found}
    rates = {side: float(found.mean()) for side, found in known.items() if len(found)}
    wanted = {"chosen": ("chosen_right", lambda share: share), "rejected": ("rejected_wrong", lambda share: 1 - share)}
    return {name: round(100 * rate(rates[side]), 2) for side, (name, rate) in wanted.items() if side in rates}


def pairs(results: Results, arm: Arm) -> float | None:
    """Pairs that an aligned policy learned from, mean over seeds."""
    frames = each(results, arm, tables.TRAINING)
    if frames is None:
        return None
    return float(np.mean([frame["pair_id"].drop_nulls().n_unique() or frame.height for frame in frames]))
