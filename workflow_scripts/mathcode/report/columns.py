"""Columns of the tables a run ends with: their order, their meaning, and which of them are the ends of an interval.

Shares are in percent, as in the paper, rounded to its two decimals.
"""

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
"""Columns that a table of policies and benchmarks opens with."""

_CODE_DIFFERENCE = ["code_difference", "code_difference_low", "code_difference_high", "code_difference_p"]

OWN = {
    "main": [
        *("lenient_accuracy", "infrastructure_errors", "gain_over_start", "gain_low", "gain_high", "published_delta"),
        *("clean_n", "clean_accuracy", "clean_low", "clean_high"),
    ],
    "ablation": ["label", "difference_from_main", "difference_low", "difference_high", "difference_p", *_CODE_DIFFERENCE],
    "selection": [
        *("selection_macc", "selection_macc_low", "selection_macc_high", "labels_low", "labels_high"),
        *("recall_cot", "recall_code", "cot_preferred", "code_preferred", "unlabelled", "certain", "certain_macc"),
        *("accuracy_correct_selection", "improvement", "cot_accuracy", "code_accuracy"),
        *("strict_share", "allow_code_share", "misaligned_share"),
        *("published_selection_macc", "published_recall_cot", "published_recall_code", "published_accuracy_correct_selection"),
        *("published_improvement", "published_cot_accuracy", "published_code_accuracy"),
    ],
    "dictation": ["compliance"],
    "sft_sources": ["dataset", "pairs", "cot_pairs", "code_pairs", "queries", "rows_before", "removed_rows", "published_queries"],
    "rounds": [
        *("attempts_1", "attempts_2", "attempts_3", "attempts_4_or_more", "executions_per_response", "programs_failed"),
        *("published_attempts_1", "published_attempts_2", "published_attempts_3"),
    ],
    "regimes": ["regime", "label", "k", "one_choice", "published_behaviour"],
}
"""Columns of each of these tables after the common ones."""

SAMPLES = [
    *("experiment", "family", "iteration", "seeds", "mode", "benchmark", "queries", "k"),
    *("pass_at_k", "pass_low", "pass_high", "maj_at_k", "maj_low", "maj_high"),
]
"""Columns of the table `samples`."""

CLAIMS = ["claim", "family", "benchmark", "seeds", "value", "low", "high", "n", "p_value", "adjusted_p", "verdict"]
"""Columns of the table `claims`."""

INTERVALS = {
    "accuracy": ("accuracy_low", "accuracy_high"),
    "clean_accuracy": ("clean_low", "clean_high"),
    "gain_over_start": ("gain_low", "gain_high"),
    "difference_from_main": ("difference_low", "difference_high"),
    "code_difference": ("code_difference_low", "code_difference_high"),
    "selection_macc": ("selection_macc_low", "selection_macc_high"),
    "pass_at_k": ("pass_low", "pass_high"),
    "maj_at_k": ("maj_low", "maj_high"),
    "value": ("low", "high"),
}
"""The columns that hold the ends of another column's interval."""

