"""Rows of table `training` as what a step works on: tokens, masks, and what the loss needs beside them.

Text is never tokenised again behind a mask: only the prompt is text here, the response stands in the table as tokens.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from mathcode.core.errors import UserError
from mathcode.core.table_files import TableError
from mathcode.policies import tokens
from mathcode.policies.scoring import TokenSequence

CHOSEN = 1
REJECTED = 0
"""Sides of a pair, as numbers."""

NEEDED = {"likelihood": (), "label": (), "off_policy": ("selection_mask", "advantage", "reward"), "pair": ("pair_id", "side")}
"""Columns that may be null in general, and not in rows for this kind of loss."""


class Reading(Protocol):
    """What rows are read for: of a loss (`training.losses.Loss`) its kind of rows, and whether it compares with a reference."""

    reads: str
    needs_reference: bool

    def unreferenced(self, row: dict) -> int: ...


class TrainingError(UserError):
    """Nothing to train on, rows of another loss, a loss that is no number, a checkpoint or sharding that is not to be had."""


@dataclass(frozen=True)
class Example(TokenSequence):
    """A prompt and its response as tokens, with what losses read. Lists run over the response.

    Attributes:
        selection_mask: tokens that belong to a decision (AutoCode's cue).
        reference: natural log-probability of each token under the model training starts from; None where there is none.
        pair: pair it belongs to (-1: none), and its `side` there.
        kind: how it was made, in the words of its method.
    """

    selection_mask: list[bool]
    advantage: float = 0.0
    reward: float = 0.0
    reference: list[float | None] | None = None
    weight: float = 1.0
    pair: int = -1
    side: int = CHOSEN
    kind: str = ""

    @property
    def looked_at(self) -> list[bool]:
        """Tokens of the loss or of a decision."""
        return [loss or marked for loss, marked in zip(self.loss_mask, self.selection_mask, strict=True)]


def from_table(table: pl.DataFrame, logprobs: pl.DataFrame | None, tokenizer, loss: Reading, frame: str = tokens.QUESTION) -> list[Example]:
    """One example per row of table `training`, in its order.

    Args:
        logprobs: log-probabilities under the model training starts from; None: there are none (an importance ratio is 1 then).
        frame: what stands around the question in every prompt, and alone makes control tokens.
        loss: what the rows are for; it may leave the first tokens of a row without a reference (`Loss.unreferenced`).

    Raises:
        TrainingError: a row is for another loss, lacks what the loss reads, or a pair is not one chosen and one rejected response.
        TableError: the loss needs log-probabilities and there are none, or not one per loss token of a row.
    """
    _refuse_others(table, loss)
    if loss.needs_reference and logprobs is None:
        raise TableError(f"the loss for rows of kind '{loss.reads}' needs the table `logprobs`, and none was given")
    known = dict(logprobs.select("example_id", "logprobs").iter_rows()) if logprobs is not None else {}
    numbers = {pair: number for number, pair in enumerate(dict.fromkeys(table["pair_id"])) if pair is not None}
    examples = []
    prompts = tokens.encode_prompts(tokenizer, table["prompt"].to_list(), frame)
    for row, prompt_ids in zip(table.iter_rows(named=True), prompts, strict=True):
        reference = None
        unreferenced = loss.unreferenced(row)
        if logprobs is not None and unreferenced < len(row["token_ids"]):
            if len(known.get(row["example_id"], [])) != sum(row["loss_mask"]):
                name = row["example_id"]
                raise TableError(f"logprobs: example '{name}' does not have one value per loss token; score the training table again")
            values = iter(known[row["example_id"]])
            reference = [next(values) if flag else None for flag in row["loss_mask"]]
            reference[:unreferenced] = [None] * unreferenced
        examples.append(
            Example(
                prompt_ids,
                row["token_ids"],
                row["loss_mask"],
                row["selection_mask"] or [False] * len(row["token_ids"]),
                advantage=row["advantage"] or 0.0,
                reward=row["reward"] or 0.0,
                reference=reference,
                weight=1.0 if row["weight"] is None else row["weight"],
                pair=numbers.get(row["pair_id"], -1),
                side=REJECTED if row["side"] == "rejected" else CHOSEN,
                kind=row["kind"],
            )
        )
    return examples


def _refuse_others(table: pl.DataFrame, loss: Reading) -> None:
    """Refuse rows that the loss does not read, before a model is touched."""
    for row in table.iter_rows(named=True):
        name = f"training: example '{row['example_id']}'"
        if row["loss"] != loss.reads:
            raise TrainingError(f"{name} is for a loss of kind '{row['loss']}'; the loss asked for reads '{loss.reads}'")
        if missing := [column for column in NEEDED[loss.reads] if row[column] is None]:
            raise TrainingError(f"{name} has no value in column '{missing[0]}', which a loss of kind '{loss.reads}' reads")
        lengths = {len(row[column]) for column in ("token_ids", "loss_mask", "selection_mask") if row[column] is not None}
        if len(lengths) > 1:
            raise TrainingError(f"{name} has masks that are not as long as its tokens")
    if loss.reads == "pair":
        sides = Counter(table.select("pair_id", "side").iter_rows())
        for pair in dict.fromkeys(table["pair_id"]):
            if (sides[pair, "chosen"], sides[pair, "rejected"]) != (1, 1):
                raise TrainingError(f"training: pair '{pair}' is not one chosen and one rejected response")


def mean_difference(recomputed: list[float], sampled: list[float] | None) -> float | None:
    """Mean |recomputed - sampled| log-probability over the tokens of a response, nats; None if it was not sampled as it is."""
    if not sampled:
        return None
    return sum(abs(new - old) for new, old in zip(recomputed, sampled, strict=True)) / len(sampled)
