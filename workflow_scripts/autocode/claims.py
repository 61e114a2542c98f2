"""What the paper claims, each with its measure in a run, its interval, and what the interval says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from autocode import measures, statistics
from autocode.measures import Compared
from autocode.results import EM, Results

POLARISED = (0.05, 0.95)
"""A code rate outside counts as one choice for all (our choice; v3 speaks of polarising to 0 or 100 %)."""

RIVAL = "standard_rl_equal_rollouts"


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: its name, in words, the experiments it takes, its measure, and what its interval says."""

    name: str
    text: str
    needs: frozenset[str]
    measure: Callable[[Results, str, str], Compared]
    judge: Callable[[float, float], str]


def assess(results: Results) -> list[dict]:
    """A row for each claim, family and benchmark: claim, family, benchmark, seeds, n, interval (percent), p_value, adjusted_p, verdict.

    Claims that the run lacks an experiment for have the verdict "not run" and nothing else.
    """
    rows = []
    for family in results.plan.families:
        for benchmark in results.plan.benchmarks:
            for claim in CLAIMS:
                row = {"name": claim.name, "claim": claim.text, "family": family, "benchmark": benchmark, "verdict": "not run"}
                rows.append(row | (_measured(results, family, benchmark, claim) if claim.needs <= set(results.plan.experiments) else {}))
    adjusted = statistics.holm([row.get("p_value") for row in rows])
    return [row | {"adjusted_p": p} for row, p in zip(rows, adjusted, strict=True)]


def _measured(results: Results, family: str, benchmark: str, claim: Claim) -> dict:
    compared = claim.measure(results, family, benchmark)
    percent = compared.effect and compared.effect.scaled(100)
    told = percent is not None and percent.low is not None and (compared.p_value is None or compared.p_value <= 1 - statistics.LEVEL)
    return {
        "seeds": len(results.plan.seeds),
        "interval": percent,
        "n": compared.n,
        "p_value": compared.p_value,
        "verdict": claim.judge(round(percent.low, 2), round(percent.high, 2)) if told else "not resolved",
    }


def _above_zero(low: float, high: float) -> str:
    return "supported" if low > 0 else "contradicted" if high < 0 else "not resolved"


def _not_polarised(low: float, high: float) -> str:
    least, most = (100 * end for end in POLARISED)
    if least < low and high < most:
        return "supported"
    return "contradicted" if high < least or low > most else "not resolved"


def _em_code_rate(results: Results, family: str, benchmark: str) -> Compared:
    arm = results.last(EM, family)
    count = len(results.paired([(arm, "auto")], benchmark)[0])
    return Compared(measures.code_rate(results, arm, "auto", benchmark), None, count)


def _em_minus(rival: str) -> Callable[[Results, str, str], Compared]:
    def measure(results: Results, family: str, benchmark: str) -> Compared:
        compared = measures.versus_em(results, results.last(rival, family), benchmark, "strict")
        return replace(compared, effect=compared.effect.scaled(-1))

    return measure


CLAIMS = [
    Claim(
        "accuracy",
        "EM (auto) is more accurate than the better dictated mode of the start policy, points",
        frozenset([EM]),
        measures.gain,
        _above_zero,
    ),
    Claim(
        "executions",
        "EM (auto) runs fewer programs than the start policy dictated to code, percent saved",
        frozenset([EM]),
        measures.executions_saved,
        _above_zero,
    ),
    Claim(
        "choice",
        f"EM runs code on some queries and not on others: code rate inside {100 * POLARISED[0]:g}-{100 * POLARISED[1]:g} %",
        frozenset([EM]),
        _em_code_rate,
        _not_polarised,
    ),
    Claim(
        "standard_rl",
        "EM is more accurate than standard RL at equal rollouts, points",
        frozenset([EM, RIVAL]),
        _em_minus(RIVAL),
        _above_zero,
    ),
    Claim(
        "reflection",
        "EM is more accurate than EM without self-reflective synthesis (NO_REFL), points",
        frozenset([EM, "no_reflection"]),
        _em_minus("no_reflection"),
        _above_zero,
    ),
]
