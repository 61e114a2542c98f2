"""Cases as rows of table `training`: a critic learns the likelihood of its label, and beside it, if told to, that of right results.

The response of a row is the result, what asks for the label, and the label. The label alone is marked as decision; tokens of the result
enter the loss in YES rows, where `training.losses.LabelLikelihood` weighs them by `result_weight`, 0 by default. This side task is ours:
it stands for what a pre-trained model knows of notation, and a model trained from scratch does not learn to compare without it.
"""

import random
from collections.abc import Sequence

import polars as pl

from mathcode import settings, tables
from mathcode.critic import attacks, prompt, rewriting
from mathcode.critic.cases import YES


def training_rows(cases: pl.DataFrame, tokenizer, shown: settings.CriticPrompt, variant: str = "full") -> pl.DataFrame:
    """Table `training`, a row for each case, in their order.

    Args:
        cases: table `cases`; which of them are for training is the caller's choice.
        shown: what the critic is shown of a case.
        variant: end of the example's id, where a case is shown in several ways.

    Raises:
        PromptError: the tokenizer has no single token for YES and NO.
        prompts.PromptError: there is no such frame.
    """
    special, labels = prompt.special_tokens(tokenizer), prompt.label_tokens(tokenizer)
    said = [
        prompt.render(*fields, shown, special)
        for fields in cases.select("question", "gold", "program", pl.col("result").fill_null("")).rows()
    ]
    rows = []
    for case, asked, (_, result, after) in zip(
        cases.select("case_id", "query_id", "label").iter_rows(named=True), said, prompt.tokens_of_all(said, tokenizer), strict=True
    ):
        right = case["label"] == YES
        rows.append(
            dict.fromkeys(tables.TRAINING.columns)
            | {
                "example_id": f"{case['case_id']}/{variant}",
                "query_id": case["query_id"],
                "prompt": asked.before,
                "response": f"{asked.result}{asked.after} {case['label']}",
                "kind": "case",
                "loss": "label",
                "token_ids": [*result, *after, labels[case["label"]]],
                "loss_mask": [right] * len(result) + [False] * len(after) + [True],
                "selection_mask": [False] * (len(result) + len(after)) + [True],
                "parents": [],
            }
        )
    return pl.DataFrame(rows, schema=tables.TRAINING.schema)


_TEXTS_OF_A_FORM = 40


def vocabulary_texts(languages: Sequence[str]) -> list[str]:
    """What a tokenizer from scratch learns from to be a critic's, beside questions and programs: forms of references, fields, labels.

    They hold each label often enough that it becomes one token. Characters it never saw it would leave out, so that a sentence could look
    like a number: those of numerals and of attacks are all there. Always the same texts.

    Args:
        languages: of the names of fields, "en" or "zh"; forms of both languages are always there.
    """
    texts = [_characters()]
    for language in languages:
        shown = settings.CriticPrompt(language=language, instruction=False, question=False, program=False)
        for form in rewriting.FORMS:
            draw = random.Random(f"{language}/{form}")
            for number in range(_TEXTS_OF_A_FORM):
                for kind in rewriting.KINDS:
                    values = rewriting.drawn(kind, 9999, draw)
                    gold, result = rewriting.FORMS[form](values, draw), rewriting.printed(values, draw)
                    if gold and result:
                        label = prompt.LABELS[number % len(prompt.LABELS)]
                        texts.append("".join(prompt.render("", gold, None, result, shown)) + f" {label}")
    return texts


def _characters() -> str:
    """All characters of numerals and attacks, each once."""
    target, draw = attacks.Target("", "1", "", "2"), random.Random(1)
    written = "".join(make(target, draw) or "" for make in attacks.ATTACKS.values())
    return "".join(sorted({*written, *"零〇一二两三四五六七八九十百千万亿负点又分之半约"}))
