"""Numbers in words, English and Chinese: what is read, what is not, and a writer of its own that checks the readers."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.grading.forms.numerals import chinese_number, english_number, magnitude, ordinal, percent

ENGLISH = [
    ("forty-two", 42),
    ("Twenty one", 21),
    ("three hundred and five", 305),
    ("one thousand five", 1005),
    ("one million two hundred thousand", 1_200_000),
    ("one million, two hundred", 1_000_200),
    ("nineteen hundred", 1900),
    ("twelve hundred and fifty", 1250),
    ("fourty thousand five hundred and nine", 40_509),
    ("3 million", 3_000_000),
    ("2.5 billion", 2_500_000_000),
    ("3,000 thousand", 3_000_000),
    ("a hundred", 100),
    ("a hundred and one", 101),
    ("half a million", 500_000),
    ("three quarters of a million", 750_000),
    ("one and a half million", 1_500_000),
    ("a million and a half", 1_500_000),
    ("3 1/2 million", 3_500_000),
    ("a dozen", 12),
    ("two dozen", 24),
    ("3 dozen", 36),
    ("half a dozen", 6),
    ("half", "1/2"),
    ("one half", "1/2"),
    ("one-half", "1/2"),
    ("a third", "1/3"),
    ("two-thirds", "2/3"),
    ("two-third", "2/3"),
    ("3 tenths", "3/10"),
    ("3 quarters", "3/4"),
    ("seven hundredths", "7/100"),
    ("forty-five hundredths", "45/100"),
    ("two ten-thousandths", "2/10000"),
    ("one twenty-fifth", "1/25"),
    ("three and a half", "7/2"),
    ("two and three quarters", "11/4"),
    ("three point one four", "3.14"),
    ("zero point five", "0.5"),
    ("two point five million", 2_500_000),
    ("3 tens 4 ones", 34),
    ("3 tens and 4 ones", 34),
    ("9 hundreds", 900),
    ("minus seven", -7),
    ("negative four", -4),
    ("zero", 0),
    ("2 lakh", 200_000),
    ("3 crore", 30_000_000),
]
NO_ENGLISH = ["", "42", "3.5", "no", "none", "once", "twice", "couple", "third", "second", "one second", "hundred", "million", "dozen"]
NO_ENGLISH += ["quarter", "one two", "one twenty", "twenty zero", "zero five", "one hundred one hundred", "hundred hundred", "and five"]
NO_ENGLISH += [
    "five and",
    "a",
    "one thousand thousand",
    "five apples",
    "3 apples",
    "two hundred hundred",
    "minus",
    "five point",
    "seventy cm",
]
NO_ENGLISH += [
    "two or three",
    "about five",
    "ten to five",
    "3 m",
    "5k",
    "3M",
    "x hundred",
    "one, two",
    "thousand and one",
    "minus minus two",
]

CHINESE = [
    ("三百二十", 320),
    ("一百零八", 108),
    ("两万零五", 20_005),
    ("一千二百", 1200),
    ("一百五十", 150),
    ("十五", 15),
    ("一百一十五", 115),
    ("二十", 20),
    ("廿三", 23),
    ("卅", 30),
    ("两千两百二十二", 2222),
    ("二百五", 250),
    ("两百零五", 205),
    ("一万二", 12_000),
    ("一亿零三万", 100_030_000),
    ("三亿五千万零六", 350_000_006),
    ("一万亿", 10**12),
    ("十万", 100_000),
    ("3万", 30_000),
    ("1.5亿", 150_000_000),
    ("3千5百", 3500),
    ("2万5千", 25_000),
    ("12万3456", 123_456),
    ("一千 二百", 1200),
    ("半", "1/2"),
    ("一半", "1/2"),
    ("两个半", "5/2"),
    ("三分之二", "2/3"),
    ("5分之2", "2/5"),
    ("百分之二十", "1/5"),
    ("百分之12.5", "1/8"),
    ("百分之百", 1),
    ("千分之五", "1/200"),
    ("一又二分之一", "3/2"),
    (r"2又\frac{1}{3}", "7/3"),
    ("三又1/2", "7/2"),
    ("负五", -5),
    ("负5", -5),
    ("负三分之二", "-2/3"),
    ("零下5", -5),
    ("零点五", "0.5"),
    ("一点二五", "1.25"),
    ("一点五亿", 150_000_000),
    ("五成", "0.5"),
    ("三成五", "0.35"),
    ("八折", "0.8"),
    ("八五折", "0.85"),
    ("8.5折", "0.85"),
    ("85折", "0.85"),
    ("壹佰贰拾叁", 123),
    ("壹贰叁", 123),
    ("二〇二四", 2024),
    ("二零二四", 2024),
    ("〇", 0),
    ("零", 0),
    ("兩萬", 20_000),
    ("貳億", 200_000_000),
]
NO_CHINESE = [
    "",
    "5",
    "3.5",
    "百",
    "万",
    "万万",
    "三两",
    "十两",
    "五两",
    "第三",
    "二三",
    "三十多",
    "几十",
    "一三十",
    "十十",
    "二百零",
    "三个",
]
NO_CHINESE += [
    "一百十",
    "3万5",
    "五点",
    "点五",
    "十二折",
    "负负五",
    "个半",
    "1.5万5千",
    "三分之",
    "分之二",
    "零分之一",
    "二又三分之四",
    "无",
    "五元",
    "一二",
]


@pytest.mark.parametrize(("text", "value"), ENGLISH)
def test_english_words_are_read(text, value):
    assert english_number(text) == english_number(f" {text.upper()} ") == Fraction(value)


@pytest.mark.parametrize("text", NO_ENGLISH)
def test_other_english_is_no_number(text):
    assert english_number(text) is None


@pytest.mark.parametrize(("text", "value"), CHINESE)
def test_chinese_characters_are_read(text, value):
    assert chinese_number(text) == Fraction(value)


@pytest.mark.parametrize("text", NO_CHINESE)
def test_other_chinese_is_no_number(text):
    assert chinese_number(text) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [("first", 1), ("1st", 1), ("2nd", 2), ("3rd", 3), ("11th", 11), ("112th", 112), ("twenty-first", 21), ("one hundred and first", 101)]
    + [
        ("hundredth", 100),
        ("two hundredth", 200),
        ("fortieth", 40),
        ("第三", 3),
        ("第3", 3),
        ("第十二", 12),
        ("one hundred twentieth", 120),
    ]
    + [
        (text, None)
        for text in (
            "11st",
            "1th",
            "one third",
            "one hundredth",
            "two-third",
            "ten first",
            "first place",
            "第",
            "第3.5",
            "",
            "3",
            "three",
            "st",
            "0th",
        )
    ],
)
def test_ordinals(text, place):
    assert ordinal(text) == place


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [("twenty percent", 20), ("25 per cent", 25), ("12.5 percent", "12.5"), ("百分之二十", 20), ("twelve and a half percent", "12.5")]
    + [(text, None) for text in ("20 %", "percent", "apples percent", "二十", "千分之五", "")],
)
def test_percents_in_words_count_hundredths(text, hundredths):
    assert percent(text) == (None if hundredths is None else Fraction(hundredths))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("million", 10**6),
        ("Millions", 10**6),
        ("hundred", 100),
        ("dozen", 12),
        ("lakh", 10**5),
        ("万", 10**4),
        ("百万", 10**6),
        ("亿", 10**8),
    ]
    + [(word, None) for word in ("k", "K", "M", "m", "B", "", "millionth", "十", "万亿万", "apples")],
)
def test_magnitudes(word, value):
    assert magnitude(word) == value


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def in_english(number: int, joined: str = " and ") -> str:
    """Write a whole number below 10^18, in the British way with `and`."""
    if number < 20:
        return ONES.split()[number]
    if number < 100:
        return TENS.split()[number // 10 - 2] + (f"-{in_english(number % 10)}" if number % 10 else "")
    if number < 1000:
        return f"{in_english(number // 100)} hundred" + (joined + in_english(number % 100) if number % 100 else "")
    scale, name = next((10**p, name) for p, name in zip((15, 12, 9, 6, 3), SCALES.split(), strict=True) if number >= 10**p)
    rest = number % scale
    link = joined if rest < 100 else " "
    return f"{in_english(number // scale, joined)} {name}" + (link + in_english(rest, joined) if rest else "")


SCALES = "quadrillion trillion billion million thousand"


def in_chinese(number: int, digits: str = "零一二三四五六七八九", places: str = "十百千", scales: str = "万亿") -> str:
    """Write a whole number below 10^16 in the full form, each gap as one zero."""
    if number == 0:
        return digits[0]
    for scale, name in ((10**8, scales[1]), (10**4, scales[0])):
        if number >= scale:
            rest = number % scale
            gap = digits[0] if 0 < rest < scale // 10 else ""
            return (
                in_chinese(number // scale, digits, places, scales)
                + name
                + (gap + in_chinese(rest, digits, places, scales) if rest else "")
            )
    for place in (3, 2, 1):
        if number >= 10**place:
            rest = number % 10**place
            gap = digits[0] if 0 < rest < 10 ** (place - 1) else ""
            return digits[number // 10**place] + places[place - 1] + (gap + in_chinese(rest, digits, places, scales) if rest else "")
    return digits[number]


NUMBERS = (
    st.integers(0, 10**15)
    | st.integers(0, 1000)
    | st.integers(0, 15).map(lambda power: 10**power)
    | st.integers(1, 15).map(lambda p: 10**p + 1)
)


@given(NUMBERS, st.sampled_from([" and ", " "]))
def test_every_number_written_in_english_is_read_back(number, joined):
    assert english_number(in_english(number, joined)) == number
    assert english_number(in_english(number, joined).replace("-", " ")) == number
    assert english_number(f"minus {in_english(number, joined)}") == -number


@given(NUMBERS)
def test_every_number_written_in_chinese_is_read_back(number):
    assert chinese_number(in_chinese(number)) == number
    assert chinese_number(in_chinese(number, "零壹贰叁肆伍陆柒捌玖", "拾佰仟", "万亿")) == number
    assert chinese_number(in_chinese(number, "〇一二三四五六七八九", "十百千", "萬億")) == number
    assert chinese_number(f"负{in_chinese(number)}") == -number


@pytest.mark.full
def test_ten_thousand_numbers_of_every_size_are_read_back():
    stream = random.Random(20250101)
    numbers = [*range(10_000), *(stream.randrange(10 ** stream.randint(4, 16)) for _ in range(10_000))]
    for number in numbers:
        assert english_number(in_english(number)) == chinese_number(in_chinese(number)) == number


@given(st.integers(1, 10**6), st.integers(1, 99))
def test_fractions_in_words_are_read_back(above, below):
    below += 2
    assert chinese_number(f"{in_chinese(below)}分之{in_chinese(above)}") == Fraction(above, below)
    names = {
        3: "third",
        4: "quarter",
        5: "fifth",
        8: "eighth",
        10: "tenth",
        12: "twelfth",
        20: "twentieth",
        21: "twenty-first",
        100: "hundredth",
    }
    if below in names:
        assert english_number(f"{in_english(above)} {names[below]}s") == Fraction(above, below)


@given(NUMBERS, NUMBERS)
def test_different_numbers_are_written_and_read_differently(one, other):
    assert (english_number(in_english(one)) == english_number(in_english(other))) == (one == other)
    assert (chinese_number(in_chinese(one)) == chinese_number(in_chinese(other))) == (one == other)


MORE = "hundred and a half third thirds dozen point of minus 3 1/2 2.5 tens ones first percent - oh hundredths quarters"
WORDS = st.sampled_from(f"{ONES} {TENS} {SCALES} {MORE}".split())
CHARACTERS = st.text(st.sampled_from("零〇一二两九十百千万亿半个又分之点负成折第打35.0/ 壹拾廿下"), max_size=12)


@given(st.lists(WORDS, max_size=9).map(" ".join) | CHARACTERS | st.text(st.characters(exclude_categories=())))
def test_no_text_raises(text):
    for read in (english_number, chinese_number, percent):
        assert read(text) is None or isinstance(read(text), Fraction)
    for read in (ordinal, magnitude):
        assert read(text) is None or isinstance(read(text), int)


@pytest.mark.parametrize(
    "text", ["one " * 100_000, "一" * 100_000, "3" * 100_000 + "万", "minus " * 100_000, "第" + "一" * 100_000, "1/" * 100_000]
)
def test_there_is_a_limit_of_length(text):
    assert [read(text) for read in (english_number, chinese_number, percent, ordinal, magnitude)] == [None] * 5
