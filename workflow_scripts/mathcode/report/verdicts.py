"""Claims of a paper judged on a run: the effect of each, its interval, and the verdict that the whole interval gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mathcode.measures import uncertainty
from mathcode.report.effects import Compared
from mathcode.report.results import Results
from mathcode.report.rows import percent, significant


@dataclass(frozen=True)
class Claim:
    """A claim of a paper.

    Attributes:
        name: a word for it.
        text: it in words, with the unit of its effect.
        needs: the experiments it takes.
        measure: its effect, a share in [0, 1], for a family and a benchmark.
        judge: the verdict for the two ends of the effect's interval, in percent.
    """

    name: str
    text: str
    needs: frozenset[str]
    measure: Callable[[Results, str, str], Compared]
    judge: Callable[[float, float], str]


def assess(results: Results, claims: Sequence[Claim]) -> list[dict]:
    """A row for each claim, family and benchmark: claim, family, benchmark, seeds, n, interval (percent), p_value, adjusted_p, verdict.

    Claims that the run lacks an experiment for have the verdict "not run" and nothing else.
    """
    rows = []
    for family in results.plan.families:
        for benchmark in results.plan.benchmarks:
            for claim in claims:
                row = {"name": claim.name, "claim": claim.text, "family": family, "benchmark": benchmark, "verdict": "not run"}
                rows.append(row | (_measured(results, family, benchmark, claim) if claim.needs <= set(results.plan.experiments) else {}))
    adjusted = uncertainty.holm([row.get("p_value") for row in rows])
    return [row | {"adjusted_p": p} for row, p in zip(rows, adjusted, strict=True)]


def tabulate(results: Results, claims: Sequence[Claim]) -> list[dict]:
    """The rows of a table of claims, as `columns.CLAIMS` has them."""
    rows = []
    for row in assess(results, claims):
        p_values = {name: significant(row.get(name)) for name in ("p_value", "adjusted_p")}
        rows.append(row | percent("", row.get("interval"), value="value", factor=1) | p_values)
    return [row | {"low": row["_low"], "high": row["_high"]} for row in rows]


def _measured(results: Results, family: str, benchmark: str, claim: Claim) -> dict:
    compared = claim.measure(results, family, benchmark)
    percent = compared.effect and compared.effect.scaled(100)
    told = percent is not None and percent.low is not None and (compared.p_value is None or compared.p_value <= 1 - uncertainty.LEVEL)
    return {
        "seeds": len(results.plan.seeds),
        "interval": percent,
        "n": compared.n,
        "p_value": compared.p_value,
        "verdict": claim.judge(round(percent.low, 2), round(percent.high, 2)) if told else "not resolved",
    }


def above_zero(low: float, high: float) -> str:
    """The verdict on a claim that an effect is positive."""
    return "supported" if low > 0 else "contradicted" if high < 0 else "not resolved"
