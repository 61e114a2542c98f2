"""What the paper claims, each with its measure in a run, its interval, and what the interval says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mathcode.measures import uncertainty
from mathcode.report.effects import Compared
from mathcode.report.results import Results


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: its name, in words, the experiments it takes, its measure, and what its interval says."""

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
    return "supported" if low > 0 else "contradicted" if high < 0 else "not resolved"
