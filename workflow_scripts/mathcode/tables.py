"""The tables that every method reads and writes: columns, types, units and meaning."""

import polars as pl

from mathcode.core.table_files import Column, Table

ROUND = pl.Struct(
    {"text": pl.String, "program": pl.String, "output": pl.String, "result": pl.String, "error": pl.String, "outcome": pl.String}
)
"""What was written; the program that ran, what the model was shown of it, all that it printed, its last error line, and how it ended."""

KEY = {
    "query_id": Column(pl.String, "stable hash of dataset and normalised question"),
    "mode": Column(pl.String, "how the rollout was prompted: native (auto at evaluation), cot, code"),
    "sample": Column(pl.Int32, "index of the rollout within its query and mode, from 0"),
}
"""What a rollout is known by."""

LANGUAGE = Column(pl.String, "language of the question: en, zh; the column is left out of a file that is all English", default="en")

QUERIES = Table(
    "queries",
    {
        "query_id": KEY["query_id"],
        "dataset": Column(pl.String, "name of the dataset or benchmark"),
        "question": Column(pl.String, "the question as asked"),
        "gold": Column(pl.String, "reference answer, extracted and checked"),
        "level": Column(pl.String, "difficulty as given by the source", nullable=True),
        "type": Column(pl.String, "subject or family as given by the source", nullable=True),
        "language": LANGUAGE,
        "values": Column(
            pl.String,
            "the answer's plain values, comma-separated, where a generator knows them; null for public data; the column is left out of a"
            " file in which it is always null",
            nullable=True,
            default=None,
        ),
    },
)

SFT = Table(
    "sft",
    {
        "query_id": KEY["query_id"],
        "dataset": Column(pl.String, "name of the SFT dataset"),
        "question": Column(pl.String, "the question as asked"),
        "gold": Column(pl.String, "reference answer the solution was checked against", nullable=True),
        "methodology": Column(pl.String, "methodology of the solution: cot or code"),
        "solution": Column(pl.String, "complete response text without cue; programs in ```python, outputs in ```output fences"),
        "type": Column(pl.String, "subject or family as given by the source", nullable=True),
        "isolation": Column(pl.String, "level at which its programs ran here; null where none did", nullable=True),
        "language": LANGUAGE,
    },
)

ROLLOUTS = Table(
    "rollouts",
    {
        **KEY,
        "seed": Column(pl.Int64, "seed of the row's own random stream"),
        "prompt": Column(pl.String, "text given to the model"),
        "response": Column(pl.String, "full response text, execution output included"),
        "methodology": Column(pl.String, "methodology of the first attempt: cot or code"),
        "rounds": Column(
            pl.List(ROUND),
            "what was written, what ran, what the model saw of it (output), all that it printed (result), its error, its outcome",
        ),
        "token_ids": Column(pl.List(pl.Int32), "tokens of the response, in order, prompt excluded"),
        "generated": Column(pl.List(pl.Boolean), "per token: true where the model wrote it, false for execution output"),
        "logprobs": Column(pl.List(pl.Float32), "natural log-probability, as sampled, of each generated token"),
        "finish_reason": Column(pl.String, "stop (end of text), length (token budget), calls (generation budget)"),
        "isolation": Column(pl.String, "level at which its programs ran: sandbox, landlock, process; null without any", nullable=True),
    },
)

GRADES = Table(
    "grades",
    {
        **KEY,
        "methodology": Column(pl.String, "methodology of the first attempt: cot or code"),
        "answer": Column(pl.String, "answer extracted for the strict verdict", nullable=True),
        "outcome": Column(pl.String, "correct, wrong, no_answer, gold_unparsed, timed_out, infrastructure_error"),
        "strict": Column(pl.Boolean, "the last stated answer equals the gold"),
        "lenient": Column(pl.Boolean, "any stated answer equals the gold"),
        "code_executed": Column(pl.Boolean, "at least one program was executed"),
        "code_written": Column(pl.Boolean, "at least one program or print( was written"),
        "code_decides": Column(
            pl.Boolean, "the graded answer is what a program printed: it repeats the last output, or was taken from there"
        ),
        "attempts": Column(pl.Int32, "methodology attempts: 1 + reflective hints (the paper's rounds)"),
        "first_right": Column(
            pl.Boolean,
            "the first attempt was right; null where it is the only one, and left out of a file in which it is always null",
            nullable=True,
            default=None,
        ),
        "cues": Column(
            pl.Int32,
            "cues in the response: one an attempt where none is repeated; null, and left out of the file, where a method has no cues",
            nullable=True,
            default=None,
        ),
        "executions": Column(pl.Int32, "programs executed"),
        "programs_failed": Column(pl.Int32, "programs that did not end with outcome ok"),
        "finish_reason": Column(pl.String, "as in rollouts"),
        "isolation": Column(pl.String, "as in rollouts", nullable=True),
        "run_on": Column(pl.Int32, "characters behind the end of the answer, which are not read"),
        "grader": Column(pl.String, "name and version of the grader"),
        "score": Column(
            pl.Float64,
            "P(YES) of a critic; null for rules; the column is left out of a file in which it is always null",
            nullable=True,
            default=None,
        ),
    },
)

