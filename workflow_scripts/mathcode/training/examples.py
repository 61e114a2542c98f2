"""One training loop for Code4Math SFT and for RL: resumable, deterministic on a CPU, one or many processes.

The order of the data follows from seed and step alone, so a run killed at any moment and resumed from its last checkpoint
ends with the weights of an uninterrupted one. Checkpoints are undeclared files: Snakemake deletes a failed job's outputs.
"""

from dataclasses import dataclass

import polars as pl

from mathcode.core.errors import UserError
from mathcode.core.table_files import TableError


class TrainingError(UserError):
    """Nothing to train on, a loss that is no number, a checkpoint that cannot be written, or sharding that is not to be had."""


@dataclass(frozen=True)
class Example:
    """A prompt and its response as tokens. Masks and behaviour log-probabilities (None: there is none) run over the response."""

    prompt_ids: list[int]
    response_ids: list[int]
    loss_mask: list[bool]
    selection_mask: list[bool]
    advantage: float = 0.0
    reward: float = 0.0
    behaviour: list[float | None] | None = None

    @property
    def length(self) -> int:
        return len(self.prompt_ids) + len(self.response_ids)


def from_dataset(dataset: pl.DataFrame, logprobs: pl.DataFrame | None, tokenizer, reflective_behaviour: bool = True) -> list[Example]:
    """One example per response, in the table's order.

    Args:
        logprobs: behaviour log-probabilities; None trains without an importance ratio (ratio 1).
        reflective_behaviour: whether self-reflective responses get theirs (the released program gives them ratio 1).

    Raises:
        TableError: a response has no log-probabilities, or not one per loss token.
    """
    known = dict(logprobs.select("response_id", "logprobs").iter_rows()) if logprobs is not None else {}
    examples = []
    for row in dataset.iter_rows(named=True):
        behaviour = None
        if logprobs is not None and (reflective_behaviour or row["kind"] != "reflective"):
            if len(known.get(row["response_id"], [])) != sum(row["loss_mask"]):
                name = row["response_id"]
                raise TableError(f"logprobs: response '{name}' does not have one value per loss token; score the dataset again")
            values = iter(known[row["response_id"]])
            behaviour = [next(values) if flag else None for flag in row["loss_mask"]]
            if row["kind"] == "reflective":
                # No policy sampled the hint, which stands before the cue: with its ratio the clip would hold it where it is.
                hint_end = row["selection_mask"].index(True)
                behaviour[:hint_end] = [None] * hint_end
        prompt_ids = tokenizer(row["prompt"])["input_ids"]
        examples.append(
            Example(prompt_ids, row["token_ids"], row["loss_mask"], row["selection_mask"], row["advantage"], row["reward"], behaviour)
        )
    return examples


def mean_difference(recomputed: list[float], sampled: list[float] | None) -> float | None:
    """Mean |recomputed - sampled| log-probability over the tokens of a response, nats; None if it was not sampled as it is."""
    if not sampled:
        return None
    return sum(abs(new - old) for new, old in zip(recomputed, sampled, strict=True)) / len(sampled)
