"""SIaM's published numbers, as far as they could be had: data/published/siam_*.csv, in percent, as printed.

Of the paper's tables none could be read; two gains of its abstract and one unverified row of a survey are all there is. Everything
else says so in words.
"""

from mathcode.methods.siam.report.places import IN, OUT_OF_DOMAIN
from mathcode.methods.siam.report.plan import Plan
from mathcode.report import published
from mathcode.report.published import rows

NOT_AVAILABLE = "not available"
"""Stands wherever the paper may well have a number that nobody here has seen."""

ROLES = {"siam": ("siam_unverified.csv", {})}
"""Role of a family's row: its file, and what else its columns must say."""

HEADLINES = dict.fromkeys(("seed", IN), "in-domain gain up to") | dict.fromkeys(OUT_OF_DOMAIN, "out-of-domain gain up to")
"""The abstract's claim about a part of a test."""


def accuracy(family: dict[str, str], benchmark: str) -> str:
    """Accuracy of the paper's last policy on a benchmark, with the word of who is to be trusted with it."""
    value = published.row(family, "siam", ROLES).get(benchmark)
    return f"{value} (second-hand, unverified)" if value else NOT_AVAILABLE


def gain(part: str) -> str:
    """What the abstract says of a part of the tests: the most that was gained on one of its benchmarks, points."""
    claim = HEADLINES.get(part)
    value = next((row["value"] for row in rows("siam_headline.csv") if row["claim"] == claim), None)
    return f"up to {value} (other data and models)" if value else NOT_AVAILABLE


def check_plan(plan: Plan) -> None:
    """Every row that a family names in a role of SIaM's exists; roles of other methods are theirs.

    Raises:
        PublishedError: naming the family and the role.
    """
    for name, family in plan.families.items():
        published.check({role: row for role, row in family.published.items() if role in ROLES}, name, ROLES)


def notes() -> list[dict[str, str]]:
    """What keeps the published numbers from standing beside ours: keys where and discrepancy."""
    return [
        {
            "where": "the paper's tables",
            "discrepancy": "not available: its benchmarks, ablations, agreement and length numbers could not be had",
        },
        {
            "where": "siam_unverified.csv",
            "discrepancy": "81.5 and 50.0 are second-hand; the rows beside them in that survey are other work, not this paper's baselines",
        },
    ]
