"""One spelling of characters before patterns look at a response: place by place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.responses.folding import fold
from mathcode.responses.signs import before_box, plain


@given(st.text("aA1 －–﹣＞３．⁄５x。Ａ𝟓\u3000\n(", max_size=40) | st.text(max_size=40))
def test_places_stay(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("x＝﹣５", "x=-5"),
        ("３．５．", "3.5．"),
        ("1⁄2", "1/2"),
        ("is –5", "is -5"),
        ("5–10, 5 –10, x –10", "5–10, 5 –10, x –10"),
        ("选Ａ", "选A"),
        ("（１，２）", "（1，2）"),
    ],
)
def test_what_is_folded(text, folded):
    assert fold(text) == folded


def test_signs_of_boxes_and_words():
    assert before_box("so $x = -", "3") == "-3"
    assert before_box("is $-", "x+1") == "-(x+1)"
    assert before_box("$8-", "3") == before_box("a -", "3") == "3"
    assert [plain(text) for text in ("- 3", "负3", "minus 3", "3")] == ["-3", "-3", "-3", "3"]
