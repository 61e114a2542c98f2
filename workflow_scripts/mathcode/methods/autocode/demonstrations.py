"""Code4Math SFT examples: CoT and code solutions shown under dictated and native prompts, execution output masked."""

import polars as pl

from mathcode.core import random_streams
from mathcode.methods.autocode import dictations
from mathcode.methods.autocode.form import CUES, with_cue
from mathcode.methods.autocode.settings import Start
from mathcode.responses import parse, prompts
from mathcode.training.examples import Example


def prompt_mode(query_id: str, methodology: str, start: Start, seed: int) -> str:
    """How a pair is shown: natively (the cue alone announces the methodology) or dictated. Drawn by the pair's own seed."""
    native, code = (random_streams.share(seed, query_id, f"{methodology}/{what}", 0) for what in ("native", "native_code"))
    shown_native = native < start.native_share and (methodology == "cot" or code < start.native_code_share)
    return "native" if shown_native else methodology


def demonstrations(pairs: pl.DataFrame, tokenizer, profile: str, start: Start, seed: int) -> list[Example]:
    """One training example per row of table `sft`, in the order of query and methodology."""
    lead = prompts.profile(profile).lead
    examples = []
    for row in pairs.sort("query_id", "methodology", "solution").iter_rows(named=True):
        mode = prompt_mode(row["query_id"], row["methodology"], start, seed)
        prompt_ids = tokenizer(dictations.render(profile, mode, row["question"]))["input_ids"]
        cue = tokenizer(lead + CUES[row["methodology"]], add_special_tokens=False)["input_ids"]
        ids, loss, marks = list(cue), [True] * len(cue), [True] * len(cue)
        for segment in parse.segments("\n" + row["solution"]):
            tokens = tokenizer(segment.text, add_special_tokens=False)["input_ids"]
            ids += tokens
            loss += [segment.generated] * len(tokens)
            marks += [False] * len(tokens)
        examples.append(Example(prompt_ids, [*ids, tokenizer.eos_token_id], [*loss, True], [*marks, False]))
    return examples


def texts(pairs: pl.DataFrame, profile: str) -> list[str]:
    """The text a tokenizer built from scratch learns from: every prompt form and every complete response."""
    prompted = {prompts.render(profile, question) for question in pairs["question"].unique()}
    responses = [with_cue(*row) for row in pairs.select("methodology", "solution").iter_rows()]
    return [*sorted(prompted), *sorted(responses)]
