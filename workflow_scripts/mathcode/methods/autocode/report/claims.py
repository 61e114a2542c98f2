"""What AutoCode's paper claims of accuracy, program runs, choice, standard RL and reflection, each with its measure."""

from collections.abc import Callable
from dataclasses import replace

from mathcode.methods.autocode.report import comparisons
from mathcode.methods.autocode.report.plan import EM
from mathcode.report import effects
from mathcode.report.effects import Compared
from mathcode.report.results import Results
from mathcode.report.verdicts import Claim, above_zero

POLARISED = (0.05, 0.95)
"""A code rate outside counts as one choice for all (our choice; v3 speaks of polarising to 0 or 100 %)."""

RIVAL = "standard_rl_equal_rollouts"


def _not_polarised(low: float, high: float) -> str:
    least, most = (100 * end for end in POLARISED)
    if least < low and high < most:
        return "supported"
    return "contradicted" if high < least or low > most else "not resolved"


def _em_code_rate(results: Results, family: str, benchmark: str) -> Compared:
    arm = results.last(EM, family)
    count = len(results.paired([(arm, "auto")], benchmark)[0])
    return Compared(effects.code_rate(results, arm, "auto", benchmark), None, count)


def _em_minus(rival: str) -> Callable[[Results, str, str], Compared]:
    def measure(results: Results, family: str, benchmark: str) -> Compared:
        compared = comparisons.versus_em(results, results.last(rival, family), benchmark, "strict")
        return replace(compared, effect=compared.effect.scaled(-1))

    return measure


CLAIMS = [
    Claim(
        "accuracy",
        "EM (auto) is more accurate than the better dictated mode of the start policy, points",
        frozenset([EM]),
        comparisons.gain,
        above_zero,
    ),
    Claim(
        "executions",
        "EM (auto) runs fewer programs than the start policy dictated to code, percent saved",
        frozenset([EM]),
        comparisons.executions_saved,
        above_zero,
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
        above_zero,
    ),
    Claim(
        "reflection",
        "EM is more accurate than EM without self-reflective synthesis (NO_REFL), points",
        frozenset([EM, "no_reflection"]),
        _em_minus("no_reflection"),
        above_zero,
    ),
]
