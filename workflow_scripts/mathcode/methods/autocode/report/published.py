"""AutoCode's published numbers, looked up to stand beside ours: data/published/*.csv, in percent, as printed.

A family names its rows by role (`Family.published`). A role says which file a row is in and, where a file names a model more
than once, which of its rows is meant. A value the paper does not give, or one marked as inferred (~), is None.
"""

from mathcode.methods.autocode.report.plan import Plan
from mathcode.report import published
from mathcode.report.published import number, rows

COLUMNS = {
    "gsm8k": "gsm8k",
    "math": "math",
    "gaokao2023en": "gaokao",
    "olympiadbench": "olympiad",
    "college_math": "college",
    "asdiv": "asdiv",
    "math500": "math500",
    "aime24": "aime24",
    "amc23": "amc23",
}
"""Our benchmarks and the paper's columns."""

ROLES = {
    "cot": ("autocode_v1_main.csv", {"code": "no"}),
    "code": ("autocode_v1_main.csv", {"code": "yes"}),
    "auto": ("autocode_v1_main.csv", {"code": "auto"}),
    "delta": ("autocode_v1_main.csv", {"code": ""}),
    "ablation_start": ("autocode_v1_ablations.csv", {}),
    "ablation_main": ("autocode_v1_ablations.csv", {}),
    "ablation_no_reflection": ("autocode_v1_ablations.csv", {}),
    "ablation_standard_rl": ("autocode_v1_ablations.csv", {}),
    "selection_start": ("autocode_v1_selection.csv", {}),
    "selection_main": ("autocode_v1_selection.csv", {}),
    "dictation_start": ("autocode_v1_fewshot.csv", {}),
    "rounds_main": ("autocode_v1_rounds.csv", {}),
    "v3_cot": ("autocode_v3_main.csv", {"code": "no"}),
    "v3_code": ("autocode_v3_main.csv", {"code": "yes"}),
    "v3_auto": ("autocode_v3_main.csv", {"code": "auto"}),
    "v3_delta": ("autocode_v3_main.csv", {"code": ""}),
}
"""Role of a family's row: its file, and what else its columns must say."""

ONE_BENCHMARK = "math"
"""Tables 3 and 4 of the paper are about MATH alone."""


def by_benchmark(family: dict[str, str], role: str, benchmark: str, version: str = "v1") -> dict[str, float | None]:
    """Accuracy and code rate of a row of Table 1 or 2, in percent.

    Args:
        family: role -> name of a row.
        role: "cot", "code", "auto", "delta" or one of the ablation roles.
        version: v1 or v3; v3 has the first four roles alone.

    Returns:
        Keys accuracy and code_rate; None where the family has no such row or the row no such value.
    """
    row = published.row(family, role if version == "v1" else f"{version}_{role}", ROLES)
    column = COLUMNS.get(benchmark, "")
    return {"accuracy": number(row.get(column)), "code_rate": number(row.get(f"{column}_cr"))}


def on_math(family: dict[str, str], role: str, benchmark: str) -> dict[str, float | None]:
    """Every value of a row of Table 3 or 4, in percent; empty for other benchmarks than MATH."""
    row = published.row(family, role, ROLES) if benchmark == ONE_BENCHMARK else {}
    return {name: number(value) for name, value in row.items() if name != "model"}


def by_rounds(family: dict[str, str], benchmark: str) -> dict[str, float | None]:
    """Responses by number of rounds (Table 6): keys queries, round1, round2, round3; empty where the paper has none."""
    if "rounds_main" not in family:
        return {}
    by_dataset = {row["dataset"].lower(): row for row in rows("autocode_v1_rounds.csv")}
    return {name: number(value) for name, value in by_dataset.get(benchmark, {}).items() if name != "dataset"}


def behaviour(regime: str) -> str | None:
    """What v3 says of a training regime, in words; None where it says nothing. Its models without SFT are base models."""
    named = regime.replace("no SFT", "base")
    return next((row["behaviour"] for row in rows("autocode_v3_regimes.csv") if row["regime"] == named), None)


def discrepancies() -> list[dict[str, str]]:
    """Where the published numbers disagree with themselves: keys where and discrepancy."""
    return rows("discrepancies.csv")


def sft_queries(dataset: str) -> int | None:
    """Queries that the authors' released corpus takes from an SFT source."""
    counts = {row["source"]: int(row["queries"]) for row in rows("autocode_released_sft_sources.csv")}
    return counts.get(dataset)


def check(family: dict[str, str], name: str) -> None:
    """Every role is known and every named row exists.

    Raises:
        PublishedError: naming the family and the role.
    """
    published.check(family, name, ROLES, unnamed="rounds_main")


def check_plan(plan: Plan) -> None:
    """`check` for every family of a run.

    Raises:
        PublishedError: naming the family and the role.
    """
    for name, family in plan.families.items():
        check(family.published, name)
