"""Code4Math: CoT and code solutions as training examples, shown under dictated and native prompts, execution output masked."""

import random
from collections import Counter
from collections.abc import Mapping

import polars as pl

from mathcode import tables
from mathcode.core import random_streams
from mathcode.methods.autocode import dictations
from mathcode.methods.autocode.form import REHEARSED, with_cue
from mathcode.methods.autocode.methodologies import PAPER, Methodology, form_of
from mathcode.methods.autocode.settings import Start
from mathcode.policies import tokens
from mathcode.responses import parse, prompts


def prompt_mode(query_id: str, methodology: str, start: Start, seed: int, methodologies: Mapping[str, Methodology] = PAPER) -> str:
    """How a pair is shown: natively (the cue alone announces the methodology) or dictated. Drawn by the pair's own seed."""
    native, code = (random_streams.share(seed, query_id, f"{methodology}/{what}", 0) for what in ("native", "native_code"))
    shown_native = native < start.native_share and (not methodologies[methodology].programs or code < start.native_code_share)
    return "native" if shown_native else methodology


def demonstrations(
    pairs: pl.DataFrame, tokenizer, profile: str, start: Start, seed: int, methodologies: Mapping[str, Methodology] = PAPER
) -> pl.DataFrame:
    """Table `training` for a likelihood loss: a row per row of table `sft`, in the order of query, methodology and solution.

    Args:
        tokenizer: the base model's.
        profile: prompt profile of the family.
        seed: draws which pairs are shown natively.
        methodologies: of the run; a solution that begins as one of those it adds is shown as that.
    """
    lead, form = prompts.profile(profile).lead, form_of(methodologies)
    rows, seen = [], Counter()
    for row in pairs.sort("query_id", "methodology", "solution").iter_rows(named=True):
        methodology = form.opened(row["solution"]) or row["methodology"]
        mode = prompt_mode(row["query_id"], methodology, start, seed, methodologies)
        cue = tokens.encode_text(tokenizer, lead + form.cues[methodology])
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
                "prompt": dictations.render(profile, mode, row["question"], methodologies),
                "response": with_cue(methodology, row["solution"], form),
                "kind": "demonstration_native" if mode == "native" else REHEARSED,
                "methodology": methodology,
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


def rehearsed(demonstrations: pl.DataFrame, count: int, *stream: object) -> pl.DataFrame:
    """Dictated demonstrations for an iteration to learn again, so that it does not forget how to follow a dictation (rehearsal).

    Rows of table `training` for the off-policy losses, which take them with ratio 1 and advantage 1: the mean log-likelihood of the
    whole response, its cue included.

    Args:
        demonstrations: table `training` of the start policy's SFT.
        count: how many; at most all that are there.
        stream: ids of the random stream that draws them.
    """
    dictated = demonstrations.filter(kind=REHEARSED).sort("example_id")
    drawn = sorted(random.Random(random_streams.stream(*stream, "rehearsal")).sample(range(len(dictated)), min(count, len(dictated))))
    return dictated[drawn].with_columns(
        example_id="rehearsal/" + pl.col("example_id"),
        loss=pl.lit("off_policy"),
        reward=pl.lit(1.0),
        advantage=pl.lit(1.0),
        selection_mask=pl.col("selection_mask").list.eval(pl.element() & False),
    )


def texts(pairs: pl.DataFrame, profile: str, methodologies: Mapping[str, Methodology] = PAPER) -> list[str]:
    """The text a tokenizer built from scratch learns from: every prompt, native and dictated, and every complete response."""
    form, questions = form_of(methodologies), pairs["question"].unique().sort()
    prompted = [dictations.render(profile, mode, question, methodologies) for mode in ("native", *methodologies) for question in questions]
    solutions = pairs.select("methodology", "solution").iter_rows()
    responses = [with_cue(form.opened(solution) or methodology, solution, form) for methodology, solution in solutions]
    return [*prompted, *sorted(responses)]
