"""What a run of AutoCode ends with. A further table is a function that makes its rows, a caption, and a line here."""

from collections.abc import Iterable
from dataclasses import replace

from mathcode.methods.autocode.methodologies import PAPER, names_with
from mathcode.report.columns import CLAIMS, OPENING, SAMPLES
from mathcode.report.index import Item

_PACKAGE = "mathcode.methods.autocode.report"

_DIFFERENCES = [
    *("difference_from_main", "difference_low", "difference_high", "difference_p"),
    *("code_difference", "code_difference_low", "code_difference_high", "code_difference_p"),
]


def _selection(names: Iterable[str]) -> list[str]:
    """Columns on selection between methodologies of these names."""
    return [
        *("selection_macc", "selection_macc_low", "selection_macc_high", "labels_low", "labels_high"),
        *(f"recall_{name}" for name in names),
        *(f"{name}_preferred" for name in names),
        *("unlabelled", "certain", "certain_macc", "accuracy_correct_selection", "improvement"),
        *(f"{name}_accuracy" for name in names),
        *("strict_share", "allow_code_share", "misaligned_share"),
        *("published_selection_macc", "published_recall_cot", "published_recall_code", "published_accuracy_correct_selection"),
        *("published_improvement", "published_cot_accuracy", "published_code_accuracy"),
    ]


def _table(name: str, category: str, label: str, title: str, about: str, columns: list[str], *published: str) -> Item:
    """A table; its maker is named after it."""
    return Item("table", name, category, f"{label} (CSV)", f"{_PACKAGE}.tables:make_{name}", title, about, tuple(columns), published)


TABLES = (
    _table(
        "main",
        "Main results",
        "Table 1: main results",
        "Main results (Table 1)",
        "The start policy dictated and native, and the policy after the last EM iteration; greedy, one response an item.",
        [
            *OPENING,
            *("lenient_accuracy", "infrastructure_errors", "gain_over_start", "gain_low", "gain_high", "published_delta"),
            "clean_n",
            "clean_accuracy",
            "clean_low",
            "clean_high",
            *("clean_gain", "clean_gain_low", "clean_gain_high"),
        ],
        "autocode_v1_main.csv",
        "autocode_v3_main.csv",
    ),
    _table(
        "ablation",
        "Ablations",
        "Table 2: ablations",
        "Ablations (Table 2)",
        "Native responses after each iteration of each experiment, and their difference from EM on the same items.",
        [*OPENING, "label", *_DIFFERENCES],
        "autocode_v1_ablations.csv",
    ),
    _table(
        "frontier",
        "Main results",
        "accuracy and programs run",
        "Accuracy against programs run",
        "Every policy by its accuracy and the programs it runs for a response, and which others leave it behind. Not in the paper.",
        [*OPENING, "label", "executions", "executions_low", "executions_high", "left_behind_by"],
    ),
    _table(
        "selection",
        "Learned strategy",
        "Table 3: selection",
        "Selection (Table 3)",
        "Does the first methodology agree with the one that solves an item more often when sampled? And is code used where it is needed?",
        [*OPENING, *_selection(PAPER)],
        "autocode_v1_selection.csv",
    ),
    _table(
        "dictation",
        "Main results",
        "Table 4: dictation",
        "Dictation (Table 4)",
        "The same policies told to reason, told to write a program, and told nothing.",
        [*OPENING, "compliance", "repeats_cue"],
        "autocode_v1_fewshot.csv",
    ),
    _table(
        "sft_sources",
        "Training",
        "Table 5: SFT sources",
        "SFT sources (Table 5)",
        "What the start policies were trained on, and what of each benchmark it held before removal.",
        [*OPENING, *("dataset", "pairs", "cot_pairs", "code_pairs", "queries", "rows_before", "removed_rows", "published_queries")],
        "autocode_released_sft_sources.csv",
    ),
    _table(
        "rounds",
        "Learned strategy",
        "Table 6: rounds",
        "Rounds (Table 6)",
        "Methodology attempts and program runs of native responses. The paper's rounds may be counted otherwise.",
        [
            *OPENING,
            *("attempts_1", "attempts_2", "attempts_3", "attempts_4_or_more", "tried_again", "tried_again_least"),
            *("recovered", "recovered_low", "recovered_high", "harmed", "harmed_low", "harmed_high"),
            *("executions_per_response", "programs_failed"),
            *("published_attempts_1", "published_attempts_2", "published_attempts_3"),
        ],
        "autocode_v1_rounds.csv",
    ),
    _table(
        "samples",
        "Main results",
        "pass@k and maj@k",
        "Several samples (pass@k, maj@k)",
        "The chance that one of k sampled responses is right, and that the answer most of them give is. Not in the paper.",
        SAMPLES,
    ),
    _table(
        "regimes",
        "Training",
        "training regimes",
        "Training regimes (version 3 of the paper)",
        "SFT or none, alone and with RL, and EM; and how likely k native rollouts of a query all choose alike.",
        [*OPENING, *("regime", "label", "k", "one_choice", "published_behaviour")],
        "autocode_v3_regimes.csv",
    ),
    _table(
        "health",
        "Training",
        "training health",
        "Training health",
        "The worst step of every training, by kind of response, against the bounds of the section health. Not in the paper.",
        ["experiment", "family", "iteration", "seeds", "kind", "steps", "ratio", "kl", "clip_share", "effective_share", "breaches"],
    ),
    _table("claims", "Summary", "claims", "", "", CLAIMS),
)
"""In the order of the page to read first."""


def _figure(name: str, category: str, label: str, about: str = "") -> Item:
    """A figure; its maker has its name."""
    return Item("figure", name, category, label, f"{_PACKAGE}.figures:{name}", about=about)


FIGURES = (
    _figure("frontier", "Main results", "accuracy against programs run", "Accuracy against programs run, a point for every policy"),
    _figure("accuracy_by_mode", "Main results", "accuracy by mode"),
    _figure("iterations", "Ablations", "auto over iterations"),
    _figure("alignment", "Learned strategy", "alignment"),
    _figure("q_values", "Learned strategy", "Q-values and labels"),
    _figure("calibration", "Learned strategy", "calibration of the prior"),
    _figure("code_rate_distribution", "Learned strategy", "code rate by query"),
    _figure("rounds", "Learned strategy", "rounds"),
    _figure("programs", "Learned strategy", "from a program to a right answer"),
    _figure("training_health", "Training", "training health"),
)
"""The first one stands on the page to read first."""

PAGES = (
    Item(
        "page",
        "summary",
        "Summary",
        "read first: claims, effects, cost, all tables",
        f"{_PACKAGE}.pages:summary",
        published=("discrepancies.csv",),
    ),
    Item("page", "responses", "Responses", "search and read the responses", f"{_PACKAGE}.pages:responses"),
)

ITEMS = (*TABLES, *FIGURES, *PAGES)


def with_columns(names: Iterable[str]) -> tuple[Item, ...]:
    """The items of a run that adds methodologies: the same, with columns for each."""
    own = (*OPENING, *_selection(names_with(names)))
    return tuple(replace(item, columns=own) if (item.kind, item.name) == ("table", "selection") else item for item in ITEMS)
