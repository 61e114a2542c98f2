"""Code4Math: CoT and code solutions as training examples, shown under dictated and native prompts, execution output masked."""

from collections import Counter

import polars as pl

from mathcode import tables
from mathcode.core import random_streams
from mathcode.methods.autocode import dictations
from mathcode.methods.autocode.form import CUES, with_cue
from mathcode.methods.autocode.settings import Start
from mathcode.policies import tokens
from mathcode.responses import parse, prompts


def prompt_mode(query_id: str, methodology: str, start: Start, seed: int) -> str:
    """How a pair is shown: natively (the cue alone announces the methodology) or dictated. Drawn by the pair's own seed."""
    native, code = (random_streams.share(seed, query_id, f"{methodology}/{what}", 0) for what in ("native", "native_code"))
    shown_native = native < start.native_share and (methodology == "cot" or code < start.native_code_share)
    return "native" if shown_native else methodology


def demonstrations(pairs: pl.DataFrame, tokenizer, profile: str, start: Start, seed: int) -> pl.DataFrame:
    """Table `training` for a likelihood loss: a row per row of table `sft`, in the order of query, methodology and solution.

    Args:
        tokenizer: the base model's.
        profile: prompt profile of the family.
        seed: draws which pairs are shown natively.
    """
    lead = prompts.profile(profile).lead
    rows, seen = [], Counter()
    for row in pairs.sort("query_id", "methodology", "solution").iter_rows(named=True):
        mode = prompt_mode(row["query_id"], row["methodology"], start, seed)
        cue = tokens.encode_text(tokenizer, lead + CUES[row["methodology"]])
        ids, loss, marks = list(cue), [True] * len(cue), [True] * len(cue)
        for segment in parse.segments("\n" + row["solution"]):
            spelt = tokens.encode_text(tokenizer, segment.text)
            ids += spelt
            loss += [segment.generated] * len(spelt)
            marks += [False] * len(spelt)
        rows.append(
            {
                "example_id": f"{row['query_id']}:{seen[row['query_id']]}",
                "query_id": row["query_id"],
                "prompt": dictations.render(profile, mode, row["question"]),
                "response": with_cue(row["methodology"], row["solution"]),
                "kind": "demonstration_native" if mode == "native" else "demonstration_dictated",
                "methodology": row["methodology"],
                "loss": "likelihood",
                "token_ids": [*ids, tokenizer.eos_token_id],
                "loss_mask": [*loss, True],
                "selection_mask": [*marks, False],
                "parents": [],
                "isolation": row["isolation"],
            }
        )
        seen[row["query_id"]] += 1
    return pl.DataFrame(rows, schema=tables.TRAINING.schema)


def texts(pairs: pl.DataFrame, profile: str) -> list[str]:
    """The text a tokenizer built from scratch learns from: every prompt form and every complete response."""
    prompted = {prompts.render(profile, question) for question in pairs["question"].unique()}
    responses = [with_cue(*row) for row in pairs.select("methodology", "solution").iter_rows()]
    return [*sorted(prompted), *sorted(responses)]
