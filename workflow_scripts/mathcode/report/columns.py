"""Columns that tables of every method may have: their order, their meaning, which are the ends of an interval, how many digits.

A method adds its own (`Columns.extended`). Shares are in percent, rounded to two decimals. Light: an index of items imports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

OPENING = [
    "experiment",
    "family",
    "iteration",
    "seeds",
    "mode",
    "benchmark",
    "n",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "code_rate",
    "code_written_rate",
    "code_decides_rate",
    "published_accuracy",
    "published_code_rate",
    "contaminated",
]
"""Columns that a table of policies and benchmarks opens with (`rows.opening`)."""

SAMPLES = [
    *("experiment", "family", "iteration", "seeds", "mode", "benchmark", "queries", "left_out", "k"),
    *("pass_at_k", "pass_low", "pass_high", "maj_at_k", "maj_low", "maj_high"),
]
"""Columns of a table of pass@k and maj@k."""

CLAIMS = ["claim", "family", "benchmark", "seeds", "value", "low", "high", "n", "p_value", "adjusted_p", "verdict"]
"""Columns of a table of claims (`verdicts.tabulate`)."""


MEASURES = (
    *("precision", "recall", "specificity", "f1", "balanced_accuracy", "kappa", "matthews"),
    *("accuracy", "auroc", "calibration_error"),
)
"""Measures of a judge on cases."""


def with_interval(*names: str) -> list[str]:
    """Columns and the ends of their intervals."""
    return [column for name in names for column in (name, f"{name}_low", f"{name}_high")]


@dataclass(frozen=True)
class Columns:
    """What is known of columns by their names.

    Attributes:
        meanings: a phrase for what a column holds, with its unit.
        intervals: the columns that hold the ends of another column's interval.
        p_values: columns of p-values: shown with two significant digits.
        decimals: columns of small numbers, and the decimals they need.
        folded: columns that a page shows on demand alone, so that a table fits its width.
    """

    meanings: Mapping[str, str]
    intervals: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    p_values: frozenset[str] = frozenset()
    decimals: Mapping[str, int] = field(default_factory=dict)
    folded: frozenset[str] = frozenset()

    def extended(self, own: "Columns") -> "Columns":
        """These and a method's own, which come first where both have a name."""
        return Columns(
            {**self.meanings, **own.meanings},
            {**self.intervals, **own.intervals},
            self.p_values | own.p_values,
            {**self.decimals, **own.decimals},
            self.folded | own.folded,
        )

    def meaning(self, column: str) -> str:
        """A phrase for what a column holds; a further published_ column is the paper's value of the column it is named after.

        Raises:
            KeyError: the column has no meaning.
        """
        if column not in self.meanings and column.removeprefix("published_") in self.meanings:
            return f"the paper's value of {column.removeprefix('published_')}"
        return self.meanings[column]

    def digits(self, column: str, value: float, decimals: int) -> str:
        """A number of a column as a reader sees it: as it is where whole, p-values with two significant digits."""
        if isinstance(value, int):
            return str(value)
        return f"{value:.2g}" if column in self.p_values else f"{value:.{max(decimals, self.decimals.get(column, 0))}f}"

    def ends(self) -> set[str]:
        """The columns that are the end of another's interval."""
        return {end for pair in self.intervals.values() for end in pair}