TRAINING = Table(
    "training",
    {
        "example_id": Column(pl.String, "query_id and running number of the example within its query"),
        "query_id": KEY["query_id"],
        "prompt": Column(pl.String, "text the policy is trained under"),
        "response": Column(pl.String, "complete response text, for readers: training takes the tokens"),
        "kind": Column(pl.String, "how the example was made, in the words of its method"),
        "methodology": Column(pl.String, "methodology of the response (of its last attempt): cot or code", nullable=True),
        "loss": Column(pl.String, "kind of loss it is for: likelihood, off_policy, pair, label"),
        "pair_id": Column(pl.String, "pair it belongs to (loss pair)", nullable=True),
        "side": Column(pl.String, "its side of the pair: chosen or rejected (loss pair)", nullable=True),
        "weight": Column(pl.Float64, "factor of its loss; null: 1", nullable=True),
        "reward": Column(pl.Float64, "1 if the final answer is right, else 0, strict verdict (loss off_policy)", nullable=True),
        "advantage": Column(pl.Float64, "query-wise whitened reward (loss off_policy)", nullable=True),
        "token_ids": Column(pl.List(pl.Int32), "tokens of the response, end-of-text included where it ended"),
        "loss_mask": Column(pl.List(pl.Boolean), "per token: enters the loss"),
        "selection_mask": Column(
            pl.List(pl.Boolean), "per token: belongs to the decision, the cue of the last selection; null: there is none", nullable=True
        ),
        "sampled_logprobs": Column(
            pl.List(pl.Float32), "log-probabilities as sampled of the loss tokens, where sampled under this very prompt", nullable=True
        ),
        "parents": Column(pl.List(pl.String), "what it was made of: rollouts as mode:sample; empty for data"),
        "isolation": Column(pl.String, "level at which the programs behind it ran, the weakest; null without any", nullable=True),
    },
)

LOGPROBS = Table(
    "logprobs",
    {
        "example_id": Column(pl.String, "example of the training table"),
        "logprobs": Column(
            pl.List(pl.Float32), "log-probability of each loss token under the model training starts from, by teacher forcing"
        ),
        "sampled_difference": Column(pl.Float64, "mean |recomputed - sampled| log-probability over its tokens", nullable=True),
    },
)

PART = pl.Struct({"name": pl.String, "value": pl.Float64})

TRAINING_LOG = Table(
    "training_log",
    {
        "step": Column(pl.Int32, "optimiser step, from 1"),
        "epoch": Column(pl.Float64, "passes over the data so far"),
        "loss": Column(pl.Float64, "minimised loss, per loss token, response or pair of the batch, as the loss counts"),
        "learning_rate": Column(pl.Float64, "learning rate of the step"),
        "gradient_norm": Column(pl.Float64, "norm before clipping"),
        "tokens": Column(pl.Int64, "loss tokens of the step"),
        "responses": Column(pl.Int64, "responses of the step; a pair has two"),
        "parts": Column(pl.List(PART), "what the loss reports beside its value: names and meanings are its own"),
    },
)

OVERLAP_COUNTS = Table(
    "overlap_counts",
    {
        "dataset": Column(pl.String, "training dataset"),
        "use": Column(pl.String, "queries or sft"),
        "benchmark": Column(pl.String, "benchmark it was compared with"),
        "benchmark_items": Column(pl.Int64, "items of the benchmark"),
        "exact_items": Column(pl.Int64, "benchmark items found word for word and sign for sign, without dress"),
        "ngram_items": Column(pl.Int64, "benchmark items sharing a run of n words, n from the settings"),
        "training_rows": Column(pl.Int64, "rows of the training dataset before removal"),
        "removed_rows": Column(pl.Int64, "training rows removed because of this benchmark; 0 where `data.guard` lacks it"),
    },
)

OVERLAP_ITEMS = Table(
    "overlap_items",
    {
        "dataset": Column(pl.String, "training dataset"),
        "use": Column(pl.String, "queries or sft"),
        "benchmark": Column(pl.String, "benchmark the item belongs to"),
        "query_id": KEY["query_id"],
        "overlap": Column(pl.String, "exact: found word for word and sign for sign, without dress; ngram: only a run of n words is shared"),
    },
)

CASES = Table(
    "cases",
    {
        "case_id": Column(pl.String, "query_id, origin, and a hash of what the case says"),
        "query_id": KEY["query_id"],
        "question": Column(pl.String, "the question as asked"),
        "gold": Column(pl.String, "reference answer, as it is or in another form"),
        "program": Column(pl.String, "program that answers the question", nullable=True),
        "result": Column(pl.String, "what it printed, or is said to have printed", nullable=True),
        "ended": Column(pl.String, "how the program ended, as in rollouts", nullable=True),
        "origin": Column(pl.String, "rollout, rewritten, near_miss, attack, human"),
        "variant": Column(
            pl.String,
            "form of the reference, name of the near miss, of the attack, or of a published run's benchmark; null: as it was",
            nullable=True,
        ),
        "language": Column(pl.String, "of the question: en or zh"),
        "answer_type": Column(pl.String, "of the reference: integer, decimal, fraction, percent, several, choice, expression, text"),
        "label": Column(pl.String, "YES: the result gives the reference answer; NO"),
        "labelled_by": Column(
            pl.String,
            "what is sure of the label: exact, numbers, oracle, rewriting, attack, human; source: its publishers' rule",
        ),
        "split": Column(pl.String, "train or test: question and reference both; mixed: one of each, neither to learn from nor to test on"),
    },
)

VERDICTS = Table(
    "verdicts",
    {
        "case_id": CASES.columns["case_id"],
        "judge": Column(pl.String, "name and version of the judge"),
        "outcome": Column(pl.String, "correct, wrong, no_answer, gold_unparsed, timed_out, infrastructure_error"),
        "accepted": Column(pl.Boolean, "the judge holds the result to give the reference answer"),
        "score": Column(pl.Float64, "P(YES) of a critic, 0 where it was not asked; null for rules", nullable=True),
    },
)

TRAINING_SETS = {"queries": QUERIES, "sft": SFT, "pretraining": SFT}
"""What a run can learn from, by the name of its use."""
