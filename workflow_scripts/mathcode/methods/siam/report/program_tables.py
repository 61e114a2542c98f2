"""The rows of SIaM's tables about programs that policies wrote and learned from: how many, how right, of which families, how honest."""

import numpy as np
import polars as pl

from mathcode.critic import hacking
from mathcode.measures import outcomes
from mathcode.methods.siam.report import arms, evidence, numbers
from mathcode.methods.siam.report.evidence import KEY
from mathcode.methods.siam.report.published import NOT_AVAILABLE
from mathcode.paths import START
from mathcode.report.results import Arm, Results
from mathcode.report.rows import hundred, rounded, shares


def make_data(results: Results) -> list[dict]:
    """Every selection by language: questions, programs, what ran, what was accepted and kept, and how right that is."""
    rows = []
    for family in results.plan.families:
        for arm in arms.selecting(results.plan, family):
            opens, trained = _source(results, arm), evidence.log_parts(results, arm)
            budget = {name: trained.get(name) and round(trained[name]) for name in ("steps", "tokens")}
            known = evidence.asked(results, opens["pool"]) if opens["pool"] else None
            for language in ["all"] if known is None else sorted(known["language"].unique()):
                own = None if known is None else known.filter(pl.col("language") == language).select("query_id")
                rows.append(opens | {"language": language} | _funnel(results, arm, own) | budget | {"published": NOT_AVAILABLE})
    return rows


def _source(results: Results, arm: Arm) -> dict:
    """Which selection a row is about."""
    _, pool, judge = results.plan.pools.get(arm.policy(results.plan.seeds[0]), [None, None, None])
    return numbers.key(results, arm) | {"pool": pool, "judge": judge}


def _funnel(results: Results, arm: Arm, own: pl.DataFrame | None) -> dict:
    """From questions to kept programs, of one language."""

    def of_language(frames: list[pl.DataFrame] | None) -> list[pl.DataFrame] | None:
        return frames if frames is None or own is None else [frame.join(own, on="query_id", how="semi") for frame in frames]

    graded, kept = of_language(evidence.judged_programs(results, arm)), of_language(evidence.accepted(results, arm))
    row = {"auditor": results.judge}
    if graded is not None:
        row |= {
            "questions": _mean([frame["query_id"].n_unique() for frame in graded]),
            "samples": _mean([frame.height for frame in graded]),
        }
        row |= {"executed_share": _share(graded, _RAN), "accepted_share": _share(graded, evidence.accepts(results, arm, graded[0]))}
        row["rule_agreement"] = _agreement(graded, of_language(evidence.judged_programs(results, arm, "exact")))
    if kept is not None:
        row |= {"kept": _mean([frame.height for frame in kept]), "distinct": _mean([frame["query_id"].n_unique() for frame in kept])}
    known = of_language(evidence.auditor_says(results, arm))
    if kept is not None and known is not None:
        right = [frame.filter("strict").select(KEY) for frame in known]
        judged = [frame.join(told, on=KEY)["strict"].to_numpy() for frame, told in zip(kept, known, strict=True)]
        row |= {"audited": sum(map(len, judged))} | shares("audited_precision", evidence.share_of(judged))
        if graded is not None:
            taken = [frame.filter(evidence.accepts(results, arm, frame)).select(KEY) for frame in graded]
            found = [one.join(two, on=KEY, how="semi").height / one.height for one, two in zip(right, taken, strict=True) if one.height]
            row["audited_recall"] = hundred(np.mean(found)) if found else None
    return row


_RAN = (pl.col("executions") > 0) & (pl.col("programs_failed") == 0)


def _agreement(graded: list[pl.DataFrame], by_rule: list[pl.DataFrame] | None) -> float | None:
    """Percent of programs that ran on which judge and strict rule say the same."""
    if by_rule is None:
        return None
    told = [[outcomes.usable(frame) for frame in frames] for frames in (graded, by_rule)]
    both = [frame.filter(_RAN).join(rule, on=KEY, suffix="_rule") for frame, rule in zip(*told, strict=True)]
    shares = [(frame["strict"] == frame["strict_rule"]).mean() for frame in both if frame.height]
    return hundred(np.mean(shares)) if shares else None


def make_families(results: Results) -> list[dict]:
    """Kept programs by family of questions, before each SFT: self-training favours families that are easy to get right."""
    domains = _domains(results)
    rows = []
    for family in results.plan.families:
        seen: dict[str, dict[str, float]] = {}
        for arm in arms.selecting(results.plan, family):
            if (kept := evidence.accepted(results, arm)) is None:
                continue
            named = [frame.with_columns(pl.col("type").fill_null("not named")) for frame in kept]
            before = seen.setdefault(arm.experiment, dict(seen.get(START, {})))
            total = _mean([frame.height for frame in named])
            for kind in sorted({*before, *pl.concat(frame["type"] for frame in named), *_asked_for(results, arm)}):
                own = [frame.filter(pl.col("type") == kind) for frame in named]
                count = _mean([frame.height for frame in own])
                before[kind] = before.get(kind, 0) + count
                rows.append(
                    _source(results, arm)
                    | {"type": kind, "domain": domains.get(kind), "distinct": _mean([frame["query_id"].n_unique() for frame in own])}
                    | {"kept": count, "share": rounded(100 * count / total) if total else None, "cumulative": rounded(before[kind])}
                    | {"published": NOT_AVAILABLE}
                )
    return rows


def _asked_for(results: Results, arm: Arm) -> set[str]:
    """Families of the pool that a selection was made of: that none of their programs was kept is worth a row."""
    pool = _source(results, arm)["pool"]
    known = evidence.asked(results, pool) if pool else None
    return set() if known is None else set(known["type"].drop_nulls())


def _domains(results: Results) -> dict[str, str]:
    """Of each family of questions whether the seed set has it, as the parts of generated tests say it."""
    asked = pl.concat([results.items(name).select("type", "level") for name in results.plan.benchmarks]).drop_nulls()
    parted = asked.filter(pl.col("level").is_in(["seed", "outside"])).unique(["type"], keep="first", maintain_order=True)
    return dict(parted.select("type", "level").iter_rows())


def make_hacked(results: Results) -> list[dict]:
    """Kept programs that print a literal and compute nothing, and executions that failed in exploration."""
    rows = []
    for family in results.plan.families:
        for arm in arms.selecting(results.plan, family):
            row = _source(results, arm) | {"published": NOT_AVAILABLE}
            if kept := evidence.accepted(results, arm):
                literal = [np.array([hacking.prints_literal(text) for text in frame["program"]], dtype=bool) for frame in kept]
                row |= {"kept": _mean([frame.height for frame in kept]), "literal": int(sum(seed.sum() for seed in literal))}
                row |= shares("literal_share", evidence.share_of(literal))
            if graded := evidence.judged_programs(results, arm):
                ran, failed = (int(sum(frame[column].sum() for frame in graded)) for column in ("executions", "programs_failed"))
                row |= {"executions": ran, "programs_failed": hundred(failed / ran) if ran else None}
            rows.append(row)
    return rows


def _mean(counts: list[int]) -> float:
    return rounded(np.mean(counts))


def _share(frames: list[pl.DataFrame], which: pl.Expr) -> float | None:
    shares = [frame.select(which.mean()).item() for frame in frames if frame.height]
    return hundred(np.mean(shares)) if shares else None
