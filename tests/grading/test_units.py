"""Units of measure, money and counting, and the bare nouns of what is counted."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.grading.forms import unit_names
from mathcode.grading.forms.units import conversions, noun, ratio, unit

SAME = [
    ["km", "kilometers", "kilometres", "Kilometer", "KM", r"\text{km}", r"\mathrm{~km}", "千米", "公里"],
    ["cm", r"\text{c}{{\text{m}}}", "cm.", "centimetre", r"\text{ cm}", r"\textasciitilde cm", "厘米", "公分"],
    ["in", "in.", "inch", "inches", r"\text{in}", "英寸"],
    ["ft", "feet", "foot", "ft."],
    ["cm^2", "cm²", "cm^{2}", r"\text{cm}^2", r"\mathrm{cm^2}", "square centimeters", "sq cm", "sq. cm", "centimeters squared", "平方厘米"],
    ["m^3", "cubic metres", "cu m", "立方米", r"\mathrm{m}^{3}", "m**3", "kL"],
    ["square feet", "sq ft", "sq. ft.", "ft^2", "feet^2"],
    ["mL", "ml", "cm^3", "milliliters", "毫升", "立方厘米", "cc"],
    ["km/h", "kilometers per hour", "kph", "kmph", r"\mathrm{~km} / \mathrm{h}", "km h^{-1}", "千米/时", "千米每小时", "km per hour"],
    ["mph", "miles per hour", "mi/h", "miles/hr", r"\text{mph}"],
    ["m/s", "m s^{-1}", r"\mathrm{m/s}", r"\frac{\text{m}}{\text{s}}", r"\frac{m}{s}", "米/秒", "metres per second"],
    ["m/s^2", "m/s/s", "meters per second per second", "meters per second squared", r"\mathrm{m} \mathrm{s}^{-2}"],
    ["N m", r"N \cdot m", "N-m", "J", r"\text{N}\cdot\text{m}"],
    ["J/(kg K)", r"\mathrm{J} \mathrm{kg}^{-1} \mathrm{~K}^{-1}", r"J/(kg\cdot K)"],
    ["kJ/mol", r"\mathrm{kJ} \mathrm{mol}^{-1}", r"\mathrm{~kJ} / \mathrm{mol}"],
    ["g/cm^3", "g/mL", "克/立方厘米", "grams per cubic centimeter"],
    ["hours", "h", "hr", "hrs", "小时", "时", "个小时", r"\text{h}"],
    ["minutes", "min", "mins", r"\min", r"\rm min", "分钟", "分"],
    ["years", "yr", "years old", "year-old", "年", "岁"],
    ["kWh", "kilowatt-hours", "kilowatt hours", "千瓦时", "千瓦小时", "度"],
    [r"\Omega", "Ω", "ohms", "欧姆"],
    [r"k\Omega", r"\mathrm{k}\Omega", "kΩ"],
    [r"\mu m", r"\mu\mathrm{m}", "μm", "µm", "um", "micrometers", "微米"],
    ["°C", r"^\circ C", r"^{\circ}\text{C}", "degrees Celsius", "° C", "摄氏度"],
    [r"^\circ", r"^{\circ}", "°", "degrees", "deg", "度"],
    ["radians", "rad", r"\text{ radians}", "弧度"],
    [r"\$", "$", "dollars", "USD", "US dollars", "bucks", "美元"],
    ["元", "yuan", "RMB", "¥", "人民币", "块钱"],
    ["£", "pounds sterling", "GBP", "英镑"],
    ["$/h", "dollars per hour", "dollars/hour", "$ per hr"],
    ["元/千克", "yuan per kilogram", "元/公斤"],
    ["light years", "light-years", "ly", "光年"],
    ["words per minute", "words/min", "word per minute"],
    ["times", "次", "倍", "个"],
    ["kHz", "KHz"],
    ["pounds", "pounds of sand", "lbs of trail mix"],
    ["cups", "cups of flour"],
    ["kcal", "Calories", "kilocalories"],
    ["cal", "calories"],
    ["tons", "tonnes"],
    ["tons", "吨"],
    ["tonnes", "metric tons", "吨", r"\text{t}"],
    ["GeV/c^2", r"\mathrm{GeV}/c^2"],
    ["penny", "pence", "pennies"],
    ["pennies", "cents"],
]
CONVERTED = [
    ("km", "m", 1000),
    ("inch", "cm", "2.54"),
    ("mile", "foot", 5280),
    ("pound", "kg", "0.45359237"),
    ("pound", "ounce", 16),
    ("gallon", "cup", 16),
    ("ton", "pounds", 2000),
    ("tons", "kg", "907.18474"),
    ("hour", "min", 60),
    ("week", "days", 7),
    ("year", "months", 12),
    ("m^2", "cm^2", 10_000),
    ("L", "cm^3", 1000),
    ("hectare", "m^2", 10_000),
    ("acre", "square feet", "43560"),
    ("km/h", "m/s", "5/18"),
    ("dollars", "cents", 100),
    ("元", "角", 10),
    ("角", "分", 10),
    ("分", "秒", 60),
    ("斤", "千克", "1/2"),
    ("斤", "两", 10),
    ("里", "米", 500),
    ("尺", "寸", 10),
    ("kcal", "J", 4184),
    ("atm", "kPa", "101.325"),
    ("byte", "bits", 8),
    ("revolution", "degrees", 360),
    ("degree", "minutes", 60),
    ("打", "个", 12),
    ("GeV", "eV", 10**9),
]
APART = [("km", "kg"), ("cm", "cm^2"), ("°C", "°F"), ("degrees", "radians"), ("dollars", "euros"), ("元", "dollars"), ("years", "days")]
APART += [("months", "weeks"), ("kelvin", "°C"), ("m", "m/s"), ("hours", "km"), ("apples per minute", "words per minute"), ("个", "元")]
APART += [("mW", "mm"), ("points", "dollars"), ("小时", "千米"), ("cents", "pounds")]
NO_UNITS = [
    "",
    " ",
    "x",
    "ab",
    "sin",
    "log",
    "percent",
    "%",
    r"\%",
    "percentage points",
    "million",
    "tenths",
    "apples",
    "and",
    "5",
    "5 cm",
    "cm cm5",
]
NO_UNITS += [
    "m//s",
    "/s",
    "per",
    "per second",
    "cm^",
    "cm^{99}",
    "cm^0",
    "{cm",
    "cm}",
    r"\text",
    r"\text{",
    r"\frac{m}{s",
    r"\frac{m}",
    "^2",
    "km,",
]
NO_UNITS += [
    "miles north",
    "x/y",
    "n/m^k",
    "cm+m",
    "cm = m",
    "cm -",
    "-cm",
    "(cm",
    "平方",
    "平方元",
    "苹果",
    "百分点",
    "km/h/",
    "é",
    "a b c d e",
    "degrees north",
]
VARIABLES = ["t", "h", "m", "s", "g", "d", "L", "N", "m^2", "in", "pm", "ms", "N m", r"\ell", "K", "C", "1/s"]
CLEAR = [
    "m/s",
    "m/s^2",
    "m s^{-1}",
    r"\text{t}",
    r"\mathrm{m/s}",
    "km/h",
    "in.",
    "square m",
    "meters per s",
    "mL",
    "Hz",
    "cm",
    r"\mathrm{N}",
    "$",
    "°",
    "°C",
    "m per s",
]


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0])
def test_all_names_of_a_unit_are_one(names):
    first = unit(names[0], strict=False)
    for name in names:
        assert ratio(first, unit(name, strict=False)) == 1, name


@pytest.mark.parametrize(("one", "other", "factor"), CONVERTED)
def test_conversions_are_exact(one, other, factor):
    assert ratio(unit(one, strict=False), unit(other, strict=False)) == Fraction(factor)
    assert ratio(unit(other, strict=False), unit(one, strict=False)) == 1 / Fraction(factor)


@pytest.mark.parametrize(("one", "other"), APART)
def test_these_contradict(one, other):
    assert ratio(unit(one, strict=False), unit(other, strict=False)) is None
    assert ratio(unit(other, strict=False), unit(one, strict=False)) is None


@pytest.mark.parametrize("text", NO_UNITS)
def test_these_are_no_units(text):
    assert unit(text, strict=False) is None


@pytest.mark.parametrize("text", VARIABLES)
def test_what_may_be_variables_needs_a_context(text):
    assert unit(text) is None
    assert unit(text, strict=False).ambiguous


@pytest.mark.parametrize("text", CLEAR)
def test_these_are_units_without_a_context(text):
    assert not unit(text).ambiguous


def test_letter_case_counts_in_symbols():
    assert ratio(unit("MW"), unit("mW", strict=False)) == 10**9
    assert all(unit(name, strict=False) is None for name in ("Mm", "mEter", "Mmol", "mbit", "PA", "hZ"))
    assert ratio(unit("MM"), unit("mm")) == ratio(unit("LBS"), unit("pounds")) == ratio(unit("Kg"), unit("KG")) == 1


def test_the_table_of_units_is_sound():
    assert all(factor > 0 for readings in unit_names.NAMES.values() for _, _, factor in readings)
    assert all(len({kind for _, kind, _ in readings} | {0}) <= len(readings) + 1 for readings in unit_names.NAMES.values())
    assert all(unit(name, strict=False) is not None for name in unit_names.NAMES)


SIMPLE = st.sampled_from(sorted(name for name in unit_names.NAMES if name.isalpha()))


@given(SIMPLE, SIMPLE, SIMPLE)
def test_conversion_there_and_back_is_nothing(one, other, third):
    one, other, third = (unit(name, strict=False) for name in (one, other, third))
    there, back = ratio(one, other), ratio(other, one)
    assert (there is None) == (back is None)
    assert there is None or there * back == 1 or len(one.readings) + len(other.readings) > 2
    any_measure = any(measure.dimension == (("unit", 1),) for measure in (one, other, third))  # agrees with metres and with amperes
    single = len(one.readings) == len(other.readings) == len(third.readings) == 1
    if single and not any_measure and there is not None and ratio(other, third) is not None:
        assert ratio(one, third) == there * ratio(other, third)


@given(SIMPLE, SIMPLE, st.integers(-4, 4).filter(bool))
def test_powers_and_quotients_keep_the_factor(above, below, power):
    whole = unit(f"{above}^{{{power}}}/{below}", strict=False)
    if whole is not None and len(whole.readings) == 1:
        assert whole.factor == unit(above, strict=False).factor ** power / unit(below, strict=False).factor


NOUNS = [("apple", "apples"), ("red ball", "red balls"), ("box", "boxes"), ("house", "houses"), ("candy", "candies"), ("cookie", "cookies")]
NOUNS += [("leaf", "leaves"), ("person", "people"), ("glass", "glasses"), ("piece of candy", "pieces of candy"), ("DVD disc", "dvd discs")]
NOUNS += [
    ("long piece", "long pieces"),
    ("bed", "beds"),
    ("butterfly", "butterflies"),
    ("seed", "seeds"),
    ("family", "families"),
    ("lily", "lilies"),
    ("jelly", "jellies"),
    ("prime number", "prime numbers"),
    ("the apples", "Apples"),
    (r"\text{apples}", "apples"),
    ("个苹果", "只苹果"),
    ("shoe", "shoes"),
    ("bus", "buses"),
    ("knife", "knives"),
]


@pytest.mark.parametrize(("one", "other"), NOUNS)
def test_singular_and_plural_are_one_noun(one, other):
    assert noun(one) == noun(other)
    assert noun(one) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("apples", "pears"),
        ("red balls", "blue balls"),
        ("名男生", "名女生"),
        ("glass", "glue"),
        ("cats", "cars"),
        ("plans", "planes"),
        ("caps", "capes"),
    ],
)
def test_different_nouns_stay_different(one, other):
    assert noun(one) != noun(other)


NO_NOUNS = [
    "",
    "x",
    "ab",
    "sin",
    "log",
    "mod",
    "and",
    "or",
    "infinity",
    "pi",
    "north",
    "miles north",
    "below zero",
    "tenths",
    "times x",
    "half",
]
NO_NOUNS += [
    "was rejected",
    "is not the answer",
    "apples or pears",
    "base 2",
    "increase",
    "more apples",
    "x + y",
    "apples.",
    "million",
    "percent",
]
NO_NOUNS += [
    "only",
    "left",
    "clockwise",
    "apples and pears",
    "a b",
    "个",
    "苹果",
    "个半",
    "个百分点",
    "个或",
    "apples, pears",
    "of apples",
    "\\sin",
    "bcd",
]
NO_NOUNS += [
    "one two three four five six",
    "remainder",
    "dozen",
    "not apples",
    "none",
    "{apples}",
    "apples)",
    "\ud835",
    "prime",
    "squared",
    "per hour",
]


@pytest.mark.parametrize("text", NO_NOUNS)
def test_these_are_no_bare_nouns(text):
    assert noun(text) is None


SIGNS = ["per", "/", "^2", "^{-1}", r"\text{", "}", "{", r"\frac", "(", ")", " ", "-", r"\cdot", "square", "平方", "每", "~"]
PIECES = st.sampled_from([*sorted(unit_names.NAMES), *SIGNS])


@given(
    st.lists(PIECES, max_size=8).map("".join) | st.lists(PIECES, max_size=8).map(" ".join) | st.text(st.characters(exclude_categories=()))
)
def test_no_text_raises(text):
    for strict in (True, False):
        found = unit(text, strict)
        assert found is None or (found.factor > 0 and ratio(found, found) == 1 and not (strict and found.ambiguous))
    assert noun(text) is None or noun(text)


@pytest.mark.parametrize(
    "text", ["cm " * 50_000, "{" * 100_000, "cm/" * 50_000, "a" * 100_000, "\\" * 100_000, "米" * 100_000, "^" * 100_000]
)
def test_there_is_a_limit_of_length(text):
    assert unit(text, strict=False) is None
    assert noun(text) is None


@pytest.mark.parametrize(
    ("text", "units"),
    [
        (" hours", ["minutes", "seconds", "days"]),
        ("小时。", ["分钟", "秒"]),
        ("千米的路", ["米", "厘米"]),
        (" km/h on average", ["m/s", "mph", "meters per minute"]),
        (r"\text{ cm}^2$", ["m^2", "hectares", "square feet"]),
    ],
)
def test_conversions_are_the_ratios_to_other_units(text, units):
    found = conversions(text)
    ours = unit(text.strip().removesuffix("。").removesuffix("的路").removesuffix(" on average").rstrip("$").strip(), strict=False)
    assert {ratio(ours, unit(other, strict=False)) for other in units} <= found
    assert 1 not in found


@pytest.mark.parametrize("text", ["", " apples", ", 3", " and 4", "人"])
def test_what_is_no_measure_converts_to_nothing(text):
    assert conversions(text) == frozenset()
