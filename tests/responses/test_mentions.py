"""What prose mentions last: the whole that its last number is a part of."""

import pytest

from mathcode.responses import mentions
from mathcode.responses.conclusions import subject

LAST = {
    "It took 9 and then 12 steps": "12",
    "the equation 2x + y = 7": "2x + y = 7",
    "with a total of x + y = 7": "7",
    "roots x = 7 or x = -2 (rejected)": "7",
    "any t but not 7": None,
    "one of {3, 5, 7}": "{3, 5, 7}",
    "he paid 2 3/4 dollars": "2 3/4",
}


@pytest.mark.parametrize("text", LAST)
def test_the_last_number_comes_with_its_whole(text):
    assert mentions.last_value(text) == LAST[text]


def test_a_sentence_of_two_numbers_has_a_subject_only_where_one_is_an_aside():
    told = "She baked 40 rolls for 8 guests."
    assert subject(told, 0, len(told)) == told.index("40")
    for text in ("She baked 40 rolls and 8 cakes.", "She baked 40 rolls.", "She baked.", "She baked $4 \\cdot 10$ rolls for 8 guests."):
        assert subject(text, 0, len(text)) is None


@pytest.mark.parametrize(
    "piece",
    [
        "\\frac{",
        "(1)/(",
        "1 : ",
        "x=1, ",
        "x<1 or ",
        "{1,",
        "between 1 and ",
        "1 (rejected ",
        "1……",
        "x+y=0 ",
        "is - 3 ",
        "负",
        "3 dozen ",
        "1.1(",
        "10⁻",
    ],
)
def test_endless_beginnings_come_to_an_end(piece):
    text = piece * (20_000 // len(piece))
    found = mentions.last_value(text)
    assert found is None or len(found) < 2_000
