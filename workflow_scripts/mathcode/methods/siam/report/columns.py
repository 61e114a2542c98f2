"""Columns of SIaM's tables that no other method has: their meaning, and which of them are the ends of an interval."""

from mathcode.report.columns import JUDGED, SHARED, Columns, with_interval

OPENING = [
    *("policy", "experiment", "family", "iteration", "preference", "seeds", "benchmark", "part", "data", "n", "grader"),
    *("accuracy", "accuracy_low", "accuracy_high"),
]
"""Columns that a table of policies on parts of benchmarks opens with (`numbers.opening`)."""

SOURCE = ["policy", "experiment", "family", "iteration", "seeds", "pool", "judge"]
"""Columns that a table of selected programs opens with."""

_OVER = "95 % interval: over items (cases, programs) for one seed, over seeds and them for several"

_AUDITED = "the grader accepts: with the oracle those that are right, with another grader agreement with the strict rule"

_MEANINGS = {
    "policy": "the paper's name: base, M_seed, M_0, M_1 ...; behind a plus sign the preference that aligned it",
    "experiment": "row of settings that trained the policy; base, seeded and start: before the first round; main: the paper's method",
    "iteration": "rounds of self-training; 0 before the first",
    "preference": "row of settings that aligned the policy; blank where nothing did",
    "part": "part of a generated test: seed (its families), outside, reworded, harder (a control); public: in or out of domain",
    "data": "public, or generated: then which families the base can do, and which have free-form references, was chosen by us",
    "grader": "judge that counts: `oracle` compares with the generator's own values, `exact` with the reference",
    "label": "it in words",
    "ran": "percent of responses in which a program ran and none failed",
    "no_answer": "percent of items whose greedy response answers nothing, though no program failed: none was written, or nothing printed",
    "timed_out": "percent of items whose program was stopped at its limit of time",
    "failed": "percent of items whose program ended with an error or at another limit",
    "delta": "accuracy minus that of M_0, points, on the same items",
    "published_gain": "what the paper's abstract claims, points",
    "published": "the paper's value; 'not available' where it could not be had",
    "published_accuracy": "the paper's value, percent; 'not available' where it could not be had",
    "pool": "pool of questions that was explored",
    "judge": "who accepts: exact (the strict rule), lenient (a rule that reads the numbers of a reference), critic_NAME, cascade_NAME "
    "(the critic where the strict rule refuses); oracle; executes: whatever ran",
    "threshold": "score from which a critic accepts (our choice); blank for rules",
    "language": "of the questions: en, zh; all where it is not known",
    "questions": "questions explored, mean over seeds",
    "samples": "programs written for them, mean over seeds",
    "executed_share": "percent of them that ran without failing",
    "accepted_share": "percent of them that the judge accepts",
    "kept": "distinct accepted programs that the next policy learns from, mean over seeds",
    "distinct": "questions behind them, mean over seeds",
    "steps": "optimiser steps of the SFT that follows, mean over seeds",
    "tokens": "loss tokens of these steps, repeated ones again, mean over seeds",
    "auditor": "judge that the audit asks: the grader of the run",
    "audited": "kept programs that the auditor has a verdict on, all seeds; blank where it selected them itself, which audits nothing",
    "audited_precision": f"percent of these that {_AUDITED}",
    "audited_recall": "percent of the programs that the auditor accepts that were accepted",
    "rule_agreement": "percent of executed programs on which judge and strict rule say the same",
    "against": "the judge that it is compared with: the grader, and for a critic the strict rule too",
    "score": "accuracy by this judge, percent",
    "score_against": "accuracy by that judge, percent, on the same items",
    "difference": "score minus score_against, points",
    "same": "percent of items on which both say the same; read it beside kappa, which falls where nearly all answers are right",
    "tau_b": "Kendall's tau-b of the rankings of all policies by the two judges, times 100",
    "ranked": "policies ranked",
    "learned_from": "languages that the critic learned from; not known: the run does not say",
    "verdict": "shown where the whole interval says so and adjusted_p is at most 0.05; else not shown; not testable at this size: the run "
    "lacks what the claim is about",
    "difference_from_main": "accuracy minus that of main after as many rounds, points, on the same items",
    "delta_from_unaligned": "accuracy minus that of the policy before alignment, points, on the same items",
    "delta_from_control": "accuracy minus that of SFT on the chosen programs of the same pairs, points, on the same items",
    "loss": "loss of the preference; likelihood: the control, SFT on the chosen programs",
    "beta": "of DPO (our choice)",
    "odds_weight": "of ORPO, lambda of its paper (our choice)",
    "length_normalised": "yes: DPO whose log-ratios are means over tokens (our choice)",
    "likelihood_weight": "lambda: weight of the chosen program's -log p beside the preference loss (0 is the paper's ablation, the others "
    "our choice)",
    "normalisation": "of that term: mean over tokens or sum (our choice); it decides what lambda means",
    "length_mean": "tokens of a greedy response, up to and including its end",
    "length_median": "their median",
    "length_p95": "their 95th percentile",
    "length_cut": "percent of greedy responses cut at the limit of tokens",
    "length_endless": "percent of greedy responses without an end of text",
    "length_right": "mean tokens of right greedy responses",
    "length_wrong": "mean tokens of wrong ones",
    "length_delta": "mean tokens minus those of the policy before alignment, greedy, same items",
    "sampled_mean": "tokens of a sampled response",
    "sampled_median": "their median",
    "sampled_p95": "their 95th percentile",
    "sampled_cut": "percent of sampled responses cut at the limit of tokens",
    "sampled_endless": "percent of sampled responses without an end of text",
    "sampled_delta": "mean tokens minus those of the policy before alignment, sampled, same items",
    "pairs": "pairs it learned from, mean over seeds",
    "chosen_right": f"percent of their chosen programs that {_AUDITED}; blank where the grader chose them itself",
    "rejected_wrong": "percent of their rejected programs that it refuses; blank where it rejected them itself, and, unless it is the "
    "oracle, where `pair.sure` did",
    "reward_accuracy": "percent of pairs whose chosen program the loss prefers, last quarter of training",
    "margin": "mean margin of the loss, last quarter of training",
    "chosen_reward": "beta times the log-ratio of the chosen program to the reference policy (DPO), last quarter of training",
    "rejected_reward": "the same of the rejected program",
    "chosen_logprob": "log-probability of the chosen program, natural, mean over pairs, last quarter of training",
    "rejected_logprob": "the same of the rejected program",
    "type": "family of questions",
    "domain": "seed: the seed set has such questions; outside: it has none; blank where the benchmarks do not say",
    "share": "percent of the kept programs of this round",
    "cumulative": "programs of this family in all selections that the policy learns from, mean over seeds",
    "literal": "kept programs that print a literal and compute nothing, all seeds",
    "literal_share": "percent of the kept programs",
    "executions": "programs executed in exploration, all seeds",
    "programs_failed": "percent of these that ended with an error or at a limit",
    "value": "its measure; the claim says its unit",
    "p_value": "two-sided p-value of the bound in the claim (of no difference where it names none); of attacks one-sided",
    "adjusted_p": "the same by Holm over the lines of this table",
    "detail": "what else the verdict rests on",
}