_MEANINGS = {
    "experiment": "row of settings that trained the policy; start: the policy iteration 1 starts from",
    "family": "base model",
    "mode": "auto: nothing dictated; cot, code: the methodology is dictated",
    "benchmark": "test set; explored queries: the training queries of the policy's exploration",
    "iteration": "iterations trained; 0 for the start policy",
    "seeds": "training seeds behind the row",
    "n": "items with a verdict for every seed, and in every policy and mode compared",
    "accuracy": "percent of items whose last stated answer is right, greedy; mean over seeds",
    "accuracy_low": "lower end of its 95 % interval: Wilson over items for one seed, over seeds and items for several",
    "accuracy_high": "upper end of the same",
    "code_rate": "percent of responses with at least one executed program",
    "code_written_rate": "percent of responses that hold a program or a print( call",
    "code_decides_rate": "percent of responses whose graded answer is what a program printed",
    "published_accuracy": "the paper's value, percent; blank where it gives none",
    "contaminated": "evaluated items that share their text or a run of words with a training row of the family before removal",
    "lenient_accuracy": "percent of items where any stated answer is right",
    "infrastructure_errors": "responses without a verdict because execution or grading broke, all seeds; in no other column",
    "clean_n": "items with a verdict that are not contaminated",
    "clean_accuracy": "accuracy on these alone, percent",
    "clean_low": "lower end of its 95 % interval, as for accuracy",
    "clean_high": "upper end of the same",
    "label": "the experiment in words",
    "dataset": "SFT source; a row for each benchmark it was compared with",
    "pairs": "question-solution pairs in the run's SFT data",
    "queries": "distinct questions behind the row",
    "rows_before": "pairs before anything was removed",
    "removed_rows": "pairs removed because of this benchmark",
    "executions_per_response": "executed programs per response",
    "programs_failed": "percent of executed programs that ended with an error or at a limit",
    "left_out": "queries with fewer than k samples that have a verdict (of some seed), which are in no other number of the row",
    "k": "samples chosen of a query's",
    "pass_at_k": "percent chance that one of k samples is right, unbiased (Chen et al. 2021); mean over queries",
    "pass_low": "lower end of its 95 % interval: bootstrap over queries for one seed, over seeds and queries for several (explored "
    "queries: over seeds, each with its own)",
    "pass_high": "upper end of the same",
    "maj_at_k": "percent chance that the answer most of k samples give is right, unbiased; equal answers are one, samples without an "
    "answer do not vote, ties count by parts",
    "maj_low": "lower end of its 95 % interval, as for pass_at_k",
    "maj_high": "upper end of the same",
    "claim": "what is claimed",
    "value": "its measure, percent or points",
    "low": "lower end of the 95 % interval",
    "high": "upper end of the same",
    "p_value": "two-sided p-value of no difference: McNemar's exact test (sign test of counts) for one seed, from the interval for several",
    "adjusted_p": "the same by Holm, for all tests of this table together",
    "verdict": "supported or contradicted where the whole interval says so and p_value is at most 0.05, else not resolved; not run: "
    "the run lacks a policy",
}

SHARED = Columns(
    _MEANINGS,
    intervals={
        "accuracy": ("accuracy_low", "accuracy_high"),
        "clean_accuracy": ("clean_low", "clean_high"),
        "pass_at_k": ("pass_low", "pass_high"),
        "maj_at_k": ("maj_low", "maj_high"),
        "value": ("low", "high"),
    },
    p_values=frozenset({"p_value", "adjusted_p"}),
    decimals={"executions_per_response": 2},
    folded=frozenset({"code_written_rate", "code_decides_rate", "contaminated", "lenient_accuracy", "label", "left_out"}),
)

_OF_JUDGES = {
    "n": "items, or cases, with a verdict for every seed, and in every policy and mode compared",
    "judge": "who judges: exact (the strict rule), lenient (a rule that reads the numbers of a reference), critic_NAME, cascade_NAME "
    "(the critic where the strict rule refuses), other rules",
    "accuracy": "percent of items whose last stated answer is right, greedy, mean over seeds; of a judge: of cases it is right about",
    "label": "the experiment, or the judge, in words",
    "case_set": "cases that judges are compared on; attacks are in no number but those of their own table",
    "answer_type": "of the reference answer; all: every case that is no attack",
    "yes": "of these, cases whose result gives the reference answer",
    "by_rule": "percent of the cases whose YES is the strict rule's own: on these its recall is 100 by construction",
    "taught_references": "percent of the cases whose reference, as text, is in a case that the critic learned from; blank for rules",
    "precision": "percent of accepted cases that are right",
    "recall": "percent of right cases that are accepted",
    "specificity": "percent of wrong cases that are refused",
    "f1": "harmonic mean of precision and recall, percent",
    "balanced_accuracy": "mean of recall and specificity, percent",
    "kappa": "Cohen's kappa, times 100: agreement beyond what the rates of YES give by chance",
    "matthews": "Matthews correlation, times 100",
    "auroc": "chance that a right case scores above a wrong one, percent; blank for judges without scores",
    "calibration_error": "expected calibration error, ten bins, percent; blank for judges without scores",
    "calibration_expected": "calibration_error of a calibrated critic with these scores, on average: what chance alone gives so many cases",
    "attack": "kind of attack (mathcode.critic.attacks); all: every kind",
    "accepted": "percent that the judge holds to be right; about 0 is what it should be",
}
_OVER_CASES = [name for name in (*MEASURES, "accepted") if name != "accuracy"]

JUDGED = Columns(
    {
        **_OF_JUDGES,
        **{
            f"{name}_low": "lower end of its 95 % interval: over cases for one seed, over seeds and them for several"
            for name in _OVER_CASES
        },
        **{f"{name}_high": "upper end of the same" for name in _OVER_CASES},
    },
    intervals={name: (f"{name}_low", f"{name}_high") for name in _OVER_CASES},
    folded=frozenset(
        {"yes", "by_rule", "taught_references"}
        | {"specificity", "f1", "balanced_accuracy", "matthews"}
        | {"auroc", "calibration_error", "calibration_expected"}
    ),
)
"""Columns of tables about judges on cases (`report.compared`)."""
