"""From a synthesized dataset to training examples."""

import polars as pl
import pytest

from mathcode import tables
from mathcode.core.table_files import TableError
from mathcode.methods.autocode.tables import DATASET
from mathcode.training import examples

KINDS = {"q:0": "exploratory_native", "q:1": "reflective"}


class Characters:
    """A tokenizer of one token per character."""

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": [ord(character) for character in text]}


def dataset() -> pl.DataFrame:
    """Two responses of four tokens; the second token was shown, the others are learned. The reflective one opens with its hint."""
    rows = [
        [
            name,
            "q",
            "1+1?",
            "2",
            kind,
            "cot",
            1.0,
            0.5,
            [7, 8, 9, 2],
            [True, False, True, True],
            [kind != "reflective", False, kind == "reflective", False],
            None,
            ["native:0"],
            None,
        ]
        for name, kind in KINDS.items()
    ]
    return pl.DataFrame(rows, schema=DATASET.schema, orient="row")


def logprobs(**values: list[float]) -> pl.DataFrame:
    rows = [[name.replace("_", ":"), row, None] for name, row in values.items()]
    return pl.DataFrame(rows, schema=tables.LOGPROBS.schema, orient="row")


KNOWN = logprobs(q_1=[-4.0, -5.0, -6.0], q_0=[-1.0, -2.0, -3.0])


def test_behaviour_stands_at_the_loss_tokens_of_its_response():
    first, second = examples.from_dataset(dataset(), KNOWN, Characters())
    assert first.behaviour == [-1.0, None, -2.0, -3.0]
    assert second.behaviour == [None, None, -5.0, -6.0]  # nobody sampled the hint
    assert first.prompt_ids == [ord(character) for character in "1+1?"]
    assert (first.response_ids, first.loss_mask) == ([7, 8, 9, 2], [True, False, True, True])
    assert (first.selection_mask, first.advantage, first.reward) == ([True, False, False, False], 0.5, 1.0)


def test_the_released_program_has_no_behaviour_for_reflective_responses_or_at_first():
    first, second = examples.from_dataset(dataset(), KNOWN, Characters(), reflective_behaviour=False)
    assert (first.behaviour, second.behaviour) == ([-1.0, None, -2.0, -3.0], None)
    assert [example.behaviour for example in examples.from_dataset(dataset(), None, Characters())] == [None, None]


@pytest.mark.parametrize("known", [logprobs(q_0=[-1.0, -2.0, -3.0]), logprobs(q_0=[-1.0, -2.0, -3.0], q_1=[-1.0] * 4)])
def test_log_probabilities_of_another_dataset_are_refused(known):
    with pytest.raises(TableError, match="response 'q:1' does not have one value per loss token"):
        examples.from_dataset(dataset(), known, Characters())


def test_mean_difference():
    assert examples.mean_difference([-1.0, -2.0], [-1.5, -1.0]) == 0.75
    assert examples.mean_difference([-1.0], None) is None
    with pytest.raises(ValueError, match="shorter"):
        examples.mean_difference([-1.0, -2.0], [-1.5])