_WITH_INTERVAL = (
    *("accuracy", "kappa", "delta", "audited_precision", "score", "difference", "same", "difference_from_main", "literal_share"),
    *(
        "delta_from_unaligned",
        "delta_from_control",
        "length_mean",
        "length_delta",
        "sampled_mean",
        "sampled_delta",
        "no_answer",
        "timed_out",
        "failed",
    ),
)
_TESTED = ("delta", "difference_from_main", "delta_from_unaligned", "delta_from_control")


def tested(*names: str) -> list[str]:
    """Columns of differences, the ends of their intervals, and their p-values."""
    return [column for name in names for column in (*with_interval(name), f"{name}_p")]


_FOLDED = frozenset(
    {
        *("no_answer", "timed_out", "failed"),
        *("data", "grader"),
        *("against", "same", "tau_b", "ranked", "loss", "beta", "odds_weight", "likelihood_weight", "normalisation", "length_normalised"),
        *(
            "chosen_right",
            "rejected_wrong",
            "steps",
            "ran",
            "delta_from_unaligned_p",
            "delta_from_control_p",
            "length_median",
            "length_p95",
        ),
        *("length_cut", "length_endless", "length_right", "length_wrong", "length_delta", "sampled_median", "sampled_p95", "sampled_cut"),
        *("sampled_endless", "sampled_delta", "reward_accuracy", "margin", "chosen_reward", "rejected_reward", "chosen_logprob", "tokens"),
        *(
            "audited",
            "audited_recall",
            "auditor",
            "rule_agreement",
            "questions",
            "samples",
            "threshold",
            "difference_from_main_p",
            "delta_p",
        ),
    }
)
"""Columns that the summary shows on demand."""

COLUMNS = SHARED.extended(JUDGED).extended(
    Columns(
        {
            **_MEANINGS,
            **{f"{name}_low": f"lower end of its {_OVER}" for name in _WITH_INTERVAL},
            **{f"{name}_high": "upper end of the same" for name in _WITH_INTERVAL},
            **{
                f"{name}_p": "p-value of no difference, not adjusted: McNemar's exact test for one seed, from the interval for several"
                for name in _TESTED
            },
        },
        intervals={name: (f"{name}_low", f"{name}_high") for name in _WITH_INTERVAL},
        p_values=frozenset(f"{name}_p" for name in _TESTED),
        decimals=dict.fromkeys(("margin", "chosen_reward", "rejected_reward", "chosen_logprob", "rejected_logprob"), 2),
        folded=_FOLDED,
    )
)
