"""Every table of the pipeline: columns, types, units and meaning, with checked reading and writing.

A table on disk is a parquet file whose columns are exactly those declared here, in this order. `read` and `write` refuse
anything else with one sentence that names the file and the column, so a malformed artifact never travels further.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from autocode import whole

METHODOLOGIES = ("cot", "code")
"""The two values of the latent choice c."""


class TableError(Exception):
    """A table on disk or about to be written does not hold what its declaration promises."""


@dataclass(frozen=True)
class Column:
    """One column: its polars type, its meaning (with unit), and whether it may hold nulls."""

    dtype: pl.DataType
    meaning: str
    nullable: bool = False


ROUND = pl.Struct({"text": pl.String, "program": pl.String, "output": pl.String, "outcome": pl.String})

_KEY = {
    "query_id": Column(pl.String, "stable hash of dataset and normalised question"),
    "mode": Column(pl.String, "how the rollout was prompted: native (auto at evaluation), cot, code"),
    "sample": Column(pl.Int32, "index of the rollout within its query and mode, from 0"),
}

TABLES: dict[str, dict[str, Column]] = {
    "queries": {
        "query_id": _KEY["query_id"],
        "dataset": Column(pl.String, "name of the dataset or benchmark"),
        "question": Column(pl.String, "the question as asked"),
        "gold": Column(pl.String, "reference answer, extracted and checked"),
        "level": Column(pl.String, "difficulty as given by the source", nullable=True),
        "type": Column(pl.String, "subject or family as given by the source", nullable=True),
    },
    "sft": {
        "query_id": _KEY["query_id"],
        "dataset": Column(pl.String, "name of the SFT dataset"),
        "question": Column(pl.String, "the question as asked"),
        "gold": Column(pl.String, "reference answer the solution was checked against", nullable=True),
        "methodology": Column(pl.String, "methodology of the solution: cot or code"),
        "solution": Column(pl.String, "complete response text without cue; programs in ```python, outputs in ```output fences"),
        "type": Column(pl.String, "subject or family as given by the source", nullable=True),
        "isolation": Column(pl.String, "level at which its programs ran here; null where none did", nullable=True),
    },
    "rollouts": {
        **_KEY,
        "seed": Column(pl.Int64, "seed of the row's own random stream"),
        "prompt": Column(pl.String, "text given to the model"),
        "response": Column(pl.String, "full response text, execution output included"),
        "methodology": Column(pl.String, "methodology of the first attempt: cot or code"),
        "rounds": Column(pl.List(ROUND), "what was written, what ran, what it printed, and how it ended, in order"),
        "token_ids": Column(pl.List(pl.Int32), "tokens of the response, in order, prompt excluded"),
        "generated": Column(pl.List(pl.Boolean), "per token: true where the model wrote it, false for execution output"),
        "logprobs": Column(pl.List(pl.Float32), "natural log-probability, as sampled, of each generated token"),
        "finish_reason": Column(pl.String, "stop (end of text), length (token budget), calls (generation budget)"),
        "isolation": Column(pl.String, "level at which its programs ran: sandbox, landlock, process; null without any", nullable=True),
    },
    "grades": {
        **_KEY,
        "methodology": Column(pl.String, "methodology of the first attempt: cot or code"),
        "answer": Column(pl.String, "answer extracted for the strict verdict", nullable=True),
        "outcome": Column(pl.String, "correct, wrong, no_answer, gold_unparsed, timed_out, infrastructure_error"),
        "strict": Column(pl.Boolean, "the last stated answer equals the gold"),
        "lenient": Column(pl.Boolean, "any stated answer equals the gold"),
        "code_executed": Column(pl.Boolean, "at least one program was executed"),
        "code_written": Column(pl.Boolean, "at least one ```python block or print( was written"),
        "code_decides": Column(
            pl.Boolean, "the graded answer is what a program printed: its box repeats the last output, or there is no box"
        ),
        "attempts": Column(pl.Int32, "methodology attempts: 1 + reflective hints (the paper's rounds)"),
        "executions": Column(pl.Int32, "programs executed"),
        "programs_failed": Column(pl.Int32, "programs that did not end with outcome ok"),
        "finish_reason": Column(pl.String, "as in rollouts"),
        "isolation": Column(pl.String, "as in rollouts", nullable=True),
        "grader": Column(pl.String, "name and version of the grader"),
    },
    "q_values": {
        "query_id": _KEY["query_id"],
        **{
            column: Column(dtype, meaning, nullable)
            for column, dtype, meaning, nullable in [
                ("n_native", pl.Int32, "graded native rollouts", False),
                ("n_cot", pl.Int32, "graded rollouts dictated to CoT that complied", False),
                ("n_code", pl.Int32, "graded rollouts dictated to code that complied", False),
                ("mean_native", pl.Float64, "mean reward of native rollouts", True),
                ("prior_code", pl.Float64, "share of native rollouts that chose code, p(code|x) (Eq. 7)", True),
                ("q_cot", pl.Float64, "mean reward of CoT, Q(x, cot) (Eq. 8)", True),
                ("q_cot_low", pl.Float64, "lower end of the 95 % Jeffreys interval of q_cot", True),
                ("q_cot_high", pl.Float64, "upper end of the 95 % Jeffreys interval of q_cot", True),
                ("q_code", pl.Float64, "mean reward of code, Q(x, code) (Eq. 8)", True),
                ("q_code_low", pl.Float64, "lower end of the 95 % Jeffreys interval of q_code", True),
                ("q_code_high", pl.Float64, "upper end of the 95 % Jeffreys interval of q_code", True),
                ("p_code_better", pl.Float64, "posterior probability that Q(x, code) > Q(x, cot), Jeffreys priors", True),
            ]
        },
    },
    "reference_strategy": {
        "query_id": _KEY["query_id"],
        "s_cot": Column(pl.Float64, "s*(cot|x)", nullable=True),
        "s_code": Column(pl.Float64, "s*(code|x)", nullable=True),
        "label": Column(pl.String, "decision drawn from s*: cot or code; null: no preference, the query is dropped", nullable=True),
        "tie": Column(pl.Boolean, "both methodologies score the same (where alpha is inf the higher Q-value decides, then CoT)"),
        "rule": Column(pl.String, "prior_times_q or q"),
        "alpha": Column(pl.Float64, "temperature of s*; inf = hard max"),
    },
    "dataset": {
        "response_id": Column(pl.String, "query_id and running number of the response within its query"),
        "query_id": _KEY["query_id"],
        "prompt": Column(pl.String, "native prompt the policy is trained under"),
        "response": Column(pl.String, "complete response text, cue first"),
        "kind": Column(pl.String, "exploratory_native, exploratory_dictated or reflective"),
        "methodology": Column(pl.String, "methodology of the last attempt (the reference decision when filtered by s*)"),
        "reward": Column(pl.Float64, "1 if the final answer is right, else 0 (strict verdict)"),
        "advantage": Column(pl.Float64, "query-wise whitened reward"),
        "token_ids": Column(pl.List(pl.Int32), "tokens of the response, end-of-text included where the model ended"),
        "loss_mask": Column(pl.List(pl.Boolean), "per token: enters the policy objective"),
        "selection_mask": Column(pl.List(pl.Boolean), "per token: belongs to the cue of the last selection (selection log-loss)"),
        "sampled_logprobs": Column(
            pl.List(pl.Float32), "log-probabilities as sampled of the loss tokens, where sampled under this very prompt", nullable=True
        ),
        "parents": Column(pl.List(pl.String), "rollouts it was made of, as mode:sample"),
        "isolation": Column(pl.String, "level at which the programs of its rollouts ran, the weakest; null without any", nullable=True),
    },
    "logprobs": {
        "response_id": Column(pl.String, "response of the dataset"),
        "logprobs": Column(pl.List(pl.Float32), "behaviour log-probability of each loss token, by teacher forcing"),
        "sampled_difference": Column(pl.Float64, "mean |recomputed - sampled| log-probability over its tokens", nullable=True),
    },
    "training_log": {
        "step": Column(pl.Int32, "optimiser step, from 1"),
        "epoch": Column(pl.Float64, "passes over the data so far"),
        "loss": Column(pl.Float64, "minimised objective"),
        "policy_loss": Column(pl.Float64, "its policy-objective (or likelihood) part"),
        "selection_loss": Column(pl.Float64, "mean -log p of the reference cue, before weighting"),
        "ratio": Column(pl.Float64, "mean importance ratio to the behaviour policy", nullable=True),
        "clip_share": Column(pl.Float64, "share of ratios outside the clip range", nullable=True),
        "kl_behaviour": Column(pl.Float64, "mean estimated KL to the behaviour policy, nats per token", nullable=True),
        "advantage": Column(pl.Float64, "mean advantage of the batch", nullable=True),
        "learning_rate": Column(pl.Float64, "learning rate of the step"),
        "gradient_norm": Column(pl.Float64, "norm before clipping"),
        "tokens": Column(pl.Int64, "loss tokens of the step"),
    },
    "contamination": {
        "dataset": Column(pl.String, "training dataset"),
        "use": Column(pl.String, "queries or sft"),
        "benchmark": Column(pl.String, "benchmark it was compared with"),
        "benchmark_items": Column(pl.Int64, "items of the benchmark"),
        "exact_items": Column(pl.Int64, "benchmark items found word for word after normalisation"),
        "ngram_items": Column(pl.Int64, "benchmark items sharing a run of n words, n from the settings"),
        "training_rows": Column(pl.Int64, "rows of the training dataset before removal"),
        "removed_rows": Column(pl.Int64, "training rows removed because of this benchmark"),
    },
    "contaminated_items": {
        "dataset": Column(pl.String, "training dataset"),
        "use": Column(pl.String, "queries or sft"),
        "benchmark": Column(pl.String, "benchmark the item belongs to"),
        "query_id": _KEY["query_id"],
        "overlap": Column(pl.String, "exact: found word for word after normalisation; ngram: only a run of n words is shared"),
    },
}


def schema(table: str) -> dict[str, pl.DataType]:
    """Polars schema of a declared table."""
    return {name: column.dtype for name, column in TABLES[table].items()}


def empty(table: str) -> pl.DataFrame:
    """A table of the right columns with no row."""
    return pl.DataFrame(schema=schema(table))


def write(frame: pl.DataFrame, path: str | Path, table: str) -> None:
    """Check `frame` against its declaration and write it to `path` as a whole or not at all.

    Raises:
        TableError: a column is missing, unknown, of another type, or holds a null or NaN it may not hold; or the disk is full.
    """
    path = Path(path)
    frame = _checked(frame, str(path), table)
    try:
        with whole.writing(path) as temporary:
            frame.rechunk().write_parquet(temporary, compression="zstd", statistics=True)
    except (OSError, pl.exceptions.ComputeError) as error:  # polars wraps what the system says of a full disk
        raise TableError(f"{path}: could not be written ({error})") from error


def read(path: str | Path, table: str, allow_empty: bool = False, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read and check a declared table, or some of its columns: of many million rows only what is needed fits a small memory.

    Raises:
        TableError: the file is absent, unreadable, empty (unless allowed), or does not match its declaration.
    """
    path = Path(path)
    held = _columns(path, table)
    try:
        frame = pl.read_parquet(path, columns=None if columns is None else [column for column in columns if column in held])
    except Exception as error:  # polars raises several unrelated types on damaged files
        raise TableError(f"{path}: not a readable parquet file ({str(error).splitlines()[0]})") from error
    frame = _checked(frame, str(path), table, columns)
    if frame.is_empty() and not allow_empty:
        raise TableError(f"{path}: the table '{table}' has no row")
    return frame


