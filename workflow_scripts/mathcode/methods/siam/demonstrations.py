"""Programs as training examples: of the seed set, self-distilled, and of the web; each the whole response to its question."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from mathcode import tables
from mathcode.core.errors import UserError
from mathcode.methods.siam import artifacts, asking, candidates, selection
from mathcode.policies import tokens
from mathcode.responses import parse, prompts

log = logging.getLogger(__name__)


class DemonstrationError(UserError):
    """There is not one program to learn from."""


def demonstrations(
    pairs: pl.DataFrame | None, accepted: Sequence[pl.DataFrame], tokenizer, profile: str, balance: str = "none"
) -> pl.DataFrame:
    """Table `training` for a likelihood loss: seed programs by query and solution, then accepted ones by table, query and sample.

    Args:
        pairs: table `sft`; rows whose solution does not hold just one program are left out. None: no seed set.
        accepted: tables `accepted`, earlier ones first; empty ones are fine. A program that an earlier one has is learned once.
        tokenizer: the base model's.
        profile: prompt profile of the family.
        balance: type: accepted programs of every type of question weigh the same (`selection.weights`); none: all weigh 1.

    Raises:
        DemonstrationError: no program is left.
        PromptError: unknown profile.
    """
    lead = prompts.profile(profile).lead
    accepted = _distinct([frame.sort("query_id", "sample") for frame in accepted])
    weights = selection.weights(accepted) if balance == "type" else None
    rows, seen = [], Counter()
    for made in (*(_seed(pairs) if pairs is not None else ()), *_accepted(accepted, weights)):
        response = asking.response(made.pop("program"))
        ids = [*tokens.encode_text(tokenizer, lead + response), tokenizer.eos_token_id]
        rows.append(
            dict.fromkeys(tables.TRAINING.columns)
            | {
                "example_id": f"{made['query_id']}:{seen[made['query_id']]}",
                "prompt": asking.render(profile, artifacts.MODE, made.pop("question")),
                "response": response,
                "methodology": "code",
                "loss": "likelihood",
                "token_ids": ids,
                "loss_mask": [True] * len(ids),
            }
            | made
        )
        seen[made["query_id"]] += 1
    if not rows:
        raise DemonstrationError("not one program to learn from: no solution of the seed set holds just one, and none was accepted")
    log.info("programs to learn from: %s", ", ".join(f"{count} {kind}" for kind, count in Counter(row["kind"] for row in rows).items()))
    return pl.DataFrame(rows, schema=tables.TRAINING.schema)


def texts(pairs: pl.DataFrame, profile: str) -> list[str]:
    """The text a tokenizer built from scratch learns from: prompts and responses of the pairs whose solution holds one program."""
    with_one = _with_one_program(pairs)
    prompted = {asking.render(profile, artifacts.MODE, row["question"]) for row, _ in with_one}
    return [*sorted(prompted), *sorted(asking.response(program) for _, program in with_one)]


def _with_one_program(pairs: pl.DataFrame) -> list[tuple[dict, str]]:
    """Rows of table `sft` whose solution holds just one program, and that program; sorted by query and solution."""
    rows = pairs.sort("query_id", "solution").iter_rows(named=True)
    read = [(row, parse.programs(row["solution"])) for row in rows]
    with_one = [(row, programs[0]) for row, programs in read if len(programs) == 1]
    if len(with_one) < len(read):
        log.info("%d of %d solutions of the seed set do not hold just one program: left out", len(read) - len(with_one), len(read))
    return with_one


def _seed(pairs: pl.DataFrame) -> Iterator[dict]:
    for row, program in _with_one_program(pairs):
        shared = {name: row[name] for name in ("query_id", "question", "isolation")}
        yield shared | {"program": program, "kind": "seed", "parents": []}


def _distinct(accepted: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """The tables without programs that stand in one before: where rounds ask one pool, policies write the same again."""
    known: set[tuple[str, str]] = set()
    kept = []
    for frame in accepted:
        own = [(query_id, candidates.form(program)) for query_id, program in frame.select("query_id", "program").iter_rows()]
        kept.append(frame.filter(pl.Series([key not in known for key in own], dtype=pl.Boolean)))
        known.update(own)
    return kept


def _accepted(accepted: Sequence[pl.DataFrame], weights: list[float] | None) -> Iterator[dict]:
    rows = [row for frame in accepted for row in frame.iter_rows(named=True)]
    for row, weight in zip(rows, weights or [None] * len(rows), strict=True):
        yield {
            **{name: row[name] for name in ("query_id", "question", "program", "isolation")},
            "kind": "self_distilled" if row["pool"] == artifacts.SEED_SET else "web",
            "weight": weight,
            "parents": [f"{artifacts.MODE}:{row['sample']}"],
        }
