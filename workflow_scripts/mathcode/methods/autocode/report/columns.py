"""Columns of AutoCode's tables that no other method has: their meaning, and which of them are the ends of an interval."""

from collections.abc import Mapping

from mathcode.report.columns import JUDGED, SHARED, Columns

_MEANINGS = {
    "published_code_rate": "the paper's value; by the released program, responses that hold code in what was graded",
    "gain_over_start": "accuracy of auto minus that of the start policy dictated to the mode that is better over all seeds and items, "
    "points, on items all three have",
    "gain_low": "lower end of its 95 % interval: paired bootstrap over items for one seed, over seeds and items for several; blank "
    "where nothing varies",
    "gain_high": "upper end of the same",
    "clean_gain": "the same on items that are not contaminated, by the mode that is better on these",
    "clean_gain_low": "lower end of its 95 % interval, as for gain_over_start",
    "clean_gain_high": "upper end of the same",
    "published_delta": "the paper's printed difference: auto minus code mode in v1, minus the base model's CoT in v3",
    "difference_from_main": "accuracy minus that of EM after as many iterations, points, on the same items",
    "difference_low": "lower end of its 95 % interval, as for gain_over_start",
    "difference_high": "upper end of the same",
    "difference_p": "two-sided p-value of no difference: McNemar's exact test for one seed, from the interval for several; not adjusted",
    "code_difference": "code rate minus that of EM after as many iterations, points, on the same items",
    "code_difference_low": "lower end of its 95 % interval, as for gain_over_start",
    "code_difference_high": "upper end of the same",
    "code_difference_p": "two-sided p-value of no difference, as for difference_p",
    "executions": "programs run for a response, mean",
    "executions_low": "lower end of its 95 % interval, as for gain_over_start",
    "executions_high": "upper end of the same",
    "left_behind_by": "policies that are more accurate with no more programs, or no less accurate with fewer, on the same items: what "
    "is more or fewer has a 95 % interval on that side of 0, what is no more or no less is not worse in the mean",
    "selection_macc": "mean of the recalls, percent; one choice for all gives 50, among three methodologies 33",
    "selection_macc_low": "lower end of its 95 % interval: bootstrap over items for one seed, over seeds and items for several",
    "selection_macc_high": "upper end of the same",
    "labels_low": "lower end of where 95 % of selection_macc fall when items and, for each, its sampled rollouts are drawn anew: "
    "how much hangs on few rollouts; the noise pulls it towards 50",
    "labels_high": "upper end of the same",
    "recall_cot": "percent of CoT-preferred items whose first methodology is CoT",
    "recall_code": "percent of code-preferred items whose first methodology is code",
    "cot_preferred": "items whose sampled dictated rollouts are right more often, or as often, by CoT; mean over seeds",
    "code_preferred": "items whose sampled dictated rollouts are right more often by code; mean over seeds",
    "unlabelled": "items that no methodology ever solved, or that fewer than two were tried on as dictated; mean over seeds",
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
    "repeats_cue": "percent of responses with more cues than attempts, such as one written twice",
    "cot_pairs": "of these, CoT solutions",
    "code_pairs": "of these, solutions with programs",
    "published_queries": "questions the authors' released corpus takes from the source",
    "attempts_1": "responses with one methodology attempt, per seed (mean)",
    "attempts_2": "with two: one reflective hint",
    "attempts_3": "with three",
    "attempts_4_or_more": "with more",
    "tried_again": "responses that tried again, of all seeds",
    "tried_again_least": "their percentage in the seed that has fewest",
    "recovered": "of the responses that tried again, percent whose first attempt was wrong and the last right",
    "recovered_low": "lower end of its 95 % interval: Wilson over the responses of all seeds that tried again",
    "recovered_high": "upper end",
    "harmed": "of the same, percent whose first attempt was right and the last wrong",
    "harmed_low": "lower end of its 95 % interval, as for recovered",
    "harmed_high": "upper end",
    "published_attempts_1": "the paper's responses with one round",
    "published_attempts_2": "with two",
    "published_attempts_3": "with three",
    "regime": "how the policy was trained: SFT or none, then nothing, RL, or EM",
    "one_choice": "percent chance that k native rollouts of an explored query all choose the same methodology, k as many as every "
    "policy was explored with; blank for policies not explored",
    "kind": "how the responses of the row were made: native, dictated or self-reflective",
    "steps": "optimiser steps that had such responses, of all seeds",
    "ratio": "mean importance ratio of a step's tokens to the policy that wrote them, where it is furthest from 1",
    "kl": "largest KL to that policy in a step, nats per token",
    "clip_share": "largest percent of a step's tokens whose ratio is outside the clip range",
    "effective_share": "least effective sample size of a step, (sum of ratios)^2 / sum of squared ratios, percent of its tokens",
    "breaches": "which of them are beyond the bounds of the settings `health`",
    "published_behaviour": "what version 3 of the paper says of the regime (second-hand)",
}

_FOLDED = frozenset(
    {
        *("tried_again_least",),
        *("clean_n", "clean_accuracy", "clean_gain", "published_delta", "code_difference_p", "labels_low", "labels_high"),
        *("cot_preferred", "code_preferred", "unlabelled", "certain", "certain_macc", "cot_accuracy", "code_accuracy"),
        *("strict_share", "allow_code_share", "misaligned_share", "published_recall_cot", "published_recall_code"),
        *("published_accuracy_correct_selection", "published_improvement", "published_cot_accuracy", "published_code_accuracy"),
        *(f"published_attempts_{number}" for number in (1, 2, 3)),
    }
)
"""Columns that the summary shows on demand."""


def columns_with(labels: Mapping[str, str]) -> Columns:
    """The columns of a run with these methodologies: those of further ones mean what code's mean."""
    meanings, folded = {}, set()
    for name, label in list(labels.items())[2:]:
        for column in ("recall_code", "code_preferred", "code_accuracy"):
            meanings[column.replace("code", name)] = _MEANINGS[column].replace("code", label)
        folded |= {f"{name}_preferred", f"{name}_accuracy"}
    return COLUMNS.extended(Columns(meanings, folded=frozenset(folded)))


COLUMNS = JUDGED.extended(SHARED).extended(
    Columns(
        _MEANINGS,
        folded=_FOLDED,
        intervals={
            "gain_over_start": ("gain_low", "gain_high"),
            "clean_gain": ("clean_gain_low", "clean_gain_high"),
            "difference_from_main": ("difference_low", "difference_high"),
            "code_difference": ("code_difference_low", "code_difference_high"),
            "executions": ("executions_low", "executions_high"),
            "selection_macc": ("selection_macc_low", "selection_macc_high"),
            **{name: (f"{name}_low", f"{name}_high") for name in ("recovered", "harmed")},
        },
        decimals={"ratio": 2, "kl": 3},
        p_values=frozenset({"difference_p", "code_difference_p"}),
    )
)
