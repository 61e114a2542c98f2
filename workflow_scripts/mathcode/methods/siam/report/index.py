"""What a run of SIaM ends with. A further table is a function that makes its rows, a caption, and a line here."""

from dataclasses import replace

from mathcode.methods.siam.report.columns import OPENING, SOURCE, tested
from mathcode.report.case_judges import ATTACKS, CASES, CRITIC
from mathcode.report.columns import CLAIMS, MEASURES, with_interval
from mathcode.report.index import Item

_PACKAGE = "mathcode.methods.siam.report"
_HEADLINE, _UNVERIFIED = "siam_headline.csv", "siam_unverified.csv"
_LENGTHS = [
    *(*with_interval("length_mean"), "length_median", "length_p95", "length_cut", "length_endless", "length_right", "length_wrong"),
    *with_interval("length_delta"),
    *(*with_interval("sampled_mean"), "sampled_median", "sampled_p95", "sampled_cut", "sampled_endless"),
    *with_interval("sampled_delta"),
]


def _table(
    name: str, category: str, label: str, title: str, about: str, columns: list[str], module: str = "tables", *published: str
) -> Item:
    """A table; its maker is named after it."""
    return Item("table", name, category, f"{label} (CSV)", f"{_PACKAGE}.{module}:make_{name}", title, about, tuple(columns), published)


def _judges(item: Item) -> Item:
    """A table about judges, as every method may have it, beside what the paper says of it."""
    return replace(item, maker=f"{_PACKAGE}.judge_tables:make_{item.name}", columns=(*item.columns, "published"))


TABLES = (
    _table(
        "main",
        "Main results",
        "main results",
        "Main results",
        "The paper's line of policies and what alignment makes of the last; greedy, one program an item, executed.",
        [
            *OPENING,
            *("ran", *with_interval("no_answer", "timed_out", "failed")),
            *(*tested("delta"), "contaminated", "published_accuracy", "published_gain"),
        ],
        "tables",
        _HEADLINE,
        _UNVERIFIED,
    ),
    _table(
        "filter",
        "Data",
        "filters of programs",
        "Who should accept programs?",
        "The same rounds with other judges: how right the kept programs are, what the policies that learn from them are worth.",
        [
            *OPENING,
            *("label", "judge", "threshold", "kept", "audited"),
            *with_interval("audited_precision"),
            *tested("difference_from_main"),
            "published",
        ],
    ),
    _judges(CRITIC),
    _judges(ATTACKS),
    _table(
        "alignment",
        "Alignment",
        "preferences",
        "Alignment",
        "What each preference makes of the same policy: accuracy, length, loss on its pairs. The control is SFT on their chosen programs.",
        [
            *OPENING,
            *("label", "loss", "beta", "odds_weight", "likelihood_weight", "normalisation", "length_normalised"),
            *("pairs", "chosen_right", "rejected_wrong", "steps", "ran"),
            *tested("delta_from_unaligned", "delta_from_control"),
            *_LENGTHS,
            *("reward_accuracy", "margin", "chosen_reward", "rejected_reward", "chosen_logprob", "rejected_logprob", "published"),
        ],
    ),
    _table(
        "data",
        "Data",
        "construction of data",
        "Construction of data",
        "From questions to the programs that the next policy learns from, by language; audited by the run's grader.",
        [
            *SOURCE,
            *("language", "questions", "samples", "executed_share", "accepted_share", "kept", "distinct", "rule_agreement", "auditor"),
            *("audited", *with_interval("audited_precision"), "audited_recall", "steps", "tokens", "published"),
        ],
        "program_tables",
    ),
    _table(
        "agreement",
        "Critic",
        "judges on benchmarks",
        "Judges side by side on benchmarks",
        "The same responses by every judge beside the grader, and by each critic beside the strict rule: scores, single verdicts, and "
        "whether all policies are ranked alike.",
        [
            *[column for column in OPENING if not column.startswith("accuracy") and column != "grader"],
            *("judge", *with_interval("score"), "against", "score_against", *with_interval("difference", "kappa", "same")),
            *("tau_b", "ranked", "published"),
        ],
    ),
    _table(
        "scaling",
        "Data",
        "web data and in-domain data",
        "Web data against in-domain data",
        "Rounds on new questions from the web, against rounds on more programs for the seed set's own questions and on the start's data "
        "alone; each with its steps and tokens.",
        [*OPENING, *("label", "steps", "tokens"), *tested("delta", "difference_from_main"), "published"],
    ),
    _table(
        "crosslingual",
        "Critic",
        "languages",
        "Critics across languages",
        "Critics by the language of the test cases. With cases in one language there is nothing to tell.",
        [
            *CASES,
            "learned_from",
            "language",
            "n",
            "yes",
            "by_rule",
            *with_interval(*MEASURES),
            "calibration_expected",
            "verdict",
            "published",
        ],
        "judge_tables",
    ),
    _table(
        "families",
        "Data",
        "families of questions",
        "Families of questions",
        "Kept programs by family of questions, before each SFT. Self-training favours what is easy to get right.",
        [*SOURCE, *("type", "domain", "distinct", "kept", "share", "cumulative", "published")],
        "program_tables",
    ),
    _table(
        "hacked",
        "Data",
        "programs that compute nothing",
        "Programs that compute nothing",
        "Kept programs that print a literal, and executions that failed: what self-training could drift to unseen.",
        [*SOURCE, *("kept", "literal", *with_interval("literal_share"), "executions", "programs_failed", "published")],
        "program_tables",
    ),
    _table("claims", "Summary", "claims", "", "", [*CLAIMS, "detail"], "claims"),
)
"""In the order of the page to read first."""


def _figure(name: str, category: str, label: str, about: str = "") -> Item:
    """A figure; its maker has its name."""
    return Item("figure", name, category, label, f"{_PACKAGE}.figures:{name}", about=about)


FIGURES = (
    _figure(
        "rounds",
        "Main results",
        "accuracy over rounds",
        "Accuracy over rounds of self-training, in and out of the seed's domain, by filter",
    ),
    _figure("lengths", "Alignment", "length of responses"),
    _figure("threshold", "Critic", "precision against coverage"),
    _figure("reliability", "Critic", "reliability"),
    _figure("scores", "Critic", "scores by the strict rule's verdict"),
    _figure("gains", "Data", "gain by share of references that the strict rule refuses"),
)
"""The first one stands on the page to read first."""

PAGES = (
    Item("page", "summary", "Summary", "read first: claims, effects, cost, all tables", f"{_PACKAGE}.pages:summary"),
    Item("page", "responses", "Responses", "search and read the responses", f"{_PACKAGE}.pages:responses"),
)
ITEMS = (*TABLES, *FIGURES, *PAGES)
