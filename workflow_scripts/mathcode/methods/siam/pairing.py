"""Pairs for preference alignment: of one question, an accepted and a refused program of the policy.

Both sides are the tokens that the policy wrote, and the end of text; nothing is tokenised again.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import polars as pl

from mathcode import tables
from mathcode.core.errors import UserError
from mathcode.core.random_streams import stream
from mathcode.critic import cases
from mathcode.methods.siam.candidates import Candidate, candidates, distinct, told
from mathcode.methods.siam.settings import Pair
from mathcode.responses.parse import OUTPUT_FENCE

log = logging.getLogger(__name__)


class PairingError(UserError):
    """There is not one pair."""


def pair(
    rollouts: pl.DataFrame,
    grades: pl.DataFrame,
    queries: pl.DataFrame,
    pool: str,
    chosen: Pair,
    seed: int,
    tokenizer,
    as_pairs: bool,
    max_tokens: int | None = None,
) -> pl.DataFrame:
    """Table `training`, by query: for a loss over pairs, or, not `as_pairs`, the chosen sides of the same pairs for a likelihood loss.

    Args:
        rollouts, grades, queries: tables of one policy's exploration of a pool, graded by one judge.
        pool: its name, for the log.
        seed: draws the rejected program, and the chosen one where `chosen.chosen` is random.
        tokenizer: the policy's, for its end of text.
        max_tokens: a pair is left out if prompt and response of either side are longer, by whatever loss it is learned.

    Raises:
        CandidateError: a rollout has no grade or no query.
        PairingError: no question has both sides.
    """
    found, refused = candidates(rollouts, grades, queries)
    rows, sides, several = [], Counter(), 0
    for _, group in groupby(found, key=lambda one: one.query["query_id"]):
        own = list(group)
        better, worse = _sides(own, chosen, refused)
        better, worse = _ordered(better, chosen.chosen, seed), _ordered(worse, "random", seed)
        known = {one.form for one in better}
        worse = [one for one in worse if one.form not in known]  # by chance alone the same program prints right and wrong
        sides[bool(better), bool(worse)] += 1
        for number, two in enumerate(zip(better[: chosen.per_question], worse, strict=False)):
            both = _rows(two, number, tokenizer)
            if max_tokens is not None and max(_length(row, tokenizer) for row in both) > max_tokens:
                refused["its pair is too long"] += 2
                continue
            several += 1
            rows += both if as_pairs else [_likelihood(two[0], number, tokenizer)]
    questions = rollouts["query_id"].n_unique()
    log.info("%s: programs neither chosen nor rejected: %s", pool, told(refused))
    log.info(
        "%s: %d questions: %d with both sides, %d without a rejected, %d without a chosen program, %d without either; %d pairs",
        *(pool, questions, sides[True, True], sides[True, False], sides[False, True]),
        *(questions - sides[True, True] - sides[True, False] - sides[False, True], several),
    )
    if not rows:
        raise PairingError(
            f"{pool}: not one pair: none of {questions} questions has both a chosen and a rejected program (neither: {told(refused)})"
        )
    return pl.DataFrame(rows, schema=tables.TRAINING.schema)


def _sides(own: Sequence[Candidate], chosen: Pair, refused: Counter) -> tuple[list[Candidate], list[Candidate]]:
    """The programs of a question that may be chosen, and those that may be rejected; `refused` counts the others by reason."""
    better, worse = [], []
    for one in own:
        score = float(one.accepted) if one.score is None else one.score
        if not _ended(one.rollout):
            refused["the response did not end itself"] += 1
        elif score >= chosen.chosen_from:
            better.append(one)
        elif score > chosen.rejected_to:
            refused["the score lies between"] += 1
        elif one.outcome != "wrong":
            refused["the judge came to no verdict"] += 1  # a reference it cannot read, or its limit of time: the program may be right
        elif chosen.sure and not cases.surely_different(one.query["gold"], one.result.strip().splitlines()[-1]):
            refused["not surely wrong"] += 1
        else:
            worse.append(one)
    return better, worse


def _ended(rollout: dict) -> bool:
    """Whether the model ended its response with its program: not cut, not at a fence that asks for output, nothing behind what is shown."""
    written = _written(rollout)
    text = next(one["text"] for one in rollout["rounds"] if one["outcome"])
    fence = text.rstrip().endswith(OUTPUT_FENCE)
    return rollout["finish_reason"] != "length" and not fence and rollout["generated"][: len(written)] == [True] * len(written)


def _written(rollout: dict) -> list[int]:
    """The tokens that the model wrote."""
    return [token for token, generated in zip(rollout["token_ids"], rollout["generated"], strict=True) if generated]


def _ordered(side: list[Candidate], which: str, seed: int) -> list[Candidate]:
    """Distinct programs of a side, those to take first in front."""
    length = {"shortest": 1, "longest": -1, "random": 0}[which]

    def place(one: Candidate) -> tuple[int, int]:
        row = one.rollout
        lot = stream(seed, row["query_id"], row["mode"], row["sample"], "pair")
        return length * len(_written(row)), lot if which == "random" else row["sample"]

    return distinct(sorted(side, key=place), lambda one: one.form)


def _length(row: dict, tokenizer) -> int:
    """Tokens of prompt and response."""
    return len(tokenizer(row["prompt"])["input_ids"]) + len(row["token_ids"])


def _rows(two: tuple[Candidate, Candidate], number: int, tokenizer) -> list[dict]:
    """Both sides of a pair."""
    pair_id = f"{two[0].query['query_id']}:{number}"
    return [
        _row(one, side, tokenizer) | {"example_id": f"{pair_id}:{side}", "loss": "pair", "pair_id": pair_id, "side": side}
        for one, side in zip(two, ("chosen", "rejected"), strict=True)
    ]


def _likelihood(one: Candidate, number: int, tokenizer) -> dict:
    """The chosen side of a pair for the control; its name is the one it has in the pair."""
    return _row(one, "chosen", tokenizer) | {"example_id": f"{one.query['query_id']}:{number}:chosen", "loss": "likelihood"}


def _row(one: Candidate, side: str, tokenizer) -> dict:
    rollout, end = one.rollout, tokenizer.eos_token_id
    written = _written(rollout)
    ids = written if written[-1] == end else [*written, end]  # taken back where output was shown behind it
    return dict.fromkeys(tables.TRAINING.columns) | {
        **{name: rollout[name] for name in ("query_id", "prompt", "isolation")},
        "response": tokenizer.decode(ids, skip_special_tokens=True),
        "kind": side,
        "methodology": "code",
        "token_ids": ids,
        "loss_mask": [True] * len(ids),
        "parents": [f"{rollout['mode']}:{rollout['sample']}"],
    }
