"""Cases as rows of table `training`: a critic learns the likelihood of its label, and beside it, if told to, that of right results.

The response of a row is the result, what asks for the label, and the label. The label alone is marked as decision; tokens of the result
enter the loss in YES rows, where `training.losses.LabelLikelihood` weighs them by `result_weight`, 0 by default. This side task is ours:
it stands for what a pre-trained model knows of notation, and a model trained from scratch does not learn to compare without it.
"""

import polars as pl

from mathcode import settings, tables
from mathcode.critic import prompt
from mathcode.critic.cases import YES


def training_rows(cases: pl.DataFrame, tokenizer, shown: settings.CriticPrompt, kind: str = "case", variant: str = "full") -> pl.DataFrame:
    """Table `training`, a row for each case, in their order.

    Args:
        cases: table `cases`; which of them are for training is the caller's choice.
        shown: what the critic is shown of a case.
        variant: end of the example's id, where a case is shown in several ways.

    Raises:
        PromptError: the tokenizer has no single token for YES and NO, or there is no such frame.
    """
    special, labels = prompt.special_tokens(tokenizer), prompt.label_tokens(tokenizer)
    rows = []
    for case in cases.iter_rows(named=True):
        asked = prompt.render(case["question"], case["gold"], case["program"], case["result"] or "", shown, special)
        _, result, after = prompt.tokens(asked, tokenizer)
        right = case["label"] == YES
        rows.append(
            dict.fromkeys(tables.TRAINING.columns)
            | {
                "example_id": f"{case['case_id']}/{variant}",
                "query_id": case["query_id"],
                "prompt": asked.before,
                "response": f"{asked.result}{asked.after} {case['label']}",
                "kind": kind,
                "loss": "label",
                "token_ids": [*result, *after, labels[case["label"]]],
                "loss_mask": [right] * len(result) + [False] * len(after) + [True],
                "selection_mask": [False] * (len(result) + len(after)) + [True],
                "parents": [],
            }
        )
    return pl.DataFrame(rows, schema=tables.TRAINING.schema)
