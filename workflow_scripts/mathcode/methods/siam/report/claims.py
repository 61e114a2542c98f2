"""The rows of SIaM's table of claims: each line with its effect, its interval, its adjusted p-value and its verdict."""

from mathcode.measures import uncertainty
from mathcode.methods.siam.report.lines import LINES, TOKENS, Line, Told
from mathcode.report.results import Results
from mathcode.report.rows import percent, significant

SHOWN, NOT_SHOWN, NOT_TESTABLE = "shown", "not shown", "not testable at this size"


def make_claims(results: Results) -> list[dict]:
    """Eight lines for each family; Holm adjusts over all that could be tested. A line about a critic is one measure for all families."""
    keys = {(line, family): (line, family if line.of_family else None) for family in results.plan.families for line in LINES}
    told = {}
    for asked, key in keys.items():
        if key not in told:
            told[key] = asked[0].measure(results, asked[1])
    adjusted = dict(zip(told, uncertainty.holm([one and one.p_value for one in told.values()]), strict=True))
    return [_row(results, *asked, told[key], adjusted[key]) for asked, key in keys.items()]


def _row(results: Results, line: Line, family: str, one: Told | None, p_value: float | None) -> dict:
    row = {"name": line.name, "claim": line.text, "family": family, "benchmark": "", "verdict": NOT_TESTABLE}
    if one is not None:
        sure = one.borne_out and (p_value is None or p_value <= 1 - uncertainty.LEVEL)
        numbers = percent("", one.effect, value="value", factor=1 if line.name in TOKENS else 100)
        row |= {"benchmark": one.where, "seeds": len(results.plan.seeds), "value": numbers["value"], "n": one.n, "detail": one.detail}
        row |= {"low": numbers["_low"], "high": numbers["_high"], "verdict": SHOWN if sure else NOT_SHOWN}
        row |= {"p_value": significant(one.p_value), "adjusted_p": significant(p_value)}
    return row