def scan(path: str | Path, table: str) -> pl.LazyFrame:
    """A declared table to read a part of: names and types of its columns are checked, its rows are not.

    Raises:
        TableError: the file is absent, unreadable, or its columns do not match its declaration.
    """
    held = _columns(Path(path), table)
    for column, dtype in schema(table).items():
        if held.get(column) != dtype:
            raise TableError(f"{path}: column '{column}' is {held.get(column, 'missing')}, table '{table}' declares {dtype}")
    return pl.scan_parquet(path)


def _columns(path: Path, table: str) -> dict[str, pl.DataType]:
    """Names and types of the columns in a file."""
    if not path.is_file():
        raise TableError(f"{path}: no such file; it should hold the table '{table}'")
    try:
        return dict(pl.read_parquet_schema(path))
    except Exception as error:  # polars raises several unrelated types on damaged files
        raise TableError(f"{path}: not a readable parquet file ({str(error).splitlines()[0]})") from error


def _checked(frame: pl.DataFrame, name: str, table: str, wanted: Sequence[str] | None = None) -> pl.DataFrame:
    columns = TABLES[table] if wanted is None else {column: TABLES[table][column] for column in wanted}
    if missing := [column for column in columns if column not in frame.columns]:
        raise TableError(f"{name}: column '{missing[0]}' of table '{table}' is missing")
    if unknown := [column for column in frame.columns if column not in columns]:
        raise TableError(f"{name}: column '{unknown[0]}' does not belong to table '{table}'")
    for column, declared in columns.items():
        series = frame[column]
        if series.dtype != declared.dtype:
            raise TableError(f"{name}: column '{column}' is {series.dtype}, table '{table}' declares {declared.dtype}")
        for flaw, rows in _flaws(series, declared.nullable):
            if rows.any():
                raise TableError(f"{name}: column '{column}' {flaw} in row {rows.arg_true()[0]}")
    return frame.select(list(columns))


def _flaws(series: pl.Series, nullable: bool) -> Iterator[tuple[str, pl.Series]]:
    """What no column may hold, and which rows do."""
    if not nullable:
        yield "is null", series.is_null()
    if series.dtype.is_float():
        yield "is NaN", series.is_nan()
    if isinstance(series.dtype, pl.List):
        yield "holds a null", series.list.eval(pl.element().is_null()).list.any()
        if series.dtype.inner.is_float():
            yield "holds a NaN", series.list.eval(pl.element().is_nan()).list.any()