_MEANING = {
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
    "published_code_rate": "the paper's value; by the released program, responses that hold code in what was graded",
    "contaminated": "evaluated items that share their text or a run of words with a training row of the family before removal",
    "lenient_accuracy": "percent of items where any stated answer is right",
    "infrastructure_errors": "responses without a verdict because execution or grading broke, all seeds; in no other column",
    "gain_over_start": "accuracy of auto minus that of the start policy dictated to the mode that is better over all seeds and items, "
    "points, on items all three have",
    "gain_low": "lower end of its 95 % interval: paired bootstrap over items for one seed, over seeds and items for several; blank "
    "where nothing varies",
    "gain_high": "upper end of the same",
    "published_delta": "the paper's printed difference: auto minus code mode in v1, minus the base model's CoT in v3",
    "clean_n": "items with a verdict that are not contaminated",
    "clean_accuracy": "accuracy on these alone, percent",
    "clean_low": "lower end of its 95 % interval, as for accuracy",
    "clean_high": "upper end of the same",
    "label": "the experiment in words",
    "difference_from_main": "accuracy minus that of EM after as many iterations, points, on the same items",
    "difference_low": "lower end of its 95 % interval, as for gain_over_start",
    "difference_high": "upper end of the same",
    "difference_p": "two-sided p-value of no difference: McNemar's exact test for one seed, from the interval for several; not adjusted",
    "code_difference": "code rate minus that of EM after as many iterations, points, on the same items",
    "code_difference_low": "lower end of its 95 % interval, as for gain_over_start",
    "code_difference_high": "upper end of the same",
    "code_difference_p": "two-sided p-value of no difference, as for difference_p",
    "selection_macc": "mean of the two recalls, percent; 50 is what one choice for all gives",
    "selection_macc_low": "lower end of its 95 % interval: bootstrap over items for one seed, over seeds and items for several",
    "selection_macc_high": "upper end of the same",
    "labels_low": "lower end of where 95 % of selection_macc fall when items and, for each, its sampled rollouts are drawn anew: "
    "how much hangs on few rollouts; the noise pulls it towards 50",
    "labels_high": "upper end of the same",
    "recall_cot": "percent of CoT-preferred items whose first methodology is CoT",
    "recall_code": "percent of code-preferred items whose first methodology is code",
    "cot_preferred": "items whose sampled dictated rollouts are right more often, or as often, by CoT; mean over seeds",
    "code_preferred": "items whose sampled dictated rollouts are right more often by code; mean over seeds",
    "unlabelled": "items that neither methodology ever solved; mean over seeds",
    "certain": "items whose label is right with a probability of 95 % or more, given its few rollouts; mean over seeds",
    "certain_macc": "selection_macc on these alone",
    "accuracy_correct_selection": "accuracy among items with the right first methodology, percent",
    "improvement": "accuracy of auto minus the better dictated mode of the same policy, points; the mode that is better over all seeds",
    "cot_accuracy": "accuracy of the same policy dictated to CoT, percent",
    "code_accuracy": "accuracy of the same policy dictated to code, percent",
    "strict_share": "percent of correct responses whose first methodology is the oracle's (code iff only code is right)",
    "allow_code_share": "percent of correct responses that use code where both methodologies are right",
    "misaligned_share": "the rest of the correct responses, percent",
    "compliance": "percent of responses whose first methodology is the dictated one",
    "dataset": "SFT source; a row for each benchmark it was compared with",
    "pairs": "question-solution pairs in the run's SFT data",
    "cot_pairs": "of these, CoT solutions",
    "code_pairs": "of these, solutions with programs",
    "queries": "distinct questions behind the row",
    "rows_before": "pairs before anything was removed",
    "removed_rows": "pairs removed because of this benchmark",
    "published_queries": "questions the authors' released corpus takes from the source",
    "attempts_1": "responses with one methodology attempt, per seed (mean)",
    "attempts_2": "with two: one reflective hint",
    "attempts_3": "with three",
    "attempts_4_or_more": "with more",
    "executions_per_response": "executed programs per response",
    "programs_failed": "percent of executed programs that ended with an error or at a limit",
    "published_attempts_1": "the paper's responses with one round",
    "published_attempts_2": "with two",
    "published_attempts_3": "with three",
    "regime": "how the policy was trained: SFT or none, then nothing, RL, or EM",
    "one_choice": "percent chance that k native rollouts of an explored query all choose the same methodology, k as many as every "
    "policy was explored with; blank for policies not explored",
    "published_behaviour": "what version 3 of the paper says of the regime (second-hand)",
    "k": "samples chosen of a query's",
    "pass_at_k": "percent chance that one of k samples is right, unbiased (Chen et al. 2021); mean over queries",
    "pass_low": "lower end of its 95 % interval: bootstrap over queries for one seed, over seeds and queries for several (explored "
    "queries: over seeds, each with its own)",
    "pass_high": "upper end of the same",
    "maj_at_k": "percent chance that the answer most of k samples give is right, unbiased; ties count by parts",
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


_P_VALUES = {"difference_p", "code_difference_p", "p_value", "adjusted_p"}

_DECIMALS = {"executions_per_response": 2} | dict.fromkeys(("hours", "gpu_hours", "cpu_hours", "longest_hours"), 2)
"""Columns of small numbers, and the decimals they need."""


def digits(column: str, value: float, decimals: int) -> str:
    """A number of a column as a reader sees it: as it is where whole, p-values with two significant digits."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.2g}" if column in _P_VALUES else f"{value:.{max(decimals, _DECIMALS.get(column, 0))}f}"


def meaning(column: str) -> str:
    """A phrase for what a column holds; a further published_ column is the paper's value of the column it is named after."""
    if column not in _MEANING and column.removeprefix("published_") in _MEANING:
        return f"the paper's value of {column.removeprefix('published_')}"
    return _MEANING[column]
